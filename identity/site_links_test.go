package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func (w *world) sites(org identity.OrgID) []identity.SiteLink {
	w.t.Helper()
	all, err := w.SiteLinks(w.ctx, org)
	require.NoError(w.t, err)
	return all
}

func TestORG08_OnlyTheOperatorUndoesACompletedLink(t *testing.T) {
	w := newWorld(t)
	org := w.org("C")
	_, p := w.boss(org, "ada@c.example")
	by := w.as(p, org)
	added, err := w.AddSite(w.ctx, by, org, "Meet.Example", "calling")
	require.NoError(t, err)
	require.Equal(t, identity.SiteLink{Org: org, Site: "meet.example", Licence: "calling", Status: identity.SitePending, CreatedAt: t0, UpdatedAt: t0}, added)
	require.NoError(t, w.UnlinkSite(w.ctx, by, org, "meet.example"), "while it is pending")
	require.Empty(t, w.sites(org))
	refusedWith(t, w.UnlinkSite(w.ctx, by, org, "meet.example"), identity.RuleUnknownSite)

	_, err = w.CompleteSite(w.ctx, by, org, "meet.example")
	refusedWith(t, err, identity.RuleForbiddenRole)
	_, err = w.AddSite(w.ctx, by, org, "meet.example", "calling")
	require.NoError(t, err)
	w.clock.move(time.Hour)
	completed, err := w.CompleteSite(w.ctx, operator, org, "meet.example")
	require.NoError(t, err)
	require.Equal(t, identity.SiteLink{Org: org, Site: "meet.example", Licence: "calling", Status: identity.SiteCompleted, CreatedAt: t0, UpdatedAt: w.Now()}, completed)
	again, err := w.AddSite(w.ctx, by, org, "meet.example", "calling")
	require.NoError(t, err)
	require.Equal(t, completed, again, "it is no step back")
	err = w.UnlinkSite(w.ctx, by, org, "meet.example")
	refusedWith(t, err, identity.RuleSiteCompleted)
	require.Equal(t, identity.Forbidden, identity.KindOf(err))
	_, err = w.DeleteOrganization(w.ctx, by, org)
	require.Equal(t, []identity.Rule{identity.RuleOrgLinkedSites}, reasonsOf(t, err))

	require.NoError(t, w.UnlinkSite(w.ctx, operator, org, "meet.example"))
	_, err = w.DeleteOrganization(w.ctx, by, org)
	require.NoError(t, err)
	var kinds []identity.EventKind
	for _, e := range w.heard(org, identity.SitePut, identity.SiteDeleted) {
		require.Equal(t, identity.Target{Type: identity.TargetSite, ID: "meet.example", Name: "meet.example"}, e.Target)
		kinds = append(kinds, e.Kind)
	}
	require.Equal(t, []identity.EventKind{identity.SitePut, identity.SiteDeleted, identity.SitePut, identity.SitePut, identity.SiteDeleted}, kinds, "what changed nothing is not told")
}

func TestORG08_WhatIsNoSite(t *testing.T) {
	w := newWorld(t)
	org := w.org("C")
	for _, site := range []string{"", "a b", "https://meet.example", "x..example"} {
		_, err := w.AddSite(w.ctx, operator, org, site, "")
		require.Equal(t, identity.Invalid, identity.KindOf(err), "%q: %v", site, err)
	}
	_, err := w.AddSite(w.ctx, operator, org, "meet.example", "Not A Licence")
	refusedWith(t, err, identity.RuleUnknownLicence)
	_, err = w.AddSite(w.ctx, operator, identity.ConsumerOrgID, "meet.example", "")
	refusedWith(t, err, identity.RuleForbiddenRole)
}
