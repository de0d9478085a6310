package ldif

import (
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"rollcall/directory"
	"rollcall/directory/mapping"
	"rollcall/identity"
)

// see notes that an entry was read, which no other may have the id of.
func (r *reading) see(id identity.ObjectID) {
	if r.seen[id] {
		r.gap("There are two entries with the id %s.", id)
	}
	r.seen[id] = true
}

// isGroup reports whether an entry is one of the groups.
func (s *Source) isGroup(rec record) (bool, error) {
	dn, err := ldap.ParseDN(rec.DN)
	if err != nil {
		return false, &malformed{line: rec.line, text: fmt.Sprintf("%q is not a distinguished name", rec.DN)}
	}
	return s.grouped.base(dn) != none && !deleted(rec) && s.grouped.filter.matches(valuesOf(rec.Raw)), nil
}

// takeGroup takes an entry that is a group, and notes the name of any other: it may be somebody's who is in one.
func (r *reading) takeGroup(rec record) error {
	if r.names == nil {
		r.names = map[string]identity.ObjectID{}
	}
	kind := r.source.settings.Schema
	if values := valuesOf(rec.Raw)(mapping.IDAttributes[kind]); len(values) == 1 && !deleted(rec) {
		if id, ok := mapping.IDOf(kind, values[0]); ok {
			r.names[directory.DNKey(rec.DN)] = id
		}
	}
	is, err := r.source.isGroup(rec)
	if err != nil || !is {
		return err
	}
	e, rest, drop, gap := r.source.groups.Group(rec.Raw)
	switch {
	case drop:
		return nil
	case gap != "":
		r.gap("%s", gap)
		return nil
	case rest > 0:
		e.Members, e.Problem = nil, "The export has only a part of the members of "+e.DN+"; export them all, in ranges if the directory asks for it."
	}
	r.see(e.ID)
	r.snapshot.Groups = append(r.snapshot.Groups, e)
	return nil
}

// nameMembers finds out who the members of groups are, now that every entry has been seen. Whom the files do not have stays without an id.
func (r *reading) nameMembers() {
	for i := range r.snapshot.Groups {
		for k := range r.snapshot.Groups[i].Members {
			m := &r.snapshot.Groups[i].Members[k]
			if m.ID == "" {
				m.ID = r.names[directory.DNKey(m.DN)]
			}
			if r.seen[m.ID] {
				m.DN = ""
			}
		}
	}
}
