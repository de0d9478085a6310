package directory_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/directory"
	"rollcall/identity"
	"rollcall/store/fresh"
)

// teller is a made-up directory that tells what changed: it compares what it was at a cursor with what it is.
type teller struct {
	*madeUp
	elsewhere []directory.Entry   // outside the scope
	was       [][]directory.Entry // by cursor
	knew      []int               // how much had happened to groups, by cursor
	full      string
	asked     [][]identity.ObjectID // which entries were read
}

func (d *teller) here() directory.Cursor {
	d.was = append(d.was, slices.Clone(d.entries))
	d.knew = append(d.knew, d.happened)
	return directory.Cursor(fmt.Sprint(len(d.was) - 1))
}

func (d *teller) Snapshot(ctx context.Context, p directory.Progress) (directory.Snapshot, error) {
	s, err := d.madeUp.Snapshot(ctx, p)
	s.Cursor = d.here()
	return s, err
}

func (d *teller) Changes(_ context.Context, since directory.Cursor, _ func() ([]identity.ObjectID, error)) (directory.Changes, error) {
	var at int
	if err := json.Unmarshal(since, &at); err != nil {
		return directory.Changes{}, err
	}
	if d.down != nil {
		return directory.Changes{}, d.down
	}
	c := directory.Changes{FullReading: d.full}
	before, now := byObject(d.was[at]), byObject(d.entries)
	for id, e := range now {
		if !reflect.DeepEqual(before[id], e) {
			c.IDs = append(c.IDs, id)
		}
	}
	for id := range before {
		if _, ok := now[id]; !ok {
			c.IDs = append(c.IDs, id)
		}
	}
	for id, when := range d.touched {
		if when > d.knew[at] {
			c.IDs = append(c.IDs, id)
		}
	}
	c.Next, c.Read = d.here(), directory.Snapshot{Complete: true, Server: "dc1.corp.example", ReadAt: readAt}
	return c, nil
}

func byObject(list []directory.Entry) map[identity.ObjectID]directory.Entry {
	m := map[identity.ObjectID]directory.Entry{}
	for _, e := range list {
		m[e.ID] = e
	}
	return m
}

func (d *teller) Entries(ctx context.Context, ids []identity.ObjectID) (directory.Snapshot, error) {
	d.asked = append(d.asked, ids)
	s, err := d.madeUp.Snapshot(ctx, nil)
	s.Groups = nil
	s.Entries = slices.DeleteFunc(s.Entries, func(e directory.Entry) bool { return !slices.Contains(ids, e.ID) })
	return s, err
}

func (d *teller) Named(_ context.Context, dns []string) (map[string]identity.ObjectID, error) {
	named := map[string]identity.ObjectID{}
	for _, name := range dns {
		for _, e := range slices.Concat(d.entries, d.elsewhere) {
			if directory.DNKey(e.DN) == directory.DNKey(name) {
				named[name] = e.ID
			}
		}
	}
	return named, nil
}

func (d *teller) ManagedBy(_ context.Context, dns []string) (ids []identity.ObjectID, err error) {
	for _, e := range d.entries {
		if slices.ContainsFunc(dns, func(dn string) bool { return directory.DNKey(dn) == directory.DNKey(e.Manager) }) {
			ids = append(ids, e.ID)
		}
	}
	return ids, nil
}

// settleChanges synchronizes what changed, and expects that a reading of everything would find nothing left to do.
func (w *world) settleChanges() directory.Plan {
	changes, _ := w.syncChanges()
	require.Equal(w.t, directory.ReadChanges, changes.Reading.Kind, changes.Reading.Why)
	_, full := w.plan()
	require.True(w.t, full.Empty(), said(full))
	return changes
}

// telling makes the world's directory one that tells what changed.
func (w *world) telling() *teller {
	d := &teller{madeUp: w.source}
	w.syncer = directory.New(w.service, func(context.Context, identity.Connector) (directory.Source, error) { return d, nil })
	return d
}

// configure gives the connector other settings.
func (w *world) configure(settings string) {
	ctx := w.t.Context()
	n, err := w.store.Connector(ctx, w.org, w.connector)
	require.NoError(w.t, err)
	n.Settings, n.UpdatedAt = json.RawMessage(settings), w.clock.Now()
	require.NoError(w.t, w.store.Do(ctx, identity.OrgLock{Orgs: []identity.OrgID{w.org}}, func(tx identity.Tx) error { return tx.UpdateConnector(ctx, n) }))
}

func TestDIR06_ChangesNeedAFullRunBefore(t *testing.T) {
	w := newWorld(t)
	w.telling()
	w.source.set(people(3)...)
	refused := func(says string) {
		t.Helper()
		_, _, err := w.syncer.PlanChanges(t.Context(), w.org, w.connector, admin, nil)
		require.Equal(t, directory.RuleFullSyncRequired, identity.RuleOf(err))
		require.ErrorContains(t, err, says)
	}
	refused("has not synchronized everything yet")
	w.sync()
	plan, _ := w.syncChanges()
	require.Empty(t, plan.Steps)

	w.configure(`{}`)
	refused("the settings of the connector changed")
	w.plan()
	_, _, _, err := w.syncer.RunIncremental(t.Context(), w.org, w.connector, admin, nil)
	require.Equal(t, directory.RuleFullSyncRequired, identity.RuleOf(err))
}

func TestDIR06_OnlyWhatChangedIsRead(t *testing.T) {
	w := newWorld(t)
	d := w.telling()
	crowd := people(60)
	w.source.set(crowd...)
	w.sync()
	w.source.set(append(slices.Clone(crowd[2:]), entry("new", mail("new@corp.example")))...)
	w.source.findings[crowd[0].ID] = directory.OutOfScope
	plan, report := w.syncChanges()
	require.Equal(t, []identity.ObjectID{"object-new", crowd[0].ID, crowd[1].ID}, slices.Sorted(slices.Values(d.asked[len(d.asked)-1])))
	require.Equal(t, map[directory.Op]int{directory.OpRemove: 2, directory.OpCreate: 1}, report.Applied)
	require.Equal(t, 60, plan.Guard.Base, "of everybody, not of those that were read")
	n, err := w.store.Connector(t.Context(), w.org, w.connector)
	require.NoError(t, err)
	require.Equal(t, 60, n.LastGoodCount, "that of the last full reading")
}

func TestDIR09_TheGuardHoldsChangesToo(t *testing.T) {
	w := newWorld(t)
	w.telling()
	crowd := people(60)
	w.source.set(crowd...)
	w.sync()
	w.source.set(crowd[20:]...)
	stored, plan, _, err := w.syncer.RunIncremental(t.Context(), w.org, w.connector, admin, nil)
	require.NoError(t, err)
	require.Equal(t, identity.PlanHeld, stored.State)
	require.Contains(t, plan.Guard.Why, "20 of 60 people")
	_, again, err := w.syncer.PlanChanges(t.Context(), w.org, w.connector, admin, nil)
	require.NoError(t, err)
	require.Equal(t, 20, again.Figures.Ops[directory.OpRemove], "what was not applied is told again")
}

func TestDIR06_WhyEverythingIsReadInstead(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(w *world, d *teller)
		why   string
	}{
		"the directory says so": {func(_ *world, d *teller) { d.full = "Another server answers." }, "Another server answers."},
		"nobody is left to prove a look-up with": {func(w *world, d *teller) {
			w.source.set(entry("stranger", noMail))
			d.entries[0].Problem = ""
			d.entries = nil
			d.entries = append(d.entries, entry("late", mail("late@corp.example")))
			d.was[len(d.was)-1] = append(d.was[len(d.was)-1], d.entries...)
		}, "no other one is known"},
		"no directory that tells": {func(w *world, _ *teller) {
			w.syncer = w.syncerOver(w.store)
		}, "does not tell what changed"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			d := w.telling()
			w.source.set(people(3)...)
			w.sync()
			c.spoil(w, d)
			plan, _ := w.syncChanges()
			require.Equal(t, directory.ReadFull, plan.Reading.Kind)
			require.Contains(t, plan.Reading.Why, c.why)
		})
	}
}

func TestDIR16_ADirectoryThatIsDownTellsNoChanges(t *testing.T) {
	w := newWorld(t)
	w.telling()
	w.source.set(people(3)...)
	w.sync()
	w.source.set(people(2)...)
	w.source.down = identity.Refuse(identity.Unavailable, directory.RuleUnreachable, "the server is down")
	stored, plan, err := w.syncer.PlanChanges(t.Context(), w.org, w.connector, admin, nil)
	require.NoError(t, err)
	require.Equal(t, identity.PlanRefused, stored.State)
	require.Contains(t, plan.Refused, "The server is down.")
	w.source.down = nil
	_, report := w.syncChanges()
	require.Equal(t, 1, report.Applied[directory.OpRemove])
}

// patchy is a directory in which somebody cannot be read.
type patchy struct {
	*teller
	unreadable identity.ObjectID
}

func (d *patchy) Entries(ctx context.Context, ids []identity.ObjectID) (directory.Snapshot, error) {
	s, err := d.teller.Entries(ctx, ids)
	if slices.Contains(ids, d.unreadable) {
		s.Entries = slices.DeleteFunc(s.Entries, func(e directory.Entry) bool { return e.ID == d.unreadable })
		s.Complete, s.Gaps = false, []string{"Nobody can tell who somebody is."}
	}
	if len(s.Entries) == 0 {
		s.Entries = nil
	}
	return s, err
}

func TestDIR19_WhatChangesCouldNotReadStaysUnprovenWhenThoseWithAnotherManagerAreRead(t *testing.T) {
	w := newWorld(t)
	d := &patchy{teller: w.telling()}
	w.syncer = directory.New(w.service, func(context.Context, identity.Connector) (directory.Source, error) { return d, nil })
	w.source.set(append(people(5), entry("ada"), entry("bob", ledBy("ada")), entry("cy"))...)
	w.sync()
	w.source.set(append(people(5), entry("bob", ledBy("ada")), entry("cy", called("Cyrus")))...)
	d.unreadable = "object-cy"
	plan, _ := w.syncChanges()
	require.False(t, plan.Reading.Complete)
	require.Equal(t, []string{"Nobody can tell who somebody is."}, plan.Reading.Gaps)
	require.Zero(t, plan.Figures.Ops[directory.OpRemove])
	require.NotEqual(t, identity.Inactive, w.user("cy@corp.example").Status)
}

func TestWhoeverCouldNotBeSettledIsLookedAtAgain(t *testing.T) {
	w := newWorld(t)
	d := w.telling()
	ada, bob := entry("ada", mail("ada@corp.example")), entry("bob", mail("bob@corp.example"))
	w.source.set(append(people(5), ada, bob)...)
	w.sync()
	t.Run("an address that somebody else has, until they give it up", func(t *testing.T) {
		w.source.set(append(people(5), ada, bob, entry("twin", mail("ada@corp.example")))...)
		plan, _ := w.syncChanges()
		require.Equal(t, 1, plan.Figures.Ops[directory.OpConflict])
		d.asked = nil
		plan, _ = w.syncChanges()
		require.Empty(t, plan.Steps, "it was said once")
		require.Empty(t, d.asked, "and is not asked for while nothing changes")
		w.source.set(append(people(5), ada, entry("bob", mail("bob@corp.example"), called("Bob")), entry("twin", mail("ada@corp.example")))...)
		plan, _ = w.syncChanges()
		require.Equal(t, map[directory.Op]int{directory.OpUpdate: 1}, plan.Figures.Ops)
		w.source.set(append(people(5), entry("ada", mail("countess@corp.example")), bob, entry("twin", mail("ada@corp.example")))...)
		_, report := w.syncChanges()
		require.Equal(t, 1, report.Applied[directory.OpCreate])
		require.Equal(t, identity.ObjectID("object-twin"), w.user("ada@corp.example").Directory.Object)
	})
	t.Run("a loss that could not be proven", func(t *testing.T) {
		w.source.set(append(people(5), entry("ada", mail("countess@corp.example")), entry("twin", mail("ada@corp.example")))...)
		w.source.lost = true
		plan, _ := w.syncChanges()
		require.Equal(t, directory.RuleLossUnproven, plan.Steps[0].Code)
		w.source.lost = false
		_, report := w.syncChanges()
		require.Equal(t, 1, report.Applied[directory.OpRemove])
	})
	t.Run("an account that changed after the plan was made", func(t *testing.T) {
		stored, _, err := w.syncer.PlanChanges(t.Context(), w.org, w.connector, admin, nil)
		require.NoError(t, err)
		w.apply(stored.ID)
		w.source.set(append(people(5), entry("ada", mail("countess@corp.example"), called("Ada")), entry("twin", mail("ada@corp.example")))...)
		stored, _, err = w.syncer.PlanChanges(t.Context(), w.org, w.connector, admin, nil)
		require.NoError(t, err)
		a := w.user("countess@corp.example")
		require.NoError(t, w.store.Do(t.Context(), identity.OrgLock{Orgs: []identity.OrgID{w.org}}, func(tx identity.Tx) error {
			return tx.UpdateAccount(t.Context(), a, []identity.Hold{{Key: "countess@corp.example", Org: w.org, Account: a.ID, Kind: identity.HoldPrimary}})
		}))
		require.Equal(t, 1, w.apply(stored.ID).Stale)
		_, report := w.syncChanges()
		require.Equal(t, 1, report.Applied[directory.OpUpdate])
	})
}

// TestDIR06_ReadingChangesComesToTheSameAsReadingEverything lets random directories follow each other.
func TestDIR06_ReadingChangesComesToTheSameAsReadingEverything(t *testing.T) {
	var stores [2]identity.Store // each of the two must be able to have the same addresses
	for i := range stores {
		stores[i] = fresh.Open(t)
	}
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		domain := fmt.Sprintf("corp%d", n)
		var worlds [2]*world
		for i, s := range stores {
			worlds[i] = worldOver(rt, s, &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
			worlds[i].configure(`{"policy":{"maxDropPercent":100}}`)
		}
		changes, full := worlds[0], worlds[1]
		changes.telling()
		for step := range rapid.IntRange(2, 5).Draw(rt, "steps") {
			people := append(ledDirectoryOf(rt, domain), entry(domain+"-always", mail("always@"+domain+".example")))
			changes.source.set(people...)
			full.source.set(people...)
			kinds := []directory.FindingKind{directory.Tombstone, directory.Absent, directory.OutOfScope, directory.Unknown}
			for i := range 7 {
				kind := rapid.SampledFrom(kinds).Draw(rt, "finding")
				id := identity.ObjectID(fmt.Sprintf("object-%s-%d", domain, i))
				changes.source.findings[id], full.source.findings[id] = kind, kind
			}
			if step == 0 {
				changes.sync()
			} else {
				changes.syncChanges()
			}
			full.sync()
			require.Equal(rt, full.standings(), changes.standings())
		}
	})
}
