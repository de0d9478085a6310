package scim

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	scimerrors "github.com/elimity-com/scim/errors"

	"rollcall/identity"
	"rollcall/scim/filter"
)

// The size of pages: what a list has unless count says otherwise, and what count can ask for.
const (
	DefaultCount = 100
	MaxCount     = 1000
)

// scanBatch is how many accounts are read at a time where a filter or an order needs all of them.
const scanBatch = 500

// listRequest is what a client asks a list for (RFC 7644 section 3.4.2).
type listRequest struct {
	query
	start      int // 1-based
	count      int
	sortBy     *attribute
	sortSub    *attribute
	descending bool
	view       view // how the users look, in filters and in the answer
}

func (x *index) newListRequest(d Dialect, v url.Values) (r listRequest, err error) {
	if r.query, err = x.newQuery(d, v.Get("filter")); err != nil {
		return r, err
	}
	if r.view.shown, err = x.newProjection(v.Get("attributes"), v.Get("excludedAttributes")); err != nil {
		return r, err
	}
	if r.start, err = number(v, "startIndex", 1); err != nil {
		return r, err
	}
	if r.count, err = number(v, "count", DefaultCount); err != nil {
		return r, err
	}
	r.start, r.count = max(r.start, 1), min(max(r.count, 0), MaxCount)
	if sortBy := v.Get("sortBy"); sortBy != "" {
		if err := x.order(&r, sortBy); err != nil {
			return r, err
		}
	}
	switch strings.ToLower(v.Get("sortOrder")) {
	case "", "ascending":
	case "descending":
		r.descending = r.sortBy != nil
	default:
		return r, invalid(scimerrors.ScimTypeInvalidValue, "sortOrder must be ascending or descending.")
	}
	return r, nil
}

func (x *index) order(r *listRequest, sortBy string) error {
	path, ok := filter.SplitAttr(sortBy)
	if ok {
		r.sortBy, r.sortSub = x.resolve(path)
	}
	if r.sortBy == nil || path.Sub != "" && r.sortSub == nil || r.sortBy.Hidden {
		return invalid(scimerrors.ScimTypeInvalidPath, "sortBy names no attribute of this resource.")
	}
	if r.sortBy.Type == filter.TypeComplex && r.sortSub == nil {
		if r.sortSub = r.sortBy.sub("value"); r.sortSub == nil {
			return invalid(scimerrors.ScimTypeInvalidPath, "sortBy must name a sub-attribute of %s.", r.sortBy.Name)
		}
	}
	return nil
}

func number(v url.Values, name string, otherwise int) (int, error) {
	text := v.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil && !errors.Is(err, strconv.ErrRange) { // beyond the range it is the greatest or the smallest
		return 0, invalid(scimerrors.ScimTypeInvalidValue, "%s must be a whole number.", name)
	}
	return n, nil
}

// page is one page of a list, and how many accounts match in all.
type page struct {
	accounts []identity.Account
	total    int
}

func (s *Server) list(ctx context.Context, org identity.OrgID, r listRequest) (page, error) {
	reader := s.identity.Reader()
	switch {
	case r.userName != nil:
		a, err := reader.AccountByUserName(ctx, org, identity.NameKey(*r.userName))
		if identity.IsNotFound(err) {
			return page{}, nil
		}
		if err != nil || r.start > 1 || r.count == 0 {
			return page{total: 1}, err
		}
		return page{accounts: []identity.Account{a}, total: 1}, nil
	case r.sortBy != nil:
		return s.sorted(ctx, org, r)
	case r.matches != nil:
		return s.filtered(ctx, org, r)
	}
	var p page
	var err error
	if r.count > 0 {
		q := identity.AccountQuery{Where: r.where, Skip: r.start - 1, Limit: r.count}
		if p.accounts, err = reader.Accounts(ctx, org, q); err != nil {
			return page{}, err
		}
		if n := len(p.accounts); n < r.count && (n > 0 || r.start == 1) {
			p.total = r.start - 1 + n // the page ends the list; no need to count it
			return p, nil
		}
	}
	p.total, err = reader.CountAccounts(ctx, org, r.where)
	return p, err
}

// each calls fn with every account that the query matches, in the order of ids. doc is nil unless the query needed it or
// withDoc asks for it.
func (s *Server) each(ctx context.Context, org identity.OrgID, r listRequest, withDoc bool, fn func(a identity.Account, doc map[string]any)) error {
	o, err := s.identity.Reader().Organization(ctx, org)
	if err != nil {
		return err
	}
	r.view.org = o
	q := identity.AccountQuery{Where: r.where, Limit: scanBatch}
	for {
		batch, err := s.identity.Reader().Accounts(ctx, org, q)
		if err != nil {
			return err
		}
		for _, a := range batch {
			var doc map[string]any
			if withDoc || r.matches != nil {
				if doc, err = r.view.userDocument(a); err != nil {
					return err
				}
			}
			if r.matches == nil || r.matches(doc) {
				fn(a, doc)
			}
		}
		if len(batch) < scanBatch {
			return nil
		}
		q.After = batch[len(batch)-1].ID
	}
}

func (s *Server) filtered(ctx context.Context, org identity.OrgID, r listRequest) (p page, err error) {
	err = s.each(ctx, org, r, false, func(a identity.Account, _ map[string]any) {
		p.total++
		if p.total >= r.start && len(p.accounts) < r.count {
			p.accounts = append(p.accounts, a)
		}
	})
	return p, err
}

// sorted keeps a key and an id of everyone who matches, and reads the page's accounts again.
func (s *Server) sorted(ctx context.Context, org identity.OrgID, r listRequest) (page, error) {
	type entry struct {
		key any
		id  identity.AccountID
	}
	var all []entry
	err := s.each(ctx, org, r, true, func(a identity.Account, doc map[string]any) {
		all = append(all, entry{r.sortKey(doc), a.ID})
	})
	if err != nil {
		return page{}, err
	}
	slices.SortStableFunc(all, func(a, b entry) int {
		switch {
		case a.key == nil && b.key == nil:
			return 0
		case a.key == nil: // without a value: last when ascending (RFC 7644 section 3.4.2.3)
			return r.direction(1)
		case b.key == nil:
			return r.direction(-1)
		}
		return r.direction(compareKeys(a.key, b.key))
	})
	p := page{total: len(all)}
	from := min(r.start-1, len(all))
	for _, e := range all[from:min(from+r.count, len(all))] {
		a, err := s.identity.Reader().Account(ctx, org, e.id)
		if identity.IsNotFound(err) {
			continue // deleted since
		}
		if err != nil {
			return page{}, err
		}
		p.accounts = append(p.accounts, a)
	}
	return p, nil
}

func (r listRequest) direction(c int) int {
	if r.descending {
		return -c
	}
	return c
}

// sortKey is the value to sort a document by: of a multi-valued attribute the primary one, else the first.
func (r listRequest) sortKey(doc map[string]any) any {
	if r.sortBy.Container != "" {
		doc, _ = doc[r.sortBy.Container].(map[string]any)
	}
	v := doc[r.sortBy.Name]
	if list, ok := v.([]any); ok && len(list) > 0 {
		v = list[0]
		if i := slices.IndexFunc(list, isPrimary); i >= 0 {
			v = list[i]
		}
	}
	leaf := r.sortBy
	if r.sortSub != nil {
		m, _ := v.(map[string]any)
		v, leaf = m[r.sortSub.Name], r.sortSub
	}
	s, ok := v.(string)
	switch {
	case ok && leaf.Type == filter.TypeDateTime: // the spelling leaves out zeros at the end
		if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
			return t
		}
		return nil
	case ok && leaf.Fold != nil:
		return leaf.Fold(s)
	}
	return v
}

func compareKeys(a, b any) int {
	switch a := a.(type) {
	case string:
		s, _ := b.(string)
		return strings.Compare(a, s)
	case time.Time:
		t, _ := b.(time.Time)
		return a.Compare(t)
	case bool:
		t, _ := b.(bool)
		switch {
		case a == t:
			return 0
		case t:
			return -1
		}
		return 1
	case json.Number:
		n, _ := b.(json.Number)
		x, _ := a.Float64()
		y, _ := n.Float64()
		return cmp.Compare(x, y)
	}
	return 0
}
