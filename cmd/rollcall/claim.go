package main

import (
	"fmt"
	"io"

	"rollcall/identity"
)

type claimCmd struct {
	Preview claimPreviewCmd `cmd:"" help:"Tell whether an organization could claim users, with every reason against it."`
}

type claimPreviewCmd struct {
	storeFlag
	orgFlag
	Emails []string `arg:"" name:"email" help:"Addresses of the users."`
}

// Run previews the claims; it changes nothing.
func (c *claimPreviewCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		previews := make([]identity.ClaimPreview, len(c.Emails))
		for i, address := range c.Emails {
			if previews[i], err = s.service.PreviewClaim(s.ctx, o.ID, address); err != nil {
				return err
			}
		}
		return s.show(previews, func(w io.Writer) error { return showPreviews(w, previews) })
	})
}

func showPreviews(w io.Writer, previews []identity.ClaimPreview) error {
	for _, p := range previews {
		verdict := "cannot be claimed"
		if p.Eligible {
			verdict = "can be claimed"
		}
		if _, err := fmt.Fprintf(w, "%s: %s\n", printable(p.Email), verdict); err != nil {
			return err
		}
		for _, r := range p.Reasons {
			if _, err := fmt.Fprintf(w, "  %s: %s\n", r.Code, printable(r.Detail)); err != nil {
				return err
			}
		}
	}
	return nil
}
