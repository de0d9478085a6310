package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"rollcall/admin"
	"rollcall/identity"
)

type groupCmd struct {
	List    groupListCmd    `cmd:"" help:"List groups."`
	Create  groupCreateCmd  `cmd:"" help:"Make a group."`
	Rename  groupRenameCmd  `cmd:"" help:"Give a group another name."`
	Delete  groupDeleteCmd  `cmd:"" help:"Delete a group; its members keep their licences."`
	Members groupMembersCmd `cmd:"" help:"List a group's members, or change who they are."`
}

type groupListCmd struct {
	apiFlags
	orgFlag
	place
}

// Run lists the groups.
func (c *groupListCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		groups, next, err := list[admin.Group](o.apiClient, o.at("groups"), "groups", nil, c.place)
		if err != nil {
			return err
		}
		a.sayMore(next)
		return a.showGroups(groups)
	})
}

func (a *app) showGroups(groups []seen[admin.Group]) error {
	return a.show(groups, func(w io.Writer) error {
		rows := make([][]string, len(groups))
		for i, g := range groups {
			rows[i] = []string{g.is.ID, g.is.Source, instant(g.is.UpdatedAt), g.is.Name}
		}
		return table(w, []string{"ID", "SOURCE", "CHANGED", "NAME"}, rows)
	})
}

func (a *app) showGroup(g seen[admin.Group]) error {
	return a.show(g, func(w io.Writer) error {
		dn := ""
		if d := g.is.Directory; d != nil {
			dn = d.DN
		}
		return properties(w, "id", g.is.ID, "name", g.is.Name, "externalId", g.is.ExternalID, "source", g.is.Source, "entry", dn, "changed", instant(g.is.UpdatedAt))
	})
}

// group finds a group by its id or, if only one has it, its name.
func (c *orgClient) group(text string) (seen[admin.Group], error) {
	var g seen[admin.Group]
	if isID(text) {
		err := c.get(c.at("groups", text), nil, &g)
		return g, err
	}
	all, _, err := list[admin.Group](c.apiClient, c.at("groups"), "groups", nil, everything)
	if err != nil {
		return g, err
	}
	var ids []string
	for _, found := range all {
		if found.is.Name == text {
			g, ids = found, append(ids, found.is.ID)
		}
	}
	switch len(ids) {
	case 1:
		return g, nil
	case 0:
		return g, identity.Refuse(identity.NotFound, identity.RuleUnknownGroup, "no group of this organization has the id or name %q", text)
	}
	return g, fmt.Errorf("%d groups are called %q; use the id of one of them: %s", len(ids), text, strings.Join(ids, ", "))
}

type groupCreateCmd struct {
	apiFlags
	orgFlag
	Name string `arg:"" help:"What the group is called."`
}

// Run makes the group.
func (c *groupCreateCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		var g seen[admin.Group]
		if err := o.post(o.at("groups"), admin.NewGroup{Name: c.Name}, &g); err != nil {
			return err
		}
		return a.showGroup(g)
	})
}

// groupFlag names a group.
type groupFlag struct {
	Group string `arg:"" placeholder:"ID|NAME" help:"The group: its id, or its name if only one has it."`
}

type groupRenameCmd struct {
	apiFlags
	orgFlag
	groupFlag
	Name string `arg:"" help:"The new name."`
}

// Run renames the group.
func (c *groupRenameCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		g, err := o.group(c.Group)
		if err != nil {
			return err
		}
		if err := o.do(call{method: http.MethodPatch, path: o.at("groups", g.is.ID), body: admin.NewGroup{Name: c.Name}, patch: true}, &g); err != nil {
			return err
		}
		return a.showGroup(g)
	})
}

type groupDeleteCmd struct {
	apiFlags
	orgFlag
	groupFlag
	yesFlag
}

// Run deletes the group.
func (c *groupDeleteCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		g, err := o.group(c.Group)
		if err != nil {
			return err
		}
		if err := a.confirm(c.yesFlag, "Delete the group %s (%s) of %s?", printable(g.is.Name), g.is.ID, printable(o.name)); err != nil {
			return err
		}
		if err := o.do(call{method: http.MethodDelete, path: o.at("groups", g.is.ID)}, nil); err != nil {
			return err
		}
		a.say("The group %s is deleted.", printable(g.is.Name))
		return nil
	})
}

type groupMembersCmd struct {
	apiFlags
	orgFlag
	groupFlag
	Add    []string `placeholder:"ID|USERNAME|E-MAIL" help:"Somebody who joins; repeatable. Who is a member already stays one."`
	Remove []string `placeholder:"ID|USERNAME|E-MAIL" help:"Somebody who leaves; repeatable."`
	place
}

// Run lists the members, after the change if there is one.
func (c *groupMembersCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		g, err := o.group(c.Group)
		if err != nil {
			return err
		}
		path := o.at("groups", g.is.ID, "members")
		if len(c.Add)+len(c.Remove) > 0 {
			var change admin.MemberChange
			if change.Add, err = o.userIDs(c.Add); err != nil {
				return err
			}
			if change.Remove, err = o.userIDs(c.Remove); err != nil {
				return err
			}
			if err := o.post(path, change, nil); err != nil {
				return err
			}
		}
		members, next, err := list[admin.UserName](o.apiClient, path, "members", nil, c.place)
		if err != nil {
			return err
		}
		a.sayMore(next)
		return a.show(members, func(w io.Writer) error {
			rows := make([][]string, len(members))
			for i, m := range members {
				rows[i] = []string{m.is.ID, m.is.UserName, m.is.DisplayName}
			}
			return table(w, []string{"ID", "USERNAME", "NAME"}, rows)
		})
	})
}

// userIDs finds users by id, userName or address.
func (c *orgClient) userIDs(texts []string) ([]string, error) {
	ids := make([]string, 0, len(texts))
	for _, text := range texts {
		u, err := c.user(text)
		if err != nil {
			return nil, err
		}
		ids = append(ids, u.is.ID)
	}
	return ids, nil
}

type userGroupsCmd struct {
	apiFlags
	orgFlag
	userFlag
}

// Run lists the groups of a user.
func (c *userGroupsCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		path, _, err := o.userPath(c.User, "groups")
		if err != nil {
			return err
		}
		var all struct{ Groups []seen[admin.Group] }
		if err := o.get(path, nil, &all); err != nil {
			return err
		}
		return a.showGroups(all.Groups)
	})
}
