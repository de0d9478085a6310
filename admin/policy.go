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
	scopeAny                 Scope = "any"
	scopeReadOrg             Scope = "organization:read"
	scopeReadSettings        Scope = "settings:read"
	scopeWriteSettings       Scope = "settings:write"
	scopeReadUsers           Scope = "users:read"
	scopeWriteUsers          Scope = "users:write"
	scopeReadGroups          Scope = "groups:read"
	scopeWriteGroups         Scope = "groups:write"
	scopeReadLicences        Scope = "licences:read"
	scopeWriteLicences       Scope = "licences:write"
	scopeWriteTemplates      Scope = "templates:write"
	scopeReadAdministrators  Scope = "administrators:read"
	scopeWriteAdministrators Scope = "administrators:write"
	scopeWriteExternals      Scope = "externals:write"
	scopeReadProviders       Scope = "providers:read"
	scopeWriteProviders      Scope = "providers:write"
	scopeReadDomains         Scope = "domains:read"
	scopeWriteDomains        Scope = "domains:write"
	scopeReadPartners        Scope = "partners:read"
	scopeWritePartners       Scope = "partners:write"
	scopeReadAudit           Scope = "audit:read"
	scopeReadMail            Scope = "mail:read"
	scopeWriteMail           Scope = "mail:write"
	scopeReadProvisioning    Scope = "provisioning:read"
	scopeReadDeletion        Scope = "deletion:read"
	scopeWriteDeletion       Scope = "deletion:write"
	scopeReadSites           Scope = "sites:read"
	scopeWriteSites          Scope = "sites:write"
	scopeReadClaims          Scope = "claims:read"
	scopeWriteClaims         Scope = "claims:write"
	scopeReadSync            Scope = "synchronization:read"
	scopeWriteSync           Scope = "synchronization:write"
	scopeWriteConnectors     Scope = "connectors:write"
)

// The lists of roles that the policy is made of.
var (
	nobody        []identity.Role
	anyRole       = []identity.Role{identity.RoleFull, identity.RoleUser, identity.RoleGroup, identity.RoleReadOnly, identity.RoleDevice}
	fullOnly      = []identity.Role{identity.RoleFull}
	fullAndReader = []identity.Role{identity.RoleFull, identity.RoleReadOnly}
	fullAndUser   = []identity.Role{identity.RoleFull, identity.RoleUser}
	fullAndGroup  = []identity.Role{identity.RoleFull, identity.RoleGroup}
	userReaders   = []identity.Role{identity.RoleFull, identity.RoleUser, identity.RoleReadOnly, identity.RoleDevice}
	licenceRoles  = []identity.Role{identity.RoleFull, identity.RoleUser, identity.RoleReadOnly}
)

// permission is one row of the policy: with which role somebody has a scope, by whose administrator they are.
type permission struct {
	scope                  Scope
	own, external, partner []identity.Role
	about                  string // completes "may …", for people
}

// policy is BEHAVIOUR 11: who may do what. scopeAny is not in it. It is printed in docs/administration.md, and a test compares
// the two. What cannot be undone by the organization itself, and who else gets in, is for its own administrators.
var policy = []permission{
	{scopeReadOrg, anyRole, anyRole, anyRole, "see that the organization exists and what it is called"},
	{scopeReadSettings, fullAndReader, fullAndReader, fullAndReader, "see the organization's settings"},
	{scopeWriteSettings, fullOnly, fullOnly, fullOnly, "change the organization's settings"},
	{scopeReadUsers, userReaders, userReaders, userReaders, "see users, why they are as they are, and jobs"},
	{scopeWriteUsers, fullAndUser, fullAndUser, fullAndUser, "add, change, invite, deactivate and delete users, and run jobs"},
	{scopeReadGroups, anyRole, anyRole, anyRole, "see groups and their members"},
	{scopeWriteGroups, fullAndGroup, fullAndGroup, fullAndGroup, "create, change and delete groups"},
	{scopeReadLicences, licenceRoles, licenceRoles, licenceRoles, "see subscriptions, licences and licence templates"},
	{scopeWriteLicences, fullAndUser, fullAndUser, fullAndUser, "give licences to users and take them away"},
	{scopeWriteTemplates, fullOnly, fullOnly, fullOnly, "change licence templates"},
	{scopeReadAdministrators, fullAndReader, fullAndReader, fullAndReader, "see who administers the organization"},
	{scopeWriteAdministrators, fullOnly, fullOnly, fullOnly, "give roles to the organization's own people and take them away"},
	{scopeWriteExternals, fullOnly, nobody, nobody, "give roles to people of other organizations (ROL-02)"},
	{scopeReadProviders, fullOnly, fullOnly, nobody, "see the organization's identity providers"},
	{scopeWriteProviders, fullOnly, fullOnly, nobody, "register and remove identity providers"},
	{scopeReadDomains, fullAndReader, nobody, nobody, "see the organization's domains"},
	{scopeWriteDomains, fullOnly, nobody, nobody, "prove, claim, release and remove domains (DOM-04)"},
	{scopeReadPartners, fullOnly, nobody, nobody, "see which organizations manage this one"},
	{scopeWritePartners, fullOnly, nobody, nobody, "let other organizations manage this one, and end it"},
	{scopeReadAudit, fullAndReader, fullAndReader, fullAndReader, "read and export the audit"},
	{scopeReadMail, fullOnly, fullOnly, fullOnly, "see which mails and work orders wait, were sent or were given up"},
	{scopeWriteMail, fullOnly, fullOnly, fullOnly, "send a mail or a work order again that was given up"},
	{scopeReadProvisioning, fullAndReader, fullAndReader, fullAndReader, "see SCIM tokens and what was asked with them"},
	{scopeReadDeletion, fullAndReader, fullAndReader, nobody, "see how far the deletion of the organization is"},
	{scopeWriteDeletion, fullOnly, nobody, nobody, "delete the organization, and see what stands in the way (ORG-01 to ORG-03)"},
	{scopeReadSites, fullAndReader, nobody, nobody, "see the links to meeting sites"},
	{scopeWriteSites, fullOnly, nobody, nobody, "link meeting sites, and end links that are pending (ORG-08)"},
	{scopeReadClaims, licenceRoles, licenceRoles, licenceRoles, "see who could be claimed, and which claims were made"},
	{scopeWriteClaims, fullAndUser, fullAndUser, fullAndUser, "claim users and revoke claims (CLM-06)"},
	{scopeReadSync, fullAndReader, fullAndReader, fullAndReader, "see connectors to directories, plans, runs and where synchronization stands"},
	{scopeWriteSync, fullOnly, fullOnly, fullOnly, "plan and apply synchronizations, approve plans, and say when what runs"},
	{scopeWriteConnectors, fullOnly, fullOnly, nobody, "connect directories, change where they are and what is read, and forget them"},
}

// permissionOf returns a scope's row of the policy.
func permissionOf(s Scope) (permission, bool) {
	n := slices.IndexFunc(policy, func(p permission) bool { return p.scope == s })
	if n < 0 {
		return permission{}, false
	}
	return policy[n], true
}

// roles returns the roles of a standing that have the permission.
func (p permission) roles(s identity.Standing) []identity.Role {
	switch s {
	case identity.StandingOwn:
		return p.own
	case identity.StandingExternal:
		return p.external
	case identity.StandingPartner:
		return p.partner
	}
	return nobody
}

func (s Scope) allows(a identity.Access) bool {
	p, _ := permissionOf(s)
	return slices.Contains(p.roles(a.Standing), a.Role)
}

// text names the roles that have a scope, for people.
func (s Scope) text() string {
	if s == scopeAny {
		return "any, or none"
	}
	p, _ := permissionOf(s)
	text := join(p.own)
	switch {
	case len(p.external) == 0 && len(p.partner) == 0:
		return text + " (the organization's own administrators only)"
	case len(p.partner) == 0:
		return text + " (not as a partner)"
	}
	return text
}

// policyTable is the policy as a table in Markdown.
func policyTable() string {
	var b strings.Builder
	b.WriteString("| scope | may | own administrators | external administrators | partners |\n|---|---|---|---|---|\n")
	for _, p := range policy {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", p.scope, p.about, join(p.own), join(p.external), join(p.partner))
	}
	return b.String()
}

func join(roles []identity.Role) string {
	names := make([]string, 0, len(roles))
	for _, r := range roles {
		names = append(names, string(r))
	}
	if len(names) == 0 {
		return "–"
	}
	return strings.Join(names, ", ")
}

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
			_, known := permissionOf(scope)
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
