package model_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store"
)

var t0 = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

const issuer = "https://login.example.net"

// The organizations' names are such that they can be looked for in what others see (I11).
var (
	orgNames = []string{"Personal accounts", "Asterworks", "Boragehouse", "Cressfields", "Dillpartners", "Elderpartners"}
	aliases  = []string{"", "aster.example", "borage.example", "cress.example", "dill.example", "elder.example"}
)

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

// actual is the real thing: a service over a real store, and which of its ids have which numbers in the model.
type actual struct {
	*identity.Service
	t        require.TestingT
	ctx      context.Context
	clock    *clock
	store    *store.Store
	raw      *sql.DB // to look at the tables
	tables   []*sql.Stmt
	orgs     []identity.OrgID
	accounts []identity.AccountID
	claims   []identity.ClaimID
	groups   []identity.GroupID
	paid     []identity.SubscriptionID
	links    []identity.ConnectorID
	read     []int64                    // how far each organization's events have been counted
	told     map[telling]int            // how often each kind was
	before   map[int]identity.Account   // the old accounts of claims as they were
	seen     map[string]bool            // ids, none of which is ever used again (I6)
	gone     map[identity.AccountID]int // accounts that were deleted, and whose they were
}

// origin is a store with the world in it that every sequence begins with. Making it takes longer than a sequence, so it is made once
// and copied.
type origin struct {
	file     []byte
	orgs     []identity.OrgID
	accounts []identity.AccountID
	groups   []identity.GroupID
	paid     []identity.SubscriptionID
	links    []identity.ConnectorID
}

var admin = identity.Actor{Kind: identity.Administrator, ID: issuer + "|admin", Name: "Somebody", Standing: identity.StandingOwn}
var operator = identity.Actor{Kind: identity.Operator, Name: "the operator"}
var feed = identity.Actor{Kind: identity.Provider, ID: "t1", Name: "Entra"}
var run = identity.Actor{Kind: identity.ConnectorRun, ID: "c1", Name: "AD"}

func newOrigin(t *testing.T) *origin {
	t.Helper()
	path := filepath.Join(t.TempDir(), "origin.db")
	o := &origin{orgs: []identity.OrgID{identity.ConsumerOrgID}, groups: []identity.GroupID{""}, paid: []identity.SubscriptionID{""}, links: []identity.ConnectorID{""}}
	s, err := store.Open(t.Context(), "sqlite:"+path)
	require.NoError(t, err)
	x := &actual{Service: identity.NewService(s, &clock{now: t0}, system.IDs{}, identity.EmailPolicy{}), t: t, ctx: t.Context()}
	for i, name := range orgNames[1:] {
		x.makeOrganization(t, o, i+1, name)
	}
	x.orgs = o.orgs
	people := len(o.accounts)
	for _, e := range opening {
		id, _, err := x.perform(e, people)
		require.NoError(t, err)
		if id != "" {
			o.accounts = append(o.accounts, id)
			people++
		}
	}
	require.NoError(t, s.Close())
	raw, err := sql.Open("sqlite3", "file:"+path)
	require.NoError(t, err)
	_, err = raw.ExecContext(t.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`)
	require.NoError(t, err)
	require.NoError(t, raw.Close())
	o.file, err = os.ReadFile(path)
	require.NoError(t, err)
	return o
}

func (x *actual) makeOrganization(t *testing.T, o *origin, number int, name string) {
	t.Helper()
	draftOf := identity.Organization{Name: name, Kind: identity.Customer}
	if number == 3 {
		draftOf.Region = "far"
	}
	if number > 3 {
		draftOf.Kind = identity.Partner
	}
	org, err := x.CreateOrganization(x.ctx, operator, draftOf)
	require.NoError(t, err)
	o.orgs = append(o.orgs, org.ID)
	var link identity.ConnectorID
	if number < 3 {
		c, err := x.CreateConnector(x.ctx, operator, identity.Connector{Org: org.ID, Name: "AD", Kind: "ad", Settings: []byte(`{}`)})
		require.NoError(t, err)
		link = c.ID
		_, err = x.DisableSync(x.ctx, operator, org.ID)
		require.NoError(t, err)
	}
	o.links = append(o.links, link)
	o.paid = append(o.paid, x.subscribe(t, org.ID, number))
	if number == 3 {
		_, err = x.PutTemplate(x.ctx, operator, org.ID, "", []identity.Licence{lite})
		require.NoError(t, err)
	}
	_, err = x.AttestDomain(x.ctx, operator, org.ID, aliases[number])
	require.NoError(t, err)
	var root identity.Account
	require.NoError(t, x.Transact(x.ctx, org.ID, operator, func(c *identity.Acts) error {
		root, err = c.Create(x.ctx, draft("root@"+aliases[number]), identity.Origin{Source: identity.SourceManual})
		return err
	}))
	o.accounts = append(o.accounts, root.ID)
	x.tie(org.ID, root.ID, number-1)
	_, err = x.SignInCaller(x.ctx, x.caller(t, number-1), identity.Request{})
	require.NoError(t, err)
	_, err = x.GrantTo(x.ctx, operator, org.ID, root.ID, identity.RoleFull)
	require.NoError(t, err)
	require.NoError(t, x.Transact(x.ctx, org.ID, operator, func(c *identity.Acts) error {
		g, err := c.CreateGroup(x.ctx, "everybody", "", identity.Origin{Source: identity.SourceManual})
		o.groups = append(o.groups, g.ID)
		return err
	}))
}

// subscribe gives a customer its subscriptions and returns the one that is paid for.
func (x *actual) subscribe(t *testing.T, org identity.OrgID, number int) identity.SubscriptionID {
	t.Helper()
	if number > 3 {
		return ""
	}
	put := func(licence identity.Licence, kind identity.SubscriptionType) identity.SubscriptionID {
		s, err := x.PutSubscription(x.ctx, operator, identity.Subscription{Org: org, Name: string(licence), Type: kind, Status: identity.SubscriptionActive,
			Pools: []identity.Pool{{Licence: licence, Seats: 2}}})
		require.NoError(t, err)
		return s.ID
	}
	if number == 2 {
		put(lite, identity.OnlineTrial)
	} else {
		put(lite, identity.Free)
	}
	return put(pro, identity.Paid)
}

// begin opens a copy of the origin.
func (o *origin) begin(t *testing.T, r require.TestingT, dir string) (x *actual, end func()) {
	path := filepath.Join(dir, "rollcall.db")
	require.NoError(r, os.MkdirAll(dir, 0o700))
	require.NoError(r, os.WriteFile(path, o.file, 0o600))
	s, err := store.Open(t.Context(), "sqlite:"+path)
	require.NoError(r, err)
	raw, err := sql.Open("sqlite3", "file:"+path+"?mode=ro&_query_only=1&_busy_timeout=10000")
	require.NoError(r, err)
	raw.SetMaxOpenConns(1)
	c := &clock{now: t0}
	x = &actual{Service: identity.NewService(s, c, system.IDs{}, identity.EmailPolicy{}), t: r, ctx: t.Context(), clock: c, store: s, raw: raw,
		orgs: o.orgs, accounts: append([]identity.AccountID{}, o.accounts...), groups: o.groups, paid: o.paid, links: o.links,
		read: make([]int64, len(o.orgs)), told: map[telling]int{}, before: map[int]identity.Account{}, seen: map[string]bool{}, gone: map[identity.AccountID]int{}}
	for i, org := range o.orgs {
		x.read[i], _, err = s.ChainHead(x.ctx, org)
		require.NoError(r, err)
	}
	for _, id := range x.accounts {
		x.seen[string(id)] = true
	}
	return x, func() {
		require.NoError(r, raw.Close())
		require.NoError(r, s.Close())
		require.NoError(r, os.RemoveAll(dir))
	}
}

func draft(address string, others ...string) identity.Draft {
	d := identity.Draft{UserName: address, Emails: []identity.AccountEmail{{Value: address, Type: "work", Primary: true}}, Active: true}
	for _, o := range others {
		d.Emails = append(d.Emails, identity.AccountEmail{Value: o, Type: "home"})
	}
	return d
}

func subject(person int) string { return fmt.Sprint("person", person) }

func (x *actual) set(org identity.OrgID, edit func(*identity.Organization)) error {
	_, err := x.ChangeOrganization(x.ctx, operator, org, func(o identity.Organization) identity.Organization {
		edit(&o)
		return o
	})
	return err
}

// tie lets a person sign in to an account, on the operator's word.
func (x *actual) tie(org identity.OrgID, id identity.AccountID, person int) {
	_, err := x.Bind(x.ctx, operator, identity.Binding{Issuer: issuer, Subject: subject(person), Org: org, Account: id})
	require.NoError(x.t, err)
}

func (x *actual) caller(t require.TestingT, person int) identity.Caller {
	c, err := x.Caller(x.ctx, identity.Person{Issuer: issuer, Subject: subject(person), Name: subject(person)})
	require.NoError(t, err)
	return c
}
