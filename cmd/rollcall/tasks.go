package main

import (
	"time"

	"rollcall/identity"
	"rollcall/internal/worker"
)

// purgesAtOnce is how many users one round of retention deletes.
const purgesAtOnce = 500

// clockEvery is how often the clock is looked at, however seldom there is a round of retention: the next process compares its
// clock with the last mark, and a mark is good for an hour.
const clockEvery = time.Minute

// tasks is what the server does without anybody asking for it.
func (c *serveCmd) tasks(service *identity.Service, retention *identity.Retention) []worker.Task {
	return []worker.Task{
		{Name: "clock", Every: clockEvery, Run: retention.Mark},
		{Name: "retention", Every: c.RetentionEvery, Run: worker.Drain(purgesAtOnce, retention.Round)},
	}
}
