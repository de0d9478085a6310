package notify_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"rollcall/identity"
	"rollcall/notify"
)

// mailed delivers one message and returns its mail.
func (w *world) mailed(kind identity.MessageKind, data map[string]string) notify.Mail {
	w.t.Helper()
	p := &post{}
	m := w.enqueue(kind, "ada@corp.example", data)
	require.Equal(w.t, 1, w.deliver(w.deliverer(p)))
	require.Len(w.t, p.mails, 1, w.message(m).LastError)
	return p.mails[0]
}

// hostile are names that try to be something else.
var hostile = map[string]string{
	"markup":                `<script>alert(1)</script><a href="https://evil.example/">here</a>`,
	"a header":              "Ada\r\nBcc: eve@evil.example\r\n\r\nHello",
	"a link":                "https://evil.example/login",
	"a link without scheme": "Win at www.evil.example/prize now",
	"a template":            `{{.Link}}`,
	"turned around":         "\u202eadA\u202c \u2066x\u2069",
	"right to left":         "عادل حسن",
	"very long":             strings.Repeat("Ada ", 400),
	"nothing":               "",
}

var anyURL = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*:/+[^\s"<>]*|www\.[a-z0-9]+`)

func TestEveryKindOfMailWhateverTheNamesLinksOnlyToTheBaseURL(t *testing.T) {
	w := newWorld(t)
	for _, kind := range identity.MessageKinds {
		for name, text := range hostile {
			t.Run(string(kind)+"/"+name, func(t *testing.T) {
				w.t = t
				m := w.mailed(kind, map[string]string{"link": secret, "organization": text, "name": text, "old": text, "new": "eve.example/x@corp.example",
					"connector": text, "state": text, "text": text + "\nline two\n"})
				for _, text := range []string{m.Subject, m.Text, m.HTML} {
					for _, found := range anyURL.FindAllString(text, -1) {
						require.Equal(t, baseURL+path+secret, found)
					}
					require.NotContains(t, text, "eve.example/x")
					require.NotContains(t, text, "\u202e")
					require.NotContains(t, text, "\r")
				}
				require.NotContains(t, m.Subject, "\n")
				require.Less(t, len([]rune(m.Subject)), 300)
				for _, link := range elements(t, m.HTML) {
					require.Equal(t, baseURL+path+secret, link)
				}
				require.NotContains(t, m.Text, "<no value>")
			})
		}
	}
}

// elements returns where the links of a page lead, after checking that the page has only harmless elements.
func elements(t *testing.T, page string) (links []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		require.Contains(t, strings.Fields("html head meta body p a bdi hr br strong"), n.Data)
		for _, a := range n.Attr {
			require.Contains(t, strings.Fields("lang charset name content style href"), a.Key)
			if a.Key == "href" {
				links = append(links, a.Val)
			}
		}
	}
	return links
}

func TestEveryKindOfMailSaysWhoAndWhatAndUntilWhen(t *testing.T) {
	full := map[string]string{"link": secret, "organization": "Acme & Sons", "name": "Ada L.", "old": "ada@old.example", "new": "ada@new.example",
		"connector": "HQ", "state": "failed", "text": "3 users disabled\n1 conflict"}
	for kind, want := range map[identity.MessageKind][]string{
		identity.MessageInvitation:     {"Acme & Sons has made", "confirm that this e-mail address is yours", "until 20 March 2026, 08:30 UTC", "If you did not expect this mail, do not open the link"},
		identity.MessageActivation:     {"Acme & Sons is ready", "first licence", "until 20 March 2026, 08:30 UTC", "do not open the link"},
		identity.MessageChangeConfirm:  {"ada@old.example", "ada@new.example", "until 20 March 2026, 08:30 UTC", "do not open the link, and nothing changes"},
		identity.MessageChangeNotice:   {"ada@new.example instead of", "there is nothing to do", "stop the change", "until 20 March 2026, 08:30 UTC"},
		identity.MessageChangeDone:     {"ada@new.example", "ada@old.example", "tell an administrator of"},
		identity.MessageAccountDeleted: {"has been deleted", "cannot be undone"},
		identity.MessageSyncReport:     {"HQ", "failed", "3 users disabled", "1 conflict"},
		identity.MessageClaim:          {"Acme & Sons has claimed", "the administrators of Acme & Sons manage", "The next time you sign in", "until 20 March 2026, 08:30 UTC", "do not open the link"},
		identity.MessageClaimRevoked:   {"Acme & Sons had claimed your account and has taken that back", "sign in as before"},
		identity.MessageKeepConfirm:    {"keep your account in Acme & Sons", "ada@new.example", "until 20 March 2026, 08:30 UTC", "do not open the link, and nothing changes"},
	} {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t)
			m := w.mailed(kind, full)
			shown := visible(t, m.HTML)
			for _, phrase := range append(want, "Hello Ada L.,", "Rollcall wrote this mail for Acme & Sons.") {
				require.Contains(t, strings.Join(strings.Fields(m.Text), " "), phrase)
				require.Contains(t, shown, phrase)
			}
			require.NotEmpty(t, m.Subject)
			require.NotContains(t, m.Subject, secret)
		})
	}
	require.Len(t, identity.MessageKinds, 10, "a new kind needs a line above")
}

// visible returns the text of a page as a reader sees it.
func visible(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func TestTheOwnerOfAPersonalAccountIsNotToldOfAnOrganization(t *testing.T) {
	w := newWorld(t)
	w.org = identity.ConsumerOrgID
	for _, kind := range append([]identity.MessageKind{identity.MessageClaimRevoked, identity.MessageKeepConfirm}, identity.MessageKinds[:6]...) {
		m := w.mailed(kind, map[string]string{"link": secret, "organization": "Personal accounts", "name": "Ada", "old": "a@b.example", "new": "c@d.example"})
		require.NotContains(t, m.Subject+m.Text+m.HTML, "Personal accounts", kind)
		require.NotContains(t, m.Text, "administrator", kind)
	}
}

func TestCLM50_TheMailOfAClaimSaysWhatBecomesOfTheOldAccount(t *testing.T) {
	const (
		lost     = "cannot come along to the new one"
		deadline = "until 15 March 2026, 12:00 UTC to decide"
		itself   = "the content moves to the new account by itself"
		bring    = "bring its content along"
		keep     = "keep the old account under another e-mail address of yours"
		remove   = "unless somebody pays for it, delete it with its content"
		waits    = "Your old account has not been deleted. It waits"
	)
	for name, c := range map[string]struct {
		data    map[string]string
		subject string
		says    []string
		not     []string
	}{
		"immediate": {map[string]string{"mode": "immediate"}, "Your account belongs to Acme now",
			[]string{waits, "The address belongs to a new account there", keep, remove}, []string{lost, bring, itself, "You have until"}},
		"immediate, and the content stays behind": {map[string]string{"mode": "immediate", "contentLost": "true"}, "Your account belongs to Acme now",
			[]string{waits, keep, remove, lost, "it is lost for good"}, []string{bring, itself}},
		"deferred": {map[string]string{"mode": "deferred", "deadline": "2026-03-15T13:00:00+01:00"}, "Your account is to move to Acme",
			[]string{deadline, "It is to move there", bring, keep, remove, itself}, []string{lost, waits}},
		"deferred, and the content comes along": {map[string]string{"mode": "deferred", "deadline": "2026-03-15T12:00:00Z", "contentLost": "false"},
			"Your account is to move to Acme", []string{deadline, bring}, []string{lost}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.data["link"], c.data["organization"] = secret, "Acme"
			m := w.mailed(identity.MessageClaim, c.data)
			require.Equal(t, c.subject, m.Subject)
			for _, text := range []string{strings.Join(strings.Fields(m.Text), " "), visible(t, m.HTML)} {
				for _, phrase := range c.says {
					require.Contains(t, text, phrase)
				}
				for _, phrase := range c.not {
					require.NotContains(t, text, phrase)
				}
				require.Contains(t, text, baseURL+path+secret)
			}
		})
	}
}

func TestCLM50_ADeferredClaimIsNotToldWithoutItsDeadline(t *testing.T) {
	for name, deadline := range map[string]string{"none": "", "no instant": "soon"} {
		t.Run(name, func(t *testing.T) {
			w, p := newWorld(t), &post{}
			m := w.enqueue(identity.MessageClaim, "ada@corp.example", map[string]string{"link": secret, "organization": "Acme", "mode": "deferred", "deadline": deadline})
			require.Equal(t, 1, w.deliver(w.deliverer(p)))
			require.Empty(t, p.mails)
			require.Equal(t, identity.MessageParked, w.message(m).State)
			require.Equal(t, "the message has no deadline to tell", w.message(m).LastError)
		})
	}
}

func TestCLM50_TheMailOfADeferredClaimWordForWord(t *testing.T) {
	w := newWorld(t)
	m := w.mailed(identity.MessageClaim, map[string]string{"link": secret, "organization": "Acme", "name": "Ada", "mode": "deferred",
		"deadline": "2026-03-15T12:00:00Z"})
	require.Equal(t, `Hello Ada,

Acme has claimed the Rollcall account with this e-mail address. It is to move there, and the administrators of Acme manage it from then on. Please confirm that the address is yours:

`+baseURL+path+secret+`

You have until 15 March 2026, 12:00 UTC to decide what becomes of your old account. The next time you sign in you are asked: you can bring its content along to the new account, keep the old account under another e-mail address of yours, or, unless somebody pays for it, delete it with its content. If you have not decided by then, the content moves to the new account by itself, and the old account ends.

The page tells you what happens before anything does: the address is confirmed and, if you are signed in, the account becomes yours to sign in to. The link works once, until 20 March 2026, 08:30 UTC.

If you did not expect this mail, do not open the link, and ask somebody you know at Acme.

-- `+"\n"+`Rollcall wrote this mail for Acme. Nobody reads answers to it.
`, m.Text)
}

func TestAMessageWhoseLinkIsOverIsNotSent(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(w *world)
		want   string // empty: it is sent
	}{
		"a moment before its end":           {func(w *world) { w.clock.move(linkEnds.Sub(t0) - time.Microsecond) }, ""},
		"at its end":                        {func(w *world) { w.clock.move(linkEnds.Sub(t0)) }, "the link could be used until 2026-03-20T08:30:00Z only"},
		"a newer one took its place":        {func(w *world) { w.changeLink(w.forget) }, "the link has been replaced or taken back since"},
		"it was used, as the mail was sent": {func(w *world) { w.changeLink(w.use) }, "the link has been used already"},
	} {
		t.Run(name, func(t *testing.T) {
			w, p := newWorld(t), &post{}
			m := w.invite("ada@corp.example")
			tc.change(w)
			require.Equal(t, 1, w.deliver(w.deliverer(p)))
			now := w.message(m)
			if tc.want == "" {
				require.Equal(t, identity.MessageSent, now.State)
				return
			}
			require.Empty(t, p.mails)
			require.Equal(t, identity.MessageDropped, now.State)
			require.Contains(t, now.LastError, tc.want)
			require.Empty(t, now.Data, "what it would have said is forgotten")
			w.clock.move((identity.SentMessageDays + 1) * identity.Day)
			require.NoError(t, w.ForgetSentMessages(w.ctx))
			_, err := w.Reader().Message(w.ctx, m.Org, m.ID)
			require.True(t, identity.IsNotFound(err), "and so is the message after a while")
		})
	}
}

func (w *world) forget(tx identity.Tx, l identity.Link) error {
	return tx.DeleteLinks(w.ctx, l.Org, l.Account, l.Purpose)
}

func (w *world) use(tx identity.Tx, l identity.Link) error {
	return tx.UseLink(w.ctx, l.Org, l.Hash, w.Now())
}

func TestAMailOnPaper(t *testing.T) {
	w := newWorld(t)
	folder := filepath.Join(t.TempDir(), "mail")
	m := w.enqueue(identity.MessageInvitation, " Ada@Bücher.Example ", map[string]string{"link": secret, "organization": "Ström & Söhne\r\nBcc: eve@evil.example", "name": "Ada"})
	require.Equal(t, 1, w.deliver(w.deliverer(notify.NewFolder(folder, w.logger()))))
	raw, err := os.ReadFile(filepath.Join(folder, string(m.ID)+".eml"))
	require.NoError(t, err)
	mail, err := netmail.ReadMessage(bytes.NewReader(raw))
	require.NoError(t, err)
	require.Equal(t, `"Rollcall" <no-reply@id.example.org>`, mail.Header.Get("From"))
	require.Equal(t, "<Ada@xn--bcher-kva.example>", mail.Header.Get("To"))
	require.Equal(t, "<"+string(m.ID)+"@id.example.org>", mail.Header.Get("Message-ID"))
	require.Equal(t, "Sun, 01 Mar 2026 12:00:00 +0000", mail.Header.Get("Date"))
	require.Equal(t, "auto-generated", mail.Header.Get("Auto-Submitted"))
	subject, err := new(mime.WordDecoder).DecodeHeader(mail.Header.Get("Subject"))
	require.NoError(t, err)
	require.Equal(t, "Ström & Söhne Bcc: eve@evil.\u200bexample invites you", subject)
	for _, name := range []string{"Bcc", "Cc", "Reply-To", "List-Unsubscribe", "Precedence", "User-Agent", "X-Mailer"} {
		require.NotContains(t, mail.Header, name)
	}
	kind, params, err := mime.ParseMediaType(mail.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", kind)
	var kinds []string
	for parts := multipart.NewReader(mail.Body, params["boundary"]); ; {
		part, err := parts.NextPart()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		kinds = append(kinds, part.Header.Get("Content-Type"))
		body, err := io.ReadAll(part)
		require.NoError(t, err)
		require.Contains(t, string(body), baseURL+path+secret)
		require.Contains(t, string(body), "Ström")
	}
	require.Equal(t, []string{"text/plain; charset=UTF-8", "text/html; charset=UTF-8"}, kinds)
}
