package bulk

import (
	"context"
	"encoding/json"
	"io"

	"rollcall/identity"
)

// ImportOptions is what the administrator chose.
type ImportOptions struct {
	DryRun         bool `json:"dryRun,omitempty"`         // judge every row, change nothing
	RemoveServices bool `json:"removeServices,omitempty"` // FALSE takes a licence away from an existing user (CLM-35)
}

// importOptions is what the store keeps of it.
type importOptions struct {
	ImportOptions
	Columns []string `json:"columns"`
}

// StartImport stores a file of users and has it worked on in the background. It reads the file once, as a stream. A file that is
// not what [Jobs.WriteTemplate] says, has more than [MaxRows] users (TOO_MANY_ROWS) or comes while another one is imported in
// the organization (JOB_RUNNING, CSV-01) is refused, and no row of it is looked at. What is wrong with a single row is in the
// results.
func (j *Jobs) StartImport(ctx context.Context, by identity.Actor, org identity.OrgID, r io.Reader, o ImportOptions) (identity.Job, error) {
	return j.receive(ctx, by, org, identity.JobImport, userColumns, r, func(columns []string) any { return importOptions{o, columns} })
}

// importer does an import: its rows are in the store.
func (t *turn) importer(ctx context.Context) (stepper, error) {
	var o importOptions
	if err := json.Unmarshal(t.job.Options, &o); err != nil {
		return nil, err
	}
	columns, err := columnsOf(userColumns, o.Columns)
	if err != nil {
		return nil, err
	}
	p := people{columns: columns, options: o.ImportOptions, policy: t.jobs.service.EmailPolicy()}
	if o.DryRun {
		if p.earlier, err = t.rehearse(ctx); err != nil {
			return nil, err
		}
	}
	return t.step(task{rows: t.stored, dry: p.earlier, act: func(ctx context.Context, c *identity.Acts, row identity.JobRow) (result, error) {
		var in input
		if err := json.Unmarshal(row.Input, &in); err != nil {
			return result{}, err
		}
		return p.row(ctx, c, in)
	}}), nil
}
