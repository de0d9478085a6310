package storetest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func testDirectory(t *testing.T, w world) {
	n, second := w.connector(t, w.own, "Head office"), w.connector(t, w.own, "Branch")
	t.Run("connectors are listed by name", func(t *testing.T) {
		all, err := w.store.Connectors(ctx, w.own)
		require.NoError(t, err)
		require.Equal(t, []identity.Connector{second, n}, all)
	})
	t.Run("one connector reads a domain (DIR-02)", func(t *testing.T) {
		read := func(org identity.OrgID, domain string) error {
			c := identity.Connector{ID: identity.ConnectorID(w.ids.New()), Org: org, Name: "reads " + domain + string(w.ids.New()), Kind: "ad", Domain: domain, CreatedAt: start, UpdatedAt: start, Version: 1}
			return w.do(func(tx identity.Tx) error {
				if err := tx.InsertConnector(ctx, c); err != nil {
					return err
				}
				return tx.DeleteConnector(ctx, org, c.ID)
			})
		}
		n.Domain = "dc=corp"
		w.must(t, func(tx identity.Tx) error { return tx.UpdateConnector(ctx, n) })
		n.Version++
		refused(t, read(w.own, "dc=corp"), identity.Conflict, identity.RuleConnectorExists)
		require.NoError(t, read(w.own, "dc=other"))
		require.NoError(t, read(w.other, "dc=corp"), "another organization's domains are its own")
		require.NoError(t, read(w.own, ""))
	})
	t.Run("a connector remembers its last good run", func(t *testing.T) {
		n.LastGoodCount, n.LastGoodAt, n.LastGoodServer, n.Settings, n.UpdatedAt = 412, start, "dc1", nil, start.Add(time.Hour)
		n.Cursor, n.Secret = json.RawMessage(`{"cursor":{"usn":7}}`), "1.key.sealed"
		w.must(t, func(tx identity.Tx) error { return tx.UpdateConnector(ctx, n) })
		n.Version++
		got, err := w.store.Connector(ctx, w.own, n.ID)
		require.NoError(t, err)
		require.Equal(t, n, got)
	})
	old, foreign, last := w.plan(t, n), w.plan(t, second), w.plan(t, n)
	t.Run("plans are listed without bodies, the newest first", func(t *testing.T) {
		short := func(p identity.Plan) identity.Plan { p.Body = nil; return p }
		plans, err := w.store.Plans(ctx, w.own, "", "", 10)
		require.NoError(t, err)
		require.Equal(t, []identity.Plan{short(last), short(foreign), short(old)}, plans)
		plans, err = w.store.Plans(ctx, w.own, n.ID, "", 10)
		require.NoError(t, err)
		require.Equal(t, []identity.Plan{short(last), short(old)}, plans)
		plans, err = w.store.Plans(ctx, w.own, n.ID, "", 1)
		require.NoError(t, err)
		require.Equal(t, []identity.Plan{short(last)}, plans)
		plans, err = w.store.Plans(ctx, w.own, "", last.ID, 10)
		require.NoError(t, err)
		require.Equal(t, []identity.Plan{short(foreign), short(old)}, plans)
		plans, err = w.store.Plans(ctx, w.own, n.ID, last.ID, 10)
		require.NoError(t, err)
		require.Equal(t, []identity.Plan{short(old)}, plans)
	})
	t.Run("a plan's state and approval change, and nothing else of it", func(t *testing.T) {
		changed := last
		changed.State, changed.ApprovedBy, changed.Body, changed.Hash = identity.PlanApproved, "Ada", json.RawMessage(`{"steps":["more"]}`), "beef"
		w.must(t, func(tx identity.Tx) error { return tx.UpdatePlan(ctx, changed) })
		last.State, last.ApprovedBy, last.Version = identity.PlanApproved, "Ada", 2
		got, err := w.store.Plan(ctx, w.own, last.ID)
		require.NoError(t, err)
		require.Equal(t, last, got)
	})
	first, other, latest := w.run(t, old), w.run(t, foreign), w.run(t, last)
	t.Run("runs are listed, the newest first", func(t *testing.T) {
		runs, err := w.store.Runs(ctx, w.own, "", "", 2)
		require.NoError(t, err)
		require.Equal(t, []identity.Run{latest, other}, runs)
		runs, err = w.store.Runs(ctx, w.own, n.ID, "", 10)
		require.NoError(t, err)
		require.Equal(t, []identity.Run{latest, first}, runs)
		runs, err = w.store.Runs(ctx, w.own, "", latest.ID, 10)
		require.NoError(t, err)
		require.Equal(t, []identity.Run{other, first}, runs)
		runs, err = w.store.Runs(ctx, w.own, n.ID, first.ID, 10)
		require.NoError(t, err)
		require.Empty(t, runs)
	})
	t.Run("a run goes on", func(t *testing.T) {
		latest.State, latest.NextStep, latest.FinishedAt, latest.Report = identity.RunErrors, 7, start.Add(time.Minute), json.RawMessage(`{"failed":1}`)
		w.must(t, func(tx identity.Tx) error { return tx.UpdateRun(ctx, latest) })
		latest.Version++
		got, err := w.store.Run(ctx, w.own, latest.ID)
		require.NoError(t, err)
		require.Equal(t, latest, got)
	})
	t.Run("a plan says which run it takes back", func(t *testing.T) {
		p := identity.Plan{ID: identity.PlanID(w.ids.New()), Org: w.own, Connector: second.ID, CreatedAt: start, Hash: "00", State: identity.PlanReady,
			Body: json.RawMessage(`{}`), Undoes: other.ID, Version: 1}
		w.must(t, func(tx identity.Tx) error { return tx.InsertPlan(ctx, p) })
		got, err := w.store.Plan(ctx, w.own, p.ID)
		require.NoError(t, err)
		require.Equal(t, p, got)
	})
	t.Run("old plans lose their bodies, applied ones later, and those of runs under way never", func(t *testing.T) {
		month, week := start.Add(-30*identity.Day), start.Add(-7*identity.Day)
		made := map[string]identity.Plan{}
		for name, c := range map[string]struct {
			state identity.PlanState
			at    time.Time
		}{"applied at the limit": {identity.PlanApplied, month}, "applied later": {identity.PlanApplied, month.Add(time.Microsecond)},
			"held at the limit": {identity.PlanHeld, week}, "held later": {identity.PlanHeld, week.Add(time.Microsecond)},
			"being applied": {identity.PlanApplying, month.Add(-identity.Day)}} {
			p := identity.Plan{ID: identity.PlanID(w.ids.New()), Org: w.own, Connector: second.ID, CreatedAt: c.at, Hash: "00", State: c.state, Body: json.RawMessage(`{}`), Version: 1}
			w.must(t, func(tx identity.Tx) error { return tx.InsertPlan(ctx, p) })
			made[name] = p
		}
		due, err := w.store.PlansToDrop(ctx, month, week, 10)
		require.NoError(t, err)
		require.Len(t, due, 2)
		require.Equal(t, made["applied at the limit"].ID, due[0].ID, "the oldest first")
		require.Equal(t, made["held at the limit"].ID, due[1].ID)
		due, err = w.store.PlansToDrop(ctx, month, week, 1)
		require.NoError(t, err)
		require.Len(t, due, 1)
		p := due[0]
		p.DroppedAt = start
		w.must(t, func(tx identity.Tx) error { return tx.DropPlan(ctx, p) })
		refused(t, w.do(func(tx identity.Tx) error { return tx.DropPlan(ctx, p) }), identity.Stale, identity.RuleVersionMismatch)
		p.Version++
		got, err := w.store.Plan(ctx, w.own, p.ID)
		require.NoError(t, err)
		require.Equal(t, p, got, "without its body")
		due, err = w.store.PlansToDrop(ctx, month, week, 10)
		require.NoError(t, err)
		require.Len(t, due, 1)
	})
	t.Run("accounts are found by the entries they are linked to", func(t *testing.T) {
		var all []identity.Account
		for object, of := range map[identity.ObjectID]identity.Connector{"o1": n, "o2": n, "o3": n, "o4": second} {
			a := w.account(w.own, string(object))
			a.Directory = &identity.DirectoryLink{Connector: of.ID, Object: object, DN: "cn=" + string(object)}
			all = append(all, w.add(t, a))
		}
		got, err := w.store.LinkedAccounts(ctx, w.own, n.ID, []identity.ObjectID{"o1", "o3", "o4", "none"})
		require.NoError(t, err)
		var want []identity.Account
		for _, a := range all {
			if a.Directory.Object == "o1" || a.Directory.Object == "o3" {
				want = append(want, a)
			}
		}
		require.ElementsMatch(t, want, got)
		got, err = w.store.LinkedAccounts(ctx, w.own, n.ID, nil)
		require.NoError(t, err)
		require.Empty(t, got)

		boss, other := want[0].ID, want[1].ID
		report := w.account(w.own, "report")
		report.Directory = &identity.DirectoryLink{Connector: n.ID, Object: "o5", DN: "cn=o5"}
		report.Profile = identity.Profile(`{"manager":{"value":"` + string(boss) + `"},"title":"50%_"}`)
		w.add(t, report)
		report = w.account(w.own, "another")
		report.Directory = &identity.DirectoryLink{Connector: second.ID, Object: "o6", DN: "cn=o6"}
		report.Profile = identity.Profile(`{"manager":{"value":"` + string(boss) + `"}}`)
		w.add(t, report)
		for _, c := range []struct {
			ids  []identity.AccountID
			want []identity.ObjectID
		}{
			{nil, nil},
			{[]identity.AccountID{other}, nil},
			{[]identity.AccountID{other, boss}, []identity.ObjectID{"o5"}},
			{[]identity.AccountID{boss[:30]}, []identity.ObjectID{"o5"}},
			{[]identity.AccountID{"5_%"}, nil},
		} {
			named, err := w.store.ProfilesNaming(ctx, w.own, n.ID, c.ids)
			require.NoError(t, err)
			require.Equal(t, c.want, named, "%v", c.ids)
		}

		ids := []identity.AccountID{"nobody"}
		for _, a := range want {
			ids = append(ids, a.ID)
		}
		got, err = w.store.AccountsAmong(ctx, w.own, ids)
		require.NoError(t, err)
		require.ElementsMatch(t, want, got)
	})
	t.Run("accounts of a claim that is under way are not settled", func(t *testing.T) {
		var ids, settled []identity.AccountID
		for name, edit := range map[string]func(*identity.Account){"settled": nil, "asked": func(a *identity.Account) { a.Status = identity.DeferredClaim },
			"old": func(a *identity.Account) { a.Shadow = true }, "gone": func(a *identity.Account) {
				a.Status, a.PreviousStatus, a.InactiveReason = identity.Inactive, identity.Active, identity.DirectoryDeleted
			}} {
			a := w.account(w.own, name)
			if edit != nil {
				edit(&a)
			}
			ids = append(ids, w.add(t, a).ID)
			if name == "settled" || name == "gone" {
				settled = append(settled, a.ID)
			}
		}
		got, err := w.store.SettledAmong(ctx, w.own, append(ids, "nobody", w.add(t, w.account(w.other, "foreign")).ID))
		require.NoError(t, err)
		require.ElementsMatch(t, settled, got)
	})
	t.Run("a connector goes with its plans and runs, and its accounts stay", func(t *testing.T) {
		linked := w.account(w.own, "linked")
		linked.Directory = &identity.DirectoryLink{Connector: n.ID, Object: "1", DN: "cn=1"}
		kept := w.account(w.own, "kept")
		kept.Directory = &identity.DirectoryLink{Connector: second.ID, Object: "1", DN: "cn=1"}
		w.add(t, linked)
		w.add(t, kept)
		w.must(t, func(tx identity.Tx) error { return tx.DeleteConnector(ctx, w.own, n.ID) })
		_, err := w.store.Connector(ctx, w.own, n.ID)
		refused(t, err, identity.NotFound, identity.RuleUnknownConnector)
		_, err = w.store.Plan(ctx, w.own, last.ID)
		refused(t, err, identity.NotFound, identity.RuleUnknownPlan)
		_, err = w.store.Run(ctx, w.own, latest.ID)
		refused(t, err, identity.NotFound, identity.RuleUnknownRun)
		got, err := w.store.Account(ctx, w.own, linked.ID)
		require.NoError(t, err)
		linked.Directory, linked.Version = nil, 2
		require.Equal(t, linked, got)
		got, err = w.store.Account(ctx, w.own, kept.ID)
		require.NoError(t, err)
		require.Equal(t, kept, got)
		plans, err := w.store.Plans(ctx, w.own, "", "", 10)
		require.NoError(t, err)
		require.Len(t, plans, 7)
	})
}
