package main

import (
	"io"
	"net/url"

	"rollcall/admin"
)

type claimMadeCmd struct {
	apiFlags
	orgFlag
	State string `enum:",open,revocable" default:"" placeholder:"open|revocable" help:"Only those that are not settled, or only those that can be revoked now."`
	place
}

// Run lists the claims.
func (c *claimMadeCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		all, next, err := list[admin.Claim](o.apiClient, o.at("claims"), "claims", url.Values{"state": {c.State}}, c.place)
		if err != nil {
			return err
		}
		a.sayMore(next)
		return a.show(all, func(w io.Writer) error {
			rows := make([][]string, len(all))
			for i, claim := range all {
				rows[i] = []string{claim.is.Email, claim.is.Mode, claim.is.State, yesNo(claim.is.Revocable), instant(claim.is.ClaimedAt), instant(claim.is.Deadline), claim.is.ID}
			}
			return table(w, []string{"USER", "CLAIM", "STATE", "REVOCABLE", "CLAIMED", "DEADLINE", "ID"}, rows)
		})
	})
}

// claimFlag names a claim.
type claimFlag struct {
	Claim string `arg:"" placeholder:"ID|E-MAIL" help:"The claim: its id, or the address of the user."`
}

type claimShowCmd struct {
	apiFlags
	orgFlag
	claimFlag
}

// Run shows the claim.
func (c *claimShowCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		claim, err := o.claimNamed(c.Claim)
		if err != nil {
			return err
		}
		return a.showClaim(claim)
	})
}

func (a *app) showClaim(c seen[admin.Claim]) error {
	return a.show(c, func(w io.Writer) error {
		pairs := []string{"claim", c.is.ID, "user", c.is.Email, "account", c.is.User, "mode", c.is.Mode, "state", c.is.State, "revocable", yesNo(c.is.Revocable),
			"content lost", yesNo(c.is.ContentLost), "claimed", instant(c.is.ClaimedAt), "deadline", instant(c.is.Deadline)}
		if c.is.SignedInAt != nil {
			pairs = append(pairs, "signed in", instant(*c.is.SignedInAt))
		}
		if c.is.SettledAt != nil {
			pairs = append(pairs, "settled", instant(*c.is.SettledAt))
		}
		return properties(w, pairs...)
	})
}

type claimRevokeCmd struct {
	apiFlags
	orgFlag
	claimFlag
}

// Help says when a claim can be revoked.
func (claimRevokeCmd) Help() string {
	return "Possible for 14 days and until the user signs in, one claim at a time. While the organization has claimed the domain of the address it is refused: release the domain, revoke, " +
		"and claim the domain again."
}

// Run revokes the claim.
func (c *claimRevokeCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		claim, err := o.claimNamed(c.Claim)
		if err != nil {
			return err
		}
		var revoked seen[admin.Claim]
		if err := o.post(o.at("claims", claim.is.ID, "revoke"), nil, &revoked); err != nil {
			return err
		}
		a.say("%s is back where they were.", printable(claim.is.Email))
		return a.showClaim(revoked)
	})
}
