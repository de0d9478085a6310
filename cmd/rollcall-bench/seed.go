package main

import (
	"context"
	"errors"
	"fmt"

	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store"
)

// seeded is a database with people in it, and how to reach them.
type seeded struct {
	database string // as --database takes it
	people   int
	org      identity.OrgID
	token    string
	other    identity.OrgID // a second organization, with otherPeople
	otherKey string
}

const otherPeople = 100

// seedBatch is how many people one transaction creates.
const seedBatch = 1000

// seed makes a database with two organizations and fills the first. The service does it, so the database is as a server would leave it.
func seed(ctx context.Context, database string, people int) (s seeded, err error) {
	st, err := store.Open(ctx, database)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	s = seeded{database: database, people: people}
	service := identity.NewService(st, system.Clock{}, system.IDs{}, identity.EmailPolicy{})
	if s.org, s.token, err = newOrganization(ctx, service, "Bench"); err != nil {
		return s, err
	}
	if s.other, s.otherKey, err = newOrganization(ctx, service, "Other"); err != nil {
		return s, err
	}
	if err := fill(ctx, service, s.other, otherBase, otherPeople); err != nil {
		return s, err
	}
	return s, fill(ctx, service, s.org, 0, people)
}

// otherBase is the number of the first person of the second organization: beyond all of the first.
const otherBase = 100_000_000

func newOrganization(ctx context.Context, service *identity.Service, name string) (identity.OrgID, string, error) {
	by := identity.Actor{Kind: identity.Operator}
	o, err := service.CreateOrganization(ctx, by, identity.Organization{Name: name, Kind: identity.Customer})
	if err != nil {
		return "", "", err
	}
	_, token, err := service.CreateToken(ctx, by, o.ID, identity.NewToken{Name: "bench", Profile: "rfc"})
	return o.ID, token, err
}

func fill(ctx context.Context, service *identity.Service, org identity.OrgID, first, people int) error {
	by := identity.Actor{Kind: identity.Provider, ID: "bench"}
	for from := first; from < first+people; from += seedBatch {
		err := service.Transact(ctx, org, by, func(c *identity.Acts) error {
			for i := from; i < min(from+seedBatch, first+people); i++ {
				if _, err := c.Create(ctx, seededDraft(i), identity.Origin{Source: identity.SourceSCIM}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("create people %d and on: %w", from, err)
		}
	}
	return nil
}
