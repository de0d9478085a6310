package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// orders lists what other services are told to do with people's content, in an organization's outbox.
func (w *world) orders(org identity.OrgID) []identity.MessageKind {
	w.t.Helper()
	var kinds []identity.MessageKind
	for _, kind := range identity.OrderKinds {
		for range w.mails(org, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

func TestCLM51_CLM52_TheOptionsAreThoseOfTheMode(t *testing.T) {
	for mode, want := range map[identity.ClaimMode][]identity.ClaimOption{
		identity.ClaimImmediate: {identity.OptionKeep, identity.OptionDelete},
		identity.ClaimDeferred:  {identity.OptionKeep, identity.OptionTransfer, identity.OptionDelete},
	} {
		t.Run(string(mode), func(t *testing.T) {
			w := newWorld(t)
			_, p := w.personal("ada@corp.example")
			w.claimed(w.claimant("Corp", "corp.example"), "ada@corp.example", mode)
			w.signInAs(p)
			mine, err := w.MyClaim(w.ctx, w.caller(p))
			require.NoError(t, err)
			require.Equal(t, want, mine.Options)
			require.Equal(t, "Corp", mine.Into)
			require.True(t, mine.Personal)
			if mode == identity.ClaimImmediate {
				_, err = w.choose(p, identity.OptionTransfer, "")
				refusedWith(t, err, identity.RuleOptionNotAvailable)
				return
			}
			require.Equal(t, t0.Add(14*identity.Day), mine.Deadline)
		})
	}
}

func TestCLM53_AnAccountThatSomebodyPaysForCanOnlyBeKept(t *testing.T) {
	w := newWorld(t)
	org, source := w.claimant("Corp", "corp.example"), w.org("Source")
	w.subscribe(source, "Suite", seats("calling", 2))
	old, p := w.bound(source, "ada@corp.example")
	require.NoError(t, w.addLicences(old, "calling"))
	w.claimed(org, "ada@corp.example", "")
	w.signInAs(p)
	mine, err := w.MyClaim(w.ctx, w.caller(p))
	require.NoError(t, err)
	require.Equal(t, []identity.ClaimOption{identity.OptionKeep}, mine.Options)
	_, err = w.choose(p, identity.OptionDelete, "")
	refusedWith(t, err, identity.RuleOptionNotAvailable)
	_, err = w.choose(p, identity.OptionKeep, "ada@home.example")
	require.NoError(t, err)
	require.Equal(t, 1, w.used(source, "calling"), "the account that is kept goes on using it up")
}

func TestCLM55_EachChoiceEndsTheClaimOnceAndForGood(t *testing.T) {
	for name, c := range map[string]struct {
		mode     identity.ClaimMode
		option   identity.ClaimOption
		address  string
		state    identity.ClaimState
		accounts int
		orders   []identity.MessageKind // in both outboxes
	}{
		"immediate, kept":       {identity.ClaimImmediate, identity.OptionKeep, "ada@home.example", identity.ClaimSettledKeep, 2, nil},
		"immediate, deleted":    {identity.ClaimImmediate, identity.OptionDelete, "", identity.ClaimSettledDelete, 1, []identity.MessageKind{identity.OrderPurge}},
		"deferred, kept":        {identity.ClaimDeferred, identity.OptionKeep, "ada@home.example", identity.ClaimDoneKeep, 2, nil},
		"deferred, deleted":     {identity.ClaimDeferred, identity.OptionDelete, "", identity.ClaimDoneDelete, 1, []identity.MessageKind{identity.OrderPurge}},
		"deferred, transferred": {identity.ClaimDeferred, identity.OptionTransfer, "", identity.ClaimDoneTransfer, 1, []identity.MessageKind{identity.OrderTransfer}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org := w.claimant("Corp", "corp.example")
			old, p := w.personal("ada@corp.example")
			claim, a := w.claimed(org, "ada@corp.example", c.mode)
			w.clock.move(time.Hour)
			mine, err := w.choose(p, c.option, c.address)
			require.NoError(t, err, "choosing signs in")
			require.Equal(t, c.state, mine.State)
			require.Empty(t, mine.Options)
			require.Equal(t, c.state, w.stateOf(claim))
			require.Equal(t, identity.Active, w.at(org, a.ID).Status)
			if c.accounts == 2 {
				require.True(t, w.at(old.Org, old.ID).Shadow, "until the new address is confirmed")
			} else {
				w.gone(old.Org, old.ID)
				x, err := w.Why(w.ctx, old.Org, old.ID)
				require.NoError(t, err)
				require.Equal(t, "deleted", x.Status)
			}
			require.Equal(t, c.orders, append(w.orders(org), w.orders(old.Org)...))
			for _, again := range []identity.ClaimOption{identity.OptionKeep, identity.OptionTransfer, identity.OptionDelete} {
				_, err = w.choose(p, again, "other@home.example")
				refusedWith(t, err, identity.RuleClaimSettled)
			}
			refusedWith(t, w.revoke(claim), identity.RuleClaimNotRevocable)
			hold, err := w.Reader().Hold(w.ctx, "ada@corp.example")
			require.NoError(t, err)
			require.Equal(t, identity.Hold{Key: "ada@corp.example", Org: org, Account: a.ID, Kind: identity.HoldPrimary}, hold)
		})
	}
}

func TestCLM54_AKeptAccountNeedsAnAddressOfItsOwn(t *testing.T) {
	w := newWorld(t)
	org, other := w.claimant("Corp", "corp.example"), w.org("Other")
	old, p := w.personal("ada@corp.example")
	w.must(other, provider, person("taken@home.example"))
	w.claimDomain(other, "closed.example")
	w.claimed(org, "ada@corp.example", "")
	for address, rule := range map[string]identity.Rule{
		"":                       identity.RuleInvalidValue,
		"nonsense":               identity.RuleInvalidEmail,
		"x@a.convert-user.local": identity.RuleReservedDomain,
		"taken@home.example":     identity.RuleEmailTaken,
		"ada@closed.example":     identity.RuleDomainClaimed,
	} {
		_, err := w.choose(p, identity.OptionKeep, address)
		refusedWith(t, err, rule)
	}
	require.NoError(t, func() error { _, err := w.ClaimDomain(w.ctx, operator, org, "corp.example"); return err }())
	_, err := w.choose(p, identity.OptionKeep, "ada.old@corp.example")
	refusedWith(t, err, identity.RuleDomainClaimed)

	_, err = w.choose(p, identity.OptionKeep, "Ada@Home.example")
	require.NoError(t, err)
	_, err = w.add(other, provider, person("ada@home.example"))
	refusedWith(t, err, identity.RuleEmailHeld)
	confirm := w.mails(old.Org, identity.MessageKeepConfirm)
	require.Len(t, confirm, 1)
	require.Equal(t, "Ada@Home.example", confirm[0].To)

	t.Run("until it is confirmed it can be another one", func(t *testing.T) {
		mine, err := w.KeepAddress(w.ctx, w.caller(p), identity.Request{}, "lovelace@home.example")
		require.NoError(t, err)
		require.Equal(t, "lovelace@home.example", mine.NewEmail)
		require.True(t, mine.AwaitsEmail)
		_, err = w.UseLink(w.ctx, secretOf(confirm[0]), nil, identity.Request{})
		require.True(t, identity.IsNotFound(err), "the link to the address before")
		w.must(other, provider, person("ada@home.example"))
	})
	t.Run("nobody's address is confirmed by waiting", func(t *testing.T) {
		w.clock.move(identity.EmailChangeDays * identity.Day)
		n, err := w.RevertEmailChanges(w.ctx, 10)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.True(t, w.at(old.Org, old.ID).Shadow)
		w.must(other, provider, person("lovelace@home.example"))
	})
	t.Run("confirmed it is an account like any other, for whoever it is tied to", func(t *testing.T) {
		_, err := w.KeepAddress(w.ctx, w.caller(p), identity.Request{}, "countess@home.example")
		require.NoError(t, err)
		mails := w.mails(old.Org, identity.MessageKeepConfirm)
		_, err = w.UseLink(w.ctx, secretOf(mails[0]), nil, identity.Request{})
		require.NoError(t, err)
		kept := w.at(old.Org, old.ID)
		require.False(t, kept.Shadow)
		require.Equal(t, "countess@home.example", kept.PrimaryEmail())
		require.Equal(t, "countess@home.example", kept.UserName)
		require.Equal(t, identity.Active, kept.Status)
		require.Empty(t, kept.PendingEmail)
		invitation := w.mails(old.Org, identity.MessageInvitation)
		require.Len(t, invitation, 1)
		again := identity.Person{Issuer: issuer, Subject: "another identity"}
		_, err = w.UseLink(w.ctx, secretOf(invitation[0]), &again, identity.Request{})
		require.NoError(t, err)
		require.Equal(t, old.ID, w.caller(again).Account.ID)
		_, err = w.KeepAddress(w.ctx, w.caller(p), identity.Request{}, "x@home.example")
		refusedWith(t, err, identity.RuleClaimSettled)
	})
}

func TestCLM55_AKeptAccountIsAsBeforeTheClaim(t *testing.T) {
	w := newWorld(t)
	org, source := w.claimant("Corp", "corp.example"), w.org("Source")
	old, p := w.bound(source, "ada@corp.example")
	w.signInAs(p)
	_, err := w.deactivate(admin, w.account(old))
	require.NoError(t, err)
	w.clock.move(20 * identity.Day)
	_, a := w.claimed(org, "ada@corp.example", "")
	_, err = w.reactivate(admin, a)
	require.NoError(t, err)
	w.clock.move(60 * identity.Day)
	_, err = w.choose(p, identity.OptionKeep, "ada@home.example")
	require.NoError(t, err)
	_, err = w.UseLink(w.ctx, secretOf(w.mails(source, identity.MessageKeepConfirm)[0]), nil, identity.Request{})
	require.NoError(t, err)
	kept := w.account(old)
	require.Equal(t, identity.Inactive, kept.Status)
	o, err := w.Reader().Organization(w.ctx, source)
	require.NoError(t, err)
	at, ok := kept.PurgeAt(o)
	require.True(t, ok)
	require.Equal(t, w.Now().Add(10*identity.Day), at, "the time as a shadow does not count")
}

func TestI11_TheOldOrganizationHearsNothingOfWhereTheUserDecided(t *testing.T) {
	for name, decide := range map[string]func(w *world, p identity.Person, source identity.OrgID){
		"deleted": func(w *world, p identity.Person, _ identity.OrgID) {
			_, err := w.choose(p, identity.OptionDelete, "")
			require.NoError(w.t, err)
		},
		"kept, and confirmed while signed in": func(w *world, p identity.Person, source identity.OrgID) {
			_, err := w.choose(p, identity.OptionKeep, "ada@home.example")
			require.NoError(w.t, err)
			_, err = w.UseLink(w.ctx, secretOf(w.mails(source, identity.MessageKeepConfirm)[0]), &p, identity.Request{})
			require.NoError(w.t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org, source := w.claimant("Corp", "corp.example"), w.org("Source")
			old := w.must(source, provider, person("ada@corp.example"))
			_, a := w.claimed(org, "ada@corp.example", "")
			// As somebody would whom the claiming organization's own issuer signs in.
			p := identity.Person{Issuer: "https://login.corp.example", Subject: "ada", Name: "Ada", Email: "ada@corp.example"}
			_, err := w.Bind(w.ctx, admin, identity.Binding{Org: org, Account: a.ID, Issuer: p.Issuer, Subject: p.Subject})
			require.NoError(t, err)
			decide(w, p, source)
			events, err := w.Reader().Events(w.ctx, source, identity.EventQuery{Account: old.ID, Newest: true, Limit: 100})
			require.NoError(t, err)
			told := 0
			for _, e := range events {
				if e.Actor.Kind == identity.Owner {
					told++
					require.NotEqual(t, org, e.Actor.Org, e.Kind)
					require.NotEqual(t, a.ID, e.Actor.Account, e.Kind)
					require.NotContains(t, e.Actor.ID+e.Actor.Request.Email, "corp.example", e.Kind)
				}
			}
			require.NotZero(t, told)
		})
	}
}

func TestCLM57_AnImmediateClaimWaitsForTheFirstSignIn(t *testing.T) {
	w := newWorld(t)
	_, p := w.personal("ada@corp.example")
	claim, a := w.claimed(w.claimant("Corp", "corp.example"), "ada@corp.example", identity.ClaimImmediate)
	w.clock.move(30 * identity.Day)
	n, err := w.SettleDueClaims(w.ctx, 10)
	require.NoError(t, err)
	require.Zero(t, n)
	require.Equal(t, identity.ClaimLocked, w.stateOf(claim))
	require.Equal(t, a.ID, w.signInAs(p).ID)
	mine, err := w.MyClaim(w.ctx, w.caller(p))
	require.NoError(t, err)
	require.Equal(t, []identity.ClaimOption{identity.OptionKeep, identity.OptionDelete}, mine.Options)
}

func TestROL04_WhoHasNotDecidedMaySignInAndNothingElse(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	_, p := w.personal("ada@corp.example")
	_, a := w.claimed(org, "ada@corp.example", identity.ClaimDeferred)
	_, err := w.GrantTo(w.ctx, operator, org, a.ID, identity.RoleFull)
	require.NoError(t, err)
	all, err := w.AccessList(w.ctx, w.caller(p))
	require.NoError(t, err)
	require.Empty(t, all)
	require.Equal(t, identity.DeferredClaim, w.signInAs(p).Status)
	for _, by := range []identity.Actor{admin, provider} {
		refusedWith(t, w.delete(by, a), identity.RuleInvalidTransition)
		_, err := w.deactivate(by, a)
		refusedWith(t, err, identity.RuleInvalidTransition)
	}
	_, err = w.choose(p, identity.OptionTransfer, "")
	require.NoError(t, err)
	all, err = w.AccessList(w.ctx, w.caller(p))
	require.NoError(t, err)
	require.Len(t, all, 1)
}

func TestEML04_TheAddressOfADeferredClaimIsHeld(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	w.personal("ada@corp.example")
	w.claimed(org, "ada@corp.example", identity.ClaimDeferred)
	for _, o := range []identity.OrgID{org, w.org("Other")} {
		_, err := w.add(o, provider, person("ada@corp.example"))
		refusedWith(t, err, identity.RuleEmailHeld)
	}
}

func TestCLM55_AKeptAccountOutlivesTheOrganizationThatClaimedIt(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	old, p := w.personal("ada@corp.example")
	w.claimed(org, "ada@corp.example", identity.ClaimImmediate)
	_, err := w.choose(p, identity.OptionKeep, "ada@home.example")
	require.NoError(t, err)
	w.deleted(org, operator, identity.HandleDelete)
	_, err = w.UseLink(w.ctx, secretOf(w.mails(old.Org, identity.MessageKeepConfirm)[0]), nil, identity.Request{})
	require.NoError(t, err)
	kept := w.account(old)
	require.False(t, kept.Shadow)
	require.Equal(t, "ada@home.example", kept.PrimaryEmail())
}

// TestCLM54_AnAccountThatListsItsAddressTwiceCanBeKept plays somebody whose provider lists one address as that of work and of home.
func TestCLM54_AnAccountThatListsItsAddressTwiceCanBeKept(t *testing.T) {
	w := newWorld(t)
	org, source := w.claimant("Corp", "corp.example"), w.org("Source")
	d := person("ada@corp.example")
	d.Emails = append(d.Emails, identity.AccountEmail{Value: "Ada@Corp.example", Type: "home"}, identity.AccountEmail{Value: "contact@far.example", Type: "other"})
	old := w.must(source, provider, d)
	p := visitor("ada@corp.example")
	_, err := w.Bind(w.ctx, operator, identity.Binding{Issuer: p.Issuer, Subject: p.Subject, Org: source, Account: old.ID})
	require.NoError(t, err)
	w.claimed(org, "ada@corp.example", "")
	_, err = w.choose(p, identity.OptionKeep, "ada@private.example")
	require.NoError(t, err)
	require.NoError(t, w.follow(secretOf(w.mails(source, identity.MessageKeepConfirm)[0])))
	kept := w.account(old)
	require.False(t, kept.Shadow)
	require.Equal(t, "ada@private.example", kept.UserName)
	require.Equal(t, []identity.AccountEmail{{Value: "ada@private.example", Type: "work", Primary: true}, {Value: "contact@far.example", Type: "other"}}, kept.Emails)
}
