package scim

import (
	"errors"
	"net/http"
	"testing"

	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/stretchr/testify/require"
)

// refusal requires that an error is one that a client may see and has brought about.
func refusal(t *testing.T, err error) {
	t.Helper()
	var e *scimerrors.ScimError
	require.True(t, errors.As(err, &e), "%v", err)
	require.GreaterOrEqual(t, e.Status, 400)
	require.Less(t, e.Status, 500)
	require.NotEmpty(t, e.Detail)
}

// FuzzPatchDocument reads whole bodies of PATCH requests and applies them to a user and to a group.
func FuzzPatchDocument(f *testing.F) {
	for _, ops := range []string{
		`[{"op":"add","path":"members","value":[{"value":"a"}]}]`, `[{"op":"replace","value":{"members":[],"displayName":"x"}}]`, `[{"op":"remove","path":"members[value eq \"a\"]"}]`,
		`[{"op":"add","value":{"name.givenName":"x","emails[type eq \"work\"].value":"a@x"}},{"op":"remove","path":"title"}]`, `[{"op":"remove"}]`, `[1]`,
		`[{"op":"replace","path":"members[display co \"a\" or not (type pr)]","value":{"value":"b"}}]`,
	} {
		f.Add([]byte(`{"schemas":["` + PatchSchema + `"],"Operations":` + ops + `}`))
	}
	people, sets := userIndex(), groupIndex()
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := decodeObject(body)
		if err != nil {
			return
		}
		ops, err := parsePatch(m)
		if err != nil {
			refusal(t, err)
			return
		}
		for _, d := range Dialects() {
			before := object(t, ada)
			if _, err := people.patch(d, before, ops); err != nil {
				refusal(t, err)
			}
			require.Equal(t, object(t, ada), before, "what is patched stays as it was")
			changed := &memberEdit{}
			current := func() ([]any, error) {
				return []any{map[string]any{"value": "a", "type": "User", "display": "Ada"}, map[string]any{"value": "g", "type": "Group"}}, nil
			}
			rest, err := groups{sets}.splitMembers(edit{index: sets, dialect: d, ops: ops}, changed, current)
			if err != nil {
				refusal(t, err)
				continue
			}
			if _, err := sets.patch(d, map[string]any{"id": "g", "displayName": "G"}, rest); err != nil {
				refusal(t, err)
			}
			for _, gone := range changed.leaving {
				require.Empty(t, withoutMember(nil, gone))
				for _, m := range changed.joining {
					require.NotEqual(t, memberID(m), memberID(gone), "nobody joins and leaves")
				}
			}
		}
	})
}

// FuzzBulk reads whole bulk requests, and settles their references as if each operation that creates something succeeded.
func FuzzBulk(f *testing.F) {
	for _, ops := range []string{
		`[{"method":"POST","path":"/Users","bulkId":"a","data":{"manager":"bulkId:b"}},{"method":"POST","path":"/Groups","bulkId":"b","data":{"members":[{"value":"bulkId:a"}]}}]`,
		`[{"method":"PATCH","path":"/Groups/bulkId:b","data":{"Operations":[]}},{"method":"DELETE","path":"/Users/x","version":"W/\"1\""}]`, `[{}]`, `[{"method":"GET"}]`,
		`[{"method":"POST","path":"/Users","bulkId":"a","data":{"x":["bulkId:",["bulkId:a",{"y":"bulkId:a"}]]}}]`,
	} {
		f.Add([]byte(`{"schemas":["` + BulkRequestSchema + `"],"failOnErrors":2,"Operations":` + ops + `}`))
	}
	users := newTypes(Types{})[0]
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := decodeObject(body)
		if err != nil {
			return
		}
		ops, most, err := parseBulk(m)
		if err != nil {
			refusal(t, err)
			return
		}
		require.GreaterOrEqual(t, most, 0)
		run := &bulkRun{ops: ops, ids: map[string]string{}, makes: map[string]*bulkOperation{}}
		for _, o := range ops {
			if o.method == http.MethodPost {
				run.makes[o.bulkID], run.ids[o.bulkID] = o, "id"
			}
		}
		for _, o := range ops {
			if o.malformed != nil {
				refusal(t, o.malformed)
			}
			if o.malformed != nil || o.data == nil {
				continue
			}
			before := clone(o.data)
			data, _ := run.withoutCircular(o, users)
			settled, err := run.settled(any(data))
			if err != nil {
				refusal(t, err)
				continue
			}
			require.Equal(t, before, any(o.data), "what was read stays as it was")
			for _, ref := range references("", settled) {
				require.NotContains(t, run.ids, ref, "a reference is left")
			}
		}
	})
}
