package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"rollcall/identity"
)

const claimColumns = `id, target, source, new_account, old_account, mode, email, domain, carried, content_lost, claimed_at, signed_in_at,
	outcome, settled_at, version`

func scanClaim(r *sql.Rows) (c identity.Claim, err error) {
	return c, r.Scan(scanID(&c.ID), scanID(&c.Target), scanID(&c.Source), scanID(&c.NewAccount), scanID(&c.OldAccount), text(&c.Mode), &c.Email,
		&c.Domain, structured{&c.Carried}, &c.ContentLost, instant{&c.ClaimedAt}, instant{&c.SignedInAt}, text(&c.Outcome), instant{&c.SettledAt}, &c.Version)
}

func (r reader) Claim(ctx context.Context, target identity.OrgID, id identity.ClaimID) (identity.Claim, error) {
	return one(ctx, r.run, unknownClaim, scanClaim, `SELECT `+claimColumns+` FROM claims WHERE target = $1 AND id = $2`, target, id)
}

// Claims relies on ids that are made later being greater.
func (r reader) Claims(ctx context.Context, target identity.OrgID, q identity.ClaimQuery) ([]identity.Claim, error) {
	if err := positive(q.Limit); err != nil {
		return nil, r.run.failed(err)
	}
	c := &compiler{dialect: r.dialect}
	query := `SELECT ` + claimColumns + ` FROM claims WHERE target = ` + c.arg(target)
	if q.Open || !q.Revocable.IsZero() {
		query += ` AND outcome IS NULL`
	}
	if !q.Revocable.IsZero() {
		query += ` AND signed_in_at IS NULL AND claimed_at > ` + c.arg(q.Revocable.Add(-identity.ClaimDays*identity.Day)) +
			` AND NOT EXISTS (SELECT 1 FROM domains d WHERE d.org_id = claims.target AND d.name = claims.domain AND d.state = 'claimed')
			AND EXISTS (SELECT 1 FROM organizations o WHERE o.id = claims.source AND o.state = 'active')`
	}
	if q.Mode != "" {
		query += ` AND mode = ` + c.arg(q.Mode)
	}
	if q.Domain != "" {
		query += ` AND domain = ` + c.arg(q.Domain)
	}
	if len(q.IDs) > 0 {
		query += ` AND id IN (` + listed(c, q.IDs) + `)`
	}
	if q.After != "" {
		query += ` AND id < ` + c.arg(q.After)
	}
	return list(ctx, r.run, scanClaim, query+` ORDER BY id DESC LIMIT `+c.arg(q.Limit), c.args...)
}

func (r reader) ClaimOf(ctx context.Context, target identity.OrgID, account identity.AccountID) (identity.Claim, error) {
	return one(ctx, r.run, unknownClaim, scanClaim,
		`SELECT `+claimColumns+` FROM claims WHERE target = $1 AND new_account = $2 ORDER BY id DESC LIMIT 1`, target, account)
}

func (r reader) ClaimsOf(ctx context.Context, target identity.OrgID, accounts []identity.AccountID) ([]identity.Claim, error) {
	var all []identity.Claim
	for part := range slices.Chunk(accounts, rowsAtOnce) {
		c := &compiler{dialect: r.dialect}
		query := `SELECT ` + claimColumns + ` FROM claims WHERE target = ` + c.arg(target) + ` AND new_account IN (` + listed(c, part) + `)`
		some, err := list(ctx, r.run, scanClaim, query, c.args...)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func (r reader) ClaimAway(ctx context.Context, source identity.OrgID, account identity.AccountID) (identity.Claim, error) {
	return one(ctx, r.run, unknownClaim, scanClaim,
		`SELECT `+claimColumns+` FROM claims WHERE source = $1 AND old_account = $2 ORDER BY id DESC LIMIT 1`, source, account)
}

func (r reader) OpenClaims(ctx context.Context, org identity.OrgID, limit int) ([]identity.Claim, error) {
	if err := positive(limit); err != nil {
		return nil, r.run.failed(err)
	}
	return list(ctx, r.run, scanClaim, `SELECT `+claimColumns+` FROM claims WHERE outcome IS NULL AND target = $1
		UNION ALL SELECT `+claimColumns+` FROM claims WHERE outcome IS NULL AND source = $1 AND target <> $1 LIMIT $2`, org, limit)
}

func (r reader) ClaimsDue(ctx context.Context, claimed time.Time, limit int) ([]identity.Claim, error) {
	if err := positive(limit); err != nil {
		return nil, r.run.failed(err)
	}
	return list(ctx, r.run, scanClaim, `SELECT `+claimColumns+` FROM claims
		WHERE outcome IS NULL AND mode = 'deferred' AND claimed_at <= $1
		AND EXISTS (SELECT 1 FROM organizations o WHERE o.id = claims.target AND o.state = 'active') ORDER BY claimed_at LIMIT $2`, claimed, limit)
}

// candidates compiles a query that selects something of the holds h, joined with more and a condition for that. Who is a shadow or has to decide about a claim holds no
// address as the primary one, so the holds alone tell; only a claim that moved somebody at once has to be looked for.
func (d *dialect) candidates(selected, joined string, q identity.CandidateQuery) (string, *compiler) {
	c := &compiler{dialect: d}
	where := `h.domain = ` + c.arg(q.Domain) + ` AND h.org_id <> ` + c.arg(q.Claimant)
	if q.After != "" {
		where += ` AND h.email_key > ` + c.arg(q.After)
	}
	if q.Any {
		each := `SELECT h.email_key, h.org_id, h.account_id FROM address_holds h WHERE ` + where + ` AND h.kind `
		return `SELECT ` + selected + ` FROM (` + each + `= 'primary' UNION ALL ` + each + `IN ('claim', 'soft_deleted')) h` + joined, c
	}
	query := `SELECT ` + selected + ` FROM address_holds h` + joined + ` AND h.kind = 'primary' AND ` + where
	if len(q.Without) > 0 {
		query += ` AND h.org_id NOT IN (` + listed(c, q.Without) + `)`
	}
	open := func(org, more string) string {
		return `EXISTS (SELECT 1 FROM organizations o WHERE o.id = ` + org + ` AND o.state = 'active' AND o.sso_provider = '' AND o.active_providers = 0
			AND o.sync_mode = 'disabled' AND NOT o.provider_authoritative` + more + `)`
	}
	const settled = `(SELECT 1 FROM claims c WHERE c.target = h.org_id AND c.new_account = h.account_id AND c.outcome IS NULL LIMIT 1) IS NULL`
	consumer := c.arg(identity.ConsumerOrgID)
	if q.InCharge {
		return query + ` AND h.org_id <> ` + consumer + ` AND ` + open(`h.org_id`, ` AND (o.creator = h.account_id OR EXISTS (SELECT 1 FROM bindings b
			JOIN grants g ON g.issuer = b.issuer AND g.subject = b.subject AND g.org_id = b.org_id
			WHERE b.org_id = h.org_id AND b.account_id = h.account_id AND g.role = 'full'))`) + ` AND ` + settled, c
	}
	// Most candidates are in one organization, which claims nobody itself: it is enough to see that once, and not for each of them.
	return query + ` AND (h.org_id = ` + consumer + ` AND ` + open(consumer, ``) + `
			AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.target = ` + consumer + ` AND c.outcome IS NULL)
		OR ` + open(`h.org_id`, ``) + ` AND ` + settled + `)`, c
}

func (r reader) Candidates(ctx context.Context, q identity.CandidateQuery) ([]identity.Candidate, error) {
	if err := positive(q.Limit); err != nil {
		return nil, r.run.failed(err)
	}
	query, c := r.dialect.candidates(`h.email_key, `+accountColumns, `
		CROSS JOIN accounts WHERE accounts.org_id = h.org_id AND accounts.id = h.account_id`, q)
	return list(ctx, r.run, scanCandidate, query+` ORDER BY h.email_key LIMIT `+c.arg(q.Limit), c.args...)
}

func scanCandidate(r *sql.Rows) (c identity.Candidate, err error) {
	c.Account, err = scanAccountAfter(r, text(&c.Key))
	return c, err
}

func (r reader) CountCandidates(ctx context.Context, q identity.CandidateQuery) (int, error) {
	query, c := r.dialect.candidates(`count(*)`, ` WHERE `+always, q)
	return one(ctx, r.run, unknownClaim, scanInt, query, c.args...)
}

func (r reader) DomainsAround(ctx context.Context, name string) ([]identity.Domain, error) {
	c := &compiler{dialect: r.dialect}
	above := []string{name}
	for _, parent, more := strings.Cut(name, "."); more; _, parent, more = strings.Cut(parent, ".") {
		above = append(above, parent)
	}
	below := reversedLabels(name) + "."
	end, _ := afterPrefix(below)
	return list(ctx, r.run, scanDomain, `SELECT `+domainColumns+` FROM domains WHERE name IN (`+listed(c, above)+`)
		UNION ALL SELECT `+domainColumns+` FROM domains WHERE reversed >= `+c.arg(below)+` AND reversed < `+c.arg(end), c.args...)
}

// reversedLabels returns a domain with its labels from the last to the first.
func reversedLabels(name string) string {
	labels := strings.Split(name, ".")
	slices.Reverse(labels)
	return strings.Join(labels, ".")
}

func (t *transaction) InsertClaim(ctx context.Context, c identity.Claim) error {
	carried, err := json.Marshal(c.Carried)
	if err != nil {
		return t.conn.failed(err)
	}
	_, err = t.exec(ctx, `INSERT INTO claims (`+claimColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1)`,
		c.ID, c.Target, c.Source, c.NewAccount, c.OldAccount, c.Mode, c.Email, c.Domain, json.RawMessage(carried), c.ContentLost, c.ClaimedAt,
		c.SignedInAt, orNull(c.Outcome), c.SettledAt)
	return err
}

func (t *transaction) UpdateClaim(ctx context.Context, c identity.Claim) error {
	n, err := t.exec(ctx, `UPDATE claims SET signed_in_at = $4, outcome = $5, settled_at = $6, version = version + 1
		WHERE target = $1 AND id = $2 AND version = $3`, c.Target, c.ID, c.Version, c.SignedInAt, orNull(c.Outcome), c.SettledAt)
	if err == nil && n == 0 {
		return t.stale(ctx, unknownClaim, `SELECT version FROM claims WHERE target = $1 AND id = $2`, c.Target, c.ID)
	}
	return err
}
