package ldap

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync/atomic"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"rollcall/internal/outside"
)

const dialTimeout = 15 * time.Second

// connection is one bound connection. It closes itself when its context ends.
type connection struct {
	*ldap.Conn
	budget    *budgetConn
	server    endpoint
	encrypted bool
	patience  time.Duration // for one answer
	stop      func() bool
}

func (c *connection) close() {
	c.stop()
	_ = c.Conn.Close() // the other side may be gone already
}

// search runs one request, with a fresh budget of bytes for the answer.
func (c *connection) search(ctx context.Context, req *ldap.SearchRequest) (*ldap.SearchResult, error) {
	c.budget.refill()
	began := time.Now()
	result, err := c.Conn.Search(req)
	if err := c.judge(ctx, began, err); err != nil {
		return nil, err
	}
	return result, nil
}

// judge tells an answer of the server from a connection that failed, and why it failed.
func (c *connection) judge(ctx context.Context, began time.Time, err error) error {
	var answered *ldap.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case c.budget.exceeded.Load():
		return &tooMuch{limit: c.budget.limit}
	case err == nil, errors.As(err, &answered) && saidByServer(answered):
		return err
	case time.Since(began) >= c.patience: // the library does not tell this from other failures
		return &broken{err: context.DeadlineExceeded}
	}
	return &broken{err: err}
}

// saidByServer tells results of servers from those that the library makes up.
func saidByServer(e *ldap.Error) bool {
	return e.ResultCode < ldap.ErrorNetwork || e.ResultCode == ldap.LDAPResultSyncRefreshRequired
}

// broken is a connection that failed before the server answered.
type broken struct{ err error }

func (e *broken) Error() string { return "the connection broke: " + e.err.Error() }
func (e *broken) Unwrap() error { return e.err }

// tooMuch is an answer that is larger than the settings allow.
type tooMuch struct{ limit int64 }

func (e *tooMuch) Error() string { return fmt.Sprintf("more than %d bytes in one answer", e.limit) }

// connect dials, encrypts and binds.
func (s *Source) connect(ctx context.Context, e endpoint) (*connection, error) {
	// What is wrong here is wrong before anybody is called.
	who, err := s.settings.credentials()
	if err != nil {
		return nil, err
	}
	config, err := s.tlsConfig(e.host, who)
	if err != nil {
		return nil, err
	}
	raw, err := s.dial(ctx, e)
	if err != nil {
		return nil, err
	}
	budget := newBudgetConn(raw, int64(s.settings.MaxPageBytes))
	var wire net.Conn = budget
	if s.settings.encrypts(e) {
		if wire, err = encrypt(ctx, budget, config, s.settings.StartTLS); err != nil {
			_ = raw.Close()
			return nil, err
		}
	}
	c := s.speak(ctx, e, budget, wire)
	if err := c.bind(ctx, who); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (s *Source) dial(ctx context.Context, e endpoint) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	if s.settings.PublicOnly && !s.anywhere {
		dialer.Control = outside.OnlyPublic
	}
	return dialer.DialContext(ctx, "tcp", e.address())
}

// encrypts reports whether what is said to a server is encrypted.
func (s Settings) encrypts(e endpoint) bool { return e.scheme == "ldaps" || s.StartTLS }

// Encryption says in words how a connection is encrypted.
func (s Settings) Encryption() string {
	switch {
	case s.StartTLS:
		return "StartTLS"
	case s.SRV != "" && s.AllowPlaintext, slices.ContainsFunc(s.URLs, clearText):
		return "none: the password travels in clear text"
	}
	return "TLS"
}

// speak begins to speak LDAP over a wire, which counts against the budget.
func (s *Source) speak(ctx context.Context, e endpoint, budget *budgetConn, wire net.Conn) *connection {
	encrypted := wire != net.Conn(budget)
	conn := ldap.NewConn(wire, encrypted)
	conn.Start()
	patience := time.Duration(s.settings.PageTimeout)
	conn.SetTimeout(patience)
	return &connection{Conn: conn, budget: budget, server: e, encrypted: encrypted, patience: patience,
		stop: context.AfterFunc(ctx, func() { _ = budget.Close() })}
}

func (c *connection) bind(ctx context.Context, who credentials) error {
	began := time.Now()
	var err error
	if who.external {
		err = c.ExternalBind()
	} else {
		err = c.Bind(who.dn, who.password)
	}
	err = c.judge(ctx, began, err)
	var cut *broken
	if c.encrypted && errors.As(err, &cut) && !errors.Is(err, context.DeadlineExceeded) {
		return &hungUp{err: err}
	}
	return err
}

// hungUp is an encrypted connection that the server ended before it answered a word. With TLS 1.3 that is how a client learns that its
// certificate is not welcome, or missed: it takes the handshake for done before the server has looked at what it showed.
type hungUp struct{ err error }

func (e *hungUp) Error() string { return e.err.Error() }
func (e *hungUp) Unwrap() error { return e.err }

// encrypt makes a connection a TLS one, after asking the server to if it has to be asked.
func encrypt(ctx context.Context, plain net.Conn, config *tls.Config, ask bool) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if ask {
		if err := askForTLS(ctx, plain); err != nil {
			return nil, err
		}
	}
	secure := tls.Client(plain, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, &noHandshake{err: err}
	}
	return secure, nil
}

// noHandshake is an attempt at TLS that failed.
type noHandshake struct{ err error }

func (e *noHandshake) Error() string { return "TLS handshake: " + e.err.Error() }
func (e *noHandshake) Unwrap() error { return e.err }

const oidStartTLS = "1.3.6.1.4.1.1466.20037"

// askForTLS is the request of RFC 4511 section 4.14. The library has one too, but hides why a certificate was refused.
func askForTLS(ctx context.Context, plain net.Conn) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := plain.SetDeadline(deadline); err != nil {
			return err
		}
	}
	request := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "LDAP Request")
	request.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 1, "MessageID"))
	extended := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationExtendedRequest, nil, "Start TLS")
	extended.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, oidStartTLS, "TLS Extended Command"))
	request.AppendChild(extended)
	if _, err := plain.Write(request.Bytes()); err != nil {
		return err
	}
	answer, err := ber.ReadPacket(plain)
	if err != nil {
		return &noHandshake{err: err}
	}
	if err := ldap.GetLDAPError(answer); err != nil {
		return &noHandshake{err: err}
	}
	return plain.SetDeadline(time.Time{})
}

func (s *Source) tlsConfig(host string, who credentials) (*tls.Config, error) {
	config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if who.certificate != nil {
		// Whatever authorities the server names: one that gets no certificate says less about why than one that gets a wrong one.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return who.certificate, nil }
	}
	if s.settings.ServerName != "" {
		config.ServerName = s.settings.ServerName
	}
	if s.settings.CAFile == "" && s.settings.CA == "" {
		return config, nil
	}
	var err error
	config.RootCAs, err = s.settings.authorities()
	return config, err
}

// budgetConn ends a connection over which more comes than was asked for. The LDAP library reads a whole message before it looks at
// it, and a hostile or broken server could fill the memory with one.
type budgetConn struct {
	net.Conn
	limit    int64
	left     atomic.Int64
	exceeded atomic.Bool
}

func newBudgetConn(c net.Conn, limit int64) *budgetConn {
	b := &budgetConn{Conn: c, limit: limit}
	b.refill()
	return b
}

func (b *budgetConn) refill() { b.left.Store(b.limit) }

// Read reads until the budget is used up.
func (b *budgetConn) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p)
	if b.left.Add(-int64(n)) < 0 {
		b.exceeded.Store(true)
		return 0, &tooMuch{limit: b.limit}
	}
	return n, err
}
