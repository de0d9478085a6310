package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestASecretIsStoredWithItsConnectorAndNotTold(t *testing.T) {
	w := newWorld(t)
	org := w.org("Corp")
	id := identity.ConnectorID(w.NewID())
	n, err := w.CreateConnector(w.ctx, operator, identity.Connector{ID: id, Org: org, Name: "AD", Kind: "ad", Settings: []byte(`{"filter":"(a=b)"}`), Secret: "sealed one"})
	require.NoError(t, err)
	require.Equal(t, id, n.ID, "a secret is sealed for the id before the connector is stored")
	mode := func() identity.SyncMode {
		o, err := w.Reader().Organization(w.ctx, org)
		require.NoError(t, err)
		return o.SyncMode
	}
	_, err = w.ChangeOrganization(w.ctx, operator, org, func(o identity.Organization) identity.Organization {
		o.SyncMode = identity.SyncManual
		return o
	})
	require.NoError(t, err)

	w.clock.move(time.Hour)
	changed := n
	changed.Secret = "sealed two"
	changed, err = w.ChangeConnector(w.ctx, operator, changed)
	require.NoError(t, err)
	stored, err := w.Reader().Connector(w.ctx, org, id)
	require.NoError(t, err)
	require.Equal(t, stored, changed)
	require.Equal(t, "sealed two", stored.Secret)
	require.Equal(t, n.UpdatedAt, stored.UpdatedAt, "a new password outdates no plan")
	require.Equal(t, identity.SyncManual, mode())

	changed.Settings, changed.Secret = []byte(`{"filter":"(a=c)"}`), "sealed three"
	changed, err = w.ChangeConnector(w.ctx, operator, changed)
	require.NoError(t, err)
	require.True(t, changed.UpdatedAt.After(n.UpdatedAt))
	require.Equal(t, identity.SyncRegistered, mode())

	require.NoError(t, w.ResealConnector(w.ctx, operator, org, id, "sealed three", "sealed anew"))
	refusedWith(t, w.ResealConnector(w.ctx, operator, org, id, "sealed three", "sealed again"), identity.RuleVersionMismatch)
	stored, err = w.Reader().Connector(w.ctx, org, id)
	require.NoError(t, err)
	require.Equal(t, "sealed anew", stored.Secret)
	require.Equal(t, changed.UpdatedAt, stored.UpdatedAt)

	events, err := w.Reader().Events(w.ctx, org, identity.EventQuery{Limit: 100})
	require.NoError(t, err)
	var told []string
	for _, e := range events {
		require.NotContains(t, string(e.Evidence), "sealed ", "nothing of a secret is in an event")
		if e.Kind == identity.ConnectorChanged {
			told = append(told, string(e.Evidence))
		}
	}
	require.Len(t, told, 3)
	require.Contains(t, told[0]+told[2], `"changed":["bindPassword"]`)
	require.Contains(t, told[1], `"changed":["filter","bindPassword"]`)
}
