package notify_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/notify"
	"rollcall/store/fresh"
)

const (
	baseURL = "https://id.example.org"
	path    = "/links?key="
	sender  = "Rollcall <no-reply@id.example.org>"
	secret  = "CANARYSECRETOFALINK"
)

var (
	t0       = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	linkEnds = time.Date(2026, 3, 20, 8, 30, 0, 0, time.UTC)
	operator = identity.Actor{Kind: identity.Operator, Name: "the operator"}
)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// record collects a log that several goroutines write.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}

// world is a service over a real store, with one organization.
type world struct {
	*identity.Service
	store identity.Store
	t     *testing.T
	ctx   context.Context
	clock *clock
	org   identity.OrgID
	log   *record
	sent  int // messages that were enqueued
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s := fresh.Open(t)
	w := &world{store: s, t: t, ctx: t.Context(), clock: &clock{now: t0}, log: &record{}}
	w.Service = identity.NewService(s, w.clock, system.IDs{}, identity.EmailPolicy{NonASCIILocalParts: true})
	o, err := w.CreateOrganization(w.ctx, operator, identity.Organization{Name: "Acme", Kind: identity.Customer})
	require.NoError(t, err)
	w.org = o.ID
	require.NoError(t, w.Transact(w.ctx, w.org, operator, func(c *identity.Acts) error {
		a, err := c.Create(w.ctx, identity.Draft{UserName: "ada", Active: true}, identity.Origin{Source: identity.SourceManual})
		if err != nil {
			return err
		}
		return c.Tx().InsertLink(w.ctx, identity.Link{Hash: identity.HashSecret(secret), Org: w.org, Account: a.ID, Purpose: identity.LinkInvitation,
			Address: "ada@corp.example", CreatedAt: t0, ExpiresAt: linkEnds})
	}))
	return w
}

// changeLink changes the one link that the mails of a test have.
func (w *world) changeLink(change func(tx identity.Tx, l identity.Link) error) {
	w.t.Helper()
	l, err := w.Reader().LinkByHash(w.ctx, identity.HashSecret(secret))
	require.NoError(w.t, err)
	require.NoError(w.t, w.Transact(w.ctx, w.org, operator, func(c *identity.Acts) error { return change(c.Tx(), l) }))
}

func (w *world) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (w *world) deliverer(transport notify.Transport) *notify.Deliverer {
	w.t.Helper()
	d, err := notify.New(notify.Options{Service: w.Service, From: sender, BaseURL: baseURL, LinkPath: path, Transport: transport, Log: w.logger()})
	require.NoError(w.t, err)
	return d
}

// invite enqueues an invitation.
func (w *world) invite(to string) identity.Message {
	w.t.Helper()
	return w.enqueue(identity.MessageInvitation, to, map[string]string{"link": secret, "organization": "Acme", "name": "Ada"})
}

func (w *world) enqueue(kind identity.MessageKind, to string, data map[string]string) identity.Message {
	w.t.Helper()
	w.sent++
	m := identity.Message{ID: identity.MessageID(w.NewID()), Org: w.org, Kind: kind, To: to, Key: strconv.Itoa(w.sent), Data: data,
		State: identity.MessageWaiting, NextAt: w.Now(), CreatedAt: w.Now()}
	require.NoError(w.t, w.Transact(w.ctx, w.org, operator, func(c *identity.Acts) error {
		_, err := c.Tx().Enqueue(w.ctx, m)
		return err
	}))
	return m
}

func (w *world) message(m identity.Message) identity.Message {
	w.t.Helper()
	now, err := w.Reader().Message(w.ctx, m.Org, m.ID)
	require.NoError(w.t, err)
	return now
}

// deliver runs a round and returns how many messages it settled.
func (w *world) deliver(d *notify.Deliverer) int {
	w.t.Helper()
	n, err := d.Deliver(w.ctx, 100)
	require.NoError(w.t, err)
	return n
}

// post is a transport that keeps mails, or fails as the test says.
type post struct {
	mu     sync.Mutex
	mails  []notify.Mail
	opened int
	closed int
	open   error
	fail   func(notify.Mail) error
	before func()
}

var errDown = errors.New("connection refused")

func (p *post) Open(context.Context) (notify.Connection, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opened++
	if p.open != nil {
		return nil, p.open
	}
	return p, nil
}

func (p *post) Send(_ context.Context, m notify.Mail) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.before != nil {
		p.before()
	}
	if p.fail != nil {
		if err := p.fail(m); err != nil {
			return err
		}
	}
	p.mails = append(p.mails, m)
	return nil
}

func (p *post) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed++
}
