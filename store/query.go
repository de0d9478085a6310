package store

import (
	"context"
	"database/sql"
	"iter"

	"rollcall/identity"
)

// runner runs statements: the pool of readers, or the one connection of a transaction.
type runner interface {
	query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	// failed turns an error into what callers see. A transaction remembers it and does nothing more.
	failed(err error) error
}

// reader is identity.Reader over a runner.
type reader struct {
	run     runner
	dialect *dialect
}

// unknown says which thing was not found. What belongs to another organization is told in the same words.
type unknown struct {
	rule   identity.Rule
	detail string
}

func (u unknown) err() error { return identity.Refuse(identity.NotFound, u.rule, "%s", u.detail) }

// The things that can be unknown.
var (
	unknownOrganization = unknown{identity.RuleUnknownOrg, "there is no such organization"}
	unknownAccount      = unknown{identity.RuleUnknownAccount, "there is no such user in this organization"}
	unknownHold         = unknown{identity.RuleNoHold, "no account has this address"}
	unknownToken        = unknown{identity.RuleUnknownToken, "there is no such token"}
	unknownGrant        = unknown{identity.RuleUnknownGrant, "this person has no role in the organization"}
	unknownDomain       = unknown{identity.RuleUnknownDomain, "the organization has no such domain"}
	unknownEvent        = unknown{identity.RuleUnknownEvent, "there is no such event in this organization"}
	unknownConnector    = unknown{identity.RuleUnknownConnector, "there is no such connector in this organization"}
	unknownSchedule     = unknown{identity.RuleUnknownConnector, "there is no such connector in this organization"}
	unknownPlan         = unknown{identity.RuleUnknownPlan, "there is no such plan in this organization"}
	unknownBinding      = unknown{identity.RuleNotBound, "nobody's account belongs to this person"}
	unknownPartner      = unknown{identity.RuleUnknownPartner, "the organizations are not connected"}
	unknownProvider     = unknown{identity.RuleUnknownProvider, "there is no such identity provider"}
	unknownLink         = unknown{identity.RuleUnknownLink, "there is no such link; it may be too old"}
	unknownReceipt      = unknown{identity.RuleUnknownReceipt, "nothing was done under this key"}
	unknownRun          = unknown{identity.RuleUnknownRun, "there is no such run in this organization"}
	unknownSubscription = unknown{identity.RuleUnknownSub, "there is no such subscription in this organization"}
	unknownAssignment   = unknown{identity.RuleUnknownLicence, "the user does not have this licence from this subscription"}
	unknownTemplate     = unknown{identity.RuleUnknownTemplate, "there is no such licence template in this organization"}
	unknownGroup        = unknown{identity.RuleUnknownGroup, "there is no such group in this organization"}
	unknownMessage      = unknown{identity.RuleUnknownMessage, "there is no such message in this organization"}
	unknownJob          = unknown{identity.RuleUnknownJob, "there is no such job in this organization"}
	unknownJobRow       = unknown{identity.RuleUnknownJob, "the job has no such row"}
	unknownClaim        = unknown{identity.RuleUnknownClaim, "there is no such claim in this organization"}
	unknownSite         = unknown{identity.RuleUnknownSite, "the organization is not linked to this site"}
	unknownDeletion     = unknown{identity.RuleUnknownDeletion, "nobody has asked for this organization to be deleted"}
	unknownPhoto        = unknown{identity.RuleUnknownPhoto, "the user has no photo"}
	unknownPrompt       = unknown{identity.RuleUnknownPrompt, "this prompt was not put off"}
	unknownItem         = unknown{identity.RuleUnknownItem, "there is no such resource in this organization"}
	unknownChunk        = unknown{identity.RuleUnknownJob, "the job's file has no such part"}
)

// one returns the first row of a query. It waits for the end, because the query can fail after its row.
func one[T any](ctx context.Context, run runner, what unknown, scan func(*sql.Rows) (T, error), query string, args ...any) (first T, err error) {
	none := true
	for v, err := range rows(ctx, run, scan, query, args) {
		if err != nil {
			return v, err
		}
		if none {
			first, none = v, false
		}
	}
	if none {
		return first, what.err()
	}
	return first, nil
}

// list returns all rows of a query; nil if there are none.
func list[T any](ctx context.Context, run runner, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	var all []T
	for v, err := range rows(ctx, run, scan, query, args) {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// rows yields the rows of a query and, if it fails, the error as callers see it as the last pair.
func rows[T any](ctx context.Context, run runner, scan func(*sql.Rows) (T, error), query string, args []any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		found, err := run.query(ctx, query, args...)
		if err != nil {
			yield(zero, run.failed(err))
			return
		}
		defer found.Close()
		for found.Next() {
			v, err := scan(found)
			if err != nil {
				yield(zero, run.failed(err))
				return
			}
			if !yield(v, nil) {
				return
			}
		}
		if err := found.Err(); err != nil {
			yield(zero, run.failed(err))
		}
	}
}

// positive refuses a limit that asks for nothing.
func positive(limit int) error {
	if limit > 0 {
		return nil
	}
	return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "the limit is %d; it must be at least 1", limit).At("limit")
}

// pool runs statements on connections that only read.
type pool struct {
	db      *sql.DB
	dialect *dialect
}

// query asks again where a connection had ended, such as one that is older than the server's last start. All others may have, too.
func (p pool) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	bound, err := bind(args)
	if err != nil {
		return nil, err
	}
	for left := p.db.Stats().MaxOpenConnections; ; left-- {
		found, err := p.db.QueryContext(ctx, p.dialect.rebind(query), bound...)
		if err == nil || left <= 0 || unreached(err) || !lostConnection(err) {
			return found, err
		}
	}
}

func (p pool) failed(err error) error { return refusal(err) }
