package main

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"rollcall/admin"
	"rollcall/identity"
)

type userCmd struct {
	List   userListCmd   `cmd:"" help:"List users."`
	Show   userShowCmd   `cmd:"" help:"Show a user."`
	Why    userWhyCmd    `cmd:"" help:"Explain a user: status, rule, event, evidence, and what happens next."`
	Events userEventsCmd `cmd:"" help:"List what happened to a user."`

	Add        userAddCmd        `cmd:"" help:"Add users by hand; each gets an invitation."`
	Change     userChangeCmd     `cmd:"" help:"Change a user's attributes."`
	Email      userEmailCmd      `cmd:"" help:"Another primary address for a user, which the user has to confirm."`
	Deactivate userDeactivateCmd `cmd:"" help:"Make a user inactive."`
	Reactivate userReactivateCmd `cmd:"" help:"Give an inactive user the status from before."`
	Delete     userDeleteCmd     `cmd:"" help:"Delete a user at once and for good."`
	Invite     userInviteCmd     `cmd:"" help:"Send an invitation again, to one or to everybody who is not verified."`
	Purge      userPurgeCmd      `cmd:"" help:"Delete users early who are gone from the directory."`
	Licences   userLicencesCmd   `cmd:"" help:"What a user may use."`
	Groups     userGroupsCmd     `cmd:"" help:"List the groups that a user is a member of."`

	Import         userImportCmd         `cmd:"" help:"Add and change users from a CSV file."`
	ImportTemplate userImportTemplateCmd `cmd:"" help:"Write an empty file for an import."`
	Export         userExportCmd         `cmd:"" help:"Write users into a CSV file, which can be imported again."`
}

// userFlag names a user.
type userFlag struct {
	User string `arg:"" placeholder:"ID|USERNAME|E-MAIL" help:"The user."`
}

func statusOf(u admin.User) string {
	switch {
	case u.Shadow:
		return u.Status + ", claimed by another organization"
	case u.Reason == "":
		return u.Status
	}
	return fmt.Sprintf("%s (%s)", u.Status, u.Reason)
}

type userListCmd struct {
	apiFlags
	orgFlag
	userFilter
	Claim string `enum:",revocable" default:"" placeholder:"revocable" help:"Only users who came by a claim that can be revoked now; no other filter goes with it."`
	place
}

// userFilter narrows a list of users.
type userFilter struct {
	Status string `placeholder:"STATUS" help:"Only users with this status: not_verified, verified, active, inactive or deferred_claim."`
	Reason string `placeholder:"REASON" help:"Only users inactive for this reason: deactivated, deactivated_by_provider, inactive_when_claimed, directory_disabled, directory_deleted or directory_out_of_scope."`
	Source string `placeholder:"SOURCE" help:"Only users who came this way: manual, csv, scim, directory, self or claim."`
	Search string `placeholder:"TEXT" help:"Only users with this text in their userName or in one of their addresses."`
}

// Validate refuses values that do not exist, because they would find nobody in silence.
func (f *userFilter) Validate() error {
	statuses := []identity.Status{identity.NotVerified, identity.Verified, identity.Active, identity.Inactive, identity.DeferredClaim}
	if err := oneOf("--status", identity.Status(f.Status), statuses); err != nil {
		return err
	}
	reasons := []identity.InactiveReason{identity.ByAdministrator, identity.ByProvider, identity.ClaimedInactive, identity.DirectoryDisabled,
		identity.DirectoryDeleted, identity.DirectoryOutOfScope}
	if err := oneOf("--reason", identity.InactiveReason(f.Reason), reasons); err != nil {
		return err
	}
	sources := []identity.Source{identity.SourceManual, identity.SourceCSV, identity.SourceSCIM, identity.SourceDirectory, identity.SourceSelf, identity.SourceClaim}
	return oneOf("--source", identity.Source(f.Source), sources)
}

func (f *userFilter) query() url.Values {
	return url.Values{"status": {f.Status}, "reason": {f.Reason}, "source": {f.Source}, "q": {f.Search}}
}

func oneOf[T ~string](flag string, value T, known []T) error {
	if value == "" {
		return nil
	}
	names := make([]string, len(known))
	for i, k := range known {
		if k == value {
			return nil
		}
		names[i] = string(k)
	}
	return fmt.Errorf("%s does not know %q; use one of %s", flag, value, strings.Join(names, ", "))
}

// Validate refuses what userFilter and place refuse.
func (c *userListCmd) Validate() error { return cmp.Or(c.userFilter.Validate(), c.place.Validate()) }

// Run lists the users in the order of their ids.
func (c *userListCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		query := c.query()
		query.Set("claim", c.Claim)
		users, next, err := list[admin.User](o.apiClient, o.at("users"), "users", query, c.place)
		if err != nil {
			return err
		}
		a.sayMore(next)
		return a.show(users, func(w io.Writer) error {
			rows := make([][]string, len(users))
			for i, u := range users {
				deleted := "-"
				if u.is.PurgeAt != nil {
					deleted = u.is.PurgeAt.UTC().Format(time.DateOnly)
				}
				rows[i] = []string{u.is.ID, statusOf(u.is), u.is.StatusSince.Format(time.DateOnly), deleted, u.is.Source, u.is.UserName}
			}
			return table(w, []string{"ID", "STATUS", "SINCE", "DELETED ON", "SOURCE", "USERNAME"}, rows)
		})
	})
}

type userShowCmd struct {
	apiFlags
	orgFlag
	userFlag
}

// Run shows the user.
func (c *userShowCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		path, _, err := o.userPath(c.User)
		if err != nil {
			return err
		}
		var u seen[admin.User]
		if err := o.get(path, nil, &u); err != nil {
			return err
		}
		return a.showUser(u)
	})
}

func (a *app) showUser(u seen[admin.User]) error {
	return a.show(u, func(w io.Writer) error { return writeUser(w, u.is) })
}

func writeUser(w io.Writer, u admin.User) error {
	emails := make([]string, len(u.Emails))
	for i, e := range u.Emails {
		if emails[i] = e.Value; e.Primary {
			emails[i] += " (primary)"
		}
	}
	phones := make([]string, len(u.PhoneNumbers))
	for i, p := range u.PhoneNumbers {
		phones[i] = p.Value
	}
	pending, dn, transient, claim := "", "", "", ""
	if u.PendingEmail != nil {
		pending = fmt.Sprintf("%s, until %s", u.PendingEmail.Address, instant(u.PendingEmail.Until))
	}
	if u.Directory != nil {
		dn = u.Directory.DN
	}
	if u.Transient {
		transient = "yes: in none of the organization's verified domains"
	}
	switch {
	case u.Shadow:
		claim = "another organization has claimed the user; nothing can be changed until the user has decided"
	case u.Claim != nil:
		claim = claimed(*u.Claim)
	}
	return properties(w, "id", u.ID, "userName", u.UserName, "name", u.DisplayName, "given name", u.GivenName, "family name", u.FamilyName,
		"title", u.Title, "department", u.Department, "phone", strings.Join(phones, ", "), "language", u.PreferredLanguage, "time zone", u.Timezone,
		"externalId", u.ExternalID, "e-mail", strings.Join(emails, ", "), "transient", transient, "to be confirmed", pending, "licences", strings.Join(u.Licences, ", "),
		"status", statusOf(u), "since", instant(u.StatusSince), "will be deleted", instantIf(u.PurgeAt), "claim", claim, "invited", instantIf(u.InvitedAt),
		"last signed in", instantIf(u.LastSignInAt), "source", u.Source, "managed by", "the "+u.ManagedBy, "directory entry", dn,
		"created", instant(u.CreatedAt), "changed", instant(u.UpdatedAt))
}

// claimed tells of the claim by which a user came.
func claimed(c admin.Claim) string {
	said := c.Mode + ", " + c.State
	if c.Revocable {
		said += ", can be revoked until " + instant(c.Deadline)
	}
	return said
}

// instantIf is instant for a time that may be absent.
func instantIf(t *time.Time) string {
	if t == nil {
		return ""
	}
	return instant(*t)
}
