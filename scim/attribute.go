package scim

import (
	"strings"

	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/elimity-com/scim/schema"

	"rollcall/identity"
	"rollcall/scim/filter"
)

type mutability uint8

const (
	readWrite mutability = iota
	readOnly
	immutable
	writeOnly
)

type returned uint8

const (
	returnedDefault returned = iota
	returnedAlways
	returnedRequest
	returnedNever
)

// attribute is one compiled attribute definition: what filters need, and what writing and returning it needs besides.
type attribute struct {
	filter.Attribute
	mutability mutability
	returned   returned
	required   bool
	unique     bool                  // no two resources of the type have the same value
	subs       map[string]*attribute // by name, as spelt in the schema and lower-cased
	needs      []*attribute          // the sub-attributes without which there is no value
	uniqueSubs []*attribute          // the sub-attributes that are unique
}

func (a *attribute) sub(name string) *attribute { return lookup(a.subs, name) }

// most is how many values the attribute may have.
func (a *attribute) most() int {
	if a.Name == "members" && a.Container == "" {
		return MaxMembers
	}
	return MaxValues
}

// lookup finds a name in any case; the spelling of the schema costs no allocation.
func lookup(attrs map[string]*attribute, name string) *attribute {
	if a := attrs[name]; a != nil {
		return a
	}
	return attrs[strings.ToLower(name)]
}

// container is a set of attributes: those of the resource itself (the key is empty) or of one extension.
type container struct {
	key   string // where a document holds the attributes: "" or the extension's URN
	urn   string
	attrs map[string]*attribute
	// member is how canonical JSON begins an object of the container.
	member    string
	mandatory bool         // every resource has it
	needs     []*attribute // the attributes without which there is no resource, as far as clients can write them
	nested    []*attribute // those of whose sub-attributes some are needed
	unique    []*attribute // those whose values, or some of whose sub-attributes' values, no two resources have
}

// index is a resource type's schemas, compiled.
type index struct {
	core       *container
	extensions []*container
	byURN      map[string]*container // by lower-cased URN, the core schema included
	unique     map[string]*attribute // names without a URN that the core does not have: the first extension that has one
	linked     *attribute            // the references to other resources, which are read only where they are wanted; may be nil
	unasked    []*attribute          // that are not returned by default, though they have values
	immutable  []*attribute          // that clients write once
	// unaskedInProfile says that something which is returned on request only is among what clients write.
	unaskedInProfile bool
}

// compile builds the index of a resource type from its core schema and extensions. The common attributes of RFC 7643
// section 3.1 join the core.
func compile(core schema.Schema, extensions ...schema.Schema) *index {
	x := &index{byURN: map[string]*container{}, unique: map[string]*attribute{}}
	core.Attributes = append(schema.CommonAttributes(), core.Attributes...)
	x.core = x.add("", core)
	for _, e := range extensions {
		c := x.add(e.ID, e)
		x.extensions = append(x.extensions, c)
		for name, a := range c.attrs {
			if lookup(x.core.attrs, name) == nil && x.unique[name] == nil {
				x.unique[name] = a
			}
		}
	}
	return x
}

func (x *index) add(key string, s schema.Schema) *container {
	c := &container{key: key, urn: s.ID, attrs: map[string]*attribute{}, member: `"` + s.ID + `":{`}
	for _, def := range s.Attributes {
		a := compileAttribute(def, key)
		c.attrs[a.Name], c.attrs[strings.ToLower(a.Name)] = a, a
		if a.returned == returnedRequest || a.returned == returnedNever && a.writable() {
			x.unasked = append(x.unasked, a)
			x.unaskedInProfile = x.unaskedInProfile || a.writable()
		}
		c.demand(a)
		if a.mutability == immutable {
			x.immutable = append(x.immutable, a)
		}
	}
	x.byURN[strings.ToLower(s.ID)] = c
	return c
}

// demand notes what an attribute asks of resources.
func (c *container) demand(a *attribute) {
	if !a.writable() {
		return
	}
	if a.required {
		c.needs = append(c.needs, a)
	}
	if len(a.needs) > 0 {
		c.nested = append(c.nested, a)
	}
	if a.unique || len(a.uniqueSubs) > 0 {
		c.unique = append(c.unique, a)
	}
}

func compileAttribute(def schema.CoreAttribute, key string) *attribute {
	a := &attribute{
		Attribute: filter.Attribute{
			Name: def.Name(), Container: key, Multi: def.MultiValued(), Type: typeOf(def.AttributeType()),
			Hidden: def.Returned() == "never",
		},
		required: def.Required(), unique: def.Uniqueness() != "none",
	}
	a.mutability = map[string]mutability{"readOnly": readOnly, "immutable": immutable, "writeOnly": writeOnly}[def.Mutability()]
	a.returned = map[string]returned{"always": returnedAlways, "request": returnedRequest, "never": returnedNever}[def.Returned()]
	switch {
	case a.Type == filter.TypeBinary:
		a.Fold = withoutPadding
	case !def.CaseExact():
		a.Fold = strings.ToLower
	}
	if len(def.SubAttributes()) > 0 {
		a.subs = map[string]*attribute{}
		a.Subs = map[string]*filter.Attribute{}
		for _, d := range def.SubAttributes() {
			s := compileAttribute(d, "")
			lower := strings.ToLower(s.Name)
			a.subs[s.Name], a.subs[lower] = s, s
			a.Subs[lower] = &s.Attribute
			if s.required && s.mutability != readOnly {
				a.needs = append(a.needs, s)
			}
			if s.unique && s.mutability != readOnly {
				a.uniqueSubs = append(a.uniqueSubs, s)
			}
		}
	}
	return a
}

// withoutPadding is what two spellings of the same bytes in base64 have in common (RFC 7643 section 2.3.6).
func withoutPadding(s string) string { return strings.TrimRight(s, "=") }

func typeOf(name string) filter.Type {
	return map[string]filter.Type{
		"boolean": filter.TypeBoolean, "integer": filter.TypeInteger, "decimal": filter.TypeDecimal, "dateTime": filter.TypeDateTime,
		"reference": filter.TypeReference, "binary": filter.TypeBinary, "complex": filter.TypeComplex,
	}[name]
}

// identityFold makes filters fold identifiers exactly as the store's keys do.
func (x *index) identityFold() {
	x.core.attrs["userName"].Fold = identity.Fold
	x.core.attrs["emails"].subs["value"].Fold = identity.Fold
}

// resolve finds what a path names. A name without URN is the core's, else the one extension's that has it: Entra writes
// "manager" for the enterprise attribute.
func (x *index) resolve(p filter.AttrPath) (attr, sub *attribute) {
	if p.URN == "" {
		if attr = lookup(x.core.attrs, p.Name); attr == nil {
			attr = lookup(x.unique, p.Name)
		}
	} else if c := x.container(p.URN); c != nil {
		attr = lookup(c.attrs, p.Name)
	}
	if attr != nil && p.Sub != "" {
		sub = attr.sub(p.Sub)
	}
	return attr, sub
}

func (x *index) container(urn string) *container {
	if c := x.byURN[urn]; c != nil {
		return c
	}
	return x.byURN[strings.ToLower(urn)]
}

// filterResolver is resolve as filters want it.
func (x *index) filterResolver(p filter.AttrPath) (*filter.Attribute, *filter.Attribute) {
	attr, sub := x.resolve(p)
	if attr == nil {
		return nil, nil
	}
	if sub == nil {
		return &attr.Attribute, nil
	}
	return &attr.Attribute, &sub.Attribute
}

// valueIn is the value of an attribute in a document; nil if it has none.
func (a *attribute) valueIn(doc map[string]any) any {
	if a.Container != "" {
		doc, _ = doc[a.Container].(map[string]any)
	}
	return doc[a.Name]
}

// schemasOf lists the schemas of which a document has something (RFC 7643 section 3).
func (x *index) schemasOf(doc map[string]any) []any {
	list := []any{x.core.urn}
	for _, c := range x.extensions {
		if m, _ := doc[c.key].(map[string]any); len(m) > 0 {
			list = append(list, c.urn)
		}
	}
	return list
}

// keepImmutable puts what is written once (RFC 7643 section 2.2) into a document that left it out.
func (x *index) keepImmutable(before, after map[string]any) {
	for _, a := range x.immutable {
		was := a.valueIn(before)
		if was == nil || a.valueIn(after) != nil {
			continue
		}
		holder := after
		if a.Container != "" {
			if holder, _ = after[a.Container].(map[string]any); holder == nil {
				holder = map[string]any{}
				after[a.Container] = holder
			}
		}
		holder[a.Name] = was
	}
}

// checkImmutable refuses another value, or none, for an attribute that is written once and has one.
func (x *index) checkImmutable(before, after map[string]any) error {
	for _, a := range x.immutable {
		if was := a.valueIn(before); was != nil && !same(was, a.valueIn(after)) {
			return invalid(scimerrors.ScimTypeMutability, "%s is immutable and has a value already.", a.Name)
		}
	}
	return nil
}
