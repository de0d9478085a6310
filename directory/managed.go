package directory

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"rollcall/identity"
)

// mostLeaving is how many people who leave are looked for among everybody's managers. Beyond it, reading everything is faster.
const mostLeaving = 200

// gatherConcerned reads the entries with these ids and loads the accounts that they concern; then those whose manager comes or goes with them,
// because nothing may have been told of these themselves (DIR-06). again are those of whom the run before left something undone.
func (s *Syncer) gatherConcerned(ctx context.Context, from ChangeSource, ids, again []identity.ObjectID, in *Input) error {
	undone := make(map[identity.ObjectID]bool, len(again))
	for _, id := range again {
		undone[id] = true
	}
	for first := true; len(ids) > 0; first = false {
		reading, err := from.Entries(ctx, ids)
		if err != nil {
			return err
		}
		if first { // it says who answered, and what the mapping owns
			reading.Cursor = in.Snapshot.Cursor
			in.Snapshot = reading
		} else {
			in.Snapshot.add(reading)
		}
		if err := s.loadConcerned(ctx, ids, reading.Entries, in); err != nil {
			return err
		}
		if ids, err = s.managed(ctx, from, ids, undone, reading.Entries, in); err != nil {
			return err
		}
		for _, id := range ids {
			in.Changed[id] = true
		}
		if len(in.Changed) > mostChanged {
			return &errFullReading{fmt.Sprintf("%d entries changed or have another manager, and reading everything is faster than reading so many one by one.", len(in.Changed))}
		}
	}
	return nil
}

// add takes over what another reading of the same directory has of people. What is missing there proves nothing either.
func (s *Snapshot) add(reading Snapshot) {
	s.Entries = append(s.Entries, reading.Entries...)
	s.Complete = s.Complete && reading.Complete
	s.Gaps = append(s.Gaps, reading.Gaps...)
}

// managed lists the entries, of those that nothing is known of yet, whose manager is among the entries that were asked for and may get an account
// by this plan, or lose theirs, or has another name: a directory that does not put it into the entries that have the old one leaves these without
// a manager. One who should have lost the account in the run before, and has both still, may have been taken from those they manage.
func (s *Syncer) managed(ctx context.Context, from ChangeSource, asked []identity.ObjectID, undone map[identity.ObjectID]bool, read []Entry, in *Input) ([]identity.ObjectID, error) {
	if !slices.Contains(in.Snapshot.Owns, ManagerPath) {
		return nil, nil
	}
	here := make(map[identity.ObjectID]glance, len(asked))
	for i := range in.Accounts.Len() {
		if a := in.Accounts.glance(i); a.linkedBy(in.Connector.ID) && !a.gone() {
			here[a.Object] = a
		}
	}
	present := make(map[identity.ObjectID]bool, len(read))
	var arriving []string
	var leaving []identity.AccountID
	for i := range read {
		e := &read[i]
		present[e.ID] = true
		a, known := here[e.ID]
		renamed := known && in.Snapshot.MembersByName && DNKey(a.DN) != DNKey(e.DN)
		if !known || renamed || undone[e.ID] {
			arriving = append(arriving, e.DN)
		}
		if renamed {
			leaving = append(leaving, a.ID)
		}
	}
	for _, id := range asked {
		if a, known := here[id]; known && !present[id] {
			leaving = append(leaving, a.ID)
		}
	}
	found := map[identity.ObjectID]bool{}
	if len(arriving) > mostArriving || len(leaving) > mostLeaving {
		return nil, &errFullReading{"So many people arrive or leave that reading everything is faster than asking whose managers they are."}
	}
	if len(arriving) > 0 {
		ids, err := from.ManagedBy(ctx, arriving)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			found[id] = true
		}
	}
	if len(leaving) > 0 {
		ids, err := s.service.Reader().ProfilesNaming(ctx, in.Org.ID, in.Connector.ID, leaving)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			found[id] = true
		}
	}
	maps.DeleteFunc(found, func(id identity.ObjectID, _ bool) bool { return in.Changed[id] })
	return slices.Sorted(maps.Keys(found)), nil
}

// loadManagers loads the accounts of those whom the entries name as their managers: the entries that have these names, and where a name is that of
// nobody who is linked by this connector, whoever is the manager now. If that is somebody of another connector, be it one for another part of this
// directory, the name is known by the account.
func (s *Syncer) loadManagers(ctx context.Context, from ChangeSource, in *Input) error {
	names := map[string]bool{}
	for i := range in.Snapshot.Entries {
		if name := in.Snapshot.Entries[i].Manager; name != "" {
			names[name] = true
		}
	}
	if len(names) == 0 {
		return nil
	}
	var err error
	if in.Managers, err = from.Named(ctx, slices.Sorted(maps.Keys(names))); err != nil {
		return err
	}
	read, org := s.service.Reader(), in.Org.ID
	linked, err := read.LinkedAccounts(ctx, org, in.Connector.ID, slices.Compact(slices.Sorted(maps.Values(in.Managers))))
	if err != nil {
		return err
	}
	ours := make(map[identity.ObjectID]bool, len(linked))
	for _, a := range linked {
		ours[a.Directory.Object] = true
	}
	nobodys := map[identity.ObjectID]bool{}
	for i := range in.Snapshot.Entries {
		if e := &in.Snapshot.Entries[i]; e.Manager != "" && !ours[in.Managers[e.Manager]] {
			nobodys[e.ID] = true
		}
	}
	bosses := map[identity.AccountID]bool{}
	for i, a := range in.Accounts.All() {
		if nobodys[in.Accounts.glance(i).Object] {
			object, err := a.Profile.Object()
			if boss := valueAt(object, ManagerPath); err == nil && boss != "" {
				bosses[identity.AccountID(boss)] = true
			}
		}
	}
	now, err := read.AccountsAmong(ctx, org, slices.Sorted(maps.Keys(bosses)))
	if err != nil {
		return err
	}
	known := in.Accounts.ids()
	for _, a := range slices.Concat(linked, now) {
		if !known[a.ID] {
			known[a.ID] = true
			in.Accounts.Add(a)
		}
	}
	return nil
}
