package directory_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/identity"
)

// elsewhere adds an account to another organization.
func (w *world) elsewhere(org identity.OrgID, address string) identity.Account {
	var a identity.Account
	require.NoError(w.t, w.service.Transact(w.t.Context(), org, identity.Actor{Kind: identity.System}, func(c *identity.Acts) error {
		d := identity.Draft{UserName: address, Emails: []identity.AccountEmail{{Value: address, Primary: true}}, Active: true}
		var err error
		a, err = c.Create(w.t.Context(), d, identity.Origin{Source: identity.SourceSelf})
		return err
	}))
	return a
}

func (w *world) organization(name string) identity.OrgID {
	o, err := w.service.CreateOrganization(w.t.Context(), admin, identity.Organization{Name: name, Kind: identity.Customer})
	require.NoError(w.t, err)
	return o.ID
}

// TestEML12_DIR11_TheConnectorConvertsNobody takes addresses that somebody elsewhere has, before the plan is made and after it.
func TestEML12_DIR11_TheConnectorConvertsNobody(t *testing.T) {
	type stage func(w *world) identity.OrgID
	personal := func(*world) identity.OrgID { return identity.ConsumerOrgID }
	for name, holder := range map[string]stage{
		"a personal account": personal,
		"a personal account of a domain that is ours to claim": func(w *world) identity.OrgID {
			_, err := w.service.AttestDomain(w.t.Context(), admin, w.org, "corp.example")
			require.NoError(w.t, err)
			return identity.ConsumerOrgID
		},
		"another organization": func(w *world) identity.OrgID { return w.organization("Other Industries") },
		"somebody who runs a trial": func(w *world) identity.OrgID {
			org := w.organization("Other Industries")
			_, err := w.service.PutSubscription(w.t.Context(), admin, identity.Subscription{Org: org, Name: "T", Type: identity.OnlineTrial,
				Status: identity.SubscriptionActive, Pools: []identity.Pool{{Licence: "calling", Seats: 1}}})
			require.NoError(w.t, err)
			return org
		},
	} {
		for when, afterThePlan := range map[string]bool{"before the plan": false, "after the plan": true} {
			t.Run(name+", "+when, func(t *testing.T) {
				w := newWorld(t).reportTo("olga@corp.example")
				org := holder(w)
				w.source.set(entry("ada"), entry("eve"), entry("zoe"))
				var taken identity.Account
				take := func() {
					taken = w.elsewhere(org, "Eve@corp.example")
					if org == identity.ConsumerOrgID {
						return
					}
					_, err := w.service.Bind(t.Context(), admin, identity.Binding{Issuer: "https://id.example", Subject: "eve", Org: org, Account: taken.ID})
					require.NoError(t, err)
					_, err = w.service.Grant(t.Context(), admin, identity.Grant{Org: org, Issuer: "https://id.example", Subject: "eve", Role: identity.RoleFull})
					require.NoError(t, err)
				}
				if !afterThePlan {
					take()
				}
				stored, plan := w.plan()
				require.Len(t, plan.Steps, 3)
				if afterThePlan {
					take()
				}
				report := w.apply(stored.ID)

				require.Equal(t, identity.RunErrors, report.State)
				require.Equal(t, map[directory.Op]int{directory.OpCreate: 2}, report.Applied)
				require.Len(t, w.accounts(), 2)
				w.user("ada@corp.example")
				w.user("zoe@corp.example")
				require.Equal(t, 1, report.Failed)
				require.Len(t, report.Items, 1)
				item := report.Items[0]
				require.Equal(t, identity.Rule("USER_COULD_NOT_BE_CONVERTED"), item.Code)
				require.Equal(t, "eve@corp.example", item.UserName)
				require.Contains(t, item.Detail, "The user could not be converted: the address eve@corp.example belongs to an account")
				require.NotContains(t, item.Detail, string(org), "EML-13")
				require.NotContains(t, item.Detail, "Other Industries", "EML-13")

				now, err := w.store.Account(t.Context(), org, taken.ID)
				require.NoError(t, err)
				require.Equal(t, taken, now, "the account is untouched")
				runs, err := w.syncer.History(t.Context(), w.org, w.connector, 10)
				require.NoError(t, err)
				require.Len(t, runs, 1)
				require.Equal(t, identity.RunState("completed_with_errors"), runs[0].State)
				mails := w.reports()
				require.Len(t, mails, 1)
				require.Equal(t, "completed_with_errors", mails[0].Data["state"])
				require.Contains(t, mails[0].Data["text"], "USER_COULD_NOT_BE_CONVERTED")
			})
		}
	}
}

func TestEML12_AnAddressThatAColleagueTookAfterThePlanIsNobodyElses(t *testing.T) {
	w := newWorld(t)
	w.source.set(entry("ada"), entry("eve"))
	stored, _ := w.plan()
	w.elsewhere(w.org, "eve@corp.example")
	report := w.apply(stored.ID)
	require.Equal(t, map[directory.Op]int{directory.OpCreate: 1}, report.Applied)
	require.Len(t, report.Items, 1)
	require.Equal(t, identity.RuleEmailTaken, report.Items[0].Code)
}

// fullAdmin makes the owner of an account a full administrator of the organization.
func (w *world) fullAdmin(name string) identity.Account {
	a := w.user(name)
	_, err := w.service.Bind(w.t.Context(), admin, identity.Binding{Issuer: "https://id.example", Subject: name, Org: w.org, Account: a.ID})
	require.NoError(w.t, err)
	_, err = w.service.Grant(w.t.Context(), admin, identity.Grant{Org: w.org, Issuer: "https://id.example", Subject: name, Role: identity.RoleFull})
	require.NoError(w.t, err)
	return w.user(name)
}

func TestUSR26_ASynchronizationKeepsTheLastFullAdministrator(t *testing.T) {
	lost := func(w *world) { w.source.set(append(people(20), entry("new"))...) }
	for name, c := range map[string]struct {
		admins  []string
		leave   func(*world)
		applied map[directory.Op]int
		kept    []string // of whom one stays
	}{
		"deleted": {[]string{"ada"}, lost, map[directory.Op]int{directory.OpRemove: 1, directory.OpCreate: 1}, []string{"ada"}},
		"disabled": {[]string{"ada"}, func(w *world) {
			w.source.set(append(people(20), entry("ada", disabled, called("Countess")), entry("bob", disabled), entry("new"))...)
		}, map[directory.Op]int{directory.OpDisable: 1, directory.OpCreate: 1}, []string{"ada"}},
		"both of two": {[]string{"ada", "bob"}, lost, map[directory.Op]int{directory.OpRemove: 1, directory.OpCreate: 1}, []string{"ada", "bob"}},
		"one of two": {[]string{"ada", "bob"}, func(w *world) { w.source.set(append(people(20), entry("bob"), entry("new"))...) },
			map[directory.Op]int{directory.OpRemove: 1, directory.OpCreate: 1}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.source.set(append(people(20), entry("ada"), entry("bob"))...)
			w.sync()
			before := map[string]identity.Account{}
			for _, who := range c.admins {
				before[who] = w.fullAdmin(who + "@corp.example")
			}
			c.leave(w)
			report := w.sync()
			require.Equal(t, c.applied, report.Applied, "the rest of the plan goes on")
			w.user("new@corp.example")
			if c.kept == nil {
				require.Equal(t, identity.RunCompleted, report.State)
				return
			}
			require.Equal(t, identity.RunErrors, report.State)
			require.Equal(t, 1, report.Failed)
			require.Len(t, report.Items, 1)
			item := report.Items[0]
			require.Equal(t, identity.RuleLastFullAdmin, item.Code)
			require.Contains(t, item.Detail, "last full administrator")
			var still []identity.Account
			for _, who := range c.kept {
				if a := w.user(who + "@corp.example"); a.Status != identity.Inactive {
					require.Equal(t, before[who], a)
					still = append(still, a)
				}
			}
			require.Len(t, still, 1)
			require.Equal(t, item.Account, still[0].ID)
			_, plan := w.plan()
			require.Len(t, plan.Steps, 1, "the next plan has it again")
		})
	}
}
