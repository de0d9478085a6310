package identity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// appendCanonical appends a decoded JSON value as encoding/json would, keys sorted and nothing escaped that only HTML needs.
// It spares the hot path of every write the reflection; what it does not know by type it leaves to encoding/json.
func appendCanonical(b []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case string:
		return appendText(b, v)
	case map[string]any:
		return appendObject(b, v)
	case []any:
		b = append(b, '[')
		for i, element := range v {
			if i > 0 {
				b = append(b, ',')
			}
			var err error
			if b, err = appendCanonical(b, element); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	}
	return appendEncoded(b, value)
}

func appendObject(b []byte, object map[string]any) ([]byte, error) {
	b = append(b, '{')
	var space [32]string
	keys := slices.AppendSeq(space[:0], maps.Keys(object))
	slices.Sort(keys)
	for i, key := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendText(b, key); err != nil {
			return nil, err
		}
		if b, err = appendCanonical(append(b, ':'), object[key]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendText(b []byte, s string) ([]byte, error) {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == '"' || s[i] == '\\' || s[i] >= utf8.RuneSelf {
			return appendEncoded(b, s)
		}
	}
	return append(append(append(b, '"'), s...), '"'), nil
}

func appendEncoded(b []byte, value any) ([]byte, error) {
	buf := bytes.NewBuffer(b)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, fmt.Errorf("identity: encode profile: %w", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}
