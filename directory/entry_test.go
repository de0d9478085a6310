package directory

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

func TestPropertyEntry_PackedSaysTheSame(t *testing.T) {
	text := rapid.OneOf(rapid.Just(""), rapid.StringN(0, 8, -1), rapid.StringN(120, 300, -1))
	paths := slices.Sorted(maps.Keys(plain))
	rapid.Check(t, func(t *rapid.T) {
		want := Entry{ID: identity.ObjectID(text.Draw(t, "id")), DN: text.Draw(t, "dn"), UserName: text.Draw(t, "userName"), ExternalID: identity.ExternalID(text.Draw(t, "externalId")),
			Emails: rapid.SliceOfN(text, 0, 3).Draw(t, "emails"), Attributes: rapid.MapOf(rapid.SampledFrom(paths), text).Draw(t, "attributes"),
			Manager: text.Draw(t, "manager"), Disabled: rapid.Bool().Draw(t, "disabled"), Problem: text.Draw(t, "problem")}
		if len(want.Emails) > 0 && rapid.Bool().Draw(t, "named by its address") {
			want.UserName = want.Emails[0]
		}
		got := want
		got.Emails = slices.Clone(want.Emails)
		packed := []Entry{{ID: "before", Emails: []string{"a", "b"}}, got, {ID: "behind"}}
		PackEntries(packed, paths)
		require.Equal(t, []string{"a", "b"}, packed[0].Emails)
		got = packed[1]
		for _, path := range paths {
			require.Equal(t, want.Attributes[path], want.Attribute(path))
			require.Equal(t, want.Attributes[path], got.Attribute(path), path)
		}
		require.Empty(t, got.Attribute("not owned"))
		require.Nil(t, got.Attributes)
		want.Attributes, got.paths, got.packed = nil, nil, ""
		require.Equal(t, want, got)
	})
}
