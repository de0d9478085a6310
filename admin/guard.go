package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"rollcall/identity"
	"rollcall/internal/web"
)

// caller is who calls, what they may do where the path says, and where the call comes from.
type caller struct {
	identity.Caller
	access  identity.Access // zero if the path names no organization
	request identity.Request
	trusted *identity.Actor // see Options.Trusted
}

// undecidedKey is where an operation says that it is for people who have not decided yet, too.
const undecidedKey = "undecided"

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// actor is the caller as events tell of it.
func (c caller) actor() identity.Actor {
	if c.trusted != nil {
		by := *c.trusted
		by.Request.Operation = c.request.Operation
		return by
	}
	return c.Actor(c.access, c.request)
}

// keyOf names a person in limits and receipts. The length keeps two people from being spelt the same.
func keyOf(p identity.Person) string {
	return fmt.Sprintf("%d|%s|%s", len(p.Issuer), p.Issuer, p.Subject)
}

// guard is the middleware before every operation: 401, 429, 404, 403, and only then the request is read (BEHAVIOUR 0.4).
func (a *api) guard(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	op := ctx.Operation()
	c, err := a.admit(r, op, ctx.Param("org"))
	if err == nil {
		err = checkQuery(r.URL.RawQuery)
	}
	if err != nil {
		writeRefusal(w, mapError(r.Context(), a.logger, err))
		return
	}
	r = r.WithContext(context.WithValue(r.Context(), callerKey{}, c))
	a.once(c, op, w, r, func(w http.ResponseWriter, r *http.Request) {
		next(&answerContext{humago.NewContext(op, r, w)})
	})
}

// checkQuery refuses what huma would pass over: a query that cannot be read, and a parameter of which only one would count.
func checkQuery(raw string) error {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return identity.Refuse(identity.Invalid, codeInvalidInput, "%s", err).At("query")
	}
	for name, given := range values {
		if len(given) > 1 {
			return identity.Refuse(identity.Invalid, codeInvalidInput, "stands twice; give it once").At("query." + name)
		}
	}
	return nil
}

func (a *api) admit(r *http.Request, op *huma.Operation, org string) (caller, error) {
	ctx := r.Context()
	scope, declared := scopeOf(op)
	if !declared {
		return caller{}, errors.New("admin: an operation without a scope was called: " + op.Path)
	}
	if a.trusted != nil {
		return a.admitTrusted(ctx, op, scope, identity.OrgID(org))
	}
	p, err := a.authenticate(r)
	if err != nil {
		return caller{}, err
	}
	if wait, ok := a.callers.Take(keyOf(p)); !ok {
		return caller{}, tooMany(ctx, wait, "you have sent too many calls")
	}
	c := caller{request: a.requestOf(r, op)}
	if c.Caller, err = a.service.Caller(ctx, p); err != nil {
		return c, notSignedIn(ctx, op, err)
	}
	if c.Account != nil && c.Account.Status == identity.DeferredClaim && op.Metadata[undecidedKey] != true {
		return c, notSignedIn(ctx, op, identity.Refuse(identity.Forbidden, identity.RuleAccountInactive,
			"you have been claimed and have not decided about your old account yet; decide first, at "+mePath+"/claim"))
	}
	if scope == scopeAny {
		return c, nil
	}
	if c.access, err = a.service.AccessTo(ctx, c.Caller, identity.OrgID(org)); err != nil {
		return c, err
	}
	if !scope.allows(c.access) {
		return c, a.forbidden(ctx, c, op, scope)
	}
	return c, nil
}

// notSignedIn tells people whose account cannot be used that their token is none here (USR-05). Only who asks to be signed in is
// told that it is forbidden: that is an answer to the question, and not for want of one.
func notSignedIn(ctx context.Context, op *huma.Operation, err error) error {
	var e *identity.Error
	if !errors.As(err, &e) || e.Rule != identity.RuleAccountInactive || op.OperationID == signInID {
		return err
	}
	return refuse(ctx, http.StatusUnauthorized, e.Rule, e.Detail).with("WWW-Authenticate", web.Challenge("invalid_token", e.Detail))
}

// forbidden refuses somebody whose role does not suffice, and records it where they have that role (AUD-04).
func (a *api) forbidden(ctx context.Context, c caller, op *huma.Operation, scope Scope) error {
	refusal := identity.Refuse(identity.Forbidden, identity.RuleForbiddenRole, "your role here is %s%s; this needs one of: %s",
		c.access.Role, standingText(c.access.Standing), scope.text())
	if scope == scopeWriteDeletion && c.access.Standing == identity.StandingPartner {
		refusal = identity.PartnerCannotDelete()
	}
	target := identity.Target{Type: identity.TargetOperation, ID: op.OperationID, Name: op.Summary}
	if err := a.service.RecordRefusal(ctx, c.access.Org, c.actor(), target, refusal); err != nil {
		// Nothing was done, so there is nothing to undo: the answer is the same, only the audit lacks an attempt.
		a.logger.ErrorContext(ctx, "refusal not recorded", "request", web.RequestID(ctx), "error", err)
	}
	return refusal
}

func standingText(s identity.Standing) string {
	switch s {
	case identity.StandingExternal:
		return " as an external administrator"
	case identity.StandingPartner:
		return " as a partner"
	}
	return ""
}

// authenticate finds out who calls, and nothing about what they may do. Whoever sends bad tokens again and again is refused
// before the next one is looked at: a signature costs more to check than to make up.
func (a *api) authenticate(r *http.Request) (identity.Person, error) {
	ctx, place := r.Context(), web.Place(a.proxies.Address(r))
	if wait, ok := a.strangers.Peek(place); !ok {
		return identity.Person{}, tooMany(ctx, wait, "too many calls without a good token have come from your address")
	}
	p, err := a.identify(r)
	var no *refusal
	if errors.As(err, &no) && no.Status == http.StatusUnauthorized {
		a.strangers.Take(place)
	}
	return p, err
}

func (a *api) identify(r *http.Request) (identity.Person, error) {
	ctx := r.Context()
	token, err := web.Bearer(r.Header)
	switch {
	case errors.Is(err, web.ErrNoBearer):
		return identity.Person{}, refuse(ctx, http.StatusUnauthorized, codeInvalidToken, err.Error()).with("WWW-Authenticate", web.Challenge("", ""))
	case err != nil:
		return identity.Person{}, unauthorized(ctx, err)
	}
	p, err := a.verifier.person(ctx, token)
	var bad badToken
	var down *unreachable
	switch {
	case errors.As(err, &bad):
		a.logger.InfoContext(ctx, "token refused", "request", web.RequestID(ctx), "why", string(bad))
		return identity.Person{}, unauthorized(ctx, bad)
	case errors.As(err, &down):
		a.logger.WarnContext(ctx, "issuer unavailable", "request", web.RequestID(ctx), "error", err)
		return identity.Person{}, refuse(ctx, http.StatusServiceUnavailable, codeIssuerDown,
			"the issuer of the token cannot be asked for its keys now, so the token cannot be checked; try again in a few seconds").with("Retry-After", "5")
	}
	return p, err
}

// unauthorized tells what is wrong with the token in the body and in the challenge (RFC 6750 section 3.1).
func unauthorized(ctx context.Context, why error) *refusal {
	return refuse(ctx, http.StatusUnauthorized, codeInvalidToken, why.Error()).with("WWW-Authenticate", web.Challenge("invalid_token", why.Error()))
}

func tooMany(ctx context.Context, wait time.Duration, detail string) *refusal {
	after := web.RetryAfter(wait)
	return refuse(ctx, http.StatusTooManyRequests, codeRateLimited, detail+"; the next one is answered in "+after+" s").with("Retry-After", after)
}

// requestOf says where a call came from, for the audit.
func (a *api) requestOf(r *http.Request, op *huma.Operation) identity.Request {
	return identity.Request{IP: a.proxies.Address(r), UserAgent: web.UserAgent(r), TrackingID: web.RequestID(r.Context()), Operation: op.OperationID}
}

// writeRefusal answers outside of huma.
func writeRefusal(w http.ResponseWriter, no *refusal) {
	for name, values := range no.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", web.ProblemType)
	w.WriteHeader(no.Status)
	_ = huma.DefaultJSONFormat.Marshal(w, no.Problem) // the client is gone; there is nobody left to tell
}

// humaContext is there because a struct cannot embed an interface Context that has a method Context.
type humaContext huma.Context

// answerContext turns what huma answers by itself into this API's form: 400 instead of 422.
type answerContext struct{ humaContext }

func (c *answerContext) Unwrap() huma.Context { return c.humaContext }

func (c *answerContext) SetStatus(status int) {
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	c.humaContext.SetStatus(status)
}
