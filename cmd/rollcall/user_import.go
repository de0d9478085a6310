package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"

	"rollcall/admin"
)

type userImportCmd struct {
	apiFlags
	orgFlag
	uploadFlags
	RemoveServices bool `help:"FALSE takes a licence away from a user who has it."`
}

// Help says what the exit status means.
func (userImportCmd) Help() string {
	return "Adds the users that are not there and changes those that are; nobody is deleted. The same file can be imported again. " +
		"Its columns are those of rollcall user import-template. Ends with 0 if every row succeeded, 2 if some failed (--results says which and why), 1 on an error."
}

// Run imports the file and waits until it is done.
func (c *userImportCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		query := url.Values{"dryRun": {strconv.FormatBool(c.DryRun)}, "removeServices": {strconv.FormatBool(c.RemoveServices)}}
		return c.upload(o, query, "imports")
	})
}

type userImportTemplateCmd struct {
	apiFlags
	orgFlag
	outFlag
}

// Run writes the template.
func (c *userImportTemplateCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error { return o.save(c.Out, o.at("imports", "template"), nil) })
}

type userExportCmd struct {
	apiFlags
	orgFlag
	userFilter
	outFlag
}

// Run has the file made by a job and writes it.
func (c *userExportCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		var job seen[admin.Job]
		if err := o.post(o.at("exports"), admin.ExportRequest{Status: c.Status, Reason: c.Reason, Source: c.Source, Q: c.Search}, &job); err != nil {
			return err
		}
		job, err := o.follow(job)
		if err != nil {
			return err
		}
		if job.is.State == "failed" {
			return fmt.Errorf("the export failed: %s", job.is.Error)
		}
		return o.save(c.Out, o.at("exports", job.is.ID, "file"), nil)
	})
}

type userInviteCmd struct {
	apiFlags
	orgFlag
	User           string `arg:"" optional:"" placeholder:"ID|USERNAME|E-MAIL" help:"The user."`
	AllNotVerified bool   `help:"Instead of a user: everybody who is not verified, as a job."`
}

// Validate wants either a user or everybody.
func (c *userInviteCmd) Validate() error {
	if c.AllNotVerified == (c.User != "") {
		return errors.New("give either a user or --all-not-verified")
	}
	return nil
}

// Run sends the invitations.
func (c *userInviteCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		if c.AllNotVerified {
			var job seen[admin.Job]
			if err := o.post(o.at("invitations"), admin.InvitationRequest{All: true}, &job); err != nil {
				return err
			}
			job, err := o.follow(job)
			if err != nil {
				return err
			}
			return a.showJob(job)
		}
		path, u, err := o.userPath(c.User, "invitation")
		if err != nil {
			return err
		}
		var sent seen[admin.Invitation]
		if err := o.post(path, nil, &sent); err != nil {
			return err
		}
		if !sent.is.Sent {
			a.say("%s had an invitation in the last 24 hours, so none is sent.", printable(u.is.UserName))
		}
		return a.show(sent, func(w io.Writer) error { return properties(w, "user", u.is.UserName, "sent", yesNo(sent.is.Sent)) })
	})
}
