package ldap

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"rollcall/directory"
	"rollcall/identity"
)

// idsPerSearch is how many entries are looked up at a time.
const idsPerSearch = 50

// Find looks entries up by their immutable ids, deleted ones included. Each search asks for the known entry too: one that does not
// find it proves nothing about the others.
func (s *Source) Find(ctx context.Context, ids []identity.ObjectID, known identity.ObjectID) ([]directory.Finding, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(s.settings.TotalTimeout))
	defer cancel()
	var findings []directory.Finding
	err := s.retry(ctx, func(c *connection) error {
		l := &lookUp{source: s, conn: c, known: known}
		findings = findings[:0]
		if err := l.prepare(ctx); err != nil {
			return err
		}
		for batch := range slices.Chunk(ids, idsPerSearch) {
			found, err := l.batch(ctx, batch)
			if err != nil {
				return err
			}
			findings = append(findings, found...)
		}
		return nil
	})
	if err != nil {
		return nil, s.explain(ctx, "looking up missing entries", err)
	}
	return findings, nil
}

// lookUp is one attempt at finding entries.
type lookUp struct {
	source *Source
	conn   *connection
	known  identity.ObjectID
	roots  []string // where to look: the whole naming contexts of the bases
	shows  []ldap.Control
	blind  string // what the look-up cannot see, as a sentence
}

func (l *lookUp) prepare(ctx context.Context) error {
	server, err := l.source.whoAnswers(ctx, l.conn)
	if err != nil {
		return err
	}
	if l.roots, err = l.source.roots(server); err != nil {
		return err
	}
	if l.source.settings.Kind != AD {
		return nil
	}
	l.shows = []ldap.Control{ldap.NewControlMicrosoftShowDeleted()}
	if slices.Contains(server.controls, oidShowRecycled) {
		l.shows = append(l.shows, ldap.NewControlString(oidShowRecycled, false, ""))
	}
	for _, root := range l.roots {
		// Whoever has no right to see deleted entries gets none, and no error either.
		probe := ldap.NewSearchRequest("CN=Deleted Objects,"+root, ldap.ScopeSingleLevel, ldap.NeverDerefAliases, 0, 0, false,
			"(isDeleted=TRUE)", []string{"1.1"}, append([]ldap.Control{ldap.NewControlPaging(1)}, l.shows...))
		result, err := l.conn.search(ctx, probe)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil || len(result.Entries) == 0 {
			l.blind = "The connector's account sees nothing at all in CN=Deleted Objects; it may lack the right to see what is left of a deleted entry."
		}
	}
	return nil
}

// batch looks up some ids, in every naming context.
func (l *lookUp) batch(ctx context.Context, ids []identity.ObjectID) ([]directory.Finding, error) {
	filter, err := idsFilter(l.source.settings.Kind, append(slices.Clone(ids), l.known))
	if err != nil {
		return nil, err
	}
	all := map[identity.ObjectID][]*ldap.Entry{}
	for _, root := range l.roots {
		if err := l.collect(ctx, root, filter, l.shows, all); err != nil {
			return nil, err
		}
	}
	inScope := map[identity.ObjectID][]*ldap.Entry{}
	for _, dn := range l.source.settings.BaseDNs {
		if err := l.collect(ctx, dn, "(&"+l.source.settings.Filter+filter+")", nil, inScope); err != nil {
			return nil, err
		}
	}
	if groups := l.source.settings.Groups; groups != nil {
		for _, dn := range groups.BaseDNs {
			if err := l.collect(ctx, dn, "(&"+groups.Filter+filter+")", nil, inScope); err != nil {
				return nil, err
			}
		}
	}
	findings := make([]directory.Finding, len(ids))
	for i, id := range ids {
		findings[i] = l.judge(id, all[id], len(inScope[id]) > 0, len(all[l.known]) > 0)
	}
	return findings, nil
}

// idsFilter matches the entries with these ids.
func idsFilter(kind string, ids []identity.ObjectID) (string, error) {
	var b strings.Builder
	b.WriteString("(|")
	for _, id := range ids {
		one, err := idFilter(kind, id)
		if err != nil {
			return "", err
		}
		b.WriteString(one)
	}
	b.WriteString(")")
	return b.String(), nil
}

func (l *lookUp) collect(ctx context.Context, dn, filter string, controls []ldap.Control, into map[identity.ObjectID][]*ldap.Entry) error {
	attribute := idAttributes[l.source.settings.Kind]
	result, err := l.conn.search(ctx, ldap.NewSearchRequest(dn, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
		filter, []string{attribute, attrDeleted}, controls))
	if err != nil {
		return err
	}
	for _, e := range result.Entries {
		if id, ok := idOf(l.source.settings.Kind, e.GetRawAttributeValue(attribute)); ok {
			into[id] = append(into[id], e)
		}
	}
	return nil
}

// judge says what became of one entry (DIR-18).
func (l *lookUp) judge(id identity.ObjectID, found []*ldap.Entry, inScope, knownFound bool) directory.Finding {
	f := directory.Finding{ID: id, Kind: directory.Unknown}
	switch {
	case !knownFound:
		f.Detail = "The look-up does not even find an entry that is known to exist."
	case len(found) == 0:
		f.Kind = directory.Absent
		f.Detail = "The look-up by id finds nothing, and does find an entry that is known to exist."
		switch {
		case l.blind != "":
			f.Detail += " " + l.blind
		case l.source.settings.Kind == AD:
			f.Detail += " Deleted entries are visible to the connector's account, so this one was deleted long ago, or the account lost the right to see it."
		}
	case len(found) > 1:
		f.Detail = "The look-up finds more than one entry with this id."
	case strings.EqualFold(found[0].GetAttributeValue(attrDeleted), "TRUE"):
		f.Kind, f.DN = directory.Tombstone, shownDN(found[0].DN)
		f.Detail = "The look-up by id finds the entry among the deleted ones."
	case inScope:
		f.DN = shownDN(found[0].DN)
		f.Detail = "The look-up finds the entry where it belongs, though the reading did not have it."
	default:
		f.Kind, f.DN = directory.OutOfScope, shownDN(found[0].DN)
		f.Detail = "The look-up by id finds the entry alive, outside the base DN or the filter."
	}
	return f
}

// shownDN writes the line end in the name of a deleted entry the way RFC 4514 does.
func shownDN(dn string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(dn, "�"), "\n", `\0A`)
}
