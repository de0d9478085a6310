package ldap_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"rollcall/directory/ldap"
)

const suffix = "dc=example"

// query is a search as the server sees it.
type query struct {
	base   string
	scope  int64
	filter string
	cookie string // of the paging control
	paged  bool
	since  string // the cookie of the DirSync or the Sync Request control
	told   bool   // one of these was sent
	wants  []string
}

// session answers on one connection. It writes whatever it is told to, right or wrong.
type session struct {
	t    testing.TB
	conn net.Conn
	id   int64
}

// badServer is an LDAP server whose answers to subtree searches a test writes. It takes every bind and shows a root DSE.
type badServer struct {
	t        testing.TB
	listener net.Listener
	answer   func(s *session, q query)
	root     func(reading int) map[string][]string
	base     func(s *session, q query) // answers searches of one entry; nil: they find it, without attributes
	roots    int
	bind     int // the result of every bind
	binds    int
}

func startBadServer(t testing.TB, answer func(s *session, q query)) *badServer {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	b := &badServer{t: t, listener: listener, answer: answer}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			b.serve(conn)
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return b
}

// settings are those of a connector to this server.
func (b *badServer) settings(edit ...func(*ldap.Settings)) ldap.Settings {
	s := ldap.Settings{Kind: ldap.OpenLDAP, URLs: []string{"ldap://" + b.listener.Addr().String()}, BindDN: "cn=reader," + suffix,
		BindPasswordFile: passwordFile(b.t, "secret"), BaseDNs: []string{"ou=people," + suffix}, PageSize: 100,
		RetryDelay: ldap.Duration(time.Millisecond)}
	for _, f := range edit {
		f(&s)
	}
	return s
}

func passwordFile(t testing.TB, password string) string {
	name := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(name, []byte(password+"\n"), 0o600))
	return name
}

func contents(t testing.TB, file string) string {
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(raw)
}

// serve answers one connection after another, so that tests need no locks.
func (b *badServer) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		packet, err := ber.ReadPacket(in)
		if err != nil || len(packet.Children) < 2 {
			return
		}
		s := &session{t: b.t, conn: conn, id: packet.Children[0].Value.(int64)}
		switch op := packet.Children[1]; op.Tag {
		case 0: // bind
			b.binds++
			s.result(1, b.bind)
		case 3: // search
			b.search(s, packet, op)
		default:
			return
		}
	}
}

func (b *badServer) search(s *session, packet, op *ber.Packet) {
	filter, _ := goldap.DecompileFilter(op.Children[6])
	q := query{base: op.Children[0].Value.(string), scope: op.Children[1].Value.(int64), filter: filter}
	for _, wanted := range op.Children[7].Children {
		q.wants = append(q.wants, wanted.Value.(string))
	}
	if len(packet.Children) > 2 {
		for _, control := range packet.Children[2].Children {
			value := ber.DecodePacket(control.Children[len(control.Children)-1].ByteValue)
			switch control.Children[0].Value.(string) {
			case "1.2.840.113556.1.4.319":
				q.paged, q.cookie = true, string(value.Children[1].ByteValue)
			case dirSync:
				q.told, q.since = true, string(value.Children[2].ByteValue)
			case syncRequest:
				q.told, q.since = true, string(value.Children[1].ByteValue)
			}
		}
	}
	switch {
	case q.base == "" && q.scope == 0:
		b.roots++
		attributes := map[string][]string{"namingContexts": {suffix}}
		if b.root != nil {
			attributes = b.root(b.roots)
		}
		s.entry("", attributes)
		s.done(0)
	case q.scope == 0 && b.base != nil:
		b.base(s, q)
	case q.scope == 0:
		s.entry(q.base, nil)
		s.done(0)
	default:
		b.answer(s, q)
	}
}

func (s *session) send(op *ber.Packet, controls ...*ber.Packet) {
	message := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, s.id, ""))
	message.AppendChild(op)
	if len(controls) > 0 {
		list := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		for _, control := range controls {
			list.AppendChild(control)
		}
		message.AppendChild(list)
	}
	_, _ = s.conn.Write(message.Bytes()) // the client may have hung up; that is its good right
}

func octets(value string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, value, "")
}

func (s *session) entry(dn string, attributes map[string][]string, controls ...*ber.Packet) {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, 4, nil, "")
	op.AppendChild(octets(dn))
	list := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	for name, values := range attributes {
		attribute := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
		attribute.AppendChild(octets(name))
		set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, value := range values {
			set.AppendChild(octets(value))
		}
		attribute.AppendChild(set)
		list.AppendChild(attribute)
	}
	op.AppendChild(list)
	s.send(op, controls...)
}

// person sends person i, whose id and address follow from the number.
func (s *session) person(i int) {
	s.entry(fmt.Sprintf("uid=u%d,ou=people,%s", i, suffix), person(i))
}

func person(i int) map[string][]string {
	return map[string][]string{"entryUUID": {uuidOf(i)}, "mail": {fmt.Sprintf("u%d@corp.example", i)}, "displayName": {"U" + strconv.Itoa(i)}}
}

func uuidOf(i int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", i) }

func (s *session) refer(url string) {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, 19, nil, "")
	op.AppendChild(octets(url))
	s.send(op)
}

func result(tag ber.Tag, code int) *ber.Packet {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	op.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, ""))
	op.AppendChild(octets(""))
	op.AppendChild(octets(""))
	return op
}

func (s *session) result(tag ber.Tag, code int) { s.send(result(tag, code)) }

// done ends a search without a paging control.
func (s *session) done(code int) { s.result(5, code) }

// donePage ends a page with the paging control and a cookie.
func (s *session) donePage(cookie string) {
	value := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	value.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 0, ""))
	value.AppendChild(octets(cookie))
	s.send(result(5, 0), control("1.2.840.113556.1.4.319", value))
}

func control(oid string, value *ber.Packet) *ber.Packet {
	control := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	control.AppendChild(octets(oid))
	control.AppendChild(octets(string(value.Bytes())))
	return control
}

// page sends page n (from 0) of 300 people in three pages, as it should be.
func (s *session) page(q query) (n int) {
	n, _ = strconv.Atoi(q.cookie)
	for i := range 100 {
		s.person(n*100 + i)
	}
	return n
}

// next ends page n as it should be.
func (s *session) next(n int) {
	if n == 2 {
		s.donePage("")
		return
	}
	s.donePage(strconv.Itoa(n + 1))
}
