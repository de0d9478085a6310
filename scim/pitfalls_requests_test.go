package scim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/scim"
)

func TestPitfall15_WhoIsDeactivatedInsideAPatchIs(t *testing.T) {
	for name, op := range map[string]string{
		"path": `{"op":"replace","path":"active","value":false}`, "no path": `{"op":"replace","value":{"active":false}}`, "add": `{"op":"add","path":"active","value":false}`,
		"with the schema": `{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:active","value":false}`,
	} {
		w := newWorld(t)
		id := w.create("ada")
		w.call("PATCH", "/Users/"+id, patch(op)).is(200)
		require.Equal(t, false, w.get("/Users/"+id).at("active"), name)
	}
}

func TestPitfall19_AUserNameInAnotherCaseIsTaken(t *testing.T) {
	w := newWorld(t)
	w.create("Ada@Example.com")
	for _, spelling := range []string{"ada@example.com", "ADA@EXAMPLE.COM", "Ada@Example.com"} {
		w.call("POST", "/Users", user(spelling)).fails(409, "uniqueness")
	}
}

func TestPitfall22_AManagerInEverySpelling(t *testing.T) {
	for name, c := range map[string]struct{ op, want string }{
		"a text":             {`{"op":"add","path":"` + scim.EnterpriseSchema + `:manager","value":"M"}`, "M"},
		"an object":          {`{"op":"replace","path":"` + scim.EnterpriseSchema + `:manager","value":{"value":"M"}}`, "M"},
		"a list":             {`{"op":"replace","path":"` + scim.EnterpriseSchema + `:manager","value":[{"value":"M","$ref":"../Users/M"}]}`, "M"},
		"without the schema": {`{"op":"replace","path":"manager","value":"M"}`, "M"},
		"its value":          {`{"op":"replace","path":"` + scim.EnterpriseSchema + `:manager.value","value":"M"}`, "M"},
		"emptied":            {`{"op":"replace","path":"manager","value":"M"},{"op":"replace","path":"manager","value":""}`, ""},
		"nothing":            {`{"op":"replace","path":"manager","value":"M"},{"op":"replace","path":"manager","value":null}`, ""},
	} {
		w := newWorld(t).as("entra")
		boss, ada := w.create("boss"), w.create("ada")
		w.call("PATCH", "/Users/"+ada, patch(strings.ReplaceAll(strings.ReplaceAll(c.op, `"M"`, `"`+boss+`"`), "/M", "/"+boss))).is(200)
		want := any(nil)
		if c.want != "" {
			want = boss
		}
		require.Equal(t, want, w.get("/Users/"+ada).at(scim.EnterpriseSchema, "manager", "value"), name)
	}
}

func TestPitfall23_KeysWithDotsAndSchemasInABodyWithoutAPath(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada", `"name":{"familyName":"L"}`)
	a := w.call("PATCH", "/Users/"+id, patch(fmt.Sprintf(`{"op":"replace","value":{"name.givenName":"Ada","%s:department":"D","%s":{"costCenter":"C"},"emails[type eq \"work\"].value":"a@x.org"}}`,
		scim.EnterpriseSchema, scim.EnterpriseSchema))).fails(400, "noTarget")
	require.Contains(t, a.text, "selects no value")
	a = w.as("entra").call("PATCH", "/Users/"+id, patch(fmt.Sprintf(`{"op":"replace","value":{"name.givenName":"Ada","%s:department":"D","%s":{"costCenter":"C"},"emails[type eq \"work\"].value":"a@x.org"}}`,
		scim.EnterpriseSchema, scim.EnterpriseSchema))).is(200)
	require.Equal(t, map[string]any{"familyName": "L", "givenName": "Ada"}, a.at("name"))
	require.Equal(t, map[string]any{"department": "D", "costCenter": "C"}, a.at(scim.EnterpriseSchema))
	require.Equal(t, "a@x.org", a.str("emails", 0, "value"))
}

func TestPitfall24_AFilterThatSelectsNothing(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada", `"phoneNumbers":[{"value":"1","type":"home"}]`)
	w.call("PATCH", "/Users/"+id, patch(`{"op":"replace","path":"phoneNumbers[type eq \"work\"].value","value":"2"}`)).fails(400, "noTarget")
	require.Len(t, w.get("/Users/"+id).at("phoneNumbers"), 1, "the list is as it was")
	w.call("PATCH", "/Users/"+id, patch(`{"op":"add","path":"phoneNumbers[type eq \"work\"].value","value":"2"}`)).is(200)
	require.Len(t, w.get("/Users/"+id).at("phoneNumbers"), 2)
}

func TestPitfall25_RolesInATextThatIsJSON(t *testing.T) {
	role := `"roles":[{"value":"{\"id\":\"1\",\"value\":\"Admin\",\"displayName\":\"Administrator\"}"}]`
	a := newWorld(t).as("entra").call("POST", "/Users", user("ada", role)).is(201)
	require.Equal(t, map[string]any{"value": "Admin", "display": "Administrator"}, a.at("roles", 0))
	require.Contains(t, newWorld(t).call("POST", "/Users", user("ada", role)).is(201).str("roles", 0, "value"), "{", "only Entra packs values so")
}

func TestPitfall26_APartOfAnObjectIsReplaced(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada", `"name":{"givenName":"Ada","familyName":"L"}`)
	w.call("PATCH", "/Users/"+id, patch(`{"op":"replace","path":"name","value":{"familyName":"K"}}`)).is(200)
	require.Equal(t, map[string]any{"givenName": "Ada", "familyName": "K"}, w.get("/Users/"+id).at("name"))
}

func TestPitfall28_TheTotalIsOfAllAndNotOfThePage(t *testing.T) {
	w := newWorld(t)
	for i := range 7 {
		w.create(fmt.Sprint("u", i))
		w.newGroup(fmt.Sprint("g", i))
	}
	for _, endpoint := range []string{"/Users", "/Groups"} {
		for query, n := range map[string]int{"?count=3": 3, "?startIndex=6&count=5": 2, "?startIndex=8": 0, "?startIndex=0&count=2": 2, "?startIndex=-4&count=2": 2, "?count=0": 0, "?count=-1": 0} {
			a := w.get(endpoint + query).is(200).total(7)
			require.Len(t, a.at("Resources"), n, endpoint+query)
		}
	}
}
