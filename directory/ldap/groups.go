package ldap

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"rollcall/directory"
	"rollcall/directory/mapping"
	"rollcall/identity"
)

// oidExtendedDN asks for names with the immutable id in front (MS-ADTS 3.1.1.3.4.1.5).
const oidExtendedDN = "1.2.840.113556.1.4.529"

const (
	groupPage  = 100 // groups in one answer at most: each may have many members
	rangeTries = 3   // to read the members of a group that does not stand still
)

// extendedDN is the control with ids as text.
type extendedDN struct{}

func (extendedDN) GetControlType() string { return oidExtendedDN }
func (extendedDN) String() string         { return "extended DN" }

func (extendedDN) Encode() *ber.Packet {
	packet := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "Control")
	packet.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, oidExtendedDN, "Control Type"))
	packet.AppendChild(ber.NewBoolean(ber.ClassUniversal, ber.TypePrimitive, ber.TagBoolean, true, "Criticality"))
	value := ber.Encode(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, nil, "Control Value")
	flags := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "Flags")
	flags.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 1, "Option"))
	value.AppendChild(flags)
	packet.AppendChild(value)
	return packet
}

// groupControls are those that groups are read with.
func (s *Source) groupControls() []ldap.Control {
	if s.settings.Kind == AD {
		return []ldap.Control{extendedDN{}}
	}
	return nil
}

// readGroups reads all groups in scope with their members.
func (r *reading) readGroups(ctx context.Context) error {
	s := r.source
	if s.settings.Groups == nil {
		return nil
	}
	for _, dn := range s.settings.Groups.BaseDNs {
		if err := r.readBase(ctx, sweep{dn: dn, filter: s.settings.Groups.Filter, attributes: s.groups.Wanted(), controls: s.groupControls(),
			page: min(s.settings.PageSize, groupPage), take: r.decodeGroups}); err != nil {
			return err
		}
	}
	return r.completeGroups(ctx)
}

// readSomeGroups reads those of the given entries that are groups in scope.
func (r *reading) readSomeGroups(ctx context.Context, ids []identity.ObjectID) error {
	s := r.source
	for batch := range slices.Chunk(ids, idsPerSearch) {
		filter, err := idsFilter(s.settings.Kind, batch)
		if err != nil {
			return err
		}
		for _, dn := range s.settings.Groups.BaseDNs {
			if err := r.readSweep(ctx, sweep{dn: dn, filter: "(&" + s.settings.Groups.Filter + filter + ")", attributes: s.groups.Wanted(),
				controls: s.groupControls(), page: min(s.settings.PageSize, groupPage), take: r.decodeGroups}); err != nil {
				return err
			}
		}
	}
	return r.completeGroups(ctx)
}

func (r *reading) decodeGroups(page []*ldap.Entry) {
	for _, raw := range page {
		e, rest, drop, gap := r.source.groups.Group(rawOf(raw))
		switch {
		case drop:
		case gap != "":
			r.gap("%s", gap)
		case r.seen[e.ID]:
			r.gap("The server returned two entries with the id %s.", e.ID)
		default:
			r.seen[e.ID] = true
			r.namePeople(&e)
			if r.snapshot.Groups = append(r.snapshot.Groups, e); rest > 0 {
				r.parts = append(r.parts, len(r.snapshot.Groups)-1)
			}
		}
	}
	if r.progress != nil {
		r.progress("reading the groups", len(r.snapshot.Groups), 0)
	}
}

// completeGroups reads the members that did not come with their groups, and finds out who members are that only a name tells.
func (r *reading) completeGroups(ctx context.Context) error {
	for _, at := range r.parts {
		if err := r.readMembers(ctx, &r.snapshot.Groups[at]); err != nil {
			return err
		}
		r.namePeople(&r.snapshot.Groups[at])
	}
	return r.nameMembers(ctx)
}

// readMembers reads the members of a group of which the server did not send all at once, from the first one on. If the group changes
// meanwhile, values may have moved to parts that were read already: then all of them are read again, and a group that never stands still
// is left as it is.
func (r *reading) readMembers(ctx context.Context, g *directory.GroupEntry) error {
	for range rangeTries {
		g.Members = nil
		before, err := r.groupState(ctx, g.ID)
		if err != nil {
			return err
		}
		complete, from := true, 0
		for complete {
			if from, complete, err = r.readRange(ctx, g, from); err != nil {
				return err
			}
			if from == 0 {
				break
			}
		}
		after, err := r.groupState(ctx, g.ID)
		if err != nil {
			return err
		}
		if complete && before != "" && before == after {
			return nil
		}
	}
	g.Members = nil
	g.Problem = fmt.Sprintf("The members of %s changed while they were read, or the server did not send all of them; the group stays as it was.", g.DN)
	return nil
}

// groupState tells one state of a group from the next; empty if the server does not tell.
func (r *reading) groupState(ctx context.Context, id identity.ObjectID) (string, error) {
	found, err := r.conn.search(ctx, base("<GUID="+string(id)+">", "(objectClass=*)", attrUSN))
	switch {
	case err != nil && answered(err):
		return "", nil
	case err != nil || len(found.Entries) != 1:
		return "", err
	}
	return found.Entries[0].GetAttributeValue(attrUSN), nil
}

// readRange reads the members of a group from a place on. next is where they go on; 0: that was the end. Without an answer that
// begins where it was asked for, complete is false.
func (r *reading) readRange(ctx context.Context, g *directory.GroupEntry, from int) (next int, complete bool, err error) {
	for _, attribute := range mapping.MemberAttributes[AD] {
		request := base("<GUID="+string(g.ID)+">", "(objectClass=*)", fmt.Sprintf("%s;range=%d-*", attribute, from))
		request.Controls = r.source.groupControls()
		found, err := r.conn.search(ctx, request)
		switch {
		case err != nil && answered(err):
			return 0, false, nil
		case err != nil:
			return 0, false, err
		case len(found.Entries) != 1:
			return 0, false, nil
		}
		for _, a := range found.Entries[0].Attributes {
			name, option, _ := strings.Cut(strings.ToLower(a.Name), ";")
			if name != attribute || !strings.HasPrefix(option, fmt.Sprintf("range=%d-", from)) {
				continue
			}
			g.Members = append(g.Members, mapping.MembersOf(a.ByteValues)...)
			if next = mapping.RestOf(option); next > 0 && len(a.ByteValues) != next-from {
				return 0, false, nil
			}
			return next, true, nil
		}
	}
	return 0, false, nil
}

// namePeople finds out which of the people who were read are members of a group of whom only a name is known. It runs beside the reading of the
// next groups. What was read already needs no name any more.
func (r *reading) namePeople(g *directory.GroupEntry) {
	for k := range g.Members {
		m := &g.Members[k]
		if m.ID == "" {
			if r.people == nil {
				r.people = make(map[string]identity.ObjectID, len(r.snapshot.Entries))
				for i := range r.snapshot.Entries {
					r.people[directory.DNKey(r.snapshot.Entries[i].DN)] = r.snapshot.Entries[i].ID
				}
			}
			m.ID = r.people[directory.DNKey(m.DN)]
		}
		if m.ID != "" && r.seen[m.ID] {
			m.DN = ""
		}
	}
}

// nameMembers finds out who the members are of whom only a name is known and who are none of the people who were read: among the groups that
// were, or else by asking for each. Whom the server does not have stays without an id.
func (r *reading) nameMembers(ctx context.Context) error {
	groups, asked := map[string]identity.ObjectID{}, map[string]identity.ObjectID{}
	for i := range r.snapshot.Groups {
		groups[directory.DNKey(r.snapshot.Groups[i].DN)] = r.snapshot.Groups[i].ID
	}
	for i := range r.snapshot.Groups {
		for k := range r.snapshot.Groups[i].Members {
			m := &r.snapshot.Groups[i].Members[k]
			if m.ID == "" {
				if err := r.nameMember(ctx, m, groups, asked); err != nil {
					return err
				}
			}
			if m.DN != "" && r.seen[m.ID] {
				m.DN = ""
			}
		}
	}
	return nil
}

func (r *reading) nameMember(ctx context.Context, m *directory.GroupMember, byName, asked map[string]identity.ObjectID) error {
	key := directory.DNKey(m.DN)
	id, known := byName[key]
	if !known {
		id, known = asked[key]
	}
	if !known {
		var err error
		if id, err = r.source.idNamed(ctx, r.conn, m.DN); err != nil {
			return err
		}
		asked[key] = id
	}
	m.ID = id
	return nil
}

// idNamed returns the id of the entry with a name; none if the server has no such entry, or does not show it.
func (s *Source) idNamed(ctx context.Context, c *connection, dn string) (identity.ObjectID, error) {
	attribute := idAttributes[s.settings.Kind]
	result, err := c.search(ctx, base(dn, "(objectClass=*)", attribute))
	switch {
	case ldap.IsErrorAnyOf(err, ldap.LDAPResultNoSuchObject, ldap.LDAPResultReferral, ldap.LDAPResultInvalidDNSyntax, ldap.LDAPResultInsufficientAccessRights):
		return "", nil // nobody whom this server knows
	case err != nil:
		return "", err
	case len(result.Entries) != 1:
		return "", nil
	}
	id, _ := idOf(s.settings.Kind, result.Entries[0].GetRawAttributeValue(attribute))
	return id, nil
}

// Groups reads those of the given entries that are groups in scope, or all groups in scope if ids is nil, from the server that told of
// changes.
func (s *Source) Groups(ctx context.Context, ids []identity.ObjectID) (directory.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, s.settings.total())
	defer cancel()
	var snapshot directory.Snapshot
	err := s.retryThere(ctx, func(c *connection) error {
		r := &reading{source: s, conn: c, seen: map[identity.ObjectID]bool{}}
		err := r.between(ctx, func() error {
			if ids == nil {
				return r.readGroups(ctx)
			}
			return r.readSomeGroups(ctx, ids)
		})
		snapshot = r.snapshot
		return err
	})
	if err != nil {
		return directory.Snapshot{}, s.explain(ctx, "reading the groups", err)
	}
	return snapshot, nil
}

// GroupsWith finds the groups in scope that have one of the entries with these names as a direct member.
func (s *Source) GroupsWith(ctx context.Context, dns []string) ([]identity.ObjectID, error) {
	return s.idsNaming(ctx, "asking for the groups of somebody", s.settings.Groups.BaseDNs, s.settings.Groups.Filter, mapping.MemberAttributes[s.settings.Kind], dns)
}

// idsNaming returns the ids of the entries below the bases that a filter lets through and that have one of these names in one of these attributes. It
// asks the server that told of changes.
func (s *Source) idsNaming(ctx context.Context, doing string, bases []string, filter string, attributes, dns []string) ([]identity.ObjectID, error) {
	ctx, cancel := context.WithTimeout(ctx, s.settings.total())
	defer cancel()
	found := map[identity.ObjectID]bool{}
	err := s.retryThere(ctx, func(c *connection) error {
		clear(found)
		for batch := range slices.Chunk(dns, idsPerSearch) {
			for _, dn := range bases {
				if err := s.collect(ctx, c, dn, naming(filter, attributes, batch), found); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, s.explain(ctx, doing, err)
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// naming is a filter for those of the entries of another one that have one of these names in one of these attributes.
func naming(filter string, attributes, dns []string) string {
	var b strings.Builder
	b.WriteString("(&" + filter + "(|")
	for _, dn := range dns {
		for _, attribute := range attributes {
			b.WriteString("(" + attribute + "=" + ldap.EscapeFilter(dn) + ")")
		}
	}
	b.WriteString("))")
	return b.String()
}

// collect adds the ids of what a search finds.
func (s *Source) collect(ctx context.Context, c *connection, dn, filter string, into map[identity.ObjectID]bool) error {
	attribute := idAttributes[s.settings.Kind]
	paging := ldap.NewControlPaging(uint32(s.settings.PageSize))
	for {
		result, err := c.search(ctx, ldap.NewSearchRequest(dn, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, filter,
			[]string{attribute}, []ldap.Control{paging}))
		if err != nil {
			return err
		}
		for _, e := range result.Entries {
			if id, ok := idOf(s.settings.Kind, e.GetRawAttributeValue(attribute)); ok {
				into[id] = true
			}
		}
		control, ok := ldap.FindControl(result.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
		if !ok || len(control.Cookie) == 0 {
			return nil
		}
		paging = ldap.NewControlPaging(uint32(s.settings.PageSize))
		paging.SetCookie(control.Cookie)
	}
}

var _ directory.GroupSource = (*Source)(nil)
