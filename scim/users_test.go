package scim_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/scim"
)

func TestSCM04_CreateAnswersWithTheUser(t *testing.T) {
	w := newWorld(t)
	a := w.call("POST", "/Users", user("Ada@X.org", work("ada@x.org"), `"externalId":"e1","name":{"givenName":"Ada"},"title":"Countess \"<Ä>\""`,
		`"`+scim.EnterpriseSchema+`":{"department":"Engines"}`)).is(201)
	id := a.str("id")
	location := "https://id.example.org/scim/" + string(w.org) + "/v2/Users/" + id
	require.Equal(t, location, a.header.Get("Location"))
	require.Equal(t, `W/"1"`, a.header.Get("ETag"))
	require.JSONEq(t, `{"schemas":["`+scim.UserSchema+`","`+scim.EnterpriseSchema+`"],
		"id":"`+id+`","externalId":"e1","userName":"Ada@X.org","active":true,"emails":[{"value":"ada@x.org","type":"work","primary":true}],
		"name":{"givenName":"Ada"},"title":"Countess \"<Ä>\"","`+scim.EnterpriseSchema+`":{"department":"Engines"},
		"meta":{"resourceType":"User","created":"2026-01-01T12:00:00.123456Z","lastModified":"2026-01-01T12:00:00.123456Z",
		"location":"`+location+`","version":"W/\"1\""}}`, a.text)

	t.Run("as GET does", func(t *testing.T) {
		got := w.get("/Users/" + id).is(200)
		require.JSONEq(t, a.text, got.text)
		require.Equal(t, `W/"1"`, got.header.Get("ETag"))
	})
	t.Run("as a list does", func(t *testing.T) {
		list := w.find(`userName eq "ada@x.org"`).total(1)
		one, err := json.Marshal(list.at("Resources", 0))
		require.NoError(t, err)
		require.JSONEq(t, a.text, string(one))
	})
	t.Run("as a projection of everything does", func(t *testing.T) {
		require.JSONEq(t, a.text, w.get("/Users/"+id+"?excludedAttributes=nothing").is(200).text)
	})
	t.Run("as HEAD tells", func(t *testing.T) {
		require.Equal(t, `W/"1"`, w.call("HEAD", "/Users/"+id, "").is(200).header.Get("ETag"))
	})
}

func TestSCM02_UnknownSchemasAndReadOnlyAttributesAreIgnored(t *testing.T) {
	for _, dialect := range []string{"rfc", "entra", "okta"} {
		t.Run(dialect, func(t *testing.T) {
			w := newWorld(t).as(dialect)
			a := w.call("POST", "/Users", `{"schemas":["urn:x:unknown","`+scim.UserSchema+`","urn:ietf:params:scim:schemas:extension:enterprise:2.0User"],
				"id":"mine","userName":"a","meta":{"resourceType":"User","created":"1999-01-01T00:00:00Z"},"groups":[{"value":"g"}],"roles":[],
				"addresses":null,"department":null,"urn:x:unknown":{"a":1},"password":"1mz050nq","`+scim.AccountSchema+`":{"accountStatus":"active"}}`).is(201)
			require.NotEqual(t, "mine", a.str("id"))
			require.Equal(t, "2026-01-01T12:00:00.123456Z", a.str("meta", "created"))
			require.Equal(t, "not_verified", w.state(a)["accountStatus"])
			for _, gone := range []string{"groups", "roles", "addresses", "password", "urn:x:unknown", "department"} {
				require.NotContains(t, a.body, gone)
			}
		})
	}
	t.Run("without the core schema", func(t *testing.T) {
		w := newWorld(t)
		w.call("POST", "/Users", `{"schemas":["urn:scim:schemas:core:2.0"],"userName":"a"}`).fails(400, "invalidSyntax").says("schemas must be")
		w.call("POST", "/Users", `{"userName":"a"}`).fails(400, "invalidSyntax")
	})
}

func TestSCM02_ReadOnlySubAttributesAreIgnored(t *testing.T) {
	w := newWorld(t)
	boss := w.create("boss")
	want := map[string]any{"value": boss}
	manager := `{"value":"` + boss + `","displayName":"Forged"}`
	a := w.call("POST", "/Users", user("a", `"`+scim.EnterpriseSchema+`":{"manager":`+manager+`}`)).is(201)
	require.Equal(t, want, a.at(scim.EnterpriseSchema, "manager"))
	b := w.create("b")
	require.Equal(t, want, w.call("PATCH", "/Users/"+b, patch(`{"op":"add","path":"manager","value":`+manager+`}`)).is(200).at(scim.EnterpriseSchema, "manager"))
	w.call("PATCH", "/Users/"+b, patch(`{"op":"add","path":"manager.displayName","value":"Forged"}`)).fails(400, "mutability")
}

func TestUnknownAttributesByDialect(t *testing.T) {
	w := newWorld(t)
	w.call("POST", "/Users", user("a", `"shoeSize":1`)).fails(400, "invalidSyntax").says("shoeSize")
	w.call("POST", "/Users", user("a", `"name":{"nick":"x"}`)).fails(400, "invalidSyntax").says("nick")
	for _, dialect := range []string{"entra", "okta"} {
		a := w.as(dialect).call("POST", "/Users", user("a"+dialect, `"shoeSize":1,"name":{"nick":"x","givenName":"G"}`)).is(201)
		require.NotContains(t, a.body, "shoeSize")
		require.Equal(t, map[string]any{"givenName": "G"}, a.body["name"])
	}
}

func TestSCM04_ReplaceClearsWhatIsAbsent(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada", work("ada@x.org"), `"externalId":"e1","title":"T"`)
	w.clock.now = w.clock.now.Add(time.Minute)
	a := w.call("PUT", "/Users/"+id, user("Ada", `"id":"other","nickName":"N"`)).is(200)
	require.Equal(t, id, a.str("id"))
	require.Equal(t, "Ada", a.str("userName"))
	require.Equal(t, "N", a.str("nickName"))
	for _, gone := range []string{"externalId", "title", "emails"} {
		require.NotContains(t, a.body, gone)
	}
	require.Equal(t, "2026-01-01T12:00:00.123456Z", a.str("meta", "created"))
	require.Equal(t, "2026-01-01T12:01:00.123456Z", a.str("meta", "lastModified"))
	require.Equal(t, `W/"2"`, a.header.Get("ETag"))
	t.Run("PUT never creates", func(t *testing.T) {
		w.call("PUT", "/Users/"+w.newID(), user("b")).fails(404, "")
		w.find(`userName eq "b"`).total(0)
	})
	t.Run("the same again changes nothing", func(t *testing.T) {
		w.clock.now = w.clock.now.Add(time.Minute)
		require.Equal(t, a.text, w.call("PUT", "/Users/"+id, user("Ada", `"nickName":"N"`)).is(200).text)
	})
}

func (w *world) newID() string { return w.service.NewID() }

func TestSCM09_ActiveFalseAndBack(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(id string, active bool) answer{
		"by PATCH": func(id string, active bool) answer {
			return w.call("PATCH", "/Users/"+id, patch(`{"op":"replace","path":"active","value":`+jsonOf(active)+`}`))
		},
		"by PATCH without a path": func(id string, active bool) answer {
			return w.call("PATCH", "/Users/"+id, patch(`{"op":"replace","value":{"active":`+jsonOf(active)+`}}`))
		},
		"by PUT": func(id string, active bool) answer {
			return w.call("PUT", "/Users/"+id, user("u by PUT", `"active":`+jsonOf(active)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			id := w.create("u " + name)
			off := change(id, false).is(200)
			require.Equal(t, false, off.at("active"))
			require.Equal(t, "inactive", w.state(off)["accountStatus"])
			require.Equal(t, "deactivated_by_provider", w.state(off)["inactiveReason"])
			require.Equal(t, "2026-01-31T12:00:00.123456Z", w.state(off)["purgeAt"], "USR-10: 30 days")
			require.Equal(t, off.text, change(id, false).is(200).text, "already so: nothing changes")
			require.Equal(t, off.body, w.get("/Users/"+id).body)
			on := change(id, true).is(200)
			require.Equal(t, true, on.at("active"))
			require.Equal(t, "not_verified", w.state(on)["accountStatus"])
			require.Equal(t, on.text, change(id, true).is(200).text)
		})
	}
}

func jsonOf(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

func TestSCM10_TheLifeOfAUserAtEntra(t *testing.T) {
	w := newWorld(t).as("entra")
	id := w.create("ada@x.org", work("ada@x.org"), `"externalId":"aad-1"`)
	path := "/Users/" + id
	change := func(ops ...string) answer { return w.call("PATCH", path, patch(ops...)).is(200) }
	rename := func(to string) []string {
		return []string{`{"op":"Replace","path":"userName","value":"` + to + `"}`, `{"op":"Replace","path":"emails[type eq \"work\"].value","value":"` + to + `"}`}
	}
	blocked := change(`{"op":"Replace","path":"active","value":"False"}`)
	require.Equal(t, "inactive", w.state(blocked)["accountStatus"])
	require.NotEmpty(t, w.state(blocked)["purgeAt"])
	clock := w.state(blocked)
	binned := change(rename("aad1ada@x.org")...)
	require.Equal(t, false, binned.at("active"))
	require.Equal(t, clock, w.state(binned), "a new name restarts no clock")
	restored := change(append(rename("ada@x.org"), `{"op":"Replace","path":"active","value":"True"}`)...)
	require.Equal(t, "not_verified", w.state(restored)["accountStatus"])
	require.Equal(t, "ada@x.org", restored.str("userName"))
	require.NotContains(t, w.state(restored), "purgeAt")
	require.Equal(t, "aad-2", change(`{"op":"Replace","path":"externalId","value":"aad-2"}`).str("externalId"))
	require.Equal(t, id, w.find(`externalId eq "aad-2"`).total(1).str("Resources", 0, "id"))
	w.call("DELETE", path, "").is(204)
	w.get(path).fails(404, "")
	require.NotEqual(t, id, w.create("ada@x.org", work("ada@x.org")))
}

func TestAUD01_AnEventTellsFromWhereAProviderWrote(t *testing.T) {
	w := newWorld(t)
	w.call("POST", "/Users", user("ada@example.com"), "User-Agent", "Entra/1").is(201)
	events, err := w.service.Audit(t.Context(), w.org, identity.AuditQuery{Limit: 1})
	require.NoError(t, err)
	by := events[0].Actor
	require.Equal(t, identity.Provider, by.Kind)
	require.Equal(t, "Entra/1", by.Request.UserAgent)
	require.NotEmpty(t, by.Request.IP)
}

func TestUSR01_StatusAndActive(t *testing.T) {
	w := newWorld(t)
	_, err := w.service.AttestDomain(t.Context(), operator, w.org, "verified.example")
	require.NoError(t, err)
	id := func(a answer) identity.AccountID { return identity.AccountID(a.str("id")) }
	signedIn := w.call("POST", "/Users", user("signed-in@example.com")).is(201)
	require.NoError(t, w.service.Transact(t.Context(), w.org, identity.Actor{Kind: identity.Owner}, func(c *identity.Acts) error {
		_, err := c.SignIn(t.Context(), id(signedIn))
		return err
	}))
	off := w.call("POST", "/Users", user("off@example.com", `"active":false`)).is(201)
	claimed := w.call("POST", "/Users", user("claimed@example.com")).is(201)
	require.NoError(t, w.service.Transact(t.Context(), w.org, operator, func(c *identity.Acts) error {
		a, err := c.Tx().Account(t.Context(), w.org, id(claimed))
		if err != nil {
			return err
		}
		a.Status = identity.DeferredClaim
		return c.Tx().UpdateAccount(t.Context(), a, nil)
	}))
	for name, c := range map[string]struct {
		who    answer
		status string
		active bool
	}{
		"Not Verified":   {w.call("POST", "/Users", user("nv@example.com")).is(201), "not_verified", true},
		"Verified":       {w.call("POST", "/Users", user("v@verified.example")).is(201), "verified", true},
		"Active":         {signedIn, "active", true},
		"Inactive":       {off, "inactive", false},
		"Deferred claim": {claimed, "deferred_claim", true},
	} {
		t.Run(name, func(t *testing.T) {
			shown := w.call("GET", "/Users/"+c.who.str("id"), "").is(200)
			require.Equal(t, c.status, w.state(shown)["accountStatus"])
			require.Equal(t, c.active, shown.at("active"))
		})
	}
}

func TestUSR02_CreateInactive(t *testing.T) {
	w := newWorld(t)
	a := w.call("POST", "/Users", user("a", `"active":false`)).is(201)
	require.Equal(t, false, a.at("active"))
	back := w.call("PATCH", "/Users/"+a.str("id"), patch(`{"op":"replace","path":"active","value":true}`)).is(200)
	require.Equal(t, "not_verified", w.state(back)["accountStatus"], "there is a status to come back to")
}

func TestPitfall34_PutWithoutActiveChangesNobodysState(t *testing.T) {
	w := newWorld(t)
	id := w.create("a", `"active":false`)
	require.Equal(t, false, w.call("PUT", "/Users/"+id, user("a", `"title":"T"`)).is(200).at("active"))
	require.Equal(t, false, w.call("PUT", "/Users/"+id, user("a", `"active":null`)).is(200).at("active"))
}

func TestSCM11_DeleteIsFinalAndFreesTheAddress(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada", work("ada@x.org"))
	w.call("DELETE", "/Users/"+id, "").is(204)
	for _, method := range []string{"GET", "DELETE"} {
		w.call(method, "/Users/"+id, "").fails(404, "")
	}
	w.call("PATCH", "/Users/"+id, patch(`{"op":"remove","path":"title"}`)).fails(404, "")
	require.NotEqual(t, id, w.create("ADA", work("ADA@x.org")))
}

func TestSCM12_AnOrganizationOfTheDirectoryIsNotOurs(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada")
	_, err := w.service.ChangeOrganization(context.Background(), operator, w.org, func(o identity.Organization) identity.Organization {
		o.SyncMode = identity.SyncManual
		return o
	})
	require.NoError(t, err)
	before := w.get("/Users/" + id).is(200).text
	for _, a := range []answer{
		w.call("POST", "/Users", user("b")), w.call("DELETE", "/Users/"+id, ""), w.call("PUT", "/Users/"+id, user("c")),
		w.call("PATCH", "/Users/"+id, patch(`{"op":"replace","path":"active","value":false}`)),
	} {
		a.fails(409, "").says("MANAGED_BY_DIRECTORY")
	}
	require.Equal(t, before, w.get("/Users/"+id).text)
}

func TestSCM13_ETagsInsideTheTransaction(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada")
	path := "/Users/" + id
	title := func(s string) string { return patch(`{"op":"add","path":"title","value":"` + s + `"}`) }
	w.call("PATCH", path, title("1"), "If-Match", `W/"1"`).is(200)
	for name, a := range map[string]answer{
		"PUT":    w.call("PUT", path, user("x"), "If-Match", `W/"1"`),
		"PATCH":  w.call("PATCH", path, title("x"), "If-Match", `W/"1"`),
		"DELETE": w.call("DELETE", path, "", "If-Match", `"1"`),
		"none":   w.call("PATCH", path, title("x"), "If-None-Match", `*`),
	} {
		t.Run("a stale tag with "+name, func(t *testing.T) { a.fails(412, "") })
	}
	require.Equal(t, "1", w.get(path).str("title"))
	t.Run("a tag without the mark of weakness, among others", func(t *testing.T) {
		w.call("PATCH", path, title("2"), "If-Match", `"9", "2"`).is(200)
	})
	t.Run("among others in a second header", func(t *testing.T) {
		r := httptest.NewRequest("GET", "/scim/"+string(w.org)+"/v2"+path, nil)
		r.Header.Set("Authorization", "Bearer "+w.token)
		r.Header["If-None-Match"] = []string{`W/"99"`, w.get(path).header.Get("ETag")}
		w.send(r).is(304)
	})
	t.Run("any version", func(t *testing.T) { w.call("PATCH", path, title("3"), "If-Match", `*`).is(200) })
	t.Run("GET of what is known", func(t *testing.T) {
		a := w.get(path, "If-None-Match", `W/"4"`).is(304)
		require.Empty(t, a.text)
		require.Equal(t, `W/"4"`, a.header.Get("ETag"))
		w.get(path, "If-None-Match", `W/"3"`).is(200)
	})
}

func TestSCM14_TheManagerIsOfTheSameOrganization(t *testing.T) {
	w := newWorld(t)
	boss := w.create("boss")
	foreign := w.in(w.newOrg("Theirs")).create("foreign")
	manager := func(id string) string { return `"` + scim.EnterpriseSchema + `":{"manager":{"value":"` + id + `"}}` }
	id := w.create("ada", manager(boss))
	require.Equal(t, boss, w.get("/Users/"+id).str(scim.EnterpriseSchema, "manager", "value"))
	a := w.call("POST", "/Users", user("b", manager(foreign))).fails(400, "invalidValue")
	require.Equal(t, a.text, w.call("POST", "/Users", user("b", manager("nobody"))).fails(400, "invalidValue").text, "no hint that one exists")
	require.Equal(t, a.text, w.call("PUT", "/Users/"+id, user("ada", manager(foreign))).fails(400, "invalidValue").text)
	w.call("PATCH", "/Users/"+id, patch(`{"op":"add","path":"manager","value":"`+foreign+`"}`)).fails(400, "invalidValue")
	t.Run("a manager who has been deleted since is no obstacle", func(t *testing.T) {
		w.call("DELETE", "/Users/"+boss, "").is(204)
		w.call("PATCH", "/Users/"+id, patch(`{"op":"add","path":"title","value":"T"}`)).is(200)
	})
}

func TestSCM16_RequireEmail(t *testing.T) {
	w := newWorld(t)
	_, err := w.service.ChangeOrganization(context.Background(), operator, w.org, func(o identity.Organization) identity.Organization {
		o.RequireEmail = true
		return o
	})
	require.NoError(t, err)
	w.call("POST", "/Users", user("a")).fails(400, "invalidValue")
	w.call("POST", "/Users", user("b@x.org", work("a@x.org"))).fails(400, "invalidValue")
	w.call("POST", "/Users", user("A@x.org", work("a@X.org"))).is(201)
}

func TestSCM05_AllOrNothing(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada", `"title":"T"`)
	before := w.get("/Users/" + id).text
	w.call("PATCH", "/Users/"+id, patch(`{"op":"add","path":"title","value":"A"}`, `{"op":"remove"}`, `{"op":"add","path":"title","value":"B"}`)).fails(400, "noTarget")
	w.call("PATCH", "/Users/"+id, patch(`{"op":"add","path":"title","value":"A"}`, `{"op":"replace","path":"emails[type eq \"work\"].value","value":"a@x.org"}`)).fails(400, "noTarget")
	w.call("PATCH", "/Users/"+id, patch(`{"op":"add","path":"title","value":"A"}`, `{"op":"add","path":"emails","value":[{"value":"no address"}]}`)).fails(400, "invalidValue")
	require.Equal(t, before, w.get("/Users/"+id).text)
	t.Run("a PATCH that changes nothing leaves the version", func(t *testing.T) {
		w.clock.now = w.clock.now.Add(time.Hour)
		require.Equal(t, before, w.call("PATCH", "/Users/"+id, patch(`{"op":"add","path":"title","value":"T"}`)).is(200).text)
	})
}

func TestEML16_AnEmailWithoutAnAddressIsNone(t *testing.T) {
	w := newWorld(t)
	work := map[string]any{"value": "ada@x.org", "type": "work"}
	a := w.call("POST", "/Users", user("ada", `"emails":[{"type":"home","primary":true},{"value":"ada@x.org","type":"work"}]`)).is(201)
	require.Equal(t, []any{work}, a.at("emails"))
	path := "/Users/" + a.str("id")
	require.Equal(t, []any{work}, w.call("PATCH", path, patch(`{"op":"add","path":"emails","value":[{"type":"other"}]}`)).is(200).at("emails"))
	t.Run("it may get one in the same PATCH", func(t *testing.T) {
		b := w.call("PATCH", path, patch(`{"op":"add","path":"emails[type eq \"home\"].primary","value":true}`,
			`{"op":"add","path":"emails[type eq \"home\"].value","value":"ada@home.org"}`)).is(200)
		require.Equal(t, []any{work, map[string]any{"value": "ada@home.org", "type": "home", "primary": true}}, b.at("emails"))
	})
	t.Run("removing the address removes the e-mail", func(t *testing.T) {
		b := w.call("PATCH", path, patch(`{"op":"remove","path":"emails[type eq \"home\"].value"}`)).is(200)
		require.Equal(t, []any{work}, b.at("emails"))
		require.NotContains(t, w.call("PATCH", path, patch(`{"op":"remove","path":"emails.value"}`)).is(200).body, "emails")
	})
}

func TestEML02_WhiteSpaceAroundAnAddressIsNoPartOfIt(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada", `"emails":[{"value":" Ada@x.org\t","type":"work"}]`)
	require.Equal(t, "Ada@x.org", w.find(`emails[type eq "work"].value eq "ada@x.org"`).total(1).str("Resources", 0, "emails", 0, "value"))
	w.call("PATCH", "/Users/"+id, patch(`{"op":"replace","path":"emails[type eq \"work\"].value","value":"Ada@x.org "}`), "If-Match", `W/"1"`).is(200)
	require.Equal(t, `W/"1"`, w.get("/Users/"+id).header.Get("ETag"), "nothing has changed")
}

func TestEML16_EmailsAreKeptAsTheyCame(t *testing.T) {
	w := newWorld(t)
	a := w.call("POST", "/Users", user("ada", `"emails":[{"value":"Ada.L@X.org","type":"home","display":"A"},{"value":"b@y.org","type":"work"}]`)).is(201)
	require.Equal(t, []any{map[string]any{"value": "Ada.L@X.org", "type": "home", "display": "A"}, map[string]any{"value": "b@y.org", "type": "work"}}, a.at("emails"))
	w.call("POST", "/Users", user("bob", work("B@Y.ORG"))).fails(409, "uniqueness")
	require.NotContains(t, strings.ToLower(w.get("/Users/"+w.create("carl")).text), `"emails"`, "an account may have no address")
}
