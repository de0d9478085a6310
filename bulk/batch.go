package bulk

import (
	"context"
	"errors"

	"rollcall/identity"
)

// rowsAtOnce is how many rows are done in one transaction: enough that its commit costs little, few enough that others who
// want to write do not wait long.
const rowsAtOnce = 100

// act does one row.
type act func(ctx context.Context, c *identity.Acts, row identity.JobRow) (result, error)

// task is a job that is done row by row.
type task struct {
	rows func(ctx context.Context, limit int) ([]identity.JobRow, error) // the next rows; none: the job is done
	act  act
	dry  *rehearsal // not nil: keep the outcomes, and nothing else
	// walks says that the rows are not in the store before they are done.
	walks bool
	// transact is how rows are done together; nil: as anything else in the organization.
	transact func(ctx context.Context, rows []identity.JobRow, fn func(*identity.Acts) error) error
}

// stored returns the next rows that the store has.
func (t *turn) stored(ctx context.Context, limit int) ([]identity.JobRow, error) {
	return t.jobs.service.Reader().JobRows(ctx, t.job.Org, t.job.ID, t.mark.Row, limit)
}

var errDry = errors.New("bulk: nothing of this shall be kept")

// refusedRow ends a transaction of which nothing can be kept because of one row. It is no *identity.Error: the row's refusal is
// the answer to the row, not to what the transaction was for.
type refusedRow struct {
	at  int
	row identity.JobRow // as it shall be stored
}

func (r *refusedRow) Error() string { return "bulk: a row was refused: " + r.row.Message }

// step does the next rows in one transaction, together with what came of them. A row that is refused leaves its neighbours
// alone. If it leaves the transaction unusable, the rows before it are done first and then that row by itself, so that rows are
// done in their order, whatever happens.
func (t *turn) step(k task) stepper {
	return func(ctx context.Context) (bool, error) {
		rows, err := k.rows(ctx, t.size)
		if err != nil || len(rows) == 0 {
			return err == nil, err
		}
		done := make([]identity.JobRow, 0, len(rows))
		next := t.mark
		var job identity.Job
		err = t.transact(ctx, k, rows, func(c *identity.Acts) error {
			c.LookFirst()
			var err error
			if k.dry != nil {
				if done, next.Seats, err = t.dryRun(ctx, c, k.act, rows, done[:0]); err != nil {
					return err
				}
				return errDry
			}
			if done, err = do(ctx, c, k.act, rows, done[:0]); err != nil {
				return err
			}
			job, err = t.progress(ctx, c, k, done, next)
			return err
		})
		if row := refusedAlone(rows, done, err); row != nil {
			done, next.Seats, err = append(done[:0], *row), t.mark.Seats, errDry
		}
		if errors.Is(err, errDry) {
			err = t.jobs.service.Transact(ctx, t.job.Org, t.job.By, func(c *identity.Acts) error {
				var err error
				job, err = t.progress(ctx, c, k, done, next)
				return err
			})
		}
		return false, t.settle(ctx, k, job, rows, done, err)
	}
}

func (t *turn) transact(ctx context.Context, k task, rows []identity.JobRow, fn func(*identity.Acts) error) error {
	if k.transact != nil {
		return k.transact(ctx, rows, fn)
	}
	return t.jobs.service.Transact(ctx, t.job.Org, t.job.By, fn)
}

// dryRun does rows in a transaction that is not kept, and returns with them the seats that would be taken after them.
func (t *turn) dryRun(ctx context.Context, c *identity.Acts, act act, rows, done []identity.JobRow) ([]identity.JobRow, seatsTaken, error) {
	if err := t.mark.Seats.reserve(ctx, c, t.jobs.service.NewID); err != nil {
		return done, nil, err
	}
	before, err := used(ctx, c)
	if err != nil {
		return done, nil, err
	}
	if done, err = do(ctx, c, act, rows, done); err != nil {
		return done, nil, err
	}
	after, err := used(ctx, c)
	return done, after.plus(before, -1).plus(t.mark.Seats, 1), err
}

// refusedAlone returns the row that was the only one of a transaction and brought it down by being refused; nil if it was
// something else.
func refusedAlone(rows, done []identity.JobRow, err error) *identity.JobRow {
	var alone *refusedRow
	switch {
	case len(rows) != 1:
	case errors.As(err, &alone):
		return &alone.row
	case refusalOf(err) != nil && len(done) == 1 && done[0].Outcome == Failed:
		return &done[0]
	}
	return nil
}

// settle takes over what was stored, and decides how to go on with what was not.
func (t *turn) settle(ctx context.Context, k task, job identity.Job, rows, done []identity.JobRow, err error) error {
	err = unlessDeleted(err)
	if err == nil && k.dry != nil {
		err = k.dry.learn(done)
	}
	var row *refusedRow
	switch {
	case err == nil:
		t.job = job
		t.job.Version++
		t.size = min(2*t.size, rowsAtOnce)
		t.mark, err = markOf(job)
		return err
	case ctx.Err() != nil, errors.Is(err, errLost), len(rows) == 1:
		return err
	case errors.As(err, &row) && row.at > 0:
		t.size = row.at
	default:
		t.size = 1
	}
	return nil
}

// do does rows one after the other and returns them as they are then.
func do(ctx context.Context, c *identity.Acts, act act, rows, done []identity.JobRow) ([]identity.JobRow, error) {
	for i, row := range rows {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		r, err := act(ctx, c, row)
		refusal := refusalOf(err)
		switch {
		case refusal != nil && r.wrote:
			return done, &refusedRow{at: i, row: refused(row, r, refusal)}
		case refusal != nil:
			done = append(done, refused(row, r, refusal))
			continue
		case err != nil:
			return done, err
		}
		row = answered(row, r)
		row.Outcome, row.Message = r.outcome, r.note
		done = append(done, row)
	}
	return done, nil
}

// refusalOf returns the refusal that err is; nil if it is none but something that nobody foresaw, or that may pass.
func refusalOf(err error) *identity.Error {
	var refusal *identity.Error
	if !errors.As(err, &refusal) {
		return nil
	}
	switch refusal.Kind {
	case identity.Invalid, identity.NotFound, identity.Forbidden, identity.Conflict, identity.Gone:
		return refusal
	}
	return nil
}

func refused(row identity.JobRow, r result, refusal *identity.Error) identity.JobRow {
	row = answered(row, r)
	row.Outcome, row.Code, row.Message = Failed, refusal.Rule, refusal.Detail
	return row
}

// answered keeps of what a row said only whom it is about.
func answered(row identity.JobRow, r result) identity.JobRow {
	row.Done, row.Input = true, input{Name: r.name}.encode()
	if r.account != "" {
		row.Account = r.account
	}
	return row
}

// progress stores what came of rows, and the job with it.
func (t *turn) progress(ctx context.Context, c *identity.Acts, k task, rows []identity.JobRow, next mark) (identity.Job, error) {
	job := t.job
	for i, row := range rows {
		job.Processed++
		if row.Outcome == Failed {
			job.Failed++
		} else {
			job.Succeeded++
		}
		if k.dry != nil && (row.Outcome == Created || row.Outcome == Claimed) {
			rows[i].Account = "" // there is none
		}
	}
	last := rows[len(rows)-1]
	next.Row, next.Tries = last.Number, 0
	if k.walks {
		next.Account = last.Account
	}
	now, err := c.SharedNow(ctx)
	if err != nil {
		return job, err
	}
	job.Next, job.LeaseUntil = next.String(), now.Add(lease)
	// The job comes first: if it is another worker's by now, its rows are so too.
	if err := c.Tx().UpdateJob(ctx, job); err != nil {
		return job, lost(err)
	}
	if k.walks {
		return job, c.Tx().InsertJobRows(ctx, job.Org, job.ID, rows)
	}
	for _, row := range rows {
		if err := c.Tx().UpdateJobRow(ctx, job.Org, job.ID, row); err != nil {
			return job, err
		}
	}
	return job, nil
}
