package scim

import (
	"iter"

	scimerrors "github.com/elimity-com/scim/errors"
)

// checkRequired holds RFC 7643 section 2.2: what is required is there, and not empty.
func (x *index) checkRequired(doc map[string]any) error {
	for name := range x.missing(doc) {
		return missing(name, scimerrors.ScimTypeInvalidValue)
	}
	return nil
}

// checkStillRequired is checkRequired after a change. What was missing before it stays allowed: a resource can be older than what its
// schemas want, and must not become unchangeable by that. kind is what the error is of.
func (x *index) checkStillRequired(before, after map[string]any, kind scimerrors.ScimType) error {
	if x.checkRequired(after) == nil {
		return nil
	}
	lacked := map[string]bool{}
	for name := range x.missing(before) {
		lacked[name] = true
	}
	for name := range x.missing(after) {
		if !lacked[name] {
			return missing(name, kind)
		}
	}
	return nil
}

func missing(name string, kind scimerrors.ScimType) error {
	return invalid(kind, "%s is required and must not be empty.", name)
}

// missing names what a document lacks: required attributes, extensions, and sub-attributes of values that are there.
func (x *index) missing(doc map[string]any) iter.Seq[string] {
	return func(yield func(string) bool) {
		if !x.core.missing(doc, yield) {
			return
		}
		for _, c := range x.extensions {
			ext, _ := doc[c.key].(map[string]any)
			if len(ext) == 0 {
				if c.mandatory && !yield(c.urn) {
					return
				}
				continue
			}
			if !c.missing(ext, yield) {
				return
			}
		}
	}
}

// missing goes through the attributes of one schema until yield has enough, which it reports.
func (c *container) missing(values map[string]any, yield func(string) bool) bool {
	for _, a := range c.needs {
		if v := values[a.Name]; (v == nil || v == "") && !yield(c.named(a)) {
			return false
		}
	}
	for _, a := range c.nested {
		for _, el := range valuesOf(values[a.Name]) {
			m, _ := el.(map[string]any)
			for _, sub := range a.needs {
				if v := m[sub.Name]; (v == nil || v == "") && !yield(c.named(a)+"."+sub.Name) {
					return false
				}
			}
		}
	}
	return true
}

// named is an attribute's name as a client would write it.
func (c *container) named(a *attribute) string {
	if c.key == "" {
		return a.Name
	}
	return c.urn + ":" + a.Name
}
