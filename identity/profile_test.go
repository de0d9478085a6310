package identity_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

// anyJSON draws a decoded JSON value, at most so deep.
func anyJSON(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kinds := 5
		if depth > 0 {
			kinds = 7
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return rapid.String().Draw(t, "text")
		case 3:
			return json.Number(rapid.StringMatching(`-?[1-9][0-9]{0,20}(\.[0-9]{1,5})?`).Draw(t, "number"))
		case 4:
			return "<&>\u2028\x00\"\\\xff" + rapid.StringMatching(`[ -~]*`).Draw(t, "text")
		case 5:
			return rapid.SliceOfN(anyJSON(depth-1), 0, 4).Draw(t, "list")
		}
		return rapid.MapOfN(rapid.String(), anyJSON(depth-1), 0, 4).Draw(t, "object")
	})
}

func TestProfile_TheCanonicalFormIsThatOfTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		object := rapid.MapOfN(rapid.String(), anyJSON(3), 1, 40).Draw(t, "object")
		got, err := identity.ProfileOf(object)
		require.NoError(t, err)
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		require.NoError(t, enc.Encode(object))
		require.Equal(t, want.String(), string(got)+"\n")
	})
}

func TestProfile_EveryWayBackGivesTheSameProfile(t *testing.T) {
	p, err := identity.ProfileOf(map[string]any{"title": "x", "name": map[string]any{"givenName": "Zoë", "familyName": "B"}, "n": json.Number("9007199254740993")})
	require.NoError(t, err)
	require.Equal(t, `{"n":9007199254740993,"name":{"familyName":"B","givenName":"Zoë"},"title":"x"}`, string(p))
	object, err := p.Object()
	require.NoError(t, err)
	again, err := identity.ProfileOf(object)
	require.NoError(t, err)
	require.Equal(t, p, again)
	empty, err := identity.ProfileOf(nil)
	require.NoError(t, err)
	require.Empty(t, empty)
	_, err = identity.Profile(`{"a":1}{}`).Object()
	require.Error(t, err)
	_, err = identity.Profile(`{"a":`).Object()
	require.Error(t, err)
}

func TestProfile_WhatAPersonIsCalled(t *testing.T) {
	for profile, want := range map[identity.Profile]string{
		"":                      "",
		`{"displayName":"Ada"}`: "Ada",
		`{"name":{"formatted":"Ada L.","givenName":"Ada"}}`: "Ada L.",
		`{"name":{"givenName":"Ada","familyName":"Abel"}}`:  "Ada Abel",
		`{"name":{"familyName":"Abel"}}`:                    "Abel",
		`{"displayName":1}`:                                 "",
	} {
		require.Equal(t, want, profile.DisplayName(), profile)
	}
}
