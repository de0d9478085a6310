package main

import (
	"errors"
	"io"
	"strings"

	"rollcall/admin"
)

type meClaimCmd struct {
	Show    meClaimShowCmd    `cmd:"" default:"withargs" help:"Show the claim by which you came to be where you are, and what you can decide."`
	Choose  meClaimChooseCmd  `cmd:"" help:"Decide about your old account, once and for good."`
	Address meClaimAddressCmd `cmd:"" help:"Give an old account that you keep another address than the one that you did not confirm."`
}

type meClaimShowCmd struct{ meFlags }

// Run shows the claim.
func (c *meClaimShowCmd) Run(a *app) error {
	return c.on(a, func(api *apiClient) error {
		var m seen[admin.MyClaim]
		if err := api.get("/me/claim", nil, &m); err != nil {
			return err
		}
		return a.showMyClaim(m)
	})
}

func (a *app) showMyClaim(m seen[admin.MyClaim]) error {
	return a.show(m, func(w io.Writer) error {
		pairs := []string{"claimed by", m.is.Organization, "from", m.is.OldAccount, "address", m.is.Email, "mode", m.is.Mode, "state", m.is.State,
			"claimed", instant(m.is.ClaimedAt)}
		if m.is.Deadline != nil {
			pairs = append(pairs, "content moves by itself", instant(*m.is.Deadline))
		}
		pairs = append(pairs, "you can choose", strings.Join(m.is.Options, ", "), "address to confirm", m.is.NewEmail)
		if m.is.AwaitsEmail && m.is.NewEmail == "" {
			pairs = append(pairs, "old account", "kept, and waits for an address: rollcall me claim address")
		}
		return properties(w, pairs...)
	})
}

type meClaimChooseCmd struct {
	meFlags
	Option string `arg:"" enum:"keep,transfer,delete" placeholder:"keep|transfer|delete" help:"keep: it stays an account of its own under another address. transfer: its content comes along and it is deleted. delete: it is deleted with its content."`
	Email  string `name:"new-email" placeholder:"E-MAIL" help:"For keep: the other address; it gets a mail to be confirmed."`
	yesFlag
}

// Validate wants an address for an account that is kept.
func (c *meClaimChooseCmd) Validate() error {
	if (c.Option == "keep") != (c.Email != "") {
		return errors.New("--new-email goes with keep, which needs it")
	}
	return nil
}

// Run decides.
func (c *meClaimChooseCmd) Run(a *app) error {
	return c.on(a, func(api *apiClient) error {
		what := map[string]string{"keep": "Keep the old account under " + printable(c.Email) + "?", "transfer": "Move the content of the old account and delete it?",
			"delete": "Delete the old account with all files and messages?"}[c.Option]
		if err := a.confirm(c.yesFlag, "%s", what); err != nil {
			return err
		}
		var m seen[admin.MyClaim]
		if err := api.post("/me/claim/choose", admin.ClaimChoice{Option: strings.ToUpper(c.Option), NewEmail: c.Email}, &m); err != nil {
			return err
		}
		return a.showMyClaim(m)
	})
}

type meClaimAddressCmd struct {
	meFlags
	Email string `arg:"" placeholder:"E-MAIL" help:"The address; it gets a mail to be confirmed."`
}

// Run gives the address.
func (c *meClaimAddressCmd) Run(a *app) error {
	return c.on(a, func(api *apiClient) error {
		var m seen[admin.MyClaim]
		if err := api.post("/me/claim/address", admin.KeptAddress{NewEmail: c.Email}, &m); err != nil {
			return err
		}
		return a.showMyClaim(m)
	})
}
