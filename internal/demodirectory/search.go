package demodirectory

import (
	"strconv"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// The scopes of a search (RFC 4511 section 4.5.1.2).
const (
	scopeBase = 0
	scopeOne  = 1
	scopeTree = 2
)

// query is a search as a client asked for it.
type query struct {
	base        string
	scope       int64
	filter      *ber.Packet
	attributes  []string
	showDeleted bool
}

// search returns what a query finds, or the code of an LDAP error.
func (d *Directory) search(q query) ([]*entry, int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if q.base == "" {
		if q.scope != scopeBase {
			return nil, resultNoSuchObject
		}
		return []*entry{d.rootDSE()}, resultSuccess
	}
	base, known := d.resolve(q)
	if !known {
		return nil, resultNoSuchObject
	}
	var found []*entry
	for _, e := range d.entries {
		if e.deleted && !q.showDeleted || d.blind && q.scope != scopeBase || !inScope(foldDN(e.dn), base, q.scope) {
			continue
		}
		holds, err := matches(q.filter, e)
		if err != nil {
			return nil, resultProtocolError
		}
		if holds {
			found = append(found, e.clone())
		}
	}
	return found, resultSuccess
}

// resolve returns the folded name of a query's base, which may be given as <GUID=…> (MS-ADTS section 3.1.1.3.1.2.4).
func (d *Directory) resolve(q query) (string, bool) {
	guid, byGUID := strings.CutPrefix(strings.TrimSuffix(strings.ToLower(q.base), ">"), "<guid=")
	for _, e := range d.entries {
		if e.deleted && !q.showDeleted {
			continue
		}
		if byGUID && e.value("objectGUID") == packGUID(guid) || !byGUID && foldDN(e.dn) == foldDN(q.base) {
			return foldDN(e.dn), true
		}
	}
	return "", false
}

func inScope(dn, base string, scope int64) bool {
	switch scope {
	case scopeBase:
		return dn == base
	case scopeOne:
		return parentDN(dn) == base
	}
	return dn == base || strings.HasSuffix(dn, ","+base)
}

// The tags of filters (RFC 4511 section 4.5.1.7).
const (
	filterAnd = iota
	filterOr
	filterNot
	filterEqual
	filterSubstrings
	filterAtLeast
	filterAtMost
	filterPresent
	filterApprox
	filterExtensible
)

const bitAnd = "1.2.840.113556.1.4.803" // all of these bits are set (MS-ADTS section 3.1.1.3.4.4.1)

type badFilter struct{}

func (badFilter) Error() string { return "demodirectory: the filter cannot be read" }

// matches evaluates a filter. What an entry does not have makes it false, not undefined: nobody here asks for the difference.
func matches(f *ber.Packet, e *entry) (bool, error) {
	switch f.Tag {
	case filterAnd, filterOr:
		for _, child := range f.Children {
			holds, err := matches(child, e)
			if err != nil || holds != (f.Tag == filterAnd) {
				return holds, err
			}
		}
		return f.Tag == filterAnd, nil
	case filterNot:
		if len(f.Children) != 1 {
			return false, badFilter{}
		}
		holds, err := matches(f.Children[0], e)
		return !holds && err == nil, err
	case filterPresent:
		return len(e.values(text(f))) > 0, nil
	case filterExtensible:
		return matchesBits(f, e)
	}
	if len(f.Children) != 2 {
		return false, badFilter{}
	}
	name := text(f.Children[0])
	for _, v := range e.values(name) {
		if compares(f, name, v) {
			return true, nil
		}
	}
	return false, nil
}

func compares(f *ber.Packet, name, value string) bool {
	asked := text(f.Children[1])
	switch f.Tag {
	case filterEqual, filterApprox:
		return equal(name, value, asked)
	case filterAtLeast, filterAtMost:
		a, err1 := strconv.ParseInt(value, 10, 64)
		b, err2 := strconv.ParseInt(asked, 10, 64)
		if err1 != nil || err2 != nil {
			return f.Tag == filterAtLeast && value >= asked || f.Tag == filterAtMost && value <= asked
		}
		return f.Tag == filterAtLeast && a >= b || f.Tag == filterAtMost && a <= b
	case filterSubstrings:
		return containsParts(strings.ToLower(value), f.Children[1].Children)
	}
	return false
}

// equal compares as the attribute's syntax does: ids by bytes, categories also by their short name, all else without case.
func equal(name, value, asked string) bool {
	switch strings.ToLower(name) {
	case "objectguid", "invocationid":
		return value == asked
	case "objectcategory":
		return foldDN(value) == foldDN(asked) || strings.HasPrefix(strings.ToLower(value), "cn="+strings.ToLower(asked)+",")
	case "distinguishedname":
		return foldDN(value) == foldDN(asked)
	}
	return strings.EqualFold(value, asked)
}

// containsParts is a substring filter: initial [0], any [1], final [2].
func containsParts(value string, parts []*ber.Packet) bool {
	for _, p := range parts {
		part := strings.ToLower(text(p))
		switch p.Tag {
		case 0:
			rest, ok := strings.CutPrefix(value, part)
			if !ok {
				return false
			}
			value = rest
		case 1:
			_, rest, ok := strings.Cut(value, part)
			if !ok {
				return false
			}
			value = rest
		default:
			return strings.HasSuffix(value, part)
		}
	}
	return true
}

// matchesBits is an extensible filter with the one matching rule there is.
func matchesBits(f *ber.Packet, e *entry) (bool, error) {
	var rule, name, asked string
	for _, c := range f.Children {
		switch c.Tag {
		case 1:
			rule = text(c)
		case 2:
			name = text(c)
		case 3:
			asked = text(c)
		}
	}
	mask, err := strconv.ParseInt(asked, 10, 64)
	if rule != bitAnd || err != nil {
		return false, badFilter{}
	}
	have, err := strconv.ParseInt(e.value(name), 10, 64)
	return err == nil && have&mask == mask, nil
}

// text returns the bytes of a primitive element, whatever class its tag is of.
func text(p *ber.Packet) string { return p.Data.String() }
