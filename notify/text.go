package notify

import (
	"context"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"net/url"
	"slices"
	"strings"
	texttemplate "text/template"
	"time"
	"unicode"

	"rollcall/identity"
)

// The texts: for every kind of message KIND.txt with the subject and the body, and KIND.html with the same body.
//
//go:embed templates
var templates embed.FS

// maxName is how many characters of a name go into a mail.
const maxName = 120

// view is what a template sees. Every text in it is harmless: see plain.
type view struct {
	Product      string
	Organization string
	Personal     bool   // the account belongs to no organization but to its owner
	Name         string // of the person; may be empty
	Link         string // what to open; empty for mails that only tell something, and for one about a claim whose link is over
	Until        string // when the link ends
	Old, New     string // addresses
	Connector    string
	State        string
	Lines        []string // of a report
	Deferred     bool     // a claim that takes effect when the person has decided
	Deadline     string   // until when, for a deferred claim
	ContentLost  bool     // what is in the claimed account cannot come along
}

// withLink are the kinds of messages that have a link.
var withLink = []identity.MessageKind{identity.MessageInvitation, identity.MessageActivation, identity.MessageChangeConfirm, identity.MessageChangeNotice,
	identity.MessageClaim, identity.MessageKeepConfirm}

// view gathers what the mail of a message says. A message whose link is over is not sent any more: it was used, a newer one took its
// place, or its account has gone. Only of a claim its user is told without a link too, as long as there is something to decide (CLM-50).
func (d *Deliverer) view(ctx context.Context, m identity.Message) (view, error) {
	v := view{Product: plain(d.product), Organization: plain(m.Data["organization"]), Personal: m.Org == identity.ConsumerOrgID, Name: plain(m.Data["name"]),
		Old: shown(m.Data["old"]), New: shown(m.Data["new"]), Connector: plain(m.Data["connector"]), State: plain(m.Data["state"]),
		Deferred: m.Data["mode"] == string(identity.ClaimDeferred), ContentLost: m.Data["contentLost"] == "true"}
	for line := range strings.Lines(m.Data["text"]) {
		v.Lines = append(v.Lines, unlinked(oneLine(line)))
	}
	if v.Deferred {
		deadline, err := time.Parse(time.RFC3339, m.Data["deadline"])
		if err != nil {
			return v, permanent("the message has no deadline to tell")
		}
		v.Deadline = moment(deadline)
	}
	if !slices.Contains(withLink, m.Kind) {
		return v, nil
	}
	if m.Data["link"] == "" {
		return v, permanent("the message has no link to send")
	}
	link, err := d.usable(ctx, m)
	if failure, over := errors.AsType[*Failure](err); over && m.Kind == identity.MessageClaim {
		undecided, err := d.undecided(ctx, m)
		if err != nil || undecided {
			return v, err
		}
		return v, failure
	}
	if err != nil {
		return v, err
	}
	v.Link = d.links + url.QueryEscape(m.Data["link"])
	v.Until = moment(link.ExpiresAt)
	return v, nil
}

// usable returns the link of a message, unless it is over.
func (d *Deliverer) usable(ctx context.Context, m identity.Message) (identity.Link, error) {
	link, err := d.service.Reader().LinkByHash(ctx, identity.HashSecret(m.Data["link"]))
	switch {
	case identity.IsNotFound(err):
		return link, obsolete("the link has been replaced or taken back since")
	case err != nil:
		return link, err
	case !link.UsedAt.IsZero():
		return link, obsolete("the link has been used already")
	case !d.service.Now().Before(link.ExpiresAt):
		return link, obsolete("the link could be used until %s only", link.ExpiresAt.UTC().Format(time.RFC3339))
	}
	return link, nil
}

// undecided reports whether the user whom a mail is about has still to decide about a claim.
func (d *Deliverer) undecided(ctx context.Context, m identity.Message) (bool, error) {
	claim, err := d.service.Reader().ClaimOf(ctx, m.Org, m.Account)
	if identity.IsNotFound(err) {
		return false, nil
	}
	return err == nil && claim.Open(), err
}

func moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

// shown is plain for an address, which may look like one as long as it does not look like a page.
func shown(address string) string {
	if _, err := mailbox(address); err != nil || strings.Contains(address, "/") {
		return plain(address)
	}
	return oneLine(address)
}

// plain makes a name fit to stand in a mail: on one line, of bounded length, without characters that turn the direction of
// writing, and so that no mail program makes a link of it. Names are other people's, and a mail vouches for its links.
func plain(name string) string {
	if letters := []rune(name); len(letters) > maxName {
		name = string(letters[:maxName]) + "…"
	}
	return unlinked(oneLine(name))
}

func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Bidi_Control, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// unlinked puts a space without width where mail programs begin to see an address of the web: after the colon of a scheme, and
// at a dot inside a word.
func unlinked(text string) string {
	const gap = '\u200b'
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }
	var b strings.Builder
	letters := []rune(text)
	for i, r := range letters {
		b.WriteRune(r)
		if i+1 == len(letters) {
			break
		}
		next := letters[i+1]
		if r == ':' && next == '/' || r == '.' && word(next) && i > 0 && word(letters[i-1]) {
			b.WriteRune(gap)
		}
	}
	return b.String()
}

// texts are the templates of every kind.
type texts map[identity.MessageKind]text

type text struct {
	plain *texttemplate.Template
	html  *htmltemplate.Template
}

// parseTexts reads the templates. A kind without them is an error.
func parseTexts() (texts, error) {
	parsed := texts{}
	for _, kind := range identity.MessageKinds {
		file := "templates/" + string(kind)
		plain, err := texttemplate.New("").ParseFS(templates, "templates/layout.txt", file+".txt")
		if err != nil {
			return nil, fmt.Errorf("the text of %s: %w", kind, err)
		}
		html, err := htmltemplate.New("").ParseFS(templates, "templates/layout.html", file+".html")
		if err != nil {
			return nil, fmt.Errorf("the page of %s: %w", kind, err)
		}
		parsed[kind] = text{plain, html}
	}
	return parsed, nil
}

// write fills the templates of one kind.
func (t texts) write(kind identity.MessageKind, v view) (subject, plain, html string, err error) {
	found, known := t[kind]
	if !known {
		return "", "", "", fmt.Errorf("there is no text for messages of the kind %q", kind)
	}
	if subject, err = fill(found.plain, "subject", v); err != nil {
		return "", "", "", err
	}
	if plain, err = fill(found.plain, "layout", v); err != nil {
		return "", "", "", err
	}
	html, err = fill(found.html, "layout", v)
	return oneLine(subject), plain, html, err
}

func fill(t interface {
	ExecuteTemplate(w io.Writer, name string, data any) error
}, name string, v view) (string, error) {
	var b strings.Builder
	err := t.ExecuteTemplate(&b, name, v)
	return b.String(), err
}
