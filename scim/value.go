package scim

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"reflect"
	"strconv"
	"strings"
	"time"

	scimerrors "github.com/elimity-com/scim/errors"

	"rollcall/scim/filter"
)

// canonical checks a value against an attribute and returns it in the one form that documents keep: the schema's
// spelling of names, no nulls, no empty lists or objects, booleans as booleans. It returns nil for "unassigned" (RFC
// 7643 section 2.5). where names the value in errors. The result shares nothing with v.
func (d Dialect) canonical(a *attribute, v any, where string) (any, error) {
	if v == nil {
		return nil, nil
	}
	if !a.Multi {
		if list, ok := v.([]any); ok && a.Type == filter.TypeComplex && len(list) <= 1 {
			// Entra writes the manager as [{"value": …}].
			if len(list) == 0 {
				return nil, nil
			}
			return d.single(a, list[0], where)
		}
		return d.single(a, v, where)
	}
	list, ok := v.([]any)
	if !ok {
		return nil, invalid(scimerrors.ScimTypeInvalidValue, "%s must be an array.", where)
	}
	return d.list(a, list, where)
}

// list makes the elements of a multi-valued attribute canonical, identical ones once.
func (d Dialect) list(a *attribute, in []any, where string) (any, error) {
	if err := tooMany(len(in), a.most(), where); err != nil {
		return nil, err
	}
	out := elements{list: make([]any, 0, len(in))}
	for i, v := range in {
		el, err := d.single(a, v, where+"["+strconv.Itoa(i)+"]")
		if err != nil {
			return nil, err
		}
		if el != nil && out.find(el, same) < 0 {
			out.append(el)
		}
	}
	if err := onePrimary(out.list, where); err != nil {
		return nil, err
	}
	if len(out.list) == 0 {
		return nil, nil
	}
	return out.list, nil
}

// single makes one value canonical: of a single-valued attribute, or one element of a multi-valued one.
func (d Dialect) single(a *attribute, v any, where string) (any, error) {
	mismatch := func(want string) (any, error) {
		return nil, invalid(scimerrors.ScimTypeInvalidValue, "%s must be %s.", where, want)
	}
	if v == nil {
		return nil, nil
	}
	switch a.Type {
	case filter.TypeComplex:
		return d.complex(a, v, where)
	case filter.TypeBoolean:
		if s, ok := v.(string); ok {
			switch strings.ToLower(s) {
			case "true":
				return true, nil
			case "false":
				return false, nil
			}
		}
		if _, ok := v.(bool); !ok {
			return mismatch("true or false")
		}
	case filter.TypeInteger, filter.TypeDecimal:
		n, ok := v.(json.Number)
		if !ok || a.Type == filter.TypeInteger && strings.ContainsAny(n.String(), ".eE") {
			return mismatch("a number")
		}
	case filter.TypeDateTime:
		s, _ := v.(string)
		if _, err := time.Parse(time.RFC3339Nano, s); err != nil {
			return mismatch(`a time like "2024-01-31T12:00:00Z"`)
		}
	case filter.TypeBinary:
		if s, ok := v.(string); !ok || !isBase64(s) {
			return mismatch("base64 text")
		}
	default:
		if _, ok := v.(string); !ok {
			return mismatch("a text")
		}
	}
	return v, nil
}

// isBase64 reports whether a text is base64 (RFC 4648 section 4), padded or not.
func isBase64(s string) bool {
	_, padded := base64.StdEncoding.DecodeString(s)
	_, bare := base64.RawStdEncoding.DecodeString(s)
	return padded == nil || bare == nil
}

// complex makes an object canonical. A bare text stands for its "value", and an empty "value" for nothing at all: identity
// providers write and clear the manager so.
func (d Dialect) complex(a *attribute, v any, where string) (any, error) {
	if s, ok := v.(string); ok && a.sub("value") != nil {
		v = map[string]any{"value": s}
	}
	in, ok := v.(map[string]any)
	if !ok {
		return nil, invalid(scimerrors.ScimTypeInvalidValue, "%s must be an object.", where)
	}
	out := make(map[string]any, len(in))
	for key, sv := range in {
		sub := a.sub(key)
		if sub == nil {
			if d.ignoreUnknown || sv == nil {
				continue
			}
			return nil, invalid(scimerrors.ScimTypeInvalidSyntax, "%s has no sub-attribute %q.", where, key)
		}
		if sub.mutability == readOnly {
			continue
		}
		cv, err := d.canonical(sub, sv, where+"."+sub.Name)
		if err != nil {
			return nil, err
		}
		if cv == nil {
			continue
		}
		if _, twice := out[sub.Name]; twice {
			return nil, invalid(scimerrors.ScimTypeInvalidSyntax, "%s.%s stands twice.", where, sub.Name)
		}
		out[sub.Name] = cv
	}
	if d.packedValues && a.Multi {
		unpack(out)
	}
	if len(out) == 0 || out["value"] == "" {
		return nil, nil
	}
	return out, nil
}

// unpack takes apart a value that is itself a JSON object in a text, as Entra writes the roles of an application:
// {"value": "{\"id\": …, \"value\": \"Admin\", \"displayName\": \"Administrator\"}"}.
func unpack(el map[string]any) {
	text, _ := el["value"].(string)
	if !strings.HasPrefix(text, "{") {
		return
	}
	packed, err := decodeObject([]byte(text))
	if err != nil {
		return
	}
	value, ok := packed["value"].(string)
	if !ok {
		return
	}
	el["value"] = value
	if name, ok := packed["displayName"].(string); ok && el["display"] == nil {
		el["display"] = name
	}
}

// same reports whether two canonical values are equal.
func same(a, b any) bool {
	switch a := a.(type) {
	case string:
		s, ok := b.(string)
		return ok && a == s
	case map[string]any:
		m, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, m, same)
	}
	return reflect.DeepEqual(a, b)
}

// clone copies a decoded JSON value in depth.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = clone(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = clone(e)
		}
		return out
	}
	return v
}
