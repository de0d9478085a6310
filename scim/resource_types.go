package scim

import (
	"github.com/elimity-com/scim/schema"

	"rollcall/identity"
)

// newTypes are the types of resources of a server: those that every server has, and those that its operator registered.
func newTypes(registered Types) []*resourceType {
	core, own := userSchemas()
	people, personal := compileType(core, own, registered.extended["User"])
	finishUsers(people)
	sets, common := compileType(groupSchema(), nil, registered.extended["Group"])
	finishGroups(sets)
	types := []*resourceType{
		{name: "User", endpoint: "Users", description: "A user of the organization", schemas: personal, index: people, kept: users{people}},
		{name: "Group", endpoint: "Groups", description: "A group of users and groups", schemas: common,
			long: true, index: sets, kept: groups{sets}},
	}
	for _, t := range registered.added {
		x, schemas := compileType(t.core, nil, t.extensions)
		types = append(types, &resourceType{name: t.name, endpoint: t.endpoint, description: t.description, schemas: schemas, index: x,
			kept: items{kind: identity.ItemType(t.name), endpoint: t.endpoint, index: x}})
	}
	return types
}

// compileType compiles the schemas of a type, which it lists too: the core schema, the server's own extensions and the registered ones.
func compileType(core schema.Schema, own []schema.Schema, registered []extension) (*index, []schema.Schema) {
	schemas := append([]schema.Schema{core}, own...)
	for _, e := range registered {
		schemas = append(schemas, e.schema)
	}
	x := compile(core, schemas[1:]...)
	for _, e := range registered {
		x.container(e.schema.ID).mandatory = e.required
	}
	return x, schemas
}
