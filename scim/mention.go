package scim

import (
	"slices"

	"rollcall/identity"
	"rollcall/scim/filter"
)

// mentions is what the stored document of a resource has in it if a comparison holds; empty if it need not have anything. Documents are
// canonical JSON, so attributes are spelt as in the schema, and plain characters stand for themselves.
func (x *index) mentions(n *filter.Compare) identity.Mentions {
	attr, sub := x.resolve(n.Path)
	if attr == nil || !attr.stored() || n.Op == filter.Ne || n.Op == filter.Eq && n.Value.Kind == filter.Null {
		return "" // what is absent differs from everything and is equal to null
	}
	of := attr
	switch {
	case sub != nil:
		of = sub
	case attr.Type == filter.TypeComplex && n.Op != filter.Pr:
		of = attr.sub("value")
	}
	if of == nil || !of.writable() {
		return ""
	}
	if n.Value.Kind == filter.String && (of.Type == filter.TypeString || of.Type == filter.TypeReference) {
		if m := mentioned(n.Op, n.Value.Text, of.Fold); m != "" {
			return m
		}
	}
	return identity.Mentions(`"` + of.Name + `":`)
}

// stored reports whether the values of an attribute are surely in the stored document, and not told from something else.
func (a *attribute) stored() bool {
	own := a.Container == "" && slices.Contains([]string{"schemas", "externalId", "userName", "active", "emails"}, a.Name)
	return a.writable() && !a.Hidden && !own
}

// mentioned is what every text has in it that compares so with another: all of the text, in quotes, or its longest part that JSON has no
// other way to write.
func mentioned(op filter.Op, text string, fold func(string) string) identity.Mentions {
	if fold != nil {
		text = fold(text)
	}
	longest, begin := "", 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && isPlain(text[i]) {
			continue
		}
		if part := text[begin:i]; len(part) > len(longest) {
			longest = part
		}
		begin = i + 1
	}
	switch {
	case op != filter.Eq && op != filter.Co && op != filter.Sw && op != filter.Ew || longest == "":
		return ""
	case op == filter.Eq && longest == text:
		longest = `"` + text + `"`
	}
	return identity.Mentions(longest)
}

// isPlain reports whether a character stands for itself in canonical JSON.
func isPlain(b byte) bool { return ' ' <= b && b <= '~' && b != '"' && b != '\\' }
