package main

import (
	"errors"
	"io"
	"net/http"
	"net/url"

	"rollcall/admin"
	"rollcall/identity"
)

type adminCmd struct {
	Grant  adminGrantCmd  `cmd:"" help:"Give a person a role in an organization, or another one."`
	Revoke adminRevokeCmd `cmd:"" help:"Take a person's role away."`
	List   adminListCmd   `cmd:"" help:"List an organization's administrators."`
}

type adminGrantCmd struct {
	apiFlags
	orgFlag
	// An e-mail address never names a person (ROL-04).
	Issuer  string `placeholder:"URL" help:"The issuer of the person's tokens, exactly as in \"iss\"."`
	Subject string `placeholder:"SUB" help:"The person, exactly as in \"sub\"."`
	User    string `placeholder:"ID|USERNAME|E-MAIL" help:"The person's account. Alone: of somebody who has signed in before. With issuer and subject, on the database: from now on the account is that person's."`
	Role    string `required:"" enum:"full,user,group,readonly,device" placeholder:"full|user|group|readonly|device" help:"What the person may do."`
}

// Validate wants a person.
func (c *adminGrantCmd) Validate() error {
	switch {
	case (c.Issuer == "") != (c.Subject == ""):
		return errors.New("--issuer and --subject name a person together; give both")
	case c.Issuer == "" && c.User == "":
		return errors.New("name the person with --issuer and --subject, or with --user")
	case c.Issuer != "" && c.User != "" && c.Server != "":
		return errors.New("only the operator says whose an account is, on the database; with --server give either --user or --issuer and --subject")
	}
	return nil
}

// Run grants the role.
func (c *adminGrantCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		who := admin.NewAdministrator{Issuer: c.Issuer, Subject: c.Subject, Role: c.Role}
		if c.User != "" {
			u, err := o.user(c.User)
			if err != nil {
				return err
			}
			if c.Issuer == "" {
				who.User = u.is.ID
			} else if err := o.bind(u.is.ID, c.Issuer, c.Subject); err != nil {
				return err
			}
		}
		var g seen[admin.AdministratorGrant]
		if err := o.do(call{method: http.MethodPut, path: o.at("administrators"), body: who}, &g); err != nil {
			return err
		}
		return a.show(g, func(w io.Writer) error {
			return properties(w, "organization", o.name, "issuer", g.is.Issuer, "subject", g.is.Subject, "role", g.is.Role, "standing", g.is.Standing, "user", userNameOf(g.is.User))
		})
	})
}

// bind says on the operator's word whose an account is.
func (c *orgClient) bind(account, issuer, subject string) error {
	_, err := c.local.service.Bind(c.ctx, c.local.by, identity.Binding{
		Issuer: issuer, Subject: subject, Org: identity.OrgID(c.id), Account: identity.AccountID(account),
	})
	return err
}

func userNameOf(u *admin.UserName) string {
	if u == nil {
		return ""
	}
	return u.UserName
}

type adminRevokeCmd struct {
	apiFlags
	orgFlag
	Issuer  string `required:"" placeholder:"URL" help:"The issuer of the person's tokens, exactly as in \"iss\"."`
	Subject string `required:"" placeholder:"SUB" help:"The person, exactly as in \"sub\"."`
}

// Run takes the role away.
func (c *adminRevokeCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		who := url.Values{"issuer": {c.Issuer}, "subject": {c.Subject}}
		if err := o.do(call{method: http.MethodDelete, path: o.at("administrators"), query: who}, nil); err != nil {
			return err
		}
		a.say("%s of %s has no role in %s any more.", c.Subject, c.Issuer, o.name)
		return nil
	})
}

type adminListCmd struct {
	apiFlags
	orgFlag
}

// Run lists the administrators.
func (c *adminListCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		var all struct {
			Administrators []seen[admin.AdministratorGrant]
		}
		if err := o.get(o.at("administrators"), nil, &all); err != nil {
			return err
		}
		return a.show(all.Administrators, func(w io.Writer) error {
			rows := make([][]string, len(all.Administrators))
			for i, g := range all.Administrators {
				rows[i] = []string{g.is.Role, g.is.Subject, g.is.Issuer, g.is.Standing, or(userNameOf(g.is.User), "-"), instant(g.is.CreatedAt)}
			}
			return table(w, []string{"ROLE", "SUBJECT", "ISSUER", "STANDING", "USER", "SINCE"}, rows)
		})
	})
}
