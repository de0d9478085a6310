package admin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/admin"
	"rollcall/identity"
	"rollcall/internal/web"
)

func TestCallsOfOneCallerAreLimited(t *testing.T) {
	w := newWorldOf(t, newIssuer(t), func(o *admin.Options) { o.Limit = web.Limit{Rate: 0.5, Burst: 3} })
	token := w.administrator(w.org("Example"), "ada", identity.RoleFull)
	renewed := w.claims("ada")
	renewed["jti"] = "another"
	for _, path := range []string{mine, "/api/v1/organizations/unknown", mine + "?limit=0"} {
		require.NotEqual(t, http.StatusTooManyRequests, w.get(path, token).status)
	}
	for name, again := range map[string]string{"the same token": token, "another token of the same person": w.issuer.token(renewed)} {
		a := w.get(mine, again)
		require.Contains(t, a.refused(http.StatusTooManyRequests, "RATE_LIMITED"), "2 s", name)
		require.Equal(t, "2", a.header.Get("Retry-After"))
	}
	w.get(mine, w.token("eve")).is(http.StatusOK)
	w.clock.move(2*time.Second - time.Microsecond)
	w.get(mine, token).refused(http.StatusTooManyRequests, "RATE_LIMITED")
	w.clock.move(time.Microsecond)
	w.get(mine, token).is(http.StatusOK)
	w.get(mine, token).refused(http.StatusTooManyRequests, "RATE_LIMITED")
}

func TestBadTokensFromOneAddressAreLimited(t *testing.T) {
	i := newIssuer(t)
	w := newWorldOf(t, i, func(o *admin.Options) { o.Strangers = web.Limit{Rate: 1, Burst: 3} })
	token := w.administrator(w.org("Example"), "ada", identity.RoleFull)
	for range 10 {
		w.get(mine, token).is(http.StatusOK)
	}
	for _, bad := range []string{"rubbish", "", sign(t, newKey(t, "x").private, "x", "ES256", w.claims("ada"))} {
		w.get(mine, bad).refused(http.StatusUnauthorized, "INVALID_TOKEN")
	}
	asked := i.fetched("/keys")
	a := w.get(mine, sign(t, newKey(t, "y").private, "y", "ES256", w.claims("ada")))
	require.Contains(t, a.refused(http.StatusTooManyRequests, "RATE_LIMITED"), "without a good token")
	require.Equal(t, "1", a.header.Get("Retry-After"))
	require.Equal(t, asked, i.fetched("/keys"))
	require.False(t, strings.Contains(w.log.String(), "level=ERROR"))
	w.clock.move(time.Second)
	w.get(mine, token).is(http.StatusOK)
	w.get(mine, "rubbish").refused(http.StatusUnauthorized, "INVALID_TOKEN")
	w.get(mine, "rubbish").refused(http.StatusTooManyRequests, "RATE_LIMITED")
}

func TestALimitThatLetsNobodyInIsRefusedAtTheStart(t *testing.T) {
	w := newWorld(t)
	for _, l := range []web.Limit{{Rate: 1}, {Burst: 1}, {Rate: -1, Burst: 1}, {Rate: 1, Burst: -1}} {
		for _, o := range []admin.Options{{Limit: l}, {Strangers: l}} {
			o.Service, o.Clock, o.Logger = w.Service, w.clock, newLogger()
			_, err := admin.New(o)
			require.ErrorContains(t, err, "lets nobody in")
		}
	}
}
