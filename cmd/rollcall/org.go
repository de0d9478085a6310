package main

import (
	"io"
	"strconv"

	"rollcall/identity"
)

type orgCmd struct {
	Create orgCreateCmd `cmd:"" help:"Add an organization."`
	List   orgListCmd   `cmd:"" help:"List the organizations."`
	Show   orgShowCmd   `cmd:"" help:"Show an organization."`
	Set    orgSetCmd    `cmd:"" help:"Change an organization's settings."`
}

type orgCreateCmd struct {
	storeFlag
	Name string `arg:"" help:"What the organization is called."`
	Kind string `enum:"customer,partner" default:"customer" placeholder:"customer|partner" help:"What it is: customer (default) or partner."`
}

// Run adds the organization.
func (c *orgCreateCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.service.CreateOrganization(s.ctx, s.by, identity.Organization{Name: c.Name, Kind: identity.OrgKind(c.Kind)})
		if err != nil {
			return err
		}
		created := struct {
			ID   identity.OrgID `json:"id"`
			Name string         `json:"name"`
		}{o.ID, o.Name}
		return s.show(created, func(w io.Writer) error { return properties(w, "id", string(o.ID), "name", o.Name) })
	})
}

type orgListCmd struct{ storeFlag }

// Run lists the organizations.
func (c *orgListCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		all, err := organizations(s.ctx, s.read)
		if err != nil {
			return err
		}
		return s.show(all, func(w io.Writer) error {
			rows := make([][]string, len(all))
			for i, o := range all {
				rows[i] = []string{string(o.ID), string(o.Kind), string(o.SyncMode), yesNo(o.UsesSSO()), o.Name}
			}
			return table(w, []string{"ID", "KIND", "SYNC", "SSO", "NAME"}, rows)
		})
	})
}

type orgShowCmd struct {
	storeFlag
	Org string `arg:"" placeholder:"ID|NAME" help:"The organization: its id, or its name if only one has it."`
}

// Run shows the organization.
func (c *orgShowCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(orgFlag{c.Org})
		if err != nil {
			return err
		}
		return s.showOrg(o)
	})
}

func (s *session) showOrg(o identity.Organization) error {
	return s.show(o, func(w io.Writer) error {
		return properties(w, "id", string(o.ID), "name", o.Name, "kind", string(o.Kind),
			"synchronization", string(o.SyncMode), "single sign-on", or(o.SSOProvider, "none"),
			"e-mail required", yesNo(o.RequireEmail), "activation e-mails", yesNo(o.ActivationEmails),
			"inactive users kept", strconv.Itoa(o.RetentionDays)+" days", "created", instant(o.CreatedAt), "changed", instant(o.UpdatedAt))
	})
}

type orgSetCmd struct {
	storeFlag
	Org              string  `arg:"" placeholder:"ID|NAME" help:"The organization: its id, or its name if only one has it."`
	Name             *string `help:"Another name."`
	SSOProvider      *string `name:"sso-provider" placeholder:"URL|none" help:"Active single-sign-on provider: issuer URL or entity id; none switches it off."`
	RetentionDays    *int    `placeholder:"DAYS" help:"How long ordinary inactive users are kept, 30 to 90 days."`
	RequireEmail     *bool   `negatable:"" help:"Refuse users without an address and userNames that are not the primary address."`
	ActivationEmails *bool   `negatable:"" help:"Whether new users get an activation mail."`
	SyncMode         *string `enum:"registered,manual,auto,paused" placeholder:"MODE" help:"Directory synchronization, for an organization with a connector: manual, auto or paused."`
}

// Run changes the settings that were named.
func (c *orgSetCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(orgFlag{c.Org})
		if err != nil {
			return err
		}
		if c.SyncMode != nil && !o.ManagedByDirectory() {
			return identity.Refuse(identity.Conflict, identity.RuleInvalidTransition,
				"the organization has no connector; rollcall connector create switches synchronization on").At("syncMode")
		}
		o, err = s.service.ChangeOrganization(s.ctx, s.by, o.ID, c.apply)
		if err != nil {
			return err
		}
		return s.showOrg(o)
	})
}

func (c *orgSetCmd) apply(o identity.Organization) identity.Organization {
	if c.Name != nil {
		o.Name = *c.Name
	}
	if c.SSOProvider != nil {
		if o.SSOProvider = *c.SSOProvider; o.SSOProvider == "none" {
			o.SSOProvider = ""
		}
	}
	if c.RetentionDays != nil {
		o.RetentionDays = *c.RetentionDays
	}
	if c.RequireEmail != nil {
		o.RequireEmail = *c.RequireEmail
	}
	if c.ActivationEmails != nil {
		o.ActivationEmails = *c.ActivationEmails
	}
	if c.SyncMode != nil {
		o.SyncMode = identity.SyncMode(*c.SyncMode)
	}
	return o
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
