package ldif

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"rollcall/directory/mapping"
)

// The matching rules that AD adds for numbers whose bits mean something (MS-ADTS 3.1.1.3.4.4).
const (
	oidAllBits = "1.2.840.113556.1.4.803"
	oidAnyBit  = "1.2.840.113556.1.4.804"
)

// filter is a compiled LDAP filter (RFC 4515). A file has no schema, so texts are compared without regard to case and to how many
// spaces there are, names of entries as names, and what looks like two whole numbers as numbers.
type filter struct {
	op        ber.Tag
	of        []filter
	attribute string // in small letters
	value     term
	any       []string // of a substring match, between initial and final
	initial   string
	final     string
	bits      int64
	allBits   bool
}

// term is a value of a filter made ready to be compared.
type term struct {
	raw    string
	folded string
	dn     *ldap.DN
	number int64
	whole  bool
}

func compileFilter(text string) (filter, error) {
	packet, err := ldap.CompileFilter(text)
	if err != nil {
		return filter{}, err
	}
	return filterOf(packet)
}

func filterOf(packet *ber.Packet) (filter, error) {
	f := filter{op: packet.Tag}
	child := func(i int) string { return ber.DecodeString(packet.Children[i].Data.Bytes()) }
	switch packet.Tag {
	case ldap.FilterAnd, ldap.FilterOr, ldap.FilterNot:
		for _, c := range packet.Children {
			part, err := filterOf(c)
			if err != nil {
				return filter{}, err
			}
			f.of = append(f.of, part)
		}
	case ldap.FilterPresent:
		f.attribute = strings.ToLower(ber.DecodeString(packet.Data.Bytes()))
	case ldap.FilterEqualityMatch, ldap.FilterApproxMatch, ldap.FilterGreaterOrEqual, ldap.FilterLessOrEqual:
		f.attribute, f.value = strings.ToLower(child(0)), termOf(child(1))
	case ldap.FilterSubstrings:
		f.attribute = strings.ToLower(child(0))
		for _, part := range packet.Children[1].Children {
			text := fold(ber.DecodeString(part.Data.Bytes()))
			switch part.Tag {
			case ldap.FilterSubstringsInitial:
				f.initial = text
			case ldap.FilterSubstringsFinal:
				f.final = text
			default:
				f.any = append(f.any, text)
			}
		}
	case ldap.FilterExtensibleMatch:
		return bitsOf(packet)
	default:
		return filter{}, fmt.Errorf("a filter of the kind %d", packet.Tag)
	}
	return f, nil
}

// bitsOf compiles the two extensible matches that need no schema.
func bitsOf(packet *ber.Packet) (filter, error) {
	f := filter{op: ldap.FilterExtensibleMatch}
	rule, value := "", ""
	for _, c := range packet.Children {
		switch text := ber.DecodeString(c.Data.Bytes()); c.Tag {
		case ldap.MatchingRuleAssertionMatchingRule:
			rule = text
		case ldap.MatchingRuleAssertionType:
			f.attribute = strings.ToLower(text)
		case ldap.MatchingRuleAssertionMatchValue:
			value = text
		}
	}
	bits, err := strconv.ParseInt(value, 10, 64)
	if rule != oidAllBits && rule != oidAnyBit || f.attribute == "" || err != nil {
		return filter{}, fmt.Errorf("of the matching rules only %s and %s, with a number, work on files", oidAllBits, oidAnyBit)
	}
	f.bits, f.allBits = bits, rule == oidAllBits
	return f, nil
}

// matches reports whether an entry matches. values returns what it has of an attribute.
func (f *filter) matches(values func(attribute string) [][]byte) bool {
	switch f.op {
	case ldap.FilterAnd, ldap.FilterOr:
		for i := range f.of {
			if f.of[i].matches(values) != (f.op == ldap.FilterAnd) {
				return f.op == ldap.FilterOr
			}
		}
		return f.op == ldap.FilterAnd
	case ldap.FilterNot:
		return !f.of[0].matches(values)
	}
	for _, value := range values(f.attribute) {
		if f.op == ldap.FilterPresent || f.holds(value) {
			return true
		}
	}
	return false
}

// holds reports whether one value matches.
func (f *filter) holds(value []byte) bool {
	switch f.op {
	case ldap.FilterEqualityMatch, ldap.FilterApproxMatch:
		return f.value.equals(value) || f.attribute == "objectcategory" && f.value.names(value)
	case ldap.FilterGreaterOrEqual:
		return f.value.compare(value) >= 0
	case ldap.FilterLessOrEqual:
		return f.value.compare(value) <= 0
	case ldap.FilterExtensibleMatch:
		n, err := strconv.ParseInt(string(value), 10, 64)
		return err == nil && (f.allBits && n&f.bits == f.bits || !f.allBits && n&f.bits != 0)
	}
	return f.contains(value)
}

func (f *filter) contains(value []byte) bool {
	text, ok := strings.CutPrefix(fold(string(value)), f.initial)
	for _, part := range f.any {
		if ok {
			_, text, ok = strings.Cut(text, part)
		}
	}
	return ok && strings.HasSuffix(text, f.final)
}

func termOf(text string) term {
	t := term{raw: text, folded: fold(text)}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		t.number, t.whole = n, true
	}
	if strings.Contains(text, "=") {
		if dn, err := ldap.ParseDN(text); err == nil {
			t.dn = dn
		}
	}
	return t
}

func (t *term) equals(value []byte) bool {
	switch {
	case string(value) == t.raw:
		return true
	case !utf8.Valid(value):
		return false
	case fold(string(value)) == t.folded:
		return true
	case t.dn == nil || !bytes.ContainsRune(value, '='):
		return false
	}
	dn, err := ldap.ParseDN(string(value))
	return err == nil && t.dn.EqualFold(dn)
}

// names reports whether a name begins with the value: AD takes (objectCategory=person) for CN=Person,CN=Schema,….
func (t *term) names(value []byte) bool {
	dn, err := ldap.ParseDN(string(value))
	return err == nil && len(dn.RDNs) > 0 && fold(dn.RDNs[0].Attributes[0].Value) == t.folded
}

// compare compares a value with the term.
func (t *term) compare(value []byte) int {
	if n, err := strconv.ParseInt(string(value), 10, 64); err == nil && t.whole {
		switch {
		case n < t.number:
			return -1
		case n > t.number:
			return 1
		}
		return 0
	}
	return strings.Compare(fold(string(value)), t.folded)
}

// fold writes texts alike that are the same but for case and spaces.
func fold(s string) string { return strings.Join(strings.Fields(strings.ToLower(s)), " ") }

// valuesOf returns how to look up an entry's values.
func valuesOf(r mapping.Raw) func(string) [][]byte {
	return func(attribute string) [][]byte {
		for _, a := range r.Attributes {
			if strings.EqualFold(a.Name, attribute) {
				return a.Values
			}
		}
		return nil
	}
}
