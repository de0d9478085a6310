package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// connected registers a connector of an organization.
func (w *world) connected(org identity.OrgID, name string) identity.Connector {
	w.t.Helper()
	n, err := w.CreateConnector(w.ctx, operator, identity.Connector{Org: org, Name: name, Kind: "ad", Settings: []byte(`{}`)})
	require.NoError(w.t, err)
	return n
}

// planned stores a plan of a connector as if the directory had just been read.
func (w *world) planned(n identity.Connector, state identity.PlanState) {
	w.t.Helper()
	p := identity.Plan{ID: identity.PlanID(w.NewID()), Org: n.Org, Connector: n.ID, Hash: "x", State: state, Summary: []byte(`{}`), Body: []byte(`{}`), Version: 1}
	require.NoError(w.t, w.Transact(w.ctx, n.Org, operator, func(c *identity.Acts) error {
		p.CreatedAt = c.Now()
		return c.Tx().InsertPlan(w.ctx, p)
	}))
}

func (w *world) syncMode(org identity.OrgID) identity.SyncMode {
	w.t.Helper()
	o, err := w.Reader().Organization(w.ctx, org)
	require.NoError(w.t, err)
	return o.SyncMode
}

func (w *world) switchOff(org identity.OrgID) {
	w.t.Helper()
	o, err := w.DisableSync(w.ctx, operator, org)
	require.NoError(w.t, err)
	require.Equal(w.t, identity.SyncDisabled, o.SyncMode)
	require.Equal(w.t, identity.SyncDisabled, w.syncMode(org))
}

func TestUSR14_SwitchingSynchronizationOffKeepsConnectorsLinksAndDates(t *testing.T) {
	w := newWorld(t)
	org := w.org("Corp")
	gone, err := w.mirror(w.synchronized(org, "gone@corp.example", false), identity.DirectoryMissing, identity.DirectoryDeleted)
	require.NoError(t, err)
	disabled := w.synchronized(org, "disabled@corp.example", true)
	there := w.synchronized(org, "there@corp.example", false)
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncManual })
	_, err = w.deactivate(admin, there)
	refusedWith(t, err, identity.RuleManagedByDirectory)

	w.switchOff(org)
	left, err := w.Reader().Connectors(w.ctx, org)
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.Equal(t, there.Directory, w.account(there).Directory)
	before := w.settingsChanged(org)
	w.switchOff(org)
	require.Equal(t, before, w.settingsChanged(org), "it was off already: nobody is told anything")

	off, err := w.deactivate(admin, w.account(there))
	require.NoError(t, err, "USR-22: administrators have their people back")
	require.Equal(t, identity.ByAdministrator, off.InactiveReason)
	w.clock.move(7*identity.Day - time.Second)
	require.Zero(t, w.purge())
	w.clock.move(time.Second)
	require.Equal(t, 1, w.purge(), "the seven days ran on")
	w.gone(org, gone.ID)
	w.clock.move(23 * identity.Day)
	require.Equal(t, 1, w.purge(), "whoever became inactive afterwards follows the ordinary rule")
	w.gone(org, there.ID)
	w.clock.move(400 * identity.Day)
	require.Zero(t, w.purge(), "A14: disabled in the directory stays until an administrator acts")
	back, err := w.reactivate(admin, w.account(disabled))
	require.NoError(t, err)
	require.Equal(t, identity.NotVerified, back.Status)

	o, err := w.EnableSync(w.ctx, operator, org)
	require.NoError(t, err)
	require.Equal(t, identity.SyncRegistered, o.SyncMode)
	_, err = w.deactivate(admin, w.account(disabled))
	refusedWith(t, err, identity.RuleManagedByDirectory)
}

// settingsChanged counts how often the settings of an organization were changed.
func (w *world) settingsChanged(org identity.OrgID) int {
	w.t.Helper()
	list, err := w.Reader().Events(w.ctx, org, identity.EventQuery{Kinds: []identity.EventKind{identity.OrgChanged}, Limit: 1000})
	require.NoError(w.t, err)
	return len(list)
}

func TestDIR01_SynchronizationIsSwitchedOnOnlyWithAConnector(t *testing.T) {
	w := newWorld(t)
	org := w.org("Corp")
	_, err := w.EnableSync(w.ctx, operator, org)
	refusedWith(t, err, identity.RuleNoConnector)
	n := w.connected(org, "AD")
	require.Equal(t, identity.SyncRegistered, w.syncMode(org))
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncPaused })
	o, err := w.EnableSync(w.ctx, operator, org)
	require.NoError(t, err)
	require.Equal(t, identity.SyncPaused, o.SyncMode, "it is on already")
	require.NoError(t, w.RemoveConnector(w.ctx, operator, org, n.ID))
	_, err = w.EnableSync(w.ctx, operator, org)
	refusedWith(t, err, identity.RuleNoConnector)
	_, err = w.EnableSync(w.ctx, operator, identity.ConsumerOrgID)
	refusedWith(t, err, identity.RuleNoConnector)
}

func TestCLM02_WhateverIsNotOffKeepsAnOrganizationFromClaiming(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	w.personal("ada@corp.example")
	w.connected(org, "AD")
	w.matched(org)
	for _, mode := range identity.SyncModes[1:] {
		w.set(org, func(o *identity.Organization) { o.SyncMode = mode })
		_, _, err := w.claim(org, "ada@corp.example", "")
		refusedWith(t, err, identity.RuleClaimTargetDirSync)
	}
	w.switchOff(org)
	w.claimed(org, "ada@corp.example", "")
	left, err := w.Reader().Connectors(w.ctx, org)
	require.NoError(t, err)
	require.Len(t, left, 1, "the connector waits for its time")
}

func TestCLM03_ADryRunIsOwedAfterAClaim(t *testing.T) {
	claim := func(w *world, org identity.OrgID) { w.claimed(org, "ada@corp.example", "") }
	for name, c := range map[string]struct {
		do   func(w *world, org identity.OrgID, n, other identity.Connector)
		owed []string
	}{
		"nobody was claimed": {func(*world, identity.OrgID, identity.Connector, identity.Connector) {}, nil},
		"no plan at all": {func(w *world, org identity.OrgID, _, _ identity.Connector) {
			claim(w, org)
		}, []string{"AD", "LDS"}},
		"plans from before the claim": {func(w *world, org identity.OrgID, n, other identity.Connector) {
			w.planned(n, identity.PlanReady)
			w.planned(other, identity.PlanReady)
			w.clock.move(time.Second)
			claim(w, org)
		}, []string{"AD", "LDS"}},
		"a plan of the same instant": {func(w *world, org identity.OrgID, n, other identity.Connector) {
			claim(w, org)
			w.planned(n, identity.PlanReady)
			w.clock.move(time.Microsecond)
			w.planned(other, identity.PlanReady)
		}, []string{"AD"}},
		"a plan of one of the connectors": {func(w *world, org identity.OrgID, n, _ identity.Connector) {
			claim(w, org)
			w.clock.move(time.Second)
			w.planned(n, identity.PlanReady)
		}, []string{"LDS"}},
		"a plan that was refused": {func(w *world, org identity.OrgID, n, other identity.Connector) {
			claim(w, org)
			w.clock.move(time.Second)
			w.planned(n, identity.PlanRefused)
			w.planned(other, identity.PlanHeld)
		}, []string{"AD"}},
		"a plan that was refused after a good one": {func(w *world, org identity.OrgID, n, other identity.Connector) {
			claim(w, org)
			w.clock.move(time.Second)
			w.planned(n, identity.PlanReady)
			w.planned(other, identity.PlanReady)
			w.planned(n, identity.PlanRefused)
		}, nil},
		"one more claim after the plans": {func(w *world, org identity.OrgID, n, other identity.Connector) {
			claim(w, org)
			w.clock.move(time.Second)
			w.planned(n, identity.PlanReady)
			w.planned(other, identity.PlanReady)
			w.clock.move(time.Second)
			w.claimed(org, "bob@corp.example", "")
		}, []string{"AD", "LDS"}},
		"a claim that was revoked": {func(w *world, org identity.OrgID, _, _ identity.Connector) {
			revoked, _ := w.claimed(org, "ada@corp.example", "")
			require.NoError(w.t, w.revoke(revoked))
		}, []string{"AD", "LDS"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org := w.claimant("Corp", "corp.example")
			w.personal("ada@corp.example")
			w.personal("bob@corp.example")
			n, other := w.connected(org, "AD"), w.connected(org, "LDS")
			w.switchOff(org)
			c.do(w, org, n, other)

			owed, err := w.DryRunsOwed(w.ctx, org)
			require.NoError(t, err)
			var names []string
			for _, n := range owed {
				names = append(names, n.Name)
			}
			require.Equal(t, c.owed, names)
			_, err = w.EnableSync(w.ctx, operator, org)
			if len(c.owed) == 0 {
				require.NoError(t, err)
				return
			}
			refusedWith(t, err, identity.RuleDryRunRequired)
			require.Equal(t, identity.Conflict, identity.KindOf(err))
			require.ErrorContains(t, err, c.owed[0])
			_, err = w.ChangeOrganization(w.ctx, operator, org, func(o identity.Organization) identity.Organization {
				o.SyncMode = identity.SyncManual
				return o
			})
			refusedWith(t, err, identity.RuleDryRunRequired)
			require.Equal(t, identity.SyncDisabled, w.syncMode(org), "nothing changed")

			w.clock.move(time.Second)
			w.planned(n, identity.PlanReady)
			w.planned(other, identity.PlanReady)
			_, err = w.EnableSync(w.ctx, operator, org)
			require.NoError(t, err)
		})
	}
}

func TestCLM03_AConnectorAfterAClaimSwitchesNothingOn(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	w.personal("ada@corp.example")
	_, ada := w.claimed(org, "ada@corp.example", identity.ClaimImmediate)
	w.clock.move(time.Second)
	n := w.connected(org, "AD")
	require.Equal(t, identity.SyncDisabled, w.syncMode(org))
	_, err := w.deactivate(admin, ada)
	require.NoError(t, err, "the directory does not own anybody yet")
	_, err = w.EnableSync(w.ctx, operator, org)
	refusedWith(t, err, identity.RuleDryRunRequired)
	w.planned(n, identity.PlanReady)
	_, err = w.EnableSync(w.ctx, operator, org)
	require.NoError(t, err)
	w.connected(org, "LDS")
	require.Equal(t, identity.SyncRegistered, w.syncMode(org), "it stays on: nobody was claimed since")
}

func TestSCM15_OneSourceOfPeopleOnly(t *testing.T) {
	w := newWorld(t)
	org := w.org("Corp")
	w.set(org, func(o *identity.Organization) { o.ProviderAuthoritative = true })
	_, err := w.CreateConnector(w.ctx, operator, identity.Connector{Org: org, Name: "AD", Kind: "ad", Settings: []byte(`{}`)})
	refusedWith(t, err, identity.RuleSyncSourceConflict)
	require.Equal(t, identity.Conflict, identity.KindOf(err))
	require.ErrorContains(t, err, "identity provider is the authority")
	left, err := w.Reader().Connectors(w.ctx, org)
	require.NoError(t, err)
	require.Empty(t, left)

	authority := func() error {
		_, err := w.ChangeOrganization(w.ctx, operator, org, func(o identity.Organization) identity.Organization {
			o.ProviderAuthoritative = true
			return o
		})
		return err
	}
	w.set(org, func(o *identity.Organization) { o.ProviderAuthoritative = false })
	n := w.connected(org, "AD")
	err = authority()
	refusedWith(t, err, identity.RuleSyncSourceConflict)
	require.ErrorContains(t, err, "the connector AD")
	w.switchOff(org)
	refusedWith(t, authority(), identity.RuleSyncSourceConflict)
	require.NoError(t, w.RemoveConnector(w.ctx, operator, org, n.ID))
	require.NoError(t, authority())
	_, err = w.ChangeOrganization(w.ctx, operator, org, func(o identity.Organization) identity.Organization {
		o.SyncMode = identity.SyncManual
		return o
	})
	refusedWith(t, err, identity.RuleSyncSourceConflict)
	_, err = w.CreateOrganization(w.ctx, operator, identity.Organization{Name: "Both", Kind: identity.Customer, SyncMode: identity.SyncManual, ProviderAuthoritative: true})
	refusedWith(t, err, identity.RuleSyncSourceConflict)
}
