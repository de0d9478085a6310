package scim_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/scim"
)

func group(name string, members ...string) string {
	all := append([]string{fmt.Sprintf(`"schemas":[%q],"displayName":%q`, scim.GroupSchema, name)}, members...)
	return "{" + strings.Join(all, ",") + "}"
}

func (w *world) newGroup(name string, members ...string) string {
	w.t.Helper()
	return w.call("POST", "/Groups", group(name, "\"members\":["+memberList(members...)+"]")).is(201).str("id")
}

func memberList(ids ...string) string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = fmt.Sprintf(`{"value":%q}`, id)
	}
	return strings.Join(list, ",")
}

// members are the ids of a group's members, in no particular order.
func (w *world) members(id string) []string {
	w.t.Helper()
	ids := []string{}
	list, _ := w.get("/Groups/" + id).is(200).body["members"].([]any)
	for _, m := range list {
		ids = append(ids, m.(map[string]any)["value"].(string))
	}
	return ids
}

func (w *world) patchGroup(id string, ops ...string) answer {
	w.t.Helper()
	return w.call("PATCH", "/Groups/"+id, patch(ops...))
}

func TestRFC7643_4_2_AGroupHasUsersAndGroups(t *testing.T) {
	w := newWorld(t)
	ada, sales := w.create("ada"), w.newGroup("Sales")
	a := w.call("POST", "/Groups", group("Staff", `"externalId":"E1"`, fmt.Sprintf(`"members":[{"value":%q,"$ref":null,"display":"x"},{"value":%q,"type":"Group"}]`, ada, sales))).is(201)
	id := a.str("id")
	base := "https://id.example.org/scim/" + string(w.org) + "/v2"
	require.Equal(t, base+"/Groups/"+id, a.header.Get("Location"))
	require.Equal(t, a.header.Get("ETag"), a.str("meta", "version"))
	require.Equal(t, []any{
		map[string]any{"value": ada, "type": "User", "display": "x", "$ref": base + "/Users/" + ada},
		map[string]any{"value": sales, "type": "Group", "display": "Sales", "$ref": base + "/Groups/" + sales},
	}, a.at("members"))
	require.Equal(t, a.body, w.get("/Groups/"+id).is(200).body)
	w.newGroup("All", id)
	require.Equal(t, []any{"direct", "indirect"}, []any{w.get("/Users/"+ada).at("groups", 0, "type"), w.get("/Users/"+ada).at("groups", 1, "type")})
	require.Nil(t, w.get("/Users/"+ada+"?excludedAttributes=groups").at("groups"))
	w.call("DELETE", "/Groups/"+id, "").is(204)
	w.get("/Groups/"+id).fails(404, "")
	require.Nil(t, w.get("/Users/"+ada).at("groups"))
}

func TestAGroupThatCannotBe(t *testing.T) {
	w := newWorld(t)
	ada, theirs := w.create("ada"), w.in(w.newOrg("Theirs"))
	eve, others := theirs.create("eve"), theirs.newGroup("Others")
	for name, c := range map[string]struct{ body, scimType string }{
		"no name":                         {group("", ""), "invalidSyntax"},
		"an empty name":                   {group(""), "invalidValue"},
		"no schema":                       {`{"displayName":"x"}`, "invalidSyntax"},
		"a member of another tenant":      {group("x", `"members":[`+memberList(eve)+`]`), "invalidValue"},
		"a group of another tenant":       {group("x", `"members":[`+memberList(others)+`]`), "invalidValue"},
		"a member that nobody is":         {group("x", `"members":[`+memberList("nobody")+`]`), "invalidValue"},
		"a user that is called a group":   {group("x", fmt.Sprintf(`"members":[{"value":%q,"type":"Group"}]`, ada)), "invalidValue"},
		"members that are no list":        {group("x", `"members":{"value":"x"}`), "invalidValue"},
		"an attribute that groups do not": {group("x", `"userName":"x"`), "invalidSyntax"},
	} {
		t.Run(name, func(t *testing.T) {
			w.call("POST", "/Groups", c.body).fails(400, c.scimType)
			w.get("/Groups").is(200).total(0)
		})
	}
	id := w.newGroup("Self")
	w.patchGroup(id, fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":%q}]}`, id)).fails(400, "invalidValue")
	w.patchGroup(id, `{"op":"remove","path":"displayName"}`).fails(400, "mutability")
	w.patchGroup(id, `{"op":"replace","path":"members[value eq \"x\"].display","value":"x"}`).fails(400, "mutability")
	w.patchGroup(id, `{"op":"add","path":"members","value":[{"display":"x"}]}`).fails(400, "invalidValue")
	require.Equal(t, `W/"1"`, w.get("/Groups/"+id).header.Get("ETag"), "what is refused changes nothing")
}

func TestMembersChangeByWhatARequestSays(t *testing.T) {
	for name, c := range map[string]struct {
		op   string // of a PATCH, with A, B, C for the ids
		want string
	}{
		"add one":                              {`{"op":"add","path":"members","value":[{"value":"C"}]}`, "ABC"},
		"add one that is no list":              {`{"op":"Add","path":"members","value":{"value":"C"}}`, "ABC"},
		"add one twice (pitfall 5)":            {`{"op":"add","path":"members","value":[{"value":"C"},{"value":"C"}]}`, "ABC"},
		"add one that is there":                {`{"op":"add","path":"members","value":[{"value":"A"}]}`, "AB"},
		"add without a path":                   {`{"op":"add","value":{"members":[{"value":"C"}]}}`, "ABC"},
		"add under the schema":                 {`{"op":"add","path":"urn:ietf:params:scim:schemas:core:2.0:Group:members","value":[{"value":"C"}]}`, "ABC"},
		"replace":                              {`{"op":"replace","path":"members","value":[{"value":"C"}]}`, "C"},
		"replace without a path (pitfall 12)":  {`{"op":"replace","value":{"id":"G","displayName":"New","members":[{"value":"C"},{"value":"B"}]}}`, "BC"},
		"replace by nobody":                    {`{"op":"replace","path":"members","value":[]}`, ""},
		"remove by filter (pitfall 1)":         {`{"op":"remove","path":"members[value eq \"A\"]"}`, "B"},
		"remove by filter, no member":          {`{"op":"remove","path":"members[value eq \"C\"]"}`, "AB"},
		"remove by list (pitfall 2)":           {`{"op":"Remove","path":"members","value":[{"value":"A","$ref":null}]}`, "B"},
		"remove by list of two (pitfall 4)":    {`{"op":"remove","path":"members","value":[{"value":"A"},{"value":"B"}]}`, ""},
		"remove somebody unknown":              {`{"op":"remove","path":"members","value":[{"value":"nobody"}]}`, "AB"},
		"remove all":                           {`{"op":"remove","path":"members"}`, ""},
		"remove by another filter (pitfall 3)": {`{"op":"remove","path":"members[display sw \"a\" and type eq \"User\"]"}`, "B"},
		"remove and add (Okta)":                {`{"op":"remove","path":"members[value eq \"C\"]"},{"op":"add","path":"members","value":[{"value":"C"}]}`, "ABC"},
		"add and remove":                       {`{"op":"add","path":"members","value":[{"value":"C"}]},{"op":"remove","path":"members[value eq \"C\"]"}`, "AB"},
		"replace a member by another":          {`{"op":"replace","path":"members[value eq \"A\"]","value":{"value":"C"}}`, "BC"},
		"nothing":                              {`{"op":"add","path":"members","value":[]}`, "AB"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			ids := map[string]string{"A": w.create("ada"), "B": w.create("bob"), "C": w.create("cyd")}
			id := w.newGroup("G", ids["A"], ids["B"])
			before := w.get("/Groups/" + id)
			named := c.op
			for letter, of := range ids {
				named = strings.ReplaceAll(strings.ReplaceAll(named, `"`+letter+`"`, `"`+of+`"`), `\"`+letter+`\"`, `\"`+of+`\"`)
			}
			w.clock.now = w.clock.now.Add(1)
			w.patchGroup(id, strings.ReplaceAll(named, `"G"`, `"`+id+`"`)).is(200)
			var want []string
			for letter := range strings.SplitSeq(c.want, "") {
				want = append(want, ids[letter])
			}
			require.ElementsMatch(t, want, w.members(id))
			if c.want == "AB" {
				require.Equal(t, before.text, w.get("/Groups/"+id).text, "what changes nothing changes neither version nor lastModified")
			}
		})
	}
}

func TestReplaceOfAMemberThatIsNone(t *testing.T) {
	w := newWorld(t)
	ada, id := w.create("ada"), w.newGroup("G")
	op := fmt.Sprintf(`{"op":"replace","path":"members[value eq \"nobody\"]","value":{"value":%q}}`, ada)
	w.patchGroup(id, op).fails(400, "noTarget")
	require.NotEmpty(t, w.as("entra").patchGroup(id, op).is(204).header.Get("ETag"))
	require.Equal(t, []string{ada}, w.members(id))
}

func TestRFC7644_3_5_1_AGroupIsReplacedAsAWhole(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.create("ada"), w.create("bob")
	id := w.newGroup("G", ada)
	a := w.call("PUT", "/Groups/"+id, group("H", `"externalId":"E"`, `"members":[`+memberList(bob)+`]`)).is(200)
	require.Equal(t, []any{"H", "E"}, []any{a.at("displayName"), a.at("externalId")})
	require.Equal(t, []string{bob}, w.members(id))
	w.call("PUT", "/Groups/"+id, group("H"), "If-Match", `W/"1"`).fails(412, "")
	a = w.call("PUT", "/Groups/"+id, group("H")).is(200)
	require.Empty(t, w.members(id))
	require.Nil(t, a.at("externalId"))
	require.Equal(t, a.text, w.call("PUT", "/Groups/"+id, group("H")).is(200).text, "nothing changes, the version neither")
}

func TestGroupsAreFoundByWhatProvidersAskFor(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.create("ada"), w.create("bob")
	sales, staff := w.newGroup("Sales", ada), w.call("POST", "/Groups", group("Staff", `"externalId":"E1"`)).is(201).str("id")
	w.patchGroup(staff, `{"op":"add","path":"members","value":[`+memberList(bob, sales)+`]}`).is(200)
	for filter, want := range map[string][]string{
		`displayName eq "SALES"`:                               {"Sales"},
		`externalId eq "E1"`:                                   {"Staff"},
		`externalId eq "e1"`:                                   {},
		`id eq "` + sales + `"`:                                {"Sales"},
		`id eq "` + sales + `" and members eq "` + ada + `"`:   {"Sales"},
		`id eq "` + staff + `" and members eq "` + ada + `"`:   {},
		`members[value eq "` + bob + `"]`:                      {"Staff"},
		`members.value eq "` + sales + `"`:                     {"Staff"},
		`members.type eq "Group"`:                              {"Staff"},
		`displayName sw "S" and not (members.display co "bo")`: {"Sales"},
		`displayName eq "Sales" or externalId pr`:              {"Sales", "Staff"},
		`displayName eq "none"`:                                {},
		`meta.resourceType eq "Group"`:                         {"Sales", "Staff"},
	} {
		a := w.get("/Groups?filter=" + url.QueryEscape(filter)).is(200).total(len(want))
		names := []string{}
		for i := range want {
			names = append(names, a.str("Resources", i, "displayName"))
		}
		require.Equal(t, want, names, filter)
	}
	w.get("/Groups?filter="+url.QueryEscape(`userName eq "x"`)).fails(400, "invalidFilter")
	a := w.get("/Groups?sortBy=displayName&sortOrder=descending&excludedAttributes=members&startIndex=1&count=1").is(200).total(2)
	require.Equal(t, "Staff", a.str("Resources", 0, "displayName"))
	require.Nil(t, a.at("Resources", 0, "members"), "pitfall 9")
	users := w.find(`groups.value eq "` + staff + `"`)
	require.ElementsMatch(t, []string{"ada", "bob"}, users.names(), "indirect members too")
}

func TestADisplayNameTwice(t *testing.T) {
	w := newWorld(t)
	first := w.newGroup("Sales")
	w.newGroup("sales")
	w.as("okta").call("POST", "/Groups", group("Sales")).is(201)
	entra := w.as("entra")
	entra.call("POST", "/Groups", group("SALES")).fails(409, "uniqueness")
	entra.call("PATCH", "/Groups/"+first, patch(`{"op":"replace","path":"displayName","value":"SALES"}`)).is(204)
	other := entra.call("POST", "/Groups", group("Other")).is(201).str("id")
	entra.call("PATCH", "/Groups/"+other, patch(`{"op":"replace","path":"displayName","value":"Sales"}`)).fails(409, "uniqueness")
}

func TestAGroupOfFiftyThousandIsPatchedByWhatIsSaid(t *testing.T) {
	w := newWorld(t)
	id := w.newGroup("Everybody")
	ada := w.create("ada")
	reads := 0
	store := w.service.Reader().(identity.Store)
	w.service = identity.NewService(counting{store, &reads}, w.clock, system.IDs{}, identity.EmailPolicy{})
	w.server = scim.New(w.service, scim.Options{})
	w.call("PATCH", "/Groups/"+id+"?excludedAttributes=members", patch(`{"op":"add","path":"members","value":[`+memberList(ada)+`]}`)).is(200)
	w.call("PATCH", "/Groups/"+id+"?excludedAttributes=members", patch(`{"op":"remove","path":"members[value eq \"`+ada+`\"]"}`)).is(200)
	require.Zero(t, reads, "who is in the group already is not read")
}

func TestWhetherThePatchOfAGroupAnswersWithTheGroup(t *testing.T) {
	w := newWorld(t)
	id := w.newGroup("G")
	op := func(name string) string { return patch(`{"op":"replace","path":"displayName","value":"` + name + `"}`) }
	require.Equal(t, "H", w.call("PATCH", "/Groups/"+id, op("H")).is(200).str("displayName"))
	for _, dialect := range []string{"entra", "okta"} {
		a := w.as(dialect).call("PATCH", "/Groups/"+id, op(dialect)).is(204)
		require.Empty(t, a.text)
		require.Equal(t, w.get("/Groups/"+id).header.Get("ETag"), a.header.Get("ETag"))
		require.Equal(t, dialect+"!", w.as(dialect).call("PATCH", "/Groups/"+id+"?attributes=displayName", op(dialect+"!")).is(200).str("displayName"), "RFC 7644 3.5.2: 200 if attributes are asked for")
	}
	user := w.create("ada")
	w.as("entra").call("PATCH", "/Users/"+user, patch(`{"op":"add","path":"title","value":"T"}`)).is(200)
}

func TestBooleansInQuotesInFiltersByDialect(t *testing.T) {
	w := newWorld(t)
	w.create("ada")
	for dialect, status := range map[string]int{"rfc": 400, "entra": 200, "okta": 200} {
		require.Equal(t, status, w.as(dialect).get("/Users?filter="+url.QueryEscape(`active eq "True"`)).status, dialect)
	}
}
