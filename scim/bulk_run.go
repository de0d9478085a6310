package scim

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	scimerrors "github.com/elimity-com/scim/errors"
)

// bulkPrefix marks a reference to a resource that an operation of the same request creates.
const bulkPrefix = "bulkId:"

// bulkRun carries out the operations of one request. References to what other operations create are settled in whatever order the
// operations stand: what is referred to is made first. Where resources refer to each other in a circle, one is made without the
// references, and gets them when the others are there (RFC 7644 section 3.7.1).
type bulkRun struct {
	server  *Server
	request *request
	ops     []*bulkOperation
	makes   map[string]*bulkOperation // by bulkId
	ids     map[string]string         // of what was created, by bulkId
	running []*bulkOperation          // each waits for the next
	later   []func()                  // references that wait for their resources
	errors  int
}

// all carries out the operations until most have failed; 0 is any number.
func (b *bulkRun) all(most int) {
	for _, o := range b.ops {
		if most > 0 && b.errors >= most {
			break
		}
		b.do(o)
	}
}

func (b *bulkRun) do(o *bulkOperation) {
	if o.done {
		return
	}
	b.running = append(b.running, o)
	o.err = b.try(o)
	o.done = true
	b.running = b.running[:len(b.running)-1]
	if o.err != nil {
		b.errors++
	}
	if len(b.running) > 0 {
		return
	}
	for _, refer := range b.later {
		refer()
	}
	b.later = nil
}

func (b *bulkRun) try(o *bulkOperation) error {
	if o.malformed != nil {
		o.location = b.locationOf(o)
		return o.malformed
	}
	for _, ref := range references(o.path, o.data) {
		if maker := b.makes[ref]; maker != nil && !maker.done && !slices.Contains(b.running, maker) {
			b.do(maker)
		}
	}
	path, err := b.settled(o.path)
	if err != nil {
		return err
	}
	t, id, err := b.server.typeAt(path.(string))
	if err != nil {
		return err
	}
	if (o.method == http.MethodPost) != (id == "") {
		return invalid(scimerrors.ScimTypeInvalidPath, "%s does not go with the path %.80q: POST names a type of resources, the others one resource.", o.method, o.path)
	}
	r := *b.request
	r.ifMatch, r.ifNoneMatch = o.version, ""
	if o.method != http.MethodPost {
		o.location = view{base: r.base}.location(t.endpoint, id)
	}
	data, circular := b.withoutCircular(o, t)
	settled, err := b.settled(data)
	if err != nil {
		return err
	}
	body, _ := settled.(map[string]any)
	v := view{base: r.base}
	switch o.method {
	case http.MethodPost:
		o.made, err = b.server.create(&r, t, v, body)
	case http.MethodPut:
		o.made, err = b.server.replace(&r, t, v, id, body)
	case http.MethodPatch:
		o.made, err = b.server.patch(&r, t, v, id, body)
	default:
		o.made, err = b.server.remove(&r, t, id)
	}
	if err != nil {
		return err
	}
	if o.made.entity != nil {
		o.location = o.made.location
		if o.bulkID != "" {
			b.ids[o.bulkID] = o.made.entity.id()
		}
	}
	if len(circular) > 0 {
		b.refer(o, t, circular)
	}
	return nil
}

// locationOf is where the resource is that an operation is about, "" if it names none: whoever fails has a location too, except those who
// would have created something (RFC 7644 section 3.7.3).
func (b *bulkRun) locationOf(o *bulkOperation) string {
	path, err := b.settled(o.path)
	if err != nil || o.method == http.MethodPost {
		return ""
	}
	t, id, err := b.server.typeAt(path.(string))
	if err != nil || id == "" {
		return ""
	}
	return view{base: b.request.base}.location(t.endpoint, id)
}

// refer adds the references that had to wait, once everything is there. Whoever cannot get them is not kept without: the operation
// happens as it was asked for, or it has failed.
func (b *bulkRun) refer(o *bulkOperation, t *resourceType, circular []any) {
	r := *b.request
	r.ifMatch, r.ifNoneMatch = "", ""
	b.later = append(b.later, func() {
		id := o.made.entity.id()
		operations, err := b.settled(circular)
		if err == nil {
			body := map[string]any{"schemas": []any{PatchSchema}, "Operations": operations}
			var m made
			if m, err = b.server.patch(&r, t, view{base: r.base}, id, body); err == nil {
				o.made.entity = m.entity
				return
			}
		}
		_, undone := b.server.remove(&r, t, id)
		o.err, o.location = errors.Join(err, undone), ""
		b.errors++
	})
}

// typeAt finds what "/Users" or "/Users/{id}" names.
func (s *Server) typeAt(path string) (t *resourceType, id string, err error) {
	endpoint, id, _ := strings.Cut(strings.Trim(path, "/"), "/")
	for _, t := range s.types {
		if t.endpoint == endpoint && !strings.Contains(id, "/") && id != ".search" {
			return t, id, nil
		}
	}
	return nil, "", invalid(scimerrors.ScimTypeInvalidPath, "The path %.80q names no resources of this server.", path)
}

// references lists the bulkIds that a path and data refer to.
func references(path string, data any) (refs []string) {
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			if ref, ok := strings.CutPrefix(v, bulkPrefix); ok {
				refs = append(refs, ref)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(data)
	if _, ref, ok := strings.Cut(path, "/"+bulkPrefix); ok {
		refs = append(refs, ref)
	}
	slices.Sort(refs)
	return slices.Compact(refs)
}

// settled returns a copy of a value with ids in the place of references.
func (b *bulkRun) settled(v any) (any, error) {
	switch v := v.(type) {
	case string:
		before, ref, ok := strings.Cut(v, bulkPrefix)
		if !ok || before != "" && !strings.HasPrefix(before, "/") {
			return v, nil
		}
		id, known := b.ids[ref]
		if !known {
			return nil, b.unsettled(ref)
		}
		return before + id, nil
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			var err error
			if out[i], err = b.settled(e); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			var err error
			if out[k], err = b.settled(e); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

func (b *bulkRun) unsettled(ref string) error {
	if maker := b.makes[ref]; maker != nil && !maker.done {
		return failure(http.StatusConflict, "", "bulkId %.60q is part of a circle of references that cannot be settled.", ref)
	}
	return invalid(scimerrors.ScimTypeInvalidValue, "bulkId %.60q names nothing that this request created.", ref)
}

// withoutCircular takes out of what is to be created the references to resources that wait for it, and returns them as PATCH operations
// for later. What a resource cannot be without stays, and fails.
func (b *bulkRun) withoutCircular(o *bulkOperation, t *resourceType) (data map[string]any, later []any) {
	if o.method != http.MethodPost {
		return o.data, nil
	}
	data = make(map[string]any, len(o.data))
	wait := func(key string, v any) {
		later = append(later, map[string]any{"op": "add", "value": map[string]any{key: v}})
	}
	for key, v := range o.data {
		list, many := v.([]any)
		switch {
		case t.index.indispensable(key) || !b.waits(v):
			data[key] = v
		case !many:
			wait(key, v)
		default:
			var now, then []any
			for _, el := range list {
				if b.waits(el) {
					then = append(then, el)
				} else {
					now = append(now, el)
				}
			}
			data[key] = now
			wait(key, then)
		}
	}
	return data, later
}

// waits reports whether a value refers to a resource that is being created.
func (b *bulkRun) waits(v any) bool {
	return slices.ContainsFunc(references("", v), func(ref string) bool {
		maker := b.makes[ref]
		return maker != nil && !maker.done && slices.Contains(b.running, maker)
	})
}
