package ldap

import (
	"context"
	"slices"
	"time"

	"rollcall/directory"
	"rollcall/identity"
)

// Entries reads those of the given entries that are below the base DNs and match the filter. The server that told of their changes is
// asked, and no other: another one may not have heard of them yet, and they would never be told of again.
func (s *Source) Entries(ctx context.Context, ids []identity.ObjectID) (directory.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, s.settings.total())
	defer cancel()
	var snapshot directory.Snapshot
	err := s.retryThere(ctx, func(c *connection) error {
		r := &reading{source: s, conn: c, seen: map[identity.ObjectID]bool{}}
		err := r.readEntries(ctx, ids)
		snapshot = r.snapshot
		return err
	})
	if err != nil {
		return directory.Snapshot{}, s.explain(ctx, "reading what changed", err)
	}
	return snapshot, nil
}

func (r *reading) readEntries(ctx context.Context, ids []identity.ObjectID) error {
	return r.between(ctx, func() error {
		settings := r.source.settings
		for batch := range slices.Chunk(ids, idsPerSearch) {
			filter, err := idsFilter(settings.Kind, batch)
			if err != nil {
				return err
			}
			for _, dn := range settings.BaseDNs {
				if err := r.readSweep(ctx, sweep{dn: dn, filter: "(&" + settings.Filter + filter + ")", attributes: r.source.decoder.wanted,
					page: settings.PageSize, take: r.decode}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// total is how long one reading may take with its retries.
func (s Settings) total() time.Duration { return time.Duration(s.TotalTimeout) }

// Named finds the entries that have these names, wherever the server that told of changes has them. A name that another one does not know yet would
// be nobody's, and whoever has that manager would lose them without being told of again.
func (s *Source) Named(ctx context.Context, dns []string) (map[string]identity.ObjectID, error) {
	ctx, cancel := context.WithTimeout(ctx, s.settings.total())
	defer cancel()
	named := map[string]identity.ObjectID{}
	err := s.retryThere(ctx, func(c *connection) error {
		clear(named)
		for _, dn := range dns {
			id, err := s.idNamed(ctx, c, dn)
			if err != nil {
				return err
			}
			if id != "" {
				named[dn] = id
			}
		}
		return nil
	})
	if err != nil {
		return nil, s.explain(ctx, "looking up managers", err)
	}
	return named, nil
}

// ManagedBy finds the entries in scope that name one of the entries with these names as their manager, in any attribute that the mapping makes the
// manager from. What a mapping makes of such a value, before it is a name, a directory cannot compare.
func (s *Source) ManagedBy(ctx context.Context, dns []string) ([]identity.ObjectID, error) {
	attributes := s.decoder.mapper.Sources(directory.ManagerPath)
	if len(attributes) == 0 {
		return nil, nil
	}
	return s.idsNaming(ctx, "asking whose manager somebody is", s.settings.BaseDNs, s.settings.Filter, attributes, dns)
}

var (
	_ directory.ChangeSource = (*Source)(nil)
	_ directory.PhotoSource  = (*Source)(nil)
)
