package demodirectory

import (
	"bufio"
	"crypto/subtle"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// MaxPage is how many entries a search returns at once, as in a domain with the default policy.
const MaxPage = 1000

// Server answers LDAP for a directory.
type Server struct {
	directory *Directory
	password  string
	listener  net.Listener
	log       *slog.Logger

	mu     sync.Mutex
	open   map[net.Conn]struct{}
	closed bool
	done   sync.WaitGroup
}

// Serve starts to answer on a listener, which the server owns from then on. The one account that may bind is [BindDN].
func Serve(l net.Listener, d *Directory, password string, log *slog.Logger) *Server {
	s := &Server{directory: d, password: password, listener: l, log: log, open: map[net.Conn]struct{}{}}
	s.done.Go(s.accept)
	return s
}

// URL is where the server answers.
func (s *Server) URL() string { return "ldap://" + s.listener.Addr().String() }

// Close ends all connections and waits until they are gone.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	err := s.listener.Close()
	for c := range s.open {
		_ = c.Close() // its handler sees the end and goes
	}
	s.mu.Unlock()
	s.done.Wait()
	return err
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return // closed; a loopback listener fails for no other reason worth another try
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			_ = c.Close()
			return
		}
		s.open[c] = struct{}{}
		s.done.Go(func() { s.converse(c) })
		s.mu.Unlock()
	}
}

func (s *Server) converse(c net.Conn) {
	defer func() {
		s.mu.Lock()
		delete(s.open, c)
		s.mu.Unlock()
		_ = c.Close()
	}()
	session := &session{server: s, out: bufio.NewWriter(c), pages: map[string][]*entry{}}
	in := bufio.NewReader(c)
	for {
		p, err := ber.ReadPacket(&io.LimitedReader{R: in, N: maxMessage})
		if err != nil {
			return
		}
		m, err := readMessage(p)
		if err != nil {
			s.log.Debug("demonstration directory: unreadable message")
			return
		}
		if !session.answer(m) || session.out.Flush() != nil {
			return
		}
	}
}

// session is what the server knows of one connection.
type session struct {
	server *Server
	out    *bufio.Writer
	bound  bool
	pages  map[string][]*entry // what is left of searches, by cookie
	next   int
}

func (c *session) send(p *ber.Packet) bool {
	_, err := c.out.Write(p.Bytes())
	return err == nil
}

// answer handles one message; false ends the connection.
func (c *session) answer(m message) bool {
	switch m.op.Tag {
	case opBind:
		return c.send(envelope(m.id, c.bind(m)))
	case opUnbind:
		return false
	case opAbandon:
		return true // searches are answered before the next message is read
	case opSearch:
		return c.search(m)
	case opExtended:
		return c.send(envelope(m.id, result(opExtendedAnswer, resultProtocolError, "no extended operation is supported")))
	}
	c.server.log.Debug("demonstration directory: unsupported operation", "tag", m.op.Tag)
	return c.send(envelope(m.id, result(m.op.Tag+1, resultUnwillingToPerform, "this directory is changed by its owner only")))
}

func (c *session) bind(m message) *ber.Packet {
	parts := m.op.Children
	if len(parts) != 3 {
		return result(opBindResponse, resultProtocolError, "")
	}
	name, secret := text(parts[1]), text(parts[2])
	known := foldDN(name) == foldDN(BindDN) || strings.EqualFold(name, "svc-sync@corp.example")
	right := subtle.ConstantTimeCompare([]byte(secret), []byte(c.server.password)) == 1
	if c.bound = known && right && parts[2].Tag == simpleAuthentication; !c.bound {
		return result(opBindResponse, resultInvalidCredentials, "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data 52e, v4563")
	}
	return result(opBindResponse, resultSuccess, "")
}

func (c *session) search(m message) bool {
	done := func(code int64, detail string) bool {
		return c.send(envelope(m.id, result(opSearchDone, code, detail)))
	}
	q, err := readQuery(m)
	if err != nil {
		return done(resultProtocolError, "")
	}
	if !c.bound && q.base != "" {
		return done(resultOperationsError, "a successful bind must be completed on the connection")
	}
	for _, ctl := range m.controls {
		if ctl.critical && ctl.oid != controlPaging && ctl.oid != controlShowDeleted && ctl.oid != controlShowRecycled {
			return done(resultUnknownCritical, "the control "+ctl.oid+" is not supported")
		}
	}
	size, cookie, paged := m.paging()
	found, known := c.pages[cookie]
	if cookie == "" {
		var code int64
		if found, code = c.server.directory.search(q); code != resultSuccess {
			return done(code, "")
		}
	} else if !known {
		return done(resultUnwillingToPerform, "the paging cookie is not known")
	}
	delete(c.pages, cookie)

	page := found
	limit := MaxPage
	if paged && size > 0 {
		limit = int(min(size, MaxPage))
	}
	page = page[:min(limit, len(page))]
	for _, e := range page {
		if !c.send(envelope(m.id, searchEntry(e, q))) {
			return false
		}
	}
	rest := found[len(page):]
	if !paged && len(rest) > 0 {
		return done(resultSizeLimitExceeded, "")
	}
	end := envelope(m.id, result(opSearchDone, resultSuccess, ""))
	if paged {
		end.AppendChild(pagingAnswer(0, c.keep(rest)))
	}
	return c.send(end)
}

// keep remembers the rest of a search and returns its cookie; none for nothing.
func (c *session) keep(rest []*entry) string {
	if len(rest) == 0 {
		return ""
	}
	c.next++
	cookie := "page-" + strconv.Itoa(c.next)
	c.pages[cookie] = rest
	return cookie
}
