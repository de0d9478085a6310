package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	netmail "net/mail"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
)

// postOffice is a mail server without TLS that refuses some and keeps the mails of the others.
type postOffice struct {
	address string
	mails   chan string

	mu      sync.Mutex
	refused map[string]bool
}

func openPostOffice(t *testing.T) *postOffice {
	t.Helper()
	p := &postOffice{mails: make(chan string, 1000), refused: map[string]bool{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p.address = listener.Addr().String()
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return counter{p}, nil }))
	server.Domain, server.ErrorLog = "mail.example", log.New(io.Discard, "", 0)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return p
}

func (p *postOffice) refuse(to string, yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused[to] = yes
}

// next waits for a mail.
func (p *postOffice) next(t *testing.T, s *server) string {
	t.Helper()
	select {
	case mail := <-p.mails:
		return mail
	case <-time.After(30 * time.Second):
		require.FailNow(t, "no mail came", s.said())
		return ""
	}
}

type counter struct{ office *postOffice }

func (counter) Mail(string, *smtp.MailOptions) error { return nil }

func (c counter) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	if c.office.refused[to] {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	}
	return nil
}

func (c counter) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err == nil {
		c.office.mails <- string(raw)
	}
	return err
}

func (counter) Reset()        {}
func (counter) Logout() error { return nil }

// invited adds people, who get mail, beside the servers.
func invited(t *testing.T, db, org, name string, n int) []identity.Account {
	t.Helper()
	_, service := past(t, db, 0)
	var added []identity.Account
	for len(added) < n {
		var users []identity.NewUser
		for range min(25, n-len(added)) {
			address := fmt.Sprintf("%s%d@corp.example", name, len(added)+len(users))
			users = append(users, identity.NewUser{Draft: identity.Draft{UserName: address, Active: true,
				Emails: []identity.AccountEmail{{Value: address, Type: "work", Primary: true}}}})
		}
		accounts, err := service.AddUsers(t.Context(), operator(), identity.OrgID(org), users)
		require.NoError(t, err)
		added = append(added, accounts...)
	}
	return added
}

var mailLink = regexp.MustCompile(`https://id\.example\.org(/links\?key=[A-Z0-9]+)`)

func TestNTF02_AnInvitationReachesItsReaderWhoConfirmsTheAddress(t *testing.T) {
	db, office := database(t), openPostOffice(t)
	org := newTenant(t, db, "Acme", "rfc").org
	s := serve(t, db, "--smtp", office.address, "--smtp-tls", "none", "--mail-from", "no-reply@id.example.org", "--base-url", "https://id.example.org")
	account := invited(t, db, org, "ada", 1)[0]

	raw := office.next(t, s)
	mail, err := netmail.ReadMessage(strings.NewReader(raw))
	require.NoError(t, err)
	require.Equal(t, "<ada0@corp.example>", mail.Header.Get("To"))
	found := mailLink.FindStringSubmatch(strings.ReplaceAll(strings.ReplaceAll(raw, "=\r\n", ""), "=3D", "="))
	require.NotNil(t, found, raw)
	page, err := http.Get(s.url + found[1])
	require.NoError(t, err)
	defer page.Body.Close()
	require.Equal(t, http.StatusOK, page.StatusCode)
	link, err := url.Parse(found[1])
	require.NoError(t, err)
	done, err := http.PostForm(s.url+link.Path, link.Query())
	require.NoError(t, err)
	defer done.Body.Close()
	require.Equal(t, http.StatusOK, done.StatusCode)

	read, _ := past(t, db, 0)
	now, err := read.Account(t.Context(), account.Org, account.ID)
	require.NoError(t, err)
	require.Equal(t, identity.Verified, now.Status)
	require.NotContains(t, s.said(), link.Query().Get("key"), "the secret is in no log")
}

func TestNTF06_TwoServersOnOneDatabaseSendEveryMailOnce(t *testing.T) {
	db, office := database(t), openPostOffice(t)
	org := newTenant(t, db, "Acme", "rfc").org
	const people = 60
	invited(t, db, org, "p", people)
	flags := []string{"--smtp", office.address, "--smtp-tls", "none", "--mail-from", "no-reply@id.example.org", "--base-url", "https://id.example.org"}
	first, second := serve(t, db, flags...), serve(t, db, flags...)
	seen := map[string]bool{}
	for range people {
		mail, err := netmail.ReadMessage(strings.NewReader(office.next(t, first)))
		require.NoError(t, err)
		seen[mail.Header.Get("Message-ID")] = true
	}
	for _, s := range []*server{first, second} {
		require.NoError(t, s.cmd.Process.Signal(os.Interrupt))
		require.NoError(t, s.wait(), s.said())
	}
	require.Len(t, seen, people)
	require.Empty(t, office.mails, "and none twice")
	read, _ := past(t, db, 0)
	sent, err := read.Messages(t.Context(), identity.OrgID(org), identity.MessageQuery{State: identity.MessageSent, Limit: 2 * people})
	require.NoError(t, err)
	require.Len(t, sent, people)
}

func TestAMailThatWasGivenUpIsSeenAndTriedAgainAtTheCommandLine(t *testing.T) {
	db, office := database(t), openPostOffice(t)
	org := newTenant(t, db, "Acme", "rfc").org
	office.refuse("gone0@corp.example", true)
	invited(t, db, org, "gone", 1)
	read, _ := past(t, db, 0)
	message := func() identity.Message {
		all, err := read.Messages(t.Context(), identity.OrgID(org), identity.MessageQuery{Limit: 10})
		require.NoError(t, err)
		require.Len(t, all, 1)
		return all[0]
	}
	secret := message().Data["link"]
	s := serve(t, db, "--smtp", office.address, "--smtp-tls", "none", "--mail-from", "no-reply@id.example.org", "--base-url", "https://id.example.org")
	require.Eventually(t, func() bool { return message().State == identity.MessageParked }, 30*time.Second, 20*time.Millisecond, s.said())

	shown := command(t, db, "mail", "show", "--org", org, string(message().ID))
	require.Equal(t, "parked", shown["state"])
	require.Contains(t, shown["lastError"], "no such mailbox")
	require.Equal(t, "gone0@corp.example", shown["to"])
	require.NotContains(t, fmt.Sprint(shown), secret)
	for _, state := range []string{"parked", ""} {
		var listed, talk strings.Builder
		require.Zero(t, run(t.Context(), []string{"mail", "list", "--database", db, "--org", org, "--state", state}, &listed, &talk), talk.String())
		require.Contains(t, listed.String(), "no such mailbox")
		require.NotContains(t, listed.String(), secret)
	}

	office.refuse("gone0@corp.example", false)
	require.EqualValues(t, 1, command(t, db, "mail", "retry", "--org", org, "--all")["retried"])
	require.Contains(t, office.next(t, s), "gone0@corp.example")
}

func TestWithoutAMailServerTheServerSaysWhereMailsAre(t *testing.T) {
	db := database(t)
	org := newTenant(t, db, "Acme", "rfc").org
	s := serve(t, db)
	invited(t, db, org, "ada", 1)
	folder := filepath.Join(filepath.Dir(strings.TrimPrefix(db, "sqlite:")), "mail")
	require.Contains(t, s.said(), "mails are written to "+folder)
	var files []string
	require.Eventually(t, func() bool {
		files, _ = filepath.Glob(filepath.Join(folder, "*.eml"))
		return len(files) == 1
	}, 30*time.Second, 20*time.Millisecond, s.said())
	raw, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.Contains(t, strings.ReplaceAll(string(raw), "=\r\n", ""), s.url+"/links?key=3D", "links lead to where the server listens")
	require.Eventually(t, func() bool { return strings.Contains(s.said(), files[0]) }, 30*time.Second, 20*time.Millisecond)
}

func TestMailSettingsThatCannotWorkAreRefusedBeforeAnythingStarts(t *testing.T) {
	for name, tc := range map[string]struct {
		flags mailFlags
		base  string
		want  string
	}{
		"nothing":                         {mailFlags{}, "", ""},
		"a server with all that it needs": {mailFlags{SMTP: "smtp.example:587", SMTPTLS: "starttls", MailFrom: "a@b.example"}, "https://id.example", ""},
		"a server without a sender":       {mailFlags{SMTP: "smtp.example:587", SMTPTLS: "starttls"}, "https://id.example", "mail-from: "},
		"a server without a base URL":     {mailFlags{SMTP: "smtp.example:587", SMTPTLS: "starttls", MailFrom: "a@b.example"}, "", "base-url: "},
		"a server and a folder":           {mailFlags{SMTP: "smtp.example:587", SMTPTLS: "starttls", MailFrom: "a@b.example", MailDir: "mail"}, "https://id.example", "one of the two"},
		"a server that is none":           {mailFlags{SMTP: "smtp.example", SMTPTLS: "starttls", MailFrom: "a@b.example"}, "https://id.example", "smtp: "},
		"a server in the clear":           {mailFlags{SMTP: "smtp.example:25", SMTPTLS: "none", MailFrom: "a@b.example"}, "https://id.example", "travel in the clear"},
		"a sender that is none":           {mailFlags{MailFrom: "me"}, "", "mail-from: "},
		"a user without a server":         {mailFlags{SMTPUser: "me"}, "", "smtp-user: "},
		"a password without a server":     {mailFlags{SMTPPasswordFile: "file"}, "", "smtp-password-file: "},
		"certificates without a server":   {mailFlags{SMTPCAFile: "file"}, "", "smtp-ca-file: "},
	} {
		t.Run(name, func(t *testing.T) {
			err := tc.flags.check(tc.base)
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.want)
		})
	}
	_, err := (&mailFlags{}).deliverer(&app{stderr: io.Discard}, storeFlag{Database: "sqlite:x/y.db"}, identity.NewService(nil, system.Clock{}, system.IDs{}, identity.EmailPolicy{}), "http://127.0.0.1:8080", nil)
	require.NoError(t, err, "the sender of mails that go nowhere is good")
}
