package scim_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	elimity "github.com/elimity-com/scim"
	"github.com/elimity-com/scim/errors"
	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"
	"github.com/stretchr/testify/require"

	"rollcall/scim"
)

// reference is elimity's server over a map: the same schemas, somebody else's protocol.
type reference struct {
	users map[string]elimity.ResourceAttributes
	next  int
}

func newReference(t testing.TB) (http.Handler, *reference) {
	users := &reference{users: map[string]elimity.ResourceAttributes{}}
	s, err := elimity.NewServer(&elimity.ServerArgs{
		ServiceProviderConfig: &elimity.ServiceProviderConfig{SupportFiltering: true, SupportPatch: true},
		ResourceTypes: []elimity.ResourceType{{
			ID: optional.NewString("User"), Name: "User", Endpoint: "/Users", Schema: schema.CoreUserSchema(),
			SchemaExtensions: []elimity.SchemaExtension{{Schema: schema.ExtensionEnterpriseUser()}}, Handler: users,
		}},
	})
	require.NoError(t, err)
	return s, users
}

func (f *reference) Create(_ *http.Request, a elimity.ResourceAttributes) (elimity.Resource, error) {
	for _, u := range f.users {
		if strings.EqualFold(fmt.Sprint(u["userName"]), fmt.Sprint(a["userName"])) {
			return elimity.Resource{}, errors.ScimErrorUniqueness
		}
	}
	f.next++
	id := fmt.Sprint(f.next)
	f.users[id] = a
	return f.resource(id), nil
}

func (f *reference) resource(id string) elimity.Resource {
	return elimity.Resource{ID: id, Attributes: maps.Clone(f.users[id])}
}

func (f *reference) Get(_ *http.Request, id string) (elimity.Resource, error) {
	if f.users[id] == nil {
		return elimity.Resource{}, errors.ScimErrorResourceNotFound(id)
	}
	return f.resource(id), nil
}

func (f *reference) GetAll(_ *http.Request, p elimity.ListRequestParams) (elimity.Page, error) {
	page := elimity.Page{Resources: []elimity.Resource{}}
	for id, u := range f.users {
		if p.FilterValidator == nil || p.FilterValidator.PassesFilter(u) == nil {
			page.TotalResults++
			page.Resources = append(page.Resources, f.resource(id))
		}
	}
	return page, nil
}

func (f *reference) Replace(r *http.Request, id string, a elimity.ResourceAttributes) (elimity.Resource, error) {
	if _, err := f.Get(r, id); err != nil {
		return elimity.Resource{}, err
	}
	f.users[id] = a
	return f.resource(id), nil
}

func (f *reference) Delete(r *http.Request, id string) error {
	_, err := f.Get(r, id)
	delete(f.users, id)
	return err
}

func (f *reference) Patch(r *http.Request, id string, ops []elimity.PatchOperation) (elimity.Resource, error) {
	if _, err := f.Get(r, id); err != nil {
		return elimity.Resource{}, err
	}
	after, err := elimity.ApplyPatch(maps.Clone(f.users[id]), ops, schema.CoreUserSchema(), schema.ExtensionEnterpriseUser())
	if err != nil {
		return elimity.Resource{}, err
	}
	f.users[id] = after
	return f.resource(id), nil
}

// outcome is what both servers must agree about: status, kind of error, and the number of results or the attributes that
// clients write.
func outcome(status int, text string) string {
	var m map[string]any
	if json.Unmarshal([]byte(text), &m) != nil {
		return fmt.Sprint(status)
	}
	if kind, ok := m["scimType"]; ok {
		return fmt.Sprint(status, " ", kind)
	}
	if total, ok := m["totalResults"]; ok {
		return fmt.Sprint(status, " ", total)
	}
	if status >= 400 {
		return fmt.Sprint(status)
	}
	for _, ours := range []string{"id", "meta", "schemas", "active", scim.AccountSchema} {
		delete(m, ours)
	}
	b, _ := json.Marshal(m)
	return fmt.Sprint(status, " ", string(b))
}

// TestDifferential sends the same requests to elimity's server and to ours. Where the answers differ, the table says
// which one the RFC supports.
func TestDifferential(t *testing.T) {
	get := func(filter string) [2]string {
		return [2]string{"GET", "/Users?filter=" + strings.ReplaceAll(filter, " ", "%20")}
	}
	ada := `"name":{"givenName":"Ada"},"emails":[{"value":"ada@x.org","type":"work"}]`
	tests := []struct {
		name      string
		request   [2]string // method and endpoint; {id} is the user
		body      string
		theirs    string // only where it differs
		ours      string
		paragraph string
	}{
		{name: "create", request: [2]string{"POST", "/Users"}, body: user("bob", `"title":"T"`)},
		{name: "create twice", request: [2]string{"POST", "/Users"}, body: user("ADA")},
		{name: "create without userName", request: [2]string{"POST", "/Users"}, body: `{"schemas":["` + scim.UserSchema + `"]}`},
		{name: "create without schemas", request: [2]string{"POST", "/Users"}, body: `{"userName":"x"}`},
		{name: "create with a wrong type", request: [2]string{"POST", "/Users"}, body: user("x", `"title":5`)},
		{name: "create with two primary values", request: [2]string{"POST", "/Users"}, body: user("x", `"emails":[{"value":"a@b.c","primary":true},{"value":"d@b.c","primary":true}]`)},
		{name: "create with read-only values", request: [2]string{"POST", "/Users"}, body: user("ro", `"groups":[{"value":"g"}],"id":"7"`)},
		{name: "create with a password", request: [2]string{"POST", "/Users"}, body: user("pw", `"password":"x"`),
			theirs: `201 {"password":"x","userName":"pw"}`, ours: `201 {"userName":"pw"}`, paragraph: "RFC 7643 4.1.1, 9.2: a password is never returned; elimity leaves that to its user"},
		{name: "create with an empty userName", request: [2]string{"POST", "/Users"}, body: user(""),
			theirs: `201 {"userName":""}`, ours: "400 invalidValue", paragraph: "RFC 7643 4.1.1: userName is REQUIRED and non-empty"},
		{name: "create with an unknown attribute", request: [2]string{"POST", "/Users"}, body: user("u", `"shoeSize":5`),
			theirs: `201 {"userName":"u"}`, ours: "400 invalidSyntax", paragraph: "RFC 7644 3.12 table 9: does not conform to the schema; our dialects entra and okta ignore it too"},
		{name: "create with a boolean in quotes", request: [2]string{"POST", "/Users"}, body: user("q", `"active":"True"`),
			theirs: "400 invalidValue", ours: `201 {"userName":"q"}`, paragraph: "RFC 7643 2.3.2: invalid, but all that Entra sends (SCM-05)"},
		{name: "create with an object for a list", request: [2]string{"POST", "/Users"}, body: user("o", `"roles":{"value":"r"}`),
			theirs: `201 {"roles":{"value":"r"},"userName":"o"}`, ours: "400 invalidValue", paragraph: "RFC 7643 2.4: multi-valued attributes are arrays"},
		{name: "create from no JSON", request: [2]string{"POST", "/Users"}, body: `{"schemas"`},
		{name: "read", request: [2]string{"GET", "/Users/{id}"}},
		{name: "read nobody", request: [2]string{"GET", "/Users/none"}},
		{name: "delete nobody", request: [2]string{"DELETE", "/Users/none"}},
		{name: "an unknown endpoint", request: [2]string{"GET", "/Nothing"}},
		{name: "who am I", request: [2]string{"GET", "/Me"},
			theirs: "501", ours: "404", paragraph: "RFC 7644 3.11: an alias of the token's user, and this token stands for none"},
		{name: "a method that users do not have", request: [2]string{"DELETE", "/Users"},
			theirs: "404", ours: "405", paragraph: "RFC 9110 15.5.6"},
		{name: "replace", request: [2]string{"PUT", "/Users/{id}"}, body: user("ada", `"nickName":"A"`)},
		{name: "replace nobody", request: [2]string{"PUT", "/Users/none"}, body: user("ada")},
		{name: "filter by userName", request: get(`userName eq "ada"`)},
		{name: "filter by userName in another case", request: get(`userName eq "ADA"`)},
		{name: "filter by a sub-attribute", request: get(`name.givenName sw "A"`)},
		{name: "filter by an element", request: get(`emails[type eq "work" and value co "ada"]`)},
		{name: "filter with not", request: get(`not (userName eq "ada")`)},
		{name: "filter by presence", request: get(`title pr`)},
		{name: "filter malformed", request: get(`userName is "x"`)},
		{name: "filter by an unknown attribute", request: get(`shoeSize pr`)},
		{name: "filter by a sub-attribute of an element", request: get(`emails[type eq "work"].value eq "ada@x.org"`),
			theirs: "400 invalidFilter", ours: "200 1", paragraph: "not in RFC 7644 figure 1, but how Entra looks for an address"},
		{name: "patch add", request: [2]string{"PATCH", "/Users/{id}"}, body: patch(`{"op":"add","path":"title","value":"T"}`)},
		{name: "patch a sub-attribute", request: [2]string{"PATCH", "/Users/{id}"}, body: patch(`{"op":"replace","path":"name.familyName","value":"L"}`)},
		{name: "patch a selected element", request: [2]string{"PATCH", "/Users/{id}"}, body: patch(`{"op":"replace","path":"emails[type eq \"work\"].value","value":"n@x.org"}`)},
		{name: "patch without a path", request: [2]string{"PATCH", "/Users/{id}"}, body: patch(`{"op":"replace","value":{"title":"T"}}`)},
		{name: "patch remove", request: [2]string{"PATCH", "/Users/{id}"}, body: patch(`{"op":"remove","path":"name.givenName"}`)},
		{name: "patch with a malformed path", request: [2]string{"PATCH", "/Users/{id}"}, body: patch(`{"op":"add","path":"emails[","value":"x"}`)},
		{name: "patch where nothing is selected", request: [2]string{"PATCH", "/Users/{id}"}, body: patch(`{"op":"replace","path":"emails[type eq \"other\"].value","value":"x"}`)},
		{name: "patch remove without a path", request: [2]string{"PATCH", "/Users/{id}"}, body: patch(`{"op":"remove"}`)},
		{name: "patch a read-only attribute", request: [2]string{"PATCH", "/Users/{id}"}, body: patch(`{"op":"add","path":"groups","value":[{"value":"g"}]}`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server, users := newReference(t)
			send := func(method, endpoint, body string) string {
				r := httptest.NewRequest(method, endpoint, strings.NewReader(body))
				rec := httptest.NewRecorder()
				server.ServeHTTP(rec, r)
				return outcome(rec.Code, rec.Body.String())
			}
			send("POST", "/Users", user("ada", ada))
			require.Len(t, users.users, 1)
			theirs := send(tt.request[0], strings.ReplaceAll(tt.request[1], "{id}", "1"), tt.body)

			w := newWorld(t)
			id := w.create("ada", ada)
			a := w.call(tt.request[0], strings.ReplaceAll(tt.request[1], "{id}", id), tt.body)
			ours := outcome(a.status, a.text)
			if tt.paragraph == "" {
				require.Equal(t, theirs, ours)
				return
			}
			require.Equal(t, tt.theirs, theirs, "elimity's answer")
			require.Equal(t, tt.ours, ours, "our answer")
			require.NotEqual(t, theirs, ours, "no difference any more: "+tt.paragraph)
		})
	}
}
