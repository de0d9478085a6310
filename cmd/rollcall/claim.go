package main

import (
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"rollcall/admin"
)

type claimCmd struct {
	List    claimListCmd    `cmd:"" help:"List users of other organizations, or with personal accounts, who can be claimed."`
	Preview claimPreviewCmd `cmd:"" help:"Tell whether users could be claimed, with every reason against it, and what would come of it."`
	Start   claimStartCmd   `cmd:"" help:"Claim users."`
	Made    claimMadeCmd    `cmd:"" help:"List the claims that an organization made."`
	Show    claimShowCmd    `cmd:"" help:"Show a claim."`
	Revoke  claimRevokeCmd  `cmd:"" help:"Revoke a claim: the user goes back to where they were."`

	Export   claimExportCmd   `cmd:"" help:"Write everybody who can be claimed into a CSV file."`
	Template claimTemplateCmd `cmd:"" help:"Write an empty CSV file for a claim by file."`
	Import   claimImportCmd   `cmd:"" help:"Claim the users of a CSV file."`
}

type claimListCmd struct {
	apiFlags
	orgFlag
	Sort    string `enum:"email,domain" default:"email" placeholder:"email|domain" help:"By address (default), or by domain and then by address."`
	Blocked bool   `help:"Instead: those who cannot be claimed, each with every reason."`
	Limit   int    `placeholder:"N" help:"At most so many; without it as many as the server shows, which is 100 unless its operator says otherwise. A file has all of them."`
}

// Help says what a claim needs.
func (claimListCmd) Help() string {
	return "Users can be claimed who have their primary address in a domain that the organization alone has verified, and whose organization neither " +
		"synchronizes a directory nor uses single sign-on. Those who can bring their content along are claimed deferred, if the organization lets them."
}

// Run lists the users.
func (c *claimListCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		query := url.Values{"sort": {c.Sort}, "blocked": {strconv.FormatBool(c.Blocked)}}
		if c.Limit != 0 {
			query.Set("limit", strconv.Itoa(c.Limit))
		}
		var found seen[admin.ClaimableUsers]
		if err := o.get(o.at("claims", "candidates"), query, &found); err != nil {
			return err
		}
		switch {
		case found.is.Truncated && c.Blocked:
			a.say("%d of %d are shown; rollcall claim preview tells of anybody whose address you name why.", len(found.is.Users), found.is.Total)
		case found.is.Truncated:
			a.say("%d of %d are shown; rollcall claim export writes all of them into a file.", len(found.is.Users), found.is.Total)
		}
		return a.show(found, func(w io.Writer) error {
			if c.Blocked {
				return showPreviews(w, found.is.Users)
			}
			rows := make([][]string, len(found.is.Users))
			for i, u := range found.is.Users {
				rows[i] = []string{u.Email, u.Name, u.Status, u.Mode, contentOf(u)}
			}
			return table(w, []string{"USER", "NAME", "STATUS", "CLAIM", "CONTENT"}, rows)
		})
	})
}

// contentOf says what becomes of the content of the old account.
func contentOf(u admin.ClaimPreview) string {
	switch {
	case !u.Eligible:
		return ""
	case u.ContentLost:
		return "is lost"
	}
	return "can come along"
}

type claimPreviewCmd struct {
	apiFlags
	orgFlag
	Emails []string `arg:"" name:"email" help:"Addresses of the users."`
	Mode   string   `enum:",immediate,deferred" default:"" placeholder:"immediate|deferred" help:"How; without it as the organization's settings say."`
}

// Run previews the claims; it changes nothing.
func (c *claimPreviewCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		previews, err := o.previewClaims(c.Emails, c.Mode)
		if err != nil {
			return err
		}
		return a.show(previews.raw, func(w io.Writer) error { return showPreviews(w, previews.is) })
	})
}

// previewClaims asks what claims would come to.
func (c *orgClient) previewClaims(emails []string, mode string) (seen[[]admin.ClaimPreview], error) {
	var all struct {
		Previews seen[[]admin.ClaimPreview]
	}
	err := c.post(c.at("claims", "preview"), admin.ClaimRequest{Emails: emails, Mode: mode}, &all)
	return all.Previews, err
}

func showPreviews(w io.Writer, previews []admin.ClaimPreview) error {
	var b strings.Builder
	for _, p := range previews {
		if !p.Eligible {
			fmt.Fprintf(&b, "%s: cannot be claimed\n", printable(p.Email))
			for _, r := range p.Reasons {
				fmt.Fprintf(&b, "  %s: %s\n", r.Code, printable(r.Message))
			}
			continue
		}
		fmt.Fprintf(&b, "%s: can be claimed\n  %s, would be %s; the content of the old account %s\n", printable(p.Email), p.Mode, p.Status, contentOf(p))
		for _, r := range p.Warnings {
			fmt.Fprintf(&b, "  warning %s: %s\n", r.Code, printable(r.Message))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
