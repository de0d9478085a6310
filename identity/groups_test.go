package identity_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestSCM08_ALifeOfAGroup(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a, b := w.must(org, provider, person("ada@example.com")), w.must(org, provider, person("eve@example.com"))
	g, err := act(w, org, provider, func(c *identity.Acts) (identity.Group, error) {
		return c.CreateGroup(w.ctx, "Staff", "x1", identity.Origin{Source: identity.SourceSCIM})
	})
	require.NoError(t, err)
	require.Equal(t, g, w.groupNow(g), "what is answered is what is stored")

	w.clock.move(time.Hour)
	joined := w.join(g, a, b)
	require.Equal(t, g.Version+1, joined.Version, "an ETag tells of members too")
	require.Equal(t, w.clock.Now(), joined.UpdatedAt)
	require.Equal(t, joined, w.groupNow(g))
	require.Equal(t, joined, w.join(g, a), "who is a member already changes nothing")
	require.Equal(t, 2, w.members(g))

	renamed, err := w.rename(g, nil, "People")
	require.NoError(t, err)
	require.Equal(t, "People", renamed.Name)
	same, err := w.rename(g, nil, "People")
	require.NoError(t, err)
	require.Equal(t, renamed, same)

	left := w.leave(g, a)
	require.Equal(t, renamed.Version+1, left.Version)
	require.Equal(t, left, w.leave(g, a))
	require.NoError(t, w.Transact(w.ctx, org, admin, func(c *identity.Acts) error { return c.DeleteGroup(w.ctx, g.ID, nil, nil) }))
	refusedWith(t, w.Transact(w.ctx, org, admin, func(c *identity.Acts) error { return c.DeleteGroup(w.ctx, g.ID, nil, nil) }), identity.RuleUnknownGroup)
	of, err := w.Reader().GroupsOf(w.ctx, org, b.ID)
	require.NoError(t, err)
	require.Empty(t, of)

	list, err := w.Reader().Events(w.ctx, org, identity.EventQuery{Target: string(g.ID), Limit: 10})
	require.NoError(t, err)
	type told struct {
		kind     identity.EventKind
		evidence string
	}
	var all []told
	for _, e := range list {
		require.Equal(t, identity.TargetGroup, e.Target.Type)
		all = append(all, told{e.Kind, string(e.Evidence)})
	}
	require.Equal(t, []told{
		{identity.GroupCreated, `{"externalId":"x1","name":"Staff","source":"scim"}`},
		{identity.GroupChanged, `{"added":["` + string(a.ID) + `","` + string(b.ID) + `"]}`},
		{identity.GroupChanged, `{"after":"People","before":"Staff"}`},
		{identity.GroupChanged, `{"removed":["` + string(a.ID) + `"]}`},
		{identity.GroupDeleted, `{"members":1,"name":"People"}`},
	}, all)
}

func TestUSR24_MembershipsGoWithTheUser(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.must(org, provider, person("ada@example.com"))
	g := w.group(org, "G", a)
	require.Equal(t, 1, w.members(g))
	require.NoError(t, w.delete(admin, a))
	require.Zero(t, w.members(g))
}

func TestSCM14_MembersAreOfTheSameOrganization(t *testing.T) {
	w := newWorld(t)
	org, other := w.org("A"), w.org("B")
	own, foreign := w.must(org, provider, person("ada@example.com")), w.must(other, provider, person("eve@example.com"))
	g := w.group(org, "G")
	for name, c := range map[string]struct {
		org      identity.OrgID
		accounts []identity.AccountID
		rule     identity.Rule
	}{
		"another organization's user":  {org, []identity.AccountID{own.ID, foreign.ID}, identity.RuleUnknownAccount},
		"a user that there is not":     {org, []identity.AccountID{own.ID, "none"}, identity.RuleUnknownAccount},
		"another organization's group": {other, []identity.AccountID{foreign.ID}, identity.RuleUnknownGroup},
	} {
		t.Run(name, func(t *testing.T) {
			// The refusal is one of several in a transaction that goes on.
			require.NoError(t, w.Transact(w.ctx, c.org, admin, func(acts *identity.Acts) error {
				_, err := acts.AddMember(w.ctx, g.ID, nil, c.accounts...)
				refusedWith(t, err, c.rule)
				return nil
			}))
			require.Zero(t, w.members(g), "nothing is half done")
			require.Equal(t, g, w.groupNow(g))
		})
	}
}

func TestSCM13_AGroupThatChangedMeanwhile(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.must(org, provider, person("ada@example.com"))
	g := w.group(org, "G")
	stale := func(identity.Group) error {
		return identity.Refuse(identity.Stale, identity.RuleVersionMismatch, "it changed")
	}
	for name, change := range map[string]func(c *identity.Acts) error{
		"rename": func(c *identity.Acts) error { _, err := c.RenameGroup(w.ctx, g.ID, stale, "H"); return err },
		"delete": func(c *identity.Acts) error { return c.DeleteGroup(w.ctx, g.ID, stale, nil) },
		"join":   func(c *identity.Acts) error { _, err := c.AddMember(w.ctx, g.ID, stale, a.ID); return err },
		"leave":  func(c *identity.Acts) error { _, err := c.RemoveMember(w.ctx, g.ID, stale, a.ID); return err },
	} {
		refusedWith(t, w.Transact(w.ctx, org, admin, change), identity.RuleVersionMismatch)
		require.Equal(t, g, w.groupNow(g), name)
	}
}

func TestDIR13_ADirectorysGroupsAreTheDirectorys(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.synchronized(org, "ada@example.com", false)
	create := func(by identity.Actor, source identity.Source) (identity.Group, error) {
		return act(w, org, by, func(c *identity.Acts) (identity.Group, error) {
			return c.CreateGroup(w.ctx, "G", "", identity.Origin{Source: source})
		})
	}
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncManual })
	g, err := create(connector, identity.SourceDirectory)
	require.NoError(t, err)
	_, err = create(admin, identity.SourceDirectory)
	refusedWith(t, err, identity.RuleManagedByDirectory)
	_, err = w.rename(g, nil, "H")
	refusedWith(t, err, identity.RuleManagedByDirectory)
	w.join(w.group(org, "the administrator's own"), a)
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncDisabled })
	_, err = w.rename(g, nil, "H")
	require.NoError(t, err)
}

func TestLimitsOfAGroupsValues(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	for name, c := range map[string]struct {
		name     string
		external identity.ExternalID
		field    string // of the error; empty: it is fine
	}{
		"the longest name":           {strings.Repeat("n", identity.MaxGroupName), "", ""},
		"a name too long":            {strings.Repeat("n", identity.MaxGroupName+1), "", "name"},
		"no name":                    {" ", "", "name"},
		"a name in two lines":        {"a\nb", "", "name"},
		"a name that is not UTF-8":   {"a\xff", "", "name"},
		"the longest externalId":     {"G", identity.ExternalID(strings.Repeat("e", identity.MaxExternalID)), ""},
		"an externalId too long":     {"G", identity.ExternalID(strings.Repeat("e", identity.MaxExternalID+1)), "externalId"},
		"an externalId in two lines": {"G", "a\nb", "externalId"},
		"a name that another has":    {"G", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := act(w, org, admin, func(acts *identity.Acts) (identity.Group, error) {
				return acts.CreateGroup(w.ctx, c.name, c.external, identity.Origin{Source: identity.SourceManual})
			})
			if c.field == "" {
				require.NoError(t, err)
				return
			}
			var e *identity.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, identity.Invalid, e.Kind)
			require.Equal(t, c.field, e.Field)
		})
	}
	_, err := w.rename(w.group(org, "G"), nil, strings.Repeat("n", identity.MaxGroupName+1))
	refusedWith(t, err, identity.RuleInvalidValue)
}
