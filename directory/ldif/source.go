package ldif

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"

	"rollcall/directory"
	"rollcall/directory/mapping"
	"rollcall/directory/photos"
	"rollcall/identity"
)

const (
	maxGaps     = 20  // that are named
	toldEvery   = 500 // entries
	attrDeleted = "isDeleted"
)

// Source reads one directory out of its files. Photos of its readings it has until it is closed.
type Source struct {
	*photos.Album
	settings Settings
	scope    scope
	mapper   *mapping.Mapper
	grouped  scope
	groups   *mapping.GroupMapper // nil: groups are not read
	now      func() time.Time

	mu   sync.Mutex
	read []state // the files as the last snapshot found them
}

// Open checks the settings and returns a source. now tells the time of readings.
func Open(s Settings, now func() time.Time) (*Source, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	s = s.WithDefaults()
	c, err := scopeOf(s)
	if err != nil {
		return nil, err
	}
	source := &Source{Album: &photos.Album{}, settings: s, scope: c, mapper: mapping.New(s.Schema, s.Mapping, s.MaxEntryBytes), now: now}
	source.mapper.TakePhotos(s.Photos, source.Album)
	if source.grouped, err = groupScopeOf(s); err != nil {
		return nil, err
	}
	if s.Groups != nil {
		source.groups = mapping.NewGroupMapper(s.Schema, *s.Groups)
	}
	return source, nil
}

// OpenConnector is [Open] for a stored connector: what a [directory.Syncer] wants.
func OpenConnector(now func() time.Time) directory.Open {
	return func(_ context.Context, c identity.Connector) (directory.Source, error) {
		s, err := ParseSettings(c.Settings)
		if err != nil {
			return nil, err
		}
		return Open(s, now)
	}
}

var _ directory.PhotoSource = (*Source)(nil)

// Snapshot reads every entry below the base DNs that matches the filter.
func (s *Source) Snapshot(ctx context.Context, progress directory.Progress) (directory.Snapshot, error) {
	r := &reading{source: s, progress: progress, seen: map[identity.ObjectID]bool{}, bases: make([]bool, len(s.scope.bases))}
	r.snapshot = directory.Snapshot{Owns: s.mapper.Owns(), Photos: s.mapper.TakesPhotos(), Server: s.settings.Path, ReadAt: s.now()}
	states, err := s.scan(ctx, r.take)
	if err != nil {
		return directory.Snapshot{}, err
	}
	for i, there := range r.bases {
		// A base that is not there must not look like one without people.
		if !there {
			return directory.Snapshot{}, unreadable("nothing in %s is at or below the base DN %s; check the base DN, and that the export has that part of the directory",
				s.settings.Path, s.settings.BaseDNs[i])
		}
	}
	r.nameMembers()
	if more := r.gaps - len(r.snapshot.Gaps); more > 0 {
		r.snapshot.Gaps = append(r.snapshot.Gaps, fmt.Sprintf("And %d more.", more))
	}
	r.snapshot.Complete = r.gaps == 0
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = states
	return r.snapshot, nil
}

// reading is one snapshot on its way.
type reading struct {
	source   *Source
	progress directory.Progress
	seen     map[identity.ObjectID]bool
	bases    []bool                       // that something is at or below
	names    map[string]identity.ObjectID // of all entries, by name, if there are groups to find their members for
	gaps     int
	snapshot directory.Snapshot
}

func (r *reading) gap(format string, args ...any) {
	if r.gaps++; r.gaps <= maxGaps {
		r.snapshot.Gaps = append(r.snapshot.Gaps, fmt.Sprintf(format, args...))
	}
}

func (r *reading) take(rec record) error {
	if rec.referral != "" {
		if !r.source.harmless(rec.referral) {
			r.gap("The export says that a part of the directory is elsewhere (%s, line %d); export that part, too.", rec.referral, rec.line)
		}
		return nil
	}
	in, base, err := r.source.inScope(rec)
	if err != nil {
		return err
	}
	if base != none {
		r.bases[base] = true
	}
	if r.source.groups != nil {
		if err := r.takeGroup(rec); err != nil {
			return err
		}
	}
	if !in {
		return nil
	}
	e, drop, gap := r.source.mapper.Entry(rec.Raw)
	switch {
	case drop:
	case gap != "":
		r.gap("%s", gap)
	default:
		r.see(e.ID)
		r.snapshot.Entries = append(r.snapshot.Entries, e)
		directory.PackEntries(r.snapshot.Entries[len(r.snapshot.Entries)-1:], r.source.mapper.Owns())
	}
	if n := len(r.snapshot.Entries); r.progress != nil && n%toldEvery == 0 {
		r.progress("reading the files", n, 0)
	}
	return nil
}

// inScope reports whether an entry is one of the people, and which base it is at or below.
func (s *Source) inScope(rec record) (in bool, base int, err error) {
	dn, err := ldap.ParseDN(rec.DN)
	if err != nil {
		return false, none, &malformed{line: rec.line, text: fmt.Sprintf("%q is not a distinguished name", rec.DN)}
	}
	base = s.scope.base(dn)
	values := valuesOf(rec.Raw)
	return base != none && !deleted(rec) && s.scope.filter.matches(values), base, nil
}

// deleted reports whether a record is what is left of a deleted entry.
func deleted(rec record) bool {
	values := valuesOf(rec.Raw)(attrDeleted)
	return len(values) > 0 && strings.EqualFold(string(values[0]), "TRUE")
}

// harmless reports whether a referral leads to a partition of AD that holds no people; every search of a domain's root returns them
// (MS-ADTS 3.1.1.3.1.3.4).
func (s *Source) harmless(referral string) bool {
	u, err := url.Parse(referral)
	if err != nil || s.settings.Schema != mapping.AD {
		return false
	}
	dn, err := ldap.ParseDN(strings.TrimPrefix(u.Path, "/"))
	if err != nil || len(dn.RDNs) == 0 || slices.ContainsFunc(s.scope.bases, func(base *ldap.DN) bool { return below(base, dn) }) {
		return false
	}
	first := dn.RDNs[0].Attributes[0]
	switch strings.ToLower(first.Type + "=" + first.Value) {
	case "cn=configuration", "dc=forestdnszones", "dc=domaindnszones":
		return true
	}
	return false
}

// Find looks entries up by their immutable ids in the same files, deleted ones included (DIR-18). If the files are not those of the
// snapshot any more, nothing is found out.
func (s *Source) Find(ctx context.Context, ids []identity.ObjectID, known identity.ObjectID) ([]directory.Finding, error) {
	wanted := make(map[identity.ObjectID][]found, len(ids)+1)
	for _, id := range append(slices.Clone(ids), known) {
		wanted[id] = nil
	}
	attribute := mapping.IDAttributes[s.settings.Schema]
	states, err := s.scan(ctx, func(rec record) error {
		values := valuesOf(rec.Raw)(attribute)
		if len(values) != 1 {
			return nil
		}
		id, ok := mapping.IDOf(s.settings.Schema, values[0])
		if _, asked := wanted[id]; !ok || !asked {
			return nil
		}
		in, _, err := s.inScope(rec)
		if !in && s.groups != nil && err == nil {
			in, err = s.isGroup(rec)
		}
		wanted[id] = append(wanted[id], found{dn: rec.DN, deleted: deleted(rec), inScope: in})
		return err
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read != nil && !slices.Equal(s.read, states) {
		return nil, unreadable("the files in %s changed after they were read; plan again once the export is done", s.settings.Path)
	}
	findings := make([]directory.Finding, len(ids))
	for i, id := range ids {
		findings[i] = judge(id, wanted[id], len(wanted[known]) > 0)
	}
	return findings, nil
}

// found is an entry that was looked up.
type found struct {
	dn      string
	deleted bool
	inScope bool
}

// judge says what became of one entry (DIR-18).
func judge(id identity.ObjectID, list []found, knownFound bool) directory.Finding {
	f := directory.Finding{ID: id, Kind: directory.Unknown}
	if len(list) == 1 {
		f.DN = strings.ReplaceAll(strings.ToValidUTF8(list[0].dn, "�"), "\n", `\0A`)
	}
	switch {
	case !knownFound:
		f.Detail = "The look-up does not even find an entry that is known to exist."
	case len(list) == 0:
		f.Kind = directory.Absent
		f.Detail = "The files hold no entry with this id, and do hold one that is known to exist."
	case len(list) > 1:
		f.Detail = "The files hold more than one entry with this id."
	case list[0].deleted:
		f.Kind = directory.Tombstone
		f.Detail = "The files hold what is left of the deleted entry."
	case list[0].inScope:
		f.Detail = "The files hold the entry where it belongs, though the reading did not have it."
	default:
		f.Kind = directory.OutOfScope
		f.Detail = "The files hold the entry, outside the base DN or the filter."
	}
	return f
}
