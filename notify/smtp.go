package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// TLSMode says how a connection to a mail server is protected.
type TLSMode string

// The modes.
const (
	StartTLS TLSMode = "starttls" // RFC 3207, and a server that does not offer it is refused
	TLS      TLSMode = "tls"      // from the first byte (RFC 8314)
	NoTLS    TLSMode = "none"
)

// sendTimeout is how long opening a connection, and sending one mail, may take.
const sendTimeout = 30 * time.Second

// SMTPOptions say how to reach a mail server.
type SMTPOptions struct {
	Address      string // host and port
	TLS          TLSMode
	Insecure     bool          // lets NoTLS leave this machine
	CAFile       string        // certificates in PEM that the server's is checked against; empty: the system's
	User         string        // empty: no authentication
	PasswordFile string        // read at every connection, so that replacing the file is all it takes to change the password
	Timeout      time.Duration // of a connection, and of a mail; zero: 30 seconds
}

// SMTP is the transport that speaks to a mail server (RFC 5321).
type SMTP struct {
	o    SMTPOptions
	host string
	port int
	tls  *tls.Config
}

// NewSMTP checks the options and returns a transport. It reads the file of certificates and connects to nothing.
func NewSMTP(o SMTPOptions) (*SMTP, error) {
	host, port, err := net.SplitHostPort(o.Address)
	if err != nil || host == "" {
		return nil, fmt.Errorf("%q is no mail server; use host and port, such as smtp.example.org:587", o.Address)
	}
	s := &SMTP{o: o, host: host, tls: &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}}
	if s.port, err = strconv.Atoi(port); err != nil || s.port < 1 || s.port > 65535 {
		return nil, fmt.Errorf("%q has no port between 1 and 65535; use host and port, such as smtp.example.org:587", o.Address)
	}
	if s.o.Timeout == 0 {
		s.o.Timeout = sendTimeout
	}
	switch {
	case o.TLS != StartTLS && o.TLS != TLS && o.TLS != NoTLS:
		return nil, fmt.Errorf("TLS for mail is %s, %s or %s, not %q", StartTLS, TLS, NoTLS, o.TLS)
	case o.TLS == NoTLS && !loopback(host) && !o.Insecure:
		return nil, fmt.Errorf("mails to %s would travel in the clear, with links that let people in; use %s or %s", host, StartTLS, TLS)
	case o.TLS == NoTLS && !loopback(host) && o.User != "":
		return nil, fmt.Errorf("the password for %s would travel in the clear; use %s or %s, or no user", host, StartTLS, TLS)
	case (o.User == "") != (o.PasswordFile == ""):
		return nil, errors.New("a user for the mail server needs a file with the password, and the other way round")
	}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("the certificates for the mail server cannot be read: %w", err)
		}
		s.tls.RootCAs = x509.NewCertPool()
		if !s.tls.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificates in PEM", o.CAFile)
		}
	}
	if o.User != "" {
		if _, err := s.password(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (s *SMTP) password() (string, error) {
	raw, err := os.ReadFile(s.o.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("the password for the mail server cannot be read: %w", err)
	}
	password := strings.TrimRight(string(raw), "\r\n")
	if password == "" {
		return "", fmt.Errorf("the file %s with the password for the mail server is empty", s.o.PasswordFile)
	}
	return password, nil
}

// Open connects, starts TLS and signs in.
func (s *SMTP) Open(ctx context.Context) (Connection, error) {
	var conn net.Conn
	options := []gomail.Option{gomail.WithPort(s.port), gomail.WithTimeout(s.o.Timeout), gomail.WithTLSConfig(s.tls.Clone()),
		gomail.WithTLSPolicy(s.policy()), gomail.WithoutNoop(), gomail.WithoutRset(),
		gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (_ net.Conn, err error) {
			conn, err = s.dial(ctx, network, address)
			return conn, err
		})}
	var password string
	if s.o.User != "" {
		var err error
		if password, err = s.password(); err != nil {
			return nil, err
		}
		options = append(options, gomail.WithUsername(s.o.User), gomail.WithPassword(password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	client, err := gomail.NewClient(s.host, options...)
	if err != nil {
		return nil, fmt.Errorf("the mail server %s: %w", s.o.Address, err)
	}
	dialing, done := context.WithTimeout(ctx, s.o.Timeout)
	defer done()
	session, err := client.DialToSMTPClientWithContext(dialing)
	if err != nil {
		if conn != nil {
			conn.Close()
		}
		return nil, fmt.Errorf("the mail server %s: %s", s.o.Address, hide(err.Error(), s.o.User, password))
	}
	return &conversation{client: client, session: session, conn: conn, smtp: s, password: password}, nil
}

func (s *SMTP) policy() gomail.TLSPolicy {
	if s.o.TLS == StartTLS {
		return gomail.TLSMandatory
	}
	return gomail.NoTLS
}

func (s *SMTP) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var plain net.Dialer
	if s.o.TLS != TLS {
		return plain.DialContext(ctx, network, address)
	}
	return (&tls.Dialer{NetDialer: &plain, Config: s.tls}).DialContext(ctx, network, address)
}

// conversation is one connection to a mail server.
type conversation struct {
	client   *gomail.Client
	session  *smtp.Client
	conn     net.Conn
	smtp     *SMTP
	password string
}

// Send hands one mail over. Only what the server says about the recipient or about the content is permanent: a sender that it
// does not want would be refused for every message, so that is for the operator to mend.
func (c *conversation) Send(_ context.Context, m Mail) error {
	if needsUTF8(m.To) {
		if offered, _ := c.session.Extension("SMTPUTF8"); !offered {
			return permanent("the address has characters beyond ASCII before the \"@\", and the mail server %s does not offer SMTPUTF8 (RFC 6531)", c.smtp.o.Address)
		}
	}
	// Asked for where it is not needed, it would keep the mail from servers further on that cannot do it.
	c.session.SkipSMTPUTF8(!needsUTF8(m.To))
	msg := m.message()
	err := c.client.SendWithSMTPClient(c.session, msg)
	if err == nil || msg.IsDelivered() {
		return nil
	}
	// The library adds whom and which message its error is about; the message has that already.
	text, _, _ := strings.Cut(err.Error(), ", affected ")
	failure := &Failure{Cause: hide(text, c.smtp.o.User, c.password), Lost: true}
	if refusal, ok := errors.AsType[*gomail.SendError](err); ok && refusal.ErrorCode() != 0 {
		const closing = 421 // RFC 5321 section 3.8
		failure.Lost = refusal.ErrorCode() == closing
		failure.Permanent = refusal.ErrorCode() >= 500 && refusal.Reason != gomail.ErrSMTPMailFrom
	}
	return failure
}

// Close says goodbye, which a server that has gone does not hear.
func (c *conversation) Close() {
	_ = c.session.UpdateDeadline(time.Second)
	_ = c.client.CloseWithSMTPClient(c.session)
	c.conn.Close()
}

// hide takes a password out of a text in every form in which it goes to the server.
func hide(text, user, password string) string {
	if password == "" {
		return text
	}
	for _, form := range []string{base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password)),
		base64.StdEncoding.EncodeToString([]byte(password)), password} {
		text = strings.ReplaceAll(text, form, "…")
	}
	return text
}
