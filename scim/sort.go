package scim

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	scimerrors "github.com/elimity-com/scim/errors"

	"rollcall/identity"
	"rollcall/scim/filter"
)

// order is the attribute that a list is sorted by (RFC 7644 section 3.4.2.3).
type order struct{ by, sub *attribute }

func (x *index) order(sortBy string) (o order, err error) {
	path, ok := filter.SplitAttr(sortBy)
	if ok {
		o.by, o.sub = x.resolve(path)
	}
	if o.by == nil || path.Sub != "" && o.sub == nil || o.by.Hidden {
		return order{}, invalid(scimerrors.ScimTypeInvalidPath, "sortBy names no attribute of this resource.")
	}
	if o.by.Type == filter.TypeComplex && o.sub == nil {
		if o.sub = o.by.sub("value"); o.sub == nil {
			return order{}, invalid(scimerrors.ScimTypeInvalidPath, "sortBy must name a sub-attribute of %s.", o.by.Name)
		}
	}
	return o, nil
}

// sorted keeps a key and an id of everything that matches, and reads the page's resources again.
func (s *Server) sorted(ctx context.Context, org identity.OrgID, l listRequest) (page, error) {
	all, err := s.keys(ctx, org, l)
	if err != nil {
		return page{}, err
	}
	from := min(l.start-1, len(all))
	list, err := s.reread(ctx, org, l, all[from:min(from+l.count, len(all))])
	return page{list: list, total: len(all)}, err
}

// keys lists where everything that matches stands, in the wanted order.
func (s *Server) keys(ctx context.Context, org identity.OrgID, l listRequest) ([]place, error) {
	var all []place
	for i, t := range l.types {
		err := s.each(ctx, org, t, "", func(e entity, doc map[string]any) bool {
			all = append(all, place{Of: i, ID: e.id(), key: t.sort.key(doc)})
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, l.compare)
	return all, nil
}

// compare orders places by their keys; what has none is last when ascending (RFC 7644 section 3.4.2.3). Equal ones stay in the order of
// types and ids, whatever the order of keys.
func (l listRequest) compare(a, b place) int {
	c := 0
	switch {
	case a.key == nil && b.key == nil:
	case a.key == nil:
		c = 1
	case b.key == nil:
		c = -1
	default:
		c = compareKeys(a.key, b.key)
	}
	if l.descending {
		c = -c
	}
	return cmp.Or(c, cmp.Compare(a.Of, b.Of), strings.Compare(a.ID, b.ID))
}

func (s *Server) reread(ctx context.Context, org identity.OrgID, l listRequest, places []place) (list []listed, err error) {
	for _, p := range places {
		e, err := l.types[p.Of].kept.get(ctx, s.identity.Reader(), org, p.ID)
		if identity.IsNotFound(err) {
			continue // deleted since
		}
		if err != nil {
			return nil, err
		}
		list = append(list, listed{of: p.Of, entity: e, key: p.key})
	}
	return list, nil
}

// key is the value to sort a document by: of a multi-valued attribute the primary one, else the first.
func (o order) key(doc map[string]any) any {
	if o.by == nil {
		return nil
	}
	v := o.by.valueIn(doc)
	if list, ok := v.([]any); ok && len(list) > 0 {
		v = list[0]
		if i := slices.IndexFunc(list, isPrimary); i >= 0 {
			v = list[i]
		}
	}
	leaf := o.by
	if o.sub != nil {
		m, _ := v.(map[string]any)
		v, leaf = m[o.sub.Name], o.sub
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
		return filter.CompareNumbers(a.String(), n.String())
	}
	return 0
}
