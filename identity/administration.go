package identity

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode"
)

// CreateOrganization adds an organization. Only ID-less fields of the draft count; the zero RetentionDays means the default.
func (s *Service) CreateOrganization(ctx context.Context, by Actor, draft Organization) (Organization, error) {
	o := draft
	o.ID, o.Version = OrgID(s.ids.New()), 1
	o.CreatedAt = s.clock.Now()
	o.UpdatedAt = o.CreatedAt
	o.ActivationEmails, o.SelfRegistration, o.AllowContentTransfer = true, true, true
	o.State = OrgActive
	if o.SyncMode == "" {
		o.SyncMode = SyncDisabled
	}
	if o.RetentionDays == 0 {
		o.RetentionDays = DefaultRetentionDays
	}
	if o.Kind == Consumer {
		return Organization{}, Refuse(Invalid, RuleInvalidValue, "there is one consumer organization only; use customer or partner").At("kind")
	}
	if err := o.validate(); err != nil {
		return Organization{}, err
	}
	err := s.store.Do(ctx, Exclusive(o.ID), func(tx Tx) error {
		if err := tx.InsertOrganization(ctx, o); err != nil {
			return err
		}
		acts := &Acts{service: s, tx: tx, org: o, by: by, now: o.CreatedAt}
		_, err := acts.record(ctx, Event{Kind: OrgCreated})
		return err
	})
	return o, err
}

// ChangeOrganization changes an organization's settings under an exclusive lock. Id, kind, creation and version are not
// edit's to change.
func (s *Service) ChangeOrganization(ctx context.Context, by Actor, org OrgID, edit func(Organization) Organization) (Organization, error) {
	return s.ChangeOrganizationIf(ctx, by, org, nil, edit)
}

// ChangeOrganizationIf is [Service.ChangeOrganization] for somebody who has looked at the settings before. expect, if not nil,
// sees the organization first and may refuse (an ETag that no longer fits).
func (s *Service) ChangeOrganizationIf(ctx context.Context, by Actor, org OrgID, expect func(Organization) error, edit func(Organization) Organization) (Organization, error) {
	var changed Organization
	err := s.transact(ctx, Exclusive(org), org, by, func(c *Acts) error {
		if expect != nil {
			if err := expect(c.org); err != nil {
				return err
			}
		}
		var err error
		changed, err = c.changeOrganization(ctx, edit)
		return err
	})
	return changed, err
}

// changeOrganization is [Service.ChangeOrganization] inside a transaction that is under way.
func (c *Acts) changeOrganization(ctx context.Context, edit func(Organization) Organization) (Organization, error) {
	o := edit(c.org)
	o.ID, o.Kind, o.CreatedAt, o.Version, o.UpdatedAt = c.org.ID, c.org.Kind, c.org.CreatedAt, c.org.Version, c.org.UpdatedAt
	o.RetentionCutAt, o.State = c.org.RetentionCutAt, c.org.State
	if o == c.org {
		return c.org, nil
	}
	if err := c.maySynchronize(ctx, o); err != nil {
		return Organization{}, err
	}
	if err := o.validate(); err != nil {
		return Organization{}, err
	}
	o.UpdatedAt = c.now
	if o.RetentionDays < c.org.RetentionDays {
		o.RetentionCutAt = c.now
	}
	if err := c.tx.UpdateOrganization(ctx, o); err != nil {
		return Organization{}, err
	}
	evidence, err := json.Marshal(map[string]any{"before": c.org, "after": o})
	if err != nil {
		return Organization{}, err
	}
	if _, err := c.record(ctx, Event{Kind: OrgChanged, Evidence: evidence}); err != nil {
		return Organization{}, err
	}
	o.Version++
	c.org = o
	return o, nil
}

// NewToken is what a new token is made for.
type NewToken struct {
	Name    string
	Profile string
	Me      AccountID // see [Token.Me]
}

// CreateToken makes a bearer token for an organization and returns its secret, which is not kept.
func (s *Service) CreateToken(ctx context.Context, by Actor, org OrgID, n NewToken) (Token, string, error) {
	if err := validName("name", n.Name); err != nil {
		return Token{}, "", err
	}
	secret := TokenPrefix + s.ids.Secret()
	t := Token{ID: TokenID(s.ids.New()), Org: org, Name: n.Name, Profile: n.Profile, Me: n.Me, Hash: HashSecret(secret)}
	err := s.Transact(ctx, org, by, func(c *Acts) error {
		t.CreatedAt = c.now
		if t.Me != "" {
			if _, err := c.tx.Account(ctx, org, t.Me); err != nil {
				return err
			}
		}
		if err := c.tx.InsertToken(ctx, t); err != nil {
			return err
		}
		return c.tell(ctx, TokenCreated, map[string]any{"token": t.ID, "name": t.Name, "profile": t.Profile})
	})
	return t, secret, err
}

// RevokeToken ends a bearer token at once. One that has been revoked stays so.
func (s *Service) RevokeToken(ctx context.Context, by Actor, org OrgID, id TokenID) error {
	return s.Transact(ctx, org, by, func(c *Acts) error {
		tokens, err := c.tx.Tokens(ctx, org)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(tokens, func(t Token) bool { return t.ID == id && !t.RevokedAt.IsZero() }) {
			return nil
		}
		if err := c.tx.RevokeToken(ctx, org, id, c.now); err != nil {
			return err
		}
		return c.tell(ctx, TokenRevoked, map[string]any{"token": id})
	})
}

// Authenticate finds the token of a secret. A secret that is unknown or revoked is NotFound.
func (s *Service) Authenticate(ctx context.Context, secret string) (Token, error) {
	if !strings.HasPrefix(secret, TokenPrefix) {
		return Token{}, unknownToken()
	}
	t, err := s.store.TokenByHash(ctx, HashSecret(secret))
	if err != nil {
		return Token{}, err
	}
	if !t.RevokedAt.IsZero() {
		return Token{}, unknownToken()
	}
	return t, nil
}

func unknownToken() error {
	return Refuse(NotFound, RuleUnknownToken, "the bearer token is not known or has been revoked")
}

// AttestDomain records, on the operator's word, that an organization owns a domain. An account's other addresses in the
// domain become held when the account is next written (EML-16). A domain that the organization has verified or claimed stays
// as it is.
func (s *Service) AttestDomain(ctx context.Context, by Actor, org OrgID, name string) (Domain, error) {
	ascii, err := ParseDomain(name)
	if err != nil {
		return Domain{}, err
	}
	if InReservedDomain(ascii) {
		return Domain{}, Refuse(Invalid, RuleReservedDomain, "the domain %s is reserved for claimed users", ascii)
	}
	var d DomainStanding
	err = s.transact(ctx, Everybody(org), org, by, func(c *Acts) error {
		if err := c.unclaimed(ctx, ascii); err != nil {
			return err
		}
		if d, err = c.standing(ctx, ascii); err != nil || d.State == DomainVerified || d.State == DomainClaimed {
			return err
		}
		if err := c.tx.DeleteChallenge(ctx, org, ascii); err != nil {
			return err
		}
		d, err = c.putDomain(ctx, ascii, DomainVerified, "operator")
		return err
	})
	return d.Domain, err
}

// MaxConnectors is how many connectors an organization can have: each is read and planned for by the same few workers.
const MaxConnectors = 20

// CreateConnector registers a connector. From then on the directory owns the organization's people (USR-22), unless the organization has
// claimed users: then synchronization stays as it is until somebody has looked what the directory would do to them (CLM-03), see
// [Service.EnableSync].
func (s *Service) CreateConnector(ctx context.Context, by Actor, n Connector) (Connector, error) {
	if err := validName("name", n.Name); err != nil {
		return Connector{}, err
	}
	if n.Version = 1; n.ID == "" {
		n.ID = ConnectorID(s.ids.New())
	}
	err := s.transact(ctx, Exclusive(n.Org), n.Org, by, func(c *Acts) error {
		if c.org.Kind == Consumer {
			return Refuse(Forbidden, RuleForbiddenRole, "the organization of personal accounts has no directory")
		}
		if c.org.ProviderAuthoritative {
			return authoritativeProvider()
		}
		switch others, err := c.tx.Connectors(ctx, n.Org); {
		case err != nil:
			return err
		case len(others) >= MaxConnectors:
			return Refuse(Conflict, RuleTooManyConnectors, "the organization has %d connectors, and more than %d it cannot have", len(others), MaxConnectors)
		}
		n.CreatedAt, n.UpdatedAt = c.now, c.now
		if err := c.tx.InsertConnector(ctx, n); err != nil {
			return err
		}
		if err := c.tx.InsertSchedule(ctx, NewSchedule(n)); err != nil {
			return err
		}
		if err := c.tell(ctx, ConnectorCreated, map[string]any{"connector": n.ID, "name": n.Name, "kind": n.Kind}); err != nil {
			return err
		}
		if _, claimed, err := LastClaim(ctx, c.tx, c.org.ID); err != nil || claimed {
			return err
		}
		_, err := c.changeOrganization(ctx, func(o Organization) Organization {
			if o.SyncMode == SyncDisabled || o.SyncMode == SyncAuto {
				o.SyncMode = SyncRegistered // nothing runs by itself before the new one has run once (14.6)
			}
			return o
		})
		return err
	})
	return n, err
}

// RemoveConnector forgets a connector with its plans and runs. Its accounts stay as they are, with their clocks running
// (USR-14). With the last connector synchronization is off.
func (s *Service) RemoveConnector(ctx context.Context, by Actor, org OrgID, id ConnectorID) error {
	return s.transact(ctx, Exclusive(org), org, by, func(c *Acts) error {
		if err := c.tx.DeleteConnector(ctx, org, id); err != nil {
			return err
		}
		if err := c.tell(ctx, ConnectorRemoved, map[string]any{"connector": id}); err != nil {
			return err
		}
		left, err := c.tx.Connectors(ctx, org)
		if err != nil || len(left) > 0 {
			return err
		}
		_, err = c.changeOrganization(ctx, func(o Organization) Organization {
			o.SyncMode = SyncDisabled
			return o
		})
		return err
	})
}

// Tell records an event that is not about an account.
func (c *Acts) Tell(ctx context.Context, kind EventKind, evidence any) error {
	return c.tell(ctx, kind, evidence)
}

func (c *Acts) tell(ctx context.Context, kind EventKind, evidence any) error {
	raw, err := json.Marshal(evidence)
	if err != nil {
		return err
	}
	_, err = c.record(ctx, Event{Kind: kind, Evidence: raw})
	return err
}

// tellOf is tell for what happened to a certain thing.
func (c *Acts) tellOf(ctx context.Context, kind EventKind, target Target, evidence any) error {
	raw, err := json.Marshal(evidence)
	if err != nil {
		return err
	}
	_, err = c.record(ctx, Event{Kind: kind, Target: target, Evidence: raw})
	return err
}

func validName(field, name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return Refuse(Invalid, RuleInvalidValue, "%s is missing", field).At(field)
	case len(name) > MaxOrgName:
		return Refuse(Invalid, RuleInvalidValue, "%s has %d bytes; at most %d are allowed", field, len(name), MaxOrgName).At(field)
	case strings.ContainsFunc(name, unicode.IsControl):
		return Refuse(Invalid, RuleInvalidValue, "%s has control characters", field).At(field)
	}
	return nil
}
