package identity

import (
	"context"
	"slices"
)

// KeepExchanges stores exchanges of any tokens and forgets what is too old of theirs. Those whose token has gone meanwhile, with its
// organization, have nobody to be kept for.
func (s *Service) KeepExchanges(ctx context.Context, all []Exchange) error {
	all = slices.Clone(all)
	var orgs []OrgID
	for i := range all {
		all[i].ID = ExchangeID(s.ids.New())
		if !slices.Contains(orgs, all[i].Org) {
			orgs = append(orgs, all[i].Org)
		}
	}
	return s.store.Do(ctx, Shared(orgs...), func(tx Tx) error {
		grown := map[TokenID]OrgID{}
		for _, e := range all {
			err := tx.InsertExchange(ctx, e)
			if IsNotFound(err) {
				continue
			}
			if err != nil {
				return err
			}
			grown[e.Token] = e.Org
		}
		for token, org := range grown {
			if err := tx.TrimExchanges(ctx, org, token, MaxExchanges); err != nil {
				return err
			}
		}
		return nil
	})
}

// Exchanges lists exchanges of a token, which must be the organization's.
func (s *Service) Exchanges(ctx context.Context, org OrgID, q ExchangeQuery) ([]Exchange, error) {
	tokens, err := s.store.Tokens(ctx, org)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(tokens, func(t Token) bool { return t.ID == q.Token }) {
		return nil, Refuse(NotFound, RuleUnknownToken, "the organization has no such token")
	}
	return s.store.Exchanges(ctx, org, q)
}
