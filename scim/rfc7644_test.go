package scim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/scim"
)

// These are sentences of RFC 7644 that no other test is about. Those about changes of resources stand in rfc7644_changes_test.go; which test
// holds which sentence stands in docs/scim.md.

const messages = "urn:ietf:params:scim:api:"

func TestRFC7644_3_1_MessagesAreMarkedAndNoSchemas(t *testing.T) {
	w := newWorld(t)
	for name, a := range map[string]answer{
		"a list": w.get("/Users").is(200), "a search": w.call("POST", "/.search", `{"count":1}`).is(200), "the schemas": w.get("/Schemas").is(200),
		"a bulk answer": w.call("POST", "/Bulk", bulk("", post("/Users", "a", user("ada")))).is(200), "an error": w.get("/Nothing").is(404),
	} {
		require.Len(t, a.at("schemas"), 1, name)
		require.True(t, strings.HasPrefix(a.str("schemas", 0), messages), name)
	}
	for _, s := range w.get("/Schemas").body["Resources"].([]any) {
		require.False(t, strings.HasPrefix(s.(map[string]any)["id"].(string), messages))
	}
	for _, message := range []string{scim.PatchSchema, scim.BulkRequestSchema, "urn:ietf:params:scim:api:messages:2.0:ListResponse"} {
		w.get("/Schemas/"+message).fails(404, "")
	}
}

func TestRFC7644_3_3_1_TheTypeOfAResourceIsItsEndpoints(t *testing.T) {
	w := withTypes(t)
	const meta = `"meta":{"resourceType":"Nonsense","location":"https://evil.example"}`
	for endpoint, c := range map[string]struct{ body, want string }{
		"/Users": {user("ada", meta), "User"}, "/Groups": {group("G", meta), "Group"}, tests: {thing("x", meta), "TestResource"},
	} {
		a := w.call("POST", endpoint, c.body).is(201)
		require.Equal(t, c.want, a.str("meta", "resourceType"))
		require.Equal(t, "https://id.example.org/scim/"+string(w.org)+"/v2"+endpoint+"/"+a.str("id"), a.str("meta", "location"))
	}
}

func TestRFC7644_3_4_2_UnknownParametersAreIgnored(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada")
	require.Equal(t, []string{"ada"}, w.get("/Users?page=2&pageSize=1&Filter=none&count=1").is(200).names())
	require.Equal(t, []string{"ada"}, w.get("/Users?x=1&x=2").is(200).names(), "even where they stand twice")
	w.get("/Users/" + id + "?x=1&x=2").is(200)
	w.get("/Schemas?x=1&x=2").is(200)
	w.get("/Users?count=1&count=2").fails(400, "invalidValue").says("count stands twice")
}

func TestRFC7644_3_4_2_2_BooleansAndBinaryValuesHaveNoOrder(t *testing.T) {
	w := newWorld(t)
	w.create("ada", `"x509Certificates":[{"value":"AAAA"}]`)
	for _, op := range []string{"gt", "ge", "lt", "le"} {
		for _, filter := range []string{"active " + op + " true", "emails.primary " + op + " false", "emails[primary " + op + " true]",
			"x509Certificates.value " + op + ` "AAAA"`, "x509Certificates[value " + op + ` "AAAA"]`} {
			w.get("/Users?filter="+url.QueryEscape(filter)).fails(400, "invalidFilter")
		}
	}
}

func TestRFC7644_3_4_2_2_AnUnknownOperatorIsToldTo(t *testing.T) {
	w := newWorld(t)
	for _, filter := range []string{`userName regex "a.*"`, `userName = "a"`, `userName pr xor title pr`, `not userName pr`} {
		w.get("/Users?filter="+url.QueryEscape(filter)).fails(400, "invalidFilter").says("expected")
		w.call("POST", "/Users/.search", jsonOf(map[string]any{"filter": filter})).fails(400, "invalidFilter")
	}
}

func TestRFC7644_3_4_2_3_TextsAreSortedAsTheirCaseSays(t *testing.T) {
	w := newWorld(t)
	for name, externalID := range map[string]string{"b": "b", "A": "a", "C": "B", "d": "A"} {
		w.create(name, `"externalId":"`+externalID+`"`)
	}
	require.Equal(t, []string{"A", "b", "C", "d"}, w.get("/Users?sortBy=userName").is(200).names(), "in any case")
	require.Equal(t, []string{"d", "C", "A", "b"}, w.get("/Users?sortBy=externalId").is(200).names(), "capitals first")
	require.Equal(t, []string{"b", "A", "C", "d"}, w.get("/Users?sortBy=externalId&sortOrder=descending").is(200).names())
}

func TestRFC7644_3_4_3_ASearchIsAQuery(t *testing.T) {
	w := newWorld(t)
	people(w)
	search := func(members string) answer {
		return w.call("POST", "/Users/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],`+members+`}`)
	}
	require.Equal(t, []string{"dora", "carl"}, search(`"sortBy":"userName","sortOrder":"descending","count":2`).is(200).total(4).names())
	require.Equal(t, []string{"bob"}, search(`"filter":"externalId eq \"e1\"","startIndex":1`).is(200).total(1).names())
	shown := search(`"excludedAttributes":["id","schemas","meta","name"],"filter":"userName eq \"ada@x.org\""`).is(200).resource(0)
	require.Contains(t, shown.body, "id", "what is always returned cannot be excluded")
	require.Contains(t, shown.body, "schemas")
	require.NotContains(t, shown.body, "meta")
	chosen := search(`"attributes":["title"],"filter":"userName eq \"ada@x.org\""`).is(200).resource(0)
	require.Len(t, chosen.body, 3)
	search(`"filter":"userName is \"x\""`).fails(400, "invalidFilter")
	search(`"sortBy":"name"`).fails(400, "invalidPath")
	w.get("/Users").is(200).total(4)
}

func TestRFC7644_3_6_WhatIsDeletedIsNowhere(t *testing.T) {
	w := withTypes(t)
	for name, c := range map[string]struct{ endpoint, body, filter string }{
		"a user":                {"/Users", user("ada", work("ada@x.org")), `userName eq "ada"`},
		"a group":               {"/Groups", group("Gone"), `displayName eq "Gone"`},
		"a registered resource": {tests, thing("Gone", `"code":"X"`), `code eq "X"`},
	} {
		t.Run(name, func(t *testing.T) {
			id := w.call("POST", c.endpoint, c.body).is(201).str("id")
			path := c.endpoint + "/" + id
			require.Empty(t, w.call("DELETE", path, "").is(204).text)
			for _, a := range []answer{w.get(path), w.call("PUT", path, c.body), w.call("PATCH", path, patch(`{"op":"remove","path":"externalId"}`)), w.call("DELETE", path, "")} {
				a.fails(404, "")
			}
			done := w.call("POST", "/Bulk", bulk("", operate("PUT", path, c.body), `{"method":"DELETE","path":"`+path+`"}`)).is(200)
			require.Equal(t, []string{"404", "404"}, done.statuses())
			for _, filter := range []string{"", c.filter, `id eq "` + id + `"`, `meta.created pr`} {
				w.get(c.endpoint + "?filter=" + url.QueryEscape(filter)).is(200).total(0)
				w.get(c.endpoint + "?cursor=&filter=" + url.QueryEscape(filter)).is(200).total(0)
				w.get("?filter=" + url.QueryEscape(filter)).is(200).total(0)
				w.call("POST", c.endpoint+"/.search", jsonOf(map[string]any{"filter": filter})).is(200).total(0)
			}
			again := w.call("POST", c.endpoint, c.body).is(201).str("id")
			require.NotEqual(t, id, again)
			w.call("DELETE", c.endpoint+"/"+again, "").is(204)
		})
	}
}

func TestRFC7644_3_7_FailuresDoNotEndABulkRequest(t *testing.T) {
	w := newWorld(t)
	var ops []string
	for i := range 20 {
		ops = append(ops, post("/Users", fmt.Sprint("bad", i), user("")), post("/Users", fmt.Sprint("good", i), user(fmt.Sprint("u", i))))
	}
	a := w.call("POST", "/Bulk", bulk("", ops...)).is(200)
	for i, status := range a.statuses() {
		if i%2 == 0 {
			require.Equal(t, "400", status)
			require.Equal(t, "400", a.str("Operations", i, "response", "status"))
			require.NotEmpty(t, a.str("Operations", i, "response", "detail"))
			continue
		}
		require.Equal(t, "201", status)
		require.Equal(t, fmt.Sprint("good", i/2), a.str("Operations", i, "bulkId"), "with what was created")
	}
	w.get("/Users").is(200).total(20)
}

func TestRFC7644_3_7_3_EveryOperationHasItsLocation(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada")
	path := "/Users/" + id
	base := "https://id.example.org/scim/" + string(w.org) + "/v2"
	ops := []string{
		operate("PUT", path, user("ada")), operate("PUT", path, `{}`), operate("PATCH", path, `{}`), `{"method":"PUT","path":"` + path + `"}`,
		`{"method":"PATCH","path":"` + path + `","version":5,"data":{}}`, `{"method":"DELETE","path":"` + path + `","version":"W/\"99\""}`, `{"method":"DELETE","path":"` + path + `"}`,
		`{"method":"DELETE","path":"` + path + `"}`,
	}
	a := w.call("POST", "/Bulk", bulk("", append(ops, post("/Users", "x", user("")))...)).is(200)
	require.Equal(t, []string{"200", "400", "400", "400", "400", "412", "204", "404", "400"}, a.statuses())
	for i := range ops {
		require.Equal(t, base+path, a.at("Operations", i, "location"), "operation %d", i)
	}
	require.NotContains(t, a.at("Operations", len(ops)), "location", "a POST that failed has none")
}

func TestRFC7644_3_7_4_TheLimitsAreToldBeforeAndAfter(t *testing.T) {
	w := newWorld(t)
	config := w.get("/ServiceProviderConfig").is(200)
	require.Equal(t, json.Number(fmt.Sprint(scim.MaxBulkOperations)), config.at("bulk", "maxOperations"))
	require.Equal(t, json.Number(fmt.Sprint(scim.MaxBody)), config.at("bulk", "maxPayloadSize"))
	op := `{"method":"DELETE","path":"/Users/x"}`
	w.call("POST", "/Bulk", bulk("", strings.Repeat(op+",", scim.MaxBulkOperations)+op)).fails(413, "").says("1001 operations; at most 1000")
	w.call("POST", "/Bulk", bulk("", op)+strings.Repeat(" ", scim.MaxBody)).fails(413, "").says("more than 1048576 bytes")
}

func TestRFC7644_3_8_JSONInUTF8WhateverIsAcceptedOfIt(t *testing.T) {
	w := newWorld(t)
	id := w.create("Žofie 😀")
	for _, accept := range []string{"application/scim+json", "application/json", "application/scim+json, application/json;q=0.9", "*/*", ""} {
		a := w.get("/Users/"+id, "Accept", accept).is(200)
		require.Equal(t, "application/scim+json", a.header.Get("Content-Type"))
		require.Contains(t, a.text, "Žofie 😀", "UTF-8 as it is")
	}
}

func TestRFC7644_3_12_EveryErrorIsSaidInTheBodyToo(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada")
	elsewhere := w.in(w.newOrg("Theirs"))
	elsewhere.token = w.token
	for status, a := range map[int]answer{
		400: w.call("POST", "/Users", "{"), 401: w.get("/Users", "Authorization", ""), 403: elsewhere.get("/Users"), 404: w.get("/Users/nobody"),
		405: w.call("PATCH", "/Users", ""), 409: w.call("POST", "/Users", user("ADA")), 412: w.call("DELETE", "/Users/"+id, "", "If-Match", `"9"`),
		413: w.call("POST", "/Users", user("x", `"title":"`+strings.Repeat("x", scim.MaxBody)+`"`)), 415: w.call("POST", "/Users", user("x"), "Content-Type", "text/plain"),
	} {
		a.is(status)
		scimType, _ := a.body["scimType"].(string)
		a.fails(status, scimType)
	}
}

func TestRFC7644_3_12_AnInternalErrorSaysWhereToLook(t *testing.T) {
	w := newWorld(t)
	store, ok := w.service.Reader().(identity.Store)
	require.True(t, ok)
	w.server = scim.New(identity.NewService(broken{store}, w.clock, nil, identity.EmailPolicy{}), scim.Options{Log: logTo(io.Discard)})
	w.get("/Users/some-id").fails(500, "").says("X-Request-Id")
}

func TestRFC7644_3_13_TheVersionIsV2OrNone(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada")
	at := func(rest string) answer {
		r := httptest.NewRequest("GET", "/scim/"+string(w.org)+rest, nil)
		r.Header.Set("Authorization", "Bearer "+w.token)
		return w.send(r)
	}
	for _, version := range []string{"/v1", "/v3", "/v20"} {
		at(version+"/Users").fails(404, "")
		at(version).fails(404, "")
	}
	for _, rest := range []string{"/Users", "/Users/" + id, "/Schemas", "", "/", "?filter=userName%20pr"} {
		require.Equal(t, at("/v2"+rest).is(200).text, at(rest).is(200).text, rest)
	}
	at("/Nothing").fails(404, "")
	w.in(w.newOrg("Theirs")).get("/Users").is(200).total(0)
}

func TestRFC7644_3_14_TheTagStandsInHeaderAndBody(t *testing.T) {
	w := withTypes(t)
	for endpoint, body := range map[string]func(name string) string{
		"/Users": func(name string) string { return user(name) }, "/Groups": func(name string) string { return group(name) }, tests: func(name string) string { return thing(name) },
	} {
		made := w.call("POST", endpoint, body("a")).is(201)
		path := endpoint + "/" + made.str("id")
		w.clock.now = w.clock.now.Add(time.Second)
		put := w.call("PUT", path, body("b")).is(200)
		patched := w.call("PATCH", path, patch(`{"op":"add","path":"externalId","value":"E"}`)).is(200)
		for _, a := range []answer{made, put, patched, w.get(path).is(200)} {
			require.Regexp(t, `^W/"\d+"$`, a.header.Get("ETag"))
			require.Equal(t, a.header.Get("ETag"), a.str("meta", "version"))
		}
		require.NotEqual(t, made.header.Get("ETag"), put.header.Get("ETag"))
		require.Equal(t, patched.header.Get("ETag"), w.get(endpoint).is(200).str("Resources", 0, "meta", "version"))
	}
}
