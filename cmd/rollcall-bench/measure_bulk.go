package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Sizes of the requests to /Bulk and of the loads beside it.
const (
	bulkOperations = 1000
	loadBatch      = 1000
	copyBatch      = 5000
)

// loader writes rows with nobody in between.
type loader interface {
	load(ctx context.Context, people []barePerson) error
	close() error
}

// measureBulk: people a second by /Bulk from one client, beside the rows that a connection takes: in transactions of a thousand on SQLite, by
// COPY on PostgreSQL.
func (b *bench) measureBulk() error {
	for _, s := range b.sides {
		if err := b.measureBulkOn(s); err != nil {
			return fmt.Errorf("%s: %w", s.store, err)
		}
	}
	return nil
}

func (b *bench) measureBulkOn(s *side) error {
	rows, err := openBare(b.ctx, s.spare)
	if err != nil {
		return err
	}
	into := rows.(loader)
	defer func() { _ = into.close() }() // what was written is measured already
	name, batch, want := "raw load in batches", loadBatch, wanted{atLeast, 0.50, 0}
	if s.store == "postgres" {
		name, batch, want = "COPY", copyBatch, wanted{atLeast, 0.25, 0.50}
	}
	var ours, theirs []float64
	number := 0
	for range b.options.Rounds {
		rate, err := perSecond(b.options.Phase, bulkOperations, func() error { return b.sendBulk(s.rollcall) })
		if err != nil {
			return err
		}
		ours = append(ours, rate)
		rate, err = perSecond(b.options.Phase, batch, func() error {
			people := make([]barePerson, batch)
			for i := range people {
				number++
				draft := seededDraft(number)
				people[i] = newBarePerson()
				people[i].userName = fmt.Sprintf("load.%d@example.com", number)
				people[i].emails, people[i].profile = fmt.Sprintf(`[{"value":"load.%d@example.com","type":"work","primary":true}]`, number), string(draft.Profile)
			}
			return into.load(b.ctx, people)
		})
		if err != nil {
			return err
		}
		theirs = append(theirs, rate)
	}
	b.add(compared("Bulk of 1,000 creates, one client", figure{s.rollcall.name, median(ours), "rows/s"}, figure{name, median(theirs), "rows/s"}, want))
	return nil
}

// perSecond repeats something for so long, and returns how many rows that were in a second.
func perSecond(long time.Duration, rows int, do func() error) (float64, error) {
	n, began := 0, time.Now()
	for n == 0 || time.Since(began) < long {
		if err := do(); err != nil {
			return 0, err
		}
		n += rows
	}
	return float64(n) / time.Since(began).Seconds(), nil
}

// sendBulk creates people by one request to /Bulk.
func (b *bench) sendBulk(t *target) error {
	type operation struct {
		Method string          `json:"method"`
		Path   string          `json:"path"`
		BulkID string          `json:"bulkId"`
		Data   json.RawMessage `json:"data"`
	}
	var operations []operation
	for i := range bulkOperations {
		e := t.create(i)
		operations = append(operations, operation{e.method, e.path, fmt.Sprint("b", i), e.body})
	}
	body, err := json.Marshal(map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:BulkRequest"}, "Operations": operations})
	if err != nil {
		return err
	}
	e := exchange{http.MethodPost, "/Bulk", body, func(status int, body []byte) error {
		if status != http.StatusOK {
			return fmt.Errorf("status %d: %.300s", status, body)
		}
		var a struct{ Operations []struct{ Status string } }
		if err := json.Unmarshal(body, &a); err != nil {
			return err
		}
		created := 0
		for _, o := range a.Operations {
			if o.Status == "201" {
				created++
			}
		}
		if created != bulkOperations {
			return fmt.Errorf("%d of %d were created: %.300s", created, bulkOperations, body)
		}
		return nil
	}}
	var buffer bytes.Buffer
	return t.ask(b.ctx, e, &buffer)
}
