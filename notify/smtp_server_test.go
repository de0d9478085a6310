package notify_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"rollcall/notify"
)

const (
	user     = "rollcall@mail.example"
	password = "CANARYPASSWORD"
)

// taken is a mail that the server took over.
type taken struct {
	from, to string
	utf8     bool // the client said SMTPUTF8
	body     string
	user     string
	tls      bool
}

// mailServer is a real mail server that does as the test says.
type mailServer struct {
	address string
	caFile  string

	mu       sync.Mutex
	mails    []taken
	sessions int
	manners  manners
}

// manners are what a server says to commands; nil is the usual.
type manners struct {
	login    func(password string) error // to AUTH
	mail     func(from string) error     // to MAIL
	rcpt     func(to string) error       // to RCPT
	data     func(c *smtp.Conn) error    // to DATA, after some of it has been read
	accepted func(body string) error     // to the end of DATA
}

// behave gives the server other manners.
func (m *mailServer) behave(now manners) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.manners = now
}

func (m *mailServer) now() manners {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.manners
}

// serveMail starts a mail server that offers STARTTLS, or speaks TLS from the first byte.
func serveMail(t *testing.T, setUp func(*smtp.Server), implicitTLS bool) *mailServer {
	t.Helper()
	m := &mailServer{}
	authority, config := certificates(t)
	m.caFile = authority
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	m.address = listener.Addr().String()
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.sessions++
		return &session{server: m, conn: c}, nil
	}))
	server.Domain, server.ErrorLog, server.TLSConfig = "mail.example", log.New(io.Discard, "", 0), config
	if setUp != nil {
		setUp(server)
	}
	if implicitTLS {
		listener = tls.NewListener(listener, config)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return m
}

// transport speaks to the server as an operator would set it up.
func (m *mailServer) transport(t *testing.T, change func(*notify.SMTPOptions)) *notify.SMTP {
	t.Helper()
	o := notify.SMTPOptions{Address: m.address, TLS: notify.StartTLS, CAFile: m.caFile, Timeout: 10 * time.Second}
	if change != nil {
		change(&o)
	}
	s, err := notify.NewSMTP(o)
	require.NoError(t, err)
	return s
}

func (m *mailServer) got() []taken {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mails
}

func (m *mailServer) opened() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sessions
}

// session is one connection.
type session struct {
	server *mailServer
	conn   *smtp.Conn
	taken  taken
	user   string
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, name, given string) error {
		if login := s.server.now().login; login != nil {
			return login(given)
		}
		if name != user || given != password {
			return smtp.ErrAuthFailed
		}
		s.user = name
		return nil
	}), nil
}

func (s *session) Mail(from string, o *smtp.MailOptions) error {
	if mail := s.server.now().mail; mail != nil {
		if err := mail(from); err != nil {
			return err
		}
	}
	_, encrypted := s.conn.TLSConnectionState()
	s.taken = taken{from: from, utf8: o.UTF8, user: s.user, tls: encrypted}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.taken.to = to
	if rcpt := s.server.now().rcpt; rcpt != nil {
		return rcpt(to)
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	if data := s.server.now().data; data != nil {
		if _, err := io.ReadFull(r, make([]byte, 16)); err != nil {
			return err
		}
		return data(s.conn)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if accepted := s.server.now().accepted; accepted != nil {
		if err := accepted(string(raw)); err != nil {
			return err
		}
	}
	s.taken.body = string(raw)
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, s.taken)
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

// answer is what a server says to a command.
func answer(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode, Message: text}
}

var errHungUp = errors.New("the server hung up")

// certificates makes an authority of the test's own and a server that it vouches for. It returns the authority's file.
func certificates(t *testing.T) (file string, server *tls.Config) {
	t.Helper()
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		return k
	}
	authorityKey, serverKey := key(), key()
	authority := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority of the test's own"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "mail.example"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: authority.NotBefore, NotAfter: authority.NotAfter}
	authorityDER, err := x509.CreateCertificate(rand.Reader, authority, authority, &authorityKey.PublicKey, authorityKey)
	require.NoError(t, err)
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, authority, &serverKey.PublicKey, authorityKey)
	require.NoError(t, err)
	file = filepath.Join(t.TempDir(), "authority.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authorityDER}), 0o600))
	return file, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{leafDER}, PrivateKey: serverKey}}}
}

// passwordFile writes a password as operators do: with a line break after it.
func passwordFile(t *testing.T, password string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(path, []byte(password+"\n"), 0o600))
	return path
}
