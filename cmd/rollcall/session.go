package main

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"strings"

	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store"
)

// storeFlag says which database a command works on. It may be in use by a running server.
type storeFlag struct {
	Database string `default:"sqlite:rollcall-data/rollcall.db" env:"ROLLCALL_DATABASE" placeholder:"URL" help:"Database, as sqlite:FILE (${default}) or postgres://USER:PASSWORD@HOST/NAME. A password is best given in the environment."`
}

// open opens the database; a file is made if it does not exist.
func (f storeFlag) open(ctx context.Context) (*store.Store, error) {
	opened, err := store.Open(ctx, f.Database)
	return opened, f.named(err)
}

// named adds to an error which database it is about; one that finds fault with the URL quotes it already.
func (f storeFlag) named(err error) error {
	var refusal *identity.Error
	switch {
	case err == nil || identity.KindOf(err) == identity.Invalid || errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &refusal):
		told := *refusal
		told.Detail = fmt.Sprintf("%s: %s", store.Shown(f.Database), refusal.Detail)
		return &told
	}
	return fmt.Errorf("the database %s: %w", store.Shown(f.Database), err)
}

// orgFlag says which organization a command is about.
type orgFlag struct {
	Org string `required:"" env:"ROLLCALL_ORG" placeholder:"ID|NAME" help:"Organization: its id, or its name if only one has it."`
}

// session is a command's work on a store.
type session struct {
	*app
	store   *store.Store
	service *identity.Service
	read    identity.Reader
	by      identity.Actor
}

// onStore opens the database, lets do work on it and closes it.
func (a *app) onStore(f storeFlag, do func(s *session) error) (err error) {
	opened, err := f.open(a.ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	var under identity.Store = opened
	if a.over != nil {
		under = a.over(opened)
	}
	service := identity.NewService(under, a.clock, system.IDs{}, identity.EmailPolicy{}).WithRules(a.rules)
	return do(&session{app: a, store: opened, service: service, read: opened, by: operator()})
}

// operator is whoever sits at the command line.
func operator() identity.Actor {
	actor := identity.Actor{Kind: identity.Operator, Name: "command line"}
	if u, err := user.Current(); err == nil {
		actor.ID, actor.Name = u.Username, u.Username
	}
	return actor
}

// pageOfAll is how many rows are read at a time where all of them are wanted.
const pageOfAll = 500

// organizations returns all organizations.
func organizations(ctx context.Context, r identity.Reader) ([]identity.Organization, error) {
	return everyOrganization(ctx, r.Organizations)
}

// everyOrganization reads a list of organizations to its end.
func everyOrganization(ctx context.Context, read func(context.Context, identity.OrgID, int) ([]identity.Organization, error)) ([]identity.Organization, error) {
	var all []identity.Organization
	var after identity.OrgID
	for {
		page, err := read(ctx, after, pageOfAll)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < pageOfAll {
			return all, nil
		}
		after = page[len(page)-1].ID
	}
}

// org finds the organization that a flag names.
func (s *session) org(f orgFlag) (identity.Organization, error) {
	o, err := s.read.Organization(s.ctx, identity.OrgID(f.Org))
	if !identity.IsNotFound(err) {
		return o, err
	}
	all, listErr := organizations(s.ctx, s.read)
	if listErr != nil {
		return identity.Organization{}, listErr
	}
	var named []identity.Organization
	for _, o := range all {
		if o.Name == f.Org {
			named = append(named, o)
		}
	}
	switch len(named) {
	case 1:
		return named[0], nil
	case 0:
		return identity.Organization{}, identity.Refuse(identity.NotFound, identity.RuleUnknownOrg,
			"no organization has the id or name %q; see rollcall org list", f.Org)
	}
	ids := make([]string, len(named))
	for i, o := range named {
		ids[i] = string(o.ID)
	}
	return identity.Organization{}, identity.Refuse(identity.Invalid, identity.RuleUnknownOrg,
		"%d organizations are called %q; use the id of one of them: %s", len(named), f.Org, strings.Join(ids, ", "))
}

// account finds a user by an id or a userName.
func (s *session) account(org identity.OrgID, name string) (identity.Account, error) {
	a, err := s.read.Account(s.ctx, org, identity.AccountID(name))
	if identity.IsNotFound(err) {
		a, err = s.read.AccountByUserName(s.ctx, org, identity.KeyOfUserName(name))
	}
	if identity.IsNotFound(err) {
		return a, identity.Refuse(identity.NotFound, identity.RuleUnknownAccount, "the organization has no user with the id or userName %q; see rollcall user list", name)
	}
	return a, err
}

// connector finds a connector by its id or name; with none named, the organization's only one.
func (s *session) connector(org identity.OrgID, name string) (identity.Connector, error) {
	all, err := s.read.Connectors(s.ctx, org)
	if err != nil {
		return identity.Connector{}, err
	}
	if name == "" && len(all) == 1 {
		return all[0], nil
	}
	names := make([]string, len(all))
	for i, c := range all {
		if string(c.ID) == name || c.Name == name {
			return c, nil
		}
		names[i] = c.Name
	}
	switch {
	case len(all) == 0:
		return identity.Connector{}, identity.Refuse(identity.NotFound, identity.RuleUnknownConnector,
			"the organization has no connector; make one with rollcall connector create")
	case name == "":
		return identity.Connector{}, fmt.Errorf("the organization has %d connectors; name one with --connector: %s", len(all), strings.Join(names, ", "))
	}
	return identity.Connector{}, identity.Refuse(identity.NotFound, identity.RuleUnknownConnector,
		"no connector has the id or name %q; there are: %s", name, strings.Join(names, ", "))
}
