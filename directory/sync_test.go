package directory_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/identity"
)

func people(n int) []directory.Entry {
	list := make([]directory.Entry, n)
	for i := range list {
		list[i] = entry(fmt.Sprintf("p%04d", i))
	}
	return list
}

func TestDIR07_LifeOfAPersonThroughTheStore(t *testing.T) {
	w := newWorld(t)
	w.source.set(append(people(20), entry("ada"))...)
	report := w.sync()
	require.Equal(t, identity.RunCompleted, report.State)
	require.Equal(t, 21, report.Applied[directory.OpCreate])
	ada := w.user("ada@corp.example")
	require.Equal(t, identity.SourceDirectory, ada.Source)
	require.Equal(t, identity.ObjectID("object-ada"), ada.Directory.Object)
	require.Equal(t, identity.Profile(`{"displayName":"ADA"}`), ada.Profile)

	_, plan := w.plan()
	require.True(t, plan.Empty())
	require.Equal(t, 21, plan.Figures.Unchanged)

	w.source.set(append(people(20), entry("ada", disabled, called("Ada")))...)
	w.sync()
	now := w.user("ada@corp.example")
	require.Equal(t, identity.DirectoryDisabled, now.InactiveReason)
	require.Equal(t, identity.Profile(`{"displayName":"Ada"}`), now.Profile)

	w.source.set(append(people(20), entry("ada", called("Ada")))...)
	w.sync()
	require.Equal(t, ada.Status, w.user("ada@corp.example").Status)

	w.source.set(people(20)...)
	w.sync()
	now = w.user("ada@corp.example")
	require.Equal(t, identity.DirectoryDeleted, now.InactiveReason)
	why, err := w.service.Why(t.Context(), w.org, now.ID)
	require.NoError(t, err)
	require.Equal(t, identity.Rule("USR-11a"), why.Rule)
	require.Equal(t, now.StatusAt.Add(7*identity.Day), why.Next.At)
	var proof map[string]any
	require.NoError(t, json.Unmarshal(why.Evidence, &proof))
	require.Equal(t, "tombstone", proof["finding"])
	require.Equal(t, "dc1.corp.example", proof["server"])
	require.Equal(t, "Olga", proof["startedBy"])

	w.source.set(append(people(20), entry("ada", mail("lovelace@corp.example"), dn("cn=lovelace")))...)
	report = w.sync()
	require.Equal(t, 1, report.Applied[directory.OpRestore])
	now = w.user("lovelace@corp.example")
	require.Equal(t, ada.ID, now.ID, "USR-12: the same account")
	require.Equal(t, "cn=lovelace", now.Directory.DN)
}

func TestDIR01_TheFirstRunMakesSynchronizationOperational(t *testing.T) {
	w := newWorld(t)
	w.source.set(people(3)...)
	stored, _ := w.plan()
	org, err := w.store.Organization(t.Context(), w.org)
	require.NoError(t, err)
	require.Equal(t, identity.SyncRegistered, org.SyncMode)
	require.Empty(t, w.accounts(), "DIR-03: a plan changes nobody")
	w.apply(stored.ID)
	org, err = w.store.Organization(t.Context(), w.org)
	require.NoError(t, err)
	require.Equal(t, identity.SyncManual, org.SyncMode)
	n, err := w.store.Connector(t.Context(), w.org, w.connector)
	require.NoError(t, err)
	require.Equal(t, 3, n.LastGoodCount)
	require.Equal(t, "dc1.corp.example", n.LastGoodServer)
}

func TestDIR03_ARunWantsAPlanThatSomebodySaw(t *testing.T) {
	w := newWorld(t)
	w.source.set(people(3)...)
	_, _, _, err := w.syncer.Run(t.Context(), w.org, w.connector, admin, nil)
	require.Equal(t, identity.RuleDryRunRequired, identity.RuleOf(err))
	w.plan()
	_, _, report, err := w.syncer.Run(t.Context(), w.org, w.connector, admin, nil)
	require.NoError(t, err)
	require.Equal(t, 3, report.Applied[directory.OpCreate])
}

func TestDIR16_ABadAnswerChangesNobody(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*madeUp)
		says  string
	}{
		"nobody at all": {func(m *madeUp) { m.set() }, "never counts as everybody deleted"},
		"unreachable": {func(m *madeUp) {
			m.down = identity.Refuse(identity.Unavailable, directory.RuleUnreachable, "the server is down")
		}, "The server is down."},
		"addresses gone everywhere": {func(m *madeUp) {
			for i := range m.entries {
				noMail(&m.entries[i])
			}
		}, "emails vanished from 30 of 30 people"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.source.set(people(30)...)
			w.sync()
			c.spoil(w.source)
			before := w.accounts()
			stored, plan := w.plan()
			require.Equal(t, identity.PlanRefused, stored.State)
			require.Contains(t, plan.Refused, c.says)
			require.Empty(t, plan.Steps)
			_, err := w.syncer.Apply(t.Context(), w.org, stored.ID, admin, nil)
			require.Equal(t, directory.RulePlanRefused, identity.RuleOf(err))
			_, err = w.syncer.Approve(t.Context(), w.org, stored.ID, admin)
			require.Equal(t, directory.RulePlanNotHeld, identity.RuleOf(err), "nobody can approve it either")
			require.Equal(t, before, w.accounts())
		})
	}
}

func TestDIR18_AFailedLookUpLosesNobody(t *testing.T) {
	w := newWorld(t)
	w.source.set(people(30)...)
	w.sync()
	w.source.set(people(29)...)
	w.source.lost = true
	_, plan := w.plan()
	require.Equal(t, "skip p0029 LOSS_UNPROVEN", said(plan))
}

func TestDIR09_AHeldPlanWaitsForAnApprovalByName(t *testing.T) {
	w := newWorld(t)
	w.source.set(people(100)...)
	w.sync()
	w.source.set(people(79)...)
	stored, plan := w.plan()
	require.Equal(t, identity.PlanHeld, stored.State)
	require.Equal(t, 21, plan.Guard.Losses)
	_, err := w.syncer.Apply(t.Context(), w.org, stored.ID, admin, nil)
	require.Equal(t, directory.RulePlanHeld, identity.RuleOf(err))
	_, err = w.syncer.Approve(t.Context(), w.org, stored.ID, identity.Actor{Kind: identity.Operator})
	require.Equal(t, directory.RuleApproverNeeded, identity.RuleOf(err))
	approved, err := w.syncer.Approve(t.Context(), w.org, stored.ID, admin)
	require.NoError(t, err)
	require.Equal(t, "Olga", approved.ApprovedBy)
	require.Equal(t, 21, w.apply(stored.ID).Applied[directory.OpRemove])
	_, err = w.syncer.Apply(t.Context(), w.org, stored.ID, admin, nil)
	require.Equal(t, directory.RulePlanApplied, identity.RuleOf(err))
}

func TestAPlanIsNotAppliedWhenItNoLongerFits(t *testing.T) {
	w := newWorld(t)
	w.source.set(people(3)...)
	first, _ := w.plan()
	second, _ := w.plan()
	w.apply(second.ID)
	_, err := w.syncer.Apply(t.Context(), w.org, first.ID, admin, nil)
	require.Equal(t, directory.RulePlanStale, identity.RuleOf(err), "another plan was applied since")

	third, _ := w.plan()
	require.NoError(t, w.service.Transact(t.Context(), w.org, admin, func(c *identity.Acts) error {
		n, err := c.Tx().Connector(t.Context(), w.org, w.connector)
		if err != nil {
			return err
		}
		n.UpdatedAt = c.Now()
		return c.Tx().UpdateConnector(t.Context(), n)
	}))
	_, err = w.syncer.Apply(t.Context(), w.org, third.ID, admin, nil)
	require.Equal(t, directory.RulePlanStale, identity.RuleOf(err), "the settings changed since")
	_, err = w.syncer.Apply(t.Context(), w.org, "no-such-plan", admin, nil)
	require.True(t, identity.IsNotFound(err))
}

// TestEML12_OneRefusedEntryDoesNotStopTheOthers has things happen between plan and run.
func TestEML12_OneRefusedEntryDoesNotStopTheOthers(t *testing.T) {
	w := newWorld(t)
	w.source.set(append(people(5), entry("ada"))...)
	w.sync()
	other, err := w.service.CreateOrganization(t.Context(), admin, identity.Organization{Name: "Other", Kind: identity.Customer})
	require.NoError(t, err)
	w.source.set(append(people(5), entry("ada", called("Countess")), entry("eve"), entry("new"))...)
	stored, plan := w.plan()
	require.Len(t, plan.Steps, 3)
	require.NoError(t, w.service.Transact(t.Context(), other.ID, admin, func(c *identity.Acts) error {
		_, err := c.Create(t.Context(), identity.Draft{UserName: "eve@corp.example", Active: true}, identity.Origin{Source: identity.SourceManual})
		return err
	}))
	bot := identity.Actor{Kind: identity.ConnectorRun}
	require.NoError(t, w.service.Transact(t.Context(), w.org, bot, func(c *identity.Acts) error {
		_, err := c.Update(t.Context(), w.user("ada@corp.example").ID, nil, func(d identity.Draft) (identity.Draft, error) {
			d.ExternalID = "changed meanwhile"
			return d, nil
		})
		return err
	}))
	report := w.apply(stored.ID)
	require.Equal(t, identity.RunErrors, report.State)
	require.Equal(t, 1, report.Applied[directory.OpCreate])
	require.Equal(t, 1, report.Stale)
	require.Equal(t, 1, report.Failed)
	codes := map[string]identity.Rule{}
	for _, item := range report.Items {
		codes[item.UserName] = item.Code
		require.NotContains(t, item.Detail, string(other.ID))
	}
	require.Equal(t, map[string]identity.Rule{"ada@corp.example": directory.RuleAccountMovedOn, "eve@corp.example": directory.RuleNotConverted}, codes)
	require.Equal(t, identity.Profile(`{"displayName":"ADA"}`), w.user("ada@corp.example").Profile)
	w.user("new@corp.example")

	_, plan = w.plan()
	require.Equal(t, "update ada; conflict eve USER_COULD_NOT_BE_CONVERTED", said(plan))
}

func TestPeopleExchangeTheirAddresses(t *testing.T) {
	w := newWorld(t)
	w.source.set(entry("a"), entry("b"), entry("c"), entry("d"))
	w.sync()
	a := w.user("a@corp.example")
	w.source.set(entry("a", mail("b@corp.example")), entry("b", mail("c@corp.example")), entry("c", mail("a@corp.example")), entry("d", called("Dan")))
	report := w.sync()
	require.Equal(t, identity.RunCompleted, report.State, report.Items)
	require.Equal(t, a.ID, w.user("b@corp.example").ID)
	_, plan := w.plan()
	require.True(t, plan.Empty())

	// One of them changed meanwhile: none of the three moves, and the fourth does.
	w.source.set(entry("a"), entry("b"), entry("c"), entry("d"))
	stored, _ := w.plan()
	require.NoError(t, w.service.Transact(t.Context(), w.org, identity.Actor{Kind: identity.ConnectorRun}, func(c *identity.Acts) error {
		_, err := c.SignIn(t.Context(), w.user("c@corp.example").ID)
		return err
	}))
	before := w.user("b@corp.example")
	report = w.apply(stored.ID)
	require.Equal(t, 3, report.Stale)
	require.Equal(t, 1, report.Applied[directory.OpUpdate])
	require.Equal(t, before, w.user("b@corp.example"))
	w.sync()
	require.Equal(t, a.ID, w.user("a@corp.example").ID)
}

func TestDIR04_UsersWhomNoEntryMatches(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.service.Transact(t.Context(), w.org, identity.Actor{Kind: identity.System}, func(c *identity.Acts) error {
		for _, name := range []string{"Ada@corp.example", "zoe@corp.example"} {
			d := identity.Draft{UserName: name, Emails: []identity.AccountEmail{{Value: name}}, Active: true, Profile: `{"nickName":"N"}`}
			if _, err := c.Create(t.Context(), d, identity.Origin{Source: identity.SourceManual}); err != nil {
				return err
			}
		}
		return nil
	}))
	before := w.user("ada@corp.example")
	w.source.set(entry("ada"), entry("bob"))
	w.sync()
	ada := w.user("ada@corp.example")
	require.Equal(t, before.ID, ada.ID)
	require.Equal(t, "ada@corp.example", ada.UserName, "DIR-08: the directory's spelling wins")
	require.Equal(t, identity.Profile(`{"displayName":"ADA","nickName":"N"}`), ada.Profile, "what the mapping does not own stays")
	require.Equal(t, identity.ObjectID("object-ada"), ada.Directory.Object)
	require.NotEqual(t, identity.Inactive, w.user("zoe@corp.example").Status, "retained")

	n, err := w.store.Connector(t.Context(), w.org, w.connector)
	require.NoError(t, err)
	n.Settings = json.RawMessage(`{"policy":{"mismatched":"delete"}}`)
	require.NoError(t, w.service.Transact(t.Context(), w.org, admin, func(c *identity.Acts) error {
		n.UpdatedAt = c.Now()
		return c.Tx().UpdateConnector(t.Context(), n)
	}))
	require.Equal(t, 1, w.sync().Applied[directory.OpRemove])
	zoe := w.user("zoe@corp.example")
	require.Equal(t, identity.DirectoryDeleted, zoe.InactiveReason)
	require.Nil(t, zoe.Directory)
	_, plan := w.plan()
	require.True(t, plan.Empty())
}

// TestDIR16_ARunThatWasKilledGoesOn kills the run before each of its transactions in turn.
func TestDIR16_ARunThatWasKilledGoesOn(t *testing.T) {
	for kill := range 8 {
		t.Run(fmt.Sprintf("before transaction %d", kill), func(t *testing.T) {
			w := newWorld(t)
			w.source.set(people(450)...)
			w.sync()
			next := people(440)
			for i := range 430 {
				called("Renamed")(&next[i])
			}
			w.source.set(append(next, entry("ada"), entry("eve", mail("not an address")))...)
			stored, _ := w.plan()
			left := &atomic.Int64{}
			left.Store(int64(kill))
			_, err := w.syncerOver(brittle{w.store, left}).Apply(t.Context(), w.org, stored.ID, admin, nil)
			if killed := errors.Is(err, errKilled); !killed {
				require.NoError(t, err)
			}
			report := directory.Report{}
			if err != nil {
				report = w.apply(stored.ID)
			} else {
				_, err = w.syncer.Apply(t.Context(), w.org, stored.ID, admin, nil)
				require.Equal(t, directory.RulePlanApplied, identity.RuleOf(err))
				runs, err := w.syncer.History(t.Context(), w.org, w.connector, 1)
				require.NoError(t, err)
				report, err = directory.ReportOf(runs[0])
				require.NoError(t, err)
			}
			require.Equal(t, map[directory.Op]int{directory.OpUpdate: 430, directory.OpRemove: 10, directory.OpCreate: 1}, report.Applied)
			require.Equal(t, 1, report.Failed)
			runs, err := w.syncer.History(t.Context(), w.org, w.connector, 10)
			require.NoError(t, err)
			require.Len(t, runs, 2, "the same run went on")
			for _, a := range w.accounts() {
				require.LessOrEqual(t, a.Version, int64(2), "no step is applied twice")
			}
			_, plan := w.plan()
			require.True(t, plan.Empty())
		})
	}
}

func TestTwoAtOnceApplyAPlanOnce(t *testing.T) {
	w := newWorld(t)
	w.source.set(people(900)...)
	stored, _ := w.plan()
	var wg sync.WaitGroup
	errs := make([]error, 3)
	for i := range errs {
		wg.Go(func() { _, errs[i] = w.syncer.Apply(t.Context(), w.org, stored.ID, admin, nil) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			require.Equal(t, directory.RulePlanApplied, identity.RuleOf(err), err)
		}
	}
	runs, err := w.syncer.History(t.Context(), w.org, "", 10)
	require.NoError(t, err)
	require.Len(t, runs, 1)
	report, err := directory.ReportOf(runs[0])
	require.NoError(t, err)
	require.Equal(t, map[directory.Op]int{directory.OpCreate: 900}, report.Applied)
	require.Len(t, w.accounts(), 900)
}

func TestAPlanReadsLikeAReview(t *testing.T) {
	w := newWorld(t)
	w.source.set(append(people(20), entry("ada"), entry("bob"), entry("eve"))...)
	w.sync()
	w.source.set(append(people(20), entry("ada", disabled), entry("eve", mail("eva@corp.example")), entry("zoe", called("\x1b[31mZoe")))...)
	stored, plan := w.plan()
	var b strings.Builder
	require.NoError(t, plan.Print(&b))
	text := b.String()
	for _, part := range []string{
		"Read 23 entries from dc1.corp.example at 2026-01-02 03:04:05 UTC, proven complete.",
		"Plan: 1 to remove, 1 to disable, 1 to create, 1 to rename; 20 unchanged.",
		"Guard: 2 of 23 people would be lost (8.6 %); more than 20 % or more than 500 need an approval.",
		"status: not_verified -> inactive (directory_deleted)",
		"emails: eve@corp.example -> eva@corp.example",
		"Evidence: tombstone, cn=gone. Looked up.",
		"deleted 7 days after this is applied",
		"·[31mZoe",
	} {
		require.Contains(t, text, part)
	}
	shown, again, err := w.syncer.Show(t.Context(), w.org, stored.ID)
	require.NoError(t, err)
	require.Equal(t, plan, again)
	_, hash, err := again.Encode()
	require.NoError(t, err)
	require.Equal(t, shown.Hash, hash)
	var report strings.Builder
	require.NoError(t, w.apply(stored.ID).Print(&report))
	require.Contains(t, report.String(), "completed, 4 of 4 steps")
}
