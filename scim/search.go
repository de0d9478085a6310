package scim

import (
	"net/url"
	"strings"

	scimerrors "github.com/elimity-com/scim/errors"
)

// searchValues turns the body of a search into the parameters that a GET would have.
func searchValues(body map[string]any) (url.Values, error) {
	values := url.Values{}
	for _, name := range parameters {
		v, _, err := member(body, name)
		if err != nil {
			return nil, err
		}
		if v == nil {
			continue
		}
		text, ok := searchText(v)
		if !ok {
			return nil, invalid(scimerrors.ScimTypeInvalidValue, "%s has a value of the wrong type.", name)
		}
		values.Set(name, text)
	}
	return values, nil
}

func searchText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case interface{ String() string }: // a json.Number
		return v.String(), true
	case []any:
		parts := make([]string, len(v))
		for i, p := range v {
			s, ok := p.(string)
			if !ok {
				return "", false
			}
			parts[i] = s
		}
		return strings.Join(parts, ","), true
	}
	return "", false
}
