package scim_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/scim"
)

func TestDiscovery(t *testing.T) {
	w := newWorld(t)
	base := "https://id.example.org/scim/" + string(w.org) + "/v2"
	t.Run("the configuration says what is true", func(t *testing.T) {
		a := w.get("/ServiceProviderConfig").is(200)
		for feature, supported := range map[string]bool{"patch": true, "filter": true, "sort": true, "etag": true, "bulk": true, "changePassword": false} {
			require.Equal(t, supported, a.at(feature, "supported"), feature)
		}
		require.Equal(t, json.Number("1000"), a.at("filter", "maxResults"))
		require.Equal(t, "oauthbearertoken", a.str("authenticationSchemes", 0, "type"))
		require.Equal(t, base+"/ServiceProviderConfig", a.str("meta", "location"))
	})
	t.Run("every list entry is there by its own location", func(t *testing.T) {
		for endpoint, n := range map[string]int{"/ResourceTypes": 2, "/Schemas": 4} {
			list := w.get(endpoint).is(200).total(n)
			for i := range n {
				location := list.str("Resources", i, "meta", "location")
				require.Equal(t, list.at("Resources", i), any(w.get(strings.TrimPrefix(location, base)).is(200).body))
			}
			require.NotContains(t, list.text, "null", "no null values")
			w.get(endpoint+"/unknown").fails(404, "")
			w.get(endpoint+"?filter=id%20pr").fails(403, "")
		}
	})
	w.get("/ServiceProviderConfig?filter=id%20pr").fails(403, "")
	w.get("/ServiceProviderConfig?sortBy=nothing&count=0").is(200)
	t.Run("the user type names its schemas", func(t *testing.T) {
		a := w.get("/ResourceTypes/User").is(200)
		require.Equal(t, "/Users", a.str("endpoint"))
		require.Equal(t, scim.UserSchema, a.str("schema"))
		require.Equal(t, scim.EnterpriseSchema, a.str("schemaExtensions", 0, "schema"))
		require.Equal(t, scim.AccountSchema, a.str("schemaExtensions", 1, "schema"))
	})
	t.Run("pitfall 8: required attributes are in the schema", func(t *testing.T) {
		a := w.get("/Schemas/" + scim.UserSchema).is(200)
		found := map[string]map[string]any{}
		for _, v := range a.body["attributes"].([]any) {
			m := v.(map[string]any)
			found[m["name"].(string)] = m
		}
		require.Equal(t, true, found["userName"]["required"])
		require.Equal(t, "server", found["userName"]["uniqueness"])
		require.Equal(t, false, found["userName"]["caseExact"])
		require.Equal(t, "never", found["password"]["returned"])
		require.Equal(t, true, found["emails"]["multiValued"])
	})
	t.Run("of our extension clients write what they want to keep, and read the rest on request", func(t *testing.T) {
		for _, v := range w.get("/Schemas/" + scim.AccountSchema).is(200).body["attributes"].([]any) {
			a := v.(map[string]any)
			if strings.HasPrefix(a["name"].(string), "extensionAttribute") {
				require.Equal(t, []any{"readWrite", "default"}, []any{a["mutability"], a["returned"]})
				continue
			}
			require.Equal(t, []any{"readOnly", "request"}, []any{a["mutability"], a["returned"]})
		}
		id := w.create("ada", `"`+scim.AccountSchema+`":{"extensionAttribute15":"x","accountStatus":"inactive"}`)
		require.Equal(t, map[string]any{"extensionAttribute15": "x"}, w.get("/Users/"+id).at(scim.AccountSchema))
		require.Equal(t, "not_verified", w.get("/Users/"+id+"?attributes="+scim.AccountSchema).str(scim.AccountSchema, "accountStatus"))
	})
}
