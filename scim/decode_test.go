package scim

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestDecodeReadsWhatJSONCanSay(t *testing.T) {
	got, err := decodeObject([]byte(" {\"s\":\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00é\",\"n\":-1.50e+3,\"b\":[true,false,null,[],{}],\"\":{}} \r\n"))
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"s": "a\"\\/\b\f\n\r\té😀é", "n": json.Number("-1.50e+3"), "b": []any{true, false, nil, []any{}, map[string]any{}}, "": map[string]any{},
	}, got)
}

func TestDecodeReadsWhatEncodeWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := map[string]any{}
		for _, s := range rapid.SliceOfN(rapid.String(), 0, 5).Draw(t, "texts") {
			want[s] = []any{s, map[string]any{s: nil}}
		}
		b, err := appendJSON(nil, want)
		require.NoError(t, err)
		got, err := decodeObject(b)
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func TestAppendStringAgreesWithEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text") + string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		var want, got string
		b, err := json.Marshal(s)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, &want))
		require.NoError(t, json.Unmarshal(appendString(nil, s), &got), "%q", s)
		require.Equal(t, want, got)
	})
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"a":[1,"x",null,{"b":true}]}`, `{"a":"\ud83d\ude00"}`, `{"a":1,"a":2}`, `{"a":-0.5e-7}`, `{`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := decodeObject(body)
		if err != nil {
			return
		}
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		var want map[string]any
		require.NoError(t, d.Decode(&want))
		require.Equal(t, want, got)
	})
}
