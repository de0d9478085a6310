package directory

import (
	"slices"
	"strings"
	"unicode/utf8"

	"rollcall/identity"
)

// renderer writes the profile that attributes alone make, in canonical form. Most people are as they should be, and comparing
// two texts tells that for a fraction of what decoding a profile costs.
type renderer []field

// field is one member of a JSON object: a text, an object, or a list of objects of different types.
type field struct {
	name   string
	path   string // of a text
	fixed  string // of the member that says the type of an element
	object renderer
	list   []renderer
}

// newRenderer returns the renderer for what a mapping owns, sorted.
func newRenderer(owned []string) renderer {
	var root renderer
	for _, path := range owned {
		if place, ok := plain[path]; ok {
			root.add(place, path)
		} else if list, kind, sub, ok := listPlace(path); ok {
			f := root.member(list)
			i := slices.IndexFunc(f.list, func(r renderer) bool { return r.member("type").fixed == kind })
			if i < 0 {
				f.list = append(f.list, renderer{{name: "type", fixed: kind}})
				i = len(f.list) - 1
			}
			f.list[i].member(sub).path = path
		}
	}
	root.sort()
	return root
}

func (r *renderer) add(place []string, path string) {
	f := r.member(place[0])
	if len(place) == 1 {
		f.path = path
		return
	}
	f.object.add(place[1:], path)
}

// member returns the field of a name, which is added if it is not there.
func (r *renderer) member(name string) *field {
	i := slices.IndexFunc(*r, func(f field) bool { return f.name == name })
	if i < 0 {
		*r = append(*r, field{name: name})
		i = len(*r) - 1
	}
	return &(*r)[i]
}

func (r renderer) sort() {
	slices.SortFunc(r, func(a, b field) int { return strings.Compare(a.name, b.name) })
	for _, f := range r {
		f.object.sort()
		for _, element := range f.list {
			element.sort()
		}
	}
}

// of returns the profile that the attributes alone make; sure is false if a text would have to be escaped.
func (r renderer) of(attributes texts) (p identity.Profile, sure bool) {
	b, any, sure := r.appendTo(make([]byte, 0, 256), attributes)
	if !any {
		return "", sure
	}
	return identity.Profile(b), sure
}

// makes reports whether the attributes alone make this profile. When in doubt it says no.
func (r renderer) makes(p identity.Profile, attributes texts) bool {
	b, any, sure := r.appendTo(make([]byte, 0, len(p)+64), attributes)
	if !any {
		return sure && p == ""
	}
	return sure && string(b) == string(p)
}

// appendTo appends the object. any is false if there is nothing in it, sure if a text would have to be escaped.
func (r renderer) appendTo(b []byte, attributes texts) (out []byte, any, sure bool) {
	b = append(b, '{')
	for _, f := range r {
		before := len(b)
		if b[before-1] != '{' {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), f.name...), `":`...)
		var there, plainly bool
		if b, there, plainly = f.appendTo(b, attributes); !plainly {
			return b, false, false
		}
		if !there {
			b = b[:before]
		} else if f.fixed == "" {
			any = true
		}
	}
	return append(b, '}'), any, true
}

func (f field) appendTo(b []byte, attributes texts) (out []byte, any, sure bool) {
	switch {
	case f.object != nil:
		return f.object.appendTo(b, attributes)
	case f.list != nil:
		b = append(b, '[')
		for _, element := range f.list {
			before := len(b)
			if any {
				b = append(b, ',')
			}
			var there, plainly bool
			if b, there, plainly = element.appendTo(b, attributes); !plainly {
				return b, false, false
			}
			if !there {
				b = b[:before]
			}
			any = any || there
		}
		return append(b, ']'), any, true
	}
	text := f.fixed
	if text == "" {
		text = attributes.at(f.path)
	}
	if !spelledPlainly(text) {
		return b, false, false
	}
	return append(append(append(b, '"'), text...), '"'), text != "", true
}

// spelledPlainly reports whether encoding/json writes a text as it is.
func spelledPlainly(text string) bool {
	ascii := true
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ', c == '"', c == '\\':
			return false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return ascii || utf8.ValidString(text) && !strings.ContainsAny(text, "\u2028\u2029")
}
