package scim_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/scim"
)

// These are defects that people met in other servers, each as a test of its own. Those about PATCH alone stand with the
// PATCH engine, those about pages with the lists.

func TestPitfall08_WhatIsEchoedIsStored(t *testing.T) {
	w := newWorld(t)
	a := w.call("POST", "/Users", user("a", `"displayName":"D","nickName":"N","profileUrl":"https://x.org/a","userType":"Employee","preferredLanguage":"en","locale":"en-US",
		"timezone":"Europe/Prague","name":{"formatted":"F","honorificPrefix":"Dr"},"phoneNumbers":[{"value":"1","type":"work"}],"ims":[{"value":"i","type":"xmpp"}],
		"photos":[{"value":"https://x.org/p.png","type":"photo"}],"addresses":[{"type":"work","streetAddress":"S","postalCode":"P","country":"CZ"}],
		"entitlements":[{"value":"e"}],"roles":[{"value":"r","display":"R","type":"t","primary":true}],"x509Certificates":[{"value":"AAAA"}]`,
		`"`+scim.EnterpriseSchema+`":{"employeeNumber":"1","costCenter":"2","organization":"3","division":"4","department":"5"}`)).is(201)
	require.JSONEq(t, a.text, w.get("/Users/"+a.str("id")).text)
	for _, name := range []string{"displayName", "nickName", "profileUrl", "userType", "preferredLanguage", "locale", "timezone", "name", "phoneNumbers", "ims",
		"photos", "addresses", "entitlements", "roles", "x509Certificates", scim.EnterpriseSchema} {
		require.Contains(t, a.body, name)
	}
}

func TestPitfall14_BooleansInQuotes(t *testing.T) {
	for _, dialect := range []string{"rfc", "entra", "okta"} {
		t.Run(dialect, func(t *testing.T) {
			w := newWorld(t).as(dialect)
			a := w.call("POST", "/Users", user("a", `"active":"True","roles":[{"value":"r","primary":"True"}]`)).is(201)
			require.Equal(t, true, a.at("active"))
			require.Equal(t, true, a.at("roles", 0, "primary"))
			off := w.call("PATCH", "/Users/"+a.str("id"), patch(`{"op":"Replace","path":"active","value":"False"}`)).is(200)
			require.Equal(t, false, off.at("active"))
			require.Equal(t, false, w.get("/Users/"+a.str("id")).at("active"))
		})
	}
}

func TestPitfall16_ReactivationAfterDeactivation(t *testing.T) {
	w := newWorld(t).as("okta")
	id := w.create("a")
	for _, active := range []string{"false", "true", "false", "true"} {
		a := w.call("PATCH", "/Users/"+id, patch(`{"op":"replace","value":{"active":`+active+`}}`)).is(200)
		require.Equal(t, active == "true", a.at("active"))
	}
}

func TestPitfall17_ADisabledUserIsShownWithActive(t *testing.T) {
	w := newWorld(t)
	id := w.create("a", `"active":false`)
	require.Equal(t, false, w.get("/Users/"+id).is(200).at("active"))
	require.Equal(t, false, w.find(`userName eq "a"`).total(1).at("Resources", 0, "active"))
	require.Equal(t, false, w.find(`active eq false`).total(1).at("Resources", 0, "active"))
}

func TestPitfall18_DuplicatesAre409Uniqueness(t *testing.T) {
	w := newWorld(t)
	w.create("ada", work("ada@x.org"))
	bob := w.create("bob")
	const detail = "The userName or an e-mail address is already in use or reserved."
	for name, a := range map[string]answer{
		"the userName":                       w.call("POST", "/Users", user("ada")),
		"pitfall 19: in another case":        w.call("POST", "/Users", user("ADA")),
		"the e-mail":                         w.call("POST", "/Users", user("c", work("ada@x.org"))),
		"the e-mail in another case":         w.call("POST", "/Users", user("c", work("Ada@X.ORG"))),
		"the e-mail as userName":             w.call("POST", "/Users", user("ada@x.org")),
		"by PUT":                             w.call("PUT", "/Users/"+bob, user("Ada")),
		"by PATCH":                           w.call("PATCH", "/Users/"+bob, patch(`{"op":"replace","path":"userName","value":"Ada"}`)),
		"the e-mail by PATCH":                w.call("PATCH", "/Users/"+bob, patch(`{"op":"add","path":"emails","value":[{"value":"ada@x.org"}]}`)),
		"the e-mail in another organization": w.in(w.newOrg("Theirs")).call("POST", "/Users", user("z", work("ada@x.org"))),
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, detail, a.fails(409, "uniqueness").str("detail"))
		})
	}
	t.Run("a userName of another organization is free", func(t *testing.T) {
		w.in(w.newOrg("Others")).create("ada")
	})
}

func TestEML13_AConflictDoesNotSayWhoHoldsTheAddress(t *testing.T) {
	w := newWorld(t)
	w.create("ada", work("ada@x.org"))
	theirs := w.in(w.newOrg("Theirs"))
	theirs.create("own", work("own@x.org"))
	mine := theirs.call("POST", "/Users", user("z", work("own@x.org"))).fails(409, "uniqueness").text
	require.Equal(t, mine, theirs.call("POST", "/Users", user("z", work("ada@x.org"))).fails(409, "uniqueness").text)
}

func TestEML01_OneAccountPerEmailUnderConcurrency(t *testing.T) {
	w := newWorld(t)
	worlds := []*world{w, w.in(w.newOrg("Theirs"))}
	spellings := []string{"ada@x.org", "ADA@x.org", "Ada@X.ORG", "aDa@x.Org"}
	status := make([]int, 16)
	var wait sync.WaitGroup
	for i := range status {
		wait.Go(func() {
			status[i] = worlds[i%2].call("POST", "/Users", user(fmt.Sprintf("u%d", i), work(spellings[i%4]))).status
		})
	}
	wait.Wait()
	created := 0
	for _, s := range status {
		if s == 201 {
			created++
			continue
		}
		require.Equal(t, 409, s)
	}
	require.Equal(t, 1, created)
}

func TestPitfall20_TheCaseOfUserNameIsKept(t *testing.T) {
	w := newWorld(t)
	id := w.create("Ada.Lovelace@X.org")
	require.Equal(t, "Ada.Lovelace@X.org", w.find(`userName eq "ada.lovelace@x.org"`).str("Resources", 0, "userName"))
	a := w.call("PATCH", "/Users/"+id, patch(`{"op":"replace","path":"userName","value":"ada.LOVELACE@x.org"}`)).is(200)
	require.Equal(t, "ada.LOVELACE@x.org", a.str("userName"), "one's own name in another case is no conflict")
}

func TestPitfall21_AttributeNamesInAnyCase(t *testing.T) {
	w := newWorld(t)
	a := w.call("POST", "/Users", `{"SCHEMAS":["`+strings.ToUpper(scim.UserSchema)+`"],"USERNAME":"ada","Name":{"GIVENNAME":"Ada"},"EMAILS":[{"VALUE":"ada@x.org","Type":"work"}]}`).is(201)
	require.Equal(t, "Ada", a.str("name", "givenName"))
	require.Equal(t, "ada@x.org", a.str("emails", 0, "value"))
	w.find(`uSeRnAmE eq "ada"`).total(1)
	w.find(`EMAILS[TYPE eq "work"].VALUE eq "ada@x.org"`).total(1)
	w.find(`NAME.givenname eq "ada"`).total(1)
	w.find(`EXTERNALID eq "ada"`).total(0)
}

func TestPitfall27_PagesAreInAStableOrder(t *testing.T) {
	w := newWorld(t)
	seen := map[string]int{}
	for i := range 30 {
		w.create(fmt.Sprintf("u%02d", i))
	}
	for start := 1; start <= 30; start += 7 {
		for _, name := range w.get(fmt.Sprintf("/Users?startIndex=%d&count=7", start)).total(30).names() {
			seen[name]++
			id := w.find(`userName eq "`+name+`"`).str("Resources", 0, "id")
			w.clock.now = w.clock.now.Add(time.Second)
			w.call("PATCH", "/Users/"+id, patch(`{"op":"add","path":"title","value":"touched"}`)).is(200)
		}
	}
	require.Len(t, seen, 30)
	for name, n := range seen {
		require.Equal(t, 1, n, name)
	}
}

func TestPitfall30_AnyTextCanBeLookedUp(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{`quo"te`, `back\slash`, `O'Brien`, "with space", "100%", "under_score", "Žluťoučký kůň", "emoji 😀", "a;b--c", "'; DROP TABLE accounts; --", `) or (a pr`, "*", "?", "[x]"} {
		t.Run(name, func(t *testing.T) {
			id := w.call("POST", "/Users", `{"schemas":["`+scim.UserSchema+`"],"userName":`+jsonOf(name)+`,"title":`+jsonOf(name)+`}`).is(201).str("id")
			for _, f := range []string{"userName eq ", "title eq ", "userName co ", "userName sw "} {
				require.Contains(t, fmt.Sprint(w.find(f+jsonOf(name)).body), id)
			}
			w.find("userName eq " + jsonOf(name)).total(1)
			w.find("userName ew " + jsonOf(name)).total(1)
		})
	}
}

func TestPitfall31_ThePasswordIsTakenAndDropped(t *testing.T) {
	w := newWorld(t).as("okta")
	a := w.call("POST", "/Users", user("a", `"password":"1mz050nq"`)).is(201)
	for _, answer := range []answer{a, w.call("PATCH", "/Users/"+a.str("id"), patch(`{"op":"replace","value":{"password":"x"}}`)).is(200),
		w.call("PUT", "/Users/"+a.str("id"), user("a", `"password":""`)).is(200), w.get("/Users/" + a.str("id") + "?attributes=password").is(200)} {
		require.NotContains(t, answer.text, "password")
		require.NotContains(t, answer.text, "1mz050nq")
	}
	require.NotContains(t, w.log.String(), "1mz050nq")
}

func TestPitfall32_TheServerAddsNothingToEmails(t *testing.T) {
	w := newWorld(t)
	a := w.call("POST", "/Users", user("a", `"emails":[{"value":"a@x.org","type":"work"}]`)).is(201)
	require.Equal(t, []any{map[string]any{"value": "a@x.org", "type": "work"}}, a.at("emails"))
}

func TestPitfall35_NobodyGraftsAnotherTenantsUser(t *testing.T) {
	w := newWorld(t)
	theirs := w.in(w.newOrg("Theirs"))
	id := theirs.create("ada", work("ada@x.org"))
	w.call("POST", "/Users", user("x", `"id":"`+id+`"`, work("ada@x.org"))).fails(409, "uniqueness")
	w.get("/Users").is(200).total(0)
	theirs.get("/Users").is(200).total(1)
}

func TestPitfall36_AnExistingAccountIsNeverAdopted(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada", work("ada@x.org"))
	before := w.get("/Users/" + id).text
	w.call("POST", "/Users", user("other", `"externalId":"evil"`, work("ada@x.org"))).fails(409, "uniqueness")
	require.Equal(t, before, w.get("/Users/"+id).text)
}

func TestPitfall38_WhatTheFilterFindsIsWhatACreateConflictsWith(t *testing.T) {
	w := newWorld(t).as("entra")
	for _, name := range []string{"Ada@X.org", "ÉMILE@x.org", "ada lovelace"} {
		w.create(name)
		for _, spelling := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			found := w.find(`userName eq `+jsonOf(spelling)).at("totalResults") != w.find(`userName eq "nobody"`).at("totalResults")
			conflict := w.call("POST", "/Users", user(spelling)).status == 409
			require.Equal(t, found, conflict, spelling)
		}
	}
}

func TestEntraConnectionTest(t *testing.T) {
	w := newWorld(t).as("entra")
	a := w.find(`userName eq "` + w.newID() + `"`).total(0)
	require.Empty(t, a.names())
	require.Contains(t, a.text, `"Resources":[]`)
	w.get("/Users/5171a35d82074e068ce2").fails(404, "")
}
