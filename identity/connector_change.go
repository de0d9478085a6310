package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
)

// ChangeConnector gives a connector other settings. n is the connector as it was read, with the new ones in it: one that has changed since
// is refused. No plan of before is applied from then on (DIR-03), and the organization's synchronization is as if the connector had just been
// registered (14.6). Settings that are as they were change nothing. A new secret alone is a change to tell of, but what the directory would
// be asked is the same, so plans stay good.
func (s *Service) ChangeConnector(ctx context.Context, by Actor, after Connector) (Connector, error) {
	var n Connector
	err := s.transact(ctx, Exclusive(after.Org), after.Org, by, func(c *Acts) error {
		before, err := c.tx.Connector(ctx, after.Org, after.ID)
		if err != nil {
			return err
		}
		if before.Version != after.Version {
			return Refuse(Stale, RuleVersionMismatch, "the connector has changed in the meantime; look at it again and decide anew")
		}
		changed, err := settingsChanged(before.Settings, after.Settings)
		if err != nil {
			return err
		}
		n = before
		if len(changed) > 0 {
			n.Settings, n.Domain, n.UpdatedAt = after.Settings, after.Domain, c.now
		}
		outdated := len(changed) > 0
		if n.Secret = after.Secret; n.Secret != before.Secret {
			changed = append(changed, secretName)
		}
		if len(changed) == 0 {
			return nil
		}
		if err := c.tx.UpdateConnector(ctx, n); err != nil {
			return err
		}
		n.Version++
		if err := c.tell(ctx, ConnectorChanged, map[string]any{"connector": n.ID, "name": n.Name, "changed": changed}); err != nil || !outdated {
			return err
		}
		_, err = c.changeOrganization(ctx, func(o Organization) Organization {
			if o.ManagedByDirectory() {
				o.SyncMode = SyncRegistered
			}
			return o
		})
		return err
	})
	return n, err
}

// secretName is what events call a connector's secret, of which they tell nothing but that it is another one.
const secretName = "bindPassword"

// ResealConnector puts another form of the same secret in the place of the one before. Nothing else changes.
func (s *Service) ResealConnector(ctx context.Context, by Actor, org OrgID, id ConnectorID, before, after string) error {
	return s.transact(ctx, Exclusive(org), org, by, func(c *Acts) error {
		n, err := c.tx.Connector(ctx, org, id)
		if err != nil {
			return err
		}
		if n.Secret != before {
			return Refuse(Stale, RuleVersionMismatch, "the secret of the connector %s was changed in the meantime", n.Name)
		}
		n.Secret = after
		if err := c.tx.UpdateConnector(ctx, n); err != nil {
			return err
		}
		return c.tell(ctx, ConnectorChanged, map[string]any{"connector": n.ID, "name": n.Name, "changed": []string{secretName}, "resealed": true})
	})
}

// settingsChanged names the settings that differ, sorted. What they mean is the connector's own business.
func settingsChanged(before, after json.RawMessage) ([]string, error) {
	var old, now map[string]json.RawMessage
	if err := json.Unmarshal(before, &old); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(after, &now); err != nil {
		return nil, Refuse(Invalid, RuleInvalidValue, "the settings of a connector are a JSON object").At("settings")
	}
	names := maps.Clone(old)
	maps.Copy(names, now)
	var changed []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		same, err := sameJSON(old[name], now[name])
		if err != nil {
			return nil, err
		}
		if !same {
			changed = append(changed, name)
		}
	}
	return changed, nil
}

// sameJSON compares two values whatever their spacing and the order of their members.
func sameJSON(a, b json.RawMessage) (bool, error) {
	if a == nil || b == nil {
		return a == nil && b == nil, nil
	}
	canonical := func(raw json.RawMessage) ([]byte, error) {
		var v any
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		if err := dec.Decode(&v); err != nil {
			return nil, err
		}
		return json.Marshal(v)
	}
	one, err := canonical(a)
	if err != nil {
		return false, err
	}
	other, err := canonical(b)
	return bytes.Equal(one, other), err
}
