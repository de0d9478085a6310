package admin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"rollcall/identity"
)

// Scope is what an operation needs its caller to be allowed. Every operation declares one; without it the API does not
// start.
type Scope string

// The scopes.
const (
	// scopeAny needs a valid token and no role: the operation shows the caller's own part only.
	scopeAny          Scope = "any"
	scopeReadOrg      Scope = "organization:read"
	scopeReadUsers    Scope = "users:read"
	scopeWriteUsers   Scope = "users:write"
	scopePreviewClaim Scope = "claims:preview"
)

// policy is BEHAVIOUR 11 for the operations there are: which roles have which scope. scopeAny is not in it.
var policy = map[Scope][]identity.Role{
	scopeReadOrg:      {identity.RoleFull, identity.RoleUser, identity.RoleGroup, identity.RoleReadOnly},
	scopeReadUsers:    {identity.RoleFull, identity.RoleUser, identity.RoleReadOnly},
	scopeWriteUsers:   {identity.RoleFull, identity.RoleUser},
	scopePreviewClaim: {identity.RoleFull, identity.RoleUser},
}

// settingsReaders are the roles that see the settings of an organization (BEHAVIOUR 11, "Org settings").
var settingsReaders = []identity.Role{identity.RoleFull, identity.RoleReadOnly}

// scopeKey is where an operation's metadata keeps its scope.
const scopeKey = "scope"

func scopeOf(op *huma.Operation) (Scope, bool) {
	s, ok := op.Metadata[scopeKey].(Scope)
	return s, ok
}

// checkScopes refuses an API with an operation that declares no scope, an unknown one, or one that does not fit its path:
// without {org} there is no role to ask for, and with it there always is.
func checkScopes(api *huma.OpenAPI) error {
	for path, item := range api.Paths {
		for _, op := range operationsOf(item) {
			scope, declared := scopeOf(op)
			_, known := policy[scope]
			ofOrg := strings.Contains(path, "{org}")
			switch {
			case !declared:
				return fmt.Errorf("admin: %s %s declares no scope", op.Method, path)
			case ofOrg && !known, !ofOrg && scope != scopeAny:
				return fmt.Errorf("admin: %s %s declares the scope %q, which does not fit it", op.Method, path, scope)
			}
		}
	}
	return nil
}

func operationsOf(item *huma.PathItem) []*huma.Operation {
	all := []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Options, item.Head, item.Patch, item.Trace}
	return slices.DeleteFunc(all, func(op *huma.Operation) bool { return op == nil })
}

func (s Scope) allows(r identity.Role) bool { return slices.Contains(policy[s], r) }

// rolesText names the roles that have a scope, for people.
func (s Scope) rolesText() string {
	if s == scopeAny {
		return "any"
	}
	names := make([]string, 0, len(policy[s]))
	for _, r := range policy[s] {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}
