package scim

import (
	"encoding/json"
	"slices"

	scimerrors "github.com/elimity-com/scim/errors"

	"rollcall/scim/filter"
)

// applyToList applies an operation to a multi-valued attribute.
func (t *target) applyToList(o operation) error {
	old, _ := t.present().([]any)
	list, err := t.newList(o, old)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(el any) bool { // an empty value is none
		m, _ := el.(map[string]any)
		return el == "" || m["value"] == ""
	})
	if len(list) == 0 {
		t.store(nil)
		return nil
	}
	if err := tooMany(len(list), t.attr.most(), t.attr.Name); err != nil {
		return err
	}
	if err := onePrimary(list, t.attr.Name); err != nil {
		return err
	}
	t.store(list)
	return nil
}

func (t *target) newList(o operation, old []any) ([]any, error) {
	switch {
	case t.path.Where != nil || t.sub != nil:
		return t.changeSelected(o, old)
	case o.op == opRemove:
		return t.without(o, old)
	case o.value == nil && o.op == opReplace:
		return nil, nil
	case o.value == nil:
		return slices.Clone(old), nil
	}
	values, err := t.values(o.value)
	if err != nil || o.op == opReplace {
		return values, err
	}
	e := elements{list: slices.Clone(old)}
	for _, v := range values {
		e.add(v)
	}
	return e.list, nil
}

// values reads the elements that a client wrote: an array, or one element alone.
func (t *target) values(v any) ([]any, error) {
	in, ok := v.([]any)
	if !ok {
		in = []any{v}
	}
	out, err := t.dialect.list(t.attr, in, t.path.String())
	list, _ := out.([]any)
	return list, err
}

// without removes the listed elements, or all of them if none are listed. Clients that list values mean those and no
// others; that one of them is absent already is no error.
func (t *target) without(o operation, old []any) ([]any, error) {
	if !o.given || o.value == nil {
		return nil, nil
	}
	gone, err := t.values(o.value)
	if err != nil {
		return nil, err
	}
	if len(gone) == 0 {
		return slices.Clone(old), nil
	}
	byValue := make(map[string][]any, len(gone)) // so that long lists are not compared each with each
	var others []any
	for _, g := range gone {
		if value, ok := valueOf(g); ok {
			byValue[value] = append(byValue[value], g)
		} else {
			others = append(others, g)
		}
	}
	return slices.DeleteFunc(slices.Clone(old), func(el any) bool {
		meant := func(g any) bool { return covers(g, el) }
		value, _ := valueOf(el)
		return slices.ContainsFunc(byValue[value], meant) || slices.ContainsFunc(others, meant)
	}), nil
}

// covers reports whether an element is the one meant: everything that is said of it holds.
func covers(meant, el any) bool {
	m, ok := meant.(map[string]any)
	if !ok {
		return same(meant, el)
	}
	e, _ := el.(map[string]any)
	for k, v := range m {
		if !same(e[k], v) {
			return false
		}
	}
	return true
}

// changeSelected applies an operation to the elements in the path's brackets (all elements without brackets), or to one
// sub-attribute of them.
func (t *target) changeSelected(o operation, old []any) ([]any, error) {
	selects := func(any) bool { return true }
	if t.path.Where != nil {
		where, err := filter.BindElement(t.path.Where, &t.attr.Attribute, t.dialect.filterOptions())
		if err != nil {
			return nil, invalid(scimerrors.ScimTypeInvalidFilter, "The filter in the path does not fit: %s.", err)
		}
		selects = where
	}
	if o.op == opRemove || o.value == nil && o.op == opReplace {
		return t.removeSelected(old, selects), nil
	}
	if o.value == nil {
		return slices.Clone(old), nil
	}
	given, err := t.given(o.value)
	if err != nil {
		return nil, err
	}
	list := slices.Clone(old)
	found := map[int]bool{}
	for i, el := range list {
		if !selects(el) {
			continue
		}
		found[i] = true
		subs, isComplex := given.(map[string]any)
		e, wasComplex := el.(map[string]any)
		if isComplex && wasComplex && (t.sub != nil || o.op == opAdd) {
			list[i] = mergeSubs(e, subs)
			continue
		}
		list[i] = t.replacement(given)
	}
	if len(found) == 0 {
		el, err := t.newElement(o, given)
		if err != nil {
			return nil, err
		}
		e := elements{list: list}
		e.add(el)
		return e.list, nil
	}
	if isPrimary(given) {
		demoteOthers(list, func(i int) bool { return found[i] })
	}
	return list, nil
}

// given is what an operation lays over the selected elements, as sub-attributes if they are objects.
func (t *target) given(value any) (any, error) {
	if t.sub != nil {
		v, err := t.dialect.canonical(t.sub, value, t.path.String())
		return map[string]any{t.sub.Name: v}, err
	}
	values, err := t.values(value)
	if err != nil {
		return nil, err
	}
	if len(values) != 1 {
		return nil, invalid(scimerrors.ScimTypeInvalidValue, "%s takes one value, not %d.", t.path, len(values))
	}
	return values[0], nil
}

// replacement is the element that takes the place of a selected one. What the path says of it stays true unless the
// operation says otherwise, so that the same path finds it again.
func (t *target) replacement(given any) any {
	subs, ok := given.(map[string]any)
	if !ok {
		return given
	}
	el, err := t.asserted()
	if err != nil {
		return clone(given)
	}
	return mergeSubs(el, subs)
}

// asserted is an element of which nothing is known but what the path's filter says it equals; an error if the filter is
// of another kind.
func (t *target) asserted() (map[string]any, error) {
	said := map[string]any{}
	if t.path.Where != nil && !equalities(t.path.Where, said) {
		return nil, invalid(scimerrors.ScimTypeNoTarget, "%s selects no value of this resource.", t.path)
	}
	el, err := t.dialect.single(t.attr, said, t.path.String())
	m, _ := el.(map[string]any)
	return m, err
}

func (t *target) removeSelected(old []any, selects func(any) bool) []any {
	list := make([]any, 0, len(old))
	for _, el := range old {
		if !selects(el) {
			list = append(list, el)
			continue
		}
		if t.sub == nil {
			continue
		}
		m, _ := el.(map[string]any)
		if rest := mergeSubs(m, map[string]any{t.sub.Name: nil}); len(rest) > 0 {
			list = append(list, rest)
		}
	}
	return list
}

// newElement is the element that an operation creates because its path selects none: what the filter says it equals, and
// what the operation gives. "add" may always create; "replace" needs a target (RFC 7644 section 3.5.2.3), except where
// the dialect says otherwise.
func (t *target) newElement(o operation, given any) (any, error) {
	subs, ok := given.(map[string]any)
	if !ok || o.op == opReplace && !t.dialect.replaceCreates {
		return nil, invalid(scimerrors.ScimTypeNoTarget, "%s selects no value of this resource.", t.path)
	}
	el, err := t.asserted()
	if err != nil {
		return nil, err
	}
	return mergeSubs(el, subs), nil
}

// equalities collects what a filter of nothing but "eq" joined by "and" says; false for any other filter.
func equalities(n filter.Node, into map[string]any) bool {
	switch n := n.(type) {
	case *filter.And:
		for _, term := range n.Terms {
			if !equalities(term, into) {
				return false
			}
		}
		return true
	case *filter.Compare:
		if n.Op != filter.Eq {
			return false
		}
		switch n.Value.Kind {
		case filter.String:
			into[n.Path.Name] = n.Value.Text
		case filter.Bool:
			into[n.Path.Name] = n.Value.Bool
		case filter.Number:
			into[n.Path.Name] = json.Number(n.Value.Text)
		default:
			return false
		}
		return true
	}
	return false
}
