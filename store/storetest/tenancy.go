package storetest

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// property is one thing of each kind, all of one organization.
type property struct {
	account   identity.Account
	boss      identity.AccountID // who is named in the account's profile
	event     identity.Event
	token     identity.Token
	grant     identity.Grant
	domain    identity.Domain
	challenge identity.Challenge
	connector identity.Connector
	plan      identity.Plan
	run       identity.Run
	schedule  identity.Schedule
	binding   identity.Binding
	partner   identity.Relationship // that the organization manages; the same one manages it
	provider  identity.IdentityProvider
	link      identity.Link
	exchange  identity.Exchange
	photo     identity.AccountPhoto
	staged    identity.PlanPhoto
	work      work
	moves     moves
}

// crossing are the methods of identity.Reader that look into all organizations, by what they are for.
var crossing = map[string]string{
	"Organization":       "finds an organization",
	"Organizations":      "finds all organizations",
	"Tombstone":          "finds an organization that was deleted",
	"Tombstones":         "finds all organizations that were deleted",
	"AccountsDue":        "finds everybody whose retention is over",
	"EmailChangesDue":    "finds everybody who has not confirmed a new address",
	"Binding":            "finds the account of a person, wherever it is",
	"IdentityProviderOf": "finds out whose people an issuer speaks for",
	"LinkByHash":         "finds out which account a mailed link is for",
	"Receipt":            "finds the answer to a caller, who is of no organization",
	"ClockWatch":         "is one for the whole store",
	"SharedNow":          "is one for the whole store",
	"MessagesDue":        "finds every mail that is to be delivered",
	"JobsOpen":           "finds every job that is to be done",
	"PlansToDrop":        "finds plans that are too old to be kept",
	"SchedulesDue":       "finds every connector that is to synchronize",
	"Hold":               "finds the holder of an address, wherever it is",
	"HoldsAmong":         "finds the holders of addresses, wherever they are",
	"TokenByHash":        "finds out which organization a bearer token is for",
	"GrantsOf":           "finds out in which organizations a person has a role",
	"DomainHolders":      "finds every organization that verified a domain",
}

// walk asks for the property p in an organization, by every method of identity.Reader that is not crossing.
var walk = map[string]func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error){
	"Account": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Account(ctx, org, p.account.ID)
	},
	"AccountByUserName": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.AccountByUserName(ctx, org, identity.KeyOfUserName(p.account.UserName))
	},
	"AccountFor": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		a, good, err := r.AccountFor(ctx, identity.AccountKey{Org: org, ID: p.account.ID}, p.token.Hash)
		if err == nil && !good {
			err = errors.New("the token is good")
		}
		return a, err
	},
	"Accounts": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Accounts(ctx, org, identity.AccountQuery{Limit: 10})
	},
	"CountAccounts": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.CountAccounts(ctx, org, &identity.Compare{Field: identity.FieldEmail, Op: identity.Present})
	},
	"CountUsers": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.CountUsers(ctx, org)
	},
	"LinkedAccounts": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.LinkedAccounts(ctx, org, p.connector.ID, []identity.ObjectID{p.account.Directory.Object})
	},
	"ProfilesNaming": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.ProfilesNaming(ctx, org, p.connector.ID, []identity.AccountID{p.boss})
	},
	"SettledAmong": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.SettledAmong(ctx, org, []identity.AccountID{p.account.ID})
	},
	"AccountsAmong": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.AccountsAmong(ctx, org, []identity.AccountID{p.account.ID})
	},
	"ConnectorAccounts": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.ConnectorAccounts(ctx, org, p.connector.ID, "", 10)
	},
	"Photos": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Photos(ctx, org, "", 10)
	},
	"PhotosOf": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.PhotosOf(ctx, org, []identity.AccountID{p.account.ID})
	},
	"PhotoContent": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.PhotoContent(ctx, org, p.account.ID)
	},
	"PlanPhoto": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.PlanPhoto(ctx, org, p.plan.ID, p.staged.Digest)
	},
	"Tokens": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Tokens(ctx, org)
	},
	"Exchanges": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Exchanges(ctx, org, identity.ExchangeQuery{Token: p.token.ID, Limit: 10})
	},
	"Grants": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Grants(ctx, org)
	},
	"Domains": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Domains(ctx, org)
	},
	"Challenge": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Challenge(ctx, org, p.challenge.Name)
	},
	"Challenges": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Challenges(ctx, org)
	},
	"BindingsOf": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.BindingsOf(ctx, org, p.account.ID)
	},
	"FullAdministrators": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.FullAdministrators(ctx, org)
	},
	"ManagedBy": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.ManagedBy(ctx, org)
	},
	"Manages": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Manages(ctx, org)
	},
	"IdentityProviders": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.IdentityProviders(ctx, org)
	},
	"Chain": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Chain(ctx, org, 0, 10)
	},
	"ChainHead": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		seq, _, err := r.ChainHead(ctx, org)
		return seq, err
	},
	"Event": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Event(ctx, org, p.event.ID)
	},
	"Events": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Events(ctx, org, identity.EventQuery{Account: p.account.ID, Limit: 10})
	},
	"Connector": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Connector(ctx, org, p.connector.ID)
	},
	"Connectors": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Connectors(ctx, org)
	},
	"Schedule": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Schedule(ctx, org, p.connector.ID)
	},
	"Plan": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Plan(ctx, org, p.plan.ID)
	},
	"Plans": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Plans(ctx, org, p.connector.ID, "", 10)
	},
	"Run": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Run(ctx, org, p.run.ID)
	},
	"Runs": func(ctx context.Context, r identity.Reader, org identity.OrgID, p property) (any, error) {
		return r.Runs(ctx, org, p.connector.ID, "", 10)
	},
}

// trespass tries to change the property p as if it were org's, by every method of identity.Tx that names an organization.
var trespass = map[string]func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error{
	"UpdateAccount": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		p.account.Org = org
		return tx.UpdateAccount(ctx, p.account, nil)
	},
	"DeleteAccount": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		return tx.DeleteAccount(ctx, org, p.account.ID, p.account.Version)
	},
	"MarkInvited": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		return tx.MarkInvited(ctx, org, p.account.ID, start)
	},
	"UseLink": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		return tx.UseLink(ctx, org, p.link.Hash, start)
	},
	"DeleteRelationship": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		return tx.DeleteRelationship(ctx, org, p.partner.Managed)
	},
	"DeleteIdentityProvider": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		return tx.DeleteIdentityProvider(ctx, org, p.provider.Issuer)
	},
	"RevokeToken": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		return tx.RevokeToken(ctx, org, p.token.ID, start)
	},
	"InsertExchange": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		p.exchange.Org, p.exchange.At = org, start.Add(time.Hour)
		return tx.InsertExchange(ctx, p.exchange)
	},
	"DeleteBinding": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		return tx.DeleteBinding(ctx, org, p.binding.Issuer, p.binding.Subject)
	},
	"DeleteGrant": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		return tx.DeleteGrant(ctx, org, p.grant.Issuer, p.grant.Subject)
	},
	"DeleteDomain": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		return tx.DeleteDomain(ctx, org, p.domain.Name)
	},
	"UpdateConnector": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		p.connector.Org = org
		return tx.UpdateConnector(ctx, p.connector)
	},
	"DeleteConnector": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		return tx.DeleteConnector(ctx, org, p.connector.ID)
	},
	"UpdatePlan": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		p.plan.Org = org
		return tx.UpdatePlan(ctx, p.plan)
	},
	"DeletePhoto": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		return tx.DeletePhoto(ctx, org, p.account.ID)
	},
	"DropPlan": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		p.plan.Org, p.plan.DroppedAt = org, start
		return tx.DropPlan(ctx, p.plan)
	},
	"UpdateRun": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		p.run.Org = org
		return tx.UpdateRun(ctx, p.run)
	},
	"UpdateSchedule": func(ctx context.Context, tx identity.Tx, org identity.OrgID, p property) error {
		p.schedule.Org, p.schedule.Failures = org, 9
		return tx.UpdateSchedule(ctx, p.schedule)
	},
}

func testTenancy(t *testing.T, w world) {
	p := w.property(t)
	methods := reflect.TypeFor[identity.Reader]()
	for method := range methods.Methods() {
		name := method.Name
		if crossing[name] != "" || crossingClaims[name] != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			ask := walk[name]
			for _, more := range []map[string]func(context.Context, identity.Reader, identity.OrgID, property) (any, error){walkWork, walkClaims} {
				if ask == nil {
					ask = more[name]
				}
			}
			require.NotNil(t, ask, "identity.Reader has a new method: say in walk how to ask for somebody else's property, or why not in crossing")
			found := func(r identity.Reader, org identity.OrgID) bool {
				v, err := ask(ctx, r, org, p)
				if identity.IsNotFound(err) {
					return false
				}
				require.NoError(t, err)
				return !empty(v)
			}
			require.True(t, found(w.store, w.own), "the owner finds it")
			require.False(t, found(w.store, w.other), "another organization does not")
			require.False(t, found(w.store, "no such organization"))
			require.NoError(t, w.do(func(tx identity.Tx) error {
				require.True(t, found(tx, w.own), "the owner finds it in a transaction")
				require.False(t, found(tx, w.other), "another organization does not")
				return nil
			}))
		})
	}
	for _, changes := range []map[string]func(context.Context, identity.Tx, identity.OrgID, property) error{trespass, trespassWork, trespassClaims} {
		for name, change := range changes {
			t.Run(name, func(t *testing.T) {
				err := w.do(func(tx identity.Tx) error { return change(ctx, tx, w.other, p) })
				require.True(t, identity.IsNotFound(err), "%v", err)
			})
		}
	}
	t.Run("ReleaseHolds", func(t *testing.T) {
		w.must(t, func(tx identity.Tx) error { return tx.ReleaseHolds(ctx, w.other, p.account.ID) })
		h, err := w.store.Hold(ctx, "ada@example.com")
		require.NoError(t, err)
		require.Equal(t, identity.Hold{Key: "ada@example.com", Org: w.own, Account: p.account.ID, Kind: identity.HoldPrimary}, h)
	})
	t.Run("DropPlanPhotos", func(t *testing.T) {
		w.must(t, func(tx identity.Tx) error { return tx.DropPlanPhotos(ctx, w.other, p.plan.ID) })
	})
	t.Run("DeleteLinks", func(t *testing.T) {
		w.must(t, func(tx identity.Tx) error { return tx.DeleteLinks(ctx, w.other, p.account.ID, p.link.Purpose) })
	})
	t.Run("TrimExchanges", func(t *testing.T) {
		w.must(t, func(tx identity.Tx) error { return tx.TrimExchanges(ctx, w.other, p.token.ID, 1) })
		w.must(t, func(tx identity.Tx) error { return tx.TrimExchanges(ctx, w.other, p.token.ID, 0) })
	})
	t.Run("PurgeOrganization", func(t *testing.T) {
		w.must(t, func(tx identity.Tx) error {
			n, err := tx.PurgeOrganization(ctx, w.other, 1000)
			require.Zero(t, n)
			return err
		})
	})
	t.Run("nothing has been changed by others", func(t *testing.T) {
		require.Equal(t, p, w.read(t, p))
	})
}

func empty(v any) bool {
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Slice && r.Len() == 0 || r.IsZero()
}

// property stores one thing of each kind for the first organization.
func (w world) property(t testing.TB) property {
	t.Helper()
	p := property{connector: w.connector(t, w.own, "Head office")}
	p.account = w.account(w.own, "ada@example.com")
	p.account.Emails = []identity.AccountEmail{{Value: "ada@example.com"}}
	p.account.Directory = &identity.DirectoryLink{Connector: p.connector.ID, Object: "1"}
	p.boss = identity.AccountID(w.ids.New())
	p.account.Profile = identity.Profile(`{"manager":{"value":"` + string(p.boss) + `"}}`)
	w.add(t, p.account, hold("ada@example.com", identity.HoldPrimary))
	p.plan = w.plan(t, p.connector)
	p.run = w.run(t, p.plan)
	p.photo = w.photo(t, p.account, "photo")
	p.staged = w.waiting(t, identity.PlanPhoto{Org: w.own, Connector: p.connector.ID, Plan: p.plan.ID, StagedAt: start}, "staged")
	p.schedule = w.schedule(t, p.connector)
	p.event = identity.Event{ID: identity.EventID(w.ids.New()), Org: w.own, At: start, Kind: identity.AccountCreated, Account: p.account.ID}
	p.token = identity.Token{ID: identity.TokenID(w.ids.New()), Org: w.own, Name: "okta", Profile: "okta", Hash: "h1", CreatedAt: start}
	p.grant = identity.Grant{Org: w.own, Issuer: "https://idp", Subject: "s", Role: identity.RoleFull, CreatedAt: start}
	p.domain = identity.Domain{Org: w.own, Name: "example.com", State: identity.DomainVerified, UpdatedAt: start}
	p.challenge = identity.Challenge{Org: w.own, Name: "example.org", Token: "t", CreatedAt: start}
	p.binding = identity.Binding{Issuer: "https://idp", Subject: "s", Org: w.own, Account: p.account.ID, CreatedAt: start}
	p.partner = identity.Relationship{Managing: w.own, Managed: w.organization(t), Role: identity.RoleUser, CreatedAt: start}
	back := identity.Relationship{Managing: p.partner.Managed, Managed: w.own, Role: identity.RoleUser, CreatedAt: start}
	p.provider = identity.IdentityProvider{Org: w.own, Issuer: "https://own", Audience: "rollcall", Active: true, CreatedAt: start, UpdatedAt: start}
	p.link = identity.Link{Hash: "l1", Org: w.own, Account: p.account.ID, Purpose: identity.LinkInvitation, Address: "ada@example.com",
		CreatedAt: start, ExpiresAt: start}
	p.exchange = w.exchange(p.token, start)
	for _, write := range []func(identity.Tx) error{
		func(tx identity.Tx) error { return tx.InsertBinding(ctx, p.binding) },
		func(tx identity.Tx) error {
			return errors.Join(tx.PutRelationship(ctx, p.partner), tx.PutRelationship(ctx, back))
		},
		func(tx identity.Tx) error { return tx.PutIdentityProvider(ctx, p.provider) },
		func(tx identity.Tx) error { return tx.InsertLink(ctx, p.link) },
		func(tx identity.Tx) error { return tx.Record(ctx, p.event) },
		func(tx identity.Tx) error { return tx.InsertToken(ctx, p.token) },
		func(tx identity.Tx) error { return tx.InsertExchange(ctx, p.exchange) },
		func(tx identity.Tx) error { return tx.PutGrant(ctx, p.grant) },
		func(tx identity.Tx) error { return tx.PutDomain(ctx, p.domain) },
		func(tx identity.Tx) error { return tx.PutChallenge(ctx, p.challenge) },
	} {
		w.must(t, write)
	}
	var err error
	p.event, err = w.store.Event(ctx, w.own, p.event.ID)
	require.NoError(t, err, "with its place in the chain")
	p.work = w.work(t, p.account)
	p.account.InGroups = true // the group of its work
	p.moves = w.moves(t, p.account, p.partner.Managed)
	return p
}

// read reads a property again.
func (w world) read(t testing.TB, p property) property {
	t.Helper()
	got := property{boss: p.boss}
	var err error
	got.account, err = w.store.Account(ctx, w.own, p.account.ID)
	require.NoError(t, err)
	got.event, err = w.store.Event(ctx, w.own, p.event.ID)
	require.NoError(t, err)
	got.connector, err = w.store.Connector(ctx, w.own, p.connector.ID)
	require.NoError(t, err)
	got.plan, err = w.store.Plan(ctx, w.own, p.plan.ID)
	require.NoError(t, err)
	photos, err := w.store.PhotosOf(ctx, w.own, []identity.AccountID{p.account.ID})
	require.NoError(t, err)
	require.Len(t, photos, 1)
	got.photo, got.staged = photos[0], p.staged
	_, err = w.store.PlanPhoto(ctx, w.own, p.plan.ID, p.staged.Digest)
	require.NoError(t, err)
	got.schedule, err = w.store.Schedule(ctx, w.own, p.connector.ID)
	require.NoError(t, err)
	got.run, err = w.store.Run(ctx, w.own, p.run.ID)
	require.NoError(t, err)
	got.token, err = w.store.TokenByHash(ctx, p.token.Hash)
	require.NoError(t, err)
	grants, err := w.store.GrantsOf(ctx, p.grant.Issuer, p.grant.Subject)
	require.NoError(t, err)
	require.Len(t, grants, 1)
	domains, err := w.store.DomainHolders(ctx, p.domain.Name)
	require.NoError(t, err)
	require.Len(t, domains, 1)
	got.grant, got.domain = grants[0], domains[0]
	got.binding, err = w.store.Binding(ctx, p.binding.Issuer, p.binding.Subject)
	require.NoError(t, err)
	got.challenge, err = w.store.Challenge(ctx, w.own, p.challenge.Name)
	require.NoError(t, err)
	got.provider, err = w.store.IdentityProviderOf(ctx, p.provider.Issuer)
	require.NoError(t, err)
	got.link, err = w.store.LinkByHash(ctx, p.link.Hash)
	require.NoError(t, err)
	partners, err := w.store.Manages(ctx, w.own)
	require.NoError(t, err)
	require.Len(t, partners, 1)
	got.partner = partners[0]
	exchanges, err := w.store.Exchanges(ctx, w.own, identity.ExchangeQuery{Token: p.token.ID, Limit: 10})
	require.NoError(t, err)
	require.Len(t, exchanges, 1)
	got.exchange = exchanges[0]
	got.work = w.readWork(t, p.account, p.work)
	got.moves = w.readMoves(t, p.account, p.moves)
	return got
}
