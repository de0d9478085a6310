package main

import (
	"io"

	"rollcall/identity"
)

type adminCmd struct {
	Grant  adminGrantCmd  `cmd:"" help:"Give a person a role in an organization, or another one."`
	Revoke adminRevokeCmd `cmd:"" help:"Take a person's role away."`
	List   adminListCmd   `cmd:"" help:"List an organization's administrators."`
}

// personFlag names a person as an OpenID Connect issuer knows them; an e-mail address never does (ROL-04).
type personFlag struct {
	Issuer  string `required:"" placeholder:"URL" help:"The issuer of the person's tokens, exactly as in \"iss\"."`
	Subject string `required:"" placeholder:"SUB" help:"The person, exactly as in \"sub\"."`
}

type adminGrantCmd struct {
	storeFlag
	orgFlag
	personFlag
	Role string `required:"" enum:"full,user,group,readonly" placeholder:"full|user|group|readonly" help:"What the person may do."`
}

// Run grants the role.
func (c *adminGrantCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		g, err := s.service.Grant(s.ctx, s.by, identity.Grant{Org: o.ID, Issuer: c.Issuer, Subject: c.Subject, Role: identity.Role(c.Role)})
		if err != nil {
			return err
		}
		return s.show(g, func(w io.Writer) error {
			return properties(w, "organization", o.Name, "issuer", g.Issuer, "subject", g.Subject, "role", string(g.Role))
		})
	})
}

type adminRevokeCmd struct {
	storeFlag
	orgFlag
	personFlag
}

// Run takes the role away.
func (c *adminRevokeCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		if err := s.service.RevokeGrant(s.ctx, s.by, o.ID, c.Issuer, c.Subject); err != nil {
			return err
		}
		s.say("%s of %s has no role in %s any more.", c.Subject, c.Issuer, o.Name)
		return nil
	})
}

type adminListCmd struct {
	storeFlag
	orgFlag
}

// Run lists the administrators.
func (c *adminListCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		grants, err := s.read.Grants(s.ctx, o.ID)
		if err != nil {
			return err
		}
		return s.show(listOf(grants), func(w io.Writer) error {
			rows := make([][]string, len(grants))
			for i, g := range grants {
				rows[i] = []string{string(g.Role), g.Subject, g.Issuer, instant(g.CreatedAt)}
			}
			return table(w, []string{"ROLE", "SUBJECT", "ISSUER", "SINCE"}, rows)
		})
	})
}
