package bulk

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"rollcall/identity"
)

// ClaimOptions is what the administrator chose.
type ClaimOptions struct {
	Acknowledged   bool `json:"acknowledged,omitempty"`   // that a claim moves people for good (CLM-05)
	DryRun         bool `json:"dryRun,omitempty"`         // judge every row, change nothing
	RemoveServices bool `json:"removeServices,omitempty"` // FALSE takes a licence away from somebody who is here already (CLM-35)
}

// claimOptions is what the store keeps of it.
type claimOptions struct {
	ClaimOptions
	Columns []string `json:"columns"`
}

// StartClaims stores a file of users of other organizations and has them claimed in the background, each row by itself: what speaks
// against one stops no other (CLM-33). It takes files as [Jobs.StartImport] does, with the columns of [Jobs.WriteClaimTemplate]; one
// such job runs in an organization at a time (JOB_RUNNING). Whoever belongs to the organization already keeps what they are and
// gets the licences of the row (CLM-35), so that the same file can be sent again.
//
// A dry run needs no acknowledgement. It judges the rows as an import at the same moment would, but for one case: claims in it do
// not make the administrators of other organizations fewer (CLM-10 h), unless they are done together.
func (j *Jobs) StartClaims(ctx context.Context, by identity.Actor, org identity.OrgID, r io.Reader, o ClaimOptions) (identity.Job, error) {
	if _, err := j.service.Reader().Organization(ctx, org); err != nil {
		return identity.Job{}, err
	}
	if !o.Acknowledged && !o.DryRun {
		return identity.Job{}, identity.Refuse(identity.Invalid, identity.RuleAcknowledgement,
			"a claim moves people for good; acknowledge that to claim the users of a file").At("acknowledgePermanent")
	}
	return j.receive(ctx, by, org, identity.JobClaim, claimColumns, r, func(columns []string) any { return claimOptions{o, columns} })
}

// claimer does a job of claims: its rows are in the store.
func (t *turn) claimer() (stepper, error) {
	var o claimOptions
	if err := json.Unmarshal(t.job.Options, &o); err != nil {
		return nil, err
	}
	columns, err := columnsOf(claimColumns, o.Columns)
	if err != nil {
		return nil, err
	}
	k := claims{columns: columns, options: o.ClaimOptions, policy: t.jobs.service.EmailPolicy()}
	claim := task{rows: t.stored, act: k.act, transact: func(ctx context.Context, rows []identity.JobRow, fn func(*identity.Acts) error) error {
		addresses, err := k.addresses(rows)
		if err != nil {
			return err
		}
		return t.jobs.service.TransactClaims(ctx, t.job.By, t.job.Org, addresses, fn)
	}}
	if o.DryRun {
		claim.dry = &rehearsal{policy: k.policy}
	}
	return t.step(claim), nil
}

// claims is how a file claims (CLM-33 to CLM-35).
type claims struct {
	columns []column
	options ClaimOptions
	policy  identity.EmailPolicy
}

// addresses are whom the rows are about, as far as they say so.
func (k claims) addresses(rows []identity.JobRow) ([]string, error) {
	user := slices.IndexFunc(k.columns, func(c column) bool { return c.id == userColumn })
	list := make([]string, 0, len(rows))
	for _, row := range rows {
		var in input
		if err := json.Unmarshal(row.Input, &in); err != nil {
			return nil, err
		}
		if user < len(in.Cells) {
			list = append(list, strings.TrimSpace(plain(in.Cells[user])))
		}
	}
	return list, nil
}

// act does one row.
func (k claims) act(ctx context.Context, c *identity.Acts, row identity.JobRow) (result, error) {
	var in input
	var r result
	if err := json.Unmarshal(row.Input, &in); err != nil {
		return r, err
	}
	cells, err := in.read(k.columns, &r)
	if err != nil {
		return r, err
	}
	address, err := identity.ParseEmail(r.name, k.policy)
	if err != nil {
		return r, err
	}
	want, err := k.wanted(cells)
	if err != nil {
		return r, err
	}
	a, here, err := holder(ctx, c.Tx(), c.Org().ID, address.Key, k.policy)
	if err != nil {
		return r, err
	}
	if here {
		return k.license(ctx, c, r, a, want)
	}
	asked := identity.ClaimRequest{Email: r.name, Mode: want.mode}
	if asked.Licences, err = want.first(ctx, c); err != nil {
		return r, err
	}
	claim, a, err := c.Claim(ctx, asked)
	if err != nil {
		r.wrote = claim.ID != ""
		return r, want.explained(err)
	}
	r.account, r.outcome, r.note = a.ID, Claimed, modeWord(claim.Mode)+"; the user can bring the content along"
	if claim.ContentLost {
		r.note = modeWord(claim.Mode) + "; the content of the old account is lost"
	}
	return r, nil
}

// claimWish is what a row of claims asks for.
type claimWish struct {
	mode     identity.ClaimMode // empty: decided now (CLM-21)
	revision string             // when the file was made, as it says
	licenceWish
}

func (k claims) wanted(cells []string) (claimWish, error) {
	var w claimWish
	for i, col := range k.columns {
		cell := strings.TrimSpace(cells[i])
		switch {
		case col.role == licenses:
			if err := w.read(col, cell); err != nil {
				return w, err
			}
		case col.id == revisionColumn:
			w.revision = cell
		case col.id != modeColumn || cell == "":
		case strings.EqualFold(cell, string(identity.ClaimImmediate)):
			w.mode = identity.ClaimImmediate
		case strings.EqualFold(cell, string(identity.ClaimDeferred)):
			w.mode = identity.ClaimDeferred
		default:
			return w, identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "the column %s has %s; write %s, %s or nothing", col.header, quoted(cell),
				modeWord(identity.ClaimImmediate), modeWord(identity.ClaimDeferred))
		}
	}
	return w, nil
}

// explained completes a refusal by what the results have no other place for: every reason (CLM-10), and how old the file is whose
// mode is not possible any more (CLM-34).
func (w claimWish) explained(err error) error {
	var refusal *identity.Error
	if !errors.As(err, &refusal) {
		return err
	}
	told := *refusal
	for _, reason := range refusal.Why[min(1, len(refusal.Why)):] {
		told.Detail += "; " + string(reason.Code) + ": " + reason.Detail
	}
	if w.revision != "" && (told.Rule == identity.RuleContentTransferDisabled || told.Rule == identity.RuleClaimNotDeferrable) {
		told.Detail += "; the file was made at " + quoted(w.revision) + ", and another setting needs another file"
	}
	return &told
}

// license brings the licences of a row to somebody who is here already (CLM-35).
func (k claims) license(ctx context.Context, c *identity.Acts, r result, a identity.Account, want claimWish) (result, error) {
	r.account, r.outcome = a.ID, Unchanged
	if want.give == nil && want.take == nil {
		return r, nil
	}
	v := view{account: a, licences: map[identity.Licence]bool{}}
	if err := assigned(ctx, c.Tx(), v); err != nil {
		return r, err
	}
	changed, err := want.bring(ctx, c, v, k.options.RemoveServices)
	if changed {
		r.outcome = Changed
	}
	return r, err
}
