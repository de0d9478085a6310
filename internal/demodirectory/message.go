package demodirectory

import (
	"errors"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// The operations of the protocol (RFC 4511 section 4.2 and following).
const (
	opBind           = 0
	opBindResponse   = 1
	opUnbind         = 2
	opSearch         = 3
	opSearchEntry    = 4
	opSearchDone     = 5
	opAbandon        = 16
	opExtended       = 23
	opExtendedAnswer = 24
)

// The results of the protocol (RFC 4511 section 4.1.9).
const (
	resultSuccess            = 0
	resultOperationsError    = 1
	resultProtocolError      = 2
	resultSizeLimitExceeded  = 4
	resultUnknownCritical    = 12
	resultNoSuchObject       = 32
	resultInvalidCredentials = 49
	resultUnwillingToPerform = 53
)

// The controls that searches may carry (RFC 2696, MS-ADTS sections 3.1.1.3.4.1.14 and 3.1.1.3.4.1.26).
const (
	controlPaging       = "1.2.840.113556.1.4.319"
	controlShowDeleted  = "1.2.840.113556.1.4.417"
	controlShowRecycled = "1.2.840.113556.1.4.2064"
)

const (
	tagControls          = 0 // of the list of controls in a message
	simpleAuthentication = 0 // the choice in a bind request
	everyAttribute       = "*"
	noAttribute          = "1.1"
	maxMessage           = 1 << 20 // bytes of one message
)

var errMessage = errors.New("demodirectory: the message cannot be read")

// message is one LDAPMessage of a client.
type message struct {
	id       int64
	op       *ber.Packet
	controls []control
}

type control struct {
	oid      string
	critical bool
	value    string
}

func readMessage(p *ber.Packet) (message, error) {
	if len(p.Children) < 2 {
		return message{}, errMessage
	}
	id, ok := p.Children[0].Value.(int64)
	if !ok || p.Children[1].ClassType != ber.ClassApplication {
		return message{}, errMessage
	}
	m := message{id: id, op: p.Children[1]}
	if len(p.Children) < 3 || p.Children[2].Tag != tagControls {
		return m, nil
	}
	for _, c := range p.Children[2].Children {
		var read control
		for i, part := range c.Children {
			critical, isFlag := part.Value.(bool)
			switch {
			case i == 0:
				read.oid = text(part)
			case isFlag:
				read.critical = critical
			default:
				read.value = text(part)
			}
		}
		m.controls = append(m.controls, read)
	}
	return m, nil
}

// paging returns the page size and cookie that a client asks for.
func (m message) paging() (size int64, cookie string, asked bool) {
	for _, c := range m.controls {
		if c.oid != controlPaging {
			continue
		}
		p, err := ber.DecodePacketErr([]byte(c.value))
		if err != nil || len(p.Children) != 2 {
			return 0, "", false
		}
		size, ok := p.Children[0].Value.(int64)
		return size, text(p.Children[1]), ok
	}
	return 0, "", false
}

// readQuery reads a SearchRequest.
func readQuery(m message) (query, error) {
	c := m.op.Children
	if len(c) != 8 {
		return query{}, errMessage
	}
	scope, ok := c[1].Value.(int64)
	if !ok {
		return query{}, errMessage
	}
	q := query{base: text(c[0]), scope: scope, filter: c[6]}
	for _, a := range c[7].Children {
		q.attributes = append(q.attributes, text(a))
	}
	for _, ctl := range m.controls {
		q.showDeleted = q.showDeleted || ctl.oid == controlShowDeleted || ctl.oid == controlShowRecycled
	}
	return q, nil
}

// wanted reports whether a query asks for an attribute.
func (q query) wanted(name string) bool {
	if len(q.attributes) == 0 {
		return true
	}
	for _, a := range q.attributes {
		if a == everyAttribute || a != noAttribute && strings.EqualFold(a, name) {
			return true
		}
	}
	return false
}

func envelope(id int64, op *ber.Packet) *ber.Packet {
	p := ber.NewSequence("LDAPMessage")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, "messageID"))
	p.AppendChild(op)
	return p
}

func octets(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}

// result is an operation that ends with an LDAPResult.
func result(op ber.Tag, code int64, detail string) *ber.Packet {
	p := ber.Encode(ber.ClassApplication, ber.TypeConstructed, op, nil, "LDAPResult")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, "resultCode"))
	p.AppendChild(octets(""))
	p.AppendChild(octets(detail))
	return p
}

// searchEntry is a SearchResultEntry with the attributes that were asked for.
func searchEntry(e *entry, q query) *ber.Packet {
	p := ber.Encode(ber.ClassApplication, ber.TypeConstructed, opSearchEntry, nil, "SearchResultEntry")
	p.AppendChild(octets(e.dn))
	list := ber.NewSequence("attributes")
	for _, a := range e.attributes {
		if !q.wanted(a.name) {
			continue
		}
		one := ber.NewSequence("attribute")
		one.AppendChild(octets(a.name))
		values := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "values")
		for _, v := range a.values {
			values.AppendChild(octets(v))
		}
		one.AppendChild(values)
		list.AppendChild(one)
	}
	p.AppendChild(list)
	return p
}

// pagingAnswer is the control that ends a page; an empty cookie says that it was the last.
func pagingAnswer(total int, cookie string) *ber.Packet {
	value := ber.NewSequence("realSearchControlValue")
	value.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, int64(total), "size"))
	value.AppendChild(octets(cookie))
	one := ber.NewSequence("control")
	one.AppendChild(octets(controlPaging))
	one.AppendChild(octets(string(value.Bytes())))
	list := ber.Encode(ber.ClassContext, ber.TypeConstructed, tagControls, nil, "controls")
	list.AppendChild(one)
	return list
}
