package scim

import (
	"maps"
	"slices"
	"strings"

	scimerrors "github.com/elimity-com/scim/errors"
)

// MaxValues is how many values a multi-valued attribute may have.
const MaxValues = 1000

// shortList is the length up to which looking at every element is cheaper than remembering where they are.
const shortList = 8

// elements is a multi-valued attribute under construction. It finds an element without comparing it with all others,
// so that a body full of values costs no more than its length.
type elements struct {
	list  []any
	byKey map[string][]int // indexes by elementKey; nil while the list is short
}

// find returns where an element is that matches v, or -1. matches must hold only for elements with equal keys.
func (e *elements) find(v any, matches func(el, v any) bool) int {
	if len(e.list) <= shortList {
		return slices.IndexFunc(e.list, func(el any) bool { return matches(el, v) })
	}
	if e.byKey == nil {
		e.byKey = make(map[string][]int, len(e.list))
		for i, el := range e.list {
			key := elementKey(el)
			e.byKey[key] = append(e.byKey[key], i)
		}
	}
	for _, i := range e.byKey[elementKey(v)] {
		if matches(e.list[i], v) {
			return i
		}
	}
	return -1
}

func (e *elements) append(v any) {
	if e.byKey != nil {
		key := elementKey(v)
		e.byKey[key] = append(e.byKey[key], len(e.list))
	}
	e.list = append(e.list, v)
}

// add adds an element unless it is there. One with the same value and type is brought up to date instead, because the
// combination must not stand twice (RFC 7643 section 2.4), and a new primary element takes the place of the old one
// (RFC 7644 section 3.5.2).
func (e *elements) add(v any) {
	at := e.find(v, func(el, v any) bool { return same(el, v) || sameElement(el, v) })
	if at < 0 {
		at = len(e.list)
		e.append(v)
	} else if m, ok := v.(map[string]any); ok {
		old, _ := e.list[at].(map[string]any)
		e.list[at] = mergeSubs(old, m)
	}
	if isPrimary(v) {
		demoteOthers(e.list, func(i int) bool { return i == at })
	}
}

func sameElement(a, b any) bool {
	x, _ := a.(map[string]any)
	y, _ := b.(map[string]any)
	return x["value"] != nil && same(x["value"], y["value"]) && same(x["type"], y["type"])
}

// elementKey is equal for elements that are the same, or have the same value and type. Without a value it is made of
// all texts; never of "primary", which changes while a list is under construction.
func elementKey(el any) string {
	m, _ := el.(map[string]any)
	if value, ok := valueOf(el); ok {
		kind, _ := m["type"].(string)
		return value + "\x00" + kind
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if s, ok := m[name].(string); ok {
			b.WriteString(name + "\x00" + s + "\x00")
		}
	}
	return b.String()
}

// valueOf is the text that an element is known by; false if it has none.
func valueOf(el any) (string, bool) {
	if m, ok := el.(map[string]any); ok {
		el = m["value"]
	}
	s, ok := el.(string)
	return s, ok
}

func demoteOthers(list []any, keeps func(i int) bool) {
	for i, el := range list {
		if isPrimary(el) && !keeps(i) {
			m := maps.Clone(el.(map[string]any))
			m["primary"] = false
			list[i] = m
		}
	}
}

func tooMany(n, most int, where string) error {
	if n > most {
		return invalid(scimerrors.ScimTypeInvalidValue, "%s has %d values; at most %d are allowed.", where, n, most)
	}
	return nil
}

func onePrimary(list []any, where string) error {
	n := 0
	for _, el := range list {
		if isPrimary(el) {
			n++
		}
	}
	if n > 1 {
		return invalid(scimerrors.ScimTypeInvalidValue, "%s has %d primary values; at most one can be primary.", where, n)
	}
	return nil
}

func isPrimary(el any) bool {
	m, _ := el.(map[string]any)
	primary, _ := m["primary"].(bool)
	return primary
}
