package identity_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestORG11_ConvertedUsersKeepTheirIdAddressAndSignIn(t *testing.T) {
	w := newWorld(t)
	org, elsewhere := w.org("C"), w.org("B")
	_, chief := w.boss(org, "ada@c.example")
	trial := w.subscribe(org, "Trial", seats("calling", 5))
	a, p := w.bound(org, "bob@c.example")
	_, err := w.setLicences(admin, a, "calling")
	require.NoError(t, err)
	w.group(org, "G", a)
	w.grant(org, p, identity.RoleUser)
	w.grant(elsewhere, p, identity.RoleReadOnly)
	a, err = w.update(provider, a, func(d *identity.Draft) {
		d.ExternalID = "entra-7"
		d.Profile = `{"displayName":"Bob","title":"Clerk","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Sales"}}`
	})
	require.NoError(t, err)
	trial = w.subscription(trial)
	trial.Type, trial.Status = identity.OnlineTrial, identity.SubscriptionActive
	_, err = w.PutSubscription(w.ctx, operator, trial)
	require.NoError(t, err)
	w.clock.move(time.Hour)

	w.deleted(org, w.as(chief, org), identity.HandleConvert)
	now := w.byAddress("bob@c.example")
	require.Equal(t, identity.ConsumerOrgID, now.Org)
	require.Equal(t, a.ID, now.ID, "the id stays")
	require.Equal(t, "bob@c.example", now.UserName)
	require.Equal(t, identity.SourceSCIM, now.Source)
	require.Equal(t, a.CreatedAt, now.CreatedAt)
	require.Equal(t, a.StatusAt, now.StatusAt)
	require.Empty(t, now.ExternalID)
	require.JSONEq(t, `{"displayName":"Bob"}`, string(now.Profile), "what the organization knew of them is gone")
	require.Equal(t, []identity.Licence{identity.FreeLicence}, w.licences(now))
	c := w.caller(p)
	require.Equal(t, a.ID, c.Account.ID, "who signed in to it still does")
	require.Equal(t, identity.ConsumerOrgID, c.Home)
	require.Empty(t, c.Grants)
	lost := w.heard(elsewhere, identity.GrantRevoked)
	require.Len(t, lost, 1, "the other organization is told")
	require.Equal(t, identity.Rule("ORG-20"), lost[0].Rule)
	require.Equal(t, identity.System, lost[0].Actor.Kind)
	require.NotContains(t, lost[0].Actor.Name, "C")
	require.Equal(t, []identity.EventKind{identity.AccountConverted}, w.events(now), "and so can it be explained")
	require.Equal(t, identity.Rule("ORG-11"), w.why(now).Rule)
	require.Equal(t, "active", string(w.signInAs(p).Status))
}

// TestORG11_WhoSignedInThroughTheOrganizationIsInvited plays an organization with single sign-on. Its issuer goes with it, so its people
// get a mail by which they tie another sign-in to their account. Who has another sign-in keeps it and gets none.
func TestORG11_WhoSignedInThroughTheOrganizationIsInvited(t *testing.T) {
	w := newWorld(t)
	org := w.org("C")
	w.verify(org, "c.example")
	const own = "https://sso.c.example"
	bind := func(a identity.Account, issuer string) {
		_, err := w.Bind(w.ctx, operator, identity.Binding{Issuer: issuer, Subject: string(a.ID), Org: org, Account: a.ID})
		require.NoError(t, err)
	}
	p, err := w.PutIdentityProvider(w.ctx, admin, identity.IdentityProvider{Org: org, Issuer: own, Audience: "a", Active: true})
	require.NoError(t, err)
	ada := w.must(org, provider, person("ada@c.example"))
	bind(ada, own)
	_, err = w.SignInCaller(w.ctx, w.caller(identity.Person{Issuer: own, Subject: string(ada.ID), Provider: &p}), identity.Request{})
	require.NoError(t, err)
	bob, bobs := w.bound(org, "bob@c.example")
	bind(bob, own)
	cyd := w.must(org, provider, identity.Draft{UserName: "cyd", Active: true})
	bind(cyd, own)
	w.deleted(org, operator, identity.HandleConvert)

	for a, left := range map[*identity.Account]int{&ada: 0, &bob: 1, &cyd: 0} {
		bindings, err := w.Reader().BindingsOf(w.ctx, identity.ConsumerOrgID, a.ID)
		require.NoError(t, err)
		require.Len(t, bindings, left, "%s: what nobody can sign in with any more is gone", a.UserName)
	}
	require.Len(t, w.heard(org, identity.AccountUnbound), 3)
	require.Equal(t, bob.ID, w.caller(bobs).Account.ID)
	mails := w.mails(identity.ConsumerOrgID, identity.MessageInvitation)
	require.Len(t, mails, 1)
	require.Equal(t, "ada@c.example", mails[0].To)
	again := visitor("ada@c.example")
	_, err = w.UseLink(w.ctx, secretOf(mails[0]), &again, identity.Request{})
	require.NoError(t, err)
	require.Equal(t, ada.ID, w.caller(again).Account.ID)
	require.Equal(t, identity.Active, w.signInAs(again).Status)
}

func TestORG12_StatusesOfConvertedUsers(t *testing.T) {
	w := newWorld(t)
	org := w.org("C")
	w.verify(org, "c.example")
	verified := w.must(org, provider, person("v@c.example"))
	require.Equal(t, identity.Verified, verified.Status)
	active := w.must(org, provider, person("a@c.example"))
	w.signIn(active)
	waiting := w.must(org, provider, person("nv@x.example"))
	asleep := w.must(org, provider, person("ia@c.example"))
	w.signIn(asleep)
	_, err := w.deactivate(admin, asleep)
	require.NoError(t, err)
	disabled, err := w.mirror(w.synchronized(org, "ix@x.example", false), identity.DirectoryBlocked, "")
	require.NoError(t, err)
	lost, err := w.mirror(w.synchronized(org, "id@x.example", false), identity.DirectoryMissing, identity.DirectoryDeleted)
	require.NoError(t, err)
	w.clock.move(identity.Day)
	w.deleted(org, operator, identity.HandleConvert)
	for _, c := range []struct {
		a     identity.Account
		want  identity.Status
		since time.Time
	}{
		{waiting, identity.NotVerified, t0}, {verified, identity.Verified, t0}, {active, identity.Active, t0},
		{asleep, identity.Active, w.Now()}, {disabled, identity.NotVerified, w.Now()}, {lost, identity.NotVerified, w.Now()},
	} {
		now := w.at(identity.ConsumerOrgID, c.a.ID)
		require.Equal(t, c.want, now.Status, c.a.UserName)
		require.Equal(t, c.since, now.StatusAt, c.a.UserName)
		require.Empty(t, now.InactiveReason)
		require.Empty(t, now.PreviousStatus)
		require.Nil(t, now.Directory)
		require.Equal(t, now.ID, w.byAddress(c.a.PrimaryEmail()).ID, "the address is held like anybody's")
	}
	require.Zero(t, w.purge())
	w.clock.move(400 * identity.Day)
	require.Zero(t, w.purge(), "nobody is on the way to be deleted")
}

func TestORG11_UserNamesAreUniqueAmongPersonalAccounts(t *testing.T) {
	w := newWorld(t)
	first, second := w.org("C"), w.org("D")
	plain := identity.Draft{UserName: "ada", Active: true}
	nameless, alike := w.must(first, provider, plain), w.must(second, provider, plain)
	address := person("bob@c.example")
	address.UserName = "bob"
	bob := w.must(first, provider, address)
	two := person("work@c.example")
	two.UserName = "login@c.example"
	two.Emails = append(two.Emails, identity.AccountEmail{Value: "other@c.example"})
	login := w.must(first, provider, two)
	w.deleted(first, operator, identity.HandleConvert)
	w.deleted(second, operator, identity.HandleConvert)
	name := func(a identity.Account) string { return w.at(identity.ConsumerOrgID, a.ID).UserName }
	require.Equal(t, "ada", name(nameless), "without any address it stays")
	require.Equal(t, string(alike.ID), name(alike), "unless somebody has it")
	require.Equal(t, "bob@c.example", name(bob), "the address takes its place")
	require.Equal(t, "login@c.example", name(login), "an address stays")
	require.Equal(t, login.ID, w.byAddress("login@c.example").ID)
	require.Equal(t, login.ID, w.byAddress("work@c.example").ID)
	w.free("other@c.example")
}

func TestORG11_ConvertingTakesBackAChangeOfAddress(t *testing.T) {
	w := newWorld(t)
	org := w.org("C")
	a := w.must(org, provider, person("old@c.example"))
	_, err := act(w, org, admin, func(c *identity.Acts) (identity.Account, error) {
		return c.ChangeEmail(w.ctx, a.ID, nil, "new@c.example")
	})
	require.NoError(t, err)
	w.deleted(org, operator, identity.HandleConvert)
	now := w.at(identity.ConsumerOrgID, a.ID)
	require.Equal(t, "old@c.example", now.PrimaryEmail())
	require.Empty(t, now.PendingEmail)
	require.Zero(t, now.PendingSince)
	w.free("new@c.example")
}

func TestORG10_DeletedUsersAreGoneAndTheirAddressesFree(t *testing.T) {
	w := newWorld(t)
	org, elsewhere := w.org("C"), w.org("B")
	_, chief := w.boss(org, "ada@c.example")
	a, p := w.bound(org, "bob@c.example")
	w.grant(elsewhere, p, identity.RoleUser)
	w.must(org, provider, person("eve@c.example"))
	w.deleted(org, w.as(chief, org), identity.HandleDelete)
	d := w.deletionOf(org)
	require.Equal(t, 3, d.Removed)
	require.Zero(t, d.Converted)
	for _, address := range []string{"ada@c.example", "bob@c.example", "eve@c.example"} {
		w.free(address)
	}
	require.Nil(t, w.caller(p).Account)
	require.Empty(t, w.caller(p).Grants)
	gone := w.heard(org, identity.AccountDeleted)
	require.Len(t, gone, 3, "each is told once")
	require.Equal(t, identity.Rule("ORG-10"), gone[0].Rule)
	again := w.must(elsewhere, provider, person("bob@c.example"))
	require.NotEqual(t, a.ID, again.ID)
}

func TestORG13_WhoAskedGoesLast(t *testing.T) {
	for _, h := range []identity.UserHandling{identity.HandleConvert, identity.HandleDelete} {
		t.Run(string(h), func(t *testing.T) {
			w := newWorld(t)
			org := w.org("C")
			a, chief := w.boss(org, "ada@c.example") // the oldest account, so that it would be first otherwise
			for i := range 250 {
				w.must(org, provider, person(fmt.Sprintf("u%d@c.example", i)))
			}
			_, err := w.RequestDeletion(w.ctx, w.as(chief, org), org, guided(h))
			require.NoError(t, err)
			steps := 0
			for {
				left, err := w.Reader().Accounts(w.ctx, org, identity.AccountQuery{Limit: 300})
				require.NoError(t, err)
				if len(left) == 0 {
					break
				}
				require.Equal(t, a.ID, left[0].ID, "still there while anybody else is")
				access, err := w.AccessTo(w.ctx, w.caller(chief), org)
				require.NoError(t, err, "and can watch")
				require.Equal(t, identity.RoleFull, access.Role)
				_, err = w.ContinueDeletion(w.ctx, org)
				require.NoError(t, err)
				steps++
			}
			require.Equal(t, 4, steps, "in batches")
			w.end()
			w.wasDeleted(org)
			c := w.caller(chief)
			require.Empty(t, c.Grants)
			if h == identity.HandleDelete {
				require.Nil(t, c.Account)
				return
			}
			require.Equal(t, a.ID, c.Account.ID)
			require.Equal(t, identity.ConsumerOrgID, c.Home)
			_, err = w.AccessTo(w.ctx, c, org)
			refusedWith(t, err, identity.RuleUnknownOrg)
		})
	}
}

func TestORG10_ShadowsAndMachinesAreDeletedInAnyCase(t *testing.T) {
	w := newWorld(t)
	org := w.org("C")
	d := person("room@c.example")
	d.Profile = `{"userType":"room"}`
	room := w.must(org, provider, d)
	kept, p := w.bound(org, "eve@x.example")
	claimant := w.claimant("Claimant", "x.example")
	claim, arrived := w.claimed(claimant, "eve@x.example", identity.ClaimImmediate)
	w.signInAs(p)
	_, err := w.choose(p, identity.OptionKeep, "eve@elsewhere.example")
	require.NoError(t, err)
	require.True(t, w.at(org, claim.OldAccount).Shadow, "waits for its new address")
	w.deleted(org, operator, identity.HandleConvert)
	w.gone(identity.ConsumerOrgID, room.ID)
	w.gone(identity.ConsumerOrgID, kept.ID)
	w.free("eve@elsewhere.example")
	require.Equal(t, arrived.ID, w.byAddress("eve@x.example").ID)
	require.Equal(t, 2, w.deletionOf(org).Removed)
}
