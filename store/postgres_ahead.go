package store

import (
	"database/sql"
	"slices"

	"rollcall/identity"
)

// lookAhead looks up, in one message, what the crowd has said that it is going to look at. What it does not find the callers ask for themselves.
func (r *round) lookAhead() error {
	var all []question
	var orgs []identity.OrgID
	var tokens []string
	var failed error
	ask := func(take func(*sql.Rows) error, query string, args ...any) {
		bound, err := bind(args)
		if err != nil {
			failed = err
		}
		all = append(all, question{statement{query, bound}, take})
	}
	for _, c := range r.crowd {
		if c.gone || len(c.lock.Orgs) == 0 {
			continue
		}
		ahead, org := c.lock.Ahead, c.lock.Orgs[0]
		if !slices.Contains(orgs, org) {
			orgs = append(orgs, org)
			ask(taking(scanChained, r.shared.keep), selectChained, org)
		}
		if ahead.Token != "" && !slices.Contains(tokens, ahead.Token) {
			tokens = append(tokens, ahead.Token)
			ask(taking(scanToken, func(t identity.Token) { r.shared.tokens[t.Hash] = t }), selectToken, ahead.Token)
		}
		for _, id := range ahead.Accounts {
			ask(taking(scanAccount, func(a identity.Account) { r.shared.accounts[a.ID] = a }), selectAccount, org, id)
		}
	}
	if failed != nil {
		return failed
	}
	return askTogether(r.session.within, r.session.conn, all)
}
