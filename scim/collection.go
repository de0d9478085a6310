package scim

import (
	"context"

	"github.com/elimity-com/scim/schema"

	"rollcall/identity"
	"rollcall/scim/filter"
)

// resourceType is one type of resources: its schemas, compiled, and where its resources are kept.
type resourceType struct {
	name        string // "User"
	endpoint    string // "Users"
	description string
	schemas     []schema.Schema // the core schema first
	long        bool            // a resource may refer to any number of others
	index       *index
	kept        collection
}

// collection is where the resources of a type are kept. Documents that come in are canonical, see canonicalResource; selections are what
// its own push returned, nil for everything.
type collection interface {
	create(ctx context.Context, acts *identity.Acts, d Dialect, doc map[string]any) (entity, error)
	// change makes of a resource what an edit says. A document that says the same as before changes nothing, not even the version.
	change(ctx context.Context, acts *identity.Acts, id string, check check, e edit) (entity, error)
	delete(ctx context.Context, acts *identity.Acts, id string, check check) error
	get(ctx context.Context, read identity.Reader, org identity.OrgID, id string) (entity, error)
	// push turns a filter into what the store can answer: it selects at least all that matches; exact tells that it selects nothing else.
	push(n filter.Node) (where any, exact bool)
	// batch lists in the order of ids, at most limit beyond one, without the first skip of them.
	batch(ctx context.Context, read identity.Reader, org identity.OrgID, where any, after string, skip, limit int) ([]entity, error)
	count(ctx context.Context, read identity.Reader, org identity.OrgID, where any) (int, error)
	// complete adds to entities what their documents need besides; with links also the references to other resources.
	complete(ctx context.Context, read identity.Reader, org identity.OrgID, list []entity, links bool) error
}

// entity is one resource as its collection has it.
type entity interface {
	id() string
	version() int64
	// document is the whole resource as clients see it.
	document(v view) (map[string]any, error)
	// append appends the resource as JSON, as v shows it.
	append(b []byte, v view) ([]byte, error)
}

// check sees the version of a resource before it is changed, inside the transaction, and may refuse.
type check func(version int64) error

// edit is what a PUT or a PATCH makes of a document.
type edit struct {
	index   *index
	dialect Dialect
	put     map[string]any // nil: the operations are applied
	ops     []operation
}

// apply returns the new document; the old one stays as it was. It may run more than once.
func (e edit) apply(before map[string]any) (map[string]any, error) {
	after := e.put
	if after == nil {
		return e.index.patch(e.dialect, before, e.ops)
	}
	after = clone(after).(map[string]any)
	e.index.keepImmutable(before, after)
	return after, e.index.checkImmutable(before, after)
}

// view is how resources look in an answer: where they are served and which attributes are shown.
type view struct {
	base    string      // URL of the organization's endpoints, without a slash at its end
	shown   *projection // nil: everything that is returned by default
	written written     // is returned besides
}

func (v view) location(endpoint, id string) string { return v.base + "/" + endpoint + "/" + id }

// links reports whether the references of a type are shown.
func (v view) links(x *index) bool {
	return x.linked != nil && (v.shown == nil || v.shown.shows(x.linked))
}

// appendDocument appends an entity by its document, for those that have no quicker way.
func (v view) appendDocument(b []byte, x *index, e entity) ([]byte, error) {
	doc, err := e.document(v)
	if err != nil {
		return b, err
	}
	if v.shown == nil {
		doc = x.byDefault(doc, v.written)
	} else {
		doc = v.shown.apply(doc, v.written)
	}
	doc["schemas"] = x.schemasOf(doc)
	return appendJSON(b, doc)
}
