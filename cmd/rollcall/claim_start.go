package main

import (
	"fmt"
	"io"
	"strings"

	"rollcall/admin"
	"rollcall/identity"
)

type claimStartCmd struct {
	apiFlags
	orgFlag
	Emails  []string `arg:"" name:"email" help:"Addresses of the users, at most 100."`
	Mode    string   `enum:",immediate,deferred" default:"" placeholder:"immediate|deferred" help:"How; without it as the organization's settings say."`
	Licence []string `placeholder:"NAME" help:"What the new accounts get, repeatable; an empty text for nothing. Without it what the licence templates say."`
	yesFlag
}

// Help says what a claim does.
func (claimStartCmd) Help() string {
	return "A claimed user has an account in the organization from then on, and gets a mail. The old account waits under an address that ends in .convert-user.local until " +
		"the user has decided about it at a sign-in. Claimed immediately, the user loses the content of the old account; claimed deferred, it comes along unless the user decides " +
		"otherwise within 14 days. For 14 days, until the user signs in, the claim can be revoked. Ends with 0 if everybody was claimed, 2 if some were not, 1 on an error."
}

// Run shows what would happen, asks, and claims.
func (c *claimStartCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		emails := c.Emails
		if !c.Yes {
			var err error
			if emails, err = c.ask(o); err != nil {
				return err
			}
		}
		asked := admin.NewClaims{AcknowledgePermanent: true}
		for _, email := range emails {
			n := admin.NewClaim{Email: email, Mode: c.Mode}
			if c.Licence != nil {
				licences := []string{}
				for _, l := range listOf(c.Licence) {
					if l != "" {
						licences = append(licences, l)
					}
				}
				n.Licences = &licences
			}
			asked.Users = append(asked.Users, n)
		}
		var done seen[struct {
			Results []admin.ClaimResult
			Failed  int
		}]
		if err := o.post(o.at("claims"), asked, &done); err != nil {
			return err
		}
		if err := a.show(done, func(w io.Writer) error { return showResults(w, done.is.Results) }); err != nil {
			return err
		}
		if done.is.Failed > 0 || len(emails) < len(c.Emails) {
			return exit(2)
		}
		return nil
	})
}

// ask shows what would happen to each user, asks about those who can be claimed, if there are any, and returns their addresses. Whom the organization
// cannot claim now it does not claim unasked either, should that change meanwhile.
func (c *claimStartCmd) ask(o *orgClient) (eligible []string, err error) {
	previews, err := o.previewClaims(c.Emails, c.Mode)
	if err != nil {
		return nil, err
	}
	if err := showPreviews(o.app.stderr, previews.is); err != nil {
		return nil, err
	}
	for _, p := range previews.is {
		if p.Eligible {
			eligible = append(eligible, p.Email)
		}
	}
	if len(eligible) == 0 {
		return nil, exit(2)
	}
	what := counted(len(c.Emails), "user")
	if len(eligible) < len(c.Emails) {
		what = fmt.Sprintf("%d of %s", len(eligible), what)
	}
	return eligible, o.app.confirm(c.yesFlag, "Claim %s for %s?", what, printable(o.name))
}

func showResults(w io.Writer, results []admin.ClaimResult) error {
	rows := make([][]string, len(results))
	for i, r := range results {
		rows[i] = []string{r.Email, "not claimed", r.Code, r.Message}
		if r.Claim != nil {
			rows[i] = []string{r.Email, r.Claim.Mode, r.Claim.State, revocation(*r.Claim)}
		}
	}
	return table(w, []string{"USER", "CLAIM", "STATE", ""}, rows)
}

// revocation says whether a claim that was just made can be revoked.
func revocation(c admin.Claim) string {
	if c.Revocable {
		return "until " + instant(c.Deadline) + " it can be revoked"
	}
	return "to revoke it, release the domain first"
}

// counted is a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// claimNamed finds a claim by its id, or by the address of the user.
func (c *orgClient) claimNamed(name string) (seen[admin.Claim], error) {
	var one seen[admin.Claim]
	if !strings.Contains(name, "@") {
		return one, c.get(c.at("claims", name), nil, &one)
	}
	all, _, err := list[admin.Claim](c.apiClient, c.at("claims"), "claims", nil, everything)
	if err != nil {
		return one, err
	}
	for _, claim := range all {
		if strings.EqualFold(claim.is.Email, name) {
			return claim, nil
		}
	}
	return one, identity.Refuse(identity.NotFound, identity.RuleUnknownClaim, "the organization has claimed nobody with the address %s; see rollcall claim made", printable(name))
}
