package scim_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/scim"
)

// These are sentences of RFC 7644 sections 3.5.1 and 3.5.2, held over HTTP and a real store.

func TestRFC7644_3_5_1_WhatIsWrittenOnce(t *testing.T) {
	w := withTypes(t)
	path := tests + "/" + w.make("x").str("id")
	require.Equal(t, "S1", w.call("PUT", path, thing("x", `"serial":"S1"`)).is(200).at("serial"), "there was none")
	require.Equal(t, "y", w.call("PUT", path, thing("y", `"serial":"S1"`)).is(200).at("name"))
	w.call("PUT", path, thing("z", `"serial":"S2"`)).fails(400, "mutability")
	require.Equal(t, []any{"S1", "y"}, []any{w.get(path).at("serial"), w.get(path).at("name")})
}

func TestRFC7644_3_5_1_ValuesReplaceWhatIsThere(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada", work("ada@x.org"), `"title":"T","name":{"givenName":"Ada","familyName":"L"},"roles":[{"value":"a"},{"value":"b"}]`)
	a := w.call("PUT", "/Users/"+id, user("ada", `"title":"U","name":{"familyName":"K"},"roles":[{"value":"c"}],"groups":[{"value":"g"}]`)).is(200)
	require.Equal(t, "U", a.at("title"))
	require.Equal(t, map[string]any{"familyName": "K"}, a.at("name"), "unlike with PATCH, of an object too all is replaced")
	require.Equal(t, []any{map[string]any{"value": "c"}}, a.at("roles"))
	require.NotContains(t, a.body, "groups", "nobody writes what is read-only")
	require.Equal(t, a.text, w.get("/Users/"+id).is(200).text, "the whole resource is the answer")
}

func TestRFC7644_3_5_2_OperationsFindTheSchemasAsTheyAreByThen(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada")
	change := func(ops ...string) answer { return w.call("PATCH", "/Users/"+id, patch(ops...)).is(200) }
	a := change(`{"op":"add","path":"`+scim.EnterpriseSchema+`:department","value":"D"}`, `{"op":"replace","path":"department","value":"E"}`)
	require.Equal(t, []any{scim.UserSchema, scim.EnterpriseSchema}, a.at("schemas"), "by an attribute's full name its schema has come")
	require.Equal(t, map[string]any{"department": "E"}, a.at(scim.EnterpriseSchema))
	a = change(`{"op":"add","path":"schemas","value":["`+scim.EnterpriseSchema+`"]}`, `{"op":"add","path":"costCenter","value":"C"}`)
	require.Equal(t, map[string]any{"department": "E", "costCenter": "C"}, a.at(scim.EnterpriseSchema))
	a = change(`{"op":"remove","path":"`+scim.EnterpriseSchema+`"}`, `{"op":"add","path":"title","value":"T"}`)
	require.Equal(t, []any{scim.UserSchema}, a.at("schemas"))
	require.NotContains(t, a.body, scim.EnterpriseSchema)
}

func TestRFC7644_3_5_2_WhatDoesNotGoWithTheSchemaIsRefused(t *testing.T) {
	w := withTypes(t)
	path := tests + "/" + w.make("x").str("id")
	w.call("PATCH", path, patch(`{"op":"add","path":"serial","value":"S1"}`)).is(200)
	before := w.get(path).text
	for name, c := range map[string]struct{ op, scimType string }{
		"what was written once, added":     {`{"op":"add","path":"serial","value":"S2"}`, "mutability"},
		"what was written once, replaced":  {`{"op":"replace","path":"serial","value":"S2"}`, "mutability"},
		"what was written once, removed":   {`{"op":"remove","path":"serial"}`, "mutability"},
		"what is read-only, added":         {`{"op":"add","path":"rating","value":1}`, "mutability"},
		"what is read-only, replaced":      {`{"op":"replace","path":"meta.created","value":"2020-01-01T00:00:00Z"}`, "mutability"},
		"what is read-only, removed":       {`{"op":"remove","path":"id"}`, "mutability"},
		"a text for a number":              {`{"op":"add","path":"count","value":"one"}`, "invalidValue"},
		"a text for an object":             {`{"op":"add","path":"place","value":"here"}`, "invalidValue"},
		"a text for an object, replaced":   {`{"op":"replace","path":"place","value":"here"}`, "invalidValue"},
		"a text for a resource":            {`{"op":"add","value":"x"}`, "invalidValue"},
		"a text for a resource, replaced":  {`{"op":"replace","value":"x"}`, "invalidValue"},
		"no value":                         {`{"op":"add","path":"code"}`, "invalidValue"},
		"an attribute that does not exist": {`{"op":"add","path":"colour","value":"red"}`, "invalidPath"},
		"no path to remove":                {`{"op":"remove"}`, "noTarget"},
		"no op":                            {`{"path":"code","value":"x"}`, "invalidSyntax"},
		"a path that is none":              {`{"op":"add","path":"tags[","value":"x"}`, "invalidPath"},
		"nothing selected":                 {`{"op":"replace","path":"readings[type eq \"x\"].value","value":1}`, "noTarget"},
	} {
		t.Run(name, func(t *testing.T) {
			w.call("PATCH", path, patch(`{"op":"add","path":"code","value":"first"}`, c.op, `{"op":"add","path":"code","value":"last"}`)).fails(400, c.scimType)
			require.Equal(t, before, w.get(path).text, "none of the operations has happened")
		})
	}
	w.call("PATCH", path, `{"Operations":[{"op":"add","path":"code","value":"x"}]}`).fails(400, "invalidSyntax")
	w.call("PATCH", path, `{"schemas":["`+scim.PatchSchema+`"]}`).fails(400, "invalidSyntax")
	w.call("PATCH", path, patch()).fails(400, "invalidSyntax")
}

func TestRFC7644_3_5_2_WhoAsksForAttributesGetsThem(t *testing.T) {
	w := newWorld(t)
	user, group := "/Users/"+w.create("ada"), "/Groups/"+w.newGroup("G")
	for _, dialect := range []string{"rfc", "entra", "okta"} {
		for path, name := range map[string]string{user: "title", group: "displayName"} {
			a := w.as(dialect).call("PATCH", path+"?attributes="+name, patch(`{"op":"replace","path":"`+name+`","value":"`+dialect+`"}`)).is(200)
			require.Equal(t, dialect, a.at(name))
			require.Len(t, a.body, 3, "besides id and schemas nothing else")
		}
	}
	whole := w.call("PATCH", user, patch(`{"op":"add","path":"nickName","value":"N"}`)).is(200)
	require.Equal(t, w.get(user).text, whole.text)
}

func TestRFC7644_3_5_2_2_WhatIsRemovedHasNoValue(t *testing.T) {
	for name, c := range map[string]struct {
		ops  []string
		gone string // a filter that finds only users who still have it
	}{
		"a single value":             {[]string{`{"op":"remove","path":"title"}`}, "title pr"},
		"all values":                 {[]string{`{"op":"remove","path":"roles"}`}, "roles pr"},
		"the last of several values": {[]string{`{"op":"remove","path":"roles[value eq \"a\"]"}`, `{"op":"remove","path":"roles[value eq \"b\"]"}`}, "roles pr"},
		"the last by another part":   {[]string{`{"op":"remove","path":"roles[type eq \"t\"]"}`}, "roles pr"},
		"a part of each value":       {[]string{`{"op":"remove","path":"roles[type eq \"t\"].display"}`}, "roles.display pr"},
		"a part of an object":        {[]string{`{"op":"remove","path":"name.givenName"}`}, "name.givenName pr"},
		"an object's last part":      {[]string{`{"op":"remove","path":"name.givenName"}`, `{"op":"remove","path":"name.familyName"}`}, "name pr"},
		"of an extension":            {[]string{`{"op":"remove","path":"` + scim.EnterpriseSchema + `:department"}`}, scim.EnterpriseSchema + ":department pr"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			id := w.create("ada", `"title":"T","name":{"givenName":"A","familyName":"L"},"roles":[{"value":"a","type":"t","display":"A"},{"value":"b","type":"t","display":"B"}]`,
				`"`+scim.EnterpriseSchema+`":{"department":"D"}`)
			w.find(c.gone).total(1)
			w.call("PATCH", "/Users/"+id, patch(c.ops...)).is(200)
			w.find(c.gone).total(0)
			w.find("not (" + c.gone + ")").total(1)
			require.NotContains(t, w.get("/Users/"+id).text, "null")
		})
	}
}

func TestRFC7644_3_5_2_2_WhatIsRequiredIsNotRemoved(t *testing.T) {
	w := withTypes(t)
	things := tests + "/" + w.make("x", `"place":{"room":"B7","floor":1}`, `"readings":[{"value":1,"type":"weight"}]`).str("id")
	user, group := "/Users/"+w.create("ada"), "/Groups/"+w.newGroup("G")
	for _, c := range []struct{ path, remove string }{
		{things, "name"}, {things, testExtension}, {things, testExtension + ":category"}, {things, "place.room"}, {things, `readings[type eq \"weight\"].value`},
		{things, "rating"}, {things, "meta"}, {things, "id"}, {user, "userName"}, {user, "active"}, {user, "groups"}, {user, scim.UserSchema}, {user, "meta.created"}, {group, "displayName"},
	} {
		t.Run(c.remove, func(t *testing.T) {
			before := w.get(c.path).text
			w.call("PATCH", c.path, patch(`{"op":"remove","path":"`+c.remove+`"}`)).fails(400, "mutability")
			require.Equal(t, before, w.get(c.path).text)
		})
	}
	t.Run("unless it comes back in the same request", func(t *testing.T) {
		w.call("PATCH", things, patch(`{"op":"remove","path":"place.room"}`, `{"op":"add","path":"place.room","value":"C1"}`)).is(200)
	})
}

func TestRFC7644_3_5_2_3_AllThatAPathSelectsIsReplaced(t *testing.T) {
	w := newWorld(t)
	id := w.create("ada", `"roles":[{"value":"a","type":"t","display":"A"},{"value":"b","type":"t","display":"B"},{"value":"c","type":"u","display":"C"}]`)
	change := func(op string) answer { return w.call("PATCH", "/Users/"+id, patch(op)).is(200) }
	role := func(value, kind, display string) map[string]any {
		return map[string]any{"value": value, "type": kind, "display": display}
	}
	require.Equal(t, []any{role("a", "t", "X"), role("b", "t", "X"), role("c", "u", "C")}, change(`{"op":"replace","path":"roles[type eq \"t\"].display","value":"X"}`).at("roles"))
	require.Equal(t, []any{role("a", "t", "X"), role("b", "t", "X"), map[string]any{"value": "d", "type": "u"}}, change(`{"op":"replace","path":"roles[type eq \"u\"]","value":{"value":"d","type":"u"}}`).at("roles"))
	w.get("/Users?filter=" + url.QueryEscape(`roles.value eq "c"`)).is(200).total(0)
	require.Equal(t, "N", change(`{"op":"replace","path":"nickName","value":"N"}`).at("nickName"), "what is not there is added")
	require.Equal(t, map[string]any{"givenName": "A"}, change(`{"op":"replace","path":"name","value":{"givenName":"A"}}`).at("name"))
	require.Equal(t, map[string]any{"givenName": "A", "familyName": "L"}, change(`{"op":"replace","path":"name","value":{"familyName":"L"}}`).at("name"), "what is not named stays")
}
