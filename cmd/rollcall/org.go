package main

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"rollcall/admin"
	"rollcall/directory"
	"rollcall/identity"
)

type orgCmd struct {
	Create orgCreateCmd `cmd:"" help:"Add an organization."`
	List   orgListCmd   `cmd:"" help:"List the organizations."`
	Show   orgShowCmd   `cmd:"" help:"Show an organization."`
	Set    orgSetCmd    `cmd:"" help:"Change an organization's settings."`
	Delete orgDeleteCmd `cmd:"" help:"Delete an organization with everything in it."`
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

type orgListCmd struct{ apiFlags }

// Run lists the organizations; on a server, those in which you have a role.
func (c *orgListCmd) Run(a *app) error {
	return a.onAPI(c.apiFlags, func(api *apiClient) error {
		all, _, err := list[admin.Organization](api, "/organizations", "organizations", nil, everything)
		if err != nil {
			return err
		}
		return a.show(all, func(w io.Writer) error {
			rows := make([][]string, len(all))
			for i, o := range all {
				sync, sso := "-", "-"
				if s := o.is.Settings; s != nil {
					sync, sso = s.SyncMode, yesNo(s.SingleSignOn)
				}
				name := o.is.Name
				if o.is.State == string(identity.OrgDeleting) {
					name += " (being deleted)"
				}
				rows[i] = []string{o.is.ID, o.is.Kind, sync, sso, name}
			}
			return table(w, []string{"ID", "KIND", "SYNC", "SSO", "NAME"}, rows)
		})
	})
}

// namedOrg names the organization that a command is about.
type namedOrg struct {
	Org string `arg:"" placeholder:"ID|NAME" help:"The organization: its id, or its name if only one has it."`
}

type orgShowCmd struct {
	apiFlags
	namedOrg
}

// Run shows the organization.
func (c *orgShowCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, orgFlag(c.namedOrg), func(o *orgClient) error {
		var shown seen[admin.Organization]
		if err := o.get(o.at(), nil, &shown); err != nil {
			return err
		}
		return a.showOrg(shown)
	})
}

func (a *app) showOrg(o seen[admin.Organization]) error {
	return a.show(o, func(w io.Writer) error {
		pairs := []string{"id", o.is.ID, "name", o.is.Name, "kind", o.is.Kind, "state", o.is.State, "users managed by", "the " + o.is.ManagedBy}
		if s := o.is.Settings; s != nil {
			pairs = append(pairs, "synchronization", s.SyncMode, "region", s.Region, "identity provider is the authority", yesNo(s.ProviderAuthoritative), "single sign-on", singleSignOn(*s),
				"e-mail required", yesNo(s.RequireEmail), "activation e-mails", yesNo(s.ActivationEmails),
				"only verified domains", yesNo(s.EnforceVerifiedDomains), "self-registration", yesNo(s.SelfRegistration),
				"claimed users bring content", yesNo(s.AllowContentTransfer),
				"required attributes", or(strings.Join(s.RequiredAttributes, ", "), "none"), "inactive users kept", strconv.Itoa(s.RetentionDays)+" days",
				"created", instant(s.CreatedAt), "changed", instant(s.UpdatedAt))
		}
		return properties(w, pairs...)
	})
}

func singleSignOn(s admin.Settings) string {
	switch {
	case s.SSOProvider != "":
		return s.SSOProvider
	case s.SingleSignOn:
		return "its own identity providers"
	}
	return "none"
}

type orgSetCmd struct {
	apiFlags
	namedOrg
	Name             *string   `help:"Another name."`
	RetentionDays    *int      `placeholder:"DAYS" help:"How long ordinary inactive users are kept, 30 to 90 days."`
	RequireEmail     *bool     `negatable:"" help:"Refuse users without an address and userNames that are not the primary address."`
	ActivationEmails *bool     `negatable:"" help:"Whether new users get an activation mail."`
	VerifiedDomains  *bool     `name:"only-verified-domains" negatable:"" help:"Refuse new users whose address is in no verified domain of the organization."`
	SelfRegistration *bool     `negatable:"" help:"Let people with an address in a claimed domain create their own account."`
	ContentTransfer  *bool     `name:"allow-content-transfer" negatable:"" help:"Let users whom the organization claims bring their content along."`
	Required         *[]string `name:"required-attribute" placeholder:"NAME" help:"What an administrator has to give for a new user, such as displayName; repeatable, an empty text for nothing."`

	SSOProvider *string `name:"sso-provider" placeholder:"URL|none" help:"On the database: active single-sign-on provider that is no identity provider of rollcall sso; none switches it off."`
	SyncMode    *string `enum:"registered,manual,auto,paused" placeholder:"MODE" help:"On the database: directory synchronization, for an organization with a connector: manual, auto or paused."`
	Region      *string `placeholder:"NAME" help:"On the database: where the organization's content is kept; content does not move between regions. An empty text for the usual one."`
	Authority   *bool   `name:"provider-authoritative" negatable:"" help:"On the database: what the identity provider pushes is a synchronization of the organization's people, so nobody else can claim them."`
}

// Validate keeps what is the operator's apart: it goes another way, and a call does all of it or nothing.
func (c *orgSetCmd) Validate() error {
	operators := c.SSOProvider != nil || c.SyncMode != nil || c.Region != nil || c.Authority != nil
	switch {
	case operators && c.Server != "":
		return errors.New("--sso-provider, --sync-mode, --region and --provider-authoritative are the operator's and work on the database; leave --server out")
	case operators && len(c.patch()) > 0:
		return errors.New("--sso-provider, --sync-mode, --region and --provider-authoritative are the operator's; set them in a call of their own")
	case !operators && len(c.patch()) == 0:
		return errors.New("there is nothing to set; give at least one setting")
	}
	return nil
}

// patch is what an administrator may set too, in the words of the API.
func (c *orgSetCmd) patch() map[string]any {
	p := map[string]any{}
	if c.Name != nil {
		p["name"] = *c.Name
	}
	if c.RetentionDays != nil {
		p["retentionDays"] = *c.RetentionDays
	}
	for name, value := range map[string]*bool{"requireEmail": c.RequireEmail, "activationEmails": c.ActivationEmails,
		"enforceVerifiedDomains": c.VerifiedDomains, "selfRegistration": c.SelfRegistration, "allowContentTransfer": c.ContentTransfer} {
		if value != nil {
			p[name] = *value
		}
	}
	if c.Required != nil {
		p["requiredAttributes"] = slices.DeleteFunc(listOf(*c.Required), func(name string) bool { return name == "" })
	}
	return p
}

// Run changes the settings that were named.
func (c *orgSetCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, orgFlag(c.namedOrg), func(o *orgClient) error {
		var shown seen[admin.Organization]
		if patch := c.patch(); len(patch) > 0 {
			if err := o.do(call{method: http.MethodPatch, path: o.at(), body: patch, patch: true}, &shown); err != nil {
				return err
			}
			return a.showOrg(shown)
		}
		if err := c.operate(o); err != nil {
			return err
		}
		if err := o.get(o.at(), nil, &shown); err != nil {
			return err
		}
		return a.showOrg(shown)
	})
}

// operate changes what is the operator's.
func (c *orgSetCmd) operate(o *orgClient) error {
	s := o.local
	before, err := s.read.Organization(s.ctx, identity.OrgID(o.id))
	if err != nil {
		return err
	}
	if c.SyncMode != nil && !before.ManagedByDirectory() {
		return identity.Refuse(identity.Conflict, directory.RuleSyncOff,
			"synchronization is off for this organization; rollcall sync enable switches it on, and so does rollcall connector create if there is no connector yet").At("syncMode")
	}
	_, err = s.service.ChangeOrganization(s.ctx, s.by, before.ID, func(o identity.Organization) identity.Organization {
		if c.SSOProvider != nil {
			if o.SSOProvider = *c.SSOProvider; o.SSOProvider == "none" {
				o.SSOProvider = ""
			}
		}
		if c.Region != nil {
			o.Region = *c.Region
		}
		if c.Authority != nil {
			o.ProviderAuthoritative = *c.Authority
		}
		if c.SyncMode != nil {
			o.SyncMode = identity.SyncMode(*c.SyncMode)
		}
		return o
	})
	return err
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
