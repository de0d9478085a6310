package admin

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"rollcall/identity"
)

// admitTrusted lets whoever runs the program do what a full administrator of any organization may do (see Options.Trusted).
func (a *api) admitTrusted(ctx context.Context, op *huma.Operation, scope Scope, org identity.OrgID) (caller, error) {
	c := caller{trusted: a.trusted, request: identity.Request{Operation: op.OperationID}}
	if scope == scopeAny {
		return c, nil
	}
	_, err := a.service.Reader().Organization(ctx, org)
	if identity.IsNotFound(err) && scope.outlives() {
		_, err = a.service.Reader().Tombstone(ctx, org)
	}
	if err != nil {
		return c, err
	}
	c.access = identity.Access{Org: org, Role: identity.RoleFull, Standing: identity.StandingOwn}
	return c, nil
}

// outlives reports whether a scope is about what is there when its organization was deleted: the audit, and orders that wait. Whoever
// runs the program can see to them.
func (s Scope) outlives() bool {
	return s == scopeReadAudit || s == scopeReadMail || s == scopeWriteMail
}

// accesses lists where a caller may do something, in the order of the organizations' ids: everywhere for whoever runs the
// program.
func (a *api) accesses(ctx context.Context, c caller) ([]identity.Access, error) {
	if c.trusted == nil {
		return a.service.AccessList(ctx, c.Caller)
	}
	const page = 500
	var all []identity.Access
	for after := identity.OrgID(""); ; {
		organizations, err := a.service.Reader().Organizations(ctx, after, page)
		if err != nil {
			return nil, err
		}
		for _, o := range organizations {
			all = append(all, identity.Access{Org: o.ID, Role: identity.RoleFull, Standing: identity.StandingOwn})
			after = o.ID
		}
		if len(organizations) < page {
			return all, nil
		}
	}
}
