package bulk

import (
	"context"
	"encoding/json"
	"fmt"

	"rollcall/identity"
)

// importer does an import: its rows are in the store.
func (t *turn) importer(ctx context.Context) (stepper, error) {
	var o importOptions
	if err := json.Unmarshal(t.job.Options, &o); err != nil {
		return nil, err
	}
	p := people{options: o.ImportOptions, policy: t.jobs.service.EmailPolicy()}
	for _, id := range o.Columns {
		c, known := columnOf(id)
		if !known {
			return nil, unknownColumn(id)
		}
		p.columns = append(p.columns, c)
	}
	if o.DryRun {
		var err error
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

// stored returns the next rows that the store has.
func (t *turn) stored(ctx context.Context, limit int) ([]identity.JobRow, error) {
	return t.jobs.service.Reader().JobRows(ctx, t.job.Org, t.job.ID, t.mark.Row, limit)
}

func unknownColumn(id string) error {
	return fmt.Errorf("the column %q is not known to this version", id)
}
