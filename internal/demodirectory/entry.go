package demodirectory

import (
	"encoding/hex"
	"strings"
)

// entry is an object of the directory.
type entry struct {
	dn         string
	attributes []attribute
	deleted    bool
}

// attribute has a name and at least one value; values are bytes, because objectGUID is no text.
type attribute struct {
	name   string
	values []string
}

func (e *entry) values(name string) []string {
	for _, a := range e.attributes {
		if strings.EqualFold(a.name, name) {
			return a.values
		}
	}
	return nil
}

func (e *entry) value(name string) string {
	if values := e.values(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// set replaces the values of an attribute; none takes it away.
func (e *entry) set(name string, values ...string) {
	for i, a := range e.attributes {
		if strings.EqualFold(a.name, name) {
			if len(values) == 0 {
				e.attributes = append(e.attributes[:i:i], e.attributes[i+1:]...)
				return
			}
			e.attributes[i].values = values
			return
		}
	}
	if len(values) > 0 {
		e.attributes = append(e.attributes, attribute{name, values})
	}
}

// clone lets a search work on entries that change no more.
func (e *entry) clone() *entry {
	c := *e
	c.attributes = append([]attribute(nil), e.attributes...)
	return &c
}

// foldDN makes two spellings of a distinguished name equal. Names in this directory have no blanks around separators, so the
// case and a client's blanks after commas are all there is to fold.
func foldDN(dn string) string {
	parts := splitDN(dn)
	for i, p := range parts {
		parts[i] = strings.TrimSpace(p)
	}
	return strings.ToLower(strings.Join(parts, ","))
}

// splitDN cuts a distinguished name at the commas that no backslash escapes (RFC 4514 section 2.4).
func splitDN(dn string) []string {
	if dn == "" {
		return nil
	}
	var parts []string
	start := 0
	for i := 0; i < len(dn); i++ {
		switch dn[i] {
		case '\\':
			i++
		case ',':
			parts = append(parts, dn[start:i])
			start = i + 1
		}
	}
	return append(parts, dn[start:])
}

func parentDN(dn string) string {
	parts := splitDN(dn)
	if len(parts) < 2 {
		return ""
	}
	return strings.Join(parts[1:], ",")
}

// escapeRDN writes a value as part of a distinguished name (RFC 4514 section 2.4).
func escapeRDN(value string) string {
	return strings.NewReplacer(`\`, `\\`, ",", `\,`, "+", `\+`, `"`, `\"`, "<", `\<`, ">", `\>`, ";", `\;`, "\n", `\0A`).Replace(value)
}

// packGUID turns the canonical text of a UUID into the bytes of objectGUID: the first three groups little endian (MS-DTYP
// section 2.3.4.2). The text must be one.
func packGUID(canonical string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(canonical, "-", ""))
	if err != nil || len(b) != 16 {
		return ""
	}
	return string([]byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6]}) + string(b[8:])
}
