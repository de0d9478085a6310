package main

import (
	"errors"
	"io"
	"strings"

	"rollcall/admin"
)

type meCmd struct {
	Show    meShowCmd    `cmd:"" help:"Show who the server takes you for, your account, and where you have a role."`
	SignIn  meSignInCmd  `cmd:"" help:"Tell the server that you signed in."`
	Claim   meClaimCmd   `cmd:"" help:"What an organization that claimed you leaves you to decide."`
	Accept  meAcceptCmd  `cmd:"" help:"Use a link from a mail, such as an invitation's."`
	Prompts mePromptsCmd `cmd:"" help:"What you are asked after signing in."`
}

// meFlags are for commands about whoever has the token, so there is always a server.
type meFlags struct{ serverFlag }

// Validate wants a server.
func (f *meFlags) Validate() error {
	if f.Server == "" {
		return errors.New("this is about you on a server; name it with --server")
	}
	return nil
}

func (f *meFlags) on(a *app, do func(*apiClient) error) error {
	return a.onAPI(apiFlags{serverFlag: f.serverFlag}, do)
}

type meShowCmd struct{ meFlags }

// Run shows the person.
func (c *meShowCmd) Run(a *app) error {
	return c.on(a, func(api *apiClient) error {
		var me seen[admin.Me]
		if err := api.get("/me", nil, &me); err != nil {
			return err
		}
		return a.show(me, func(w io.Writer) error {
			m := me.is
			account, roles := "none", make([]string, len(m.Organizations))
			if m.Account != nil {
				account = m.Account.UserName + " of " + m.Account.Organization.Name + ", " + statusOf(m.Account.User)
			}
			for i, o := range m.Organizations {
				roles[i] = o.Role + " in " + o.Name
			}
			return properties(w, "issuer", m.Issuer, "subject", m.Subject, "name", m.Name, "e-mail", m.Email, "account", account, "roles", or(strings.Join(roles, ", "), "none"), "to decide", choice(m.Account))
		})
	})
}

// choice tells of a decision that waits.
func choice(mine *admin.MyAccount) string {
	if mine == nil || !mine.Choice {
		return ""
	}
	return "what becomes of your old account: rollcall me claim"
}

type meSignInCmd struct{ meFlags }

// Run signs in.
func (c *meSignInCmd) Run(a *app) error {
	return c.on(a, func(api *apiClient) error {
		var mine seen[admin.MyAccount]
		if err := api.post("/me/sign-in", nil, &mine); err != nil {
			return err
		}
		return a.show(mine, func(w io.Writer) error {
			if err := writeUser(w, mine.is.User); err != nil || !mine.is.Choice {
				return err
			}
			return properties(w, "to decide", choice(&mine.is))
		})
	})
}

type meAcceptCmd struct {
	meFlags
	Link string `arg:"" help:"The link as it was mailed, or what comes last in it."`
}

// Run uses the link.
func (c *meAcceptCmd) Run(a *app) error {
	return c.on(a, func(api *apiClient) error {
		var used seen[admin.LinkView]
		if err := api.post("/me/links", admin.LinkUse{Link: c.Link}, &used); err != nil {
			return err
		}
		return a.show(used, func(w io.Writer) error {
			return properties(w, "purpose", used.is.Purpose, "organization", used.is.Organization, "user", used.is.User, "address", used.is.Address)
		})
	})
}
