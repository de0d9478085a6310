package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"rollcall/bulk"
	"rollcall/identity"
	"rollcall/internal/worker"
	"rollcall/notify"
)

// How many users one round of a task deletes or changes.
const (
	purgesAtOnce  = 500
	revertsAtOnce = 500
	claimsAtOnce  = 500
	stepsAtOnce   = 20 // of a job, before the next one has its turn
	deletedAtOnce = 500
	idleAtOnce    = 20
	plansAtOnce   = 50 // of which the steps are forgotten: there can be many

	connectorsAtOnce  = 100 // that one round looks after
	directoriesAtOnce = 4   // that a server reads side by side

	errandsAtOnce     = 10
	errandsSideBySide = 4
)

// How often the server does what has no setting of its own.
const (
	// clockEvery does not depend on how seldom there is a round of retention: the next process compares its clock with the last
	// mark, and a mark is good for an hour.
	clockEvery        = time.Minute
	revertEvery       = time.Minute
	claimsEvery       = time.Minute
	housekeepingEvery = time.Hour
	jobsEvery         = 2 * time.Second // somebody waits for the first step
	deletionsEvery    = 2 * time.Second // and here for the last
	idleEvery         = time.Hour
	schedulesEvery    = 30 * time.Second
	schemaEvery       = 5 * time.Second
	exchangesEvery    = 2 * time.Second // somebody looks why their connection does not work
)

// runners do what the server does without anybody asking for it. Tasks of one runner wait for each other, so what can take long
// has one of its own: a slow mail server, a slow receiver of work orders or a file of twenty thousand users must not keep deletions
// waiting.
func (c *serveCmd) runners(logger *slog.Logger, service *identity.Service, retention *identity.Retention, d *notify.Deliverer,
	directories *directories, exchanges func(context.Context) error) ([]*worker.Runner, error) {
	orders, err := c.ordersTask(service, logger)
	if err != nil {
		return nil, err
	}
	all := [][]worker.Task{
		{
			{Name: "clock", Every: clockEvery, Run: retention.Mark},
			{Name: "retention", Every: c.RetentionEvery, Run: worker.Drain(purgesAtOnce, retention.Round)},
			{Name: "e-mail changes", Every: revertEvery, Run: worker.Drain(revertsAtOnce, service.RevertEmailChanges)},
			{Name: "claims", Every: claimsEvery, Run: worker.Drain(claimsAtOnce, retention.SettleClaims)},
			{Name: "idle organizations", Every: idleEvery, Run: worker.Drain(idleAtOnce, retention.DeleteIdle)},
			{Name: "plans", Every: housekeepingEvery, Run: worker.Drain(plansAtOnce, service.ForgetPlans)},
			{Name: "housekeeping", Every: housekeepingEvery, Run: housekeeping(service)},
		},
		{{Name: "mail", Every: mailEvery, Run: worker.Drain(mailsAtOnce, d.Deliver)}},
		{orders},
		{{Name: "deletions", Every: deletionsEvery, Run: worker.Drain(deletedAtOnce, service.ContinueDeletions)}},
		{{Name: "log of requests", Every: exchangesEvery, Run: exchanges}},
		{{Name: "jobs", Every: jobsEvery, Run: worker.Drain(stepsAtOnce, bulk.New(service, logger).Work)}},
	}
	synchronize := schedules(service, directories, logger)
	for range directoriesAtOnce {
		all = append(all, []worker.Task{{Name: "synchronizations", Every: schedulesEvery, Run: synchronize}})
	}
	do := errands(service, directories, logger)
	for range errandsSideBySide {
		all = append(all, []worker.Task{{Name: "synchronizations asked for", Every: jobsEvery, Run: do}})
	}
	var runners []*worker.Runner
	for _, tasks := range all {
		r, err := worker.New(logger, tasks...)
		if err != nil {
			return nil, err
		}
		runners = append(runners, r)
	}
	return runners, nil
}

// housekeeping forgets what nobody can ask for any more. What cannot be forgotten keeps nothing else.
func housekeeping(service *identity.Service) func(context.Context) error {
	return func(ctx context.Context) error {
		return errors.Join(service.ForgetReceipts(ctx), service.ForgetLinks(ctx), service.ForgetSentMessages(ctx), service.ForgetJobFiles(ctx))
	}
}

// tellDeletions logs that deletions stop or go on.
func tellDeletions(logger *slog.Logger) func(before, now identity.ClockWatch) {
	return func(_, now identity.ClockWatch) {
		switch {
		case now.Paused():
			logger.Error("deletions are paused: "+now.Why, "since", now.PausedAt,
				"remedy", "set the clock right, or if it is right run: rollcall retention resume")
		case now.Waiting():
			logger.Warn("deletions wait until the clock has run evenly for an hour: for a time nobody saw it", "since", now.Steady)
		default:
			logger.Warn("deletions go on")
		}
	}
}
