package store

import (
	"context"
	"database/sql"
	"time"

	"rollcall/identity"
)

const receiptColumns = `caller, key, fingerprint, answer, org_id, created_at`

func scanReceipt(rows *sql.Rows) (r identity.Receipt, err error) {
	return r, rows.Scan(&r.Caller, &r.Key, &r.Fingerprint, &r.Answer, scanID(&r.Org), instant{&r.CreatedAt})
}

func (r reader) Receipt(ctx context.Context, caller, key string) (identity.Receipt, error) {
	return one(ctx, r.run, unknownReceipt, scanReceipt, `SELECT `+receiptColumns+` FROM receipts WHERE caller = $1 AND key = $2`, caller, key)
}

func (t *transaction) InsertReceipt(ctx context.Context, r identity.Receipt) error {
	_, err := t.exec(ctx, `INSERT INTO receipts (`+receiptColumns+`) VALUES ($1, $2, $3, $4, $5, $6)`,
		r.Caller, r.Key, r.Fingerprint, r.Answer, orNull(r.Org), r.CreatedAt)
	return err
}

func (t *transaction) UpdateReceipt(ctx context.Context, r identity.Receipt) error {
	return t.write(ctx, unknownReceipt, `UPDATE receipts SET answer = $3, org_id = $4, created_at = $5 WHERE caller = $1 AND key = $2`,
		r.Caller, r.Key, r.Answer, orNull(r.Org), r.CreatedAt)
}

func (t *transaction) DeleteReceipt(ctx context.Context, caller, key string) error {
	return t.write(ctx, unknownReceipt, `DELETE FROM receipts WHERE caller = $1 AND key = $2`, caller, key)
}

func (t *transaction) DeleteReceiptsBefore(ctx context.Context, made time.Time, limit int) (int, error) {
	return t.deleteSome(ctx, oldReceipts, made, limit)
}
