package bulk

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"rollcall/identity"
)

// How much of a file is stored in one transaction: so many rows, or fewer that have so many bytes.
const (
	rowsStored  = 500
	bytesStored = 1 << 20
)

// uploadLease is how long nobody takes an upload for broken off after it last stored something.
const uploadLease = 2 * time.Minute

// receive stores a file for a job of a kind that is done row by row, and hands it over to the workers. It reads the file once, as a
// stream. A file that is not what the sheet says, has more than [MaxRows] users (TOO_MANY_ROWS) or comes while another job of the
// kind is under way in the organization (JOB_RUNNING, CSV-01) is refused, and no row of it is looked at. options are the job's,
// given the ids of the file's columns.
func (j *Jobs) receive(ctx context.Context, by identity.Actor, org identity.OrgID, kind identity.JobKind, fixed []column, r io.Reader,
	options func(columns []string) any) (identity.Job, error) {
	s, err := sheetOf(ctx, j.service.Reader(), org, fixed)
	if err != nil {
		return identity.Job{}, err
	}
	f, err := openFile(r, s)
	if err != nil {
		return identity.Job{}, err
	}
	ids := make([]string, 0, len(f.columns))
	for _, c := range f.columns {
		ids = append(ids, c.id)
	}
	job, err := j.newJob(org, by, kind, -1, options(ids))
	if err != nil {
		return identity.Job{}, err
	}
	// Until everything is stored the job counts as being worked on, which also keeps a second file out. Should the upload break
	// off, a worker finds the mark when the lease is over.
	job.State, job.Next = identity.JobRunning, mark{Uploading: true}.String()
	u := upload{jobs: j, file: f, job: job, seen: map[string]int{}}
	return u.run(ctx)
}

// upload is a file on its way into the store.
type upload struct {
	jobs   *Jobs
	file   *file
	job    identity.Job
	seen   map[string]int // which row is about whom
	rows   []identity.JobRow
	size   int
	stored bool // the job itself is in the store
}

func (u *upload) run(ctx context.Context) (identity.Job, error) {
	err := u.store(ctx)
	if err == nil {
		return u.job, nil
	}
	if u.stored {
		// Nobody waits for it any more, and the next file must not wait for the lease.
		if undone := u.giveUp(context.WithoutCancel(ctx), err); undone != nil {
			err = errors.Join(err, undone)
		}
	}
	return identity.Job{}, err
}

func (u *upload) store(ctx context.Context) error {
	for {
		cells, err := u.file.next()
		if errors.Is(err, io.EOF) {
			return u.flush(ctx, true)
		}
		if err != nil {
			return err
		}
		u.take(cells)
		if len(u.rows) == rowsStored || u.size >= bytesStored {
			if err := u.flush(ctx, false); err != nil {
				return err
			}
		}
	}
}

// take adds a row to those that are to be stored.
func (u *upload) take(cells []string) {
	in := input{Cells: slices.Clone(cells)}
	for i, c := range u.file.columns {
		u.size += len(cells[i])
		if c.id == userColumn {
			in.Twin = u.twin(cells[i])
		}
	}
	u.rows = append(u.rows, identity.JobRow{Number: u.file.number, Input: in.encode()})
}

// twin returns the earlier row about the same user; 0 if there is none. Two rows about one user would be done one after the
// other, and which of them counts would be an accident.
func (u *upload) twin(cell string) int {
	name := nameKey(strings.TrimSpace(plain(cell)), u.jobs.service.EmailPolicy())
	if name == "" || len(name) > identity.MaxUserName {
		return 0 // refused anyway
	}
	if earlier, found := u.seen[name]; found {
		return earlier
	}
	u.seen[name] = u.file.number
	return 0
}

// flush stores the rows so far, first of all the job, and at the end hands the job over to the workers.
func (u *upload) flush(ctx context.Context, last bool) error {
	if last && u.file.users == 0 {
		return refuseFile("the file has a header and no users")
	}
	job := u.job
	if last {
		job.State, job.Total, job.Next, job.LeaseUntil = identity.JobQueued, u.file.users, "", time.Time{}
	}
	err := u.jobs.service.Transact(ctx, job.Org, job.By, func(c *identity.Acts) error {
		if !last {
			now, err := c.SharedNow(ctx)
			if err != nil {
				return err
			}
			job.LeaseUntil = now.Add(uploadLease)
		}
		if !u.stored {
			if err := c.Tx().InsertJob(ctx, job); err != nil {
				return err
			}
		} else if err := c.Tx().UpdateJob(ctx, job); err != nil {
			return brokenOff(err)
		}
		if err := c.Tx().InsertJobRows(ctx, job.Org, job.ID, u.rows); err != nil {
			return err
		}
		if last {
			return c.TellOfJob(ctx, identity.JobStarted, job)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if u.stored {
		job.Version++
	}
	u.job, u.stored, u.rows, u.size = job, true, u.rows[:0], 0
	return nil
}

// brokenOff says what it means that somebody else has written the job: its lease was over.
func brokenOff(err error) error {
	if identity.KindOf(err) != identity.Stale {
		return err
	}
	return refuseFile("the file came too slowly, and the import was given up; send it again")
}

// giveUp ends a job whose file was refused; its rows are deleted with the next files that expire.
func (u *upload) giveUp(ctx context.Context, cause error) error {
	why := "The file did not arrive whole; send it again."
	var refusal *identity.Error
	if errors.As(cause, &refusal) {
		why = refusal.Detail
	}
	err := u.jobs.service.Transact(ctx, u.job.Org, u.job.By, func(c *identity.Acts) error {
		job := failed(u.job, c.Now(), why)
		job.ExpiresAt = c.Now()
		return c.Tx().UpdateJob(ctx, job)
	})
	if identity.KindOf(err) == identity.Stale {
		return nil // a worker has done so
	}
	return err
}
