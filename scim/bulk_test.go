package scim_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/scim"
)

func bulk(more string, ops ...string) string {
	return `{"schemas":["` + scim.BulkRequestSchema + `"],` + more + `"Operations":[` + strings.Join(ops, ",") + `]}`
}

func post(endpoint, bulkID, data string) string {
	return fmt.Sprintf(`{"method":"POST","path":%q,"bulkId":%q,"data":%s}`, endpoint, bulkID, data)
}

func operate(method, path, data string) string {
	return fmt.Sprintf(`{"method":%q,"path":%q,"data":%s}`, method, path, data)
}

// statuses are those of the operations of a bulk answer.
func (a answer) statuses() []string {
	a.t.Helper()
	list := []string{}
	for i := range a.body["Operations"].([]any) {
		list = append(list, a.str("Operations", i, "status"))
	}
	return list
}

func (a answer) idAt(i int) string {
	a.t.Helper()
	location := a.str("Operations", i, "location")
	return location[strings.LastIndex(location, "/")+1:]
}

func TestSCM07_ABulkRequestDoesEachOperation(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.create("ada"), w.create("bob")
	a := w.call("POST", "/Bulk", bulk("",
		post("/Users", "q", user("cyd")),
		operate("PUT", "/Users/"+ada, user("ada", `"title":"T"`)),
		operate("PATCH", "/Users/"+bob, patch(`{"op":"add","path":"title","value":"T"}`)),
		fmt.Sprintf(`{"method":"delete","path":"/Users/%s","version":"W/\"2\""}`, bob),
		post("/Users", "twice", user("ADA")),
		operate("PATCH", "/Users/nobody", patch(`{"op":"remove","path":"title"}`)),
	)).is(200)
	require.Equal(t, []any{scim.BulkResponseSchema}, a.at("schemas"))
	require.Equal(t, []string{"201", "200", "200", "204", "409", "404"}, a.statuses())
	base := "https://id.example.org/scim/" + string(w.org) + "/v2/Users/"
	require.Equal(t, map[string]any{"method": "POST", "bulkId": "q", "status": "201", "version": `W/"1"`, "location": base + a.idAt(0)}, a.at("Operations", 0))
	require.Equal(t, map[string]any{"method": "PUT", "status": "200", "version": `W/"2"`, "location": base + ada}, a.at("Operations", 1))
	require.Equal(t, map[string]any{"method": "DELETE", "status": "204", "location": base + bob}, a.at("Operations", 3))
	require.Equal(t, "uniqueness", a.str("Operations", 4, "response", "scimType"))
	require.Equal(t, "404", a.str("Operations", 5, "response", "status"))
	require.Equal(t, "cyd", w.get("/Users/"+a.idAt(0)).str("userName"))
	w.get("/Users/"+bob).fails(404, "")
}

func TestRFC7644_3_7_1_ReferencesToWhatTheRequestCreates(t *testing.T) {
	for name, c := range map[string]struct {
		ops     []string
		members map[int][]int // of the groups that operations created: which operations created their members
	}{
		"what is referred to comes first": {[]string{post("/Users", "u", user("ada")), post("/Groups", "g", group("G", `"members":[`+memberList("bulkId:u")+`]`))}, map[int][]int{1: {0}}},
		"or last":                         {[]string{post("/Groups", "g", group("G", `"members":[`+memberList("bulkId:u")+`]`)), post("/Users", "u", user("ada"))}, map[int][]int{0: {1}}},
		"in a circle": {[]string{post("/Groups", "a", group("A", `"members":[`+memberList("bulkId:b")+`]`)), post("/Groups", "b", group("B", `"members":[`+memberList("bulkId:a", "bulkId:u")+`]`)),
			post("/Users", "u", user("ada"))}, map[int][]int{0: {1}, 1: {0, 2}}},
		"in a path": {[]string{operate("PATCH", "/Groups/bulkId:g", patch(`{"op":"add","path":"members","value":[`+memberList("bulkId:u")+`]}`)), post("/Groups", "g", group("G")),
			post("/Users", "u", user("ada"))}, map[int][]int{1: {2}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := w.call("POST", "/Bulk", bulk("", c.ops...)).is(200)
			for _, s := range a.statuses() {
				require.Contains(t, []string{"200", "201"}, s, a.text)
			}
			for i, members := range c.members {
				var want []string
				for _, m := range members {
					want = append(want, a.idAt(m))
				}
				got := w.get("/Groups/" + a.idAt(i))
				require.ElementsMatch(t, want, w.members(a.idAt(i)))
				require.Equal(t, got.header.Get("ETag"), w.get("/Groups/"+a.idAt(i)).header.Get("ETag"))
			}
		})
	}
	t.Run("managers in a circle", func(t *testing.T) {
		w := newWorld(t)
		manages := func(id string) string {
			return fmt.Sprintf(`%q:{"manager":{"value":"bulkId:%s"}}`, scim.EnterpriseSchema, id)
		}
		a := w.call("POST", "/Bulk", bulk("", post("/Users", "a", user("ada", manages("b"))), post("/Users", "b", user("bob", manages("a"))))).is(200)
		require.Equal(t, []string{"201", "201"}, a.statuses())
		for i, other := range []int{1, 0} {
			require.Equal(t, a.idAt(other), w.get("/Users/"+a.idAt(i)).str(scim.EnterpriseSchema, "manager", "value"))
		}
	})
	t.Run("registered resources in a circle", func(t *testing.T) {
		w := withTypes(t)
		links := func(id string) string { return fmt.Sprintf(`"parent":"bulkId:%s","owner":"bulkId:u"`, id) }
		a := w.call("POST", "/Bulk", bulk("", post(tests, "a", thing("a", links("b"))), post(tests, "b", thing("b", links("a"))), post("/Users", "u", user("ada")),
			post(tests, "c", thing("c", links("c"))))).is(200)
		require.Equal(t, []string{"201", "201", "201", "201"}, a.statuses(), a.text)
		for i, parent := range map[int]int{0: 1, 1: 0, 3: 3} {
			made := w.get(tests + "/" + a.idAt(i))
			require.Equal(t, []any{a.idAt(parent), a.idAt(2)}, []any{made.at("parent"), made.at("owner")})
		}
	})
	t.Run("in the path of a change", func(t *testing.T) {
		w := newWorld(t)
		a := w.call("POST", "/Bulk", bulk("", post("/Users", "u", user("ada")), post("/Groups", "g", group("G", `"members":[`+memberList("bulkId:u")+`]`)),
			`{"method":"PATCH","path":"/Groups/bulkId:g","data":`+patch(`{"op":"remove","path":"members[value eq \"bulkId:u\"]"}`)+`}`)).is(200)
		require.Equal(t, []string{"201", "201", "200"}, a.statuses(), a.text)
		require.Nil(t, w.get("/Groups/"+a.idAt(1)).at("members"))
	})
	t.Run("to what is only changed", func(t *testing.T) {
		w := newWorld(t)
		id := w.create("ada")
		change := `{"method":"PATCH","path":"/Users/` + id + `","bulkId":"p","data":` + patch(`{"op":"replace","path":"title","value":"x"}`) + `}`
		refer := post("/Groups", "g", group("G", `"members":[`+memberList("bulkId:p")+`]`))
		require.Equal(t, []string{"200", "400"}, w.call("POST", "/Bulk", bulk("", change, refer)).is(200).statuses())
		require.Equal(t, []string{"400", "200"}, w.call("POST", "/Bulk", bulk("", refer, change)).is(200).statuses(), "whichever comes first")
	})
	t.Run("in a path without a slash before it", func(t *testing.T) {
		w := newWorld(t)
		a := w.call("POST", "/Bulk", bulk("", post("/Users", "u", user("ada")),
			`{"method":"PATCH","path":"Users/bulkId:u","data":`+patch(`{"op":"replace","path":"title","value":"x"}`)+`}`)).is(200)
		require.Equal(t, []string{"201", "200"}, a.statuses(), a.text)
	})
	t.Run("in a circle of what cannot be without", func(t *testing.T) {
		w := withTypes(t)
		a := w.call("POST", "/Bulk", bulk("", post(tests, "a", thing("bulkId:b")), post(tests, "b", thing("bulkId:a")))).is(200)
		require.Equal(t, []string{"409", "409"}, a.statuses(), "the first refers to the second, which there is not")
		w.get(tests).is(200).total(0)
	})
	t.Run("in a circle of which a part fails", func(t *testing.T) {
		w := newWorld(t)
		a := w.call("POST", "/Bulk", bulk("", post("/Groups", "a", group("", `"members":[`+memberList("bulkId:b")+`]`)),
			post("/Groups", "b", group("B", `"members":[`+memberList("bulkId:a")+`]`)))).is(200)
		require.Equal(t, []string{"400", "409"}, a.statuses(), "a reference is not lost in silence")
		w.get("/Groups").is(200).total(0)
	})
	t.Run("that nothing created", func(t *testing.T) {
		w := newWorld(t)
		a := w.call("POST", "/Bulk", bulk("", post("/Groups", "g", group("G", `"members":[`+memberList("bulkId:u")+`]`)), post("/Users", "u", user("")))).is(200)
		require.Equal(t, []string{"409", "400"}, a.statuses())
		w.get("/Groups").is(200).total(0)
	})
}

func TestSCM07_ErrorsEndABulkRequestWhereTheClientWants(t *testing.T) {
	wrong := post("/Users", "%d", user(""))
	var ops []string
	for i := range 4 {
		ops = append(ops, strings.Replace(wrong, "%d", fmt.Sprint(i), 1))
	}
	for most, want := range map[int]int{1: 1, 2: 2, 100: 4} {
		w := newWorld(t)
		a := w.call("POST", "/Bulk", bulk(fmt.Sprintf(`"failOnErrors":%d,`, most), ops...)).is(200)
		require.Len(t, a.statuses(), want)
	}
}

func TestSCM07_OperationsOfABulkRequestShareTransactions(t *testing.T) {
	w := newWorld(t)
	ada := w.create("ada")
	var ops []string
	for i := range 250 {
		ops = append(ops, post("/Users", fmt.Sprint(i), user(fmt.Sprint("user-", i))))
	}
	commits := func(more string, ops ...string) (a answer, made int64) {
		before := w.store.Stats().Commits
		a = w.call("POST", "/Bulk", bulk(more, ops...)).is(200)
		return a, w.store.Stats().Commits - before
	}
	a, made := commits("", ops...)
	require.Len(t, a.statuses(), 250)
	require.EqualValues(t, 2, made, "a hundred operations, and then as many as take no longer than others can wait")
	require.Equal(t, "user-249", w.get("/Users/"+a.idAt(249)).str("userName"))

	refusals := func() (n int) {
		events, err := w.service.Reader().Events(t.Context(), w.org, identity.EventQuery{Limit: 1000})
		require.NoError(t, err)
		for _, e := range events {
			if e.Error != "" {
				n++
			}
		}
		return n
	}
	before := refusals()
	a, made = commits("", post("/Users", "x", user("new")), operate("PATCH", "/Users/"+ada, patch(`{"op":"add","path":"title","value":"T"}`)),
		post("/Users", "taken", user("user-7")), fmt.Sprintf(`{"method":"DELETE","path":"/Users/%s"}`, ada))
	require.Equal(t, []string{"201", "200", "409", "204"}, a.statuses())
	require.Equal(t, `W/"2"`, a.str("Operations", 1, "version"), "what is tried again is done once")
	require.Equal(t, before+1, refusals(), "a refusal is told of once")
	require.EqualValues(t, 3, made, "the two before the refused one, the refusal's event, and the one behind it")

	var again, more []string
	for i := range 30 {
		again = append(again, post("/Users", fmt.Sprint("a", i), user(fmt.Sprint("user-", i))))
		more = append(more, post("/Users", fmt.Sprint("b", i), user(fmt.Sprint("person-", i))))
	}
	before = refusals()
	a, made = commits("", append(again, more...)...)
	require.Equal(t, append(slices.Repeat([]string{"409"}, 30), slices.Repeat([]string{"201"}, 30)...), a.statuses())
	require.Equal(t, before+30, refusals())
	require.EqualValues(t, 30+4, made, "the refusals' events; then 1, 4, 16 and 9 together")

	a, _ = commits(`"failOnErrors":1,`, post("/Users", "y", user("newer")), post("/Users", "taken", user("user-7")), post("/Users", "z", user("newest")))
	require.Equal(t, []string{"201", "409"}, a.statuses())
	require.Equal(t, json.Number("0"), w.get("/Users?filter=" + url.QueryEscape(`userName eq "newest"`)).body["totalResults"])
}

func TestSCM07_AnOperationThatCannotBeTakesNothingFromWhatWasMadeBefore(t *testing.T) {
	w := newWorld(t)
	ada := w.create("ada")
	a := w.call("POST", "/Bulk", bulk("", post("/Users", "x", user("new")), post("/Users", "x", user("newer")),
		operate("PATCH", "/Users/bulkId:x", patch(`{"op":"add","path":"title","value":"T"}`)), operate("PATCH", "/Users/"+ada, patch(`{"op":"add","path":"title","value":"T"}`)))).is(200)
	require.Equal(t, []string{"201", "400", "200", "200"}, a.statuses())
	require.Equal(t, "T", w.get("/Users/"+a.idAt(0)).str("title"))
}

func TestABulkRequestThatCannotBe(t *testing.T) {
	w := newWorld(t)
	many := func(n int) []string {
		ops := make([]string, n)
		for i := range ops {
			ops[i] = `{"method":"DELETE","path":"/Users/x"}`
		}
		return ops
	}
	require.Len(t, w.call("POST", "/Bulk", bulk("", many(scim.MaxBulkOperations)...)).is(200).statuses(), scim.MaxBulkOperations)
	w.call("POST", "/Bulk", bulk("", many(scim.MaxBulkOperations+1)...)).fails(413, "")
	w.call("POST", "/Bulk", bulk("")).fails(400, "invalidSyntax")
	w.call("POST", "/Bulk", `{"schemas":["x"],"Operations":[{}]}`).fails(400, "invalidSyntax")
	for _, limit := range []string{"0", `"x"`, "1.5"} {
		w.call("POST", "/Bulk", bulk(`"failOnErrors":`+limit+`,`, many(1)...)).fails(400, "invalidValue")
	}
	w.call("POST", "/Bulk", bulk("", `{"method":"DELETE","path":"/Users/`+strings.Repeat("x", scim.MaxBody)+`"}`)).fails(413, "")
	for name, op := range map[string]string{
		"no object": `1`, "no method": `{"path":"/Users/x"}`, "GET": `{"method":"GET","path":"/Users/x"}`, "no bulkId": `{"method":"POST","path":"/Users","data":{}}`,
		"no data": `{"method":"PUT","path":"/Users/x"}`, "no path": `{"method":"DELETE"}`, "an unknown type": `{"method":"DELETE","path":"/Things/x"}`,
		"bulk in bulk": `{"method":"POST","path":"/Bulk","bulkId":"x","data":{}}`, "deleting a type": `{"method":"DELETE","path":"/Users"}`,
		"creating in a resource": `{"method":"POST","path":"/Users/x","bulkId":"x","data":{}}`, "a search": `{"method":"POST","path":"/Users/.search","bulkId":"x","data":{}}`,
	} {
		a := w.call("POST", "/Bulk", bulk("", op)).is(200)
		require.Equal(t, []string{"400"}, a.statuses(), name)
	}
	a := w.call("POST", "/Bulk", bulk("", post("/Users", "x", user("a")), post("/Users", "x", user("b")))).is(200)
	require.Equal(t, []string{"201", "400"}, a.statuses(), "a bulkId stands for one resource")
	require.Equal(t, json.Number("1"), w.get("/Users").body["totalResults"])
	entra := w.as("entra").call("POST", "/Bulk", bulk("", post("/Users", "y", user("c", `"active":"False"`)))).is(200)
	require.Equal(t, []string{"201"}, entra.statuses())
}
