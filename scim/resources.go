package scim

import (
	"net/http"
	"net/url"

	"rollcall/identity"
)

// made is what a write came to.
type made struct {
	status   int
	entity   entity // nil if the resource is gone
	location string
}

// createResource is POST of a type (RFC 7644 section 3.3).
func (s *Server) createResource(t *resourceType) handler {
	return func(r *request, _ string) error {
		body, err := r.body()
		if err != nil {
			return err
		}
		return s.write(r, t, body, func(v view) (made, error) { return s.create(r, t, v, body) })
	}
}

// replaceResource is PUT (RFC 7644 section 3.5.1): what the body does not have is cleared.
func (s *Server) replaceResource(t *resourceType) handler {
	return func(r *request, id string) error {
		body, err := r.body()
		if err != nil {
			return err
		}
		return s.write(r, t, body, func(v view) (made, error) { return s.replace(r, t, v, id, body) })
	}
}

// patchResource is PATCH (RFC 7644 section 3.5.2).
func (s *Server) patchResource(t *resourceType) handler {
	return func(r *request, id string) error {
		body, err := r.body()
		if err != nil {
			return err
		}
		return s.write(r, t, body, func(v view) (made, error) {
			m, err := s.patch(r, t, v, id, body)
			if err == nil && r.dialect.briefGroups && t.long && v.shown == nil {
				r.w.Header().Set("ETag", etag(m.entity.version()))
				m = made{status: http.StatusNoContent}
			}
			return m, err
		})
	}
}

// deleteResource is DELETE (RFC 7644 section 3.6): immediate and final (SCM-11).
func (s *Server) deleteResource(t *resourceType) handler {
	return func(r *request, id string) error {
		return s.write(r, t, nil, func(v view) (made, error) { return s.remove(r, t, id) })
	}
}

// write does what do does with a body, and answers with what came of it.
func (s *Server) write(r *request, t *resourceType, body map[string]any, do func(v view) (made, error)) error {
	v, err := r.view(t)
	if err != nil {
		return err
	}
	m, err := do(v)
	if err != nil {
		return err
	}
	if m.entity == nil {
		r.w.WriteHeader(m.status)
		return nil
	}
	if m.status == http.StatusCreated {
		r.w.Header().Set("Location", m.location)
	}
	v.written = t.index.written(r.Method, body)
	return s.sendEntity(r, t, v, m.status, m.entity)
}

func (s *Server) create(r *request, t *resourceType, v view, body map[string]any) (m made, err error) {
	doc, err := t.index.canonicalResource(r.dialect, body)
	if err != nil {
		return m, err
	}
	err = s.transact(r, nil, func(acts *identity.Acts) error {
		if doc == nil { // it runs again, and the first time used the document up
			if doc, err = t.index.canonicalResource(r.dialect, body); err != nil {
				return err
			}
		}
		once := doc
		doc = nil
		m.entity, err = t.kept.create(r.Context(), acts, r.dialect, once)
		return err
	})
	if err != nil {
		return made{}, err
	}
	m.status, m.location = http.StatusCreated, v.location(t.endpoint, m.entity.id())
	return m, nil
}

func (s *Server) replace(r *request, t *resourceType, v view, id string, body map[string]any) (made, error) {
	doc, err := t.index.canonicalResource(r.dialect, body)
	if err != nil {
		return made{}, err
	}
	return s.change(r, t, v, id, edit{index: t.index, dialect: r.dialect, put: doc})
}

func (s *Server) patch(r *request, t *resourceType, v view, id string, body map[string]any) (made, error) {
	ops, err := parsePatch(body)
	if err != nil {
		return made{}, err
	}
	return s.change(r, t, v, id, edit{index: t.index, dialect: r.dialect, ops: ops})
}

// accounts are the accounts that a resource of this type and id is looked up in.
func (t *resourceType) accounts(id string) []identity.AccountID {
	if _, ok := t.kept.(users); ok {
		return []identity.AccountID{identity.AccountID(id)}
	}
	return nil
}

func (s *Server) change(r *request, t *resourceType, v view, id string, e edit) (m made, err error) {
	err = s.transact(r, t.accounts(id), func(acts *identity.Acts) error {
		m.entity, err = t.kept.change(r.Context(), acts, id, r.precondition, e)
		return err
	})
	if err != nil {
		return made{}, err
	}
	m.status, m.location = http.StatusOK, v.location(t.endpoint, id)
	return m, nil
}

func (s *Server) remove(r *request, t *resourceType, id string) (made, error) {
	err := s.transact(r, t.accounts(id), func(acts *identity.Acts) error { return t.kept.delete(r.Context(), acts, id, r.precondition) })
	return made{status: http.StatusNoContent}, err
}

// getResource is GET of one resource (RFC 7644 section 3.4.1).
func (s *Server) getResource(t *resourceType) handler {
	return func(r *request, id string) error {
		v, err := r.view(t)
		if err != nil {
			return err
		}
		e, err := s.find(r, t, id)
		if err != nil {
			return err
		}
		if tags := r.ifNoneMatch; tags != "" && matchesTag(tags, e.version()) {
			r.w.Header().Set("ETag", etag(e.version()))
			r.w.WriteHeader(http.StatusNotModified)
			return nil
		}
		return s.sendEntity(r, t, v, http.StatusOK, e)
	}
}

// find gets one resource, and confirms the token.
func (s *Server) find(r *request, t *resourceType, id string) (entity, error) {
	if k, ok := t.kept.(users); ok {
		return k.find(r.Context(), s.identity, r.token, identity.AccountKey{Org: r.org, ID: identity.AccountID(id)})
	}
	if err := s.identity.Confirm(r.Context(), r.token); err != nil {
		return nil, err
	}
	return t.kept.get(r.Context(), s.identity.Reader(), r.org, id)
}

func (s *Server) sendEntity(r *request, t *resourceType, v view, status int, e entity) error {
	body, err := s.show(r, t, v, e)
	if err != nil {
		return err
	}
	r.w.Header().Set("ETag", etag(e.version()))
	return r.reply(status, body)
}

// show is an entity as JSON.
func (s *Server) show(r *request, t *resourceType, v view, e entity) ([]byte, error) {
	if err := t.kept.complete(r.Context(), s.identity.Reader(), r.org, []entity{e}, v.links(t.index)); err != nil {
		return nil, err
	}
	return e.append(make([]byte, 0, 1024), v)
}

// listResources is GET of a type (RFC 7644 section 3.4.2).
func (s *Server) listResources(types ...*resourceType) handler {
	return func(r *request, _ string) error {
		values, err := r.query()
		if err != nil {
			return err
		}
		return s.sendList(r, types, values)
	}
}

// searchResources is POST to .search (RFC 7644 section 3.4.3), for filters that should not stand in a URL.
func (s *Server) searchResources(types ...*resourceType) handler {
	return func(r *request, _ string) error {
		body, err := r.body()
		if err != nil {
			return err
		}
		values, err := searchValues(body)
		if err != nil {
			return err
		}
		return s.sendList(r, types, values)
	}
}

// view reads how the client wants to see resources of a type.
func (r *request) view(t *resourceType) (view, error) {
	v := view{base: r.base}
	if r.URL.RawQuery == "" {
		return v, nil
	}
	q, err := r.query()
	if err != nil {
		return v, err
	}
	return r.viewBy(t, q)
}

func (r *request) viewBy(t *resourceType, q url.Values) (v view, err error) {
	v.base = r.base
	v.shown, err = t.index.newProjection(q.Get("attributes"), q.Get("excludedAttributes"))
	return v, err
}
