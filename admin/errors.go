package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"rollcall/directory"
	"rollcall/identity"
	"rollcall/internal/web"
)

// The codes of this surface, beside those of identity.
const (
	codeInvalidToken identity.Rule = "INVALID_TOKEN"
	codeIssuerDown   identity.Rule = "ISSUER_UNAVAILABLE"
	codeInvalidInput identity.Rule = "INVALID_REQUEST"
	codeTooLarge     identity.Rule = "REQUEST_TOO_LARGE"
	codeMediaType    identity.Rule = "UNSUPPORTED_MEDIA_TYPE"
	codeTimeout      identity.Rule = "REQUEST_TIMEOUT"
	codeNotTried     identity.Rule = "NOT_TRIED"
	codeClientGone   identity.Rule = "CLIENT_GONE" // nobody receives it
	codeUnknownRoute identity.Rule = "UNKNOWN_ROUTE"
	codeMethod       identity.Rule = "METHOD_NOT_ALLOWED"

	codeRateLimited identity.Rule = "RATE_LIMITED"
)

// remedies says for every code of this surface what to do, as [identity.Rule.Remedy] does for the others.
var remedies = map[identity.Rule]string{
	codeInvalidToken: "Get a new token from an issuer that this server trusts, for this server's audience.",
	codeIssuerDown:   "Wait as long as Retry-After says and repeat the call.",
	codeInvalidInput: "Correct what the message and the reasons name; /api/docs says what belongs where.",
	codeTooLarge:     "Send less in one call.",
	codeMediaType:    "Send JSON with Content-Type: application/json.",
	codeTimeout:      "Send the whole body at once.",
	codeNotTried:     "Repeat the call with those who are left.",
	codeClientGone:   "Repeat the call and wait for the answer.",
	codeUnknownRoute: "Look the path up in /api/docs.",
	codeMethod:       "Use one of the methods in the header Allow.",
	codeRateLimited:  "Wait as long as Retry-After says and send fewer calls at once.",
}

// unknownOrg is the one answer for an organization that does not exist and for one in which the caller has no role, so that
// nobody learns which of the two it is.
const unknownOrg = "there is no such organization, or you have no role in it"

// refusal is an answer that says no. It is its own JSON body.
type refusal struct {
	web.Problem
	header http.Header
}

func (e *refusal) Error() string             { return e.Code + ": " + e.Detail }
func (e *refusal) GetStatus() int            { return e.Status }
func (e *refusal) GetHeaders() http.Header   { return e.header }
func (e *refusal) ContentType(string) string { return web.ProblemType }

func refuse(ctx context.Context, status int, code identity.Rule, detail string) *refusal {
	remedy := remedies[code]
	if remedy == "" {
		remedy = cmp.Or(code.Remedy(), directory.Remedies[code])
	}
	p := web.NewProblem(status, string(code), detail, remedy)
	p.TrackingID = web.RequestID(ctx)
	return &refusal{Problem: p}
}

func (e *refusal) with(header, value string) *refusal {
	if e.header == nil {
		e.header = http.Header{}
	}
	e.header.Set(header, value)
	return e
}

// statusOf says what each kind of identity.Error is in HTTP.
func statusOf(k identity.Kind) int {
	switch k {
	case identity.Invalid:
		return http.StatusBadRequest
	case identity.NotFound:
		return http.StatusNotFound
	case identity.Forbidden:
		return http.StatusForbidden
	case identity.Conflict:
		return http.StatusConflict
	case identity.Stale:
		return http.StatusPreconditionFailed
	case identity.Gone:
		return http.StatusGone
	case identity.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// mapError is the one way from an error to an answer. What is not an identity.Error is logged in full and told as internal.
func mapError(ctx context.Context, logger *slog.Logger, err error) *refusal {
	var ready *refusal
	if errors.As(err, &ready) {
		return ready
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return refuse(ctx, web.StatusClientGone, codeClientGone, "the client hung up before the answer")
	}
	var e *identity.Error
	if !errors.As(err, &e) || e.Kind == identity.Internal {
		logger.ErrorContext(ctx, "request failed", "request", web.RequestID(ctx), "error", err)
		internal := web.Internal()
		return refuse(ctx, internal.Status, identity.Rule(internal.Code), internal.Detail)
	}
	if e.Err != nil {
		logger.WarnContext(ctx, "request refused", "request", web.RequestID(ctx), "error", err)
	}
	message := e.Detail
	switch {
	case e.Rule == identity.RuleUnknownOrg:
		message = unknownOrg
	case e.Field != "":
		message = e.Field + ": " + message
	}
	r := refuse(ctx, statusOf(e.Kind), e.Rule, message)
	if ways := e.Remedies(); len(ways) > 0 {
		r.Remedies = make([]web.Remedy, 0, len(ways))
		for _, way := range ways {
			r.Remedies = append(r.Remedies, web.Remedy{Text: way.Text, DataLoss: way.DataLoss})
		}
	}
	r.Reasons = showBlocks(e.Blocks)
	for _, why := range e.Why[min(len(e.Blocks), len(e.Why)):] {
		r.Reasons = append(r.Reasons, web.Reason{Code: string(why.Code), Message: why.Detail})
	}
	// When other people's name servers answer again nobody knows here, so no program is told to try on its own.
	if e.Kind == identity.Unavailable && e.Rule != identity.RuleDNSUnavailable || e.Rule == identity.RuleKeyInProgress {
		return r.with("Retry-After", "1")
	}
	return r
}

// fromHuma gives huma's own refusals of a request the body that all others have, with the place of each fault. The values
// that huma would send back are left out: they may be secrets, and the client knows them. most is how many bytes the body may
// have.
func fromHuma(ctx context.Context, logger *slog.Logger, e *huma.ErrorModel, most int64) *refusal {
	switch e.Status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
	case http.StatusRequestEntityTooLarge:
		return refuse(ctx, e.Status, codeTooLarge, fmt.Sprintf("the body has more than %d bytes", most))
	case http.StatusUnsupportedMediaType:
		return refuse(ctx, e.Status, codeMediaType, "the body must be JSON; send it with Content-Type: application/json")
	case http.StatusRequestTimeout:
		return refuse(ctx, e.Status, codeTimeout, "the body did not come in time; send it again")
	default:
		return mapError(ctx, logger, fmt.Errorf("admin: %d %s %v", e.Status, e.Detail, e.Errors))
	}
	r := refuse(ctx, http.StatusBadRequest, codeInvalidInput, e.Detail)
	places := make([]string, 0, len(e.Errors))
	for _, fault := range e.Errors {
		if fault.Location == "body" && strings.HasPrefix(fault.Message, "unknown content type") {
			return refuse(ctx, http.StatusUnsupportedMediaType, codeMediaType, "the body must be JSON; send it with Content-Type: application/json")
		}
		text := fault.Message
		if fault.Location != "" {
			text = fault.Location + ": " + text
		}
		places = append(places, text)
		r.Reasons = append(r.Reasons, web.Reason{Code: string(identity.RuleInvalidValue), Message: text})
	}
	if len(places) > 0 {
		detail := places[0]
		if more := len(places) - 1; more > 0 {
			detail += fmt.Sprintf(" (and %d more, see reasons)", more)
		}
		r.Say(detail)
	}
	return r
}
