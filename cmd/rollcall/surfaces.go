package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"

	"rollcall/admin"
	"rollcall/console"
	"rollcall/identity"
	"rollcall/internal/web"
	"rollcall/scim"
	"rollcall/store"
)

// surfaces is everything that the server answers over HTTP.
type surfaces struct {
	service  *identity.Service
	usable   func(context.Context) error // whether this program can work with the store, now
	stats    func() store.Stats
	watch    func() identity.ClockWatch // what retention last saw of the clock; nil: there is no retention
	clock    identity.Clock
	api      admin.Options // its issuers and limits
	types    scim.Types    // that the operator registered
	limit    web.Limit     // of SCIM; zero: the default
	baseURL  string
	log      *slog.Logger
	draining atomic.Bool // the server is about to stop

	provisioning *scim.Server // once there is a handler
}

// Why a server is not ready.
const (
	starting  = web.NotReady("the server has just been started and opens its database, which may have to be migrated first; it goes on by itself")
	draining  = web.NotReady("the server is shutting down; ask another one")
	away      = web.NotReady("the database does not answer; the server goes on by itself as soon as it does")
	migrating = web.NotReady("the database is being migrated for another version of the program; the server looks again by itself")
	outdated  = web.NotReady("the database belongs to a newer version of the program, with which this server cannot work; start the newer version in its place")
)

// handler puts the surfaces side by side.
func (s *surfaces) handler() (http.Handler, error) {
	options := s.api
	options.Service, options.Clock, options.Logger = s.service, s.clock, s.log
	api, err := admin.New(options)
	if err != nil {
		return nil, err
	}
	pages, err := console.New(s.service, s.api.Proxies, s.log)
	if err != nil {
		return nil, err
	}
	metrics := web.NewMetrics()
	metrics.Count("rollcall_store_transactions_total", "Writing transactions that are on disk.", func() float64 { return float64(s.stats().Transactions) })
	metrics.Count("rollcall_store_commits_total", "Commits that those transactions shared.", func() float64 { return float64(s.stats().Commits) })
	if s.watch != nil {
		metrics.Gauge("rollcall_deletions_paused", "1 while nobody is deleted because the clock cannot be trusted.", s.deletionsPaused)
	}
	s.provisioning = scim.New(s.service, scim.Options{BaseURL: s.baseURL, Proxies: s.api.Proxies, Limit: s.limit, Types: s.types, Log: s.log})
	mux := http.NewServeMux()
	mux.Handle("/scim/", s.provisioning)
	mux.Handle("/api/", api)
	mux.Handle(console.LinkPath, pages)
	web.AddHealth(mux, s.log, s.ready, metrics)
	mux.HandleFunc("GET /{$}", index)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		web.WriteProblem(w, r, web.NewProblem(http.StatusNotFound, "NOT_FOUND", "there is nothing here; the page at / names what there is",
			"Read the page at / or /api/docs."))
	})
	return web.Front(mux, s.log, metrics), nil
}

func (s *surfaces) ready(ctx context.Context) error {
	if s.draining.Load() {
		return draining
	}
	err := s.usable(ctx)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrMigrating):
		return fmt.Errorf("%w: %w", migrating, err)
	case identity.KindOf(err) == identity.Conflict:
		return fmt.Errorf("%w: %w", outdated, err)
	}
	return fmt.Errorf("%w: %w", away, err)
}

func (s *surfaces) deletionsPaused() float64 {
	if s.watch().Paused() {
		return 1
	}
	return 0
}

const indexText = `Rollcall: one account per e-mail across every organization.

  /scim/{organization}/v2/   SCIM 2.0, with a bearer token of that organization (rollcall token create)
  /api/v1/                   for administrators, with an OpenID Connect token (rollcall admin grant)
  /api/openapi.json          what the API offers
  /healthz                   whether the process answers
  /readyz                    whether it can do its work
  /metrics                   for Prometheus
`

func index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(indexText)) // a client that has gone misses nothing
}
