package admin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"rollcall/identity"
)

// AuditRange is the time that is looked at.
type AuditRange struct {
	From time.Time `query:"from" doc:"At or after this instant (RFC 3339)"`
	To   time.Time `query:"to" doc:"Before this instant (RFC 3339); absent: until now"`
}

type auditPage struct {
	Events     []AuditEvent `json:"events" nullable:"false" doc:"The newest first"`
	NextCursor string       `json:"nextCursor,omitempty" doc:"Absent on the last page"`
}

// AuditVerification says whether the organization's chain of events is whole.
type AuditVerification struct {
	Intact bool   `json:"intact"`
	Events int64  `json:"events" doc:"How many were good, up to the first fault if there is one"`
	Head   string `json:"head,omitempty" doc:"The hash of the last good one; written down elsewhere, it proves all of them"`
	Fault  string `json:"fault,omitempty" doc:"What is wrong with the first that does not fit"`
	Event  string `json:"event,omitempty" format:"uuid" doc:"The first event that does not fit"`
}

const auditPath = orgPath + "/audit"

func (a *api) addAudit() {
	add(a, operation{
		id: "listAudit", method: http.MethodGet, path: auditPath, scope: scopeReadAudit,
		summary: "Look through the audit", about: "What was done in the organization and what was refused, the newest first; at most a year at a time. Filters narrow the list together.",
	}, a.listAudit)
	add(a, operation{
		id: "verifyAudit", method: http.MethodGet, path: auditPath + "/verification", scope: scopeReadAudit,
		summary: "Verify the audit", about: "Computes the hash of every event again. Each covers the one before it, so a change of any event shows.",
	}, a.verifyAudit)
	a.addAuditExport()
}

func (a *api) listAudit(ctx context.Context, in *struct {
	OrgPath
	Page
	AuditRange
	Actor    string   `query:"actor" maxLength:"1300" doc:"Only what this actor did: the actorId of an event"`
	Category []string `query:"category" enum:"USERS,LOGINS,ORG_SETTINGS,CUSTOMERS,GROUPS,LICENSES,DIRECTORY,ITEMS,REFUSALS" doc:"Only events of these categories, separated by commas"`
	Target   string   `query:"target" maxLength:"1300" doc:"Only what happened to this: the targetId of an event"`
	Offset   int      `query:"offset" minimum:"0" maximum:"1000000" doc:"Pass over so many; instead of cursor"`
}) (*body[auditPage], error) {
	if in.Cursor != "" && in.Offset > 0 {
		return nil, identity.Refuse(identity.Invalid, codeInvalidInput, "goes without a cursor; give one of the two").At("query.offset")
	}
	scope := []any{"audit", in.Org, in.AuditRange, in.Actor, in.Category, in.Target}
	after, err := in.after(scope...)
	if err != nil {
		return nil, err
	}
	q := identity.AuditQuery{From: in.From, Until: in.To, Actor: in.Actor, Target: in.Target, Skip: in.Offset, After: identity.EventID(after), Limit: in.Limit}
	for _, c := range in.Category {
		q.Categories = append(q.Categories, identity.Category(c))
	}
	events, err := a.service.Audit(ctx, in.id(), q)
	if err != nil {
		return nil, inQuery(err)
	}
	show, err := a.auditor(ctx, in.id())
	if err != nil {
		return nil, err
	}
	page := auditPage{Events: []AuditEvent{}}
	for _, e := range events {
		page.Events = append(page.Events, show.event(e))
	}
	// The limit is the most that may be asked for, so a full page has a next one, be it empty.
	if len(events) == in.Limit {
		page.NextCursor = nextCursor(string(events[in.Limit-1].ID), scope...)
	}
	return &body[auditPage]{page}, nil
}

func (a *api) verifyAudit(ctx context.Context, in *OrgPath) (*body[AuditVerification], error) {
	report, err := a.service.VerifyChain(ctx, in.id())
	if err != nil {
		return nil, err
	}
	return &body[AuditVerification]{AuditVerification{
		Intact: !report.Broken(), Events: report.Events, Head: report.Head, Fault: report.Fault, Event: report.Event,
	}}, nil
}

// inQuery says of a value that identity refuses that it stood in the query.
func inQuery(err error) error {
	var e *identity.Error
	if !errors.As(err, &e) || e.Kind != identity.Invalid || e.Field == "" {
		return err
	}
	told := *e
	return told.At("query." + e.Field)
}
