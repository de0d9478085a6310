package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"

	"rollcall/identity"
)

// Mail is a message as one person gets it.
type Mail struct {
	Message identity.MessageID
	ID      string // for the header Message-ID, without its angle brackets: the same at every attempt
	From    *netmail.Address
	To      string // an address; its domain is in ASCII
	Subject string
	Text    string
	HTML    string
	Date    time.Time
}

// Transport takes mails to where they go.
type Transport interface {
	// Open makes ready to send mails. An error concerns all of them.
	Open(ctx context.Context) (Connection, error)
}

// Connection sends mails, one after another. After an error it is closed and not used again.
type Connection interface {
	// Send returns when somebody else has taken the mail over. Errors are of type *Failure; any other is a temporary one.
	Send(ctx context.Context, m Mail) error
	Close()
}

// Failure is why one message was not sent.
type Failure struct {
	Cause     string        // for operators
	Permanent bool          // trying again would not help: it is this message or its recipient that is refused
	Obsolete  bool          // there is nothing to send any more
	Lost      bool          // the connection broke, or the server is about to close it
	Down      bool          // nothing else can be sent at present either
	Pause     time.Duration // that the receiver asked for; zero: it did not
}

func (f *Failure) Error() string { return f.Cause }

func permanent(format string, args ...any) error {
	return &Failure{Permanent: true, Cause: fmt.Sprintf(format, args...)}
}

func obsolete(format string, args ...any) error {
	return &Failure{Obsolete: true, Cause: fmt.Sprintf(format, args...)}
}

// compose writes the mail of a message.
func (d *Deliverer) compose(ctx context.Context, m identity.Message) (Mail, error) {
	to, err := mailbox(m.To)
	if err != nil {
		return Mail{}, permanent("the address cannot be written to: %s", detailOf(err))
	}
	v, err := d.view(ctx, m)
	if err != nil {
		return Mail{}, err
	}
	texts, err := d.texts()
	if err != nil {
		return Mail{}, err
	}
	mail := Mail{Message: m.ID, ID: string(m.ID) + "@" + d.host, From: d.from, To: to, Date: m.CreatedAt}
	if mail.Subject, mail.Text, mail.HTML, err = texts.write(m.Kind, v); err != nil {
		return Mail{}, permanent("the mail cannot be written: %s", err)
	}
	return mail, nil
}

// mailbox returns an address in the form that mail servers take: the domain as A-labels, the part before the "@" as it was
// given. What is no plain address is refused, so nothing in it can pass for a command or a header.
func mailbox(address string) (string, error) {
	email, err := identity.ParseEmail(address, identity.EmailPolicy{NonASCIILocalParts: true})
	if err != nil {
		return "", err
	}
	local, _, _ := strings.Cut(email.Display, "@")
	return local + "@" + email.Domain, nil
}

// needsUTF8 reports whether only servers with SMTPUTF8 (RFC 6531) can take the address.
func needsUTF8(address string) bool {
	return strings.ContainsFunc(address, func(r rune) bool { return r >= utf8.RuneSelf })
}

// message puts a mail into the form of RFC 5322: text and HTML as alternatives. It says that no person sent it (RFC 3834
// section 5), so that no machine answers.
func (m Mail) message() *gomail.Msg {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(m.From)
	msg.ToMailAddress(&netmail.Address{Address: m.To})
	msg.Subject(m.Subject)
	msg.SetMessageIDWithValue(m.ID)
	msg.SetDateWithValue(m.Date)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All") // Exchange heeds this one only
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg
}

// bytes returns the mail as it is stored in a file.
func (m Mail) bytes() ([]byte, error) {
	var b bytes.Buffer
	_, err := m.message().WriteTo(&b)
	return b.Bytes(), err
}

// detailOf returns what a refusal says to people.
func detailOf(err error) string {
	if refusal, ok := errors.AsType[*identity.Error](err); ok {
		return refusal.Detail
	}
	return err.Error()
}
