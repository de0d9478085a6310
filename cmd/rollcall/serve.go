package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/internal/web"
	"rollcall/internal/worker"
)

type serveCmd struct {
	serverFlags
}

// Help says what has no flag among those of the server.
func (serveCmd) Help() string { return rulesHelp }

// Run serves until the process is told to stop, then lets the work under way finish. The store is closed last.
func (c *serveCmd) Run(a *app) (err error) {
	if err := c.check(); err != nil {
		return a.settings.place(err)
	}
	logger := newLogger(a.stderr, c.LogLevel, c.LogFormat)
	listener, scheme, err := c.listen(a)
	if err != nil {
		return err
	}
	opening := web.NewOpening(starting, logger)
	serving, stop := context.WithCancel(context.WithoutCancel(a.ctx))
	served := make(chan struct{})
	var serveErr error
	go func() {
		defer close(served)
		serveErr = web.Serve(serving, web.NewServer(opening, logger), listener, c.ShutdownGrace)
	}()
	defer func() {
		stop()
		<-served
	}()
	opened, err := c.open(a.ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	api, err := c.api()
	if err != nil {
		return err
	}
	types, err := c.types()
	if err != nil {
		return err
	}
	service := identity.NewService(opened, a.clock, system.IDs{}, identity.EmailPolicy{}).WithRules(a.rules)
	directories, err := c.directories(service.Now)
	if err != nil {
		return err
	}
	api.Directories = directories
	retention := identity.NewRetention(service, system.Uptime(), tellDeletions(logger))
	s := &surfaces{service: service, usable: opened.Ready, stats: opened.Stats, watch: retention.Watch, clock: a.clock, api: api, types: types,
		limit: c.scimLimit(), baseURL: c.BaseURL, log: logger}
	handler, err := s.handler()
	if err != nil {
		return err
	}
	deliverer, err := c.deliverer(a, c.storeFlag, service, or(c.BaseURL, scheme+"://"+listener.Addr().String()), logger)
	if err != nil {
		return err
	}
	runners, err := c.runners(logger, service, retention, deliverer, directories, s.provisioning.FlushExchanges)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(a.ctx)
	defer end(nil)
	schema, err := worker.New(logger, worker.Task{Name: "schema", Every: schemaEvery, Run: leave(opened.Ready, end)})
	if err != nil {
		return err
	}
	working, rest := context.WithCancel(ctx)
	var running sync.WaitGroup
	for _, r := range append(runners, schema) {
		running.Go(func() { r.Run(working) })
	}
	defer running.Wait()
	defer rest()

	collectLess()
	opening.Open(handler)
	a.say("Listening on %s://%s", scheme, listener.Addr())
	if len(api.Issuers) == 0 {
		a.say("No --oidc-issuer is set: /api/ knows the tokens of organizations' own issuers only.")
	}
	go s.drain(ctx, c.ShutdownDelay, stop)
	<-served
	err = serveErr
	if err := s.provisioning.FlushExchanges(context.WithoutCancel(a.ctx)); err != nil {
		logger.Warn("the last requests are missing in the log of requests", "error", err)
	}
	if a.ctx.Err() != nil {
		a.say("Stopped.")
	} else if ctx.Err() != nil {
		err = errors.Join(err, context.Cause(ctx))
	}
	return err
}

// leave ends a server whose database belongs to a newer program by now, before it writes what that one does not expect. Whether the database
// answers is nothing to end for.
func leave(ready func(context.Context) error, end context.CancelCauseFunc) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := ready(ctx); identity.KindOf(err) == identity.Conflict {
			end(err)
		}
		return nil
	}
}

// drain waits until the process is told to stop, makes the server say that it is not ready, and ends it after a delay.
func (s *surfaces) drain(ctx context.Context, delay time.Duration, stop context.CancelFunc) {
	<-ctx.Done()
	s.draining.Store(true)
	s.log.Info("shutting down: finishing the requests under way")
	time.Sleep(delay)
	stop()
}

// listen takes the port before anything else happens, so that a second server does no harm.
func (c *serveCmd) listen(a *app) (net.Listener, string, error) {
	config, err := c.tls()
	if err != nil {
		return nil, "", err
	}
	listener, err := net.Listen("tcp", c.Listen)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, "", fmt.Errorf("cannot listen on %s: another program, perhaps another rollcall serve, does already; stop it or choose another --listen", c.Listen)
	case errors.Is(err, syscall.EACCES):
		return nil, "", fmt.Errorf("cannot listen on %s: this user may not use that port; choose one above 1023 with --listen", c.Listen)
	case err != nil:
		return nil, "", fmt.Errorf("cannot listen on %s: %w; check the address with --listen", c.Listen, err)
	}
	if config != nil {
		return tls.NewListener(listener, config), "https", nil
	}
	if overTheNetwork(c.Listen) {
		a.say("Warning: others can reach %s and there is no TLS, so tokens and personal data travel in the clear. "+
			"Set --tls-cert and --tls-key, or listen on 127.0.0.1 behind a proxy that has TLS.", c.Listen)
	}
	return listener, "http", nil
}

// collectLess lets the heap grow to five times what is alive before it is collected, unless GOGC says otherwise. The server
// keeps a few megabytes alive, so by default it would spend a tenth of its time on collecting almost nothing. Beyond heapLimit it
// collects more often. It is for a server that answers, and for long work: what starting leaves behind is not worth keeping.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

func newLogger(w io.Writer, level, format string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo // the flag's enumeration lets nothing else through
	}
	options := &slog.HandlerOptions{Level: l}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
