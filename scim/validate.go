package scim

import (
	"slices"
	"strings"

	scimerrors "github.com/elimity-com/scim/errors"
)

// canonicalResource checks the body of a POST or PUT and returns the document that it means (RFC 7644 sections 3.3 and
// 3.5.1): attributes under the names of the schema, extensions under their URN, without what clients cannot write.
// Unknown schemas and their objects are ignored, read-only attributes too (SCM-02); the password is accepted and
// dropped, whatever it is.
func (x *index) canonicalResource(d Dialect, body map[string]any) (map[string]any, error) {
	if err := checkSchemas(body, x.core.urn); err != nil {
		return nil, err
	}
	doc := make(map[string]any, len(body))
	for key, v := range body {
		if v == nil {
			continue
		}
		if a := lookup(x.core.attrs, key); a != nil {
			if err := d.put(doc, a, v); err != nil {
				return nil, err
			}
			continue
		}
		if c := x.container(key); c != nil && c != x.core {
			if err := d.putExtension(doc, c, v); err != nil {
				return nil, err
			}
			continue
		}
		if !d.ignoreUnknown && !isURN(key) {
			return nil, invalid(scimerrors.ScimTypeInvalidSyntax, "There is no attribute %q; an extension's attributes belong into an object named by its URN.", key)
		}
	}
	return doc, x.checkRequired(doc)
}

func isURN(s string) bool { return len(s) > 4 && strings.EqualFold(s[:4], "urn:") }

// writable reports whether clients decide the value; the password is none of our business.
func (a *attribute) writable() bool {
	return a.mutability != readOnly && a.mutability != writeOnly && a.Name != "schemas"
}

func (d Dialect) put(into map[string]any, a *attribute, v any) error {
	if !a.writable() {
		return nil
	}
	cv, err := d.canonical(a, v, a.Name)
	if err != nil || cv == nil {
		return err
	}
	if _, twice := into[a.Name]; twice {
		return invalid(scimerrors.ScimTypeInvalidSyntax, "%s stands twice, in different spellings.", a.Name)
	}
	into[a.Name] = cv
	return nil
}

func (d Dialect) putExtension(doc map[string]any, c *container, v any) error {
	in, ok := v.(map[string]any)
	if !ok {
		return invalid(scimerrors.ScimTypeInvalidValue, "%s must be an object.", c.urn)
	}
	ext := make(map[string]any, len(in))
	for key, v := range in {
		a := lookup(c.attrs, key)
		if a == nil {
			if v == nil || d.ignoreUnknown || strings.EqualFold(key, "schemas") { // some clients write it into each object
				continue
			}
			return invalid(scimerrors.ScimTypeInvalidSyntax, "%s has no attribute %q.", c.urn, key)
		}
		if err := d.put(ext, a, v); err != nil {
			return err
		}
	}
	if len(ext) == 0 {
		return nil
	}
	if _, twice := doc[c.key]; twice {
		return invalid(scimerrors.ScimTypeInvalidSyntax, "%s stands twice, in different spellings.", c.urn)
	}
	doc[c.key] = ext
	return nil
}

// checkSchemas wants a message or resource to say what it is (RFC 7643 section 3).
func checkSchemas(body map[string]any, urn string) error {
	schemas, _, err := member(body, "schemas")
	if err != nil {
		return err
	}
	list, _ := schemas.([]any)
	if slices.ContainsFunc(list, func(s any) bool { text, _ := s.(string); return strings.EqualFold(text, urn) }) {
		return nil
	}
	return invalid(scimerrors.ScimTypeInvalidSyntax, "schemas must be an array that contains %q.", urn)
}

// member finds a member of a message by its name in any case: Entra writes "Operations", others "operations". One that
// stands twice is refused, because which of the two counts would be chance.
func member(m map[string]any, name string) (v any, there bool, err error) {
	for key, value := range m {
		if !strings.EqualFold(key, name) {
			continue
		}
		if there {
			return nil, false, invalid(scimerrors.ScimTypeInvalidSyntax, "%s stands twice, in different spellings.", name)
		}
		v, there = value, true
	}
	return v, there, nil
}
