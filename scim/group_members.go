package scim

import (
	"context"
	"path"
	"strings"

	scimerrors "github.com/elimity-com/scim/errors"

	"rollcall/identity"
	"rollcall/scim/filter"
)

// MaxMembers is how many members one request may name.
const MaxMembers = 50_000

// memberEdit is what a request makes of the members of a group, collected without reading who they are.
type memberEdit struct {
	only    bool // nobody stays but those who join
	joining []map[string]any
	leaving []map[string]any
}

// join adds a member; one that was to leave stays.
func (e *memberEdit) join(el any) {
	m, _ := el.(map[string]any)
	e.leaving = withoutMember(e.leaving, m)
	e.joining = append(e.joining, m)
}

// leave takes a member away; one that was to join does not.
func (e *memberEdit) leave(m map[string]any) {
	e.joining = withoutMember(e.joining, m)
	if !e.only {
		e.leaving = append(e.leaving, m)
	}
}

// clear takes all members away.
func (e *memberEdit) clear() { *e = memberEdit{only: true} }

func withoutMember(list []map[string]any, m map[string]any) []map[string]any {
	if len(list) == 0 {
		return list
	}
	kept := list[:0]
	for _, other := range list {
		if memberID(other) != memberID(m) {
			kept = append(kept, other)
		}
	}
	return kept
}

// memberID is the id that a member is known by: its value, else the end of its $ref.
func memberID(m map[string]any) string {
	if id, ok := m["value"].(string); ok {
		return id
	}
	ref, _ := m["$ref"].(string)
	if ref == "" {
		return ""
	}
	return path.Base(ref)
}

// settle finds out which members are users and which are groups. Whoever joins must be there; whoever leaves may have gone.
func (e *memberEdit) settle(ctx context.Context, acts *identity.Acts) (identity.GroupEdit, error) {
	change := identity.GroupEdit{Only: e.only}
	for _, m := range e.joining {
		member, err := memberOf(ctx, acts, m)
		if err != nil {
			return change, err
		}
		change.Join = append(change.Join, member)
	}
	for _, m := range e.leaving {
		id := memberID(m)
		change.Leave = append(change.Leave, identity.Member{Account: identity.AccountID(id)}, identity.Member{Group: identity.GroupID(id)})
	}
	return change, nil
}

func memberOf(ctx context.Context, acts *identity.Acts, m map[string]any) (identity.Member, error) {
	id, org := memberID(m), acts.Org().ID
	kind, _ := m["type"].(string)
	display, _ := m["display"].(string)
	err := error(nil)
	if !strings.EqualFold(kind, "Group") {
		if _, err = acts.Tx().Account(ctx, org, identity.AccountID(id)); err == nil {
			return identity.Member{Account: identity.AccountID(id), Display: display}, nil
		}
	}
	if (err == nil || identity.IsNotFound(err)) && !strings.EqualFold(kind, "User") {
		if _, err = acts.Tx().Group(ctx, org, identity.GroupID(id)); err == nil {
			return identity.Member{Group: identity.GroupID(id), Display: display}, nil
		}
	}
	if !identity.IsNotFound(err) {
		return identity.Member{}, err
	}
	return identity.Member{}, invalid(scimerrors.ScimTypeInvalidValue, "members: %.60q is no id of a user or group of this organization.", id)
}

// splitMembers takes out of a PATCH what it says about members, and collects it in m; what is left is about the rest of the group.
// current reads the members, for filters that ask for more than an id.
func (k groups) splitMembers(e edit, m *memberEdit, current func() ([]any, error)) (rest []operation, err error) {
	for _, o := range e.ops {
		whole := o
		if o.path == "" {
			own, others := k.membersOfBody(o)
			if others != nil {
				rest = append(rest, *others)
			}
			if own == nil {
				continue
			}
			o = *own
		}
		p, err := filter.ParsePath(o.path)
		if attr, _ := k.index.resolve(p.Attr); err != nil || attr != k.index.linked {
			rest = append(rest, whole)
			continue
		}
		t := &target{patcher: &patcher{index: k.index, dialect: e.dialect}, attr: k.index.linked, path: p}
		if err := t.applyToMembers(o, m, current); err != nil {
			return nil, inOperation(o.at, err)
		}
	}
	return rest, nil
}

// membersOfBody splits an operation without a path into one about members and one about everything else; nil if there is none.
func (k groups) membersOfBody(o operation) (own, others *operation) {
	in, ok := o.value.(map[string]any)
	if !ok {
		return nil, &o
	}
	left := map[string]any{}
	for key, v := range in {
		p, err := filter.ParsePath(key)
		if attr, _ := k.index.resolve(p.Attr); err == nil && attr == k.index.linked {
			own = &operation{op: o.op, path: key, value: v, given: true, at: o.at}
			continue
		}
		left[key] = v
	}
	if len(left) > 0 || own == nil {
		others = &operation{op: o.op, value: left, given: o.given, at: o.at}
	}
	return own, others
}

// applyToMembers applies one operation.
func (t *target) applyToMembers(o operation, m *memberEdit, current func() ([]any, error)) error {
	if t.path.Sub != "" || t.path.Attr.Sub != "" {
		return invalid(scimerrors.ScimTypeMutability, "%s is immutable; remove the member and add another.", t.path)
	}
	if t.path.Where != nil {
		return t.applyToSelectedMembers(o, m, current)
	}
	if o.value == nil {
		if o.op != opAdd {
			m.clear()
		}
		return nil
	}
	values, err := t.values(o.value)
	if err != nil {
		return err
	}
	if o.op == opReplace {
		m.clear()
	}
	for _, el := range values {
		if member, ok := el.(map[string]any); !ok || memberID(member) == "" {
			return invalid(scimerrors.ScimTypeInvalidValue, "%s: a member needs a value, the id of a user or group.", t.path)
		}
		if o.op == opRemove {
			m.leave(el.(map[string]any))
		} else {
			m.join(el)
		}
	}
	return nil
}

func (t *target) applyToSelectedMembers(o operation, m *memberEdit, current func() ([]any, error)) error {
	said := map[string]any{}
	if o.op == opRemove && equalities(t.path.Where, said) && len(said) == 1 {
		if _, ok := said["value"].(string); ok {
			m.leave(said) // who is no member already is no error
			return nil
		}
	}
	selects, err := filter.BindElement(t.path.Where, &t.attr.Attribute, t.dialect.filterOptions())
	if err != nil {
		return invalid(scimerrors.ScimTypeInvalidFilter, "The filter in the path does not fit: %s.", err)
	}
	list, err := m.after(current)
	if err != nil {
		return err
	}
	found := false
	for _, el := range list {
		if !selects(el) {
			continue
		}
		found = true
		if o.op != opAdd {
			m.leave(el.(map[string]any))
		}
	}
	if o.op == opRemove {
		return nil
	}
	given, err := t.given(o.value)
	if err != nil {
		return err
	}
	if !found && o.op == opReplace && !t.dialect.replaceCreates {
		return invalid(scimerrors.ScimTypeNoTarget, "%s selects no value of this resource.", t.path)
	}
	m.join(given)
	return nil
}

// after is who would be a member if the edit ended here.
func (e *memberEdit) after(current func() ([]any, error)) ([]any, error) {
	var list []any
	if !e.only {
		now, err := current()
		if err != nil {
			return nil, err
		}
		for _, el := range now {
			gone := false
			for _, l := range e.leaving {
				gone = gone || memberID(l) == memberID(el.(map[string]any))
			}
			if !gone {
				list = append(list, el)
			}
		}
	}
	for _, j := range e.joining {
		list = append(list, j)
	}
	return list, nil
}
