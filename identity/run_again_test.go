package identity_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
)

// interrupted is a store that runs every function twice: the first time it fails where it binds somebody, gives a role or records an event, as it does on a server
// where somebody else was in the way.
type interrupted struct {
	identity.Store
	runs int
}

var errInterrupted = errors.New("somebody else was in the way")

func (s *interrupted) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	err := s.Store.Do(ctx, lock, func(tx identity.Tx) error { return fn(interruptedTx{tx}) })
	if errors.Is(err, errInterrupted) {
		s.runs++
		return s.Store.Do(ctx, lock, fn)
	}
	return err
}

type interruptedTx struct{ identity.Tx }

func (interruptedTx) Record(context.Context, identity.Event) error          { return errInterrupted }
func (interruptedTx) InsertBinding(context.Context, identity.Binding) error { return errInterrupted }
func (interruptedTx) PutGrant(context.Context, identity.Grant) error        { return errInterrupted }

func TestWhatRunsAgainDoesWhatWasAskedFor(t *testing.T) {
	w := newWorld(t)
	org := w.org("Acme")
	user := w.must(org, provider, person("ada@acme.example"))
	again := &interrupted{Store: w.under}
	service := identity.NewService(again, w.clock, system.IDs{}, identity.EmailPolicy{})
	for name, act := range map[string]func(t *testing.T){
		"a person is bound": func(t *testing.T) {
			b, err := service.Bind(w.ctx, operator, identity.Binding{Issuer: "https://issuer", Subject: "ada", Org: org, Account: user.ID})
			require.NoError(t, err)
			require.Equal(t, user.ID, b.Account)
		},
		"a role is given": func(t *testing.T) {
			g, err := service.Grant(w.ctx, operator, identity.Grant{Org: org, Issuer: "https://issuer", Subject: "bob", Role: identity.RoleFull})
			require.NoError(t, err)
			require.Equal(t, "bob", g.Subject)
		},
		"a connector is changed": func(t *testing.T) {
			n, err := service.CreateConnector(w.ctx, operator, identity.Connector{Org: org, Name: "Head office", Kind: "ad", Settings: json.RawMessage(`{"url":"ldaps://one"}`)})
			require.NoError(t, err)
			n.Settings = json.RawMessage(`{"url":"ldaps://two"}`)
			_, err = service.ChangeConnector(w.ctx, operator, n)
			require.NoError(t, err)
			stored, err := w.under.Connector(w.ctx, org, n.ID)
			require.NoError(t, err)
			require.JSONEq(t, `{"url":"ldaps://two"}`, string(stored.Settings))
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := again.runs
			act(t)
			require.Greater(t, again.runs, before, "it did not run again")
		})
	}
}

// snatched is a store in which the address that an act looks for is given up after its first run, and is somebody's again when the second one
// takes it, having seen that it was free.
type snatched struct {
	identity.Store
	runs        int
	giveUp, get func()
}

func (s *snatched) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	s.runs++
	if s.runs != 2 {
		return s.Store.Do(ctx, lock, fn)
	}
	s.giveUp()
	err := s.Store.Do(ctx, lock, func(tx identity.Tx) error { return fn(snatchedTx{tx}) })
	s.get()
	return err
}

type snatchedTx struct{ identity.Tx }

func (snatchedTx) InsertAccount(context.Context, identity.Account, []identity.Hold) error {
	return &identity.Error{Kind: identity.Conflict, Rule: identity.RuleEmailTaken, Err: errors.New("UNIQUE constraint failed")}
}

func TestEML15_WhyAnAddressCannotBeHadIsToldHoweverOftenItChangesHands(t *testing.T) {
	w := newWorld(t)
	there, here := w.org("Globex"), w.claimant("Acme", "acme.example")
	ada := w.must(there, provider, person("ada@acme.example"))
	service := identity.NewService(&snatched{Store: w.under,
		giveUp: func() { require.NoError(t, w.delete(provider, ada)) },
		get:    func() { w.must(there, provider, person("ada@acme.example")) },
	}, w.clock, system.IDs{}, identity.EmailPolicy{})
	refusedWith(t, service.Transact(w.ctx, here, provider, func(c *identity.Acts) error {
		_, err := c.Create(w.ctx, person("ada@acme.example"), identity.Origin{Source: identity.SourceSCIM})
		return err
	}), identity.RuleEmailClaimable)
}
