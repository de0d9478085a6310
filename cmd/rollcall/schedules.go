package main

import (
	"context"
	"log/slog"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/identity"
)

// schedules starts the synchronizations that are due.
func schedules(service *identity.Service, logger *slog.Logger) func(context.Context) error {
	runs := wholeReadings{directory.New(service, ldap.OpenConnector(service.Now))}
	scheduler := directory.NewScheduler(service, runs, logger)
	return func(ctx context.Context) error {
		_, err := scheduler.Work(ctx, connectorsAtOnce)
		return err
	}
}

// wholeReadings answers the wish for an incremental synchronization with a full one.
type wholeReadings struct{ *directory.Syncer }

// RunIncremental reads the whole directory.
func (r wholeReadings) RunIncremental(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, by identity.Actor, progress directory.Progress) (identity.Plan, directory.Plan, directory.Report, error) {
	return r.Run(ctx, org, connector, by, progress)
}
