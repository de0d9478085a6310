package identity_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestEML01_OneAccountPerAddressAcrossOrganizations(t *testing.T) {
	w := newWorld(t)
	a, b := w.org("A"), w.org("B")
	w.must(a, provider, person("ada@example.com"))
	for name, d := range map[string]identity.Draft{
		"the same spelling":       person("ada@example.com"),
		"another case":            person("ADA@Example.COM"),
		"as a userName only":      {UserName: "Ada@example.com", Active: true},
		"as an address only":      {UserName: "someone", Emails: []identity.AccountEmail{{Value: " ada@example.com "}}, Active: true},
		"beside another address":  {UserName: "x", Emails: []identity.AccountEmail{{Value: "x@example.com"}, {Value: "ada@example.com", Type: "work"}}, Active: true},
		"deactivated at creation": {UserName: "ada@example.com", Active: false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.add(b, provider, d)
			refusedWith(t, err, identity.RuleEmailTaken)
			require.NotContains(t, err.Error(), string(a), "EML-13: not whose it is")
			n, err := w.Reader().CountAccounts(w.ctx, b, nil)
			require.NoError(t, err)
			require.Zero(t, n, "nothing is half done")
		})
	}
	w.must(b, provider, person("ada+b@example.com"))
}

func TestEML01_SixteenCreatorsOfOneAddressHaveOneWinner(t *testing.T) {
	w := newWorld(t)
	orgs := []identity.OrgID{w.org("A"), w.org("B"), w.org("C"), w.org("D")}
	for round := range 20 {
		var wins, losses int
		var mu sync.Mutex
		var wait sync.WaitGroup
		for i := range 16 {
			address := fmt.Sprintf("ada%d@example.com", round)
			if i%2 == 1 {
				address = strings.ToUpper(address)
			}
			wait.Go(func() {
				_, err := w.add(orgs[i%len(orgs)], provider, person(address))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					wins++
				} else if identity.KindOf(err) == identity.Conflict {
					losses++
				}
			})
		}
		wait.Wait()
		require.Equal(t, 1, wins)
		require.Equal(t, 15, losses)
	}
}

func TestEML15_WhatStandsAgainstAnAddress(t *testing.T) {
	w := newWorld(t)
	c, other, owner := w.org("C"), w.org("Other"), w.org("Owner")
	w.verify(c, "verified.example")
	w.verify(owner, "owned.example")
	w.must(c, provider, person("member@example.com"))
	w.must(other, provider, person("early@claimed.example"))
	require.NoError(t, w.Transact(w.ctx, owner, operator, func(acts *identity.Acts) error {
		return acts.Tx().PutDomain(w.ctx, identity.Domain{Org: owner, Name: "claimed.example", State: identity.DomainClaimed, UpdatedAt: acts.Now()})
	}))
	w.must(other, provider, person("elsewhere@example.com"))
	w.must(other, provider, person("elsewhere@verified.example"))
	w.must(identity.ConsumerOrgID, operator, person("personal@verified.example"))
	w.must(identity.ConsumerOrgID, operator, person("personal@gmail.example"))
	held := w.synchronized(other, "held@example.com", false)
	_, err := w.mirror(held, identity.DirectoryMissing, identity.DirectoryDeleted)
	require.NoError(t, err)

	for name, row := range map[string]struct {
		address string
		want    identity.Rule
	}{
		"row 2 nobody has it, the domain is claimed":     {"new@claimed.example", identity.RuleDomainClaimed},
		"row 2 does not reach those who were there":      {"early@claimed.example", identity.RuleEmailTaken},
		"row 4 nobody has it":                            {"free@example.com", ""},
		"row 5 a member has it":                          {"member@example.com", identity.RuleEmailTaken},
		"row 6 held by somebody gone from a directory":   {"held@example.com", identity.RuleEmailHeld},
		"row 8 a personal account that can be claimed":   {"personal@verified.example", identity.RuleEmailClaimable},
		"row 9 a personal account of a foreign domain":   {"personal@gmail.example", identity.RuleDomainNotAvailable},
		"row 10 elsewhere, and can be claimed":           {"elsewhere@verified.example", identity.RuleEmailClaimable},
		"row 11 elsewhere, and cannot":                   {"elsewhere@example.com", identity.RuleEmailTaken},
		"a verified domain of somebody else is no fence": {"new@owned.example", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.add(c, admin, person(row.address))
			if row.want == "" {
				require.NoError(t, err)
				return
			}
			refusedWith(t, err, row.want)
		})
	}
	w.set(c, func(o *identity.Organization) { o.SyncMode = identity.SyncManual })
	_, err = w.add(c, admin, person("another@example.com"))
	refusedWith(t, err, identity.RuleManagedByDirectory)
}

func TestEML04_TheAddressOfSomebodyGoneIsHeldForSevenDays(t *testing.T) {
	w := newWorld(t)
	a, b := w.org("A"), w.org("B")
	gone, err := w.mirror(w.synchronized(a, "ada@example.com", false), identity.DirectoryMissing, identity.DirectoryDeleted)
	require.NoError(t, err)
	require.Equal(t, identity.Inactive, gone.Status)
	w.clock.move(7*identity.Day - time.Second)
	require.Zero(t, w.purge())
	_, err = w.add(b, provider, person("ada@example.com"))
	refusedWith(t, err, identity.RuleEmailHeld)
	w.clock.move(time.Second)
	require.Equal(t, 1, w.purge())
	require.Zero(t, w.purge(), "twice does no more")
	w.must(b, provider, person("ada@example.com"))
}

func TestEML16_WhichAddressesAnAccountHolds(t *testing.T) {
	w := newWorld(t)
	a, b := w.org("A"), w.org("B")
	w.verify(a, "owned.example")
	w.must(a, provider, identity.Draft{UserName: "ada@login.example", Active: true, Emails: []identity.AccountEmail{
		{Value: "home@private.example", Type: "home"},
		{Value: "ada@work.example", Type: "work"},
		{Value: "alias@owned.example", Type: "other"},
	}})
	for address, rule := range map[string]identity.Rule{
		"ada@work.example":     identity.RuleEmailTaken, // primary: the first of type work
		"ada@login.example":    identity.RuleEmailTaken, // the userName is an address
		"alias@owned.example":  identity.RuleEmailTaken, // an alternate in a verified domain
		"home@private.example": "",                      // contact data
	} {
		_, err := w.add(b, provider, person(address))
		if rule == "" {
			require.NoError(t, err, address)
			continue
		}
		refusedWith(t, err, rule)
	}
	none := w.must(b, provider, identity.Draft{UserName: "no-address", Active: true})
	require.Empty(t, none.PrimaryEmail())
}

func TestUSR03_TheStatusAPersonStartsWith(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.verify(org, "owned.example")
	scim := identity.Origin{Source: identity.SourceSCIM}
	start := func(d identity.Draft, from identity.Origin, by identity.Actor) identity.Status {
		a, err := w.addFrom(org, by, d, from)
		require.NoError(t, err)
		return a.Status
	}
	require.Equal(t, identity.NotVerified, start(person("a@example.com"), scim, provider))
	require.Equal(t, identity.Verified, start(person("a@owned.example"), scim, provider))
	require.Equal(t, identity.NotVerified, start(identity.Draft{UserName: "none", Active: true}, scim, provider))
	require.Equal(t, identity.NotVerified, start(person("b@owned.example"), identity.Origin{Source: identity.SourceDirectory, Link: w.link(org, "1")}, connector))
	w.set(org, func(o *identity.Organization) { o.SSOProvider, o.ActivationEmails = "https://idp.example", false })
	require.Equal(t, identity.Verified, start(person("c@owned.example"), identity.Origin{Source: identity.SourceDirectory, Link: w.link(org, "2")}, connector))
	require.Equal(t, identity.NotVerified, start(person("c@example.com"), identity.Origin{Source: identity.SourceDirectory, Link: w.link(org, "3")}, connector))
}

func TestUSR02_CreatedInactiveKeepsAWayBack(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	w.verify(org, "owned.example")
	d := person("a@owned.example")
	d.Active = false
	a := w.must(org, provider, d)
	require.Equal(t, identity.Inactive, a.Status)
	require.Equal(t, identity.Verified, a.PreviousStatus)
	require.Equal(t, identity.ByProvider, a.InactiveReason)
	require.Equal(t, []identity.EventKind{identity.AccountCreated, identity.AccountDeactivated}, w.events(a))
	disabled := w.synchronized(org, "b@owned.example", true)
	require.Equal(t, identity.StateDisabled, disabled.State())
}

func TestSCM16_UserNamesAreUniqueInTheirOrganizationOnly(t *testing.T) {
	w := newWorld(t)
	a, b := w.org("A"), w.org("B")
	w.must(a, provider, identity.Draft{UserName: "Ada", Active: true})
	_, err := w.add(a, provider, identity.Draft{UserName: "ADA", Active: true})
	refusedWith(t, err, identity.RuleUserNameTaken)
	w.must(b, provider, identity.Draft{UserName: "ada", Active: true})

	w.set(b, func(o *identity.Organization) { o.RequireEmail = true })
	_, err = w.add(b, provider, identity.Draft{UserName: "eve", Active: true})
	require.Equal(t, identity.Invalid, identity.KindOf(err))
	d := person("eve@example.com")
	d.UserName = "eve"
	_, err = w.add(b, provider, d)
	require.Equal(t, identity.Invalid, identity.KindOf(err))
	w.must(b, provider, person("eve@example.com"))
}

func TestLimitsOfAnAccountsValues(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	emails := func(n int) []identity.AccountEmail {
		list := make([]identity.AccountEmail, n)
		for i := range list {
			list[i].Value = fmt.Sprintf("a%d@example.com", i)
		}
		return list
	}
	described := func(kind, display int) identity.Draft {
		return identity.Draft{UserName: fmt.Sprintf("d%d-%d", kind, display), Emails: []identity.AccountEmail{
			{Value: fmt.Sprintf("a%d-%d@example.net", kind, display)}, {Value: "b@example.net", Type: strings.Repeat("t", kind), Display: strings.Repeat("d", display)},
		}}
	}
	profile := func(n int) identity.Draft {
		return identity.Draft{UserName: fmt.Sprint("p", n), Profile: identity.Profile(`{"x":"` + strings.Repeat("y", n-8) + `"}`)}
	}
	const most = identity.MaxEmailText
	for name, c := range map[string]struct {
		at, past identity.Draft
		field    string
	}{
		"type":       {described(most, 1), described(most+1, 1), "emails[1].type"},
		"display":    {described(1, most), described(1, most+1), "emails[1].display"},
		"profile":    {profile(identity.MaxProfile), profile(identity.MaxProfile + 1), ""},
		"userName":   {identity.Draft{UserName: strings.Repeat("u", identity.MaxUserName)}, identity.Draft{UserName: strings.Repeat("u", identity.MaxUserName+1)}, "userName"},
		"externalId": {identity.Draft{UserName: "x", ExternalID: identity.ExternalID(strings.Repeat("e", identity.MaxExternalID))}, identity.Draft{UserName: "y", ExternalID: identity.ExternalID(strings.Repeat("e", identity.MaxExternalID+1))}, "externalId"},
		"emails":     {identity.Draft{UserName: "v", Emails: emails(identity.MaxEmails)}, identity.Draft{UserName: "w", Emails: emails(identity.MaxEmails + 1)}, "emails"},
	} {
		t.Run(name, func(t *testing.T) {
			w.must(org, provider, c.at)
			_, err := w.add(org, provider, c.past)
			require.Equal(t, identity.Invalid, identity.KindOf(err))
			var e *identity.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.field, e.Field)
		})
	}
	for name, bad := range map[string]string{"empty": "", "control characters": "a\tb", "white space around": " ada", "not UTF-8": "a\xff", "reserved": "a@x.convert-user.local"} {
		_, err := w.add(org, provider, identity.Draft{UserName: bad})
		require.Equal(t, identity.Invalid, identity.KindOf(err), name)
	}
	for field, bad := range map[string]identity.Draft{
		"externalId":        {UserName: "c1", ExternalID: "a\x00b"},
		"emails[0].type":    {UserName: "c2", Emails: []identity.AccountEmail{{Value: "c@example.com", Type: "a\nb"}}},
		"emails[0].display": {UserName: "c3", Emails: []identity.AccountEmail{{Value: "c@example.com", Display: "\xff"}}},
		"emails":            {UserName: "c4", Emails: []identity.AccountEmail{{Type: "work"}}},
	} {
		_, err := w.add(org, provider, bad)
		var e *identity.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, field, e.Field)
	}
	_, err := w.add(org, provider, identity.Draft{UserName: "z", Emails: []identity.AccountEmail{{Value: "ok@example.com"}, {Value: "not an address"}}})
	require.ErrorContains(t, err, "not an address")
	var e *identity.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "emails[1].value", e.Field)
}
