package admin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// of is a path below an organization.
func of(org identity.OrgID, path string) string { return orgOf(org) + path }

func TestSettingsAreChangedOneByOne(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	before := w.get(of(org, ""), token)
	require.Equal(t, map[string]any{"syncMode": "disabled", "requireEmail": false, "activationEmails": true, "retentionDays": 30.,
		"enforceVerifiedDomains": false, "selfRegistration": true, "allowContentTransfer": true, "providerAuthoritative": false, "singleSignOn": false, "requiredAttributes": []any{},
		"createdAt": t0.Format(time.RFC3339), "updatedAt": t0.Format(time.RFC3339)}, before.is(http.StatusOK)["settings"])
	require.Equal(t, `"1"`, before.header.Get("ETag"))

	for _, c := range []struct{ name, body, member string }{
		{"requireEmail", `{"requireEmail":true}`, `"requireEmail":true`},
		{"activationEmails", `{"activationEmails":false}`, `"activationEmails":false`},
		{"retentionDays, the longest", `{"retentionDays":90}`, `"retentionDays":90`},
		{"retentionDays, the shortest", `{"retentionDays":30}`, `"retentionDays":30`},
		{"enforceVerifiedDomains", `{"enforceVerifiedDomains":true}`, `"enforceVerifiedDomains":true`},
		{"selfRegistration", `{"selfRegistration":false}`, `"selfRegistration":false`},
		{"allowContentTransfer (CLM-20)", `{"allowContentTransfer":false}`, `"allowContentTransfer":false`},
		{"requiredAttributes", `{"requiredAttributes":["department","title"]}`, `"requiredAttributes":["department","title"]`},
		{"no required attributes", `{"requiredAttributes":[]}`, `"requiredAttributes":[]`},
		{"the name, and no letter of it is changed", `{"name":"Müller & Söhne <GmbH>"}`, `"name":"Müller & Söhne <GmbH>"`},
	} {
		a := w.patch(of(org, ""), token, c.body)
		a.is(http.StatusOK)
		require.Contains(t, a.body, c.member, c.name)
		require.Equal(t, a.body, w.get(of(org, ""), token).body, c.name)
	}
	o, err := w.Reader().Organization(w.ctx, org)
	require.NoError(t, err)
	require.EqualValues(t, 11, o.Version)
	require.Equal(t, "11", strings.Trim(w.patch(of(org, ""), token, `{}`).header.Get("ETag"), `"`), "nothing was changed")
}

func TestSettingsThatCannotBeAreRefusedWhole(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	for name, c := range map[string]struct{ member, says string }{
		"no name":                      {`"name":""`, "name"},
		"no name at all":               {`"name":null`, "body.name"},
		"a name too long":              {`"name":"` + strings.Repeat("n", identity.MaxOrgName+1) + `"`, "name: the name has 201 bytes"},
		"a day too few":                {`"retentionDays":29`, "retentionDays: inactive accounts can be kept 30 to 90 days, not 29"},
		"a day too many":               {`"retentionDays":91`, "retentionDays"},
		"null for yes or no":           {`"activationEmails":null`, "body.activationEmails"},
		"null for another yes or no":   {`"allowContentTransfer":null`, "body.allowContentTransfer"},
		"an attribute nobody can give": {`"requiredAttributes":["shoeSize"]`, `requiredAttributes: the attribute "shoeSize" cannot be required`},
		"two attributes in one":        {`"requiredAttributes":["title department"]`, "one word without blanks"},
		"an attribute twice":           {`"requiredAttributes":["title","title"]`, "twice"},
		"what the operator decides":    {`"kind":"partner"`, "body.kind: unexpected property"},
		"where content is kept":        {`"region":"eu"`, "body.region: unexpected property"},
		"who is the authority":         {`"providerAuthoritative":true`, "body.providerAuthoritative: unexpected property"},
		"where synchronization stands": {`"syncMode":"disabled"`, "body.syncMode: unexpected property"},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.patch(of(org, ""), token, `{"requireEmail":true,`+c.member+`}`)
			a.t = t
			require.Contains(t, a.is(http.StatusBadRequest)["message"], c.says)
		})
	}
	require.Equal(t, `"1"`, w.get(of(org, ""), token).header.Get("ETag"))
}

func TestCLM25_A3_WhatTheOperatorDecidedIsShown(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.set(org, func(o *identity.Organization) { o.Region, o.ProviderAuthoritative = "eu", true })
	shown := w.get(of(org, ""), token).is(http.StatusOK)
	require.Equal(t, "active", shown["state"])
	settings := shown["settings"].(map[string]any)
	require.Equal(t, "eu", settings["region"])
	require.Equal(t, true, settings["providerAuthoritative"])
}

func TestSettingsAreBoundToTheETagThatWasSeen(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	seen := w.get(of(org, ""), token).header.Get("ETag")
	require.Equal(t, `"2"`, w.patch(of(org, ""), token, `{"name":"A"}`, "If-Match", seen).header.Get("ETag"))
	w.patch(of(org, ""), token, `{"name":"B"}`, "If-Match", seen).refused(http.StatusPreconditionFailed, identity.RuleVersionMismatch)
	w.patch(of(org, ""), token, `{"name":"B"}`, "If-Match", `W/"2"`).refused(http.StatusPreconditionFailed, identity.RuleVersionMismatch)
	w.patch(of(org, ""), token, `{"name":"B"}`, "If-Match", `2`).refused(http.StatusBadRequest, identity.RuleInvalidValue)
	w.patch(of(org, ""), token, `{"name":"B"}`, "If-Match", `*`).is(http.StatusOK)
}

func TestSettingsAreShownToThoseWhoMaySeeThem(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	for role, sees := range map[identity.Role]bool{identity.RoleFull: true, identity.RoleReadOnly: true, identity.RoleUser: false, identity.RoleGroup: false, identity.RoleDevice: false} {
		_, seen := w.get(of(org, ""), w.administrator(org, string(role), role)).is(http.StatusOK)["settings"]
		require.Equal(t, sees, seen, role)
	}
}
