package scim

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	scimerrors "github.com/elimity-com/scim/errors"

	"rollcall/identity"
)

// The size of pages: what a list has unless count says otherwise, and what count can ask for.
const (
	DefaultCount = 100
	MaxCount     = 1000
)

// scanBatch is how many resources are read at a time where a filter or an order needs all of them.
const scanBatch = 500

// listRequest is what a client asks a list for (RFC 7644 section 3.4.2, RFC 9865).
type listRequest struct {
	base       string // URL of the organization's endpoints
	types      []typeRequest
	start      int // 1-based
	count      int
	sorted     bool
	descending bool
	cursor     *place // go on behind it; nil: pages are numbered
	begin      bool   // the cursor is the first page's
	query      string // what a cursor is bound to besides its token
}

// typeRequest is what is asked of one type.
type typeRequest struct {
	*resourceType
	query
	sort order
	view view
}

// listed is an entity in a list, with the type that it is of.
type listed struct {
	of     int // index into the types
	entity entity
	key    any // that it is sorted by
}

func (r *request) newListRequest(types []*resourceType, v url.Values) (l listRequest, err error) {
	l.base = r.base
	if l.start, err = number(v, "startIndex", 1, scimerrors.ScimTypeInvalidValue); err != nil {
		return l, err
	}
	wrongCount := scimerrors.ScimTypeInvalidValue
	if v.Has("cursor") {
		wrongCount = scimTypeInvalidCount
	}
	if l.count, err = number(v, "count", DefaultCount, wrongCount); err != nil {
		return l, err
	}
	l.start, l.count = max(l.start, 1), min(max(l.count, 0), MaxCount)
	var refused error
	for _, t := range types {
		x := typeRequest{resourceType: t}
		if x.query, err = t.newQuery(r.dialect, v.Get("filter"), len(types) > 1); err != nil {
			return l, err
		}
		if x.view, err = r.viewBy(t, v); err != nil {
			return l, err
		}
		if sortBy := v.Get("sortBy"); sortBy != "" {
			if x.sort, err = t.index.order(sortBy); err == nil {
				l.sorted = true
			} else {
				refused = err
			}
		}
		l.types = append(l.types, x)
	}
	if refused != nil && !l.sorted {
		return l, refused
	}
	switch strings.ToLower(v.Get("sortOrder")) {
	case "", "ascending":
	case "descending":
		l.descending = l.sorted
	default:
		return l, invalid(scimerrors.ScimTypeInvalidValue, "sortOrder must be ascending or descending.")
	}
	return l, nil
}

func number(v url.Values, name string, otherwise int, wrong scimerrors.ScimType) (int, error) {
	text := v.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil && !errors.Is(err, strconv.ErrRange) { // beyond the range it is the greatest or the smallest
		return 0, invalid(wrong, "%s must be a whole number.", name)
	}
	return n, nil
}

// page is one page of a list, and how many resources match in all.
type page struct {
	list  []listed
	total int
	next  *place // where the next page begins, of lists with cursors; nil: there is none
}

func (s *Server) list(ctx context.Context, org identity.OrgID, l listRequest) (page, error) {
	switch {
	case l.cursor != nil:
		return s.behind(ctx, org, l)
	case l.sorted:
		return s.sorted(ctx, org, l)
	}
	var p page
	for i := range l.types {
		n := l.count - len(p.list)
		found, total, err := s.numbered(ctx, org, l.types[i], max(l.start-1-p.total, 0), n)
		if err != nil {
			return page{}, err
		}
		for _, e := range found {
			p.list = append(p.list, listed{of: i, entity: e})
		}
		p.total += total
	}
	return p, nil
}

// numbered lists at most count resources of one type without the first skip of them, and tells how many there are in all.
func (s *Server) numbered(ctx context.Context, org identity.OrgID, t typeRequest, skip, count int) (found []entity, total int, err error) {
	if t.matches != nil {
		err = s.each(ctx, org, t, "", func(e entity, _ map[string]any) bool {
			if total++; total > skip && len(found) < count {
				found = append(found, e)
			}
			return true
		})
		return found, total, err
	}
	read := s.identity.Reader()
	if count > 0 {
		if found, err = t.kept.batch(ctx, read, org, t.where, "", skip, count); err != nil {
			return nil, 0, err
		}
		if n := len(found); n < count && (n > 0 || skip == 0) {
			return found, skip + n, nil // the page ends the list; no need to count it
		}
	}
	total, err = t.kept.count(ctx, read, org, t.where)
	return found, total, err
}

// each calls fn with every resource beyond one that the query matches, in the order of ids, until fn has enough. doc is nil unless the
// query or the order needed it.
func (s *Server) each(ctx context.Context, org identity.OrgID, t typeRequest, after string, fn func(e entity, doc map[string]any) bool) error {
	read := s.identity.Reader()
	for {
		batch, err := t.kept.batch(ctx, read, org, t.where, after, 0, scanBatch)
		if err != nil {
			return err
		}
		needsDoc := t.matches != nil || t.sort.by != nil
		if needsDoc {
			if err := t.kept.complete(ctx, read, org, batch, t.links || t.sort.by != nil && t.sort.by == t.index.linked); err != nil {
				return err
			}
		}
		for _, e := range batch {
			var doc map[string]any
			if needsDoc {
				if doc, err = e.document(view{base: t.view.base}); err != nil {
					return err
				}
			}
			if t.matches != nil && !t.matches(doc) {
				continue
			}
			if !fn(e, doc) {
				return nil
			}
		}
		if len(batch) < scanBatch {
			return nil
		}
		after = batch[len(batch)-1].id()
	}
}

// sendList answers with a page of a list.
func (s *Server) sendList(r *request, types []*resourceType, values url.Values) error {
	l, err := r.newListRequest(types, values)
	if err != nil {
		return err
	}
	if err := s.openCursor(r, &l, values); err != nil {
		return err
	}
	found, err := s.page(r, l)
	if err != nil {
		return err
	}
	if err := s.completeAll(r, l, found.list); err != nil {
		return err
	}
	b := make([]byte, 0, 256+1024*len(found.list))
	b = append(b, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":`...)
	b = strconv.AppendInt(b, int64(found.total), 10)
	if l.cursor == nil {
		b = strconv.AppendInt(append(b, `,"startIndex":`...), int64(l.start), 10)
	} else if found.next != nil {
		b = appendString(append(b, `,"nextCursor":`...), s.sealCursor(r, l, *found.next))
	}
	b = strconv.AppendInt(append(b, `,"itemsPerPage":`...), int64(len(found.list)), 10)
	b = append(b, `,"Resources":[`...)
	for i, e := range found.list {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = e.entity.append(b, l.types[e.of].view); err != nil {
			return err
		}
	}
	return r.reply(http.StatusOK, append(b, "]}"...))
}

// page lists, and confirms the token.
func (s *Server) page(r *request, l listRequest) (page, error) {
	if k, name, ok := l.lookUp(); ok {
		e, err := k.find(r.Context(), s.identity, r.token, identity.AccountKey{Org: r.org, Name: name})
		switch {
		case identity.RuleOf(err) == identity.RuleUnknownAccount:
			return page{}, nil
		case err != nil:
			return page{}, err
		}
		return page{list: []listed{{entity: e}}, total: 1}, nil
	}
	if err := s.identity.Confirm(r.Context(), r.token); err != nil {
		return page{}, err
	}
	return s.list(r.Context(), r.org, l)
}

// lookUp is the userName that a list is about, if its first page is asked for and nothing else: what providers ask before every create.
func (l listRequest) lookUp() (users, identity.NameKey, bool) {
	if l.cursor != nil || l.sorted || l.start > 1 || l.count == 0 || len(l.types) != 1 || l.types[0].matches != nil {
		return users{}, "", false
	}
	k, ok := l.types[0].kept.(users)
	name, only := userNameOf(l.types[0].where)
	return k, identity.NameKey(name), ok && only
}

// completeAll completes a page's entities, those of one type at once.
func (s *Server) completeAll(r *request, l listRequest, list []listed) error {
	byType := make([][]entity, len(l.types))
	for _, e := range list {
		byType[e.of] = append(byType[e.of], e.entity)
	}
	for i, entities := range byType {
		t := l.types[i]
		if err := t.kept.complete(r.Context(), s.identity.Reader(), r.org, entities, t.view.links(t.index)); err != nil {
			return err
		}
	}
	return nil
}
