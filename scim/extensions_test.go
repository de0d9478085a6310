package scim_test

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/scim"
)

const (
	buildingOfUser  = "urn:example:params:scim:schemas:extension:building:2.0:User"
	buildingOfGroup = "urn:example:params:scim:schemas:extension:building:2.0:Group"
)

// withRegistration makes the same world with the types of a file.
func (w *world) withRegistration(text string) *world {
	w.t.Helper()
	file := filepath.Join(w.t.(*testing.T).TempDir(), "types.json")
	require.NoError(w.t, os.WriteFile(file, []byte(text), 0o600))
	types, err := scim.ReadTypes(file)
	require.NoError(w.t, err)
	other := *w
	other.server = scim.New(w.service, scim.Options{BaseURL: "https://id.example.org", Log: logTo(w.log), Types: types})
	return &other
}

func TestAUserHasRegisteredExtensions(t *testing.T) {
	w := withTypes(t)
	building := `"` + buildingOfUser + `":{"badge":"B1","floors":[1,9007199254740993],"pin":"1234"}`
	enterprise := `"` + scim.EnterpriseSchema + `":{"department":"D"}`
	id := w.create("ada@example.com", building, enterprise)
	w.create("bob@example.com")
	for _, query := range []string{"", "?excludedAttributes=name"} {
		a := w.get("/Users/" + id + query).is(200)
		require.Equal(t, []any{scim.UserSchema, scim.EnterpriseSchema, buildingOfUser}, a.at("schemas"), query)
		require.Equal(t, map[string]any{"badge": "B1", "floors": []any{json.Number("1"), json.Number("9007199254740993")}}, a.at(buildingOfUser), query)
	}
	require.Equal(t, "1234", w.get("/Users/"+id+"?attributes="+buildingOfUser+":pin").str(buildingOfUser, "pin"))
	require.Equal(t, []string{"ada@example.com"}, w.find(buildingOfUser+`:floors eq 9007199254740993 and department eq "d"`).names())
	require.Equal(t, []string{"bob@example.com"}, w.find(`not (badge pr)`).names(), "a name that only one extension has needs no URN")
	require.Equal(t, []string{"ada@example.com", "bob@example.com"}, w.get("/Users?sortBy="+url.QueryEscape(buildingOfUser+":badge")).names())

	patched := w.call("PATCH", "/Users/"+id, patch(`{"op":"add","path":"`+buildingOfUser+`:floors","value":[2]}`)).is(200)
	require.Len(t, patched.at(buildingOfUser, "floors"), 3)
	w.call("PATCH", "/Users/"+id, patch(`{"op":"remove","path":"`+buildingOfUser+`:badge"}`)).fails(400, "mutability")
	w.call("POST", "/Users", user("cyd@example.com", `"`+buildingOfUser+`":{"floors":[1]}`)).fails(400, "invalidValue").says("badge is required")
	w.call("PUT", "/Users/"+id, user("ada@example.com")).is(200)
	require.Nil(t, w.get("/Users/"+id).at(buildingOfUser))
}

func TestAGroupHasRegisteredExtensions(t *testing.T) {
	w := withTypes(t)
	ada := w.create("ada@example.com")
	body := func(more string) string {
		return `{"schemas":["` + scim.GroupSchema + `"],"displayName":"Sales"` + more + `}`
	}
	extension := `,"` + buildingOfGroup + `":{"costCentre":"C1","budget":9007199254740993}`
	made := w.call("POST", "/Groups", body(extension+`,"members":[{"value":"`+ada+`"}]`)).is(201)
	require.Equal(t, []any{scim.GroupSchema, buildingOfGroup}, made.at("schemas"))
	require.Equal(t, map[string]any{"costCentre": "C1", "budget": json.Number("9007199254740993")}, made.at(buildingOfGroup))
	require.Len(t, made.at("members"), 1)
	id := made.str("id")
	require.Equal(t, made.text, w.get("/Groups/"+id).is(200).text)
	w.get("/Groups?filter=" + url.QueryEscape(`costCentre eq "C1"`)).is(200).total(1)
	w.get("/Groups?filter=" + url.QueryEscape(`costCentre eq "c1"`)).is(200).total(0)
	patched := w.call("PATCH", "/Groups/"+id, patch(`{"op":"replace","value":{"displayName":"Sales","`+buildingOfGroup+`":{"budget":1}}}`)).is(200)
	require.Equal(t, map[string]any{"costCentre": "C1", "budget": json.Number("1")}, patched.at(buildingOfGroup))
	require.Equal(t, patched.text, w.call("PATCH", "/Groups/"+id, patch(`{"op":"add","path":"`+buildingOfGroup+`:budget","value":1}`)).is(200).text)
	replaced := w.call("PUT", "/Groups/"+id, body("")).is(200)
	require.Equal(t, []any{scim.GroupSchema}, replaced.at("schemas"))
	require.Nil(t, replaced.at("members"))
}

func TestWhatABodyLackedBeforeASchemaWantedItStaysChangeable(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada@example.com")
	w = w.withRegistration(registration(`{"id":"urn:example:Badge","attributes":[{"name":"number","required":true}]}`,
		`{"name":"User","schemaExtensions":[{"schema":"urn:example:Badge","required":true}]}`))
	off := w.call("PATCH", "/Users/"+id, patch(`{"op":"replace","path":"active","value":false}`)).is(200)
	require.Equal(t, false, off.at("active"))
	w.call("PUT", "/Users/"+id, user("ada@example.com")).fails(400, "invalidValue").says("urn:example:Badge is required")
	w.call("PATCH", "/Users/"+id, patch(`{"op":"add","path":"urn:example:Badge:number","value":"1"}`)).is(200)
	w.call("PATCH", "/Users/"+id, patch(`{"op":"remove","path":"urn:example:Badge"}`)).fails(400, "mutability")
	w.call("POST", "/Users", user("bob@example.com")).fails(400, "invalidValue")
}

func TestWhatIsNotRegisteredAnyLongerIsNotShown(t *testing.T) {
	w := newWorld(t)
	badge := `{"id":"urn:example:Badge","attributes":[{"name":"number"},{"name":"colour"}]}`
	onUsers := `{"name":"User","schemaExtensions":[{"schema":"urn:example:Badge"}]}`
	before := w.withRegistration(registration(badge+","+schemaOf(`"name":"serial"},{"name":"page","type":"integer"`), onUsers+","+printerType))
	ada := before.create("ada@example.com", `"urn:example:Badge":{"number":"1","colour":"red"}`)
	bob := before.create("bob@example.com", `"profileUrl":"urn:bob"`)
	printer := before.call("POST", "/Printers", `{"schemas":["urn:example:Printer"],"serial":"S","page":1}`).is(201).str("id")

	require.Equal(t, []any{scim.UserSchema, "urn:example:Badge"}, before.get("/Users/"+ada).at("schemas"))

	after := w.withRegistration(registration(printerSchema, printerType))
	shown := after.get("/Users/" + ada).is(200)
	require.Equal(t, []any{scim.UserSchema}, shown.at("schemas"))
	require.NotContains(t, shown.text, "urn:example")
	require.Equal(t, "urn:bob", after.get("/Users/"+bob).str("profileUrl"))
	require.NotContains(t, after.get("/Printers/"+printer).is(200).text, "page")
	after.call("PATCH", "/Users/"+ada, patch(`{"op":"replace","path":"title","value":"T"}`)).is(200)
	require.Equal(t, "red", before.get("/Users/"+ada).str("urn:example:Badge", "colour"), "and not lost either")
	w.get("/Printers").fails(404, "")
}

func TestWhatDiscoveryServesCanBeRegistered(t *testing.T) {
	w := withTypes(t)
	served := map[string][]any{}
	for into, entries := range map[string][]string{"schemas": {"/Schemas/" + testSchema, "/Schemas/" + testExtension, "/Schemas/" + buildingOfUser},
		"resourceTypes": {"/ResourceTypes/TestResource", "/ResourceTypes/User"}} {
		for _, entry := range entries {
			served[into] = append(served[into], w.get(entry).is(200).body)
		}
	}
	text, err := json.Marshal(served)
	require.NoError(t, err)
	again := w.withRegistration(string(text))
	for _, entry := range []string{"/Schemas/" + testSchema, "/Schemas/" + buildingOfUser, "/ResourceTypes/TestResource", "/ResourceTypes/User"} {
		require.Equal(t, w.get(entry).text, again.get(entry).text)
	}
}
