package scim

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const someID = "01900000-0000-7000-8000-00000000beef"

func ours() redactor { return newRedactor(newTypes(Types{})) }

func TestAMaskedBodyKeepsWhatARequestIsMadeOf(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"a user": {
			`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"], "userName":"Ada.Lovelace+x@acme.example","active":"True","externalId":"00u17",
				"name":{"familyName":"O'Brien Å"},"emails":[{"value":"ada@acme.example","type":"work","primary":true}],"x":null,"n":-12.5}`,
			`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"Xxx.Xxxxxxxx+x@xxxx.xxxxxxx","active":"True","externalId":"99x99",` +
				`"name":{"familyName":"X'Xxxxx X"},"emails":[{"value":"xxx@xxxx.xxxxxxx","type":"work","primary":true}],"x":null,"n":-99.9}`,
		},
		"a PATCH": {
			`{"Operations":[{"op":"Replace","path":"emails[type eq \"work\"].value","value":"ada@acme.example"},{"op":"add","path":"members","value":[{"value":"` + someID + `"}]},
				{"op":"remove","path":"members[value eq \"` + someID + `\" or display sw \"Ada\"]"}]}`,
			`{"Operations":[{"op":"Replace","path":"emails[type eq \"work\"].value","value":"xxx@xxxx.xxxxxxx"},{"op":"add","path":"members","value":[{"value":"` + someID + `"}]},` +
				`{"op":"remove","path":"members[value eq \"` + someID + `\" or display sw \"Xxx\"]"}]}`,
		},
		"names that are paths": {
			`{"Operations":[{"op":"add","value":{"emails[value eq \"ada@x.y\"].type":"work","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager":"Bob"}}]}`,
			`{"Operations":[{"op":"add","value":{"emails[value eq \"xxx@x.x\"].type":"xxxx","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager":"Xxx"}}]}`,
		},
		"a search": {
			`{"filter":"userName eq \"ada\"","count":10,"startIndex":1,"sortBy":"name.familyName","attributes":["userName"],"cursor":"abc"}`,
			`{"filter":"userName eq \"xxx\"","count":10,"startIndex":1,"sortBy":"name.familyName","attributes":["userName"],"cursor":"xxx"}`,
		},
		"a bulk": {
			`{"failOnErrors":1,"Operations":[{"method":"PUT","path":"/Users/ada@x.y","bulkId":"q1","version":"W/\"3\"","data":{"title":"Countess"}},{"method":"DELETE","path":"/Users/` + someID + `"}]}`,
			`{"failOnErrors":1,"Operations":[{"method":"PUT","path":"/Users/xxx@x.x","bulkId":"q1","version":"W/\"3\"","data":{"title":"Xxxxxxxx"}},{"method":"DELETE","path":"/Users/` + someID + `"}]}`,
		},
		"members by reference":           {`[{"$ref":"https://id.example.org/scim/o/v2/Users/` + someID + `"},{"$ref":"../Users/ada@x.y"}]`, `[{"$ref":"https://id.example.org/scim/o/v2/Users/` + someID + `"},{"$ref":"../Xxxxx/xxx@x.x"}]`},
		"a password":                     {`{"password":"hunter2","Password":{"x":["hunter2"]},"userName":"a"}`, `{"password":"***","Password":"***","userName":"x"}`},
		"a password by its path":         {`{"op":"add","value":"hunter2","path":"PASSWORD"}`, `{"op":"add","value":"***","path":"PASSWORD"}`},
		"a password by its URN":          {`{"value":"hunter2","path":"urn:ietf:params:scim:schemas:core:2.0:User:password"}`, `{"value":"***","path":"urn:ietf:params:scim:schemas:core:2.0:User:password"}`},
		"a path that is no text":         {`{"path":7,"value":"hunter2"}`, `{"path":9,"value":"***"}`},
		"a path of two":                  {`{"path":"password","value":"hunter2","path":"title"}`, `{"path":"password","value":"***","path":"title"}`},
		"a secret that only sounds so":   {`{"urn:acme:clientSecret":"hunter2"}`, `{"urn:acme:clientSecret":"***"}`},
		"a bearer token":                 {`{"op":"rollcall_ABC234 x","path":"rollcall_ABC234"}`, `{"op":"rollcall_… x","path":"rollcall_…"}`},
		"a path that is not there yet":   {`{"Operations":[{"op":"replace","value":"hunter2","pa`, `{"Operations":[{"op":"replace","value":"***"…`},
		"one that breaks off in a value": {`{"name":{"givenName":"Ad`, `{"name":{"givenName":…`},
		"one that breaks off in a list":  {`{"emails":[{"value":"a"},`, `{"emails":[{"value":"x"}…`},
		"one that is followed by more":   {`{"active":true} {"password":"x"}`, `{"active":true}…`},
		"one that stops being JSON":      {`{"active":true,userName:"ada"}`, `{"active":true…`},
		"no JSON at all":                 {`userName=ada&password=hunter2`, `(29 bytes that are no JSON)`},
		"none":                           {``, ``},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, ours().maskBody([]byte(c.body), int64(len(c.body))))
		})
	}
	require.Equal(t, `{"a":… (2000 bytes in all)`, ours().maskBody([]byte(`{"a":"`), 2000))
}

func TestAMaskedQueryCanBeRead(t *testing.T) {
	for raw, want := range map[string]string{
		"": "",
		"filter=userName%20eq%20%22ada%40acme.example%22&startIndex=1&count=100": `filter=userName eq "xxx@xxxx.xxxxxxx"&startIndex=1&count=100`,
		"filter=externalId+eq+ada%40x.y":                                         `filter=externalId eq xxx@x.x`,
		"filter=active eq true and (meta.lastModified gt 2026)":                  `filter=active eq true and (meta.lastModified gt 9999)`,
		"FILTER=id eq \"" + someID + `" and type eq "work"`:                      `FILTER=id eq "` + someID + `" and type eq "work"`,
		`filter=userName eq "ada\"b" or title eq "Cou`:                           `filter=userName eq "xxx\"x" or title eq "Xxx"`,
		`filter=userName eq "ada\`:                                               `filter=userName eq "xxx\"`,
		`filter=password eq "x"`:                                                 `filter=password eq "***"`,
		`filter="ada@x.y"`:                                                       `filter="xxx@x.x"`,
		"attributes=userName,emails&excludedAttributes=groups":                   "attributes=userName,emails&excludedAttributes=groups",
		"access_token=rollcall_ABC&x":                                            "access_token=***&x",
		"cursor=Zm9v&q=Ada&%zz=%zz":                                              "cursor=Xx9x&q=Xxx&%zz=%xx",
	} {
		require.Equal(t, want, ours().maskQuery(raw), raw)
	}
}

func TestAMaskedPathNamesEndpointAndID(t *testing.T) {
	for path, want := range map[string]string{
		"/scim/o/v2/Users": "/scim/o/v2/Users", "/scim/o/v2/Users/" + someID: "/scim/o/v2/Users/" + someID,
		"/scim/o/v2/Users/ada@acme.example": "/scim/o/v2/Users/xxx@xxxx.xxxxxxx", "/scim/o/v2/Users/.search": "/scim/o/v2/Users/.search",
		"/scim/o/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:User": "/scim/o/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:User",
		"/scim/o/v2/ResourceTypes/User":                                 "/scim/o/v2/ResourceTypes/User",
		"/scim/o/Users/" + someID:                                       "/scim/o/Users/" + someID, "/scim/o/Users/ada": "/scim/o/Users/xxx", "/scim/o": "/scim/o",
		"/Users/bulkId:q1": "/Users/bulkId:q1", "/scim/o/v2/ada@x.y/z": "/scim/o/v2/xxx@x.x/x",
		"/scim/o/v2/Users/" + strings.Repeat("a", 100): "/scim/o/v2/Users/" + strings.Repeat("x", maxShape) + cutOff,
	} {
		require.Equal(t, want, maskPath(path))
	}
}

// FuzzMaskedBodiesTellNothing puts a value that is nowhere else into bodies of any form.
func FuzzMaskedBodiesTellNothing(f *testing.F) {
	for _, s := range []string{`{"userName":"§"}`, `{"path":"name[x eq \"§\"]","value":["§",{"§":1}]`, `{"Operations":[{"value":"§","path":"password"}]}`, `§`, `{"op":"replace§`} {
		f.Add(s)
	}
	r := ours()
	f.Fuzz(func(t *testing.T, form string) {
		const value = "Quetzal@x"
		if strings.Contains(form, "uetzal") {
			return
		}
		body := strings.ReplaceAll(form, "§", value)
		body = body[:min(len(body), maxLoggedBody)]
		masked := r.maskBody([]byte(body), int64(len(body)))
		require.NotContains(t, masked, value)
		if json.Valid([]byte(body)) {
			require.True(t, json.Valid([]byte(masked)), masked)
		}
		_ = r.maskQuery(body)
		_ = maskPath(body)
	})
}
