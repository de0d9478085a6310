package store

import (
	"context"
	"strings"
)

// purge says which rows of a table go, by a value that is $1: an organization whose they are, or an instant before which they had their time.
type purge struct{ table, key, where string }

// statement deletes at most $2 rows. PostgreSQL and SQLite find them by an index, and take no more of them than they delete.
func (p purge) statement() string {
	key := p.key
	if strings.Contains(key, ",") {
		key = "(" + key + ")"
	}
	return `DELETE FROM ` + p.table + ` WHERE ` + key + ` IN (SELECT ` + p.key + ` FROM ` + p.table + ` WHERE ` + p.where + ` LIMIT $2)`
}

// What goes when its time is over, the oldest first.
var (
	sentMessages = purge{"messages", "org_id, id", "sent_at < $1 ORDER BY sent_at"}
	oldReceipts  = purge{"receipts", "caller, key", "created_at < $1 ORDER BY created_at"}
	expiredLinks = purge{"links", "hash", "expires_at < $1 ORDER BY expires_at"}

	expiredJobFiles = []purge{{"job_rows", "org_id, job_id, number", ofExpiredJobs}, {"job_chunks", "org_id, job_id, number", ofExpiredJobs}}
)

const ofExpiredJobs = "(org_id, job_id) IN (SELECT org_id, id FROM jobs WHERE expires_at <= $1)"

// deleteSome deletes at most so many rows and returns how many it did.
func (t *transaction) deleteSome(ctx context.Context, p purge, by any, limit int) (int, error) {
	if err := positive(limit); err != nil {
		return 0, t.conn.failed(err)
	}
	return t.exec(ctx, p.statement(), by, limit)
}

// deleteAmong deletes at most so many rows of several tables, one table after another, and returns how many it did.
func (t *transaction) deleteAmong(ctx context.Context, tables []purge, by any, limit int) (int, error) {
	deleted := 0
	for _, p := range tables {
		n, err := t.deleteSome(ctx, p, by, limit-deleted)
		if err != nil {
			return deleted, err
		}
		if deleted += n; deleted >= limit {
			break
		}
	}
	return deleted, nil
}
