package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"rollcall/admin"
	"rollcall/identity"
	"rollcall/internal/web"
)

// notDeletable is the exit status of "org delete --check" for an organization that cannot be deleted.
const notDeletable exit = 3

type orgDeleteCmd struct {
	apiFlags
	namedOrg
	Check bool   `help:"Only tell whether it could be deleted, and what stands in the way; ends with 3 if something does."`
	Users string `enum:",convert,delete" default:"" placeholder:"convert|delete" help:"What becomes of the users, if there are more than one: convert makes them personal accounts with a free licence, delete deletes them."`
	yesFlag
}

// Help says what a deletion is.
func (orgDeleteCmd) Help() string {
	return "A deletion cannot be taken back. From its beginning on nobody can sign in to the organization, and nothing else can be done in it. All content is purged; " +
		"converted users keep what is in spaces between two people only. On the database the command works until it is done; on a server it waits for that. " +
		"If it is interrupted a server goes on, and so does the same command again. Partners cannot delete organizations, whatever their role."
}

// goneOrg is what a command says of an organization that it has deleted.
type goneOrg struct {
	Organization string `json:"organization"`
	Name         string `json:"name"`
	UserHandling string `json:"userHandling,omitempty"`
	State        string `json:"state"`
	Accounts     int    `json:"accounts"` // that it had when the command began to look
}

// Run deletes the organization and waits until nothing is left of it.
func (c *orgDeleteCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, orgFlag(c.namedOrg), func(o *orgClient) error {
		begun, err := c.begin(o)
		if err != nil || c.Check {
			return err
		}
		gone := goneOrg{Organization: o.id, Name: o.name, UserHandling: begun.UserHandling, Accounts: begun.Converted + begun.Removed + begun.Left}
		if gone.State, err = o.untilGone(begun); err != nil {
			return err
		}
		return a.show(gone, func(w io.Writer) error {
			return properties(w, "organization", o.id, "name", o.name, "users", gone.handled(), "state", gone.State)
		})
	})
}

func (g goneOrg) handled() string {
	switch g.UserHandling {
	case string(identity.HandleConvert):
		return "are personal accounts"
	case string(identity.HandleDelete):
		return "deleted"
	}
	return ""
}

// begin looks whether the organization can be deleted, asks, and begins. One that is being deleted already is only watched.
func (c *orgDeleteCmd) begin(o *orgClient) (admin.Deletion, error) {
	var found seen[admin.Eligibility]
	err := o.get(o.at("deletion", "eligibility"), given(url.Values{"userHandling": {c.Users}}), &found)
	var refusal *identity.Error
	deleting := errors.As(err, &refusal) && refusal.Rule == identity.RuleOrgDeleting
	switch {
	case deleting && !c.Check:
		o.say("%s is being deleted already.", printable(o.name))
		return o.deletion()
	case err != nil:
		return admin.Deletion{}, err
	case c.Check:
		return admin.Deletion{}, o.showEligibility(found)
	case !found.is.Eligible:
		return admin.Deletion{}, inTheWay(o.name, found.is.Reasons)
	}
	if err := o.confirm(c.yesFlag, "Delete %s (%s)%s, with all of its content?", printable(o.name), o.id, usersToo(found.is)); err != nil {
		return admin.Deletion{}, err
	}
	if c.Users == "" {
		if err := o.do(call{method: http.MethodDelete, path: o.at()}, nil); err != nil {
			return admin.Deletion{}, err
		}
		return o.deletion()
	}
	var d admin.Deletion
	err = o.post(o.at("deletion"), admin.DeletionRequest{UserHandling: c.Users, AcknowledgeUsers: c.Users, AcknowledgeIrreversible: true}, &d)
	return d, err
}

func (c *orgClient) deletion() (d admin.Deletion, err error) {
	return d, c.get(c.at("deletion"), nil, &d)
}

// usersToo says what a deletion does to the users.
func usersToo(e admin.Eligibility) string {
	switch {
	case e.Users == 0:
		return ""
	case e.UserHandling == string(identity.HandleConvert):
		return fmt.Sprintf(", and make personal accounts of its users (%d)", e.Users)
	}
	return fmt.Sprintf(" and its users (%d)", e.Users)
}

// showEligibility shows whether an organization could be deleted, and turns a no into the exit status.
func (c *orgClient) showEligibility(e seen[admin.Eligibility]) error {
	err := c.show(e, func(w io.Writer) error {
		if e.is.Eligible {
			return properties(w, "organization", c.name, "can be deleted", "yes", "users", strconv.Itoa(e.is.Users))
		}
		return showReasons(w, e.is.Reasons)
	})
	if err == nil && !e.is.Eligible {
		return notDeletable
	}
	return err
}

// showReasons writes what stands in the way of a deletion.
func showReasons(w io.Writer, reasons []web.Reason) error {
	rows := make([][]string, len(reasons))
	for i, r := range reasons {
		rows[i] = []string{or(r.Detail, r.Code), or(objectsOf(r), "-"), r.Remedy}
	}
	return table(w, []string{"IN THE WAY", "WHAT", "TO DO"}, rows)
}

// objectsOf names what a reason is about.
func objectsOf(r web.Reason) string {
	if len(r.Objects) == 0 && r.Count > 0 {
		return fmt.Sprintf("%d users", r.Count)
	}
	names := make([]string, len(r.Objects))
	for i, o := range r.Objects {
		if names[i] = or(o.Name, o.ID); o.Status != "" {
			names[i] += " (" + o.Status + ")"
		}
	}
	return strings.Join(names, ", ")
}

// blocked is what stands in the way of a deletion, as the error that a command ends with.
type blocked struct {
	name    string
	reasons []web.Reason
}

func inTheWay(name string, reasons []web.Reason) error { return &blocked{name, reasons} }

func (b *blocked) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s cannot be deleted:\n", printable(b.name))
	if err := showReasons(&text, b.reasons); err != nil {
		return err.Error()
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// untilGone shows how far a deletion is until it is done, and returns its state then. On the database the command works on it itself,
// beside a server or without one.
func (c *orgClient) untilGone(d admin.Deletion) (state string, err error) {
	p := newProgress(c.stderr)
	defer p.end()
	for {
		done := d.Converted + d.Removed
		if d.State == string(identity.DeletionUsers) {
			p.tell("users", done, done+d.Left)
		} else {
			p.tell("everything else", 0, 0)
		}
		last, err := c.deleteOn()
		if err == nil && !last {
			d, err = c.deletion()
		}
		var refusal *identity.Error
		switch {
		case err == nil && last, identity.IsNotFound(err):
			p.end()
			c.say("%s is deleted.", printable(c.name))
			return string(identity.DeletionDone), nil
		case errors.As(err, &refusal) && refusal.Rule == codeInvalidToken:
			p.end()
			c.say("The server goes on with the deletion. It does not know your token any more: your issuer was the organization's own.")
			return d.State, nil
		case err != nil:
			p.end()
			c.say("%s is not deleted yet; go on with rollcall org delete %s", printable(c.name), c.id)
			return d.State, err
		}
	}
}

// codeInvalidToken is what the API says of a token that no issuer it trusts has made.
const codeInvalidToken identity.Rule = "INVALID_TOKEN"

// deleteOn does the next step of the deletion on the database, or waits for the server to do it.
func (c *orgClient) deleteOn() (last bool, err error) {
	if c.local != nil {
		return c.local.service.ContinueDeletion(c.ctx, identity.OrgID(c.id))
	}
	select {
	case <-c.ctx.Done():
		return false, c.ctx.Err()
	case <-time.After(followPause):
		return false, nil
	}
}
