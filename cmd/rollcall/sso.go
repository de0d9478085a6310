package main

import (
	"io"
	"net/http"
	"net/url"

	"rollcall/admin"
)

type ssoCmd struct {
	List   ssoListCmd   `cmd:"" help:"List the identity providers that an organization registered as its own."`
	Set    ssoSetCmd    `cmd:"" help:"Register an identity provider, or change one."`
	Remove ssoRemoveCmd `cmd:"" help:"Forget an identity provider."`
}

type ssoListCmd struct {
	apiFlags
	orgFlag
}

// Run lists the providers.
func (c *ssoListCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		var all struct {
			IdentityProviders []seen[admin.IdentityProvider]
		}
		if err := o.get(o.at("identity-providers"), nil, &all); err != nil {
			return err
		}
		return a.show(all.IdentityProviders, func(w io.Writer) error {
			rows := make([][]string, len(all.IdentityProviders))
			for i, p := range all.IdentityProviders {
				rows[i] = []string{p.is.Issuer, p.is.Audience, yesNo(p.is.Active), instant(p.is.UpdatedAt)}
			}
			return table(w, []string{"ISSUER", "AUDIENCE", "ACTIVE", "CHANGED"}, rows)
		})
	})
}

type ssoSetCmd struct {
	apiFlags
	orgFlag
	Issuer   string   `arg:"" placeholder:"URL" help:"The issuer, exactly as in \"iss\"."`
	Audience string   `required:"" placeholder:"AUD" help:"What its tokens for this server have in \"aud\"."`
	Client   []string `placeholder:"ID" help:"A client whose tokens are accepted (\"azp\"); repeatable. Without any, all clients are."`
	Active   bool     `negatable:"" default:"true" help:"Whether its tokens are accepted, which makes the organization one with single sign-on (yes)."`
}

// Help says whom it speaks for.
func (ssoSetCmd) Help() string {
	return "Tokens of the issuer speak for users of this organization only, and only for those with an address in one of its verified domains. What is not given is reset."
}

// Run registers the provider.
func (c *ssoSetCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		var p seen[admin.IdentityProvider]
		settings := admin.ProviderSettings{Issuer: c.Issuer, Audience: c.Audience, Clients: c.Client, Active: c.Active}
		if err := o.do(call{method: http.MethodPut, path: o.at("identity-providers"), body: settings}, &p); err != nil {
			return err
		}
		return a.show(p, func(w io.Writer) error {
			return properties(w, "organization", o.name, "issuer", p.is.Issuer, "audience", p.is.Audience, "active", yesNo(p.is.Active), "changed", instant(p.is.UpdatedAt))
		})
	})
}

type ssoRemoveCmd struct {
	apiFlags
	orgFlag
	Issuer string `arg:"" placeholder:"URL" help:"The issuer, exactly as it was registered."`
}

// Run forgets the provider.
func (c *ssoRemoveCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		if err := o.do(call{method: http.MethodDelete, path: o.at("identity-providers"), query: url.Values{"issuer": {c.Issuer}}}, nil); err != nil {
			return err
		}
		a.say("Tokens of %s are nothing to %s any more.", c.Issuer, o.name)
		return nil
	})
}
