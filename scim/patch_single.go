package scim

import (
	"maps"

	scimerrors "github.com/elimity-com/scim/errors"

	"rollcall/scim/filter"
)

// target is the attribute that one operation is about.
type target struct {
	*patcher
	attr *attribute
	sub  *attribute // nil: the attribute as a whole
	path filter.Path
}

// holder is the object that holds the attribute; nil if it does not exist and create is false.
func (t *target) holder(create bool) map[string]any {
	if t.attr.Container == "" {
		return t.doc
	}
	m, _ := t.doc[t.attr.Container].(map[string]any)
	if m == nil && create {
		m = map[string]any{}
		t.doc[t.attr.Container] = m
	}
	return m
}

// store keeps a canonical value, or removes the attribute if it is nil.
func (t *target) store(v any) {
	if v == nil {
		h := t.holder(false)
		delete(h, t.attr.Name)
		if h != nil && len(h) == 0 && t.attr.Container != "" {
			delete(t.doc, t.attr.Container)
		}
		return
	}
	t.holder(true)[t.attr.Name] = v
}

func (t *target) present() any { return t.holder(false)[t.attr.Name] }

// set adds or replaces a single-valued attribute. Of a complex one only the given sub-attributes change (RFC 7644
// sections 3.5.2.1 and 3.5.2.3).
func (t *target) set(o operation) error {
	old, _ := t.present().(map[string]any)
	if t.sub != nil {
		v, err := t.dialect.canonical(t.sub, o.value, t.path.String())
		if err != nil {
			return err
		}
		t.storeComplex(old, map[string]any{t.sub.Name: v})
		return nil
	}
	v, err := t.dialect.canonical(t.attr, o.value, t.path.String())
	if err != nil {
		return err
	}
	if v == nil && t.attr.required {
		return invalid(scimerrors.ScimTypeInvalidValue, "%s is required and must not be empty.", t.attr.Name)
	}
	given, ok := v.(map[string]any)
	if !ok {
		t.store(v)
		return nil
	}
	t.storeComplex(old, given)
	return nil
}

// storeComplex merges sub-attributes into an object; nil removes one. An object without any is removed, and so is a
// reference whose value is empty.
func (t *target) storeComplex(old, given map[string]any) {
	merged := mergeSubs(old, given)
	if len(merged) == 0 || merged["value"] == "" {
		t.store(nil)
		return
	}
	t.store(merged)
}

// mergeSubs lays sub-attributes over an object. A $ref and a display that belonged to another value do not outlive it.
func mergeSubs(old, given map[string]any) map[string]any {
	merged := maps.Clone(old)
	if merged == nil {
		merged = map[string]any{}
	}
	if v, changes := given["value"]; changes && !same(v, merged["value"]) {
		delete(merged, "$ref")
	}
	for k, v := range given {
		if v == nil {
			delete(merged, k)
			continue
		}
		merged[k] = v
	}
	return merged
}

func (t *target) unset() error {
	if t.sub == nil {
		if t.attr.required {
			return invalid(scimerrors.ScimTypeInvalidValue, "%s is required and must not be empty.", t.attr.Name)
		}
		t.store(nil)
		return nil
	}
	if old, ok := t.present().(map[string]any); ok {
		t.storeComplex(old, map[string]any{t.sub.Name: nil})
	}
	return nil
}
