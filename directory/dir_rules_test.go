package directory_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/identity"
)

// asAdministrator does something as an administrator of the world's organization.
func (w *world) asAdministrator(do func(*identity.Acts) error) error {
	return w.service.Transact(w.t.Context(), w.org, identity.Actor{Kind: identity.Administrator, ID: "olga", Name: "Olga", Org: w.org}, do)
}

func TestDIR08_TheDirectoryIsTheSourceOfTruth(t *testing.T) {
	w := newWorld(t)
	w.source.set(entry("ada", called("Ada")))
	w.sync()
	w.source.set(entry("ada", called("Countess")))
	require.Equal(t, map[directory.Op]int{directory.OpUpdate: 1}, w.sync().Applied)
	require.Equal(t, identity.Profile(`{"displayName":"Countess"}`), w.user("ada@corp.example").Profile)
	err := w.asAdministrator(func(c *identity.Acts) error {
		_, err := c.Create(t.Context(), identity.Draft{UserName: "bob@corp.example", Emails: []identity.AccountEmail{{Value: "bob@corp.example", Primary: true}}, Active: true},
			identity.Origin{Source: identity.SourceManual})
		return err
	})
	require.Equal(t, identity.RuleManagedByDirectory, identity.RuleOf(err))
}

func TestDIR12_AnAddressThatDiffersInCaseOnlyIsTheSame(t *testing.T) {
	w := newWorld(t)
	w.configure(`{"policy":{"mismatched":"delete"}}`)
	a := identity.Draft{UserName: "Ada@Corp.example", Emails: []identity.AccountEmail{{Value: "Ada@Corp.example", Primary: true}}, Active: true}
	require.NoError(t, w.service.Transact(t.Context(), w.org, identity.Actor{Kind: identity.System}, func(c *identity.Acts) error {
		_, err := c.Create(t.Context(), a, identity.Origin{Source: identity.SourceManual})
		return err
	}))
	w.source.set(entry("ada"))
	_, plan := w.plan()
	require.Len(t, plan.Steps, 1, "matched, and nobody is removed")
	require.Equal(t, directory.OpAdopt, plan.Steps[0].Op)
	require.Equal(t, directory.RuleCaseMismatch, plan.Steps[0].Code)
	require.Zero(t, plan.Figures.Mismatched)
}

func TestDIR15_NewUsersGetTheFreeLicenceAndNoMail(t *testing.T) {
	w := newWorld(t)
	w.source.set(people(3)...)
	w.sync()
	for _, a := range w.accounts() {
		licences, err := w.store.Assignments(t.Context(), w.org, a.ID)
		require.NoError(t, err)
		require.Empty(t, licences, "the free licence is derived, and there is no other")
	}
	mails, err := w.store.Messages(t.Context(), w.org, identity.MessageQuery{Limit: 10})
	require.NoError(t, err)
	require.Empty(t, mails)
}

func TestDIR17_ARetainedUserIsStillManagedByTheDirectory(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.service.Transact(t.Context(), w.org, identity.Actor{Kind: identity.System}, func(c *identity.Acts) error {
		_, err := c.Create(t.Context(), identity.Draft{UserName: "eve@corp.example", Emails: []identity.AccountEmail{{Value: "eve@corp.example", Primary: true}}, Active: true},
			identity.Origin{Source: identity.SourceManual})
		return err
	}))
	w.source.set(people(3)...)
	_, plan := w.plan()
	require.Equal(t, 1, plan.Figures.Mismatched)
	w.sync()
	eve := w.user("eve@corp.example")
	require.Equal(t, identity.SourceManual, eve.Source)
	for name, do := range map[string]func(c *identity.Acts) error{
		"delete":     func(c *identity.Acts) error { return c.Delete(t.Context(), eve.ID, nil) },
		"deactivate": func(c *identity.Acts) error { _, err := c.Deactivate(t.Context(), eve.ID, nil); return err },
	} {
		require.Equal(t, identity.RuleManagedByDirectory, identity.RuleOf(w.asAdministrator(do)), name)
	}
}
