package main

import (
	"context"
	"errors"
	"time"

	"rollcall/identity"
	"rollcall/internal/worker"
)

// How many users one round of a task deletes or changes.
const (
	purgesAtOnce  = 500
	revertsAtOnce = 500
)

// How often the server does what has no setting of its own.
const (
	// clockEvery does not depend on how seldom there is a round of retention: the next process compares its clock with the last
	// mark, and a mark is good for an hour.
	clockEvery        = time.Minute
	revertEvery       = time.Minute
	housekeepingEvery = time.Hour
)

// tasks is what the server does without anybody asking for it.
func (c *serveCmd) tasks(service *identity.Service, retention *identity.Retention) []worker.Task {
	return []worker.Task{
		{Name: "clock", Every: clockEvery, Run: retention.Mark},
		{Name: "retention", Every: c.RetentionEvery, Run: worker.Drain(purgesAtOnce, retention.Round)},
		{Name: "e-mail changes", Every: revertEvery, Run: worker.Drain(revertsAtOnce, service.RevertEmailChanges)},
		{Name: "housekeeping", Every: housekeepingEvery, Run: housekeeping(service)},
	}
}

// housekeeping forgets what nobody can ask for any more. What cannot be forgotten keeps nothing else.
func housekeeping(service *identity.Service) func(context.Context) error {
	return func(ctx context.Context) error {
		return errors.Join(service.ForgetReceipts(ctx), service.ForgetLinks(ctx), service.ForgetSentMessages(ctx), service.ForgetJobFiles(ctx))
	}
}
