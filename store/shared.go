package store

import (
	"context"
	"database/sql"
	"slices"

	"rollcall/identity"
)

// shared is what the callers of one batch have read already. While the batch holds the write lock nobody else can write, so
// what one caller read holds for the next until one of them changes it. Every write of an account looks at its organization
// and at the domain of its address, and hardly any changes them.
type shared struct {
	organizations map[identity.OrgID]identity.Organization
	domains       map[string][]identity.Domain
	asked         map[string]bool // domains that callers have asked for
	tokens        map[string]identity.Token
	accounts      map[identity.AccountID]identity.Account // that were looked up ahead, until somebody may have changed one
	full          map[identity.OrgID][]identity.AccountID // of full administrators
	heads         map[identity.OrgID]head
	inserted      map[identity.OrgID]int // accounts that org_counts does not have yet
}

func newShared() *shared {
	return &shared{organizations: map[identity.OrgID]identity.Organization{}, domains: map[string][]identity.Domain{}, asked: map[string]bool{},
		tokens: map[string]identity.Token{}, full: map[identity.OrgID][]identity.AccountID{},
		accounts: map[identity.AccountID]identity.Account{}, heads: map[identity.OrgID]head{}, inserted: map[identity.OrgID]int{}}
}

// undo drops everything, also what the tables do not have yet: what was written since it was read is undone, or somebody else
// may have written.
func (s *shared) undo() {
	s.forget()
	clear(s.heads)
	clear(s.inserted)
	clear(s.asked)
}

// forget drops what was read: something of it was written.
func (s *shared) forget() {
	clear(s.organizations)
	clear(s.domains)
	clear(s.tokens)
	clear(s.full)
	clear(s.accounts)
}

func (t *transaction) Organization(ctx context.Context, org identity.OrgID) (identity.Organization, error) {
	if err := t.conn.ready(ctx); err != nil {
		return identity.Organization{}, t.conn.failed(err)
	}
	if o, ok := t.shared.organizations[org]; ok {
		return o, nil
	}
	if _, ok := t.shared.heads[org]; ok {
		o, err := t.reader.Organization(ctx, org)
		if err == nil {
			t.shared.organizations[org] = o
		}
		return o, err
	}
	// Whoever asks for the organization is going to record something as a rule, and needs to know where its chain ends.
	found, err := one(ctx, t.run, unknownOrganization, scanChained, selectChained, org)
	if err == nil {
		t.shared.keep(found)
	}
	return found.Organization, err
}

// chained is an organization with the end of its chain of events.
type chained struct {
	identity.Organization
	head head
}

const selectChained = `SELECT ` + organizationColumns + `, COALESCE(seq, 0), hash
	FROM organizations LEFT JOIN audit_heads ON org_id = id WHERE id = $1 AND state <> 'deleted'`

func scanChained(r *sql.Rows) (c chained, err error) {
	c.head.written = true
	c.Organization, err = scanOrganizationBefore(r, &c.head.seq, digestColumn{&c.head.hash})
	return c, err
}

func (s *shared) keep(c chained) { s.organizations[c.ID], s.heads[c.ID] = c.Organization, c.head }

func (t *transaction) DomainHolders(ctx context.Context, name string) ([]identity.Domain, error) {
	if err := t.conn.ready(ctx); err != nil {
		return nil, t.conn.failed(err)
	}
	t.shared.asked[name] = true
	if d, ok := t.shared.domains[name]; ok {
		return slices.Clone(d), nil
	}
	d, err := t.reader.DomainHolders(ctx, name)
	if err == nil {
		t.shared.domains[name] = slices.Clone(d)
	}
	return d, err
}

func (t *transaction) TokenByHash(ctx context.Context, hash string) (identity.Token, error) {
	if err := t.conn.ready(ctx); err != nil {
		return identity.Token{}, t.conn.failed(err)
	}
	if token, ok := t.shared.tokens[hash]; ok {
		return token, nil
	}
	token, err := t.reader.TokenByHash(ctx, hash)
	if err == nil {
		t.shared.tokens[hash] = token
	}
	return token, err
}

func (t *transaction) FullAdministrators(ctx context.Context, org identity.OrgID) ([]identity.AccountID, error) {
	if err := t.conn.ready(ctx); err != nil {
		return nil, t.conn.failed(err)
	}
	if full, ok := t.shared.full[org]; ok {
		return slices.Clone(full), nil
	}
	full, err := t.reader.FullAdministrators(ctx, org)
	if err == nil {
		t.shared.full[org] = slices.Clone(full)
	}
	return full, err
}
