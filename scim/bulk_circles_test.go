package scim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/scim"
)

// creation is a POST in a bulk request. Those whose bulkId begins with "u" create a user, whose only reference is the manager, the others
// a group, whose references are members.
type creation struct {
	id    string
	refs  []string
	fault string // "": none; "empty": the name is; "taken": the name of a user is
}

// creations reads "u1>u2 g1>u1,g2!empty": what refers to what, and what fails.
func creations(text string) (list []creation) {
	for _, word := range strings.Fields(text) {
		var c creation
		word, c.fault, _ = strings.Cut(word, "!")
		id, refs, _ := strings.Cut(word, ">")
		c.id = id
		if refs != "" {
			c.refs = strings.Split(refs, ",")
		}
		list = append(list, c)
	}
	return list
}

func (c creation) isUser() bool { return c.id[0] == 'u' }

func (c creation) name() string {
	switch c.fault {
	case "empty":
		return ""
	case "taken":
		return "taken"
	}
	return "name-" + c.id
}

func (c creation) operation() string {
	if !c.isUser() {
		var members []string
		for _, ref := range c.refs {
			members = append(members, "bulkId:"+ref)
		}
		return post("/Groups", c.id, group(c.name(), `"members":[`+memberList(members...)+`]`))
	}
	if len(c.refs) == 0 {
		return post("/Users", c.id, user(c.name()))
	}
	return post("/Users", c.id, user(c.name(), fmt.Sprintf(`%q:{"manager":{"value":"bulkId:%s"}}`, scim.EnterpriseSchema, c.refs[0])))
}

// bulkOutcome is what a bulk request of creations came to.
type bulkOutcome struct {
	answer
	status, detail, id map[string]string // by bulkId
}

// bulkCreate carries out creations in an organization where a user is called "taken", and requires that each is whole or not there.
func (w *world) bulkCreate(more string, list []creation) bulkOutcome {
	w.t.Helper()
	var ops []string
	for _, c := range list {
		ops = append(ops, c.operation())
	}
	o := bulkOutcome{w.call("POST", "/Bulk", bulk(more, ops...)).is(200), map[string]string{}, map[string]string{}, map[string]string{}}
	at := -1
	for i := range o.body["Operations"].([]any) {
		id := o.str("Operations", i, "bulkId")
		n := slices.IndexFunc(list, func(c creation) bool { return c.id == id })
		require.Greater(w.t, n, at, "answers in the order of the request: %s", o.text)
		at = n
		if o.status[id] = o.str("Operations", i, "status"); o.status[id] == "201" {
			o.id[id] = o.idAt(i)
			continue
		}
		o.detail[id] = o.str("Operations", i, "response", "detail")
		require.Equal(w.t, o.status[id], o.str("Operations", i, "response", "status"))
		require.NotContains(w.t, o.at("Operations", i), "location", "a POST that failed is nowhere")
	}
	users, sets := 1, 0
	for _, c := range list {
		id := o.id[c.id]
		if id == "" {
			continue
		}
		var want []string
		for _, ref := range c.refs {
			require.Contains(w.t, o.id, ref, "%s is told as done and refers to %s: %s", c.id, ref, o.text)
			want = append(want, o.id[ref])
		}
		if !c.isUser() {
			sets++
			require.ElementsMatch(w.t, want, w.members(id))
			continue
		}
		users++
		u := w.get("/Users/" + id).is(200)
		if manager, _ := u.at(scim.EnterpriseSchema, "manager", "value").(string); len(want) > 0 {
			require.Equal(w.t, want[0], manager)
		}
	}
	w.get("/Users").is(200).total(users)
	w.get("/Groups").is(200).total(sets)
	return o
}

func TestRFC7644_3_7_1_ACircleIsWholeOrNotThere(t *testing.T) {
	for name, c := range map[string]struct{ ops, want string }{
		"users of whom each manages the next":             {"u1>u2 u2>u3 u3>u1", "201 201 201"},
		"groups of which each has the next":               {"g1>g2 g2>g3 g3>g1", "201 201 201"},
		"groups of which each has all others":             {"g1>g2,g3 g2>g1,g3 g3>g1,g2", "201 201 201"},
		"two circles with one in common":                  {"g1>g2 g2>g1,g3 g3>g2", "201 201 201"},
		"two circles of which one refers to the other":    {"g1>g2 g2>g1,u1 u1>u2 u2>u1", "201 201 201 201"},
		"a user who manages himself":                      {"u1>u1", "201"},
		"the first of three users fails":                  {"u1>u2!empty u2>u3 u3>u1", "400 409 409"},
		"the second of three users fails":                 {"u1>u2 u2>u3!empty u3>u1", "409 400 409"},
		"the last of three users fails":                   {"u1>u2 u2>u3 u3>u1!empty", "409 409 400"},
		"the first of three users is there already":       {"u1>u2!taken u2>u3 u3>u1", "409 409 409"},
		"the last of three users is there already":        {"u1>u2 u2>u3 u3>u1!taken", "409 409 409"},
		"the first of three groups fails":                 {"g1>g2!empty g2>g3 g3>g1", "400 409 409"},
		"the second of three groups fails":                {"g1>g2 g2>g3!empty g3>g1", "409 400 409"},
		"the last of three groups fails":                  {"g1>g2 g2>g3 g3>g1!empty", "409 409 400"},
		"the first of four fails":                         {"g1>g2!empty g2>g3 g3>g4 g4>g1", "400 409 409 409"},
		"the second of four fails":                        {"g1>g2 g2>g3!empty g3>g4 g4>g1", "409 400 409 409"},
		"the third of four fails":                         {"g1>g2 g2>g3 g3>g4!empty g4>g1", "409 409 400 409"},
		"the last of four fails":                          {"g1>g2 g2>g3 g3>g4 g4>g1!empty", "409 409 409 400"},
		"two of four fail":                                {"g1>g2 g2>g3!empty g3>g4 g4>g1!empty", "409 400 409 400"},
		"who is outside refers into a circle that fails":  {"g9>g1 g1>g2 g2>g3 g3>g1!empty", "409 409 409 400"},
		"by way of another":                               {"g1>g2 g2>g1!empty g8>g1 g9>g8", "409 400 409 409"},
		"a circle refers to who is outside and fails":     {"g1>g2 g2>g3 g3>g1,u1 u1!empty", "409 409 409 400"},
		"to who is outside and there already":             {"u1!taken g1>g2 g2>g3 g3>g1,u1", "409 409 409 409"},
		"a circle of groups refers to one of users":       {"g1>g2,u1 g2>g1 u1>u2 u2>u1!empty", "409 409 409 400"},
		"a circle of users stays though that fails":       {"g1>g2,u1 g2>g1!empty u1>u2 u2>u1", "409 400 201 201"},
		"who has nothing to do with it stays":             {"u1 g1>g2 g2>g3 g3>g1!empty u2>u1", "201 409 409 400 201"},
		"to what nothing creates":                         {"g1>g2 g2>g3 g3>g1,nobody", "409 409 400"},
		"a chain to what is there already":                {"g1>g2 g2>g3 g3>u1 u1!taken", "409 409 409 409"},
		"a group in itself is no group, nor what has it":  {"g1>g1!empty g2>g1", "400 409"},
		"a circle fails twice, in itself and by a member": {"g1>g2,u1 g2>g1!empty u1!taken", "409 400 409"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.create("taken")
			require.Equal(t, strings.Fields(c.want), w.bulkCreate("", creations(c.ops)).statuses())
		})
	}
}

func TestRFC7644_3_7_2_WhoeverFailsWithAnotherIsToldWith(t *testing.T) {
	for name, c := range map[string]struct{ ops, of, want string }{
		"what it refers to failed":       {"g1>g2 g2!empty", "g1", `bulkId "g2" was not created, so nothing can refer to it.`},
		"what that refers to failed":     {"g1>g2 g2>g3 g3!empty", "g1", `bulkId "g2" was not created, because bulkId "g3" was not.`},
		"a circle's next":                {"g1>g2 g2>g3!empty g3>g1", "g1", `bulkId "g2" was not created, so nothing can refer to it.`},
		"a circle's next but one":        {"g1>g2 g2>g3 g3>g1!empty", "g1", `bulkId "g2" was not created, because bulkId "g3" was not.`},
		"a user who is there already":    {"u1>u2 u2>u3 u3>u1!taken", "u1", `bulkId "u2" was not created, because bulkId "u3" was not.`},
		"what a member of it refers to":  {"g1>g2 g2>g1,u1 u1!empty", "g1", `bulkId "g2" was not created, because bulkId "u1" was not.`},
		"a circle that it refers into":   {"g9>g1 g1>g2 g2>g1!empty", "g9", `bulkId "g1" was not created, because bulkId "g2" was not.`},
		"nothing has this bulkId":        {"g1>nobody", "g1", `bulkId "nobody" names nothing that this request creates.`},
		"its own cause, in its own word": {"g1>g2!empty g2>g1!empty", "g1", "displayName is required and must not be empty."},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.create("taken")
			require.Equal(t, c.want, w.bulkCreate("", creations(c.ops)).detail[c.of])
		})
	}
}

func TestRFC7644_3_7_1_WhatWaitsForACircleThatFailsChangesNothing(t *testing.T) {
	w := newWorld(t)
	ada := w.create("ada")
	there := w.call("POST", "/Groups", group("There")).is(201).str("id")
	a := w.call("POST", "/Bulk", bulk("",
		operate("PATCH", "/Groups/"+there, patch(`{"op":"add","path":"members","value":[`+memberList("bulkId:g1")+`]}`)),
		operate("PUT", "/Users/"+ada, user("ada", `"title":"T"`, fmt.Sprintf(`%q:{"manager":{"value":"bulkId:u1"}}`, scim.EnterpriseSchema))),
		operate("DELETE", "/Groups/bulkId:g2", "null"),
		post("/Groups", "g1", group("G1", `"members":[`+memberList("bulkId:g2", "bulkId:u1")+`]`)),
		post("/Groups", "g2", group("", `"members":[`+memberList("bulkId:g1")+`]`)),
		post("/Users", "u1", user("")),
	)).is(200)
	require.Equal(t, []string{"409", "409", "409", "409", "400", "400"}, a.statuses())
	require.Equal(t, w.get("/Groups/"+there).str("meta", "location"), a.str("Operations", 0, "location"))
	require.Empty(t, w.members(there))
	require.Equal(t, `W/"1"`, w.get("/Users/"+ada).header.Get("ETag"))
}

func TestRFC7644_3_7_1_AttributesOfAllKindsSettleInACircle(t *testing.T) {
	manager := func(id string) string {
		return fmt.Sprintf(`%q:{"department":"D","manager":{"value":"bulkId:%s"}}`, scim.EnterpriseSchema, id)
	}
	t.Run("what else stands beside the reference is kept", func(t *testing.T) {
		w := newWorld(t)
		a := w.call("POST", "/Bulk", bulk("", post("/Users", "u1", user("ada", `"title":"T"`, manager("u2"))), post("/Users", "u2", user("bob", manager("u1"))))).is(200)
		require.Equal(t, []string{"201", "201"}, a.statuses())
		u := w.get("/Users/" + a.idAt(0)).is(200)
		require.Equal(t, []any{"T", "D", a.idAt(1)}, []any{u.at("title"), u.at(scim.EnterpriseSchema, "department"), u.at(scim.EnterpriseSchema, "manager", "value")})
		require.Equal(t, u.header.Get("ETag"), a.str("Operations", 0, "version"))
	})
	t.Run("read-only references are ignored, and make no circle", func(t *testing.T) {
		w := newWorld(t)
		a := w.call("POST", "/Bulk", bulk("", post("/Users", "u", user("ada", `"groups":[{"value":"bulkId:g"},{"value":"bulkId:nobody"}]`)),
			post("/Groups", "g", group("G", `"members":[`+memberList("bulkId:u")+`]`)))).is(200)
		require.Equal(t, []string{"201", "201"}, a.statuses())
		require.Equal(t, []string{a.idAt(0)}, w.members(a.idAt(1)))
		require.Equal(t, []string{`W/"1"`}, []string{a.str("Operations", 0, "version")})
	})
}

// TestRFC7644_3_7_1_ACircleOfRegisteredTypes has bricks, which lie on another and may lean on one, and walls, which must have a first brick.
func TestRFC7644_3_7_1_ACircleOfRegisteredTypes(t *testing.T) {
	schema := func(name, attributes string) string {
		return `{"id":"urn:example:` + name + `","attributes":[{"name":"name","required":true},` + attributes + `]}`
	}
	kind := func(name, more string) string {
		return `{"name":"` + name + `","endpoint":"/` + name + `s","schema":"urn:example:` + name + `"` + more + `}`
	}
	types, err := scim.ReadTypes(write(t, t.TempDir(), "types.json", registration(
		schema("Brick", `{"name":"on","type":"reference"},{"name":"wall","type":"reference","mutability":"immutable"}`)+","+
			schema("Wall", `{"name":"first","type":"reference","required":true}`)+`,{"id":"urn:example:Glue","attributes":[{"name":"to","type":"reference"}]}`,
		kind("Brick", "")+","+kind("Wall", `,"schemaExtensions":[{"schema":"urn:example:Glue","required":true}]`))))
	require.NoError(t, err)
	brick := func(id, more string) string {
		return post("/Bricks", id, `{"schemas":["urn:example:Brick"],"name":"`+id+`"`+more+`}`)
	}
	wall := func(id, first, glue string) string {
		return post("/Walls", id, `{"schemas":["urn:example:Wall"],"name":"`+id+`","first":"`+first+`","urn:example:Glue":{"to":"`+glue+`"}}`)
	}
	for name, c := range map[string]struct {
		ops  []string
		want string
	}{
		"optional":                              {[]string{brick("a", `,"on":"bulkId:b"`), brick("b", `,"on":"/Bricks/bulkId:a"`)}, "201 201"},
		"required, so that it is made later":    {[]string{wall("w", "bulkId:a", "x"), brick("a", `,"on":"bulkId:b"`), brick("b", `,"wall":"bulkId:w"`)}, "201 201 201"},
		"in a required extension":               {[]string{wall("w", "x", "bulkId:a"), brick("a", `,"wall":"bulkId:w"`)}, "201 201"},
		"required of each other":                {[]string{wall("v", "bulkId:w", "x"), wall("w", "bulkId:v", "x")}, "409 409"},
		"of a required extension and of itself": {[]string{wall("w", "x", "bulkId:w")}, "409"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.server = scim.New(w.service, scim.Options{BaseURL: "https://id.example.org", Types: types, Limit: unlimited})
			a := w.call("POST", "/Bulk", bulk("", c.ops...)).is(200)
			require.Equal(t, strings.Fields(c.want), a.statuses(), a.text)
			kept := w.get("/Bricks").is(200).text + w.get("/Walls").is(200).text
			require.NotContains(t, kept, "bulkId:")
			for i, status := range a.statuses() {
				if status == "409" {
					require.Contains(t, a.str("Operations", i, "response", "detail"), "circle of references that cannot be settled")
					require.Contains(t, kept, `"totalResults":0`)
					continue
				}
				require.Contains(t, kept, a.idAt(i)+`"`)
				require.GreaterOrEqual(t, strings.Count(kept, a.idAt(i)+`"`), 3, "its id, its location, and the reference to it: %s", kept)
			}
		})
	}
}

func TestRFC7644_3_7_3_ErrorsAreCountedWhereReferencesFail(t *testing.T) {
	const end = "!empty u9"
	for name, c := range map[string]struct {
		ops  string
		most int
		want string // of the operations that were tried, by bulkId
	}{
		"a circle is told as a whole":                {"g1>g2 g2>g3 g3>g1" + end, 1, "g1:409 g2:409 g3:400"},
		"a circle counts what it has":                {"g1>g2 g2>g3 g3>g1" + end, 3, "g1:409 g2:409 g3:400"},
		"and no more":                                {"g1>g2 g2>g3 g3>g1" + end, 4, "g1:409 g2:409 g3:400 u9:201"},
		"who waited for it is told":                  {"g9>g1 g1>g2 g2>g1" + end, 1, "g1:409 g2:400 g9:409"},
		"what was not begun is not":                  {"g1>u1,u2 u1!empty u2 u3", 1, "g1:409 u1:400"},
		"though another waits for it":                {"g1>u1,g2 u1!empty g2>u3 u3", 1, "g1:409 u1:400"},
		"what came before stays":                     {"u1 g1>u1,g2 g2" + end, 1, "g1:409 g2:400 u1:201"},
		"one that only refers counts as one as well": {"g1>u1 u1!empty u2 u3!empty u4", 3, "g1:409 u1:400 u2:201 u3:400"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.create("taken")
			o := w.bulkCreate(fmt.Sprintf(`"failOnErrors":%d,`, c.most), creations(c.ops))
			var got []string
			for id, status := range o.status {
				got = append(got, id+":"+status)
			}
			slices.Sort(got)
			require.Equal(t, strings.Fields(c.want), got)
		})
	}
}

// TestRFC7644_3_7_1_WhateverRefersToWhatever creates whatever can be referred to each other, some of it faulty: what is told as done has
// all of its references, of the rest there is nothing, and what fails does so because something that it needs is faulty.
func TestRFC7644_3_7_1_WhateverRefersToWhatever(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		w := w.in(w.newOrg("Other"))
		w.create("taken")
		list := drawCreations(rt)
		most := rapid.IntRange(0, 4).Draw(rt, "most")
		more := ""
		if most > 0 {
			more = fmt.Sprintf(`"failOnErrors":%d,`, most)
		}
		o := w.bulkCreate(more, list)
		lost, failed := lostOf(list), 0
		for _, c := range list {
			switch status, told := o.status[c.id]; {
			case told && status != "201":
				failed++
				require.True(t, lost[c.id], "%s of %v failed without need: %s", c.id, list, o.text)
			case told:
				require.False(t, lost[c.id])
			default:
				require.NotZero(t, most, "%s of %v is not told: %s", c.id, list, o.text)
			}
		}
		if len(o.status) < len(list) {
			require.GreaterOrEqual(t, failed, most, "%v ended too early: %s", list, o.text)
		}
	})
}

func drawCreations(rt *rapid.T) []creation {
	list := make([]creation, rapid.IntRange(2, 7).Draw(rt, "n"))
	var users, all []string
	for i := range list {
		kind := rapid.SampledFrom([]string{"u", "g"}).Draw(rt, "kind")
		list[i].id = fmt.Sprintf("%s%d", kind, i)
		list[i].fault = rapid.SampledFrom([]string{"", "", "", "", "", "", "empty"}).Draw(rt, "fault")
		if all = append(all, list[i].id); kind == "g" {
			continue
		}
		users = append(users, list[i].id)
		if list[i].fault == "" && rapid.IntRange(0, 9).Draw(rt, "taken") == 0 {
			list[i].fault = "taken"
		}
	}
	for i, c := range list {
		if c.isUser() {
			list[i].refs = rapid.SliceOfNDistinct(rapid.SampledFrom(users), rapid.IntRange(0, 1).Draw(rt, "least"), 1, rapid.ID).Draw(rt, "manager")
			continue
		}
		others := slices.DeleteFunc(slices.Clone(all), func(id string) bool { return id == c.id })
		if len(others) > 0 {
			list[i].refs = rapid.SliceOfNDistinct(rapid.SampledFrom(others), rapid.IntRange(0, 1).Draw(rt, "least"), min(3, len(others)), rapid.ID).Draw(rt, "members")
		}
	}
	return list
}

// lostOf are the creations that cannot be: they are faulty, or need one that cannot.
func lostOf(list []creation) map[string]bool {
	lost := map[string]bool{}
	for before := -1; before < len(lost); {
		before = len(lost)
		for _, c := range list {
			if c.fault != "" || slices.ContainsFunc(c.refs, func(ref string) bool { return lost[ref] }) {
				lost[c.id] = true
			}
		}
	}
	return lost
}
