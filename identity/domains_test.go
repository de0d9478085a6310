package identity_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// dns is what the DNS says.
type dns struct {
	texts map[string][]string
	err   error
	asked int
}

func (d *dns) TXT(_ context.Context, name string) ([]string, error) {
	d.asked++
	if d.err != nil {
		return nil, d.err
	}
	if texts, ok := d.texts[name]; ok {
		return texts, nil
	}
	return nil, identity.Refuse(identity.NotFound, identity.RuleDomainTXTNotFound, "nothing at %s", name)
}

// publish puts the answer to a challenge into the DNS, beside something else.
func (d *dns) publish(s identity.DomainStanding) {
	if d.texts == nil {
		d.texts = map[string][]string{}
	}
	name, value := s.Challenge.Record()
	d.texts[name] = []string{"v=spf1 -all", value}
}

func (w *world) challenge(org identity.OrgID, name string) identity.DomainStanding {
	w.t.Helper()
	s, _, err := w.ChallengeDomain(w.ctx, operator, org, name)
	require.NoError(w.t, err)
	return s
}

// prove verifies a domain by the DNS.
func (w *world) prove(d *dns, org identity.OrgID, name string) {
	w.t.Helper()
	d.publish(w.challenge(org, name))
	s, err := w.VerifyDomain(w.ctx, d, admin, org, name, false)
	require.NoError(w.t, err)
	require.Equal(w.t, identity.DomainVerified, s.State)
}

func (w *world) stands(org identity.OrgID, name string) identity.DomainState {
	w.t.Helper()
	all, err := w.DomainList(w.ctx, org)
	require.NoError(w.t, err)
	for _, d := range all {
		if d.Name == name {
			return d.State
		}
	}
	return identity.DomainNone
}

func TestDOM01_TokenTXTVerify(t *testing.T) {
	for name, c := range map[string]struct {
		texts func(value string) []string
		rule  identity.Rule
	}{
		"no record":           {func(string) []string { return nil }, identity.RuleDomainTXTNotFound},
		"another token":       {func(string) []string { return []string{"rollcall-domain-verification=ABC"} }, identity.RuleDomainTXTNotFound},
		"the token only":      {func(v string) []string { return []string{strings.TrimPrefix(v, identity.ChallengePrefix)} }, identity.RuleDomainTXTNotFound},
		"the record":          {func(v string) []string { return []string{v} }, ""},
		"among other records": {func(v string) []string { return []string{"v=spf1", v, "x=y"} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org := w.org("A")
			s := w.challenge(org, "Example.COM")
			require.Equal(t, "example.com", s.Name)
			record, value := s.Challenge.Record()
			require.Equal(t, "_rollcall-challenge.example.com", record)
			require.GreaterOrEqual(t, len(s.Challenge.Token), 26, "128 bits in base32")
			d := &dns{texts: map[string][]string{record: c.texts(value)}}
			got, err := w.VerifyDomain(w.ctx, d, admin, org, "example.com", false)
			if c.rule != "" {
				refusedWith(t, err, c.rule)
				require.Equal(t, identity.DomainPending, w.stands(org, "example.com"))
				return
			}
			require.NoError(t, err)
			require.Equal(t, identity.DomainVerified, got.State)
			d.texts = nil
			_, err = w.VerifyDomain(w.ctx, d, admin, org, "example.com", false)
			require.NoError(t, err, "afterwards the record may be removed")
			require.Equal(t, 1, d.asked)
		})
	}
}

func TestDOM01_ATokenIsBoundToOrganizationDomainAndAttempt(t *testing.T) {
	w := newWorld(t)
	a, b := w.org("A"), w.org("B")
	first := w.challenge(a, "example.com")
	again, created, err := w.ChallengeDomain(w.ctx, operator, a, "example.com")
	require.NoError(t, err)
	require.False(t, created)
	require.Equal(t, first, again, "the same while it waits")
	d := &dns{}
	d.publish(first)
	w.challenge(b, "example.com")
	_, err = w.VerifyDomain(w.ctx, d, admin, b, "example.com", false)
	refusedWith(t, err, identity.RuleDomainTXTNotFound)
	w.challenge(a, "sub.example.com")
	_, value := first.Challenge.Record()
	d.texts["_rollcall-challenge.sub.example.com"] = []string{value}
	_, err = w.VerifyDomain(w.ctx, d, admin, a, "sub.example.com", false)
	refusedWith(t, err, identity.RuleDomainTXTNotFound)
	require.NoError(t, w.RemoveDomain(w.ctx, admin, a, "example.com"))
	require.NotEqual(t, first.Challenge.Token, w.challenge(a, "example.com").Challenge.Token, "another attempt")
	_, err = w.VerifyDomain(w.ctx, d, admin, a, "example.com", false)
	refusedWith(t, err, identity.RuleDomainTXTNotFound)
}

func TestDOM02_VerifyWithoutATokenOrWithABrokenDNS(t *testing.T) {
	w := newWorld(t)
	a, b := w.org("A"), w.org("B")
	_, err := w.VerifyDomain(w.ctx, &dns{}, admin, a, "example.com", false)
	refusedWith(t, err, identity.RuleDomainTokenMissing)
	w.challenge(a, "example.com")
	down := identity.Refuse(identity.Unavailable, identity.RuleDNSUnavailable, "no answer")
	_, err = w.VerifyDomain(w.ctx, &dns{err: down}, admin, a, "example.com", false)
	refusedWith(t, err, identity.RuleDNSUnavailable)
	_, err = w.VerifyDomain(w.ctx, &dns{err: errors.New("boom")}, admin, a, "example.com", false)
	require.Equal(t, identity.Internal, identity.KindOf(err))

	d := &dns{}
	d.publish(w.challenge(a, "example.com"))
	w.claimDomain(b, "example.com")
	_, err = w.VerifyDomain(w.ctx, d, admin, a, "example.com", false)
	refusedWith(t, err, identity.RuleDomainClaimed)
	require.NotContains(t, err.Error(), string(b))
}

func TestDOM03_NoTokenForAClaimedDomain(t *testing.T) {
	w := newWorld(t)
	a, b := w.org("A"), w.org("B")
	w.claimDomain(a, "example.com")
	for _, org := range []identity.OrgID{a, b} {
		_, _, err := w.ChallengeDomain(w.ctx, admin, org, "example.com")
		refusedWith(t, err, identity.RuleDomainClaimed)
	}
}

func TestDOM05_TheAdministratorsOwnDomainFirst(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	_, p := w.bound(org, "ada@own.example.com")
	w.grant(org, p, identity.RoleFull)
	c := w.caller(p)
	in, err := w.AccessTo(w.ctx, c, org)
	require.NoError(t, err)
	ada := c.Actor(in, identity.Request{})
	_, _, err = w.ChallengeDomain(w.ctx, ada, org, "other.example.com")
	refusedWith(t, err, identity.RuleAdminDomainFirst)
	s, _, err := w.ChallengeDomain(w.ctx, ada, org, "own.example.com")
	require.NoError(t, err)
	_, _, err = w.ChallengeDomain(w.ctx, ada, org, "other.example.com")
	refusedWith(t, err, identity.RuleAdminDomainFirst)
	d := &dns{}
	d.publish(s)
	_, err = w.VerifyDomain(w.ctx, d, ada, org, "own.example.com", false)
	require.NoError(t, err)
	_, _, err = w.ChallengeDomain(w.ctx, ada, org, "other.example.com")
	require.NoError(t, err)
}

func TestDOM06_SeveralOrganizationsCanVerifyADomain(t *testing.T) {
	w := newWorld(t)
	a, b := w.org("A"), w.org("B")
	d := &dns{}
	w.prove(d, a, "example.com")
	w.prove(d, b, "example.com")
	require.Equal(t, identity.DomainVerified, w.stands(a, "example.com"))
	for _, org := range []identity.OrgID{a, b} {
		_, err := w.ClaimDomain(w.ctx, admin, org, "example.com")
		refusedWith(t, err, identity.RuleDomainVerifiedElsewhere) // DOM-08
	}
	require.NoError(t, w.RemoveDomain(w.ctx, admin, b, "example.com"))
	s, err := w.ClaimDomain(w.ctx, admin, a, "example.com")
	require.NoError(t, err)
	require.Equal(t, identity.DomainClaimed, s.State)
}

func TestDOM07_ClaimWantsVerified(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	_, err := w.ClaimDomain(w.ctx, admin, org, "example.com")
	refusedWith(t, err, identity.RuleDomainNotVerifiedYet)
	s := w.challenge(org, "example.com")
	_, err = w.ClaimDomain(w.ctx, admin, org, "example.com")
	refusedWith(t, err, identity.RuleDomainNotVerifiedYet)
	d := &dns{}
	d.publish(s)
	s, err = w.VerifyDomain(w.ctx, d, admin, org, "example.com", true)
	require.NoError(t, err)
	require.Equal(t, identity.DomainClaimed, s.State, "both in one step")
}

func TestDOM09_AClaimedDomainIsNobodyElses(t *testing.T) {
	w := newWorld(t)
	a, b := w.org("A"), w.org("B")
	d := &dns{}
	waiting := w.challenge(b, "example.com")
	w.prove(d, a, "example.com")
	_, err := w.ClaimDomain(w.ctx, admin, a, "example.com")
	require.NoError(t, err, "a proof that waits elsewhere is no proof")
	d.publish(waiting)
	_, err = w.VerifyDomain(w.ctx, d, admin, b, "example.com", false)
	refusedWith(t, err, identity.RuleDomainClaimed)
	_, err = w.AttestDomain(w.ctx, operator, b, "example.com")
	refusedWith(t, err, identity.RuleDomainClaimed)
}

func TestDOM12_ClaimingADomainConvertsNobody(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.must(identity.ConsumerOrgID, provider, person("u@example.com"))
	w.prove(&dns{}, org, "example.com")
	_, err := w.ClaimDomain(w.ctx, admin, org, "example.com")
	require.NoError(t, err)
	require.Equal(t, identity.ConsumerOrgID, w.account(a).Org)
	_, err = w.add(identity.ConsumerOrgID, provider, person("v@example.com"))
	refusedWith(t, err, identity.RuleDomainClaimed) // DOM-10
	_, p := w.bound(w.org("B"), "x@example.org")
	_, err = w.SignInCaller(w.ctx, w.caller(p), identity.Request{})
	require.NoError(t, err)
}

func TestDOM13_ReleaseAndRemove(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.prove(&dns{}, org, "example.com")
	a := w.must(org, provider, person("u@example.com"))
	_, err := w.ReleaseDomain(w.ctx, admin, org, "example.com")
	refusedWith(t, err, identity.RuleDomainNotClaimed)
	_, err = w.ClaimDomain(w.ctx, admin, org, "example.com")
	require.NoError(t, err)
	refusedWith(t, w.RemoveDomain(w.ctx, admin, org, "example.com"), identity.RuleDomainStillClaimed)
	s, err := w.ReleaseDomain(w.ctx, admin, org, "example.com")
	require.NoError(t, err)
	require.Equal(t, identity.DomainVerified, s.State)
	require.NoError(t, w.RemoveDomain(w.ctx, admin, org, "example.com"))
	refusedWith(t, w.RemoveDomain(w.ctx, admin, org, "example.com"), identity.RuleUnknownDomain)
	require.Equal(t, a.Version, w.account(a).Version, "users are not affected")
}

func TestDOM18_ADomainStaysWhileUsersClaimedByItDecide(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	w.verify(org, "other.example")
	_, p := w.personal("ada@corp.example")
	w.personal("bela@corp.example")
	w.personal("carl@corp.example")
	remove := func() error { return w.RemoveDomain(w.ctx, admin, org, "corp.example") }
	w.claimed(org, "ada@corp.example", identity.ClaimDeferred)
	w.clock.move(identity.Day)
	bela, _ := w.claimed(org, "bela@corp.example", identity.ClaimDeferred)
	w.claimed(org, "carl@corp.example", identity.ClaimImmediate)

	refusedWith(t, remove(), identity.RuleDomainHasOpenClaims)
	require.ErrorContains(t, remove(), bela.Deadline().Format(time.RFC3339), "the latest")
	require.NoError(t, w.RemoveDomain(w.ctx, admin, org, "other.example"), "nobody was claimed by that one")
	_, err := w.choose(p, identity.OptionDelete, "")
	require.NoError(t, err)
	refusedWith(t, remove(), identity.RuleDomainHasOpenClaims)
	w.clock.move(14 * identity.Day)
	require.NoError(t, remove(), "time is over, though nobody has noted it yet, and an immediate claim has no end to wait for")
}

func TestDOM14_ASubdomainIsAnotherDomain(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.prove(&dns{}, org, "example.com")
	require.Equal(t, identity.Verified, w.must(org, provider, person("u@example.com")).Status)
	require.Equal(t, identity.NotVerified, w.must(org, provider, person("u@sub.example.com")).Status)
}

func TestCLM41_WhatNobodyCanProve(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	for name, rule := range map[string]identity.Rule{
		"convert-user.local":   identity.RuleReservedDomain,
		"a.convert-user.local": identity.RuleReservedDomain,
		"com":                  identity.RuleInvalidValue,
		"co.uk":                identity.RulePublicSuffix,
		"github.io":            identity.RulePublicSuffix,
		"no domain":            identity.RuleInvalidValue,
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := w.ChallengeDomain(w.ctx, admin, org, name)
			refusedWith(t, err, rule)
		})
	}
	for _, name := range []string{"example.co.uk", "somebody.github.io", "bücher.example"} {
		w.challenge(org, name)
	}
}

func TestDomainTable_EveryCell(t *testing.T) {
	for _, state := range identity.DomainStates {
		for i, act := range identity.DomainActs {
			t.Run(string(state)+"/"+string(act), func(t *testing.T) {
				w := newWorld(t)
				org := w.org("A")
				d := &dns{}
				if state != identity.DomainNone {
					d.publish(w.challenge(org, "example.com"))
				}
				if state == identity.DomainVerified || state == identity.DomainClaimed {
					_, err := w.VerifyDomain(w.ctx, d, admin, org, "example.com", state == identity.DomainClaimed)
					require.NoError(t, err)
				}
				var err error
				switch act {
				case identity.DomainChallengeAct:
					_, _, err = w.ChallengeDomain(w.ctx, admin, org, "example.com")
				case identity.DomainVerifyAct:
					_, err = w.VerifyDomain(w.ctx, d, admin, org, "example.com", false)
				case identity.DomainClaimAct:
					_, err = w.ClaimDomain(w.ctx, admin, org, "example.com")
				case identity.DomainReleaseAct:
					_, err = w.ReleaseDomain(w.ctx, admin, org, "example.com")
				case identity.DomainRemoveAct:
					err = w.RemoveDomain(w.ctx, admin, org, "example.com")
				}
				want := strings.TrimSpace(strings.Split(domainRow(state), "|")[i+2])
				switch want {
				case "=":
					require.NoError(t, err)
					require.Equal(t, state, w.stands(org, "example.com"))
				case "none", "pending", "verified", "claimed":
					require.NoError(t, err)
					require.Equal(t, identity.DomainState(want), w.stands(org, "example.com"))
				default:
					refusedWith(t, err, identity.Rule(want))
					require.Equal(t, state, w.stands(org, "example.com"))
				}
			})
		}
	}
}

// domainRow is a row of the table as BEHAVIOUR 14.4 has it.
func domainRow(s identity.DomainState) string {
	return map[identity.DomainState]string{
		identity.DomainNone:     "| none | pending | DOMAIN_TOKEN_MISSING | DOMAIN_NOT_VERIFIED_YET | DOMAIN_NOT_CLAIMED | UNKNOWN_DOMAIN |",
		identity.DomainPending:  "| pending | = | verified | DOMAIN_NOT_VERIFIED_YET | DOMAIN_NOT_CLAIMED | none |",
		identity.DomainVerified: "| verified | = | = | claimed | DOMAIN_NOT_CLAIMED | none |",
		identity.DomainClaimed:  "| claimed | DOMAIN_CLAIMED | = | = | verified | DOMAIN_STILL_CLAIMED |",
	}[s]
}

func TestDomainTable_IsTheOneInTheDocumentation(t *testing.T) {
	doc, err := os.ReadFile("../docs/domain-states.md")
	require.NoError(t, err)
	require.Contains(t, string(doc), identity.DomainTable())
}
