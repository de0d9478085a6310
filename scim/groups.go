package scim

import (
	"context"
	"maps"
	"net/http"

	scimerrors "github.com/elimity-com/scim/errors"

	"rollcall/identity"
	"rollcall/scim/filter"
)

// groups are the groups of an organization. A change touches only the members that it names, so that it costs what it says and not what
// the group has.
type groups struct{ index *index }

// group is one group, with its members if they were asked for.
type group struct {
	identity.Group
	index   *index
	members []identity.Membership
}

func (g *group) id() string     { return string(g.ID) }
func (g *group) version() int64 { return g.Version }

func (k groups) of(g identity.Group) *group { return &group{Group: g, index: k.index} }

func (k groups) create(ctx context.Context, acts *identity.Acts, d Dialect, doc map[string]any) (entity, error) {
	said, err := writtenOfGroup(doc)
	if err != nil {
		return nil, err
	}
	if err := nameIsFree(ctx, acts, d, said.Name, ""); err != nil {
		return nil, err
	}
	join, err := k.replacement(doc).settle(ctx, acts)
	if err != nil {
		return nil, err
	}
	g, err := acts.CreateGroup(ctx, said.Name, said.ExternalID, identity.Origin{Source: identity.SourceSCIM})
	if err != nil || len(join.Join) == 0 && said.Attributes == "" {
		return k.of(g), err
	}
	join.Attributes = &said.Attributes
	g, err = acts.EditGroup(ctx, g.ID, nil, func(identity.Group) (identity.GroupEdit, error) { return join, nil })
	return k.of(g), err
}

// writtenOfGroup is what a document says of a group, but for its members.
func writtenOfGroup(doc map[string]any) (g identity.Group, err error) {
	g.Name, _ = doc["displayName"].(string)
	text, _ := doc["externalId"].(string)
	g.ExternalID = identity.ExternalID(text)
	rest := maps.Clone(doc)
	for _, own := range []string{"id", "displayName", "externalId", "members"} {
		delete(rest, own)
	}
	g.Attributes, err = identity.ProfileOf(rest)
	return g, err
}

// nameIsFree refuses a name that another group has, in dialects where names are unique.
func nameIsFree(ctx context.Context, acts *identity.Acts, d Dialect, name string, own identity.GroupID) error {
	if !d.uniqueGroupNames || name == "" {
		return nil
	}
	others, err := acts.Tx().Groups(ctx, acts.Org().ID, identity.GroupQuery{Name: identity.Fold(name), Limit: 2})
	for _, g := range others {
		if g.ID != own {
			return failure(http.StatusConflict, scimerrors.ScimTypeUniqueness, "Another group has this displayName.")
		}
	}
	return err
}

// replacement is what a PUT, or a POST, makes of the members.
func (k groups) replacement(doc map[string]any) *memberEdit {
	list, _ := doc["members"].([]any)
	e := &memberEdit{only: true}
	for _, el := range list {
		e.join(el)
	}
	return e
}

func (k groups) change(ctx context.Context, acts *identity.Acts, id string, check check, e edit) (entity, error) {
	expect := func(g identity.Group) error { return check(g.Version) }
	g, err := acts.EditGroup(ctx, identity.GroupID(id), expect, func(g identity.Group) (change identity.GroupEdit, err error) {
		current := func() ([]any, error) {
			now := []entity{k.of(g)}
			err := k.complete(ctx, acts.Tx(), g.Org, now, true)
			return memberValues(view{}, now[0].(*group).members), err
		}
		members := &memberEdit{}
		if e.put != nil {
			members = k.replacement(e.put)
		} else if e.ops, err = k.splitMembers(e, members, current); err != nil {
			return change, err
		}
		before, err := draftOfGroup(g)
		if err != nil {
			return change, err
		}
		after, err := e.apply(before)
		if err != nil {
			return change, err
		}
		said, err := writtenOfGroup(after)
		if err != nil {
			return change, err
		}
		if identity.Fold(said.Name) != identity.Fold(g.Name) {
			if err := nameIsFree(ctx, acts, e.dialect, said.Name, g.ID); err != nil {
				return change, err
			}
		}
		if change, err = members.settle(ctx, acts); err != nil {
			return change, err
		}
		change.Name, change.ExternalID, change.Attributes = &said.Name, &said.ExternalID, &said.Attributes
		return change, nil
	})
	return k.of(g), err
}

func (k groups) delete(ctx context.Context, acts *identity.Acts, id string, check check) error {
	return acts.DeleteGroup(ctx, identity.GroupID(id), func(g identity.Group) error { return check(g.Version) }, nil)
}

func (k groups) get(ctx context.Context, read identity.Reader, org identity.OrgID, id string) (entity, error) {
	g, err := read.Group(ctx, org, identity.GroupID(id))
	return k.of(g), err
}

// push answers equalities of what groups are looked for by, joined by "and".
func (k groups) push(n filter.Node) (where any, exact bool) {
	terms := []filter.Node{n}
	if and, ok := n.(*filter.And); ok {
		terms = and.Terms
	}
	var q identity.GroupQuery
	exact = true
	for _, t := range terms {
		exact = k.pushTerm(&q, t) && exact
	}
	if q == (identity.GroupQuery{}) {
		return nil, false
	}
	return q, exact
}

// pushTerm adds one term to a query, and reports whether it now says all of it.
func (k groups) pushTerm(q *identity.GroupQuery, n filter.Node) bool {
	if el, ok := n.(*filter.Element); ok {
		inner, ok := el.Where.(*filter.Compare)
		if !ok || el.Op != filter.None {
			return false
		}
		n = &filter.Compare{Path: withSub(el.Path, inner.Path.Name), Op: inner.Op, Value: inner.Value}
	}
	c, ok := n.(*filter.Compare)
	if !ok || c.Op != filter.Eq || c.Value.Kind != filter.String || c.Value.Text == "" {
		return false
	}
	attr, sub := k.index.resolve(c.Path)
	if attr == nil || attr.Container != "" {
		return false
	}
	text := c.Value.Text
	switch {
	case attr.Name == "id" && q.ID == "":
		q.ID = identity.GroupID(text)
	case attr.Name == "displayName" && q.Name == "":
		q.Name = identity.Fold(text)
	case attr.Name == "externalId" && q.ExternalID == "":
		q.ExternalID = identity.ExternalID(text)
	case attr.Name == "members" && (sub == nil || sub.Name == "value") && q.Member == "":
		q.Member = text
	default:
		return false
	}
	return true
}

func (k groups) batch(ctx context.Context, read identity.Reader, org identity.OrgID, where any, after string, skip, limit int) ([]entity, error) {
	q, _ := where.(identity.GroupQuery)
	q.After, q.Skip, q.Limit = identity.GroupID(after), skip, limit
	found, err := read.Groups(ctx, org, q)
	list := make([]entity, len(found))
	for i, g := range found {
		list[i] = k.of(g)
	}
	return list, err
}

func (k groups) count(ctx context.Context, read identity.Reader, org identity.OrgID, where any) (int, error) {
	q, _ := where.(identity.GroupQuery)
	return read.CountGroups(ctx, org, q)
}

func (k groups) complete(ctx context.Context, read identity.Reader, org identity.OrgID, list []entity, links bool) error {
	if !links || len(list) == 0 {
		return nil
	}
	ids := make([]identity.GroupID, len(list))
	byID := make(map[identity.GroupID]*group, len(list))
	for i, e := range list {
		g := e.(*group)
		g.members = nil
		ids[i], byID[g.ID] = g.ID, g
	}
	all, err := read.MembersOf(ctx, org, ids)
	for _, m := range all {
		g := byID[m.Group]
		g.members = append(g.members, m)
	}
	return err
}

// draftOfGroup is the part of a group that clients write, without its members.
func draftOfGroup(g identity.Group) (map[string]any, error) {
	doc, err := g.Attributes.Object()
	if err != nil {
		return nil, err
	}
	doc["id"], doc["displayName"] = string(g.ID), g.Name
	if g.ExternalID != "" {
		doc["externalId"] = string(g.ExternalID)
	}
	return doc, nil
}

// document is the whole group as clients see it.
func (g *group) document(v view) (map[string]any, error) {
	doc, err := draftOfGroup(g.Group)
	if err != nil {
		return nil, err
	}
	g.index.forget(doc)
	doc["schemas"] = g.index.schemasOf(doc)
	if list := memberValues(v, g.members); len(list) > 0 {
		doc["members"] = list
	}
	doc["meta"] = map[string]any{
		"resourceType": "Group", "created": formatTime(g.CreatedAt), "lastModified": formatTime(g.UpdatedAt),
		"location": v.location("Groups", g.id()), "version": etag(g.Version),
	}
	return doc, nil
}

func memberValues(v view, members []identity.Membership) []any {
	list := make([]any, len(members))
	for i, m := range members {
		kind, id, endpoint := "User", string(m.Member.Account), "Users"
		if m.Member.Group != "" {
			kind, id, endpoint = "Group", string(m.Member.Group), "Groups"
		}
		list[i] = map[string]any{"value": id, "type": kind, "display": m.Name, "$ref": v.location(endpoint, id)}
	}
	return list
}

func (g *group) append(b []byte, v view) ([]byte, error) { return v.appendDocument(b, g.index, g) }

// finishGroups makes filters fold names exactly as the store's keys do.
func finishGroups(x *index) {
	x.core.attrs["displayName"].Fold = identity.Fold
	x.linked = x.core.attrs["members"]
}
