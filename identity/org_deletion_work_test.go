package identity_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
)

// deleted asks for a deletion and carries it out.
func (w *world) deleted(org identity.OrgID, by identity.Actor, h identity.UserHandling) {
	w.t.Helper()
	_, err := w.RequestDeletion(w.ctx, by, org, guided(h))
	require.NoError(w.t, err)
	w.end()
	w.wasDeleted(org)
}

func TestORG15ORG16_OneOrderToPurgeTheContent(t *testing.T) {
	for h, want := range map[identity.UserHandling]map[string]string{
		identity.HandleConvert: {identity.OrderExcept: identity.OneToOneSpaces},
		identity.HandleDelete:  {},
		identity.HandleNone:    {},
	} {
		t.Run(string(h), func(t *testing.T) {
			w := newWorld(t)
			org := w.org("C")
			w.must(org, provider, person("ada@c.example"))
			var err error
			if h == identity.HandleNone {
				_, err = w.DeleteOrganization(w.ctx, operator, org)
			} else {
				_, err = w.RequestDeletion(w.ctx, operator, org, guided(h))
			}
			require.NoError(t, err)
			require.Empty(t, w.mails(org, identity.OrderPurge), "not before the users are gone")
			for w.deletionOf(org).State == identity.DeletionUsers {
				_, err = w.ContinueDeletion(w.ctx, org)
				require.NoError(t, err)
			}
			orders := w.mails(org, identity.OrderPurge)
			require.Len(t, orders, 1)
			m := orders[0]
			require.Equal(t, "purge-org:"+string(w.deletionOf(org).ID), m.Key)
			require.ElementsMatch(t, []string{"messages", "files", "meetings", "meetingUrls", "recordings", "identity", "licences", "roles", "groups", "domains", "tokens"},
				strings.Fields(m.Data["scopes"]))
			require.Equal(t, string(org), m.Data[identity.OrderOrganization])
			delete(m.Data, identity.OrderScopes)
			delete(m.Data, identity.OrderOrganization)
			require.Equal(t, want, m.Data)
			require.Empty(t, m.Account, "it is about the whole organization")
			w.end()
			w.wasDeleted(org)

			due, err := w.ClaimMessages(w.ctx, identity.ByOrder, 10, time.Minute)
			require.NoError(t, err)
			require.Len(t, due, 1, "it waits, whatever became of the organization")
			require.NoError(t, w.DeliveryFailed(w.ctx, due[0], false, "down"))
			w.clock.move(time.Hour)
			due, err = w.ClaimMessages(w.ctx, identity.ByOrder, 10, time.Minute)
			require.NoError(t, err)
			require.NoError(t, w.DeliveryFailed(w.ctx, due[0], true, "no such place"))
			parked, err := w.Reader().Message(w.ctx, org, due[0].ID)
			require.NoError(t, err)
			require.Equal(t, identity.MessageParked, parked.State)
			_, err = w.RetryMessage(w.ctx, admin, org, parked.ID)
			refusedWith(t, err, identity.RuleUnknownOrg)
			_, err = w.RetryMessage(w.ctx, operator, org, parked.ID)
			require.NoError(t, err)
			due, err = w.ClaimMessages(w.ctx, identity.ByOrder, 10, time.Minute)
			require.NoError(t, err)
			require.NoError(t, w.Delivered(w.ctx, due[0]))
			require.Empty(t, w.contents().Mentioning(string(org))["messages"], "and is gone once it was delivered")
		})
	}
}

func TestORG19_DeletedWithinTenMinutes(t *testing.T) {
	w := newWorld(t)
	org := w.org("C")
	_, chief := w.boss(org, "ada@c.example")
	for i := range 120 {
		w.must(org, provider, person(fmt.Sprintf("u%d@c.example", i)))
	}
	_, err := w.RequestDeletion(w.ctx, w.as(chief, org), org, guided(identity.HandleConvert))
	require.NoError(t, err)
	asked := w.Now()
	for w.deletionOf(org).State != identity.DeletionDone {
		require.Less(t, w.Now().Sub(asked), 10*time.Minute)
		w.clock.move(10 * time.Second)
		_, err := w.ContinueDeletions(w.ctx, 50)
		require.NoError(t, err)
	}
	w.wasDeleted(org)
	d := w.deletionOf(org)
	require.Equal(t, 121, d.Converted)
	require.True(t, d.UsersAt.After(asked) && !d.DeletedAt.Before(d.UsersAt))
}

func TestAUD04_EachStepOfADeletionIsToldOnceAndTheAuditStays(t *testing.T) {
	w := newWorld(t)
	org := w.org("C")
	w.must(org, provider, person("ada@c.example"))
	before := len(w.heard(org))
	w.deleted(org, operator, identity.HandleConvert)
	all := w.heard(org)
	var kinds []identity.EventKind
	for _, e := range all[before:] {
		kinds = append(kinds, e.Kind)
		require.NotEmpty(t, e.Kind.Description())
	}
	require.Equal(t, []identity.EventKind{identity.OrgDeletionAsked, identity.AccountConverted, identity.OrgUsersGone, identity.OrgDeletionDone}, kinds)
	report, err := w.VerifyChain(w.ctx, org)
	require.NoError(t, err)
	require.Empty(t, report.Fault)
	stones, err := w.Reader().Tombstones(w.ctx, "", 10)
	require.NoError(t, err)
	require.Len(t, stones, 1)
	require.Equal(t, "C", stones[0].Name)
	require.Equal(t, org, stones[0].ID)
}

// full makes an organization that has something in every table, with a user who was claimed away, one who was claimed and can go back, and
// one who cannot, and returns how it ends.
func (w *world) full(h identity.UserHandling) (org identity.OrgID, check func()) {
	w.t.Helper()
	t := w.t
	org = w.org("C")
	a, chief := w.boss(org, "ada@c.example")
	w.verify(org, "c.example")
	w.verify(org, "back.example")
	w.challenge(org, "pending.example")
	_, _, err := w.CreateToken(w.ctx, operator, org, identity.NewToken{Name: "Entra", Profile: "entra"})
	require.NoError(t, err)
	_, err = w.PutIdentityProvider(w.ctx, admin, identity.IdentityProvider{Org: org, Issuer: "https://sso.c.example", Audience: "a"})
	require.NoError(t, err)
	w.synchronized(org, "synced@c.example", false)
	n := w.links[org]
	require.NoError(t, w.Transact(w.ctx, org, operator, func(c *identity.Acts) error {
		plan := identity.Plan{ID: "01900000-0000-7000-8000-0000000000aa", Org: org, Connector: n, CreatedAt: c.Now(), Hash: "00", State: identity.PlanApplied, Body: []byte(`{}`)}
		run := identity.Run{ID: "01900000-0000-7000-8000-0000000000ab", Org: org, Connector: n, Plan: plan.ID, State: identity.RunCompleted, StartedAt: c.Now()}
		job := identity.Job{ID: identity.JobID(w.NewID()), Org: org, Kind: identity.JobImport, State: identity.JobRunning, By: operator, CreatedAt: c.Now()}
		return errors.Join(c.Tx().InsertPlan(w.ctx, plan), c.Tx().InsertRun(w.ctx, run), c.Tx().InsertJob(w.ctx, job),
			c.Tx().InsertJobRows(w.ctx, org, job.ID, []identity.JobRow{{Number: 1}}), c.Tx().PutJobChunk(w.ctx, org, job.ID, 0, []byte("x")),
			c.Tx().PutReminder(w.ctx, org, a.ID, "P", c.Now()))
	}))
	sub := w.subscribe(org, "Free", seats("chat", identity.Unlimited))
	g := w.group(org, "G", a)
	w.template(org, g.ID, "chat")
	w.licensed(org, "lee@c.example", "chat")
	sub = w.subscription(sub)
	sub.Type = identity.Free
	_, err = w.PutSubscription(w.ctx, operator, sub)
	require.NoError(t, err)
	_, err = w.AddSite(w.ctx, operator, org, "meet.example", "chat")
	require.NoError(t, err)
	partner := w.partner("P")
	_, err = w.PutPartner(w.ctx, operator, partner, org, identity.RoleUser)
	require.NoError(t, err)
	_, err = act(w, org, admin, func(c *identity.Acts) (identity.Account, error) {
		return c.ChangeEmail(w.ctx, a.ID, nil, "new@c.example")
	})
	require.NoError(t, err)

	source := w.org("Source")
	u := w.must(source, provider, person("u@back.example"))
	v, vp := w.bound(source, "v@back.example")
	wendy := w.must(org, provider, person("w@away.example"))
	later := w.must(org, provider, person("l@away.example"))
	claimant := w.claimant("Claimant", "away.example")
	_, newW := w.claimed(claimant, "w@away.example", identity.ClaimImmediate)
	_, newL := w.claimed(claimant, "l@away.example", identity.ClaimImmediate)
	claimU, newU := w.claimed(org, "u@back.example", identity.ClaimImmediate)
	w.claimed(org, "v@back.example", identity.ClaimImmediate)
	w.signInAs(vp)
	_, err = w.RequestDeletion(w.ctx, w.as(chief, org), org, guided(h))
	require.NoError(t, err)
	return org, func() {
		w.t.Helper()
		w.wasDeleted(org)
		back := w.at(source, u.ID)
		require.False(t, back.Shadow, "who can go back goes back")
		require.Equal(t, "u@back.example", back.PrimaryEmail())
		require.Equal(t, u.ID, w.byAddress("u@back.example").ID)
		w.gone(org, newU.ID)
		w.gone(source, v.ID)
		require.Len(t, w.mails(source, identity.OrderPurge), 1, "the old account of who cannot is purged")
		for old, now := range map[identity.AccountID]identity.Account{wendy.ID: newW, later.ID: newL} {
			w.gone(org, old)
			w.gone(identity.ConsumerOrgID, old)
			require.Equal(t, now.Status, w.at(claimant, now.ID).Status, "who was claimed away stays there, untouched")
		}
		_, err := w.Reader().Claim(w.ctx, org, claimU.ID)
		require.True(t, identity.IsNotFound(err))
		d := w.deletionOf(org)
		people := 4 // ada, synced, lee and v
		if h == identity.HandleConvert {
			require.Equal(t, people, d.Converted)
			require.Zero(t, d.Removed)
			require.Equal(t, identity.ConsumerOrgID, w.byAddress("v@back.example").Org)
		} else {
			require.Equal(t, people, d.Removed)
			require.Zero(t, d.Converted)
			w.free("v@back.example")
		}
		w.free("new@c.example")
		report, err := w.VerifyChain(w.ctx, org)
		require.NoError(t, err)
		require.Empty(t, report.Fault)
		require.Len(t, w.heard(org, identity.OrgDeletionDone), 1)
		require.Len(t, w.heard(org, identity.OrgUsersGone), 1)
	}
}

func TestORG15ORG21_NothingIsLeft(t *testing.T) {
	for _, h := range []identity.UserHandling{identity.HandleConvert, identity.HandleDelete} {
		t.Run(string(h), func(t *testing.T) {
			w := newWorld(t)
			org, check := w.full(h)
			mentioned := w.contents().Mentioning(string(org)).Tables()
			// Every table that can name an organization has to be among them, or this test proves nothing for it.
			for _, table := range []string{"accounts", "account_emails", "address_holds", "assignments", "bindings", "claims", "connectors", "grants", "group_members",
				"groups", "job_chunks", "job_rows", "jobs", "links", "messages", "org_deletions", "organizations", "plans", "pools", "reminders", "runs", "site_links",
				"subscriptions", "templates", "tokens"} {
				require.Contains(t, mentioned, table)
			}
			w.end()
			check()
		})
	}
}

// dying is a store that lets a number of transactions through. After it nothing gets in any more, as if the process had died; torn
// says that the last one was cut off before it was stored.
type dying struct {
	identity.Store
	left int
	torn bool
}

var errDead = errors.New("the process died")

func (d *dying) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	if d.left--; d.left > 0 {
		return d.Store.Do(ctx, lock, fn)
	}
	if d.left < 0 || !d.torn {
		return errDead
	}
	return d.Store.Do(ctx, lock, func(tx identity.Tx) error { return errors.Join(fn(tx), errDead) })
}

// TestORG19_AnybodyGoesOnWhereAProcessDied lets a process die at each transaction of a deletion, before and within it.
func TestORG19_AnybodyGoesOnWhereAProcessDied(t *testing.T) {
	for _, h := range []identity.UserHandling{identity.HandleConvert, identity.HandleDelete} {
		for _, torn := range []bool{false, true} {
			died := 0
			for after := 1; ; after++ {
				w := newWorld(t)
				org, check := w.full(h)
				store := &dying{Store: w.under, left: after, torn: torn}
				mortal := identity.NewService(store, w.clock, system.IDs{}, identity.EmailPolicy{})
				_, err := mortal.ContinueDeletions(w.ctx, 1000)
				if err == nil {
					check()
					break
				}
				require.ErrorIs(t, err, errDead)
				died++
				require.NotEqual(t, identity.DeletionDone, w.deletionOf(org).State)
				w.end()
				check()
			}
			require.GreaterOrEqual(t, died, 8, "claims, users, the step to the purge, the purge in parts, the end")
		}
	}
}

func TestORG19_DeletionsOfSeveralOrganizationsGoOnSideBySideAndAFailureKeepsNobody(t *testing.T) {
	w := newWorld(t)
	var orgs []identity.OrgID
	for i := range 3 {
		org := w.org(fmt.Sprintf("C%d", i))
		w.must(org, provider, person(fmt.Sprintf("u@c%d.example", i)))
		_, err := w.RequestDeletion(w.ctx, operator, org, guided(identity.HandleDelete))
		require.NoError(t, err)
		orgs = append(orgs, org)
	}
	broken := identity.NewService(&failing{Store: w.under, org: orgs[0]}, w.clock, system.IDs{}, identity.EmailPolicy{})
	n, err := broken.ContinueDeletions(w.ctx, 1000)
	require.ErrorIs(t, err, errDead)
	require.Positive(t, n)
	for _, org := range orgs[1:] {
		w.wasDeleted(org)
	}
	require.Equal(t, identity.DeletionUsers, w.deletionOf(orgs[0]).State)
	w.end()
	w.wasDeleted(orgs[0])
	n, err = w.ContinueDeletions(w.ctx, 1000)
	require.NoError(t, err)
	require.Zero(t, n, "nothing is left to do")
	last, err := w.ContinueDeletion(w.ctx, orgs[0])
	require.NoError(t, err)
	require.True(t, last)
}

// failing is a store that cannot write for one organization.
type failing struct {
	identity.Store
	org identity.OrgID
}

func (f *failing) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	if len(lock.Orgs) > 0 && lock.Orgs[0] == f.org {
		return errDead
	}
	return f.Store.Do(ctx, lock, fn)
}

func TestORG23_WhoRunsATrialHasToDeleteItFirst(t *testing.T) {
	for name, c := range map[string]struct {
		handling identity.UserHandling
		more     bool // users beside the creator
		after    identity.Rule
	}{
		"delete":                               {identity.HandleDelete, true, ""},
		"the single user, nothing said":        {identity.HandleNone, false, ""},
		"convert: a personal account like any": {identity.HandleConvert, true, identity.RuleDomainNotAvailable},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			trial, org := w.org("T"), w.org("C")
			u, p := w.boss(trial, "u@x.example")
			w.set(trial, func(o *identity.Organization) { o.Creator = u.ID })
			_, err := w.PutSubscription(w.ctx, operator, identity.Subscription{Org: trial, Name: "Trial", Type: identity.OnlineTrial, Status: identity.SubscriptionActive})
			require.NoError(t, err)
			if c.more {
				w.must(trial, provider, person("second@x.example"))
			}
			w.changesNothing(func() {
				_, err = w.add(org, admin, person("u@x.example"))
				refusedWith(t, err, identity.RuleUserOwnsTrialOrg)
			})
			if c.handling == identity.HandleNone {
				_, err = w.DeleteOrganization(w.ctx, w.as(p, trial), trial)
			} else {
				_, err = w.RequestDeletion(w.ctx, w.as(p, trial), trial, guided(c.handling))
			}
			require.NoError(t, err)
			_, err = w.add(org, admin, person("u@x.example"))
			refusedWith(t, err, identity.RuleUserOwnsTrialOrg)
			w.end()
			w.wasDeleted(trial)
			a, err := w.add(org, admin, person("u@x.example"))
			if c.after != "" {
				refusedWith(t, err, c.after)
				return
			}
			require.NoError(t, err)
			require.NotEqual(t, u.ID, a.ID)
		})
	}
}
