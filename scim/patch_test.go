package scim

import (
	"encoding/json"
	"testing"

	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const ada = `{"id":"u1","userName":"ada","active":true,"name":{"givenName":"Ada","familyName":"Lovelace"},"title":"Countess",
 "emails":[{"type":"work","value":"ada@x.org","primary":true},{"type":"home","value":"ada@h.org"}],
 "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Engines","manager":{"value":"m1","$ref":"r1"}}}`

func object(t require.TestingT, s string) map[string]any {
	m, err := decodeObject([]byte(s))
	require.NoError(t, err, s)
	return m
}

// userIndex and groupIndex are the indexes of a server without registered types.
func userIndex() *index  { return newTypes(Types{})[0].index }
func groupIndex() *index { return newTypes(Types{})[1].index }

// patched applies operations, written as JSON, to ada in a dialect.
func patched(t require.TestingT, d Dialect, ops string) (map[string]any, error) {
	list, err := parsePatch(object(t, `{"schemas":["`+PatchSchema+`"],"Operations":`+ops+`}`))
	if err != nil {
		return nil, err
	}
	before := object(t, ada)
	after, err := userIndex().patch(d, before, list)
	require.Equal(t, object(t, ada), before, "the document that was given has changed")
	return after, err
}

// differs lists what ops changed in ada, attribute by attribute; null for what is gone.
func differs(t *testing.T, d Dialect, ops string) string {
	after, err := patched(t, d, ops)
	require.NoError(t, err)
	diff := map[string]any{}
	before := object(t, ada)
	for k, v := range after {
		if !same(v, before[k]) {
			diff[k] = v
		}
	}
	for k := range before {
		if _, kept := after[k]; !kept {
			diff[k] = nil
		}
	}
	b, err := appendJSON(nil, diff)
	require.NoError(t, err)
	return string(b)
}

func TestPatch(t *testing.T) {
	const (
		noManager  = `{"` + EnterpriseSchema + `":{"department":"Engines"}}`
		newManager = `{"` + EnterpriseSchema + `":{"department":"Engines","manager":{"value":"m2"}}}`
	)
	tests := map[string]struct{ ops, want string }{
		"add a simple attribute":                         {`[{"op":"add","path":"nickName","value":"Babs"}]`, `{"nickName":"Babs"}`},
		"add what is there":                              {`[{"op":"add","path":"title","value":"Countess"}]`, `{}`},
		"replace in another case":                        {`[{"op":"Replace","path":"TITLE","value":"Lady"}]`, `{"title":"Lady"}`},
		"replace what is not there":                      {`[{"op":"replace","path":"nickName","value":"B"}]`, `{"nickName":"B"}`},
		"replace by null clears":                         {`[{"op":"replace","path":"title","value":null}]`, `{"title":null}`},
		"add null does nothing":                          {`[{"op":"add","path":"title","value":null}]`, `{}`},
		"remove":                                         {`[{"op":"Remove","path":"title"}]`, `{"title":null}`},
		"remove what is not there":                       {`[{"op":"remove","path":"nickName"}]`, `{}`},
		"a sub-attribute":                                {`[{"op":"replace","path":"name.familyName","value":"King"}]`, `{"name":{"familyName":"King","givenName":"Ada"}}`},
		"remove a sub-attribute":                         {`[{"op":"remove","path":"name.familyName"}]`, `{"name":{"givenName":"Ada"}}`},
		"remove the last sub-attributes":                 {`[{"op":"remove","path":"name.familyName"},{"op":"remove","path":"name.givenName"}]`, `{"name":null}`},
		"pitfall 26: a partial complex replace":          {`[{"op":"replace","path":"name","value":{"familyName":"King"}}]`, `{"name":{"familyName":"King","givenName":"Ada"}}`},
		"operations follow each other":                   {`[{"op":"add","path":"title","value":"A"},{"op":"replace","path":"title","value":"B"}]`, `{"title":"B"}`},
		"pitfall 23: dotted keys":                        {`[{"op":"replace","value":{"name.givenName":"A","name.familyName":"B"}}]`, `{"name":{"familyName":"B","givenName":"A"}}`},
		"pitfall 23: URN keys":                           {`[{"op":"replace","value":{"` + EnterpriseSchema + `:department":"D"}}]`, `{"` + EnterpriseSchema + `":{"department":"D","manager":{"$ref":"r1","value":"m1"}}}`},
		"a URN container":                                {`[{"op":"add","value":{"` + EnterpriseSchema + `":{"department":"D"}}}]`, `{"` + EnterpriseSchema + `":{"department":"D","manager":{"$ref":"r1","value":"m1"}}}`},
		"a URN as path":                                  {`[{"op":"replace","path":"` + EnterpriseSchema + `","value":{"costCenter":"C","manager":null}}]`, `{"` + EnterpriseSchema + `":{"costCenter":"C","department":"Engines"}}`},
		"remove a whole extension":                       {`[{"op":"remove","path":"` + EnterpriseSchema + `"}]`, `{"` + EnterpriseSchema + `":null}`},
		"the core schema's URN before a name":            {`[{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:title","value":"T"}]`, `{"title":"T"}`},
		"a value path as a key":                          {`[{"op":"replace","value":{"emails[type eq \"home\"].value":"n@h.org"}}]`, `{"emails":[{"primary":true,"type":"work","value":"ada@x.org"},{"type":"home","value":"n@h.org"}]}`},
		"pitfall 14: active as a text":                   {`[{"op":"Replace","path":"active","value":"False"}]`, `{"active":false}`},
		"pitfall 15: active without a path":              {`[{"op":"replace","value":{"active":false}}]`, `{"active":false}`},
		"active as it is, as a text":                     {`[{"op":"replace","path":"active","value":"True"}]`, `{}`},
		"pitfall 22: manager as a bare text":             {`[{"op":"add","path":"` + EnterpriseSchema + `:manager","value":"m2"}]`, newManager},
		"pitfall 22: manager as an object":               {`[{"op":"add","path":"` + EnterpriseSchema + `:manager","value":{"value":"m2"}}]`, newManager},
		"pitfall 22: manager in an array":                {`[{"op":"add","path":"` + EnterpriseSchema + `:manager","value":[{"value":"m2"}]}]`, newManager},
		"pitfall 22: manager without its URN":            {`[{"op":"add","path":"manager","value":"m2"}]`, newManager},
		"pitfall 22: manager.value":                      {`[{"op":"replace","path":"` + EnterpriseSchema + `:manager.value","value":"m2"}]`, newManager},
		"the same manager again keeps its reference":     {`[{"op":"add","path":"manager","value":"m1"}]`, `{}`},
		"manager as an empty text is removed":            {`[{"op":"replace","path":"manager","value":""}]`, noManager},
		"manager with an empty value is removed":         {`[{"op":"replace","path":"manager","value":{"value":""}}]`, noManager},
		"manager as null is removed":                     {`[{"op":"replace","path":"manager","value":null}]`, noManager},
		"manager as an empty array is removed":           {`[{"op":"replace","path":"manager","value":[]}]`, noManager},
		"remove manager":                                 {`[{"op":"Remove","path":"` + EnterpriseSchema + `:manager"}]`, noManager},
		"add an element":                                 {`[{"op":"add","path":"emails","value":[{"type":"other","value":"o@x.org"}]}]`, `{"emails":[{"primary":true,"type":"work","value":"ada@x.org"},{"type":"home","value":"ada@h.org"},{"type":"other","value":"o@x.org"}]}`},
		"add one element without an array":               {`[{"op":"add","path":"roles","value":{"value":"r"}}]`, `{"roles":[{"value":"r"}]}`},
		"pitfall 5: add keeps what is there":             {`[{"op":"add","value":{"emails":[{"type":"home","value":"ada@h.org"}]}}]`, `{}`},
		"add an element that is there, now primary":      {`[{"op":"add","path":"emails","value":[{"type":"home","value":"ada@h.org","primary":true}]}]`, `{"emails":[{"primary":false,"type":"work","value":"ada@x.org"},{"primary":true,"type":"home","value":"ada@h.org"}]}`},
		"add the same element twice":                     {`[{"op":"add","path":"roles","value":[{"value":"r"},{"value":"r"}]},{"op":"add","path":"roles","value":"r"}]`, `{"roles":[{"value":"r"}]}`},
		"replace a list":                                 {`[{"op":"replace","path":"emails","value":[{"value":"n@x.org"}]}]`, `{"emails":[{"value":"n@x.org"}]}`},
		"replace a list by nothing":                      {`[{"op":"replace","path":"emails","value":[]}]`, `{"emails":null}`},
		"pitfall 24: replace selected sub-attributes":    {`[{"op":"replace","path":"emails[type eq \"work\"].value","value":"n@x.org"}]`, `{"emails":[{"primary":true,"type":"work","value":"n@x.org"},{"type":"home","value":"ada@h.org"}]}`},
		"pitfall 24: replace a selected element":         {`[{"op":"replace","path":"emails[type eq \"home\"]","value":{"type":"home","value":"n@h.org"}}]`, `{"emails":[{"primary":true,"type":"work","value":"ada@x.org"},{"type":"home","value":"n@h.org"}]}`},
		"a replaced element stays what its path says":    {`[{"op":"replace","path":"emails[type eq \"home\"]","value":{"value":"n@h.org"}}]`, `{"emails":[{"primary":true,"type":"work","value":"ada@x.org"},{"type":"home","value":"n@h.org"}]}`},
		"pitfall 24: add to nothing selected creates":    {`[{"op":"Add","path":"phoneNumbers[type eq \"mobile\"].value","value":"+1"}]`, `{"phoneNumbers":[{"type":"mobile","value":"+1"}]}`},
		"add to a selected element":                      {`[{"op":"add","path":"emails[type eq \"home\"]","value":{"display":"H"}}]`, `{"emails":[{"primary":true,"type":"work","value":"ada@x.org"},{"display":"H","type":"home","value":"ada@h.org"}]}`},
		"a new primary takes the place of the old":       {`[{"op":"replace","path":"emails[type eq \"home\"].primary","value":true}]`, `{"emails":[{"primary":false,"type":"work","value":"ada@x.org"},{"primary":true,"type":"home","value":"ada@h.org"}]}`},
		"pitfall 1: remove one element":                  {`[{"op":"remove","path":"emails[value eq \"ada@h.org\"]"}]`, `{"emails":[{"primary":true,"type":"work","value":"ada@x.org"}]}`},
		"pitfalls 1, 2: remove by a list means those":    {`[{"op":"remove","path":"emails","value":[{"value":"ada@h.org"}]}]`, `{"emails":[{"primary":true,"type":"work","value":"ada@x.org"}]}`},
		"remove by a list of nobody keeps all":           {`[{"op":"remove","path":"emails","value":[]}]`, `{}`},
		"remove by a list what is not there":             {`[{"op":"remove","path":"emails","value":[{"value":"x@y.org"}]}]`, `{}`},
		"pitfall 4: remove several at once":              {`[{"op":"remove","path":"emails[value eq \"ada@x.org\"]"},{"op":"remove","path":"emails[value eq \"ada@h.org\"]"}]`, `{"emails":null}`},
		"remove where nothing is selected":               {`[{"op":"remove","path":"emails[type eq \"other\"]"}]`, `{}`},
		"remove a sub-attribute of the selected":         {`[{"op":"remove","path":"emails[type eq \"work\"].primary"}]`, `{"emails":[{"type":"work","value":"ada@x.org"},{"type":"home","value":"ada@h.org"}]}`},
		"remove all":                                     {`[{"op":"remove","path":"emails"}]`, `{"emails":null}`},
		"an empty value removes the element":             {`[{"op":"replace","path":"emails[type eq \"home\"].value","value":""}]`, `{"emails":[{"primary":true,"type":"work","value":"ada@x.org"}]}`},
		"the password is dropped":                        {`[{"op":"replace","value":{"password":"secret"}},{"op":"add","path":"password","value":"x"}]`, `{}`},
		"the id may be repeated, read-only keys ignored": {`[{"op":"replace","value":{"id":"u1","meta":{"version":"x"},"groups":[],"title":"T"}}]`, `{"title":"T"}`},
		"unknown schemas are ignored (SCM-02)":           {`[{"op":"add","value":{"urn:x:y":{"a":1},"urn:x:y:z":2,"title":"T"}}]`, `{"title":"T"}`},
		"nothing at all":                                 {`[{"op":"replace","value":{}}]`, `{}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, d := range Dialects() {
				require.JSONEq(t, tt.want, differs(t, d, tt.ops), d.Name())
			}
		})
	}
}

func TestPatchWhereDialectsDiffer(t *testing.T) {
	t.Run("replace on a path that selects nothing", func(t *testing.T) {
		const ops = `[{"op":"Replace","path":"phoneNumbers[type eq \"work\"].value","value":"+1"},{"op":"Replace","path":"name.familyName","value":"King"}]`
		require.JSONEq(t, `{"phoneNumbers":[{"type":"work","value":"+1"}],"name":{"familyName":"King","givenName":"Ada"}}`, differs(t, Entra, ops))
		for _, d := range []Dialect{RFC, Okta} {
			_, err := patched(t, d, ops)
			require.Equal(t, scimerrors.ScimTypeNoTarget, err.(*scimerrors.ScimError).ScimType)
		}
	})
	t.Run("a boolean in quotes in a filter", func(t *testing.T) {
		const ops = `[{"op":"Add","path":"roles[primary eq \"True\"].display","value":"Engineer"},{"op":"Add","path":"roles[primary eq \"True\"].value","value":"eng"}]`
		require.JSONEq(t, `{"roles":[{"primary":true,"display":"Engineer","value":"eng"}]}`, differs(t, Entra, ops))
		_, err := patched(t, RFC, ops)
		require.Equal(t, scimerrors.ScimTypeInvalidFilter, err.(*scimerrors.ScimError).ScimType)
	})
	t.Run("an unknown attribute", func(t *testing.T) {
		for _, ops := range []string{`[{"op":"add","path":"shoeSize","value":1}]`, `[{"op":"add","value":{"shoeSize":1}}]`, `[{"op":"add","path":"name.nick","value":"x"}]`} {
			require.JSONEq(t, `{}`, differs(t, Entra, ops))
			_, err := patched(t, RFC, ops)
			require.Equal(t, scimerrors.ScimTypeInvalidPath, err.(*scimerrors.ScimError).ScimType, ops)
		}
	})
	t.Run("pitfall 25: roles as JSON in a text", func(t *testing.T) {
		const ops = `[{"op":"add","path":"roles","value":[{"value":"{\"id\":\"1\",\"value\":\"Admin\",\"displayName\":\"Administrator\"}"}]}]`
		require.JSONEq(t, `{"roles":[{"value":"Admin","display":"Administrator"}]}`, differs(t, Entra, ops))
		require.JSONEq(t, `{"roles":[{"value":"{\"id\":\"1\",\"value\":\"Admin\",\"displayName\":\"Administrator\"}"}]}`, differs(t, RFC, ops))
	})
}

func TestPatchRefuses(t *testing.T) {
	tests := map[string]struct {
		ops  string
		kind scimerrors.ScimType
		says string
	}{
		"SCM-05 remove without a path":             {`[{"op":"remove"}]`, scimerrors.ScimTypeNoTarget, "Operations[0]: remove needs a path"},
		"SCM-05 the second of three is wrong":      {`[{"op":"add","path":"title","value":"A"},{"op":"add","path":"title","value":5},{"op":"add","path":"title","value":"B"}]`, scimerrors.ScimTypeInvalidValue, "Operations[1]: title must be a text"},
		"no operation":                             {`[]`, scimerrors.ScimTypeInvalidSyntax, "at least one operation"},
		"operations that are no array":             {`{"op":"add"}`, scimerrors.ScimTypeInvalidSyntax, "at least one operation"},
		"an operation that is no object":           {`["add"]`, scimerrors.ScimTypeInvalidSyntax, "Operations[0]: An operation must be an object"},
		"an unknown op":                            {`[{"op":"move","path":"title","value":"x"}]`, scimerrors.ScimTypeInvalidSyntax, `not "move"`},
		"no op":                                    {`[{"path":"title","value":"x"}]`, scimerrors.ScimTypeInvalidSyntax, "op must be"},
		"an operation with two ops":                {`[{"op":"add","Op":"remove","path":"title","value":"x"}]`, scimerrors.ScimTypeInvalidSyntax, "Operations[0]: op stands twice"},
		"an operation with two paths":              {`[{"op":"add","path":"title","PATH":"nickName","value":"x"}]`, scimerrors.ScimTypeInvalidSyntax, "Operations[0]: path stands twice"},
		"an operation with two values":             {`[{"op":"add","path":"title","value":"x","Value":"y"}]`, scimerrors.ScimTypeInvalidSyntax, "Operations[0]: value stands twice"},
		"add without a value":                      {`[{"op":"add","path":"title"}]`, scimerrors.ScimTypeInvalidValue, "add needs a value"},
		"a path that is no text":                   {`[{"op":"add","path":5,"value":"x"}]`, scimerrors.ScimTypeInvalidPath, "path must be a text"},
		"a malformed path":                         {`[{"op":"add","path":"emails[type eq","value":"x"}]`, scimerrors.ScimTypeInvalidPath, "at byte 14"},
		"no path and a value that is no object":    {`[{"op":"add","value":"x"}]`, scimerrors.ScimTypeInvalidValue, "must be an object of attributes"},
		"a read-only attribute":                    {`[{"op":"replace","path":"meta.created","value":"2020-01-01T00:00:00Z"}]`, scimerrors.ScimTypeMutability, "read-only"},
		"the groups":                               {`[{"op":"add","path":"groups","value":[{"value":"g"}]}]`, scimerrors.ScimTypeMutability, "read-only"},
		"our own extension":                        {`[{"op":"replace","path":"` + AccountSchema + `:accountStatus","value":"active"}]`, scimerrors.ScimTypeMutability, "read-only"},
		"the whole user":                           {`[{"op":"remove","path":"` + UserSchema + `"}]`, scimerrors.ScimTypeMutability, "cannot be removed"},
		"whether somebody is active":               {`[{"op":"remove","path":"active"}]`, scimerrors.ScimTypeMutability, "active is required"},
		"another id":                               {`[{"op":"replace","value":{"id":"u2"}}]`, scimerrors.ScimTypeMutability, "id cannot be changed"},
		"remove what is required":                  {`[{"op":"remove","path":"userName"}]`, scimerrors.ScimTypeMutability, "userName is required"},
		"clear what is required":                   {`[{"op":"replace","path":"userName","value":null}]`, scimerrors.ScimTypeInvalidValue, "userName is required"},
		"empty what is required":                   {`[{"op":"replace","path":"userName","value":""}]`, scimerrors.ScimTypeInvalidValue, "userName is required"},
		"a boolean that is none":                   {`[{"op":"replace","path":"active","value":"maybe"}]`, scimerrors.ScimTypeInvalidValue, "active must be true or false"},
		"an object for a text":                     {`[{"op":"replace","path":"title","value":{}}]`, scimerrors.ScimTypeInvalidValue, "title must be a text"},
		"a number for an object":                   {`[{"op":"replace","path":"name","value":5}]`, scimerrors.ScimTypeInvalidValue, "name must be an object"},
		"two primary values at once":               {`[{"op":"replace","path":"emails","value":[{"value":"a@x","primary":true},{"value":"b@x","primary":true}]}]`, scimerrors.ScimTypeInvalidValue, "at most one can be primary"},
		"primary for all":                          {`[{"op":"replace","path":"emails.primary","value":true}]`, scimerrors.ScimTypeInvalidValue, "at most one can be primary"},
		"brackets after a single value":            {`[{"op":"replace","path":"name[givenName pr]","value":{}}]`, scimerrors.ScimTypeInvalidPath, "has a single value"},
		"brackets that do not fit":                 {`[{"op":"replace","path":"emails[colour eq \"red\"].value","value":"x"}]`, scimerrors.ScimTypeInvalidFilter, "colour is no attribute"},
		"nothing selected and no way to create it": {`[{"op":"add","path":"emails[value co \"zzz\"].display","value":"x"}]`, scimerrors.ScimTypeNoTarget, "selects no value"},
		"two values for one element":               {`[{"op":"replace","path":"emails[type eq \"work\"]","value":[{"value":"a"},{"value":"b"}]}]`, scimerrors.ScimTypeInvalidValue, "takes one value, not 2"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := patched(t, RFC, tt.ops)
			e, ok := err.(*scimerrors.ScimError)
			require.True(t, ok, "%v", err)
			require.Equal(t, 400, e.Status)
			require.Equal(t, tt.kind, e.ScimType, e.Detail)
			require.Contains(t, e.Detail, tt.says)
		})
	}
}

func TestPatchOperationLimit(t *testing.T) {
	body := func(n int) map[string]any {
		list := make([]any, n)
		for i := range list {
			list[i] = map[string]any{"op": "add", "path": "title", "value": "x"}
		}
		return map[string]any{"schemas": []any{PatchSchema}, "Operations": list}
	}
	_, err := parsePatch(body(MaxPatchOperations))
	require.NoError(t, err)
	_, err = parsePatch(body(MaxPatchOperations + 1))
	require.ErrorContains(t, err, "1001 operations; at most 1000")
}

func TestPatchHasEveryMemberOnce(t *testing.T) {
	op := map[string]any{"op": "add", "path": "title", "value": "x"}
	for _, name := range []string{"Schemas", "operations"} {
		_, err := parsePatch(map[string]any{"schemas": []any{PatchSchema}, "Operations": []any{op}, name: []any{PatchSchema}})
		require.ErrorContains(t, err, "stands twice")
	}
}

func TestPatchNeedsItsSchema(t *testing.T) {
	_, err := parsePatch(map[string]any{"Operations": []any{map[string]any{"op": "add"}}})
	require.ErrorContains(t, err, PatchSchema)
}

// Applying the same operations to their own outcome changes nothing more, whatever they are.
func TestPatchIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ops := rapid.SliceOfN(rapid.SampledFrom([]string{
			`{"op":"add","path":"title","value":"T"}`, `{"op":"replace","path":"name.givenName","value":"G"}`, `{"op":"remove","path":"nickName"}`,
			`{"op":"add","path":"roles","value":[{"value":"r"}]}`, `{"op":"replace","path":"manager","value":"m9"}`,
			`{"op":"add","path":"phoneNumbers[type eq \"work\"].value","value":"1"}`, `{"op":"remove","path":"emails[type eq \"home\"]"}`,
			`{"op":"replace","value":{"active":"False","displayName":"D"}}`,
		}), 1, 6).Draw(t, "ops")
		text := "[" + ops[0]
		for _, o := range ops[1:] {
			text += "," + o
		}
		once, err := patched(t, Entra, text+"]")
		require.NoError(t, err)
		list, err := parsePatch(object(t, `{"schemas":["`+PatchSchema+`"],"Operations":`+text+`]}`))
		require.NoError(t, err)
		twice, err := userIndex().patch(Entra, once, list)
		require.NoError(t, err)
		require.Equal(t, once, twice)
	})
}

func FuzzPatchPath(f *testing.F) {
	for _, s := range []string{`emails[type eq "work"].value`, `manager`, `name.givenName`, EnterpriseSchema, EnterpriseSchema + ":manager.value", `roles[primary eq "True"].display`} {
		f.Add("add", s, `"x"`)
		f.Add("replace", s, `[{"value":"x","primary":true}]`)
		f.Add("remove", s, `null`)
	}
	x := userIndex()
	f.Fuzz(func(t *testing.T, op, path, value string) {
		var v any
		if json.Unmarshal([]byte(value), &v) != nil {
			return
		}
		o, err := parseOperation(map[string]any{"op": op, "path": path, "value": v})
		if err != nil {
			return
		}
		for _, d := range Dialects() {
			before := object(t, ada)
			after, err := x.patch(d, before, []operation{o})
			require.Equal(t, object(t, ada), before)
			if err != nil {
				require.Equal(t, 400, err.(*scimerrors.ScimError).Status)
				continue
			}
			// What a PATCH leaves is canonical: a PUT of it would say the same.
			after["schemas"] = []any{UserSchema}
			again, err := x.canonicalResource(d, after)
			require.NoError(t, err)
			delete(after, "schemas")
			delete(after, "id")
			require.Equal(t, after, again)
		}
	})
}
