package ldap

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/go-ldap/ldap/v3"

	"rollcall/directory"
	"rollcall/directory/mapping"
	"rollcall/directory/photos"
	"rollcall/identity"
)

const (
	attempts      = 3
	maxEmptyPages = 100 // in a row, with a cookie: a server may skip what an account cannot see
	maxGaps       = 20  // that are named
)

// Source reads one directory. It opens a connection for every reading, so it may be kept; photos of its readings it has until it is closed.
type Source struct {
	*photos.Album
	settings Settings
	decoder  *decoder
	groups   *mapping.GroupMapper // nil: groups are not read
	now      func() time.Time
	resolver Resolver
	anywhere bool                     // private addresses too, see [Settings.PublicOnly]
	answered atomic.Pointer[endpoint] // whom the last reading came from
}

// Open checks the settings and returns a source. Nothing is sent yet: an unreachable directory shows at the first reading. now
// tells the time of readings.
func Open(s Settings, now func() time.Time) (*Source, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	s = s.WithDefaults()
	album := &photos.Album{}
	source := &Source{Album: album, settings: s, decoder: newDecoder(s, album), now: now, resolver: net.DefaultResolver}
	if s.Groups != nil {
		source.groups = mapping.NewGroupMapper(s.Kind, *s.Groups)
	}
	return source, nil
}

// WithResolver returns a source that asks another DNS than the machine's for the servers of a domain.
func (s *Source) WithResolver(r Resolver) *Source {
	return &Source{Album: s.Album, settings: s.settings, decoder: s.decoder, groups: s.groups, now: s.now, resolver: r, anywhere: s.anywhere}
}

// Snapshot reads every entry below the base DNs that matches the filter. When a connection breaks, or a server is busy, the next
// server is read from the beginning; a part of an answer is never kept, and all of it comes from one server.
func (s *Source) Snapshot(ctx context.Context, progress directory.Progress) (directory.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(s.settings.TotalTimeout))
	defer cancel()
	var snapshot directory.Snapshot
	s.answered.Store(nil)
	err := s.retry(ctx, func(c *connection) error {
		r := &reading{source: s, conn: c, progress: progress, seen: map[identity.ObjectID]bool{}}
		err := r.run(ctx)
		if err == nil {
			snapshot = r.snapshot
			s.prefer(c.server)
		}
		return err
	})
	if err != nil {
		return directory.Snapshot{}, s.explain(ctx, "reading the directory", err)
	}
	return snapshot, nil
}

// reading is one attempt at a snapshot.
type reading struct {
	source   *Source
	conn     *connection
	progress directory.Progress
	server   server
	seen     map[identity.ObjectID]bool
	people   map[string]identity.ObjectID // of the entries, by the keys of their names; nil: not needed yet
	parts    []int                        // places of groups that did not come with all of their members
	gaps     int
	snapshot directory.Snapshot
}

func (r *reading) run(ctx context.Context) error {
	return r.between(ctx, func() error {
		start, err := r.source.startCursor(ctx, r.conn, r.server)
		if err != nil {
			return err
		}
		if r.snapshot.Cursor, err = start.encode(); err != nil {
			return err
		}
		settings := r.source.settings
		for _, dn := range settings.BaseDNs {
			if err := r.readBase(ctx, sweep{dn: dn, filter: settings.Filter, attributes: r.source.decoder.wanted, page: settings.PageSize, take: r.decode}); err != nil {
				return err
			}
		}
		return r.readGroups(ctx)
	})
}

// between reads between two looks at who answers: the same server has to, from beginning to end.
func (r *reading) between(ctx context.Context, read func() error) error {
	var err error
	// Who answers is read before the search, so that what changes during it is not taken for seen.
	if r.server, err = r.source.whoAnswers(ctx, r.conn); err != nil {
		return err
	}
	r.snapshot = directory.Snapshot{Owns: r.source.decoder.mapper.Owns(), Photos: r.source.decoder.mapper.TakesPhotos(), Server: r.server.name, InvocationID: r.server.invocationID,
		HighestUSN: r.server.highestUSN, ReadAt: r.source.now(), MembersByName: r.source.settings.Kind != AD}
	if err := read(); err != nil {
		return err
	}
	after, err := r.source.whoAnswers(ctx, r.conn)
	if err != nil {
		return err
	}
	if !r.server.same(after) {
		r.gap("The server changed while it was read: %s answered first, %s last.", r.server.name, after.name)
	}
	if more := r.gaps - len(r.snapshot.Gaps); more > 0 {
		r.snapshot.Gaps = append(r.snapshot.Gaps, fmt.Sprintf("And %d more.", more))
	}
	r.snapshot.Complete = r.gaps == 0
	return nil
}

func (r *reading) gap(format string, args ...any) {
	if r.gaps++; r.gaps <= maxGaps {
		r.snapshot.Gaps = append(r.snapshot.Gaps, fmt.Sprintf(format, args...))
	}
}

// sweep is what is read below one base DN.
type sweep struct {
	dn, filter string
	attributes []string
	controls   []ldap.Control
	page       int // entries at a time
	take       func([]*ldap.Entry)
}

// readBase reads everything below one base DN.
func (r *reading) readBase(ctx context.Context, w sweep) error {
	// A base that is not there must not look like one without people.
	if found, err := r.conn.search(ctx, base(w.dn, "(objectClass=*)", "1.1")); err != nil {
		return err
	} else if len(found.Entries) != 1 {
		return &ldap.Error{ResultCode: ldap.LDAPResultNoSuchObject, Err: fmt.Errorf("the base %q was not returned", w.dn)}
	}
	return r.readSweep(ctx, w)
}

// readSweep reads page by page (RFC 2696), and as many entries at a time as the server gives. The pages are decoded beside the reading of the next one.
func (r *reading) readSweep(ctx context.Context, w sweep) error {
	pages := make(chan []*ldap.Entry, 1)
	decoded := make(chan struct{})
	go func() {
		defer close(decoded)
		for page := range pages {
			w.take(page)
		}
	}()
	gaps, err := r.readPages(ctx, w, pages)
	close(pages)
	<-decoded
	// What went wrong with the whole answer explains what went wrong with its entries.
	r.gaps += len(gaps)
	r.snapshot.Gaps = append(gaps, r.snapshot.Gaps...)
	return err
}

// readPages returns what is missing from the proof that everything was read.
func (r *reading) readPages(ctx context.Context, w sweep, pages chan<- []*ldap.Entry) (gaps []string, err error) {
	dn := w.dn
	seen := map[string]bool{} // pages, by their cookie and first entry: Samba sends one cookie with every page
	paging := ldap.NewControlPaging(uint32(w.page))
	for number, empty := 1, 0; ; number++ {
		result, err := r.conn.search(ctx, ldap.NewSearchRequest(dn, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
			w.filter, w.attributes, append([]ldap.Control{paging}, w.controls...)))
		if err != nil {
			return nil, err
		}
		pages <- result.Entries
		for _, referral := range result.Referrals {
			if !r.source.harmless(referral, r.server) {
				gaps = append(gaps, fmt.Sprintf("The server refers to %q for a part of %s; give that part a connector of its own, or name the referral in ignoreReferrals if it holds none of the people.", referral, dn))
			}
		}
		control, ok := ldap.FindControl(result.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
		if !ok {
			return append(gaps, fmt.Sprintf("Page %d of %s came without the paging control, so nobody can tell whether more was to come.", number, dn)), nil
		}
		if len(control.Cookie) == 0 {
			return gaps, nil
		}
		mark := string(control.Cookie)
		if empty++; len(result.Entries) > 0 {
			mark += "\x00" + result.Entries[0].DN
			empty = 0
		}
		if empty > maxEmptyPages || empty == 0 && seen[mark] {
			return append(gaps, fmt.Sprintf("The server goes round in circles at page %d of %s.", number, dn)), nil
		}
		seen[mark] = true
		paging = ldap.NewControlPaging(uint32(w.page))
		paging.SetCookie(control.Cookie)
	}
}

func (r *reading) decode(page []*ldap.Entry) {
	from := len(r.snapshot.Entries)
	for _, raw := range page {
		e, drop, gap := r.source.decoder.decode(raw)
		switch {
		case drop:
		case gap != "":
			r.gap("%s", gap)
		default:
			r.snapshot.Entries = append(r.snapshot.Entries, e)
		}
	}
	entries := r.snapshot.Entries[from:]
	directory.PackEntries(entries, r.source.decoder.mapper.Owns())
	for i := range entries {
		if id := entries[i].ID; r.seen[id] {
			r.gap("The server returned two entries with the id %s.", id)
		}
		r.seen[entries[i].ID] = true
	}
	if r.progress != nil {
		r.progress("reading the directory", len(r.snapshot.Entries), 0)
	}
}
