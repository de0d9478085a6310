package scim

import (
	"net/http"
	"slices"

	"rollcall/identity"
)

// circle creates resources that refer to each other, or one that refers to itself, in one transaction: all of them or none, whatever
// happens (RFC 7644 section 3.7.1). Each is created without its references to those that are not there yet, and once all are there,
// replaced by what the client wants.
func (b *bulkRun) circle(part []*bulkOperation) {
	for _, o := range part {
		o.err = b.possible(o, part)
		if o.err != nil && o.cause == "" {
			o.cause = o.bulkID
		}
	}
	first := slices.IndexFunc(part, func(o *bulkOperation) bool { return o.err != nil })
	if first < 0 {
		culprit, err := b.createAtOnce(part)
		if err == nil {
			return
		}
		for _, o := range part {
			delete(b.ids, o.bulkID)
			o.made, o.location = made{}, ""
			if culprit == nil || culprit == o {
				o.err, o.cause = err, o.bulkID
			}
		}
		first = max(0, slices.Index(part, culprit))
	}
	b.failWith(part, part[first].cause)
}

// failWith fails those of a circle that have no fault of their own.
func (b *bulkRun) failWith(part []*bulkOperation, cause string) {
	innocent := slices.Clone(part)
	innocent = slices.DeleteFunc(innocent, func(o *bulkOperation) bool { return o.err != nil })
	for _, o := range innocent {
		o.cause = cause
	}
	for _, o := range innocent {
		next := b.makers(o)
		at := slices.IndexFunc(next, func(m *bulkOperation) bool { return slices.Contains(part, m) && m.cause == m.bulkID })
		if at < 0 {
			at = slices.IndexFunc(next, func(m *bulkOperation) bool { return slices.Contains(part, m) })
		}
		o.err = b.unsettled(next[at].bulkID)
	}
}

// possible says why an operation of a circle cannot be, as far as that is known without the others.
func (b *bulkRun) possible(o *bulkOperation, part []*bulkOperation) error {
	if err := b.check(o); err != nil {
		return err
	}
	if err := b.lost(o, part); err != nil {
		return err
	}
	_, err := o.of.index.canonicalResource(b.request.dialect, o.data)
	return err
}

// createAtOnce creates a circle in one transaction. culprit is the operation that was refused; nil if nobody was, and nothing happened.
func (b *bulkRun) createAtOnce(part []*bulkOperation) (culprit *bulkOperation, err error) {
	part, err = arranged(part)
	if err != nil {
		return nil, err
	}
	err = b.server.transact(b.request, nil, func(acts *identity.Acts) error {
		culprit = nil
		for i, o := range part {
			if err := b.createWithout(o, part[i:], acts); err != nil {
				culprit = o
				return err
			}
		}
		for i, o := range part {
			if err := b.complete(o, part[i:], acts); err != nil {
				culprit = o
				return err
			}
		}
		return nil
	})
	if e, known := mapError(err); err != nil && (!known || e.Status >= http.StatusInternalServerError || e.Status == http.StatusUnauthorized) {
		culprit = nil
	}
	return culprit, err
}

// arranged puts a circle into an order in which what a resource cannot be without for a moment is made before it.
func arranged(part []*bulkOperation) (order []*bulkOperation, err error) {
	waiting := map[string]bool{}
	for _, o := range part {
		waiting[o.bulkID] = true
	}
	for rest := slices.Clone(part); len(rest) > 0; {
		at := slices.IndexFunc(rest, func(o *bulkOperation) bool {
			return !slices.ContainsFunc(o.must, func(ref string) bool { return waiting[ref] })
		})
		if at < 0 {
			return nil, failure(http.StatusConflict, "", "bulkId %.60q is part of a circle of references that cannot be settled: they are required.", rest[0].bulkID)
		}
		order = append(order, rest[at])
		delete(waiting, rest[at].bulkID)
		rest = slices.Delete(rest, at, at+1)
	}
	return order, nil
}

// createWithout creates a resource without what refers to those that wait.
func (b *bulkRun) createWithout(o *bulkOperation, waiting []*bulkOperation, acts *identity.Acts) error {
	doc, err := b.document(o, o.of.index.without(o.data, refersTo(waiting)))
	if err != nil {
		return err
	}
	e, err := o.of.kept.create(b.request.Context(), acts, b.request.dialect, doc)
	if err != nil {
		return err
	}
	o.made = made{status: http.StatusCreated, entity: e, location: view{base: b.request.base}.location(o.of.endpoint, e.id())}
	b.note(o)
	return nil
}

// complete gives a resource the references that it was created without.
func (b *bulkRun) complete(o *bulkOperation, waited []*bulkOperation, acts *identity.Acts) error {
	if !refersTo(waited)(o.data) {
		return nil
	}
	doc, err := b.document(o, o.data)
	if err != nil {
		return err
	}
	always := func(int64) error { return nil }
	whole := edit{index: o.of.index, dialect: b.request.dialect, put: doc}
	e, err := o.of.kept.change(b.request.Context(), acts, o.made.entity.id(), always, whole)
	if err == nil {
		o.made.entity = e
	}
	return err
}

func (b *bulkRun) document(o *bulkOperation, data map[string]any) (map[string]any, error) {
	settled, err := b.settled(data)
	if err != nil {
		return nil, err
	}
	body, _ := settled.(map[string]any)
	return o.of.index.canonicalResource(b.request.dialect, body)
}

// refersTo returns a function that reports whether a value refers to what one of some operations creates.
func refersTo(ops []*bulkOperation) func(v any) bool {
	named := make(map[string]bool, len(ops))
	for _, o := range ops {
		named[o.bulkID] = true
	}
	return func(v any) bool {
		return slices.ContainsFunc(references(v), func(ref string) bool { return named[ref] })
	}
}

// writable is a resource as a client writes it without what is read-only.
func (x *index) writable(data map[string]any) map[string]any {
	return x.filtered(data, func(a *attribute, _ any) bool { return a == nil || a.mutability != readOnly })
}

// indispensable is the part of a resource without which it cannot be.
func (x *index) indispensable(data map[string]any) map[string]any {
	part := x.filtered(data, func(a *attribute, _ any) bool { return a != nil && a.required })
	for key, v := range data {
		// What a resource must have something of loses nothing.
		if c := x.container(key); c != nil && c.mandatory {
			part[key] = v
		}
	}
	return part
}

// without is a resource without the attributes whose values wait for something. [arranged] has seen to it that it can be without them.
func (x *index) without(data map[string]any, waits func(v any) bool) map[string]any {
	return x.filtered(data, func(a *attribute, v any) bool { return !waits(v) })
}

// filtered is a resource, as a client writes it, with those of its attributes that keep wants. The attribute is nil if no schema has it.
func (x *index) filtered(data map[string]any, keep func(a *attribute, v any) bool) map[string]any {
	out := make(map[string]any, len(data))
	for key, v := range data {
		c := x.container(key)
		ext, ok := v.(map[string]any)
		if c == nil || c == x.core || !ok {
			if keep(lookup(x.core.attrs, key), v) {
				out[key] = v
			}
			continue
		}
		part := make(map[string]any, len(ext))
		for key, v := range ext {
			if keep(lookup(c.attrs, key), v) {
				part[key] = v
			}
		}
		out[key] = part
	}
	return out
}
