package store

import (
	"database/sql"
	"maps"
	"slices"

	"rollcall/identity"
)

// domainsAhead is how many domains are looked up because the transaction before asked for them.
const domainsAhead = 8

// lookAhead looks up, in one message, what the crowd has said that it is going to look at, and the domains that those asked for who wrote in the same
// organizations last: nearly all addresses of an organization are of the same few. What it does not find the callers ask for themselves.
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
	if lane := r.lane(); lane != nil && len(all) > 0 {
		for _, name := range lane.domains {
			r.shared.domains[name] = nil // also if it turns out to be nobody's
			ask(taking(scanDomain, func(d identity.Domain) { r.shared.domains[name] = append(r.shared.domains[name], d) }), selectDomain, name)
		}
	}
	if failed != nil {
		return failed
	}
	return askTogether(r.session.within, r.session.conn, all)
}

// lane is where the crowd waited; nil for a caller who locks several.
func (r *round) lane() *lane {
	if len(r.numbers) != 1 {
		return nil
	}
	return &r.sessions.lanes[r.numbers[0]]
}

// remember has the next transaction look up ahead what this one was asked for.
func (r *round) remember() {
	if lane := r.lane(); lane != nil {
		lane.domains = slices.Collect(maps.Keys(r.shared.asked))
		lane.domains = lane.domains[:min(len(lane.domains), domainsAhead)]
	}
}
