package scim

import (
	"net/http"

	"rollcall/identity"
	"rollcall/internal/web"
)

// MinRate is the number of requests a second that every token may make: what identity providers demand of a server (Entra: 25).
const MinRate = 25

// DefaultLimit is for each token, unless Options says otherwise.
var DefaultLimit = LimitOf(100)

// LimitOf lets a token make so many requests a second from then on, and what it saved up in twenty seconds at once: a provider that begins
// with everybody is served, one that asks the same in a loop is not.
func LimitOf(rate float64) web.Limit { return web.Limit{Rate: rate, Burst: int(20 * rate)} }

// limit refuses the requests of a token that come too fast. It is asked when the token has been found good and before anything else.
func (s *Server) limit(w http.ResponseWriter, token identity.Token) error {
	wait, ok := s.limiter.Take(string(token.ID))
	if ok {
		return nil
	}
	after := web.RetryAfter(wait)
	w.Header().Set("Retry-After", after)
	return failure(http.StatusTooManyRequests, "", "Too many requests have come with this token; the next one is answered in %s s.", after)
}
