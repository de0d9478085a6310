package scim

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// addOneByOne is elements.add without any memory of where things are.
func addOneByOne(list []any, v any) []any {
	at := slices.IndexFunc(list, func(el any) bool { return same(el, v) || sameElement(el, v) })
	if at < 0 {
		list = append(list, v)
		at = len(list) - 1
	} else {
		list[at] = mergeSubs(list[at].(map[string]any), v.(map[string]any))
	}
	if isPrimary(v) {
		demoteOthers(list, func(i int) bool { return i == at })
	}
	return list
}

func TestALongListIsBuiltAsAShortOneWouldBe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := elements{}
		var want []any
		for range rapid.IntRange(0, 60).Draw(t, "n") {
			v := map[string]any{}
			for name, texts := range map[string][]string{"value": {"", "a", "b", "c", "d"}, "type": {"", "work", "home"}, "country": {"", "CZ", "SE"}} {
				if s := rapid.SampledFrom(texts).Draw(t, name); s != "" {
					v[name] = s
				}
			}
			if rapid.IntRange(0, 9).Draw(t, "primary") == 0 {
				v["primary"] = true
			}
			e.add(clone(v))
			want = addOneByOne(want, clone(v))
		}
		require.Equal(t, want, e.list)
	})
}

func TestRemovingListedElementsRemovesThoseOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string, most int) []any {
			return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) any {
				v := map[string]any{}
				for name, texts := range map[string][]string{"value": {"", "a", "b", "c"}, "type": {"", "work", "home"}} {
					if s := rapid.SampledFrom(texts).Draw(t, name); s != "" {
						v[name] = s
					}
				}
				if len(v) == 0 {
					v["display"] = "d"
				}
				return v
			}), 1, most).Draw(t, label)
		}
		old, gone := draw("old", 20), draw("gone", 5)
		attr := userIndex().core.attrs["roles"]
		got, err := (&target{patcher: &patcher{dialect: RFC}, attr: attr}).without(operation{op: opRemove, value: clone(gone), given: true}, old)
		require.NoError(t, err)
		want := slices.DeleteFunc(slices.Clone(old), func(el any) bool {
			return slices.ContainsFunc(gone, func(g any) bool { return covers(g, el) })
		})
		require.Equal(t, want, got)
	})
}

func TestHowManyValuesAnAttributeMayHave(t *testing.T) {
	list := func(from, n int) string {
		texts := make([]string, n)
		for i := range texts {
			texts[i] = fmt.Sprintf(`"r%d"`, from+i)
		}
		return "[" + strings.Join(texts, ",") + "]"
	}
	body := func(n int) map[string]any {
		return object(t, `{"schemas":["`+UserSchema+`"],"userName":"a","roles":`+list(0, n)+`}`)
	}
	doc, err := userIndex().canonicalResource(RFC, body(MaxValues))
	require.NoError(t, err)
	require.Len(t, doc["roles"], MaxValues)
	_, err = userIndex().canonicalResource(RFC, body(MaxValues+1))
	require.ErrorContains(t, err, "roles has 1001 values; at most 1000 are allowed")

	add := func(from, n int) string { return `{"op":"add","path":"roles","value":` + list(from, n) + `}` }
	after, err := patched(t, RFC, `[`+add(0, MaxValues)+`,`+add(0, MaxValues)+`]`)
	require.NoError(t, err, "those who are there count once")
	require.Len(t, after["roles"], MaxValues)
	_, err = patched(t, RFC, `[`+add(0, MaxValues)+`,`+add(MaxValues, 1)+`]`)
	require.ErrorContains(t, err, "Operations[1]: roles has 1001 values; at most 1000 are allowed")
}

// BenchmarkPatchOfManyValues is the dearest PATCH that fits a body: every operation adds a thousand values.
func BenchmarkPatchOfManyValues(b *testing.B) {
	values := make([]any, MaxValues)
	for i := range values {
		values[i] = fmt.Sprint(i)
	}
	ops := make([]operation, 180)
	for i := range ops {
		ops[i] = operation{op: opAdd, path: "roles", value: values, given: true}
	}
	x, doc := userIndex(), object(b, ada)
	for b.Loop() {
		if _, err := x.patch(RFC, doc, ops); err != nil {
			b.Fatal(err)
		}
	}
}
