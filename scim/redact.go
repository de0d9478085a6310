package scim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// redactor takes out of requests what administrators must not see, secrets, and what they need not see, the values of people's
// attributes. What is left is what a request is made of: operations, paths, names of attributes, types and ids.
type redactor struct {
	secrets map[string]bool // names of attributes that are never returned, in lower case
}

func newRedactor(types []*resourceType) redactor {
	r := redactor{secrets: map[string]bool{}}
	for _, t := range types {
		for _, c := range t.index.byURN {
			r.collect(c.attrs)
		}
	}
	return r
}

func (r redactor) collect(attrs map[string]*attribute) {
	for name, a := range attrs {
		if a.mutability == writeOnly || a.returned == returnedNever {
			r.secrets[strings.ToLower(name)] = true
		}
		r.collect(a.subs)
	}
}

// secret reports whether a name, or the path of an attribute, is about something secret: by the schemas, or because it sounds like it.
func (r redactor) secret(path string) bool {
	path = strings.ToLower(path)
	for _, sound := range []string{"password", "secret", "token"} {
		if strings.Contains(path, sound) {
			return true
		}
	}
	names := strings.FieldsFunc(path, func(c rune) bool { return strings.ContainsRune(`.:[]()" `, c) })
	for _, name := range names {
		if r.secrets[name] {
			return true
		}
	}
	return false
}

// maskBody masks a body, of which there may be no more than the beginning. size is its length as far as it was read.
func (r redactor) maskBody(raw []byte, size int64) string {
	if len(raw) == 0 {
		return ""
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	root, err := parseFragment(d)
	if root == nil {
		return fmt.Sprintf("(%d bytes that are no JSON)", size)
	}
	text := string(r.appendFragment(nil, "", root))
	if err != nil || d.More() {
		text += cutOff
	}
	if size > int64(len(raw)) {
		text += fmt.Sprintf(" (%d bytes in all)", size)
	}
	return text
}

// fragment is a JSON value, perhaps the beginning of one.
type fragment struct {
	kind    json.Delim // '{', '[', or 0 for all others
	members []fragmentMember
	scalar  any
	broken  bool // the text ends, or is no JSON, before the value ends
}

// fragmentMember is one of an object or, without a name, of an array; its value is nil if the text has none.
type fragmentMember struct {
	name  string
	value *fragment
}

// parseFragment reads as far as there is JSON, unlike [decodeObject], whose result is all or nothing. The text is short, so it cannot be
// deep.
func parseFragment(d *json.Decoder) (*fragment, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return &fragment{scalar: t}, nil
	}
	n := &fragment{kind: delim}
	for d.More() {
		var m fragmentMember
		if delim == '{' {
			name, err := d.Token()
			if err != nil {
				n.broken = true
				return n, err
			}
			m.name, _ = name.(string)
		}
		m.value, err = parseFragment(d)
		if m.value != nil || m.name != "" {
			n.members = append(n.members, m)
		}
		if err != nil {
			n.broken = true
			return n, err
		}
	}
	if _, err = d.Token(); err != nil {
		n.broken = true
	}
	return n, err
}

// appendFragment appends a value in its masked form. key is the name of the object's member that it is, or is in through arrays.
func (r redactor) appendFragment(b []byte, key string, n *fragment) []byte {
	switch {
	case n == nil:
		return b
	case n.kind == 0:
		return r.appendScalar(b, key, n.scalar)
	}
	b = append(b, byte(n.kind))
	secretValue := n.kind == '{' && r.secretTarget(n)
	for i, m := range n.members {
		if i > 0 {
			b = append(b, ',')
		}
		inner := key
		if n.kind == '{' {
			b = append(appendString(b, r.maskFilter(m.name)), ':')
			inner = strings.ToLower(m.name)
			if r.secret(inner) || secretValue && inner == "value" {
				b = append(b, `"`+hidden+`"`...)
				continue
			}
		}
		b = r.appendFragment(b, inner, m.value)
	}
	if n.broken {
		return b
	}
	return append(b, byte(n.kind)+2) // in ASCII the closing bracket is two behind the opening one
}

// secretTarget reports whether an object is an operation of a PATCH on something secret. One whose text ends before its path may be.
func (r redactor) secretTarget(n *fragment) bool {
	known := false
	for _, m := range n.members {
		if !strings.EqualFold(m.name, "path") || m.value == nil {
			continue
		}
		path, ok := m.value.scalar.(string)
		if !ok || r.secret(path) {
			return true
		}
		known = true
	}
	return n.broken && !known
}

// plainMembers are the members of bodies, beside those of a search, whose values are words of the protocol, in lower case.
var plainMembers = map[string]bool{
	"schemas": true, "op": true, "method": true, "bulkid": true, "type": true, "primary": true, "resourcetype": true, "failonerrors": true, "version": true,
}

func (r redactor) appendScalar(b []byte, key string, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendString(b, r.maskMember(key, v))
	case json.Number:
		if plainMembers[key] || plainParameters[key] {
			return append(b, v...)
		}
		return append(b, strings.Map(func(c rune) rune {
			if unicode.IsDigit(c) {
				return '9'
			}
			return c
		}, v.String())...)
	}
	text, _ := json.Marshal(v) // true, false or null
	return append(b, text...)
}

func (r redactor) maskMember(key, s string) string {
	switch {
	case key == "path" && !strings.HasPrefix(s, "/"), key == "filter", plainParameters[key]:
		return r.maskFilter(s)
	case key == "path", key == "$ref", key == "location":
		return maskPath(s)
	case plainMembers[key]:
		return plain(s)
	}
	return masked(s)
}
