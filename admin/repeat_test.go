package admin_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestTheSameKeyAtTheSameTimeHasOneEffect(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	u := w.user(org, "grace@example.com")
	const calls = 24
	answers := make([]answer, calls)
	var group sync.WaitGroup
	for n := range answers {
		group.Go(func() { answers[n] = w.post(userOf(u)+"/deactivate", token, "", "Idempotency-Key", "one") })
	}
	group.Wait()
	first := 0
	for _, a := range answers {
		if a.status == http.StatusConflict {
			a.refused(http.StatusConflict, identity.RuleKeyInProgress)
			require.NotEmpty(t, a.header.Get("Retry-After"))
			continue
		}
		require.Equal(t, "inactive", a.is(http.StatusOK)["status"])
		if a.header.Get("Idempotency-Replayed") == "" {
			first++
		}
	}
	require.Equal(t, 1, first, "one call did it, the others heard of it or were told to wait")
	now, err := w.Reader().Account(w.ctx, org, u.ID)
	require.NoError(t, err)
	require.Equal(t, u.Version+1, now.Version)

	again := w.post(userOf(u)+"/deactivate", token, "", "Idempotency-Key", "one")
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	require.Equal(t, `"2"`, again.header.Get("ETag"))
	w.post(userOf(u)+"/deactivate", token, "", "Idempotency-Key", "two").refused(http.StatusConflict, identity.RuleInvalidTransition)
	kept := w.post(userOf(u)+"/deactivate", token, "", "Idempotency-Key", "two")
	require.Equal(t, "true", kept.header.Get("Idempotency-Replayed"))
	kept.refused(http.StatusConflict, identity.RuleInvalidTransition)
}

func TestAKeyIsLookedAtAfterTheGuardsAndGivesNoRight(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	w.administrator(org, "chief", identity.RoleFull)
	token := w.administrator(org, "ada", identity.RoleFull)
	u := w.user(org, "grace@example.com")
	act := func() answer { return w.post(userOf(u)+"/deactivate", token, "", "Idempotency-Key", "one") }
	act().is(http.StatusOK)
	w.administrator(org, "ada", identity.RoleReadOnly)
	act().refused(http.StatusForbidden, identity.RuleForbiddenRole)
	require.NoError(t, w.RevokeGrant(w.ctx, operator, org, w.issuer.url(), "ada"))
	act().refused(http.StatusNotFound, identity.RuleUnknownOrg)
}
