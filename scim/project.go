package scim

import (
	"strings"

	scimerrors "github.com/elimity-com/scim/errors"

	"rollcall/scim/filter"
)

// projection is the choice of attributes that a client wants to see (RFC 7644 section 3.9). It holds for each attribute
// the sub-attributes named, or all of them.
type projection struct {
	index      *index
	exclude    bool // the named ones are left out instead of chosen
	containers map[string]bool
	attrs      map[*attribute]subset
}

// subset is a set of sub-attributes; nil is all of them.
type subset map[string]bool

// newProjection reads the parameters attributes and excludedAttributes; nil means that neither says anything. Names count
// in any case, with or without their schema's URN; names that do not exist are ignored, as a client may ask servers of
// different schemas for the same.
func (x *index) newProjection(attributes, excluded string) (*projection, error) {
	if attributes != "" && excluded != "" {
		return nil, invalid(scimerrors.ScimTypeInvalidValue, "attributes and excludedAttributes cannot stand together.")
	}
	p := &projection{index: x, exclude: excluded != "", containers: map[string]bool{}, attrs: map[*attribute]subset{}}
	names := attributes + excluded
	if strings.TrimSpace(names) == "" {
		return nil, nil
	}
	for name := range strings.SplitSeq(names, ",") {
		p.name(strings.TrimSpace(name))
	}
	return p, nil
}

func (p *projection) name(name string) {
	if c := p.index.container(name); c != nil {
		p.containers[c.key] = true
		return
	}
	path, ok := filter.SplitAttr(name)
	if !ok {
		return
	}
	attr, sub := p.index.resolve(path)
	if attr == nil || path.Sub != "" && sub == nil {
		return
	}
	named, known := p.attrs[attr]
	switch {
	case sub == nil || known && named == nil:
		p.attrs[attr] = nil
	case !known:
		p.attrs[attr] = subset{sub.Name: true}
	default:
		named[sub.Name] = true
	}
}

// apply returns a document with what is shown of doc, which it leaves alone. What is always returned stays: the id, and
// the schemas, without which no document is one (RFC 7643 section 3).
func (p *projection) apply(doc map[string]any, said written) map[string]any {
	out := p.container(p.index.core, doc, said)
	for _, c := range p.index.extensions {
		ext, ok := doc[c.key].(map[string]any)
		if !ok {
			continue
		}
		if shown := p.container(c, ext, said); len(shown) > 0 {
			out[c.key] = shown
		}
	}
	return out
}

func (p *projection) container(c *container, values map[string]any, said written) map[string]any {
	out := map[string]any{}
	for name, v := range values {
		a := c.attrs[name]
		if a == nil {
			continue // an extension's object; it has its own turn
		}
		if shown := p.value(c, a, v, said[a]); shown != nil {
			out[name] = shown
		}
	}
	return out
}

func (p *projection) value(c *container, a *attribute, v any, said bool) any {
	named, ok := p.attrs[a]
	whole := p.containers[c.key] || ok && named == nil
	switch {
	case a.returned == returnedAlways || a.Name == "schemas":
		return v
	case a.returned == returnedNever:
		return nil
	case whole:
		if p.exclude {
			return nil
		}
		return v
	case !ok:
		if p.exclude && (a.returned != returnedRequest || said) {
			return v
		}
		return nil
	}
	return subsOf(v, func(name string) bool { return named[name] != p.exclude })
}

// subsOf keeps the sub-attributes of an object, or of the objects in a list, that shows says to keep; nil if none is left.
func subsOf(v any, shows func(name string) bool) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, sv := range v {
			if shows(name) {
				out[name] = sv
			}
		}
		if len(out) > 0 {
			return out
		}
	case []any:
		var out []any
		for _, el := range v {
			if kept := subsOf(el, shows); kept != nil {
				out = append(out, kept)
			}
		}
		if out != nil {
			return out
		}
	}
	return nil
}

// shows reports whether anything of an attribute of the core may be shown.
func (p *projection) shows(a *attribute) bool {
	named, ok := p.attrs[a]
	whole := p.containers[p.index.core.key] || ok && named == nil
	if p.exclude {
		return !whole
	}
	return whole || ok
}
