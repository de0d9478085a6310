package main

import (
	"context"
	"log/slog"

	"rollcall/directory"
	"rollcall/identity"
)

// schedules starts the synchronizations that are due.
func schedules(service *identity.Service, d *directories, logger *slog.Logger) func(context.Context) error {
	scheduler := directory.NewScheduler(service, directory.New(service, d.Open), logger)
	return func(ctx context.Context) error {
		_, err := scheduler.Work(ctx, connectorsAtOnce)
		return err
	}
}
