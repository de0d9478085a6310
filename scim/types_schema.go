package scim

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/elimity-com/scim/schema"

	"rollcall/scim/filter"
)

// definitions are the schemas of an operator's files, by lower-cased id.
type definitions struct {
	schemas map[string]definition
	ids     []string // in the order of the files
}

// definition is one schema and what is known of it.
type definition struct {
	part
	schema schema.Schema
	unique part // the first attribute whose values must be unique
	used   bool
}

// attributeName is an attribute's name (RFC 7643 section 2.1).
var attributeName = regexp.MustCompile(`^[A-Za-z][-$_0-9A-Za-z]*$`)

// commonNames are the attributes that every resource has (RFC 7643 section 3.1).
var commonNames = []string{"schemas", "id", "externalId", "meta"}

// add reads a schema.
func (d *definitions) add(p part) error {
	if err := p.only("schemas", "id", "name", "description", "attributes", "meta"); err != nil {
		return err
	}
	id, err := p.text("id")
	if err != nil {
		return err
	}
	if err := d.checkID(p, id); err != nil {
		return err
	}
	for _, key := range []string{"name", "description"} {
		if _, err := p.text(key); err != nil {
			return err
		}
	}
	own := definition{part: p}
	attributes, err := p.parts("attributes")
	if err != nil {
		return err
	}
	if len(attributes) == 0 {
		return p.refuse("attributes", "a schema needs at least one attribute")
	}
	if err := own.checkAttributes(attributes, true); err != nil {
		return err
	}
	raw, err := json.Marshal(p.members)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &own.schema); err != nil {
		return p.refuse("", "%s", err)
	}
	d.schemas[strings.ToLower(id)] = own
	d.ids = append(d.ids, id)
	return nil
}

func (d *definitions) checkID(p part, id string) error {
	path, named := filter.SplitAttr(id)
	switch known, twice := d.schemas[strings.ToLower(id)]; {
	case id == "":
		return p.refuse("id", "is missing; a schema has a URN of its own")
	case !isURN(id) || !named || path.Whole() != id:
		return p.refuse("id", "%q is no URN whose last part is a name, such as urn:example:params:scim:schemas:Printer", id)
	case isBuiltIn(id):
		return p.refuse("id", "%s is the server's own", id)
	case twice:
		return p.refuse("id", "%s is defined in %s at %s already", id, known.file, known.path)
	}
	return nil
}

// isBuiltIn reports whether an id is of a schema that the server or the RFC defines.
func isBuiltIn(id string) bool {
	for _, taken := range []string{"urn:ietf:params:scim:schemas:core:", "urn:ietf:params:scim:api:", "urn:rollcall:"} {
		if len(id) >= len(taken) && strings.EqualFold(id[:len(taken)], taken) {
			return true
		}
	}
	return strings.EqualFold(id, EnterpriseSchema)
}

// checkAttributes checks attribute definitions, of a schema or of a complex attribute, and writes into them what RFC 7643
// says for what they leave out.
func (d *definition) checkAttributes(attributes []part, top bool) error {
	first := map[string]string{} // where a lower-cased name stands
	for _, a := range attributes {
		name, err := a.text("name")
		if err != nil {
			return err
		}
		switch at, twice := first[strings.ToLower(name)]; {
		case name == "":
			return a.refuse("name", "is missing")
		case !attributeName.MatchString(name) && (top || name != "$ref"):
			return a.refuse("name", "%q is no name of an attribute; use letters, digits, \"-\", \"_\" and \"$\", a letter first", name)
		case twice:
			return a.refuse("name", "%q stands at %s already; names count in any case", name, at)
		case top && slices.ContainsFunc(commonNames, func(common string) bool { return strings.EqualFold(common, name) }):
			return a.refuse("name", "every resource has %q; leave it out", name)
		}
		first[strings.ToLower(name)] = a.path
		if err := d.checkAttribute(a, top); err != nil {
			return err
		}
	}
	return nil
}

func (d *definition) checkAttribute(a part, top bool) error {
	err := a.only("name", "type", "multiValued", "description", "required", "canonicalValues", "caseExact", "mutability", "returned",
		"uniqueness", "referenceTypes", "subAttributes")
	if err != nil {
		return err
	}
	kind, err := a.word("type", "string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex")
	if err != nil {
		return err
	}
	a.members["type"] = kind // RFC 7643 section 2.2
	if _, said := a.members["caseExact"]; !said && (kind == "binary" || kind == "reference") {
		a.members["caseExact"] = true // sections 2.3.6 and 2.3.7
	}
	for _, key := range []string{"multiValued", "required", "caseExact"} {
		if _, err := a.flag(key); err != nil {
			return err
		}
	}
	for _, key := range []string{"canonicalValues", "referenceTypes"} {
		if _, err := a.texts(key); err != nil {
			return err
		}
	}
	if _, err := a.text("description"); err != nil {
		return err
	}
	returned, err := a.word("returned", "default", "always", "never", "request")
	if err != nil {
		return err
	}
	if !top && returned != "default" {
		return a.refuse("returned", "say it of the whole attribute; its parts are returned with it")
	}
	if kind != "reference" && a.members["referenceTypes"] != nil {
		return a.refuse("referenceTypes", "only attributes of the type reference have them")
	}
	if err := d.checkAccess(a, kind, top); err != nil {
		return err
	}
	return d.checkSubAttributes(a, kind, top)
}

// checkAccess checks who may write an attribute, and how often a value may stand.
func (d *definition) checkAccess(a part, kind string, top bool) error {
	mutability, err := a.word("mutability", "readWrite", "readOnly", "immutable", "writeOnly")
	if err != nil {
		return err
	}
	uniqueness, err := a.word("uniqueness", "none", "server", "global")
	switch {
	case err != nil:
		return err
	case mutability == "writeOnly":
		return a.refuse("mutability", "what nobody can read is not kept; use readWrite with returned never, or leave the attribute out")
	case mutability == "immutable" && !top:
		return a.refuse("mutability", "say it of the whole attribute; its parts are written with it")
	case mutability == "readOnly" && a.members["required"] == true:
		return a.refuse("required", "nobody can give a value to what is readOnly, so it cannot be required")
	case uniqueness == "none":
		return nil
	case kind == "complex":
		return a.refuse("uniqueness", "say it of the sub-attribute whose values must be unique")
	case kind == "boolean":
		return a.refuse("uniqueness", "true and false are not enough values to be unique")
	}
	if d.unique.path == "" {
		d.unique = a
	}
	return nil
}

func (d *definition) checkSubAttributes(a part, kind string, top bool) error {
	subs, err := a.parts("subAttributes")
	switch {
	case err != nil:
		return err
	case kind != "complex" && len(subs) > 0:
		return a.refuse("subAttributes", "only attributes of the type complex have them")
	case kind != "complex":
		return nil
	case !top:
		return a.refuse("type", "a sub-attribute cannot be complex (RFC 7643 section 2.3.8)")
	case len(subs) == 0:
		return a.refuse("subAttributes", "a complex attribute needs at least one")
	}
	return d.checkAttributes(subs, false)
}

// references calls fn with every name of a resource type that attributes of the schema refer to, until it fails.
func (d definition) references(fn func(a part, name string) error) error {
	var within func(attributes []part) error
	within = func(attributes []part) error {
		for _, a := range attributes {
			names, err := a.texts("referenceTypes")
			if err != nil {
				return err
			}
			for _, name := range names {
				if err := fn(a, name); err != nil {
					return err
				}
			}
			subs, err := a.parts("subAttributes")
			if err != nil {
				return err
			}
			if err := within(subs); err != nil {
				return err
			}
		}
		return nil
	}
	attributes, err := d.parts("attributes")
	if err != nil {
		return err
	}
	return within(attributes)
}
