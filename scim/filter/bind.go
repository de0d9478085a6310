package filter

import (
	"encoding/json"
	"fmt"
)

// Predicate decides about one resource, decoded with json.Number and keyed by the names of the schema.
type Predicate func(resource map[string]any) bool

// ElementPredicate decides about one element of a multi-valued attribute.
type ElementPredicate func(element any) bool

// Options are the places where clients and RFC 7644 differ.
type Options struct {
	// StringBooleans accepts "True" and "False" in quotes where a boolean is due, as Entra writes them.
	StringBooleans bool
}

// Bind checks a filter against a schema and makes it a function. An error is an *Error with Pos -1: the filter names an
// attribute that does not exist or compares one in a way its type does not know (RFC 7644 section 3.4.2.2).
func Bind(n Node, resolve Resolver, opts Options) (Predicate, error) {
	b := binder{resolve: resolve, opts: opts}
	p, err := b.node(n)
	if err != nil {
		return nil, err
	}
	return Predicate(p), nil
}

// BindElement does the same for the filter in the brackets after attr.
func BindElement(n Node, attr *Attribute, opts Options) (ElementPredicate, error) {
	b := binder{opts: opts}
	if !attr.Multi && attr.Type != TypeAny {
		return nil, misfit("%s has a single value; brackets select among several", attr.Name)
	}
	b.resolve = elementResolver(attr)
	p, err := b.node(n)
	if err != nil {
		return nil, err
	}
	return func(element any) bool {
		m, ok := element.(map[string]any)
		if !ok {
			m = map[string]any{"value": element} // an element of a simple attribute is its own value
		}
		return p(m)
	}, nil
}

func elementResolver(attr *Attribute) Resolver {
	if attr.Type == TypeAny {
		return func(AttrPath) (*Attribute, *Attribute) { return attr, nil }
	}
	if attr.Type == TypeComplex {
		return func(p AttrPath) (*Attribute, *Attribute) {
			if p.URN != "" || p.Sub != "" {
				return nil, nil
			}
			return attr.Sub(p.Name), nil
		}
	}
	value := *attr
	value.Name, value.Container, value.Multi = "value", "", false
	return func(p AttrPath) (*Attribute, *Attribute) {
		if p != (AttrPath{Name: "value"}) {
			return nil, nil
		}
		return &value, nil
	}
}

func misfit(format string, args ...any) *Error {
	return &Error{Pos: -1, Text: fmt.Sprintf(format, args...)}
}

type binder struct {
	resolve Resolver
	opts    Options
}

type test = func(map[string]any) bool

func (b *binder) node(n Node) (test, error) {
	switch n := n.(type) {
	case *And:
		terms, err := b.nodes(n.Terms)
		return func(r map[string]any) bool {
			for _, t := range terms {
				if !t(r) {
					return false
				}
			}
			return true
		}, err
	case *Or:
		terms, err := b.nodes(n.Terms)
		return func(r map[string]any) bool {
			for _, t := range terms {
				if t(r) {
					return true
				}
			}
			return false
		}, err
	case *Not:
		t, err := b.node(n.Term)
		return func(r map[string]any) bool { return !t(r) }, err
	case *Compare:
		return b.compare(n)
	case *Element:
		return b.element(n)
	}
	return nil, misfit("unknown expression %T", n)
}

func (b *binder) nodes(nodes []Node) ([]test, error) {
	out := make([]test, len(nodes))
	for i, n := range nodes {
		t, err := b.node(n)
		if err != nil {
			return nil, err
		}
		out[i] = t
	}
	return out, nil
}

func (b *binder) find(p AttrPath) (attr, sub *Attribute, err error) {
	attr, sub = b.resolve(p)
	if attr == nil || p.Sub != "" && sub == nil {
		return nil, nil, misfit("%s is no attribute of this resource", p)
	}
	if attr.Hidden || sub != nil && sub.Hidden {
		return nil, nil, misfit("%s is never returned and cannot be filtered by", p)
	}
	return attr, sub, nil
}

func (b *binder) compare(c *Compare) (test, error) {
	attr, sub, err := b.find(c.Path)
	if err != nil {
		return nil, err
	}
	if attr.Type == TypeComplex && sub == nil && c.Op != Pr && c.Value.Kind != Null {
		// RFC 7644 3.4.2.2 compares a complex attribute by its "value".
		if sub = attr.Sub("value"); sub == nil {
			return nil, misfit("%s has sub-attributes; name the one to compare, like %s.%s", c.Path, c.Path, anySub(attr))
		}
	}
	leaf := attr
	if sub != nil {
		leaf = sub
	}
	match, err := b.comparer(leaf, c.Path.String(), c.Op, c.Value)
	if err != nil {
		return nil, err
	}
	negate := c.Op == Ne
	return func(r map[string]any) bool { return anyValue(r, attr, sub, match) != negate }, nil
}

func anySub(attr *Attribute) string {
	best := ""
	for _, s := range attr.Subs {
		if best == "" || s.Name < best {
			best = s.Name
		}
	}
	return best
}

func (b *binder) element(e *Element) (test, error) {
	attr, _, err := b.find(e.Path)
	if err != nil {
		return nil, err
	}
	where, err := BindElement(e.Where, attr, b.opts)
	if err != nil {
		return nil, err
	}
	if e.Op == None {
		return func(r map[string]any) bool { return anyElement(r, attr, where) }, nil
	}
	name := e.Sub
	if name == "" {
		name = "value"
	}
	sub := attr.Sub(name)
	if sub == nil {
		return nil, misfit("%s has no sub-attribute %s", e.Path, name)
	}
	match, err := b.comparer(sub, e.Path.String()+"[]."+sub.Name, e.Op, e.Value)
	if err != nil {
		return nil, err
	}
	negate := e.Op == Ne
	return func(r map[string]any) bool {
		return anyElement(r, attr, func(el any) bool {
			if !where(el) {
				return false
			}
			m, _ := el.(map[string]any)
			return anyOf(m[sub.Name], match) != negate
		})
	}, nil
}

// held is the value of attr in a resource, nil when it has none.
func held(r map[string]any, attr *Attribute) any {
	if attr.Container != "" {
		r, _ = r[attr.Container].(map[string]any)
	}
	return r[attr.Name]
}

func anyElement(r map[string]any, attr *Attribute, match func(any) bool) bool {
	list, _ := held(r, attr).([]any)
	for _, el := range list {
		if match(el) {
			return true
		}
	}
	return false
}

// anyValue reports whether one of the values that attr, or sub within it, has in r satisfies match.
func anyValue(r map[string]any, attr, sub *Attribute, match func(any) bool) bool {
	v := held(r, attr)
	if sub == nil {
		return anyOf(v, match)
	}
	return anyOf(v, func(el any) bool {
		m, _ := el.(map[string]any)
		return anyOf(m[sub.Name], match)
	})
}

func anyOf(v any, match func(any) bool) bool {
	list, ok := v.([]any)
	if !ok {
		return match(v)
	}
	if len(list) == 0 {
		return match(nil)
	}
	for _, el := range list {
		if match(el) {
			return true
		}
	}
	return false
}

// present follows RFC 7644 table 3: a value, and not an empty one.
func present(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case map[string]any:
		for _, s := range v {
			if present(s) {
				return true
			}
		}
		return false
	case []any:
		for _, e := range v {
			if present(e) {
				return true
			}
		}
		return false
	case json.Number, bool:
		return true
	}
	return true
}
