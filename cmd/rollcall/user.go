package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"rollcall/identity"
)

// people are the users as a command reads them: from the database, or from a running server.
type people interface {
	// list returns users and where to go on if there are more; "" if there are none.
	list(orgFlag, userQuery) (users []userView, next string, err error)
	// show finds somebody by id, userName or address.
	show(org orgFlag, user string) (userView, error)
	// why explains somebody, also who has been deleted.
	why(org orgFlag, user string) (identity.Explanation, error)
}

// onPeople lets do read users from where the flags say.
func (a *app) onPeople(f storeFlag, r serverFlag, do func(people) error) error {
	if r.Server != "" {
		p, err := newPeopleOnServer(a, r)
		if err != nil {
			return err
		}
		return do(p)
	}
	return a.onStore(f, func(s *session) error { return do(peopleInStore{s}) })
}

type userCmd struct {
	List userListCmd `cmd:"" help:"List users."`
	Show userShowCmd `cmd:"" help:"Show a user."`
	Why  userWhyCmd  `cmd:"" help:"Explain a user: status, rule, event, evidence, and what happens next."`
}

// userView is a user as the command line shows one, in the words of the API.
type userView struct {
	ID          identity.AccountID      `json:"id"`
	UserName    string                  `json:"userName"`
	DisplayName string                  `json:"displayName,omitempty"`
	ExternalID  identity.ExternalID     `json:"externalId,omitempty"`
	Emails      []identity.AccountEmail `json:"emails"`
	Status      identity.Status         `json:"status"`
	Reason      identity.InactiveReason `json:"reason,omitempty"`
	StatusSince time.Time               `json:"statusSince"`
	PurgeAt     time.Time               `json:"purgeAt,omitzero"`
	Source      identity.Source         `json:"source"`
	Directory   *identity.DirectoryLink `json:"directory,omitempty"`
	CreatedAt   time.Time               `json:"createdAt"`
	UpdatedAt   time.Time               `json:"updatedAt"`
	Version     int64                   `json:"version"`
}

func viewOf(a identity.Account, o identity.Organization) userView {
	v := userView{ID: a.ID, UserName: a.UserName, DisplayName: a.Profile.DisplayName(), ExternalID: a.ExternalID, Emails: listOf(a.Emails),
		Status: a.Status, Reason: a.InactiveReason, StatusSince: a.StatusAt, Source: a.Source, Directory: a.Directory,
		CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt, Version: a.Version}
	v.PurgeAt, _ = a.PurgeAt(o)
	return v
}

func (v userView) status() string {
	if v.Reason == "" {
		return string(v.Status)
	}
	return fmt.Sprintf("%s (%s)", v.Status, v.Reason)
}

type userListCmd struct {
	storeFlag
	serverFlag
	orgFlag
	userQuery
}

// userQuery narrows a list of users.
type userQuery struct {
	Status string `placeholder:"STATUS" help:"Only users with this status: not_verified, verified, active, inactive or deferred_claim."`
	Reason string `placeholder:"REASON" help:"Only users inactive for this reason: deactivated, deactivated_by_provider, directory_disabled, directory_deleted or directory_out_of_scope."`
	Limit  int    `default:"100" placeholder:"N" help:"At most so many (${default}); 0 for all."`
	After  string `placeholder:"PLACE" help:"Go on where the list before ended, as it said."`
}

// Validate refuses statuses and reasons that do not exist, because they would find nobody in silence.
func (c *userListCmd) Validate() error {
	statuses := []identity.Status{identity.NotVerified, identity.Verified, identity.Active, identity.Inactive, identity.DeferredClaim}
	if err := oneOf("--status", identity.Status(c.Status), statuses); err != nil {
		return err
	}
	reasons := []identity.InactiveReason{identity.ByAdministrator, identity.ByProvider, identity.DirectoryDisabled, identity.DirectoryDeleted, identity.DirectoryOutOfScope}
	if err := oneOf("--reason", identity.InactiveReason(c.Reason), reasons); err != nil {
		return err
	}
	if c.Limit < 0 {
		return fmt.Errorf("--limit is %d; use 0 for all, or a positive number", c.Limit)
	}
	return nil
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

// Run lists the users in the order of their ids.
func (c *userListCmd) Run(a *app) error {
	return a.onPeople(c.storeFlag, c.serverFlag, func(p people) error {
		users, next, err := p.list(c.orgFlag, c.userQuery)
		if err != nil {
			return err
		}
		if next != "" {
			a.say("There are more; go on with --after %s, or show all with --limit 0.", next)
		}
		return a.show(users, func(w io.Writer) error {
			rows := make([][]string, len(users))
			for i, u := range users {
				rows[i] = []string{string(u.ID), u.status(), u.StatusSince.Format(time.DateOnly), string(u.Source), u.UserName}
			}
			return table(w, []string{"ID", "STATUS", "SINCE", "SOURCE", "USERNAME"}, rows)
		})
	})
}

type userShowCmd struct {
	storeFlag
	serverFlag
	orgFlag
	User string `arg:"" placeholder:"ID|USERNAME|E-MAIL" help:"The user."`
}

// Run shows the user.
func (c *userShowCmd) Run(a *app) error {
	return a.onPeople(c.storeFlag, c.serverFlag, func(p people) error {
		v, err := p.show(c.orgFlag, c.User)
		if err != nil {
			return err
		}
		return a.show(v, func(w io.Writer) error { return showUser(w, v) })
	})
}

func showUser(w io.Writer, v userView) error {
	emails := make([]string, len(v.Emails))
	for i, e := range v.Emails {
		emails[i] = e.Value
		if e.Primary {
			emails[i] += " (primary)"
		}
	}
	dn := ""
	if v.Directory != nil {
		dn = v.Directory.DN
	}
	return properties(w, "id", string(v.ID), "userName", v.UserName, "name", v.DisplayName, "externalId", string(v.ExternalID),
		"e-mail", strings.Join(emails, ", "), "status", v.status(), "since", instant(v.StatusSince), "will be deleted", instant(v.PurgeAt),
		"source", string(v.Source), "directory entry", dn, "created", instant(v.CreatedAt), "changed", instant(v.UpdatedAt))
}
