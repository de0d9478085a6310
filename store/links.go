package store

import (
	"context"
	"database/sql"
	"time"

	"rollcall/identity"
)

const mailedLinkColumns = `hash, org_id, account_id, purpose, address, created_at, expires_at, used_at`

func scanLink(r *sql.Rows) (l identity.Link, err error) {
	return l, r.Scan(&l.Hash, scanID(&l.Org), scanID(&l.Account), text(&l.Purpose), text(&l.Address), instant{&l.CreatedAt},
		instant{&l.ExpiresAt}, instant{&l.UsedAt})
}

func (r reader) LinkByHash(ctx context.Context, hash string) (identity.Link, error) {
	return one(ctx, r.run, unknownLink, scanLink, `SELECT `+mailedLinkColumns+` FROM links WHERE hash = $1`, hash)
}

func (t *transaction) InsertLink(ctx context.Context, l identity.Link) error {
	_, err := t.exec(ctx, `INSERT INTO links (`+mailedLinkColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		l.Hash, l.Org, l.Account, l.Purpose, l.Address, l.CreatedAt, l.ExpiresAt, l.UsedAt)
	return err
}

func (t *transaction) UseLink(ctx context.Context, org identity.OrgID, hash string, at time.Time) error {
	n, err := t.exec(ctx, `UPDATE links SET used_at = $3 WHERE org_id = $1 AND hash = $2 AND used_at IS NULL`, org, hash, at)
	if err != nil || n > 0 {
		return err
	}
	if _, err := one(ctx, t.run, unknownLink, scanInt, `SELECT 1 FROM links WHERE org_id = $1 AND hash = $2`, org, hash); err != nil {
		return err
	}
	return t.conn.failed(identity.Refuse(identity.Conflict, identity.RuleLinkUsed, "this link has been used already; each one works once"))
}

func (t *transaction) DeleteLinks(ctx context.Context, org identity.OrgID, account identity.AccountID, purpose identity.LinkPurpose) error {
	_, err := t.exec(ctx, `DELETE FROM links WHERE org_id = $1 AND account_id = $2 AND purpose = $3`, org, account, purpose)
	return err
}

func (t *transaction) DeleteLinksBefore(ctx context.Context, expired time.Time, limit int) (int, error) {
	return t.deleteSome(ctx, expiredLinks, expired, limit)
}
