package main

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"rollcall/admin"
)

type templateCmd struct {
	Show   templateShowCmd   `cmd:"" help:"Show which licences users get by themselves."`
	Set    templateSetCmd    `cmd:"" help:"Say which licences new users, or the members of a group, get by themselves."`
	Remove templateRemoveCmd `cmd:"" help:"Delete a licence template; nobody loses a licence by it."`
}

type templateShowCmd struct {
	apiFlags
	orgFlag
}

// Run shows all templates of the organization.
func (c *templateShowCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		var all struct{ Templates []seen[admin.LicenceTemplate] }
		if err := o.get(o.at("licence-templates"), nil, &all); err != nil {
			return err
		}
		return a.show(all.Templates, func(w io.Writer) error {
			rows := make([][]string, len(all.Templates))
			for i, t := range all.Templates {
				rows[i] = []string{templateFor(t.is), strings.Join(t.is.Licences, ", "), instant(t.is.UpdatedAt)}
			}
			return table(w, []string{"FOR", "LICENCES", "CHANGED"}, rows)
		})
	})
}

func templateFor(t admin.LicenceTemplate) string {
	if t.Group == "" {
		return "new users"
	}
	return "group " + t.Group
}

// templateFlag says which template it is.
type templateFlag struct {
	Group string `placeholder:"ID|NAME" help:"That of a group, for its direct members; without it the organization's, for new users."`
}

func (c *orgClient) template(f templateFlag) (path string, err error) {
	if f.Group == "" {
		return c.at("licence-templates", "organization"), nil
	}
	g, err := c.group(f.Group)
	return c.at("licence-templates", "groups", g.is.ID), err
}

type templateSetCmd struct {
	apiFlags
	orgFlag
	templateFlag
	Licences   []string `arg:"" name:"licence" help:"Names of licences."`
	Existing   bool     `help:"Bring it to the users who are there already, too."`
	NoPreserve bool     `help:"With --existing: take away what the template has lost."`
}

// Validate refuses a flag that would do nothing.
func (c *templateSetCmd) Validate() error {
	if c.NoPreserve && !c.Existing {
		return errors.New("--no-preserve says what happens to users who are there already; give it with --existing")
	}
	return nil
}

// Run sets the template and waits until it has been brought to existing users, if that is wanted.
func (c *templateSetCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		path, err := o.template(c.templateFlag)
		if err != nil {
			return err
		}
		body := map[string]any{"licences": c.Licences}
		if c.Existing {
			body["scope"], body["preserve"] = "existing", !c.NoPreserve
		}
		var t seen[struct {
			admin.LicenceTemplate
			Job *seen[admin.Job]
		}]
		if err := o.do(call{method: http.MethodPut, path: path, body: body}, &t); err != nil {
			return err
		}
		if t.is.Job != nil {
			job, err := o.follow(*t.is.Job)
			if err != nil {
				return err
			}
			return a.showJob(job)
		}
		return a.show(t, func(w io.Writer) error {
			return properties(w, "for", templateFor(t.is.LicenceTemplate), "licences", strings.Join(t.is.Licences, ", "), "changed", instant(t.is.UpdatedAt))
		})
	})
}

type templateRemoveCmd struct {
	apiFlags
	orgFlag
	templateFlag
}

// Run deletes the template.
func (c *templateRemoveCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		path, err := o.template(c.templateFlag)
		if err != nil {
			return err
		}
		if err := o.do(call{method: http.MethodDelete, path: path}, nil); err != nil {
			return err
		}
		a.say("The template is deleted; everybody keeps their licences.")
		return nil
	})
}

type subscriptionListCmd struct {
	apiFlags
	orgFlag
}

// Run lists the subscriptions, the one that started first first.
func (c *subscriptionListCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		var all struct{ Subscriptions []seen[admin.Subscription] }
		if err := o.get(o.at("subscriptions"), nil, &all); err != nil {
			return err
		}
		return a.show(all.Subscriptions, func(w io.Writer) error {
			rows := make([][]string, len(all.Subscriptions))
			for i, n := range all.Subscriptions {
				pools := make([]string, len(n.is.Pools))
				for k, p := range n.is.Pools {
					seats := 0 // unlimited
					if p.Seats != nil {
						seats = *p.Seats
					}
					pools[k] = poolText(p.Licence, seats, p.Used)
				}
				rows[i] = []string{n.is.ID, n.is.Type, n.is.Status, n.is.Name, strings.Join(pools, ", ")}
			}
			return table(w, []string{"ID", "TYPE", "STATUS", "NAME", "SEATS"}, rows)
		})
	})
}
