package identity_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestDIR03_AChangeOfAConnectorOutdatesItsPlans(t *testing.T) {
	for name, c := range map[string]struct {
		settings string
		changed  string // as the audit has it; empty: nothing happens
	}{
		"as they were":         {`{"filter":"(a=b)","pageSize":500}`, ""},
		"in another order":     {`{ "pageSize": 500, "filter": "(a=b)" }`, ""},
		"another value":        {`{"filter":"(a=c)","pageSize":500}`, `"filter"`},
		"one more":             {`{"filter":"(a=b)","pageSize":500,"startTLS":true}`, `"startTLS"`},
		"one less":             {`{"filter":"(a=b)"}`, `"pageSize"`},
		"several":              {`{"urls":["ldaps://north"]}`, `"filter","pageSize","urls"`},
		"nothing that is null": {`{"filter":"(a=b)","pageSize":500,"caFile":null}`, `"caFile"`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org := w.org("Corp")
			n, err := w.CreateConnector(w.ctx, operator, identity.Connector{Org: org, Name: "AD", Kind: "ad", Settings: []byte(`{"filter":"(a=b)","pageSize":500}`)})
			require.NoError(t, err)
			w.clock.move(time.Hour)
			wanted := n
			wanted.Settings = []byte(c.settings)
			wanted.Kind, wanted.LastGoodCount = "openldap", 12345 // not to be changed
			got, err := w.ChangeConnector(w.ctx, operator, wanted)
			require.NoError(t, err)
			stored, err := w.Reader().Connector(w.ctx, org, n.ID)
			require.NoError(t, err)
			require.Equal(t, stored, got)
			require.Equal(t, "ad", stored.Kind)
			require.Zero(t, stored.LastGoodCount)
			if c.changed == "" {
				require.Equal(t, n.UpdatedAt, stored.UpdatedAt)
				require.Equal(t, n.Version, stored.Version)
				return
			}
			require.JSONEq(t, c.settings, string(stored.Settings))
			require.True(t, stored.UpdatedAt.After(n.UpdatedAt))
			events, err := w.Reader().Events(w.ctx, org, identity.EventQuery{Kinds: []identity.EventKind{identity.ConnectorChanged}, Limit: 10})
			require.NoError(t, err)
			require.Len(t, events, 1)
			require.Contains(t, string(events[0].Evidence), `"changed":[`+c.changed+`]`)
			require.NotContains(t, string(events[0].Evidence), "north", "the audit names the settings, not what they are")
		})
	}
}

func TestAConnectorThatHasChangedMeanwhileIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	org := w.org("Corp")
	first := w.connected(org, "AD")
	second := first
	first.Settings, second.Settings = []byte(`{"pageSize":1}`), []byte(`{"pageSize":2}`)
	first, err := w.ChangeConnector(w.ctx, operator, first)
	require.NoError(t, err)
	_, err = w.ChangeConnector(w.ctx, operator, second)
	require.Equal(t, identity.Stale, identity.KindOf(err))
	refusedWith(t, err, identity.RuleVersionMismatch)
	stored, err := w.Reader().Connector(w.ctx, org, first.ID)
	require.NoError(t, err)
	require.JSONEq(t, `{"pageSize":1}`, string(stored.Settings))

	first.Settings = []byte(`[]`)
	_, err = w.ChangeConnector(w.ctx, operator, first)
	refusedWith(t, err, identity.RuleInvalidValue)
	first.ID = "none"
	_, err = w.ChangeConnector(w.ctx, operator, first)
	refusedWith(t, err, identity.RuleUnknownConnector)
}

// TestAnOrganizationHasSoManyConnectorsAndNoMore fills an organization up, and tries once more; another one is not concerned.
func TestAnOrganizationHasSoManyConnectorsAndNoMore(t *testing.T) {
	w := newWorld(t)
	org, other := w.org("Corp"), w.org("Other")
	for i := range identity.MaxConnectors {
		w.connected(org, fmt.Sprint(i))
	}
	_, err := w.CreateConnector(w.ctx, operator, identity.Connector{Org: org, Name: "one more", Kind: "ad"})
	refusedWith(t, err, identity.RuleTooManyConnectors)
	w.connected(other, "AD")
	all, err := w.Reader().Connectors(w.ctx, org)
	require.NoError(t, err)
	require.Len(t, all, identity.MaxConnectors)
	require.NoError(t, w.RemoveConnector(w.ctx, operator, org, all[0].ID))
	w.connected(org, "one more")
}
