package admin

import (
	"context"
	"log/slog"
	"net/http"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
)

func emptyAPI(t *testing.T) *api {
	t.Helper()
	o := Options{
		Service: identity.NewService(nil, system.Clock{}, system.IDs{}, identity.EmailPolicy{}), Clock: system.Clock{}, Logger: slog.New(slog.DiscardHandler),
	}
	v, err := o.complete()
	require.NoError(t, err)
	a, err := newAPI(o, v)
	require.NoError(t, err)
	return a
}

func TestEveryOperationDeclaresItsScope(t *testing.T) {
	a := emptyAPI(t)
	operations := 0
	for path, item := range a.huma.OpenAPI().Paths {
		for _, op := range operationsOf(item) {
			operations++
			scope, declared := scopeOf(op)
			require.True(t, declared, "%s %s", op.Method, path)
			if scope != scopeAny {
				p, known := permissionOf(scope)
				require.True(t, known, "%s %s", op.Method, path)
				require.NotEmpty(t, p.own, "%s %s", op.Method, path)
			}
		}
	}
	require.Positive(t, operations)
	require.NoError(t, checkScopes(a.huma.OpenAPI()))
}

func TestAnOperationWithoutAFittingScopeKeepsTheAPIFromStarting(t *testing.T) {
	nothing := func(context.Context, *struct{}) (*struct{}, error) { return nil, nil }
	for name, c := range map[string]struct {
		path     string
		metadata map[string]any
	}{
		"none":                                 {"/x/{org}", nil},
		"one that nobody knows":                {"/x/{org}", map[string]any{scopeKey: Scope("x")}},
		"any role, where there is a role":      {"/x/{org}", map[string]any{scopeKey: scopeAny}},
		"a role, where there is nothing to it": {"/x", map[string]any{scopeKey: scopeReadUsers}},
	} {
		t.Run(name, func(t *testing.T) {
			api := humago.New(http.NewServeMux(), huma.Config{OpenAPI: &huma.OpenAPI{}})
			huma.Register(api, huma.Operation{Method: http.MethodPost, Path: c.path, Metadata: c.metadata}, nothing)
			require.ErrorContains(t, checkScopes(api.OpenAPI()), "POST "+c.path+" declares")
		})
	}
}

func TestEveryKindOfErrorHasAStatus(t *testing.T) {
	for kind, status := range map[identity.Kind]int{
		identity.Internal: 500, identity.Invalid: 400, identity.NotFound: 404, identity.Forbidden: 403, identity.Conflict: 409,
		identity.Stale: 412, identity.Gone: 410, identity.Unavailable: 503,
	} {
		no := mapError(t.Context(), slog.New(slog.DiscardHandler), identity.Refuse(kind, "CODE", "what the caller did"))
		require.Equal(t, status, no.Status, kind)
		if kind == identity.Internal {
			require.NotContains(t, no.Detail, "what the caller did")
			continue
		}
		require.Equal(t, "CODE", no.Code)
		require.Equal(t, "what the caller did", no.Detail)
	}
}
