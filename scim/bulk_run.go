package scim

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	scimerrors "github.com/elimity-com/scim/errors"

	"rollcall/identity"
)

// bulkRun carries out the operations of one request. References to what other operations create are settled in whatever order the
// operations stand: what is referred to is made first. What refers to each other is made at once, see circle.
//
// Whoever refers to what was not created fails as well (RFC 7644 section 3.7.2): what is told as done has all of its references.
type bulkRun struct {
	server  *Server
	request *request
	ops     []*bulkOperation
	makes   map[string]*bulkOperation // by bulkId
	ids     map[string]string         // of what was created, by bulkId
	errors  int
	acts    *identity.Acts // of the transaction that operations share, while they do; see together
	share   int            // how many operations the next transaction has at most
}

func newBulkRun(s *Server, r *request, ops []*bulkOperation) *bulkRun {
	b := &bulkRun{server: s, request: r, share: firstShare, ops: ops, ids: map[string]string{}, makes: map[string]*bulkOperation{}}
	for i, o := range ops {
		o.position = i
		if o.method == http.MethodPost && b.makes[o.bulkID] == nil {
			b.makes[o.bulkID] = o
		}
		b.refer(o)
	}
	return b
}

// all carries out the operations until most have failed; 0 is any number. What has been waiting for one of those has failed with it, and
// is told; nothing else is begun after that.
func (b *bulkRun) all(most int) {
	order := &bulkOrder{run: b, number: map[*bulkOperation]int{}}
	enough := func() bool { return most > 0 && b.errors >= most }
	var alike []*bulkOperation // that are to be carried out together
	flush := func() {
		for len(alike) > 0 {
			done := 0
			if !enough() {
				done = b.together(alike[:min(len(alike), b.share)])
			}
			if done == 0 {
				done = 1
				if !enough() || b.waitsInVain(alike[0]) {
					b.do(alike[:1])
				}
			}
			alike = alike[done:]
		}
		alike = nil
	}
	for _, o := range b.ops {
		for _, part := range order.upTo(o) {
			if b.alone(part) {
				if alike = append(alike, part[0]); len(alike) >= b.share {
					flush()
				}
				continue
			}
			flush()
			if !enough() || slices.ContainsFunc(part, b.waitsInVain) {
				b.do(part)
			}
		}
		if enough() {
			break
		}
	}
	flush()
}

// alone reports whether a part is one operation that does not refer to itself.
func (b *bulkRun) alone(part []*bulkOperation) bool {
	return len(part) == 1 && !slices.Contains(b.makers(part[0]), part[0])
}

// together carries operations out in one transaction, as one commit costs more than most of them, and returns how many of them, from the first
// on, are done. If one cannot be, what was written until then must not stay, and those before it are carried out again without it. It is for
// the caller to carry out by itself whatever stands first, if that is none.
func (b *bulkRun) together(ops []*bulkOperation) (done int) {
	if len(ops) < 2 {
		return 0
	}
	var began time.Time
	tried := 0
	err := b.server.transact(b.request, nil, func(acts *identity.Acts) error {
		began, tried = b.server.identity.Now(), 0
		b.acts = acts
		for _, o := range ops {
			if err := b.try(o); err != nil {
				return errNotTogether
			}
			tried++
		}
		return nil
	})
	b.acts = nil
	for _, o := range ops {
		if o.done = err == nil; !o.done {
			if b.makes[o.bulkID] == o { // and not one whose bulkId stands twice
				delete(b.ids, o.bulkID)
			}
			o.made, o.location, o.cause = made{}, "", ""
		}
	}
	if err == nil {
		b.share = shareAfter(len(ops), b.server.identity.Now().Sub(began))
		return len(ops)
	}
	if tried < len(ops) { // otherwise it was no operation that could not be
		done = b.together(ops[:tried])
	}
	b.share = 1
	return done
}

// errNotTogether is seen by nobody.
var errNotTogether = errors.New("scim: an operation of several cannot be carried out")

// waitsInVain reports whether something that an operation refers to has failed.
func (b *bulkRun) waitsInVain(o *bulkOperation) bool {
	return slices.ContainsFunc(b.makers(o), func(maker *bulkOperation) bool { return maker.err != nil })
}

func (b *bulkRun) do(part []*bulkOperation) {
	if o := part[0]; b.alone(part) {
		if o.err = b.try(o); o.err != nil && o.cause == "" {
			o.cause = o.bulkID
		}
		b.share = 1
		if o.err == nil {
			b.share = shareAfter(1, 0)
		}
	} else {
		b.circle(part)
	}
	for _, o := range part {
		if o.done = true; o.err != nil {
			b.errors++
		}
	}
}

// try carries out an operation whose references are settled, or never will be.
func (b *bulkRun) try(o *bulkOperation) error {
	if err := b.check(o); err != nil {
		return err
	}
	if err := b.lost(o, nil); err != nil {
		return err
	}
	path, err := b.settled(o.path)
	if err != nil {
		return err
	}
	_, id, err := b.server.typeAt(path.(string))
	if err != nil {
		return err
	}
	body := o.data
	if len(o.refs) > 0 || o.method != http.MethodPost { // a change may use up what it is given
		settled, err := b.settled(o.data)
		if err != nil {
			return err
		}
		body, _ = settled.(map[string]any)
	}
	r := *b.request
	r.ifMatch, r.ifNoneMatch, r.acts = o.version, "", b.acts
	v := view{base: r.base}
	if o.method != http.MethodPost {
		o.location = v.location(o.of.endpoint, id)
	}
	switch o.method {
	case http.MethodPost:
		o.made, err = b.server.create(&r, o.of, v, body)
	case http.MethodPut:
		o.made, err = b.server.replace(&r, o.of, v, id, body)
	case http.MethodPatch:
		o.made, err = b.server.patch(&r, o.of, v, id, body)
	default:
		o.made, err = b.server.remove(&r, o.of, id)
	}
	if err == nil && o.made.entity != nil {
		b.note(o)
	}
	return err
}

// note keeps where a resource is that was created or changed, and the id of one that was created.
func (b *bulkRun) note(o *bulkOperation) {
	o.location = o.made.location
	if o.method == http.MethodPost {
		b.ids[o.bulkID] = o.made.entity.id()
	}
}

// check says why an operation cannot even be tried, and finds the type that it is about.
func (b *bulkRun) check(o *bulkOperation) (err error) {
	t, id, err := b.server.typeAt(o.path)
	if err == nil && o.method != http.MethodPost && id != "" && !strings.Contains(id, bulkPrefix) {
		o.location = view{base: b.request.base}.location(t.endpoint, id) // whoever fails has one too (RFC 7644 section 3.7.3)
	}
	switch {
	case o.malformed != nil:
		return o.malformed
	case err != nil:
		return err
	}
	if (o.method == http.MethodPost) != (id == "") {
		return invalid(scimerrors.ScimTypeInvalidPath, "%s does not go with the path %.80q: POST names a type of resources, the others one resource.", o.method, o.path)
	}
	o.of = t
	return nil
}

// lost says which of an operation's references is not to be had, but for those to a circle that the operation is in itself; and notes which
// failure brought that about.
func (b *bulkRun) lost(o *bulkOperation, circle []*bulkOperation) error {
	for _, ref := range o.refs {
		if maker := b.makes[ref]; maker == nil && b.ids[ref] == "" {
			return b.unsettled(ref)
		}
	}
	for _, maker := range b.makers(o) {
		if maker.err != nil && !slices.Contains(circle, maker) {
			o.cause = maker.cause
			return b.unsettled(maker.bulkID)
		}
	}
	return nil
}

// unsettled is the error of an operation that refers to what is not there.
func (b *bulkRun) unsettled(ref string) error {
	switch maker := b.makes[ref]; {
	case maker == nil:
		return invalid(scimerrors.ScimTypeInvalidValue, "bulkId %.60q names nothing that this request creates.", ref)
	case maker.cause == "" || maker.cause == ref:
		return failure(http.StatusConflict, "", "bulkId %.60q was not created, so nothing can refer to it.", ref)
	default:
		return failure(http.StatusConflict, "", "bulkId %.60q was not created, because bulkId %.60q was not.", ref, maker.cause)
	}
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
