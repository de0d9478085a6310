package bulk

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"

	"rollcall/identity"
)

// resultsAtOnce is how many rows of results are read at a time.
const resultsAtOnce = 500

var resultsHeader = []string{"Row", "User ID/Email", "Outcome", "Code", "Message", "User Identifier"}

// WriteResults writes what came of each row of a job, in the order of the rows: number, user, outcome, the code and the reason if
// it failed, and the user's identifier. Of a job that is under way it is what is done so far. After 7 days it is gone
// (FILE_GONE). Before there is an error it has written nothing, unless the store or w fails on the way.
func (j *Jobs) WriteResults(ctx context.Context, w io.Writer, org identity.OrgID, id identity.JobID) error {
	job, err := j.service.Reader().Job(ctx, org, id)
	if err != nil {
		return err
	}
	if job.Kind == identity.JobExport {
		return identity.Refuse(identity.NotFound, identity.RuleUnknownJob, "this job is an export; it has a file and no results")
	}
	if err := j.there(job); err != nil {
		return err
	}
	if err := writeRows(w, resultsHeader); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	for after, n := 0, resultsAtOnce; n == resultsAtOnce; {
		rows, err := j.service.Reader().JobRows(ctx, org, id, after, resultsAtOnce)
		if err != nil {
			return err
		}
		for _, row := range rows {
			after = row.Number
			if !row.Done {
				out.Flush()
				return out.Error() // nothing behind it is done
			}
			if err := out.Write(resultCells(row)); err != nil {
				return err
			}
		}
		n = len(rows)
	}
	out.Flush()
	return out.Error()
}

func resultCells(row identity.JobRow) []string {
	var in input
	_ = json.Unmarshal(row.Input, &in) // a row that does not say whom it is about is still an answer
	return []string{strconv.Itoa(row.Number), neutral(in.Name), row.Outcome, string(row.Code), neutral(row.Message), string(row.Account)}
}

// WriteExport writes the file of an export that is done. After 7 days it is gone (FILE_GONE). Before there is an error it has
// written nothing, unless the store or w fails on the way.
func (j *Jobs) WriteExport(ctx context.Context, w io.Writer, org identity.OrgID, id identity.JobID) error {
	read := j.service.Reader()
	job, err := read.Job(ctx, org, id)
	if err != nil {
		return err
	}
	switch {
	case job.Kind != identity.JobExport:
		return identity.Refuse(identity.NotFound, identity.RuleUnknownJob, "this job is no export; it has results and no file")
	case job.State == identity.JobFailed:
		return identity.Refuse(identity.Gone, identity.RuleFileGone, "this export failed, so there is no file; start another one")
	case job.State != identity.JobDone:
		return identity.Refuse(identity.Conflict, identity.RuleJobRunning, "this export is not done yet; wait until its state is done")
	}
	if err := j.there(job); err != nil {
		return err
	}
	m, err := markOf(job)
	if err != nil {
		return err
	}
	for n := range m.Chunk {
		chunk, err := read.JobChunk(ctx, org, id, n)
		if identity.IsNotFound(err) {
			return fileGone()
		}
		if err != nil {
			return err
		}
		if _, err := w.Write(chunk); err != nil {
			return err
		}
	}
	return nil
}

// there refuses jobs whose rows and files are over, deleted already or not (CSV-06).
func (j *Jobs) there(job identity.Job) error {
	if job.ExpiresAt.IsZero() || j.service.Now().Before(job.ExpiresAt) {
		return nil
	}
	return fileGone()
}

func fileGone() error {
	return identity.Refuse(identity.Gone, identity.RuleFileGone, "results and files are kept for 7 days, and these are gone; start the job again")
}
