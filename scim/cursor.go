package scim

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	scimerrors "github.com/elimity-com/scim/errors"

	"rollcall/identity"
)

// CursorTimeout is how long a cursor can be used (RFC 9865 section 4).
const CursorTimeout = time.Hour

// The errors of RFC 9865 section 2.1.
const (
	scimTypeInvalidCursor scimerrors.ScimType = "invalidCursor"
	scimTypeExpiredCursor scimerrors.ScimType = "expiredCursor"
	scimTypeInvalidCount  scimerrors.ScimType = "invalidCount"
)

// place is where a list goes on: behind a resource. It names the resource and what it was sorted by, and no position, so that nothing is
// left out or told twice, whatever is written meanwhile.
type place struct {
	Of    int             `json:"o,omitempty"` // index into the types
	ID    string          `json:"i,omitempty"`
	Key   json.RawMessage `json:"k,omitempty"`
	Kind  string          `json:"t,omitempty"` // of the key
	Total int             `json:"n"`           // as it was at the first page
	Until int64           `json:"u"`           // seconds since 1970
	key   any
}

// openCursor reads the cursor of a list, if it is to have any.
func (s *Server) openCursor(r *request, l *listRequest, values url.Values) error {
	if !values.Has("cursor") {
		return nil
	}
	if values.Get("startIndex") != "" {
		return invalid(scimerrors.ScimTypeInvalidValue, "cursor and startIndex cannot stand together.")
	}
	_, endpoint, _ := splitPath(r.URL.Path)
	l.query = boundTo(endpoint, values)
	sealed := values.Get("cursor")
	if sealed == "" {
		l.cursor, l.begin = &place{}, true
		return nil
	}
	p, ok := s.unseal(r, *l, sealed)
	switch {
	case !ok || p.Of >= len(l.types):
		return invalid(scimTypeInvalidCursor, "The cursor was not made for this list; begin with an empty cursor.")
	case !s.identity.Now().Before(time.Unix(p.Until, 0)):
		return invalid(scimTypeExpiredCursor, "The cursor is over; begin with an empty cursor.")
	}
	l.cursor = &p
	return nil
}

// boundTo is what a cursor was made for: the endpoint and everything that decides which resources come in which order. How many of them
// make a page, and how they are shown, may change from page to page.
func boundTo(endpoint string, values url.Values) string {
	of := []string{strings.TrimSuffix(strings.TrimSuffix(endpoint, ".search"), "/")}
	for _, name := range []string{"filter", "sortBy", "sortOrder"} {
		of = append(of, values.Get(name))
	}
	return strings.Join(of, "\x00")
}

// mac proves that a cursor comes from here: the key is made of the token's hash, which every instance knows and no client.
func (r *request) mac(l listRequest, payload []byte) []byte {
	h := hmac.New(sha256.New, []byte("scim cursor\x00"+r.token.Hash))
	h.Write([]byte(l.query + "\x00"))
	h.Write(payload)
	return h.Sum(nil)[:16]
}

func (s *Server) sealCursor(r *request, l listRequest, p place) string {
	p.Until = s.identity.Now().Add(CursorTimeout).Unix()
	p.pack()
	payload, err := json.Marshal(p)
	if err != nil {
		panic(err) // a place is made of what was read from JSON
	}
	return base64.RawURLEncoding.EncodeToString(append(r.mac(l, payload), payload...))
}

func (s *Server) unseal(r *request, l listRequest, sealed string) (p place, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(raw) < 16 || !hmac.Equal(raw[:16], r.mac(l, raw[16:])) {
		return p, false
	}
	return p, json.Unmarshal(raw[16:], &p) == nil && p.unpack() == nil
}

// pack writes the key down.
func (p *place) pack() {
	if p.key == nil {
		return
	}
	value := p.key
	switch k := p.key.(type) {
	case time.Time:
		p.Kind, value = "time", k.Format(time.RFC3339Nano)
	case json.Number:
		p.Kind = "number"
	}
	p.Key, _ = json.Marshal(value) // texts, numbers and booleans can be written
}

func (p *place) unpack() error {
	switch {
	case len(p.Key) == 0:
		return nil
	case p.Kind == "time":
		var t time.Time
		err := json.Unmarshal(p.Key, &t)
		p.key = t
		return err
	case p.Kind == "number":
		p.key = json.Number(p.Key)
		return nil
	}
	return json.Unmarshal(p.Key, &p.key)
}

// behind lists the page that begins behind the cursor.
func (s *Server) behind(ctx context.Context, org identity.OrgID, l listRequest) (p page, err error) {
	if l.sorted {
		return s.sortedBehind(ctx, org, l)
	}
	if p.total, err = s.totalOf(ctx, org, l); err != nil || l.count == 0 {
		return p, err
	}
	after := l.cursor.ID
	for i := l.cursor.Of; i < len(l.types); i++ {
		found, err := s.onward(ctx, org, l.types[i], after, l.count+1-len(p.list))
		if err != nil {
			return page{}, err
		}
		for _, e := range found {
			p.list = append(p.list, listed{of: i, entity: e})
		}
		if len(p.list) > l.count {
			break
		}
		after = ""
	}
	p.cut(l.count)
	return p, nil
}

// onward lists at most limit resources of one type that match and stand behind one.
func (s *Server) onward(ctx context.Context, org identity.OrgID, t typeRequest, after string, limit int) (found []entity, err error) {
	if t.matches == nil {
		return t.kept.batch(ctx, s.identity.Reader(), org, t.where, after, 0, limit)
	}
	err = s.each(ctx, org, t, after, func(e entity, _ map[string]any) bool {
		found = append(found, e)
		return len(found) < limit
	})
	return found, err
}

func (s *Server) sortedBehind(ctx context.Context, org identity.OrgID, l listRequest) (page, error) {
	all, err := s.keys(ctx, org, l)
	if err != nil {
		return page{}, err
	}
	p := page{total: l.cursor.Total}
	if l.begin {
		p.total = len(all)
	} else {
		at, found := slices.BinarySearchFunc(all, *l.cursor, l.compare)
		if found {
			at++
		}
		all = all[at:]
	}
	if l.count == 0 {
		return p, nil
	}
	places := all[:min(l.count, len(all))]
	if len(places) < len(all) {
		last := places[len(places)-1]
		p.next = &place{Of: last.Of, ID: last.ID, Total: p.total, key: last.key}
	}
	p.list, err = s.reread(ctx, org, l, places)
	return p, err
}

// totalOf counts what matches, once for all pages.
func (s *Server) totalOf(ctx context.Context, org identity.OrgID, l listRequest) (int, error) {
	if !l.begin {
		return l.cursor.Total, nil
	}
	total := 0
	for _, t := range l.types {
		_, n, err := s.numbered(ctx, org, t, 0, 0)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// cut leaves count resources on the page, and says where the next one begins if there are more.
func (p *page) cut(count int) {
	if len(p.list) <= count {
		return
	}
	p.list = p.list[:count]
	last := p.list[count-1]
	p.next = &place{Of: last.of, ID: last.entity.id(), Total: p.total, key: last.key}
}
