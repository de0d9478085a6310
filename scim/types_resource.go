package scim

import (
	"regexp"
	"slices"
	"strings"

	"github.com/elimity-com/scim/schema"
)

// builtInTypes are the resource types that the server has in any case, with their endpoints and schemas.
var builtInTypes = []struct {
	name, endpoint, core string
	extensions           []string
}{
	{"User", "/Users", UserSchema, []string{EnterpriseSchema, AccountSchema}},
	{"Group", "/Groups", schema.GroupSchema, nil},
}

// takenEndpoints are what else the server answers at (RFC 7644 section 3.2), and the types of what is there.
var (
	takenEndpoints = []string{"/Me", "/Bulk", "/Schemas", "/ResourceTypes", "/ServiceProviderConfig"}
	takenNames     = []string{"Schema", "ResourceType", "ServiceProviderConfig"}
)

var (
	typeName     = regexp.MustCompile(`^[A-Za-z][-_0-9A-Za-z]*$`)
	endpointPath = regexp.MustCompile(`^/[A-Za-z][-_0-9A-Za-z]*$`)
)

// types reads the resource types and holds them against the schemas.
func (d *definitions) types(parts []part) (Types, error) {
	t := Types{extended: map[string][]extension{}}
	names, endpoints := map[string]string{}, map[string]string{} // where they stand, lower-cased
	for _, p := range parts {
		if err := p.only("schemas", "id", "name", "description", "endpoint", "schema", "schemaExtensions", "meta"); err != nil {
			return Types{}, err
		}
		name, err := d.typeName(p)
		if err != nil {
			return Types{}, err
		}
		if at, twice := names[strings.ToLower(name)]; twice {
			return Types{}, p.refuse("name", "%q stands at %s already", name, at)
		}
		names[strings.ToLower(name)] = p.path
		if i := builtInNamed(name); i >= 0 {
			if t.extended[builtInTypes[i].name], err = d.extend(p, i); err != nil {
				return Types{}, err
			}
			continue
		}
		own, err := d.newType(p, name)
		if err != nil {
			return Types{}, err
		}
		if at, twice := endpoints[strings.ToLower(own.endpoint)]; twice {
			return Types{}, p.refuse("endpoint", "\"/%s\" stands at %s already", own.endpoint, at)
		}
		endpoints[strings.ToLower(own.endpoint)] = p.path
		t.added = append(t.added, own)
	}
	return t, d.checkUse(names)
}

func builtInNamed(name string) int {
	for i, b := range builtInTypes {
		if strings.EqualFold(b.name, name) {
			return i
		}
	}
	return -1
}

func (d *definitions) typeName(p part) (string, error) {
	name, err := p.text("name")
	if err != nil {
		return "", err
	}
	id, err := p.text("id")
	switch {
	case err != nil:
		return "", err
	case name == "":
		return "", p.refuse("name", "is missing")
	case !typeName.MatchString(name):
		return "", p.refuse("name", "%q is no name of a resource type; use letters, digits, \"-\" and \"_\", a letter first", name)
	case slices.ContainsFunc(takenNames, func(taken string) bool { return strings.EqualFold(taken, name) }):
		return "", p.refuse("name", "%q is the server's own", name)
	case id != "" && id != name:
		return "", p.refuse("id", "must be the name, %q, or be left out", name)
	}
	_, err = p.text("description")
	return name, err
}

// newType reads a type of the operator's own.
func (d *definitions) newType(p part, name string) (registeredType, error) {
	own := registeredType{name: name}
	own.description, _ = p.text("description") // checked with the name
	endpoint, err := p.text("endpoint")
	taken := slices.ContainsFunc(takenEndpoints, func(taken string) bool { return strings.EqualFold(taken, endpoint) })
	for _, b := range builtInTypes {
		taken = taken || strings.EqualFold(b.endpoint, endpoint)
	}
	switch {
	case err != nil:
		return own, err
	case !endpointPath.MatchString(endpoint):
		return own, p.refuse("endpoint", "%q must be a slash and a name, such as \"/Printers\"", endpoint)
	case taken:
		return own, p.refuse("endpoint", "the server has %q already; choose another", endpoint)
	}
	own.endpoint = endpoint[1:]
	core, err := d.use(p, "schema")
	if err != nil {
		return own, err
	}
	own.core = core.schema
	extensions, err := p.parts("schemaExtensions")
	if err != nil {
		return own, err
	}
	own.extensions, err = d.extensions(extensions, []string{own.core.ID}, nil)
	return own, err
}

// extend reads what joins a built-in type. The type's own schemas may stand there, as /ResourceTypes shows them.
func (d *definitions) extend(p part, i int) ([]extension, error) {
	b := builtInTypes[i]
	for _, fixed := range []struct{ key, own string }{{"endpoint", b.endpoint}, {"schema", b.core}} {
		said, err := p.text(fixed.key)
		if err != nil {
			return nil, err
		}
		if said != "" && !strings.EqualFold(said, fixed.own) {
			return nil, p.refuse(fixed.key, "%s has %q, which cannot be changed; leave it out", b.name, fixed.own)
		}
	}
	parts, err := p.parts("schemaExtensions")
	if err != nil {
		return nil, err
	}
	extensions, err := d.extensions(parts, []string{b.core}, b.extensions)
	if err == nil && len(extensions) == 0 {
		err = p.refuse("schemaExtensions", "there is nothing here that %s does not have already", b.name)
	}
	for _, e := range extensions {
		if a := d.schemas[strings.ToLower(e.schema.ID)].unique; a.path != "" {
			return nil, a.refuse("uniqueness", "must be none, because the schema extends %s, whose extensions are not looked through", b.name)
		}
	}
	return extensions, err
}

// extensions reads references to extensions, passing over those that a type has anyway.
func (d *definitions) extensions(parts []part, taken, anyway []string) (all []extension, err error) {
	for _, p := range parts {
		if err := p.only("schema", "required"); err != nil {
			return nil, err
		}
		id, err := p.text("schema")
		if err != nil {
			return nil, err
		}
		required, err := p.flag("required")
		if err != nil {
			return nil, err
		}
		same := func(other string) bool { return strings.EqualFold(other, id) }
		if slices.ContainsFunc(anyway, same) {
			if required {
				return nil, p.refuse("required", "the server's own extensions are not required")
			}
			continue
		}
		if slices.ContainsFunc(taken, same) {
			return nil, p.refuse("schema", "the resource type has %s already", id)
		}
		def, err := d.use(p, "schema")
		if err != nil {
			return nil, err
		}
		taken = append(taken, id)
		all = append(all, extension{def.schema, required})
	}
	return all, nil
}

// use finds the schema that a member names.
func (d *definitions) use(p part, key string) (definition, error) {
	id, err := p.text(key)
	if err != nil {
		return definition{}, err
	}
	if id == "" {
		return definition{}, p.refuse(key, "is missing; name the id of a schema")
	}
	def, ok := d.schemas[strings.ToLower(id)]
	if !ok {
		return definition{}, p.refuse(key, "there is no schema %s; define it in \"schemas\"", id)
	}
	def.used = true
	d.schemas[strings.ToLower(id)] = def
	return def, nil
}

// checkUse refuses schemas that no type has, and references to types that do not exist. names are the types of the files.
func (d *definitions) checkUse(names map[string]string) error {
	for _, id := range d.ids {
		def := d.schemas[strings.ToLower(id)]
		if !def.used {
			return def.refuse("id", "no resource type has this schema; name it in \"resourceTypes\"")
		}
		err := def.references(func(a part, name string) error {
			_, known := names[strings.ToLower(name)]
			if !known && name != "uri" && name != "external" && builtInNamed(name) < 0 {
				return a.refuse("referenceTypes", "there is no resource type %q; use uri, external or the name of one", name)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
