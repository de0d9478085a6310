package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"
)

// loadCmd asks one server.
type loadCmd struct {
	URL       string        `required:"" placeholder:"URL" help:"SCIM endpoint, as https://HOST/PATH without /Users."`
	Token     string        `env:"ROLLCALL_BENCH_TOKEN" placeholder:"TOKEN" help:"Bearer token."`
	Operation string        `default:"mixed" help:"What to ask: create, get, filter, list, patch, or mixed (${default})."`
	Clients   int           `default:"32" help:"How many ask at once (${default})."`
	Duration  time.Duration `default:"10s" help:"For how long (${default})."`
	People    int           `default:"200" help:"How many users to create beforehand, to ask for (${default})."`
	Keep      bool          `help:"Leave the users that were created beforehand; otherwise those are deleted. What \"create\" makes always stays."`
}

func (c *loadCmd) Run(a *app) (err error) {
	if c.Clients < 1 || c.People < 1 || c.Duration <= 0 {
		return errors.New("there must be at least one client, one user, and some time")
	}
	t := newTarget("server", c.URL, c.Token)
	if err := t.settle(a.ctx, c.People); err != nil {
		return err
	}
	if !c.Keep {
		defer func() { err = errors.Join(err, t.unsettle(context.WithoutCancel(a.ctx))) }()
	}
	r, err := load(a.ctx, t, c.Operation, c.Clients, c.Duration)
	if err != nil {
		return err
	}
	if err := writeJSON(a.stdout, r); err != nil {
		return err
	}
	if r.Errors > 0 {
		return fmt.Errorf("%d of %d answers were wrong or did not come; the first: %s", r.Errors, r.Errors+r.Requests, r.Error)
	}
	return nil
}

// unsettle deletes whom settle has created.
func (t *target) unsettle(ctx context.Context) error {
	var buffer bytes.Buffer
	for _, who := range t.people {
		e := exchange{"DELETE", "/Users/" + who.id, nil, func(status int, body []byte) error {
			if status/100 != 2 {
				return fmt.Errorf("status %d: %.300s", status, body)
			}
			return nil
		}}
		if err := t.ask(ctx, e, &buffer); err != nil {
			return err
		}
	}
	return nil
}
