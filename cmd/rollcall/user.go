package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"rollcall/identity"
)

type userCmd struct {
	List userListCmd `cmd:"" help:"List users."`
	Show userShowCmd `cmd:"" help:"Show a user."`
	Why  userWhyCmd  `cmd:"" help:"Explain a user: status, rule, event, evidence, and what happens next."`
}

// userView is a user as the command line shows one.
type userView struct {
	ID             identity.AccountID      `json:"id"`
	UserName       string                  `json:"userName"`
	DisplayName    string                  `json:"displayName,omitempty"`
	ExternalID     identity.ExternalID     `json:"externalId,omitempty"`
	Emails         []identity.AccountEmail `json:"emails"`
	Status         identity.Status         `json:"status"`
	InactiveReason identity.InactiveReason `json:"inactiveReason,omitempty"`
	StatusAt       time.Time               `json:"statusAt"`
	DeletedAt      time.Time               `json:"willBeDeletedAt,omitzero"`
	Source         identity.Source         `json:"source"`
	Directory      *identity.DirectoryLink `json:"directory,omitempty"`
	CreatedAt      time.Time               `json:"createdAt"`
	UpdatedAt      time.Time               `json:"updatedAt"`
	Version        int64                   `json:"version"`
}

func viewOf(a identity.Account, o identity.Organization) userView {
	v := userView{ID: a.ID, UserName: a.UserName, DisplayName: a.Profile.DisplayName(), ExternalID: a.ExternalID, Emails: listOf(a.Emails),
		Status: a.Status, InactiveReason: a.InactiveReason, StatusAt: a.StatusAt, Source: a.Source, Directory: a.Directory,
		CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt, Version: a.Version}
	v.DeletedAt, _ = a.PurgeAt(o)
	return v
}

func (v userView) status() string {
	if v.InactiveReason == "" {
		return string(v.Status)
	}
	return fmt.Sprintf("%s (%s)", v.Status, v.InactiveReason)
}

type userListCmd struct {
	storeFlag
	orgFlag
	Status string `placeholder:"STATUS" help:"Only users with this status: not_verified, verified, active, inactive or deferred_claim."`
	Reason string `placeholder:"REASON" help:"Only users inactive for this reason: deactivated, deactivated_by_provider, directory_disabled, directory_deleted or directory_out_of_scope."`
	Limit  int    `default:"100" placeholder:"N" help:"At most so many (${default}); 0 for all."`
	After  string `placeholder:"ID" help:"Go on behind the user with this id."`
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
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		users, more, err := c.users(s, o)
		if err != nil {
			return err
		}
		if more {
			s.say("There are more; go on with --after %s, or show all with --limit 0.", users[len(users)-1].ID)
		}
		return s.show(users, func(w io.Writer) error {
			rows := make([][]string, len(users))
			for i, u := range users {
				rows[i] = []string{string(u.ID), u.status(), u.StatusAt.Format(time.DateOnly), string(u.Source), u.UserName}
			}
			return table(w, []string{"ID", "STATUS", "SINCE", "SOURCE", "USERNAME"}, rows)
		})
	})
}

func (c *userListCmd) users(s *session, o identity.Organization) (users []userView, more bool, err error) {
	var where identity.And
	if c.Status != "" {
		where = append(where, &identity.Compare{Field: identity.FieldStatus, Op: identity.Equal, Text: c.Status})
	}
	if c.Reason != "" {
		where = append(where, &identity.Compare{Field: identity.FieldReason, Op: identity.Equal, Text: c.Reason})
	}
	users = []userView{}
	after := identity.AccountID(c.After)
	for {
		page, err := s.read.Accounts(s.ctx, o.ID, identity.AccountQuery{Where: where, After: after, Limit: pageOfAll})
		if err != nil {
			return nil, false, err
		}
		for _, a := range page {
			if c.Limit > 0 && len(users) == c.Limit {
				return users, true, nil
			}
			users = append(users, viewOf(a, o))
		}
		if len(page) < pageOfAll {
			return users, false, nil
		}
		after = page[len(page)-1].ID
	}
}

type userShowCmd struct {
	storeFlag
	orgFlag
	User string `arg:"" placeholder:"ID|USERNAME|E-MAIL" help:"The user."`
}

// Run shows the user.
func (c *userShowCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		account, err := s.user(o.ID, c.User)
		if err != nil {
			return err
		}
		v := viewOf(account, o)
		return s.show(v, func(w io.Writer) error { return showUser(w, v) })
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
		"e-mail", strings.Join(emails, ", "), "status", v.status(), "since", instant(v.StatusAt), "will be deleted", instant(v.DeletedAt),
		"source", string(v.Source), "directory entry", dn, "created", instant(v.CreatedAt), "changed", instant(v.UpdatedAt))
}

// user finds somebody by id, userName or address.
func (s *session) user(org identity.OrgID, text string) (identity.Account, error) {
	a, err := s.read.Account(s.ctx, org, identity.AccountID(text))
	if !identity.IsNotFound(err) {
		return a, err
	}
	a, err = s.read.AccountByUserName(s.ctx, org, identity.KeyOfUserName(text))
	if !identity.IsNotFound(err) {
		return a, err
	}
	found, err := s.read.Accounts(s.ctx, org, identity.AccountQuery{Limit: 2,
		Where: &identity.Compare{Field: identity.FieldEmail, Op: identity.Equal, Text: identity.Fold(text)}})
	switch {
	case err != nil:
		return identity.Account{}, err
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return identity.Account{}, fmt.Errorf("more than one user has the address %s; use an id: %s, %s", text, found[0].ID, found[1].ID)
	}
	return identity.Account{}, identity.Refuse(identity.NotFound, identity.RuleUnknownAccount,
		"no user of this organization has the id, userName or address %q", text)
}
