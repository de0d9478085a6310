package main

import (
	"context"
	"net/http"
	"time"

	"rollcall/directory"
	"rollcall/identity"
	"rollcall/internal/demodirectory"
)

// The four people to whom something happens, by their place among the people.
const (
	whoIsDisabled = 0
	whoIsDeleted  = 1
	whoIsRenamed  = 2
	whoIsMoved    = 3
)

// secondSync tells disabled, deleted, renamed and moved out apart.
func (s *story) secondSync(ctx context.Context) error {
	s.step("In the directory one user is disabled, one deleted, one renamed and one moved out; a second plan tells them apart.")
	people := directoryPeople()
	for _, f := range []struct {
		index int
		into  *follow
	}{{whoIsDisabled, &s.disabled}, {whoIsDeleted, &s.deleted}, {whoIsRenamed, &s.renamed}, {whoIsMoved, &s.moved}} {
		var err error
		if *f.into, err = s.look(ctx, s.people[f.index], people[f.index].Mail); err != nil {
			return err
		}
	}
	married := address(people[whoIsRenamed].GivenName, "Kahn", corpDomain)
	for _, change := range []func() error{
		func() error { return s.directory.SetDisabled(s.disabled.entry, true) },
		func() error { return s.directory.Delete(s.deleted.entry) },
		func() error { return s.directory.Rename(s.renamed.entry, "Kahn", married) },
		func() error { return s.directory.Move(s.moved.entry, demodirectory.FormerDN) },
	} {
		if err := change(); err != nil {
			return err
		}
	}
	stored, plan, err := s.plan(ctx, 60)
	if err != nil {
		return err
	}
	s.expect("the plan is", identity.PlanReady, stored.State)
	findings, reasons := map[string]string{}, 0
	for _, step := range plan.Steps {
		if step.Evidence != nil {
			findings[step.UserName] = string(step.Op) + ", " + string(step.Evidence.Finding)
		}
		if step.Reason != "" {
			reasons++
		}
	}
	s.expect("steps with a reason", 4, reasons)
	s.expect("disabled", "disable, present", findings[s.disabled.userName])
	s.expect("deleted", "remove, tombstone", findings[s.deleted.userName])
	s.expect("renamed", "rename, present", findings[married])
	s.expect("moved out", "remove, out_of_scope", findings[s.moved.userName])

	report, err := s.syncer.Apply(ctx, s.synced.ID, stored.ID, demoOperator, nil)
	if err != nil {
		return err
	}
	s.note("Applied: run %s, %s, %d of %d steps", report.Run, report.State, report.Done, report.Total)
	s.expect("who was disabled is", "inactive (directory_disabled)", s.status(ctx, s.disabled))
	s.expect("who was deleted is", "inactive (directory_deleted)", s.status(ctx, s.deleted))
	s.expect("who moved out is", "inactive (directory_out_of_scope)", s.status(ctx, s.moved))
	again, err := s.look(ctx, s.renamed.entry, married)
	if err != nil {
		return err
	}
	s.expect("who was renamed is still the same account", s.renamed.account, again.account)
	s.renamed = again
	s.expect("the plan after it has steps", 0, s.stepsLeft(ctx))
	return nil
}

func (s *story) stepsLeft(ctx context.Context) any {
	_, plan, err := s.syncer.Plan(ctx, s.synced.ID, s.connector.ID, demoOperator, nil)
	if err != nil {
		return err
	}
	return len(plan.Steps)
}

// aWeekLater is USR-11: a deletion in the directory ends after 7 days, a disable never.
func (s *story) aWeekLater(ctx context.Context) error {
	s.step("The clock moves 7 days on: deleted users go, the disabled one stays.")
	take := func() (int, error) {
		a, err := s.call(ctx, http.MethodPost, scimUsers(s.second), s.secondToken, scimUser("New", "Owner", s.deleted.userName))
		return a.status, err
	}
	status, err := take()
	if err != nil {
		return err
	}
	s.expect("Bergen cannot take the deleted user's address yet", http.StatusConflict, status)

	// A minute early, because the accounts became inactive some moments after the step before began.
	s.clock.forward(directory7Days - time.Minute)
	purged, err := s.service.PurgeDue(ctx, purgesAtOnce)
	if err != nil {
		return err
	}
	s.expect("users deleted a minute before the 7 days are over", 0, purged)
	s.clock.forward(time.Minute)
	if purged, err = s.service.PurgeDue(ctx, purgesAtOnce); err != nil {
		return err
	}
	s.expect("users deleted after 7 days", 2, purged)
	s.expect("who was deleted in the directory is", "deleted", s.status(ctx, s.deleted))
	s.expect("who moved out is", "deleted", s.status(ctx, s.moved))
	s.expect("who was disabled is", "inactive (directory_disabled)", s.status(ctx, s.disabled))
	if status, err = take(); err != nil {
		return err
	}
	s.expect("Bergen takes the free address", http.StatusCreated, status)
	return nil
}

// directory7Days is how long somebody gone from the directory is kept (USR-11a).
const directory7Days = identity.DirectoryLossDays * identity.Day

// emptyAnswer is DIR-16: nobody is lost because a directory answered badly.
func (s *story) emptyAnswer(ctx context.Context) error {
	s.step("The directory answers without an error, but with nobody in it.")
	before, err := s.versions(ctx)
	if err != nil {
		return err
	}
	s.directory.Blind(true)
	stored, plan, err := s.plan(ctx, 6)
	s.directory.Blind(false)
	if err != nil {
		return err
	}
	s.expect("the plan is", identity.PlanRefused, stored.State)
	s.expect("steps in it", 0, len(plan.Steps))
	_, err = s.syncer.Apply(ctx, s.synced.ID, stored.ID, demoOperator, nil)
	s.expect("applying it is refused", directory.RulePlanRefused, identity.RuleOf(err))
	after, err := s.versions(ctx)
	if err != nil {
		return err
	}
	changed := 0
	for id, version := range before {
		if after[id] != version {
			changed++
		}
	}
	s.expect("users changed", 0, changed)
	s.expect("users in Corp", len(before), len(after))
	return nil
}

// versions tells every account of Corp from what it was before.
func (s *story) versions(ctx context.Context) (map[identity.AccountID]int64, error) {
	page, err := s.store.Accounts(ctx, s.synced.ID, identity.AccountQuery{Limit: 1000})
	versions := make(map[identity.AccountID]int64, len(page))
	for _, a := range page {
		versions[a.ID] = a.Version
	}
	return versions, err
}
