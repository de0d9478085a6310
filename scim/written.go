package scim

import (
	"net/http"

	"rollcall/scim/filter"
)

// written are attributes that a request says something of. What is returned on request only is returned to whoever has just written it,
// too (RFC 7643 section 7).
type written map[*attribute]bool

// written reads the body of a request for what it says of attributes that are returned on request only. The body was understood before.
func (x *index) written(method string, body map[string]any) written {
	if !x.unaskedInProfile {
		return nil
	}
	said := written{}
	if method != http.MethodPatch {
		x.noteWritten(said, nil, body)
		return said
	}
	ops, err := parsePatch(body)
	if err != nil {
		return nil
	}
	for _, o := range ops {
		if o.path == "" {
			x.noteWritten(said, nil, o.value)
		} else {
			x.noteWritten(said, nil, map[string]any{o.path: o.value})
		}
	}
	return said
}

// noteWritten goes through the keys of an object as PATCH does: each is a path, or names a schema of whose attributes there are some.
func (x *index) noteWritten(said written, within *container, value any) {
	object, _ := value.(map[string]any)
	for key, v := range object {
		path, err := filter.ParsePath(key)
		if err != nil {
			continue
		}
		if within != nil && path.Attr.URN == "" {
			path.Attr.URN = within.urn
		}
		if c := x.containerAt(path); c != nil {
			x.noteWritten(said, c, v)
			continue
		}
		if a, _ := x.resolve(path.Attr); a != nil && a.returned == returnedRequest && a.writable() {
			said[a] = true
		}
	}
}

// byDefault takes out of a new document what is returned on request only (RFC 7643 section 7), but for what was just written.
func (x *index) byDefault(doc map[string]any, said written) map[string]any {
	for _, a := range x.unasked {
		if said[a] {
			continue
		}
		if a.Container == "" {
			delete(doc, a.Name)
		} else if ext, ok := doc[a.Container].(map[string]any); ok {
			delete(ext, a.Name)
			if len(ext) == 0 {
				delete(doc, a.Container)
			}
		}
	}
	return doc
}
