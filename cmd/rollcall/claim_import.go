package main

import (
	"net/url"
	"strconv"
)

type claimExportCmd struct {
	apiFlags
	orgFlag
	outFlag
}

// Help says what to do with the file.
func (claimExportCmd) Help() string {
	return "Writes everybody who can be claimed, however many there are. How each of them is claimed stands in the file: after another setting for content, export again. " +
		"Delete the rows of those who shall stay where they are, say TRUE or FALSE for licences, and give the file to rollcall claim import."
}

// Run writes the file.
func (c *claimExportCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error { return o.save(c.Out, o.at("claims", "candidates.csv"), nil) })
}

type claimTemplateCmd struct {
	apiFlags
	orgFlag
	outFlag
}

// Run writes the template.
func (c *claimTemplateCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error { return o.save(c.Out, o.at("claims", "template.csv"), nil) })
}

type claimImportCmd struct {
	apiFlags
	orgFlag
	uploadFlags
	RemoveServices bool `help:"FALSE takes a licence away from somebody who is in the organization already."`
	Acknowledge    bool `help:"Say that you know that a claim moves people for good; the same as --yes."`
	yesFlag
}

// Help says what the exit status means.
func (claimImportCmd) Help() string {
	return "Claims the users of the file, row by row; a row that cannot be done stops no other. Users who are in the organization already get the licences of their rows, and " +
		"nobody is claimed twice: the same file can be imported again. Its columns are those of rollcall claim template. Ends with 0 if every row succeeded, 2 if some failed (--results says which and why), 1 on an error."
}

// Run claims the users of the file and waits until that is done.
func (c *claimImportCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		if !c.DryRun {
			c.Yes = c.Yes || c.Acknowledge
			if err := a.confirm(c.yesFlag, "Claim the users of %s for %s?", printable(c.File), printable(o.name)); err != nil {
				return err
			}
		}
		query := url.Values{"acknowledgePermanent": {strconv.FormatBool(!c.DryRun)}, "dryRun": {strconv.FormatBool(c.DryRun)},
			"removeServices": {strconv.FormatBool(c.RemoveServices)}}
		return c.upload(o, query, "claims", "imports")
	})
}
