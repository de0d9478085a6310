package main

import (
	"io"
	"net/http"

	"rollcall/admin"
)

type partnerCmd struct {
	List    partnerListCmd    `cmd:"" help:"List the organizations that manage this one."`
	Set     partnerSetCmd     `cmd:"" help:"Let another organization manage this one, or change how much it may do."`
	Remove  partnerRemoveCmd  `cmd:"" help:"End a partner's access."`
	Managed partnerManagedCmd `cmd:"" help:"List the organizations that this one manages."`
	Leave   partnerLeaveCmd   `cmd:"" help:"Stop managing an organization."`
}

type partnerListCmd struct {
	apiFlags
	orgFlag
}

// Run lists the partners.
func (c *partnerListCmd) Run(a *app) error {
	return a.relations(c.apiFlags, c.orgFlag, "partners")
}

type partnerManagedCmd struct {
	apiFlags
	orgFlag
}

// Run lists the managed organizations.
func (c *partnerManagedCmd) Run(a *app) error {
	return a.relations(c.apiFlags, c.orgFlag, "managed")
}

// relations lists the organizations on the other side.
func (a *app) relations(f apiFlags, org orgFlag, side string) error {
	return a.onOrg(f, org, func(o *orgClient) error {
		var all map[string][]seen[admin.Relation]
		if err := o.get(o.at(side), nil, &all); err != nil {
			return err
		}
		return a.show(listOf(all[side]), func(w io.Writer) error {
			rows := make([][]string, len(all[side]))
			for i, r := range all[side] {
				rows[i] = []string{r.is.Organization, r.is.Role, instant(r.is.CreatedAt), r.is.Name}
			}
			return table(w, []string{"ID", "ROLE", "SINCE", "NAME"}, rows)
		})
	})
}

// otherFlag names the organization on the other side. A server tells nobody about organizations that they have no role in, so
// there it has to be an id.
type otherFlag struct {
	Other string `arg:"" name:"organization" placeholder:"ID" help:"The other organization: its id; on the database also its name."`
}

func (c *orgClient) other(f otherFlag) (string, error) {
	if c.local == nil {
		return f.Other, nil
	}
	o, err := c.local.org(orgFlag{f.Other})
	return string(o.ID), err
}

type partnerSetCmd struct {
	apiFlags
	orgFlag
	otherFlag
	Role string `required:"" enum:"full,user,readonly" placeholder:"full|user|readonly" help:"The most that the partner's administrators may be here."`
}

// Run lets the partner in.
func (c *partnerSetCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		partner, err := o.other(c.otherFlag)
		if err != nil {
			return err
		}
		var r seen[admin.Relation]
		if err := o.do(call{method: http.MethodPut, path: o.at("partners", partner), body: admin.PartnerRole{Role: c.Role}}, &r); err != nil {
			return err
		}
		return a.show(r, func(w io.Writer) error {
			return properties(w, "organization", o.name, "partner", r.is.Name, "id", r.is.Organization, "role", r.is.Role)
		})
	})
}

type partnerRemoveCmd struct {
	apiFlags
	orgFlag
	otherFlag
}

// Run ends the partner's access.
func (c *partnerRemoveCmd) Run(a *app) error {
	return a.endRelation(c.apiFlags, c.orgFlag, c.otherFlag, "partners")
}

type partnerLeaveCmd struct {
	apiFlags
	orgFlag
	otherFlag
}

// Run stops managing.
func (c *partnerLeaveCmd) Run(a *app) error {
	return a.endRelation(c.apiFlags, c.orgFlag, c.otherFlag, "managed")
}

func (a *app) endRelation(f apiFlags, org orgFlag, other otherFlag, side string) error {
	return a.onOrg(f, org, func(o *orgClient) error {
		id, err := o.other(other)
		if err != nil {
			return err
		}
		if err := o.do(call{method: http.MethodDelete, path: o.at(side, id)}, nil); err != nil {
			return err
		}
		a.say("%s and %s have nothing to do with each other any more.", o.name, other.Other)
		return nil
	})
}
