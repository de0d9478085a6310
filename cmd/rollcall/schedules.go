package main

import (
	"context"
	"log/slog"

	"rollcall/directory"
	"rollcall/identity"
	"rollcall/internal/worker"
)

// errands plans and applies what somebody asked for over the network.
func errands(service *identity.Service, d *directories, logger *slog.Logger) func(context.Context) error {
	jobs := directory.NewJobs(service, directory.New(service, d.Open), logger)
	return worker.Drain(errandsAtOnce, jobs.Work)
}

// schedules starts the synchronizations that are due.
func schedules(service *identity.Service, d *directories, logger *slog.Logger) func(context.Context) error {
	scheduler := directory.NewScheduler(service, directory.New(service, d.Open), logger)
	return func(ctx context.Context) error {
		_, err := scheduler.Work(ctx, connectorsAtOnce)
		return err
	}
}
