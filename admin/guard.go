package admin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"rollcall/identity"
	"rollcall/internal/web"
)

// caller is who calls and what they may do.
type caller struct {
	person
	grants []identity.Grant // all of the caller's, in the order of the organizations' ids
	org    identity.OrgID   // of the path; empty if it names none
	role   identity.Role    // in org
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// actor is the caller as events tell of it.
func (c caller) actor() identity.Actor { return c.person.actor(c.org) }

// guard is the middleware before every operation: 401, 404, 403, and only then the request is read (BEHAVIOUR 0.4).
func (a *api) guard(ctx huma.Context, next func(huma.Context)) {
	answer := &answerContext{humaContext: ctx}
	r, w := humago.Unwrap(ctx)
	c, err := a.admit(r, ctx.Operation(), ctx.Param("org"))
	if err == nil {
		err = checkQuery(r.URL.RawQuery)
	}
	if err != nil {
		no := mapError(r.Context(), a.logger, err)
		for name, values := range no.header {
			w.Header()[name] = values
		}
		writeRefusal(w, no)
		return
	}
	next(huma.WithValue(answer, callerKey{}, c))
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
	c, err := a.authenticate(r)
	if err != nil {
		return caller{}, err
	}
	if c.grants, err = a.service.Reader().GrantsOf(ctx, c.issuer, c.subject); err != nil {
		return caller{}, err
	}
	if scope == scopeAny {
		return c, nil
	}
	c.org = identity.OrgID(org)
	own := slices.IndexFunc(c.grants, func(g identity.Grant) bool { return g.Org == c.org })
	if own < 0 {
		return caller{}, refuse(ctx, http.StatusNotFound, identity.RuleUnknownOrg, unknownOrg)
	}
	if c.role = c.grants[own].Role; !scope.allows(c.role) {
		return caller{}, refuse(ctx, http.StatusForbidden, identity.RuleForbiddenRole,
			"your role here is "+string(c.role)+"; this needs one of: "+scope.rolesText())
	}
	return c, nil
}

// authenticate finds out who calls, and nothing about what they may do.
func (a *api) authenticate(r *http.Request) (caller, error) {
	ctx := r.Context()
	token, err := web.Bearer(r.Header)
	switch {
	case errors.Is(err, web.ErrNoBearer):
		return caller{}, refuse(ctx, http.StatusUnauthorized, codeInvalidToken, err.Error()).with("WWW-Authenticate", web.Challenge("", ""))
	case err != nil:
		return caller{}, unauthorized(ctx, err)
	}
	p, err := a.verifier.person(ctx, token)
	var bad badToken
	var down *unreachable
	switch {
	case errors.As(err, &bad):
		a.logger.InfoContext(ctx, "token refused", "request", web.RequestID(ctx), "why", string(bad))
		return caller{}, unauthorized(ctx, bad)
	case errors.As(err, &down):
		a.logger.WarnContext(ctx, "issuer unavailable", "request", web.RequestID(ctx), "error", err)
		return caller{}, refuse(ctx, http.StatusServiceUnavailable, codeIssuerDown,
			"the issuer of the token cannot be asked for its keys now, so the token cannot be checked; try again in a few seconds").with("Retry-After", "5")
	case err != nil:
		return caller{}, err
	}
	return caller{person: p}, nil
}

// unauthorized tells what is wrong with the token in the body and in the challenge (RFC 6750 section 3.1).
func unauthorized(ctx context.Context, why error) *refusal {
	return refuse(ctx, http.StatusUnauthorized, codeInvalidToken, why.Error()).with("WWW-Authenticate", web.Challenge("invalid_token", why.Error()))
}

// writeRefusal answers outside of huma.
func writeRefusal(w http.ResponseWriter, no *refusal) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(no.status)
	_ = huma.DefaultJSONFormat.Marshal(w, no.Problem) // the client is gone; there is nobody left to tell
}

// humaContext is there because a struct cannot embed an interface Context that has a method Context.
type humaContext huma.Context

// answerContext turns what huma answers by itself into this API's form: 400 instead of 422, and plain JSON.
type answerContext struct{ humaContext }

func (c *answerContext) Unwrap() huma.Context { return c.humaContext }

func (c *answerContext) SetStatus(status int) {
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	c.humaContext.SetStatus(status)
}

func (c *answerContext) SetHeader(name, value string) {
	if name == "Content-Type" && value == "application/problem+json" {
		value = "application/json"
	}
	c.humaContext.SetHeader(name, value)
}
