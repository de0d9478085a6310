package admin

import (
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"rollcall/identity"
)

// AuditRecord is a line of an export: an event with everything that its hash covers, so that the hash can be computed elsewhere.
type AuditRecord struct {
	AuditEvent
	Org            string          `json:"org"`
	PreviousHash   string          `json:"previousHash"` // empty for the first event
	ActorAccountID string          `json:"actorAccountId,omitempty"`
	AccountID      string          `json:"accountId,omitempty"`
	AccountName    string          `json:"accountName,omitempty"`
	Target         identity.Target `json:"target,omitzero"` // as it was recorded; data.target… also says so of a user and of the organization
}

// exportPage is how many events an export holds in memory.
const exportPage = 500

func (a *api) addAuditExport() {
	export := operation{
		id: "exportAudit", method: http.MethodGet, path: auditPath + "/export", scope: scopeReadAudit,
		summary: "Export the audit", about: "One JSON object a line, in the order of the chain and without a gap, over any range. Each line has everything that its hash covers " +
			"and the hash before it, so that the chain can be checked elsewhere.",
	}
	add(a, export, a.exportAudit)
	for _, op := range operationsOf(a.huma.OpenAPI().Paths[export.path]) {
		op.Responses["200"] = &huma.Response{Description: "The events",
			Content: map[string]*huma.MediaType{ndjsonType: {Schema: &huma.Schema{Type: huma.TypeString}}}}
	}
}

func (a *api) exportAudit(_ context.Context, in *struct {
	OrgPath
	AuditRange
}) (*download, error) {
	if !in.To.IsZero() && in.To.Before(in.From) {
		return nil, identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "the range ends before it begins").At("query.to")
	}
	return a.file("audit-"+in.Org+".ndjson", func(ctx context.Context, w io.Writer) error {
		return a.writeAudit(ctx, w, in.id(), in.AuditRange)
	}), nil
}

// writeAudit writes the part of the chain from the first to the last event of a range.
func (a *api) writeAudit(ctx context.Context, w io.Writer, org identity.OrgID, in AuditRange) error {
	show, err := a.auditor(ctx, org)
	if err != nil {
		return err
	}
	first, err := a.edge(ctx, org, in, false)
	if err != nil || first == 0 {
		return err
	}
	last, err := a.edge(ctx, org, in, true)
	if err != nil {
		return err
	}
	before, at := "", first-1
	if at > 0 {
		known, err := a.service.Reader().Chain(ctx, org, at-1, 1)
		if err != nil {
			return err
		}
		for _, e := range known {
			before = e.Hash
		}
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false) // what was recorded, byte for byte
	for at < last {
		page, err := a.service.Reader().Chain(ctx, org, at, exportPage)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, e := range page {
			if e.Seq > last {
				return nil
			}
			if err := out.Encode(show.record(e, before)); err != nil {
				return err
			}
			before, at = e.Hash, e.Seq
		}
	}
	return nil
}

// edge returns the place in the chain of the first or last event of a range; 0 if there is none.
func (a *api) edge(ctx context.Context, org identity.OrgID, in AuditRange, last bool) (int64, error) {
	events, err := a.service.Reader().Events(ctx, org, identity.EventQuery{From: in.From, Until: in.To, Newest: last, Limit: 1})
	if err != nil || len(events) == 0 {
		return 0, err
	}
	return events[0].Seq, nil
}

func (s auditor) record(e identity.Event, before string) AuditRecord {
	return AuditRecord{AuditEvent: s.event(e), Org: string(e.Org), PreviousHash: before, ActorAccountID: string(e.Actor.Account),
		AccountID: string(e.Account), AccountName: e.AccountName, Target: e.Target}
}
