package identity_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestAUD03_EveryKindOfEventHasACategory(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, 0)
	require.NoError(t, err)
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "EventKind" {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		require.NoError(t, err)
		require.Contains(t, identity.Categories, identity.EventKind(value).Category(), spec.Names[0].Name)
		require.NotEmpty(t, identity.EventKind(value).Description(), spec.Names[0].Name)
		found++
		return true
	})
	require.Greater(t, found, 30)
}

func TestAUD02_ByTimeActorCategoryAndTarget(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	ada := w.byHand(org, "ada@example.com")
	w.clock.move(time.Hour)
	bob := w.must(org, provider, person("bob@example.com"))
	w.signIn(bob)
	w.clock.move(time.Hour)
	_, err := w.deactivate(admin, bob)
	require.NoError(t, err)

	for name, c := range map[string]struct {
		query identity.AuditQuery
		want  []identity.EventKind
	}{
		"everything, the newest first": {identity.AuditQuery{}, []identity.EventKind{identity.AccountDeactivated, identity.AccountActivated,
			identity.AccountCreated, identity.AccountInvited, identity.AccountCreated, identity.OrgCreated}},
		"one actor":        {identity.AuditQuery{Actor: provider.ID}, []identity.EventKind{identity.AccountCreated}},
		"one user":         {identity.AuditQuery{Target: string(ada.ID)}, []identity.EventKind{identity.AccountInvited, identity.AccountCreated}},
		"one category":     {identity.AuditQuery{Categories: []identity.Category{identity.CategoryLogins}}, []identity.EventKind{identity.AccountActivated}},
		"from, at it":      {identity.AuditQuery{From: t0.Add(2 * time.Hour)}, []identity.EventKind{identity.AccountDeactivated}},
		"until, not at it": {identity.AuditQuery{Until: t0.Add(time.Hour)}, []identity.EventKind{identity.AccountInvited, identity.AccountCreated, identity.OrgCreated}},
		"by position":      {identity.AuditQuery{Skip: 4, Limit: 1}, []identity.EventKind{identity.AccountCreated}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.query.Limit == 0 {
				c.query.Limit = 200
			}
			events, err := w.Audit(w.ctx, org, c.query)
			require.NoError(t, err)
			var kinds []identity.EventKind
			for _, e := range events {
				kinds = append(kinds, e.Kind)
			}
			require.Equal(t, c.want, kinds)
		})
	}
	for name, q := range map[string]identity.AuditQuery{
		"no limit":              {},
		"a limit past the most": {Limit: 201},
		"more than a year":      {From: t0.Add(-identity.MaxAuditRange - time.Microsecond), Until: t0, Limit: 1},
		"the wrong way round":   {From: t0, Until: t0.Add(-time.Second), Limit: 1},
		"an unknown category":   {Categories: []identity.Category{"X"}, Limit: 1},
		"a negative offset":     {Skip: -1, Limit: 1},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.Audit(w.ctx, org, q)
			refusedWith(t, err, identity.RuleInvalidValue)
		})
	}
	_, err = w.Audit(w.ctx, org, identity.AuditQuery{From: t0.Add(-identity.MaxAuditRange), Until: t0, Limit: 200})
	require.NoError(t, err, "a year exactly")
}

func TestAUD01_AnEventSaysWhoFromWhereAndWhat(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	_, p := w.bound(org, "ada@example.com")
	w.grant(org, p, identity.RoleUser)
	c := w.caller(p)
	in, err := w.AccessTo(w.ctx, c, org)
	require.NoError(t, err)
	by := c.Actor(in, identity.Request{IP: "192.0.2.7", UserAgent: "Firefox", TrackingID: "r-1"})
	b, err := w.add(org, by, person("bob@example.com"))
	require.NoError(t, err)
	events, err := w.Audit(w.ctx, org, identity.AuditQuery{Limit: 1})
	require.NoError(t, err)
	e := events[0]
	require.Equal(t, b.ID, e.Account)
	require.Equal(t, "bob@example.com", e.AccountName)
	require.Equal(t, c.Account.ID, e.Actor.Account)
	require.Equal(t, org, e.Actor.Org)
	require.Equal(t, identity.Request{Email: "ada@example.com", Role: identity.RoleUser, IP: "192.0.2.7", UserAgent: "Firefox", TrackingID: "r-1"}, e.Actor.Request)
	require.Len(t, e.Hash, 64)
	require.Positive(t, e.Seq)
}
