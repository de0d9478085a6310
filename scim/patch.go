package scim

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	scimerrors "github.com/elimity-com/scim/errors"

	"rollcall/scim/filter"
)

// PatchSchema marks the body of a PATCH.
const PatchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

// MaxPatchOperations is how many operations one PATCH may have.
const MaxPatchOperations = 1000

type patchOp uint8

const (
	opAdd patchOp = iota
	opReplace
	opRemove
)

// operation is one step of a PATCH (RFC 7644 section 3.5.2).
type operation struct {
	op    patchOp
	path  string // "" is the resource itself
	value any
	given bool // value was there, if only as null
	at    int  // where it stands in the request, counted from 0
}

// parsePatch reads the body of a PATCH. Names and operations count in any case: Entra writes "Replace".
func parsePatch(body map[string]any) ([]operation, error) {
	if err := checkSchemas(body, PatchSchema); err != nil {
		return nil, err
	}
	operations, _, err := member(body, "Operations")
	if err != nil {
		return nil, err
	}
	list, _ := operations.([]any)
	switch {
	case len(list) == 0:
		return nil, invalid(scimerrors.ScimTypeInvalidSyntax, "Operations must be an array of at least one operation.")
	case len(list) > MaxPatchOperations:
		return nil, invalid(scimerrors.ScimTypeInvalidSyntax, "There are %d operations; at most %d are allowed.", len(list), MaxPatchOperations)
	}
	ops := make([]operation, len(list))
	for i, v := range list {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, inOperation(i, invalid(scimerrors.ScimTypeInvalidSyntax, "An operation must be an object."))
		}
		if ops[i], err = parseOperation(m); err != nil {
			return nil, inOperation(i, err)
		}
		ops[i].at = i
	}
	return ops, nil
}

func parseOperation(m map[string]any) (o operation, err error) {
	name, _, err := member(m, "op")
	if err != nil {
		return o, err
	}
	path, _, err := member(m, "path")
	if err != nil {
		return o, err
	}
	if o.value, o.given, err = member(m, "value"); err != nil {
		return o, err
	}
	text, _ := name.(string)
	switch strings.ToLower(text) {
	case "add":
		o.op = opAdd
	case "replace":
		o.op = opReplace
	case "remove":
		o.op = opRemove
	default:
		return o, invalid(scimerrors.ScimTypeInvalidSyntax, "op must be add, replace or remove, not %q.", fmt.Sprint(name))
	}
	if path != nil {
		s, ok := path.(string)
		if !ok {
			return o, invalid(scimerrors.ScimTypeInvalidPath, "path must be a text.")
		}
		o.path = strings.TrimSpace(s)
	}
	switch {
	case o.op == opRemove && o.path == "":
		return o, invalid(scimerrors.ScimTypeNoTarget, "remove needs a path.")
	case o.op != opRemove && !o.given:
		return o, invalid(scimerrors.ScimTypeInvalidValue, "%s needs a value.", strings.ToLower(text))
	}
	return o, nil
}

// inOperation says in which operation, counted from 0, an error arose.
func inOperation(i int, err error) error {
	var e *scimerrors.ScimError
	if !errors.As(err, &e) {
		return err
	}
	located := *e
	located.Detail = fmt.Sprintf("Operations[%d]: %s", i, e.Detail)
	return &located
}

// patch applies operations one after another to a document and returns the document as it then is; the document it was
// given stays as it was, so that a transaction can run it again. If one operation fails, none has happened.
func (x *index) patch(d Dialect, doc map[string]any, ops []operation) (map[string]any, error) {
	p := &patcher{index: x, dialect: d, doc: clone(doc).(map[string]any)}
	for _, o := range ops {
		if err := p.apply(o); err != nil {
			return nil, inOperation(o.at, err)
		}
	}
	if err := x.checkImmutable(doc, p.doc); err != nil {
		return nil, err
	}
	kind := scimerrors.ScimTypeInvalidValue
	if slices.ContainsFunc(ops, func(o operation) bool { return o.op == opRemove }) {
		kind = scimerrors.ScimTypeMutability // RFC 7644 section 3.5.2.2
	}
	return p.doc, x.checkStillRequired(doc, p.doc, kind)
}

type patcher struct {
	index   *index
	dialect Dialect
	doc     map[string]any
}

func (p *patcher) apply(o operation) error {
	if o.path == "" {
		return p.applyKeys(o, nil)
	}
	path, err := filter.ParsePath(o.path)
	if err != nil {
		return invalid(scimerrors.ScimTypeInvalidPath, "The path is malformed: %s.", err)
	}
	if c := p.index.containerAt(path); c != nil {
		if o.op == opRemove {
			return p.removeContainer(c)
		}
		return p.applyKeys(o, c)
	}
	return p.applyAt(o, path)
}

// containerAt is the schema that a path names as a whole, nil if it names an attribute.
func (x *index) containerAt(path filter.Path) *container {
	if whole := path.Attr.Whole(); whole != "" && path.Where == nil {
		return x.container(whole)
	}
	return nil
}

// removeContainer removes what clients can write of a schema.
func (p *patcher) removeContainer(c *container) error {
	if c == p.index.core {
		return invalid(scimerrors.ScimTypeMutability, "%s has attributes that cannot be removed.", c.urn)
	}
	delete(p.doc, c.key)
	return nil
}

// applyKeys applies an object to the resource, or to the attributes of one schema: each key is the path of an operation
// of its own, so that "name.givenName", "urn:…:User:department" and an object under a schema's URN all find their
// place. Keys go in the order of the alphabet, for the same outcome every time.
func (p *patcher) applyKeys(o operation, within *container) error {
	if o.value == nil && within != nil {
		if o.op == opReplace {
			return p.removeContainer(within)
		}
		return nil
	}
	in, ok := o.value.(map[string]any)
	if !ok {
		return invalid(scimerrors.ScimTypeInvalidValue, "Without an attribute in path, value must be an object of attributes.")
	}
	keys := make([]string, 0, len(in))
	for k := range in {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if within != nil && strings.EqualFold(key, "schemas") {
			continue // some clients write it into each object
		}
		step := operation{op: o.op, path: key, value: in[key], given: true}
		if err := p.applyKey(step, within); err != nil {
			return err
		}
	}
	return nil
}

func (p *patcher) applyKey(o operation, within *container) error {
	path, err := filter.ParsePath(o.path)
	if err != nil {
		if p.dialect.ignoreUnknown || isURN(o.path) {
			return nil // no name of ours; unknown schemas are ignored, however they are spelt (SCM-02)
		}
		return invalid(scimerrors.ScimTypeInvalidPath, "The key %q is malformed: %s.", o.path, err)
	}
	if within != nil && path.Attr.URN == "" {
		path.Attr.URN = within.urn
	}
	if c := p.index.containerAt(path); c != nil {
		return p.applyKeys(o, c)
	}
	attr, _ := p.index.resolve(path.Attr)
	switch {
	case attr == nil && (path.Attr.URN != "" && p.index.container(path.Attr.URN) == nil || o.value == nil):
		return nil
	case attr != nil && attr.Name == "id" && attr.Container == "" && o.value != p.doc["id"] && o.value != nil:
		return invalid(scimerrors.ScimTypeMutability, "id cannot be changed.")
	case attr != nil && attr.mutability == readOnly:
		return nil // what a client read, it may send back (SCM-02)
	}
	return p.applyAt(o, path)
}

// applyAt applies an operation to the attribute that a path names.
func (p *patcher) applyAt(o operation, path filter.Path) error {
	attr, sub := p.index.resolve(path.Attr)
	if attr != nil && path.Sub != "" {
		sub = attr.sub(path.Sub)
	}
	wantsSub := path.Attr.Sub != "" || path.Sub != ""
	switch {
	case attr == nil || wantsSub && sub == nil:
		if p.dialect.ignoreUnknown {
			return nil
		}
		return invalid(scimerrors.ScimTypeInvalidPath, "%s is no attribute of this resource.", path)
	case attr.mutability == readOnly || sub != nil && sub.mutability == readOnly:
		return invalid(scimerrors.ScimTypeMutability, "%s is read-only.", path)
	case !attr.writable():
		return nil // the password, and the schemas, which follow from the attributes
	case path.Where != nil && !attr.Multi:
		return invalid(scimerrors.ScimTypeInvalidPath, "%s has a single value; brackets select among several.", attr.Name)
	}
	if o.op == opRemove && attr.required && sub == nil && path.Where == nil {
		return invalid(scimerrors.ScimTypeMutability, "%s is required and cannot be removed.", attr.Name)
	}
	t := target{patcher: p, attr: attr, sub: sub, path: path}
	switch {
	case attr.Multi:
		return t.applyToList(o)
	case o.op == opRemove || o.value == nil && o.op == opReplace:
		return t.unset()
	case o.value == nil:
		return nil
	}
	return t.set(o)
}
