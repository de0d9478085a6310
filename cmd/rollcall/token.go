package main

import (
	"io"

	"rollcall/identity"
	"rollcall/scim"
)

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Make a bearer token; it is shown once."`
	List   tokenListCmd   `cmd:"" help:"List an organization's tokens."`
	Revoke tokenRevokeCmd `cmd:"" help:"End a token at once."`
	Log    tokenLogCmd    `cmd:"" help:"Show what was asked with a token and why it was refused."`
}

type tokenCreateCmd struct {
	storeFlag
	orgFlag
	Name    string `required:"" help:"What the token is for; shown with everything that it does."`
	Me      string `placeholder:"USER" help:"The user that the bearer stands for at /Me: an id or a userName."`
	Profile string `default:"rfc" placeholder:"rfc|entra|okta" help:"The identity provider's dialect of SCIM: rfc (default), entra or okta."`
}

// Run makes the token. Only its hash is kept.
func (c *tokenCreateCmd) Run(a *app) error {
	dialect, err := scim.DialectNamed(c.Profile)
	if err != nil {
		return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "--profile: %s", err).At("profile")
	}
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		var me identity.AccountID
		if c.Me != "" {
			account, err := s.account(o.ID, c.Me)
			if err != nil {
				return err
			}
			me = account.ID
		}
		t, secret, err := s.service.CreateToken(s.ctx, s.by, o.ID, identity.NewToken{Name: c.Name, Profile: dialect.Name(), Me: me})
		if err != nil {
			return err
		}
		s.say("The token is shown this once. Its SCIM endpoint is /scim/%s/v2 on your server.", o.ID)
		created := struct {
			ID    identity.TokenID `json:"id"`
			Token string           `json:"token"`
		}{t.ID, secret}
		return s.show(created, func(w io.Writer) error { return properties(w, "id", string(t.ID), "token", secret) })
	})
}

type tokenListCmd struct {
	storeFlag
	orgFlag
}

// Run lists the tokens without their secrets, which nobody knows any more.
func (c *tokenListCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		tokens, err := s.read.Tokens(s.ctx, o.ID)
		if err != nil {
			return err
		}
		return s.show(listOf(tokens), func(w io.Writer) error {
			rows := make([][]string, len(tokens))
			for i, t := range tokens {
				rows[i] = []string{string(t.ID), t.Profile, instant(t.CreatedAt), or(instant(t.RevokedAt), "-"), t.Name}
			}
			return table(w, []string{"ID", "PROFILE", "CREATED", "REVOKED", "NAME"}, rows)
		})
	})
}

type tokenRevokeCmd struct {
	storeFlag
	orgFlag
	ID string `arg:"" help:"The token's id, not its secret."`
}

// Run revokes the token.
func (c *tokenRevokeCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		if err := s.service.RevokeToken(s.ctx, s.by, o.ID, identity.TokenID(c.ID)); err != nil {
			return err
		}
		s.say("The token %s is revoked; requests with it get 401 from now on.", c.ID)
		return nil
	})
}

// listOf makes an empty list of none, so that programs read [] and not null.
func listOf[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
