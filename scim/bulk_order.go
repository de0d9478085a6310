package scim

import (
	"cmp"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// bulkPrefix marks a reference to a resource that an operation of the same request creates.
const bulkPrefix = "bulkId:"

// bulkReference takes a text that refers to what is created apart: "bulkId:x", or a path that ends in it.
func bulkReference(text string) (before, ref string, ok bool) {
	before, ref, ok = strings.Cut(text, bulkPrefix)
	return before, ref, ok && (before == "" || strings.HasSuffix(before, "/") && !strings.Contains(before, " "))
}

// inPath is a reference among the values that the path of a change compares.
var inPath = regexp.MustCompile(`"` + bulkPrefix + `([^"]+)"`)

// isPath reports whether a member of an object is the path of a change.
func isPath(key string, v any) (string, bool) {
	text, ok := v.(string)
	return text, ok && strings.EqualFold(key, "path")
}

// references lists the bulkIds that a value refers to.
func references(v any) (refs []string) {
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			if _, ref, ok := bulkReference(v); ok {
				refs = append(refs, ref)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for k, e := range v {
				if path, ok := isPath(k, e); ok {
					for _, m := range inPath.FindAllStringSubmatch(path, -1) {
						refs = append(refs, m[1])
					}
				}
				walk(e)
			}
		}
	}
	walk(v)
	slices.Sort(refs)
	return slices.Compact(refs)
}

// settled returns a copy of a value with ids in the place of references.
func (b *bulkRun) settled(v any) (any, error) {
	switch v := v.(type) {
	case string:
		before, ref, ok := bulkReference(v)
		if !ok {
			return v, nil
		}
		id, known := b.ids[ref]
		if !known {
			return nil, b.unsettled(ref)
		}
		return before + id, nil
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			var err error
			if out[i], err = b.settled(e); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			var err error
			if path, ok := isPath(k, e); ok {
				e, err = b.settledPath(path)
			}
			if err == nil {
				out[k], err = b.settled(e)
			}
			if err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

// settledPath is the path of a change with ids in the place of references.
func (b *bulkRun) settledPath(path string) (settled string, err error) {
	settled = inPath.ReplaceAllStringFunc(path, func(quoted string) string {
		ref := inPath.FindStringSubmatch(quoted)[1]
		id, known := b.ids[ref]
		if !known && err == nil {
			err = b.unsettled(ref)
		}
		return `"` + id + `"`
	})
	return settled, err
}

// refer notes what an operation refers to. What a POST or PUT says of read-only attributes is dropped before, as it is ignored anyway.
func (b *bulkRun) refer(o *bulkOperation) {
	if o.method == http.MethodDelete {
		o.data = nil
	}
	if o.malformed != nil || len(references([]any{o.path, any(o.data)})) == 0 {
		return
	}
	t, _, err := b.server.typeAt(o.path)
	if err == nil && (o.method == http.MethodPost || o.method == http.MethodPut) {
		o.data = t.index.writable(o.data)
	}
	if err == nil && o.method == http.MethodPost {
		o.must = references(t.index.indispensable(o.data))
	}
	o.refs = references([]any{o.path, any(o.data)})
}

// bulkOrder puts operations into an order in which each comes after what it refers to.
type bulkOrder struct {
	run    *bulkRun
	number map[*bulkOperation]int // in which they were come across; math.MaxInt for what is in its place
	open   []*bulkOperation       // come across, and not in their places yet
	parts  [][]*bulkOperation
}

// upTo returns what has to happen for an operation and has not been returned before. Each part is one operation, or what refers to each
// other in circles, in the order of the request (Tarjan's strongly connected components).
func (w *bulkOrder) upTo(o *bulkOperation) [][]*bulkOperation {
	w.parts = nil
	w.visit(o)
	return w.parts
}

// visit returns the lowest number of what is open and can be reached from an operation.
func (w *bulkOrder) visit(o *bulkOperation) int {
	if n := w.number[o]; n != 0 {
		return n
	}
	own, at := len(w.number)+1, len(w.open)
	w.number[o], w.open = own, append(w.open, o)
	lowest := own
	for _, other := range w.run.makers(o) {
		lowest = min(lowest, w.visit(other))
	}
	if lowest < own {
		return lowest
	}
	part := slices.Clone(w.open[at:])
	w.open = w.open[:at]
	for _, member := range part {
		w.number[member] = math.MaxInt
	}
	slices.SortFunc(part, byPosition)
	w.parts = append(w.parts, part)
	return math.MaxInt
}

// makers are the operations that create what an operation refers to, in the order of the request.
func (b *bulkRun) makers(o *bulkOperation) (list []*bulkOperation) {
	for _, ref := range o.refs {
		if maker := b.makes[ref]; maker != nil {
			list = append(list, maker)
		}
	}
	slices.SortFunc(list, byPosition)
	return list
}

func byPosition(a, b *bulkOperation) int { return cmp.Compare(a.position, b.position) }
