package scim

import (
	"net/url"
	"strings"

	scimerrors "github.com/elimity-com/scim/errors"
)

// searchUsers is POST /Users/.search (RFC 7644 section 3.4.3), for filters that should not stand in a URL.
func (s *Server) searchUsers(r *request, _ string) error {
	body, err := r.body()
	if err != nil {
		return err
	}
	values, err := searchValues(body)
	if err != nil {
		return err
	}
	return s.sendList(r, values)
}

// searchValues turns the body of a search into the parameters that a GET would have.
func searchValues(body map[string]any) (url.Values, error) {
	values := url.Values{}
	for _, name := range []string{"filter", "sortBy", "sortOrder", "startIndex", "count", "attributes", "excludedAttributes"} {
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
