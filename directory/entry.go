package directory

import (
	"slices"
	"strings"

	"rollcall/identity"
)

// Entry is a person in a directory, mapped to our attributes.
type Entry struct {
	ID         identity.ObjectID
	DN         string
	UserName   string
	ExternalID identity.ExternalID
	Emails     []string          // the first is the primary one
	Attributes map[string]string // by attribute path, see [KnownAttribute]; what the entry lacks is not in it; nil once it is packed
	Manager    string            // the DN of the manager's entry, if the mapping owns [ManagerPath]
	Photo      *Photo            // if the connector takes photos; nil: there is none
	Disabled   bool
	Problem    string // why the entry could not be mapped, as a sentence; empty if it could

	paths  []string // of the packed attributes
	packed string   // their values, each after its length
}

// PackEntries keeps all of what entries say in one text for all of them: a reading of 100,000 people has a dozen attributes of each, and in a map
// every one of them is as large again as what it says, and a thing more for each collection of garbage to look at. paths are what the mapping owns; the
// slice is kept.
func PackEntries(entries []Entry, paths []string) {
	addresses := 0
	for i := range entries {
		addresses += len(entries[i].Emails)
	}
	emails := make([]string, 0, addresses)
	texts := make([]*string, 0, len(entries)*6+addresses)
	var values []byte
	for i := range entries {
		e := &entries[i]
		values = values[:0]
		for _, path := range paths {
			values = appendText(values, e.Attributes[path])
		}
		e.paths, e.packed, e.Attributes = paths, string(values), nil
		if e.Emails != nil {
			from := len(emails)
			emails = append(emails, e.Emails...)
			e.Emails = emails[from:len(emails):len(emails)]
		}
		texts = append(texts, (*string)(&e.ID), &e.DN, &e.UserName, (*string)(&e.ExternalID), &e.Manager, &e.packed)
		for k := range e.Emails {
			if e.Emails[k] != e.UserName {
				texts = append(texts, &e.Emails[k])
			}
		}
	}
	pack(texts)
	for i := range entries {
		e := &entries[i]
		for k := range e.Emails {
			if e.Emails[k] == e.UserName {
				e.Emails[k] = e.UserName
			}
		}
	}
}

// pack makes texts parts of a single one.
func pack(texts []*string) {
	size := 0
	for _, text := range texts {
		size += len(*text)
	}
	var b strings.Builder
	b.Grow(size)
	for _, text := range texts {
		b.WriteString(*text)
	}
	all := b.String()
	for _, text := range texts {
		n := len(*text)
		*text, all = all[:n], all[n:]
	}
}

// Attribute returns the value of an attribute; empty if the entry lacks it.
func (e *Entry) Attribute(path string) string {
	if e.paths == nil {
		return e.Attributes[path]
	}
	i := slices.Index(e.paths, path)
	if i < 0 {
		return ""
	}
	u := unpacking{rest: e.packed}
	for range i {
		u.text()
	}
	return u.text()
}
