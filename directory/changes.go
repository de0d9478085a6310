package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"rollcall/identity"
)

// Cursor says up to where a reading knows a directory. Only the source that made it reads it.
type Cursor = json.RawMessage

// Changes says whose entries may differ since a cursor; how they differ, a reading of these entries tells.
type Changes struct {
	IDs  []identity.ObjectID // made, changed, moved, deleted or restored; in any order, and not all of them are people
	Next Cursor
	Read Snapshot // who answered, without entries
	// FullReading says why the changes do not tell everything, as a sentence; then nothing else counts. Empty: they do.
	FullReading string
}

// ChangeSource is a Source whose directory can tell what changed.
type ChangeSource interface {
	Source
	// Changes asks for everything since a cursor that this source made. linked lists the entries that accounts are linked to; it is
	// called only where a directory tells who is there instead of who went (RFC 4533 section 1.3.2, the present phase).
	Changes(ctx context.Context, since Cursor, linked func() ([]identity.ObjectID, error)) (Changes, error)
	// Entries reads those of the given entries that are in scope. Whoever is not among them must be looked up.
	Entries(ctx context.Context, ids []identity.ObjectID) (Snapshot, error)
	// Named returns the entries that have these names, of those that there are; they need not be in scope.
	Named(ctx context.Context, dns []string) (map[string]identity.ObjectID, error)
	// ManagedBy returns the entries in scope that name one of the entries with these names as their manager.
	ManagedBy(ctx context.Context, dns []string) ([]identity.ObjectID, error)
}

// bookmark is a cursor as a connector keeps it. Settings that changed since make it worthless: another mapping, base or filter would have
// told of other changes (DIR-06).
type bookmark struct {
	Cursor   Cursor    `json:"cursor"`
	Settings time.Time `json:"settings"` // when the settings were made that it was read with
	// Again are entries that are looked at again in any case: a look-up proved nothing, or a step was refused or came too late.
	Again []identity.ObjectID `json:"again,omitempty"`
	// Waiting are entries that are looked at again when anything has changed: somebody else may have given up the address they want.
	Waiting []identity.ObjectID `json:"waiting,omitempty"`
}

func (b bookmark) encode() (json.RawMessage, error) {
	raw, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("directory: encode cursor: %w", err)
	}
	return raw, nil
}

// bookmarkOf returns what a connector keeps.
func bookmarkOf(n identity.Connector) (b bookmark, err error) {
	if len(n.Cursor) == 0 {
		return b, identity.Refuse(identity.Conflict, RuleFullSyncRequired,
			"this connector has not synchronized everything yet, or not since a run was undone, so there is nothing that changes could be added to; run a full synchronization first")
	}
	if err := json.Unmarshal(n.Cursor, &b); err != nil {
		return b, fmt.Errorf("directory: decode cursor of connector %s: %w", n.ID, err)
	}
	if !b.Settings.Equal(n.UpdatedAt) {
		return b, identity.Refuse(identity.Conflict, RuleFullSyncRequired, "the settings of the connector changed after its last full synchronization; run another one first")
	}
	return b, nil
}

// unsettled are the entries of which steps leave something unsettled.
type unsettled struct {
	Again   []identity.ObjectID `json:"again,omitempty"`
	Waiting []identity.ObjectID `json:"waiting,omitempty"` // for somebody else
}

// add notes what a step leaves unsettled.
func (u *unsettled) add(step Step) {
	switch {
	case step.Object == "" || !step.Unsettled:
	case step.Code == RuleLossUnproven, step.Op.OfGroup():
		u.Again = append(u.Again, step.Object)
	default:
		u.Waiting = append(u.Waiting, step.Object)
	}
}

// leave notes the entries of which a plan and its run leave something unsettled.
func (b *bookmark) leave(u unsettled, reading Reading, r Report) {
	b.Again, b.Waiting = slices.Concat(r.Again, u.Again), slices.Concat(reading.Waiting, u.Waiting)
	slices.Sort(b.Waiting)
	b.Waiting = slices.Compact(b.Waiting)
	b.Waiting = b.Waiting[:min(len(b.Waiting), mostWaiting)]
}

// mostChanged is how many entries are read one by one. Beyond it, reading everything is faster.
const mostChanged = 20_000

// mostWaiting is how many entries that wait for somebody else are looked at with every change; all of them are at the next full reading.
const mostWaiting = 1000

// knownCandidates is how many linked entries are asked for, to find one that is surely there.
const knownCandidates = 100

// errFullReading says that changes cannot tell what a plan needs.
type errFullReading struct{ why string }

func (e *errFullReading) Error() string { return "directory: a full reading is needed: " + e.why }

// gatherChanges reads what changed since the connector's cursor, and the accounts that it concerns: as many as there are changes,
// however many people there are.
func (s *Syncer) gatherChanges(ctx context.Context, source Source, since bookmark, in *Input, progress Progress) error {
	from, ok := source.(ChangeSource)
	switch {
	case !ok:
		return &errFullReading{"This kind of directory does not tell what changed."}
	case len(since.Cursor) == 0:
		return &errFullReading{"The directory gave nothing at the last full reading that changes could be asked since."}
	}
	progress.tell("asking what changed", 0, 0)
	changes, err := from.Changes(ctx, since.Cursor, func() ([]identity.ObjectID, error) { return s.linkedObjects(ctx, in.Connector) })
	switch {
	case err != nil:
		return err
	case changes.FullReading != "":
		return &errFullReading{changes.FullReading}
	}
	in.Changed = make(map[identity.ObjectID]bool, len(changes.IDs)+len(since.Again))
	for _, id := range slices.Concat(changes.IDs, since.Again) {
		in.Changed[id] = true
	}
	in.Waiting = map[identity.ObjectID]bool{}
	for _, id := range since.Waiting {
		in.Waiting[id] = !in.Changed[id]
		if len(changes.IDs) > 0 {
			in.Changed[id] = true
		}
	}
	if len(in.Changed) > mostChanged {
		return &errFullReading{fmt.Sprintf("%d entries changed, and reading everything is faster than reading so many one by one.", len(in.Changed))}
	}
	ids := slices.Sorted(maps.Keys(in.Changed))
	in.Snapshot = changes.Read
	in.Snapshot.Cursor = changes.Next
	if err := s.loadSurroundings(ctx, in); err != nil || len(ids) == 0 {
		return err
	}
	if err := s.gatherConcerned(ctx, from, ids, since.Again, in); err != nil {
		return err
	}
	if in.Population, err = s.population(ctx, in.Connector); err != nil {
		return err
	}
	if in.Known, err = s.somebodyKnown(ctx, in); err != nil {
		return err
	}
	if err := s.loadPhotos(ctx, source, in); err != nil {
		return err
	}
	return s.loadManagers(ctx, from, in)
}

func (s *Syncer) planFromChanges(ctx context.Context, source Source, in Input, since bookmark, put func(Step), progress Progress) (Plan, error) {
	if err := s.gatherChanges(ctx, source, since, &in, progress); err != nil {
		return Plan{}, err
	}
	view := surveyOf(in)
	if ids, known := view.lookUps(); len(ids) > 0 && known == "" {
		return Plan{}, &errFullReading{"Entries are missing, and no other one is known that a look-up could be proven with."}
	}
	if err := s.lookUp(ctx, source, view, progress); err != nil {
		return Plan{}, err
	}
	progress.tell("planning", len(in.Snapshot.Entries), len(in.Snapshot.Entries))
	plan, people, held := view.planPeople()
	steps := slices.Collect(people)
	if plan.Refused == "" {
		if err := s.gatherGroups(ctx, source, view, steps); err != nil {
			return Plan{}, err
		}
	}
	return view.complete(plan, slices.Values(steps), held, put), nil
}

// linkedObjects lists the entries of a connector, of people and groups, that are not known to be gone.
func (s *Syncer) linkedObjects(ctx context.Context, n identity.Connector) ([]identity.ObjectID, error) {
	var ids []identity.ObjectID
	var after identity.AccountID
	for {
		page, err := s.service.Reader().ConnectorAccounts(ctx, n.Org, n.ID, after, accountsPerPage)
		if err != nil {
			return nil, err
		}
		for _, a := range page {
			if !a.InactiveReason.GoneFromDirectory() {
				ids = append(ids, a.Directory.Object)
			}
		}
		if len(page) < accountsPerPage {
			return s.addLinkedGroups(ctx, n, ids)
		}
		after = page[len(page)-1].ID
	}
}

func (s *Syncer) addLinkedGroups(ctx context.Context, n identity.Connector, ids []identity.ObjectID) ([]identity.ObjectID, error) {
	var after identity.GroupID
	for {
		page, err := s.service.Reader().Groups(ctx, n.Org, identity.GroupQuery{Connector: n.ID, After: after, Limit: groupsPerPage})
		if err != nil {
			return nil, err
		}
		for _, g := range page {
			ids = append(ids, g.Directory.Object)
		}
		if len(page) < groupsPerPage {
			return ids, nil
		}
		after = page[len(page)-1].ID
	}
}

// loadConcerned loads the accounts that are linked to entries with these ids, and those that have what the entries want which were read.
func (s *Syncer) loadConcerned(ctx context.Context, ids []identity.ObjectID, entries []Entry, in *Input) error {
	read, org := s.service.Reader(), in.Org.ID
	seen := in.Accounts.ids()
	add := func(a identity.Account) {
		if !seen[a.ID] {
			seen[a.ID] = true
			in.Accounts.Add(a)
		}
	}
	linked, err := read.LinkedAccounts(ctx, org, in.Connector.ID, ids)
	if err != nil {
		return err
	}
	for _, a := range linked {
		add(a)
	}
	for _, e := range entries {
		a, err := read.AccountByUserName(ctx, org, identity.KeyOfUserName(e.UserName))
		if err == nil {
			add(a)
		} else if !identity.IsNotFound(err) {
			return err
		}
		for _, address := range e.Emails {
			email, err := identity.ParseEmail(address, in.EmailPolicy)
			if err != nil {
				continue // the plan says what is wrong with it
			}
			hold, err := read.Hold(ctx, email.Key)
			switch {
			case err == nil && hold.Org == org:
				if a, err = read.Account(ctx, org, hold.Account); err != nil && !identity.IsNotFound(err) {
					return err
				} else if err == nil {
					add(a)
				}
			case err != nil && !identity.IsNotFound(err):
				return err
			}
		}
	}
	return nil
}

// population is how many accounts of a connector are not known to be gone.
func (s *Syncer) population(ctx context.Context, n identity.Connector) (int, error) {
	return s.service.Reader().CountAccounts(ctx, n.Org, identity.And{
		&identity.Compare{Field: identity.FieldConnector, Op: identity.Equal, Text: string(n.ID)},
		identity.Not{Condition: identity.Or{
			&identity.Compare{Field: identity.FieldReason, Op: identity.Equal, Text: string(identity.DirectoryDeleted)},
			&identity.Compare{Field: identity.FieldReason, Op: identity.Equal, Text: string(identity.DirectoryOutOfScope)},
		}},
	})
}

// somebodyKnown is a linked entry that nothing was told of, so that it should be where it was; none if there is none among the first.
func (s *Syncer) somebodyKnown(ctx context.Context, in *Input) (identity.ObjectID, error) {
	page, err := s.service.Reader().ConnectorAccounts(ctx, in.Org.ID, in.Connector.ID, "", knownCandidates)
	if err != nil {
		return "", err
	}
	for _, a := range page {
		if !in.Changed[a.Directory.Object] && !a.InactiveReason.GoneFromDirectory() {
			return a.Directory.Object, nil
		}
	}
	return "", nil
}
