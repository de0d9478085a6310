package mapping

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rollcall/identity"
)

// Mapping says what each of our attributes is made from, by attribute path. An empty source takes a default away.
type Mapping map[string]Source

// Source is what an attribute is made from. One of the forms is filled in. Every form gives a list of values without spaces around
// them, which is empty where the directory has none; an attribute of ours that holds one value takes the first.
type Source struct {
	Attribute string // the values of a directory's attribute

	Constant  string   // the same text for everybody
	First     []Source // the values of the first of several that has any
	Join      []Source // one value: the first of each, with the separator between them; nothing if only constants have one
	Separator string
	Lower     *Source // the values in small letters
	Match     *Source // of each value what the one group of Pattern captures; nothing of a value that does not match
	Pattern   string  // RE2
}

// From is the source that takes an attribute as it is.
func From(attribute string) Source { return Source{Attribute: attribute} }

// Defaults returns the mapping of a schema.
func Defaults(kind string) Mapping {
	m := Mapping{}
	for path, attribute := range defaults[kind] {
		m[path] = From(attribute)
	}
	return m
}

// WithDefaults returns the mapping with what it leaves out filled in, and without what it takes away.
func (m Mapping) WithDefaults(kind string) Mapping {
	all := Defaults(kind)
	maps.Copy(all, m)
	maps.DeleteFunc(all, func(_ string, s Source) bool { return s.empty() })
	return all
}

// Owns returns the attribute paths that the mapping owns, sorted.
func (m Mapping) Owns() []string { return slices.Sorted(maps.Keys(m)) }

func (s Source) empty() bool { return s.Attribute == "" && s.forms() == 0 }

// forms counts what is filled in beside the name of an attribute.
func (s Source) forms() int {
	n := 0
	for _, there := range []bool{s.Constant != "", s.First != nil, s.Join != nil, s.Lower != nil, s.Match != nil} {
		if there {
			n++
		}
	}
	return n
}

// String writes the source the way it is given on the command line.
func (s Source) String() string {
	if s.forms() == 0 {
		return s.Attribute
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s.object()); err != nil {
		return "" // strings, lists and objects of them always encode
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// wire is a source that is an object.
type wire struct {
	Constant  string `json:"constant,omitempty"`
	First     []any  `json:"first,omitempty"`
	Join      []any  `json:"join,omitempty"`
	Separator string `json:"separator,omitempty"`
	Lower     any    `json:"lower,omitempty"`
	Match     any    `json:"match,omitempty"`
	Pattern   string `json:"pattern,omitempty"`
}

func (s Source) object() any {
	if s.forms() == 0 {
		return s.Attribute
	}
	w := wire{Constant: s.Constant, Separator: s.Separator, Pattern: s.Pattern}
	for _, one := range s.First {
		w.First = append(w.First, one.object())
	}
	for _, one := range s.Join {
		w.Join = append(w.Join, one.object())
	}
	if s.Lower != nil {
		w.Lower = s.Lower.object()
	}
	if s.Match != nil {
		w.Match = s.Match.object()
	}
	return w
}

// MarshalJSON writes a text for an attribute, and an object for everything else.
func (s Source) MarshalJSON() ([]byte, error) { return json.Marshal(s.object()) }

// UnmarshalJSON reads a mapping. Errors name the field.
func (m *Mapping) UnmarshalJSON(raw []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return invalid("mapping", "the mapping is not an object of attributes and their sources")
	}
	out := Mapping{}
	for _, path := range slices.Sorted(maps.Keys(members)) {
		s, err := decode("mapping."+path, members[path], 1)
		if err != nil {
			return err
		}
		out[path] = s
	}
	*m = out
	return nil
}

// Parse reads the source of an attribute as it is given on the command line: the name of an attribute, or an object in JSON.
func Parse(path, text string) (Source, error) {
	if text = strings.TrimSpace(text); !strings.HasPrefix(text, "{") {
		return From(text), nil
	}
	return decode("mapping."+path, json.RawMessage(text), 1)
}

const shapes = `the name of an attribute, or an object with constant, first, join, lower or match: "mail", {"first": ["mail", "userPrincipalName"]}, ` +
	`{"join": ["givenName", "sn"], "separator": " "}, {"lower": "mail"}, {"match": "mail", "pattern": "^([^@]+)@"}`

func decode(field string, raw json.RawMessage, depth int) (Source, error) {
	raw = bytes.TrimSpace(raw)
	if text := ""; json.Unmarshal(raw, &text) == nil && string(raw) != "null" {
		return From(text), nil
	}
	if depth > maxDepth {
		return Source{}, tooDeep(field)
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || members == nil {
		return Source{}, invalid(field, "this is no source; use %s", shapes)
	}
	var s Source
	var forms []string
	for _, key := range slices.Sorted(maps.Keys(members)) {
		var err error
		value, at := members[key], field+"."+key
		switch key {
		case "constant":
			if s.Constant, err = text(at, value); err == nil && s.Constant == "" {
				err = invalid(at, "the constant is empty; give it a text, or take the attribute away with an empty source")
			}
		case "first":
			s.First, err = list(at, value, depth+1)
		case "join":
			s.Join, err = list(at, value, depth+1)
		case "lower":
			s.Lower, err = one(at, value, depth+1)
		case "match":
			s.Match, err = one(at, value, depth+1)
		case "separator":
			s.Separator, err = text(at, value)
		case "pattern":
			s.Pattern, err = text(at, value)
		default:
			err = invalid(at, "%q is nothing that a source can have; use %s", key, shapes)
		}
		if err != nil {
			return Source{}, err
		}
		if key != "separator" && key != "pattern" {
			forms = append(forms, key)
		}
	}
	if len(forms) != 1 {
		return Source{}, oneForm(field, forms)
	}
	return s, nil
}

func one(field string, raw json.RawMessage, depth int) (*Source, error) {
	s, err := decode(field, raw, depth)
	return &s, err
}

func list(field string, raw json.RawMessage, depth int) ([]Source, error) {
	var members []json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return nil, invalid(field, "this is no list of sources; write it like [\"mail\", \"userPrincipalName\"]")
	}
	sources := []Source{}
	for i, member := range members {
		s, err := decode(fmt.Sprintf("%s[%d]", field, i), member, depth)
		if err != nil {
			return nil, err
		}
		sources = append(sources, s)
	}
	return sources, nil
}

func text(field string, raw json.RawMessage) (string, error) {
	var s *string
	if err := json.Unmarshal(raw, &s); err != nil || s == nil {
		return "", invalid(field, "this is no text; write it in quotation marks")
	}
	return *s, nil
}

func tooDeep(field string) error {
	return invalid(field, "objects are nested more than %d deep here; make it flatter", maxDepth)
}

func oneForm(field string, forms []string) error {
	if len(forms) == 0 {
		return invalid(field, "the object says nothing about where the value comes from; use %s", shapes)
	}
	return invalid(field, "%s exclude each other; nest one in the other", strings.Join(forms, " and "))
}

// invalid names the field in its text too: a mapping is deep, and a command line shows only the text.
func invalid(field, format string, args ...any) error {
	return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "%s (%s)", fmt.Sprintf(format, args...), field).At(field)
}
