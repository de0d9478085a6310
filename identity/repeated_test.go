package identity_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// told counts an organization's events.
func (w *world) told(org identity.OrgID) int64 {
	w.t.Helper()
	report, err := w.VerifyChain(w.ctx, org)
	require.NoError(w.t, err)
	require.Empty(w.t, report.Fault)
	return report.Events
}

func TestAUD04_WhatIsSoAlreadyIsNoTransition(t *testing.T) {
	issues := identity.IdentityProvider{Issuer: "https://login.corp.example", Audience: "rollcall", Active: true}
	for name, do := range map[string]func(w *world, org identity.OrgID, partner identity.OrgID) error{
		"the same role": func(w *world, org, _ identity.OrgID) error {
			_, err := w.Grant(w.ctx, operator, identity.Grant{Org: org, Issuer: issuer, Subject: "ada", Role: identity.RoleFull})
			return err
		},
		"the same partner": func(w *world, org, partner identity.OrgID) error {
			_, err := w.PutPartner(w.ctx, operator, partner, org, identity.RoleUser)
			return err
		},
		"the same issuer": func(w *world, org, _ identity.OrgID) error {
			p := issues
			p.Org = org
			_, err := w.PutIdentityProvider(w.ctx, operator, p)
			return err
		},
		"the same domain": func(w *world, org, _ identity.OrgID) error {
			_, err := w.AttestDomain(w.ctx, operator, org, "corp.example")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org, partner := w.org("A"), w.partner("P")
			require.NoError(t, do(w, org, partner))
			w.clock.move(time.Hour)
			before := w.told(org)
			require.NoError(t, do(w, org, partner))
			require.Equal(t, before, w.told(org))
		})
	}
}

func TestAUD04_ATokenIsRevokedOnce(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	token, _, err := w.CreateToken(w.ctx, operator, org, identity.NewToken{Name: "okta", Profile: ""})
	require.NoError(t, err)
	require.NoError(t, w.RevokeToken(w.ctx, operator, org, token.ID))
	before := w.told(org)
	w.clock.move(time.Hour)
	_ = w.RevokeToken(w.ctx, operator, org, token.ID)
	require.Equal(t, before, w.told(org))
	tokens, err := w.Reader().Tokens(w.ctx, org)
	require.NoError(t, err)
	require.Equal(t, t0, tokens[0].RevokedAt.UTC(), "when it stopped working is not rewritten")
}

func TestDOM13_AttestingAClaimedDomainAgainDoesNotReleaseIt(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.claimDomain(org, "corp.example")
	d, err := w.AttestDomain(w.ctx, operator, org, "corp.example")
	require.NoError(t, err)
	require.Equal(t, identity.DomainClaimed, d.State)
	holders, err := w.Reader().DomainHolders(w.ctx, "corp.example")
	require.NoError(t, err)
	require.Equal(t, identity.DomainClaimed, holders[0].State)
}

func TestEML14_AskingForTheSameAddressAgainStartsTheFifteenDaysAnew(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.byHand(org, "ada@example.com")
	_, err := w.changeEmail(a, "ada@example.org")
	require.NoError(t, err)
	w.clock.move(14 * identity.Day)
	again, err := w.changeEmail(w.account(a), "ada@example.org")
	require.NoError(t, err)
	require.Equal(t, t0.Add(14*identity.Day), again.PendingSince.UTC())
	require.Equal(t, identity.EmailChangeAsked, last(w.events(a)))
	w.clock.move(2 * identity.Day)
	require.Zero(t, w.revert(), "the mail said until when")
	require.NoError(t, w.follow(w.mailed(org, identity.MessageChangeConfirm)))
	require.Equal(t, "ada@example.org", w.account(a).PrimaryEmail())
}

func last[T any](all []T) T { return all[len(all)-1] }

func TestCLM40_AnAddressDoesNotChangeWhileAClaimWaitsForTheUser(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.byHand(org, "ada@example.com")
	_, err := w.changeEmail(a, "ada@example.org")
	require.NoError(t, err)
	now := w.account(a)
	now.Status = identity.DeferredClaim
	w.store(now)
	refusedWith(t, w.follow(w.mailed(org, identity.MessageChangeConfirm)), identity.RuleInvalidTransition)
	require.Equal(t, "ada@example.com", w.account(a).PrimaryEmail())
}

func TestAUD04_ARefusalDoesNotKeepWhatNoUserNameCouldBe(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncPaused })
	for name, kept := range map[string]bool{
		strings.Repeat("u", identity.MaxUserName):   true,
		strings.Repeat("u", identity.MaxUserName+1): false,
		"a\nb": false,
	} {
		_, err := w.add(org, admin, identity.Draft{UserName: name, Active: true})
		refusedWith(t, err, identity.RuleManagedByDirectory)
		all, err := w.Audit(w.ctx, org, identity.AuditQuery{Limit: 1})
		require.NoError(t, err)
		require.Equal(t, identity.EventRefused, all[0].Kind)
		require.Equal(t, kept, all[0].AccountName == name)
	}
}

func TestAUD04_AUsedLinkFillsNoAudit(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.byHand(org, "ada@example.com")
	secret := w.mailed(org, identity.MessageInvitation)
	require.NoError(t, w.follow(secret))
	before := w.told(org)
	for range 3 {
		refusedWith(t, w.follow(secret), identity.RuleLinkUsed)
	}
	require.Equal(t, before, w.told(org))
}
