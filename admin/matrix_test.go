package admin_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// scopeOf says what every operation that names an organization needs. A new operation needs a line here.
var scopeOf = map[string]string{
	"getOrganization":            "organization:read",
	"listUsers":                  "users:read",
	"getUser":                    "users:read",
	"whyUser":                    "users:read",
	"listUserEvents":             "users:read",
	"getUserPhoto":               "users:read",
	"deactivateUser":             "users:write",
	"reactivateUser":             "users:write",
	"addUsers":                   "users:write",
	"changeUser":                 "users:write",
	"deleteUser":                 "users:write",
	"purgeUsers":                 "users:write",
	"inviteUser":                 "users:write",
	"changeUserEmail":            "users:write",
	"cancelUserEmail":            "users:write",
	"getUserLicences":            "licences:read",
	"setUserLicences":            "licences:write",
	"changeUserLicences":         "licences:write",
	"listJobs":                   "users:read",
	"getJob":                     "users:read",
	"getJobResults":              "users:read",
	"inviteUsers":                "users:write",
	"importUsers":                "users:write",
	"listImports":                "users:read",
	"getImportTemplate":          "users:read",
	"exportUsers":                "users:write",
	"getExport":                  "users:read",
	"listCandidates":             "claims:read",
	"previewClaims":              "claims:read",
	"getCandidatesFile":          "claims:read",
	"getClaimTemplate":           "claims:read",
	"importClaims":               "claims:write",
	"listClaimImports":           "claims:read",
	"getClaimImport":             "claims:read",
	"listClaims":                 "claims:read",
	"getClaim":                   "claims:read",
	"claimUsers":                 "claims:write",
	"revokeClaim":                "claims:write",
	"revokeClaims":               "claims:write",
	"changeOrganization":         "settings:write",
	"deleteOrganization":         "deletion:write",
	"requestDeletion":            "deletion:write",
	"cancelDeletion":             "deletion:write",
	"checkDeletion":              "deletion:write",
	"getDeletion":                "deletion:read",
	"listSites":                  "sites:read",
	"putSite":                    "sites:write",
	"unlinkSite":                 "sites:write",
	"listAdministrators":         "administrators:read",
	"putAdministrator":           "administrators:write",
	"deleteAdministrator":        "administrators:write",
	"listIdentityProviders":      "providers:read",
	"putIdentityProvider":        "providers:write",
	"deleteIdentityProvider":     "providers:write",
	"listDomains":                "domains:read",
	"addDomain":                  "domains:write",
	"getDomain":                  "domains:read",
	"verifyDomain":               "domains:write",
	"claimDomain":                "domains:write",
	"releaseDomain":              "domains:write",
	"removeDomain":               "domains:write",
	"listPartners":               "partners:read",
	"putPartner":                 "partners:write",
	"deletePartner":              "partners:write",
	"listManaged":                "partners:read",
	"deleteManaged":              "partners:write",
	"listGroups":                 "groups:read",
	"createGroup":                "groups:write",
	"getGroup":                   "groups:read",
	"renameGroup":                "groups:write",
	"deleteGroup":                "groups:write",
	"listGroupMembers":           "groups:read",
	"changeGroupMembers":         "groups:write",
	"listUserGroups":             "groups:read",
	"listSubscriptions":          "licences:read",
	"listLicenceTemplates":       "licences:read",
	"putOrganizationTemplate":    "templates:write",
	"putGroupTemplate":           "templates:write",
	"deleteOrganizationTemplate": "templates:write",
	"deleteGroupTemplate":        "templates:write",
	"listAudit":                  "audit:read",
	"verifyAudit":                "audit:read",
	"exportAudit":                "audit:read",
	"listMessages":               "mail:read",
	"retryMessage":               "mail:write",
	"listScimTokens":             "provisioning:read",
	"listScimExchanges":          "provisioning:read",
	"listConnectors":             "synchronization:read",
	"createConnector":            "connectors:write",
	"getConnector":               "synchronization:read",
	"changeConnector":            "connectors:write",
	"deleteConnector":            "connectors:write",
	"testConnector":              "synchronization:write",
	"makePlan":                   "synchronization:write",
	"listPlans":                  "synchronization:read",
	"getPlan":                    "synchronization:read",
	"listPlanSteps":              "synchronization:read",
	"listPlanEmailChanges":       "synchronization:read",
	"getPlanDocument":            "synchronization:read",
	"approvePlan":                "synchronization:write",
	"applyPlan":                  "synchronization:write",
	"endPlan":                    "synchronization:write",
	"listRuns":                   "synchronization:read",
	"getRun":                     "synchronization:read",
	"runConnector":               "synchronization:write",
	"undoRun":                    "synchronization:write",
	"listDeletedUsers":           "synchronization:read",
	"getSynchronization":         "synchronization:read",
	"changeSynchronization":      "synchronization:write",
	"enableSynchronization":      "synchronization:write",
	"disableSynchronization":     "synchronization:write",
	"changeSchedule":             "synchronization:write",
	"resumeConnector":            "synchronization:write",
}

// mayDo is BEHAVIOUR 11: with which role an organization's own administrators, external ones and partners have a scope.
var mayDo = map[string]map[identity.Standing]string{
	"organization:read":    everywhere("full user group readonly device"),
	"settings:read":        everywhere("full readonly"),
	"settings:write":       everywhere("full"),
	"users:read":           everywhere("full user readonly device"),
	"users:write":          everywhere("full user"),
	"groups:read":          everywhere("full user group readonly device"),
	"groups:write":         everywhere("full group"),
	"licences:read":        everywhere("full user readonly"),
	"licences:write":       everywhere("full user"),
	"templates:write":      everywhere("full"),
	"administrators:read":  everywhere("full readonly"),
	"administrators:write": everywhere("full"),
	"externals:write":      {identity.StandingOwn: "full"},
	"providers:read":       {identity.StandingOwn: "full", identity.StandingExternal: "full"},
	"providers:write":      {identity.StandingOwn: "full", identity.StandingExternal: "full"},
	"domains:read":         {identity.StandingOwn: "full readonly"},
	"domains:write":        {identity.StandingOwn: "full"},
	"partners:read":        {identity.StandingOwn: "full"},
	"partners:write":       {identity.StandingOwn: "full"},
	"audit:read":           everywhere("full readonly"),
	"mail:read":            everywhere("full"),
	"mail:write":           everywhere("full"),
	"provisioning:read":    everywhere("full readonly"),
	"deletion:read":        {identity.StandingOwn: "full readonly", identity.StandingExternal: "full readonly"},
	"deletion:write":       {identity.StandingOwn: "full"},
	"sites:read":           {identity.StandingOwn: "full readonly"},
	"sites:write":          {identity.StandingOwn: "full"},
	"claims:read":          everywhere("full user readonly"),
	"claims:write":         everywhere("full user"),

	"synchronization:read":  everywhere("full readonly"),
	"synchronization:write": everywhere("full"),
	"connectors:write":      {identity.StandingOwn: "full", identity.StandingExternal: "full"},
}

func everywhere(roles string) map[identity.Standing]string {
	return map[identity.Standing]string{identity.StandingOwn: roles, identity.StandingExternal: roles, identity.StandingPartner: roles}
}

// forTheUndecided is what people may do who have been claimed and not decided yet (USR-01).
var forTheUndecided = []string{"me", "signIn", "useLink", "getMyClaim", "chooseMyClaim", "setKeptAddress"}

// route is one operation of the OpenAPI document.
type route struct{ id, method, path string }

func (w *world) routes() []route {
	w.t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
		} `json:"paths"`
	}
	require.NoError(w.t, json.Unmarshal([]byte(w.get("/api/openapi.json", "").body), &doc))
	var all []route
	for path, methods := range doc.Paths {
		for method, op := range methods {
			all = append(all, route{op.OperationID, strings.ToUpper(method), path})
		}
	}
	return all
}

var parameter = regexp.MustCompile(`\{[^}]+\}`)

// at fills the path in: the organization, and one id for everything else.
func (r route) at(org identity.OrgID, id identity.AccountID) string {
	return parameter.ReplaceAllString(strings.ReplaceAll(r.path, "{org}", string(org)), string(id))
}

// administratorOf makes an administrator of an organization with this standing and role, and returns a token.
func (w *world) administratorOf(org identity.OrgID, standing identity.Standing, role identity.Role) string {
	w.t.Helper()
	name := string(standing) + "-" + string(role)
	home := w.org("Home of " + name)
	switch standing {
	case identity.StandingOwn:
		return w.administrator(org, name, role)
	case identity.StandingExternal:
		a := w.user(home, name+"@home.example")
		_, err := w.Bind(w.ctx, operator, identity.Binding{Org: home, Account: a.ID, Issuer: w.issuer.url(), Subject: name})
		require.NoError(w.t, err)
		return w.administrator(org, name, role)
	}
	partner, err := w.CreateOrganization(w.ctx, operator, identity.Organization{Name: "Partner " + name, Kind: identity.Partner})
	require.NoError(w.t, err)
	_, err = w.PutPartner(w.ctx, operator, partner.ID, org, identity.RoleFull)
	require.NoError(w.t, err)
	return w.administrator(partner.ID, name, role)
}

// The ids of what is nowhere.
const (
	noOrg    identity.OrgID     = "01900000-0000-7000-8000-00000000dead"
	noPerson identity.AccountID = "01900000-0000-7000-8000-00000000beef"
)

// seat is who calls: with which standing, and with which role in the end.
type seat struct {
	name     string
	standing identity.Standing
	role     identity.Role
	token    string
}

// seats returns somebody for every standing and role in an organization, and partners to whom less was left than they are at
// home.
func (w *world) seats(org identity.OrgID) []seat {
	w.t.Helper()
	var all []seat
	for _, standing := range identity.Standings {
		for _, role := range identity.Roles {
			all = append(all, seat{string(standing) + " " + string(role), standing, role, w.administratorOf(org, standing, role)})
		}
	}
	for _, left := range []identity.Role{identity.RoleUser, identity.RoleReadOnly} {
		name := "left-" + string(left)
		partner, err := w.CreateOrganization(w.ctx, operator, identity.Organization{Name: name, Kind: identity.Partner})
		require.NoError(w.t, err)
		_, err = w.PutPartner(w.ctx, operator, partner.ID, org, left)
		require.NoError(w.t, err)
		all = append(all, seat{"partner full, left " + string(left), identity.StandingPartner, left, w.administrator(partner.ID, name, identity.RoleFull)})
	}
	return all
}

// TestROL_Matrix generates every route for every caller in the own, in another and in an unknown organization. The bodies are not
// even JSON and what the path names does not exist, so that a guard that is passed shows as 400 or as an unknown thing, and one
// that holds shows that nothing of the request was read before it.
func TestROL_Matrix_EveryRouteForEveryCallerInOwnOtherAndUnknownOrganizations(t *testing.T) {
	w := newWorld(t)
	own, other := w.org("Own"), w.org("Other")
	seats := w.seats(own)
	_, _ = w.bound(other, "someone@other.example", "someone")
	elsewhere := w.administrator(other, "someone", identity.RoleFull)
	noRole := w.token("stranger")
	unusable := map[string]string{}
	for name, make := range map[string]func(*identity.Account){
		"inactive": func(a *identity.Account) {
			a.Status, a.PreviousStatus, a.InactiveReason = identity.Inactive, identity.Active, identity.ByAdministrator
		},
		"deferred": func(a *identity.Account) { a.Status = identity.DeferredClaim },
		"shadow":   func(a *identity.Account) { a.Shadow = true },
	} {
		account, token := w.bound(own, name+"@example.com", name)
		w.administrator(own, name, identity.RoleFull)
		w.rewrite(account, make)
		unusable[name] = token
	}
	routes := w.routes()
	var named []string
	for _, r := range routes {
		if strings.Contains(r.path, "{org}") {
			named = append(named, r.id)
		}
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(scopeOf)), named, "scopeOf has a line for every route that names an organization, and no other")

	for _, r := range routes {
		t.Run(r.id, func(t *testing.T) {
			t.Parallel()
			send := func(org identity.OrgID, token string) answer {
				a := w.call(r.method, r.at(org, noPerson), token, "{not json")
				a.t = t
				return a
			}
			for _, org := range []identity.OrgID{own, other, noOrg} {
				send(org, "").refused(http.StatusUnauthorized, "INVALID_TOKEN")
				send(org, "rubbish").refused(http.StatusUnauthorized, "INVALID_TOKEN")
				if r.id == "signIn" {
					continue // says so by another status, because it was asked for
				}
				for name, token := range unusable {
					if name == "deferred" && slices.Contains(forTheUndecided, r.id) {
						require.NotEqual(t, http.StatusUnauthorized, send(org, token).status, "it is what they sign in for")
						continue
					}
					send(org, token).refused(http.StatusUnauthorized, identity.RuleAccountInactive)
				}
			}
			if !strings.Contains(r.path, "{org}") {
				return // shows the caller's own part only
			}
			notThere := send(noOrg, elsewhere)
			notThere.refused(http.StatusNotFound, identity.RuleUnknownOrg)
			same := func(a answer) {
				require.Equal(t, notThere.body, a.body, "the same bytes for an organization that is not the caller's")
			}
			for _, token := range []string{elsewhere, noRole} {
				same(send(own, token))
				same(send("nonsense", token))
			}
			for _, s := range seats {
				same(send(noOrg, s.token))
				same(send(other, s.token))
				answered := send(own, s.token)
				if !slices.Contains(strings.Fields(mayDo[scopeOf[r.id]][s.standing]), string(s.role)) {
					if scopeOf[r.id] == "deletion:write" && s.standing == identity.StandingPartner {
						answered.refused(http.StatusForbidden, identity.RulePartnerCannotDelete)
						continue
					}
					require.Contains(t, answered.refused(http.StatusForbidden, identity.RuleForbiddenRole), "your role here is "+string(s.role), s.name)
					continue
				}
				require.NotContains(t, []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusInternalServerError}, answered.status, "%s: %s", s.name, answered.body)
				require.NotContains(t, answered.body, identity.RuleUnknownOrg, s.name)
			}
		})
	}
}
