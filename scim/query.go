package scim

import (
	"strings"
	"time"

	scimerrors "github.com/elimity-com/scim/errors"

	"rollcall/identity"
	"rollcall/scim/filter"
)

// query is a filter, split between the store and us.
type query struct {
	// where selects at least everything that matches, as the type's collection has it; nil selects all.
	where any
	// matches decides about what where selects; nil if where decides alone.
	matches filter.Predicate
	// links says that matches looks at the references to other resources.
	links bool
}

// newQuery reads a filter; an empty one matches everything. Where several types are asked at once, an attribute that this one does not
// have has no value in it (RFC 7644 section 3.4.2.1).
func (t *resourceType) newQuery(d Dialect, text string, several bool) (q query, err error) {
	if strings.TrimSpace(text) == "" {
		return q, nil
	}
	node, err := filter.Parse(text)
	if err != nil {
		return q, invalid(scimerrors.ScimTypeInvalidFilter, "The filter is malformed: %s.", err)
	}
	missing := false
	resolve := func(p filter.AttrPath) (attr, sub *filter.Attribute) {
		attr, sub = t.index.filterResolver(p)
		if t.index.linked != nil && attr == &t.index.linked.Attribute {
			q.links = true
		}
		if several && (attr == nil || p.Sub != "" && sub == nil) {
			missing = true
			return absent(p)
		}
		return attr, sub
	}
	matches, err := filter.Bind(node, resolve, d.filterOptions())
	if err != nil {
		return q, invalid(scimerrors.ScimTypeInvalidFilter, "The filter does not fit: %s.", err)
	}
	if missing {
		q.matches = matches
		return q, nil
	}
	where, exact := t.kept.push(node)
	q.where = where
	if !exact {
		q.matches = matches
	}
	return q, nil
}

// absent is an attribute that nothing has.
func absent(p filter.AttrPath) (attr, sub *filter.Attribute) {
	attr = &filter.Attribute{Name: p.Name, Container: "urn:absent", Type: filter.TypeAny}
	if p.Sub != "" {
		sub = &filter.Attribute{Name: p.Sub, Type: filter.TypeAny}
		attr.Type, attr.Subs = filter.TypeComplex, map[string]*filter.Attribute{strings.ToLower(p.Sub): sub}
	}
	return attr, sub
}

// push turns an expression into a condition of the store that holds wherever the expression does. exact tells that it
// holds nowhere else. nil stands for a condition that always holds.
func (x *index) push(n filter.Node) (where identity.Condition, exact bool) {
	switch n := n.(type) {
	case *filter.And:
		exact = true
		var all identity.And
		for _, t := range n.Terms {
			c, e := x.push(t)
			exact = exact && e
			if c != nil {
				all = append(all, c)
			}
		}
		if len(all) == 0 {
			return nil, false
		}
		return all, exact
	case *filter.Or:
		exact = true
		alternatives := make(identity.Or, 0, len(n.Terms))
		for _, t := range n.Terms {
			c, e := x.push(t)
			if c == nil {
				return nil, false
			}
			exact = exact && e
			alternatives = append(alternatives, c)
		}
		return alternatives, exact
	case *filter.Not:
		if c, e := x.push(n.Term); e {
			return identity.Not{Condition: c}, true
		}
	case *filter.Compare:
		return x.pushCompare(n)
	case *filter.Element:
		return x.pushElement(n)
	}
	return nil, false
}

var storeOps = map[filter.Op]identity.Op{
	filter.Eq: identity.Equal, filter.Ne: identity.NotEqual, filter.Co: identity.Contains, filter.Sw: identity.HasPrefix,
	filter.Ew: identity.HasSuffix, filter.Gt: identity.Greater, filter.Ge: identity.AtLeast, filter.Lt: identity.Less,
	filter.Le: identity.AtMost, filter.Pr: identity.Present,
}

// field is the store's column for an attribute.
func (x *index) field(p filter.AttrPath) (f identity.Field, attr *attribute) {
	attr, sub := x.resolve(p)
	if attr == nil {
		return "", nil
	}
	if attr.Type == filter.TypeComplex {
		if sub == nil {
			sub = attr.sub("value")
		}
		if sub == nil {
			return "", nil
		}
		return columns[attr.Container+"|"+attr.Name+"."+sub.Name], sub
	}
	return columns[attr.Container+"|"+attr.Name], attr
}

// columns are the attributes that the store answers by itself.
var columns = map[string]identity.Field{
	"|id": identity.FieldID, "|userName": identity.FieldUserName, "|externalId": identity.FieldExternalID, "|active": identity.FieldActive,
	"|emails.value": identity.FieldEmail, "|meta.created": identity.FieldCreated, "|meta.lastModified": identity.FieldUpdated,
	AccountSchema + "|accountStatus": identity.FieldStatus, AccountSchema + "|inactiveReason": identity.FieldReason,
	AccountSchema + "|source": identity.FieldSource,
}

func (x *index) pushCompare(n *filter.Compare) (identity.Condition, bool) {
	f, attr := x.field(n.Path)
	if f == "" {
		if m := x.mentions(n); m != "" {
			return m, false
		}
		return nil, false
	}
	c := &identity.Compare{Field: f, Op: storeOps[n.Op]}
	if n.Op == filter.Pr {
		return c, true
	}
	switch n.Value.Kind {
	case filter.Null:
		c.Op = identity.Present
		if n.Op == filter.Eq {
			return identity.Not{Condition: c}, true
		}
		return c, true
	case filter.Bool:
		c.Bool = n.Value.Bool
		return c, true
	}
	text := n.Value.Text
	switch attr.Type {
	case filter.TypeBoolean:
		c.Bool = strings.EqualFold(text, "true")
		return c, true
	case filter.TypeDateTime:
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return nil, false
		}
		c.Time = t.UTC()
		return c, true
	}
	c.Text = text
	if attr.Fold != nil {
		c.Text = attr.Fold(text)
	}
	return c, true
}

// pushElement finds what an element must have for a store that sees all addresses of an account as one set: the address
// itself. The rest is decided over the document.
func (x *index) pushElement(n *filter.Element) (identity.Condition, bool) {
	if n.Op != filter.None && n.Op != filter.Ne {
		sub := n.Sub
		if sub == "" {
			sub = "value"
		}
		if c, _ := x.pushCompare(&filter.Compare{Path: withSub(n.Path, sub), Op: n.Op, Value: n.Value}); c != nil && n.Value.Kind == filter.String {
			return c, false
		}
	}
	terms := []filter.Node{n.Where}
	if and, ok := n.Where.(*filter.And); ok {
		terms = and.Terms
	}
	for _, t := range terms {
		c, ok := t.(*filter.Compare)
		if !ok || c.Op == filter.Ne || c.Op == filter.Pr || c.Value.Kind != filter.String {
			continue
		}
		if where, _ := x.pushCompare(&filter.Compare{Path: withSub(n.Path, c.Path.Name), Op: c.Op, Value: c.Value}); where != nil {
			return where, false
		}
	}
	return nil, false
}

func withSub(p filter.AttrPath, sub string) filter.AttrPath {
	p.Sub = sub
	return p
}
