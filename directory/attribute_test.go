package directory

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

func TestOverlay(t *testing.T) {
	const (
		phone  = `phoneNumbers[type eq "work"].value`
		city   = `addresses[type eq "work"].locality`
		street = `addresses[type eq "work"].streetAddress`
		unit   = enterprise + ":department"
	)
	for name, c := range map[string]struct {
		before     identity.Profile
		owned      []string
		attributes map[string]string
		after      identity.Profile
	}{
		"simple":                    {``, []string{"title"}, map[string]string{"title": "Dr."}, `{"title":"Dr."}`},
		"nested":                    {`{"name":{"givenName":"Ada"}}`, []string{"name.familyName"}, map[string]string{"name.familyName": "L"}, `{"name":{"familyName":"L","givenName":"Ada"}}`},
		"extension":                 {``, []string{unit}, map[string]string{unit: "R&D"}, `{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"R&D"}}`},
		"what is not owned stays":   {`{"nickName":"Al","title":"Dr."}`, []string{"title"}, map[string]string{"nickName": "X"}, `{"nickName":"Al"}`},
		"gone with its container":   {`{"name":{"givenName":"Ada"}}`, []string{"name.givenName"}, nil, ``},
		"a value of a list":         {`{"phoneNumbers":[{"type":"home","value":"1"}]}`, []string{phone}, map[string]string{phone: "2"}, `{"phoneNumbers":[{"type":"home","value":"1"},{"type":"work","value":"2"}]}`},
		"changed in its place":      {`{"phoneNumbers":[{"primary":true,"type":"WORK","value":"1"},{"type":"home","value":"3"}]}`, []string{phone}, map[string]string{phone: "2"}, `{"phoneNumbers":[{"primary":true,"type":"WORK","value":"2"},{"type":"home","value":"3"}]}`},
		"taken out of a list":       {`{"phoneNumbers":[{"primary":true,"type":"work","value":"1"},{"type":"home","value":"3"}]}`, []string{phone}, nil, `{"phoneNumbers":[{"type":"home","value":"3"}]}`},
		"the last of a list":        {`{"phoneNumbers":[{"type":"work","value":"1"}]}`, []string{phone}, nil, ``},
		"parts of an address":       {``, []string{city, street}, map[string]string{city: "London", street: "1 St"}, `{"addresses":[{"locality":"London","streetAddress":"1 St","type":"work"}]}`},
		"one part of an address":    {`{"addresses":[{"locality":"London","streetAddress":"1 St","type":"work"}]}`, []string{city}, nil, `{"addresses":[{"streetAddress":"1 St","type":"work"}]}`},
		"nothing changes":           {`{"title":"Dr."}`, []string{"title"}, map[string]string{"title": "Dr."}, `{"title":"Dr."}`},
		"an odd value in the way":   {`{"name":"Ada","phoneNumbers":["x"]}`, []string{"name.givenName", phone}, map[string]string{"name.givenName": "A", phone: "1"}, `{"name":{"givenName":"A"},"phoneNumbers":["x",{"type":"work","value":"1"}]}`},
		"paths that nobody can own": {``, []string{"emails", "userName", "password", "x"}, map[string]string{"password": "p", "x": "y"}, ``},
	} {
		t.Run(name, func(t *testing.T) {
			after, changes, err := overlay(c.before, c.owned, texts{of: of(c.attributes)})
			require.NoError(t, err)
			require.Equal(t, c.after, after)
			require.Equal(t, c.before == c.after, len(changes) == 0)
			again, changes, err := overlay(after, c.owned, texts{of: of(c.attributes)})
			require.NoError(t, err)
			require.Empty(t, changes)
			require.Equal(t, after, again)
		})
	}
}

func TestOverlayTwiceIsOverlayOnce(t *testing.T) {
	paths := []string{"title", "displayName", "name.givenName", enterprise + ":department", `phoneNumbers[type eq "work"].value`,
		`phoneNumbers[type eq "mobile"].value`, `addresses[type eq "home"].country`}
	values := rapid.MapOf(rapid.SampledFrom(paths), rapid.StringN(0, 3, -1))
	rapid.Check(t, func(t *rapid.T) {
		owned := rapid.SliceOfDistinct(rapid.SampledFrom(paths), rapid.ID).Draw(t, "owned")
		start, _, err := overlay("", paths, texts{of: of(values.Draw(t, "before"))})
		require.NoError(t, err)
		attributes := texts{of: of(values.Draw(t, "attributes"))}
		once, _, err := overlay(start, owned, attributes)
		require.NoError(t, err)
		twice, changes, err := overlay(once, owned, attributes)
		require.NoError(t, err)
		require.Empty(t, changes)
		require.Equal(t, once, twice)
	})
}

func TestRenderedTextIsWhatOverlayMakes(t *testing.T) {
	var paths []string
	for path := range plain {
		paths = append(paths, path)
	}
	for _, kind := range []string{"work", "mobile", "fax"} {
		paths = append(paths, `phoneNumbers[type eq "`+kind+`"].value`)
	}
	for _, sub := range lists["addresses"].subs {
		paths = append(paths, `addresses[type eq "work"].`+sub, `addresses[type eq "home"].`+sub)
	}
	slices.Sort(paths)
	text := rapid.OneOf(rapid.StringMatching(`[ -~]{1,4}`), rapid.SampledFrom([]string{"Zoë", "<&>", "a\u2028b", "line\r\nline", "\x7f", "\xff"}), rapid.Just(""))
	rapid.Check(t, func(t *rapid.T) {
		owned := rapid.SliceOfDistinct(rapid.SampledFrom(paths), rapid.ID).Draw(t, "owned")
		slices.Sort(owned)
		attributes := rapid.MapOf(rapid.SampledFrom(paths), text).Draw(t, "attributes")
		values := texts{of: of(attributes), manager: identity.AccountID(attributes[ManagerPath])}
		profile, changed, err := overlay("", owned, values)
		require.NoError(t, err)
		easy := true
		for _, path := range owned {
			easy = easy && spelledPlainly(attributes[path])
		}
		require.Equal(t, easy, newRenderer(owned).makes(profile, values))
		s := &survey{Input: Input{Snapshot: Snapshot{Owns: owned}}, rendered: newRenderer(owned)}
		fresh, changes, err := s.overlay("", values)
		require.NoError(t, err)
		require.Equal(t, profile, fresh)
		require.Equal(t, changed, changes)
		require.False(t, newRenderer(owned).makes(`{"nickName":"another"}`, texts{of: of(map[string]string{"nickName": "one"})}))
	})
}

// of returns what a map has.
func of(values map[string]string) func(string) string {
	return func(path string) string { return values[path] }
}

func TestKnownAttribute(t *testing.T) {
	for path, want := range map[string]bool{
		"title": true, "name.givenName": true, enterprise + ":costCenter": true, `phoneNumbers[type eq "fax"].value`: true,
		`addresses[type eq "work"].postalCode`: true,
		"name":                                 false, "emails": false, "password": false, "active": false, `phoneNumbers[type eq "x"].value`: false,
		`phoneNumbers[type eq "work"].type`: false, `phoneNumbers.value`: false, `phoneNumbers[type eq "work"]`: false, "": false,
	} {
		require.Equal(t, want, KnownAttribute(path), path)
	}
}
