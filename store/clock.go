package store

import (
	"context"
	"database/sql"
	"time"

	"rollcall/identity"
)

func (r reader) ClockWatch(ctx context.Context) (identity.ClockWatch, error) {
	found, err := list(ctx, r.run, func(rows *sql.Rows) (w identity.ClockWatch, err error) {
		return w, rows.Scan(instant{&w.At}, instant{&w.PausedAt}, &w.Why, instant{&w.Steady})
	}, `SELECT at, paused_at, why, steady FROM clock_watch WHERE id = 1`)
	if err != nil || len(found) == 0 {
		return identity.ClockWatch{}, err
	}
	return found[0], nil
}

// SharedNow asks for the time that it is, not the time at which the transaction began: a transaction can have waited for others since.
func (r reader) SharedNow(ctx context.Context, own time.Time) (time.Time, error) {
	if r.dialect.now == "" {
		return own, nil
	}
	return one(ctx, r.run, unknown{}, func(rows *sql.Rows) (now time.Time, err error) {
		return now, rows.Scan(instant{&now})
	}, `SELECT `+r.dialect.now)
}

func (t *transaction) PutClockWatch(ctx context.Context, w identity.ClockWatch) error {
	_, err := t.exec(ctx, `INSERT INTO clock_watch (id, at, paused_at, why, steady) VALUES (1, $1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET at = excluded.at, paused_at = excluded.paused_at, why = excluded.why, steady = excluded.steady`,
		w.At, w.PausedAt, w.Why, w.Steady)
	return err
}
