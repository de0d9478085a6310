package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// free gives an organization a subscription that costs nothing.
func (w *world) freePlan(org identity.OrgID) {
	w.t.Helper()
	_, err := w.PutSubscription(w.ctx, operator, identity.Subscription{Org: org, Name: "Free", Type: identity.Free, Status: identity.SubscriptionActive})
	require.NoError(w.t, err)
}

func (w *world) prompts(p identity.Person) []identity.Prompt {
	w.t.Helper()
	all, err := w.Prompts(w.ctx, w.caller(p))
	require.NoError(w.t, err)
	return all
}

func TestORG22_AFullAdministratorOfAFreeOrganizationIsReminded(t *testing.T) {
	w := newWorld(t)
	org := w.org("C")
	w.freePlan(org)
	_, p := w.boss(org, "ada@c.example")
	w.signInAs(p)
	asked := w.prompts(p)
	require.Len(t, asked, 1)
	require.Equal(t, identity.PromptDeleteOrg, asked[0].Kind)
	require.Equal(t, org, asked[0].Org.ID)
	require.Equal(t, []identity.PromptAction{identity.ActionDeleteOrg, identity.ActionRemindLater}, asked[0].Actions)

	refusedWith(t, w.RemindLater(w.ctx, w.caller(p), identity.Request{}, "SOMETHING"), identity.RuleUnknownPrompt)
	require.NoError(t, w.RemindLater(w.ctx, w.caller(p), identity.Request{}, identity.PromptDeleteOrg))
	require.Empty(t, w.prompts(p), "not in this session")
	w.clock.move(5 * time.Hour)
	require.Empty(t, w.prompts(p), "however long it lasts")
	w.signInAs(p)
	require.Len(t, w.prompts(p), 1, "but at the next sign-in")
	w.clock.move(time.Minute)
	require.NoError(t, w.RemindLater(w.ctx, w.caller(p), identity.Request{}, identity.PromptDeleteOrg))
	require.Empty(t, w.prompts(p), "and so every time")
}

func TestORG22_NobodyElseIsReminded(t *testing.T) {
	for name, prepare := range map[string]func(w *world, org identity.OrgID) identity.Person{
		"another role": func(w *world, org identity.OrgID) identity.Person {
			w.freePlan(org)
			_, p := w.bound(org, "bob@c.example")
			w.grant(org, p, identity.RoleUser)
			return p
		},
		"no role": func(w *world, org identity.OrgID) identity.Person {
			w.freePlan(org)
			_, p := w.bound(org, "bob@c.example")
			return p
		},
		"an external administrator": func(w *world, org identity.OrgID) identity.Person {
			w.freePlan(org)
			_, p := w.bound(w.org("B"), "bob@b.example")
			w.grant(org, p, identity.RoleFull)
			return p
		},
		"a partner": func(w *world, org identity.OrgID) identity.Person {
			w.freePlan(org)
			partner := w.partner("P")
			_, err := w.PutPartner(w.ctx, operator, partner, org, identity.RoleFull)
			require.NoError(w.t, err)
			_, p := w.boss(partner, "pat@p.example")
			return p
		},
		"no subscription at all": func(w *world, org identity.OrgID) identity.Person {
			_, p := w.boss(org, "ada@c.example")
			return p
		},
		"a trial": func(w *world, org identity.OrgID) identity.Person {
			w.freePlan(org)
			_, err := w.PutSubscription(w.ctx, operator, identity.Subscription{Org: org, Name: "T", Type: identity.OnlineTrial, Status: identity.SubscriptionActive})
			require.NoError(w.t, err)
			_, p := w.boss(org, "ada@c.example")
			return p
		},
		"it is being deleted already": func(w *world, org identity.OrgID) identity.Person {
			w.freePlan(org)
			_, p := w.boss(org, "ada@c.example")
			_, err := w.DeleteOrganization(w.ctx, operator, org)
			require.NoError(w.t, err)
			return p
		},
		"a personal account": func(w *world, _ identity.OrgID) identity.Person {
			_, p := w.personal("eve@x.example")
			return p
		},
		"somebody unknown": func(*world, identity.OrgID) identity.Person { return visitor("who@x.example") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := prepare(w, w.org("C"))
			require.Empty(t, w.prompts(p))
			refusedWith(t, w.RemindLater(w.ctx, w.caller(p), identity.Request{}, identity.PromptDeleteOrg), identity.RuleUnknownPrompt)
		})
	}
}
