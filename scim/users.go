package scim

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	scimerrors "github.com/elimity-com/scim/errors"

	"rollcall/identity"
)

// createUser is POST /Users (RFC 7644 section 3.3).
func (s *Server) createUser(r *request, _ string) error {
	shown, err := s.shown(r)
	if err != nil {
		return err
	}
	body, err := r.body()
	if err != nil {
		return err
	}
	doc, err := s.users.canonicalResource(r.dialect, body)
	if err != nil {
		return err
	}
	manager := managerOf(doc)
	draft, err := draftOf(doc, true)
	if err != nil {
		return err
	}
	var created identity.Account
	v := r.view(shown)
	err = s.transact(r, func(acts *identity.Acts) error {
		if err := managerExists(r.Context(), acts, manager, ""); err != nil {
			return err
		}
		v.org = acts.Org()
		var err error
		created, err = acts.Create(r.Context(), draft, identity.Origin{Source: identity.SourceSCIM})
		return err
	})
	if err != nil {
		return err
	}
	r.w.Header().Set("Location", v.users+string(created.ID))
	return r.sendUser(http.StatusCreated, v, created)
}

// getUser is GET /Users/{id} (RFC 7644 section 3.4.1).
func (s *Server) getUser(r *request, id string) error {
	shown, err := s.shown(r)
	if err != nil {
		return err
	}
	a, err := s.identity.Reader().Account(r.Context(), r.org, identity.AccountID(id))
	if err != nil {
		return err
	}
	if tags := r.tags("If-None-Match"); tags != "" && matchesTag(tags, a.Version) {
		r.w.Header().Set("ETag", etag(a.Version))
		r.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	v := r.view(shown)
	if err := s.withOrg(r.Context(), &v, a); err != nil {
		return err
	}
	return r.sendUser(http.StatusOK, v, a)
}

// replaceUser is PUT /Users/{id} (RFC 7644 section 3.5.1): what the body does not have is cleared. "active" is the
// exception: whoever leaves it out neither deactivates nor reactivates anybody by it.
func (s *Server) replaceUser(r *request, id string) error {
	body, err := r.body()
	if err != nil {
		return err
	}
	doc, err := s.users.canonicalResource(r.dialect, body)
	if err != nil {
		return err
	}
	return s.change(r, id, func(map[string]any) (map[string]any, error) {
		return clone(doc).(map[string]any), nil
	})
}

// patchUser is PATCH /Users/{id} (RFC 7644 section 3.5.2).
func (s *Server) patchUser(r *request, id string) error {
	body, err := r.body()
	if err != nil {
		return err
	}
	ops, err := parsePatch(body)
	if err != nil {
		return err
	}
	return s.change(r, id, func(doc map[string]any) (map[string]any, error) {
		return s.users.patch(r.dialect, doc, ops)
	})
}

// change replaces a user's document by another in one transaction, under the request's precondition, and answers with the
// user. edit may run more than once. A document that says the same as before changes nothing, not even the version.
func (s *Server) change(r *request, id string, edit func(doc map[string]any) (map[string]any, error)) error {
	shown, err := s.shown(r)
	if err != nil {
		return err
	}
	v := r.view(shown)
	var changed identity.Account
	err = s.transact(r, func(acts *identity.Acts) error {
		v.org = acts.Org()
		var err error
		changed, err = acts.Update(r.Context(), identity.AccountID(id), r.precondition, func(d identity.Draft) (identity.Draft, error) {
			before, err := draftDocument(identity.AccountID(id), d)
			if err != nil {
				return d, err
			}
			after, err := edit(before)
			if err != nil {
				return d, err
			}
			if err := managerExists(r.Context(), acts, managerOf(after), managerOf(before)); err != nil {
				return d, err
			}
			return draftOf(after, d.Active)
		})
		return err
	})
	if err != nil {
		return err
	}
	return r.sendUser(http.StatusOK, v, changed)
}

// deleteUser is DELETE /Users/{id} (RFC 7644 section 3.6): immediate and final (SCM-11).
func (s *Server) deleteUser(r *request, id string) error {
	err := s.transact(r, func(acts *identity.Acts) error {
		return acts.Delete(r.Context(), identity.AccountID(id), r.precondition)
	})
	if err != nil {
		return err
	}
	r.w.WriteHeader(http.StatusNoContent)
	return nil
}

// listUsers is GET /Users (RFC 7644 section 3.4.2).
func (s *Server) listUsers(r *request, _ string) error {
	values, err := r.query()
	if err != nil {
		return err
	}
	return s.sendList(r, values)
}

func (s *Server) sendList(r *request, values url.Values) error {
	list, err := s.users.newListRequest(r.dialect, values)
	if err != nil {
		return err
	}
	list.view = r.view(list.view.shown)
	found, err := s.list(r.Context(), r.org, list)
	if err != nil {
		return err
	}
	v := list.view
	if err := s.withOrg(r.Context(), &v, found.accounts...); err != nil {
		return err
	}
	b := make([]byte, 0, 256+1024*len(found.accounts))
	b = append(b, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":`...)
	b = strconv.AppendInt(b, int64(found.total), 10)
	b = strconv.AppendInt(append(b, `,"startIndex":`...), int64(list.start), 10)
	b = strconv.AppendInt(append(b, `,"itemsPerPage":`...), int64(len(found.accounts)), 10)
	b = append(b, `,"Resources":[`...)
	for i, a := range found.accounts {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = v.appendUser(b, a); err != nil {
			return err
		}
	}
	return r.reply(http.StatusOK, append(b, "]}"...))
}

func (r *request) view(shown *projection) view {
	return view{users: r.base + "/Users/", shown: shown}
}

// withOrg reads the organization if one of the accounts needs it for its date of deletion.
func (s *Server) withOrg(ctx context.Context, v *view, accounts ...identity.Account) error {
	for _, a := range accounts {
		if a.Status == identity.Inactive {
			var err error
			v.org, err = s.identity.Reader().Organization(ctx, a.Org)
			return err
		}
	}
	return nil
}

func (s *Server) shown(r *request) (*projection, error) {
	if r.URL.RawQuery == "" {
		return nil, nil
	}
	q, err := r.query()
	if err != nil {
		return nil, err
	}
	return s.users.newProjection(q.Get("attributes"), q.Get("excludedAttributes"))
}

func (r *request) sendUser(status int, v view, a identity.Account) error {
	body, err := v.appendUser(make([]byte, 0, 1024+len(a.Profile)), a)
	if err != nil {
		return err
	}
	r.w.Header().Set("ETag", etag(a.Version))
	return r.reply(status, body)
}

func managerOf(doc map[string]any) string {
	enterprise, _ := doc[EnterpriseSchema].(map[string]any)
	manager, _ := enterprise["manager"].(map[string]any)
	id, _ := manager["value"].(string)
	return id
}

// managerExists holds SCM-14: a manager is a user of the same organization. A reference that stays as it was is not
// looked at again: its user may have been deleted since.
func managerExists(ctx context.Context, acts *identity.Acts, manager, before string) error {
	if manager == before || manager == "" {
		return nil
	}
	_, err := acts.Tx().Account(ctx, acts.Org().ID, identity.AccountID(manager))
	if identity.IsNotFound(err) {
		return invalid(scimerrors.ScimTypeInvalidValue, "manager.value must be the id of a user of this organization.")
	}
	return err
}
