package scim

import (
	"errors"
	"fmt"
	"net/http"

	scimerrors "github.com/elimity-com/scim/errors"

	"rollcall/identity"
)

// failure makes an error of RFC 7644 section 3.12. Its JSON form carries the status as a string.
func failure(status int, kind scimerrors.ScimType, format string, args ...any) *scimerrors.ScimError {
	return &scimerrors.ScimError{Status: status, ScimType: kind, Detail: fmt.Sprintf(format, args...)}
}

func invalid(kind scimerrors.ScimType, format string, args ...any) *scimerrors.ScimError {
	return failure(http.StatusBadRequest, kind, format, args...)
}

// uniquenessDetail is all that a conflict tells: which organization holds an address, and what kind of account, stays
// unsaid (EML-13).
const uniquenessDetail = "The userName or an e-mail address is already in use or reserved."

// internal is all that a client hears about what broke inside.
func internal() *scimerrors.ScimError {
	return failure(http.StatusInternalServerError, "",
		"Something went wrong in the server; its log has the details under the X-Request-Id of this answer.")
}

// mapError is the one place where errors become SCIM errors. known is false for those that must be logged in full,
// because the client is told nothing about them.
func mapError(err error) (e *scimerrors.ScimError, known bool) {
	if errors.As(err, &e) {
		return e, true
	}
	var own *identity.Error
	if !errors.As(err, &own) {
		return internal(), false
	}
	if own.Rule == identity.RuleUnknownToken {
		return failure(http.StatusUnauthorized, "", "The bearer token is unknown or revoked; make another with rollcall token create."), true
	}
	switch own.Kind {
	case identity.Invalid:
		return invalid(scimerrors.ScimTypeInvalidValue, "%s", own.Detail), true
	case identity.NotFound:
		return notFound(), true
	case identity.Forbidden:
		return failure(http.StatusForbidden, "", "%s", own.Detail), true
	case identity.Conflict:
		if own.Rule == identity.RuleItemKeyTaken {
			return failure(http.StatusConflict, scimerrors.ScimTypeUniqueness, "%s", own.Detail), true
		}
		if uniquenessRules[own.Rule] {
			return failure(http.StatusConflict, scimerrors.ScimTypeUniqueness, uniquenessDetail), true
		}
		return failure(http.StatusConflict, "", "%s (%s)", own.Detail, own.Rule), true
	case identity.Stale:
		return failure(http.StatusPreconditionFailed, "", "The resource has changed in the meantime; read it again."), true
	case identity.Unavailable:
		return failure(http.StatusServiceUnavailable, "", "The server cannot answer now; send the request again later."), false
	}
	return internal(), false
}

// uniquenessRules are the refusals of EML-15 and of the userName.
var uniquenessRules = map[identity.Rule]bool{
	identity.RuleUserNameTaken: true, identity.RuleEmailTaken: true, identity.RuleEmailHeld: true, identity.RuleEmailClaimable: true,
	identity.RuleDomainNotAvailable: true, identity.RuleDomainClaimed: true, identity.RuleDomainNotVerified: true, identity.RuleUserOwnsTrialOrg: true,
}

func notFound() *scimerrors.ScimError {
	return failure(http.StatusNotFound, "", "The resource does not exist.")
}
