package admin_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/admin"
	"rollcall/identity"
	"rollcall/internal/system"
)

// broken is a store that cannot write for one organization.
type broken struct {
	identity.Store
	org identity.OrgID
	err error
}

func (b *broken) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	if b.org != "" && slices.Contains(lock.Orgs, b.org) {
		return b.err
	}
	return b.Store.Do(ctx, lock, fn)
}

// TestCLM05_ACallThatBreaksOffTellsWhomItClaimed names users one after another of whom one cannot be claimed because the server fails.
func TestCLM05_ACallThatBreaksOffTellsWhomItClaimed(t *testing.T) {
	for code, failure := range map[string]error{
		"UNAVAILABLE": identity.Refuse(identity.Unavailable, identity.RuleUnavailable, "the store is busy"), "INTERNAL": errors.New("the disk is full"),
	} {
		t.Run(code, func(t *testing.T) {
			b := &broken{err: failure}
			w := newWorldOf(t, newIssuer(t), func(o *admin.Options) {
				b.Store = o.Service.Reader().(identity.Store)
				o.Service = identity.NewService(b, o.Clock, system.IDs{}, identity.EmailPolicy{})
			})
			org, token := w.claimant(identity.RoleFull)
			source := w.org("Source")
			for _, name := range []string{"ada", "cyd"} {
				w.user(identity.ConsumerOrgID, name+"@example.com")
			}
			w.user(source, "bob@example.com")
			b.org = source
			claim := func(users string) answer {
				return w.post(claimsOf(org), token, `{"acknowledgePermanent":true,"users":[`+users+`]}`)
			}
			status := map[string]int{"UNAVAILABLE": http.StatusServiceUnavailable, "INTERNAL": http.StatusInternalServerError}[code]
			claim(`{"email":"nobody@example.com"},{"email":"bob@example.com"},{"email":"ada@example.com"}`).refused(status, identity.Rule(code))
			done := claim(`{"email":"ada@example.com"},{"email":"bob@example.com"},{"email":"cyd@example.com"}`).is(http.StatusOK)
			require.EqualValues(t, 1, done["succeeded"])
			require.EqualValues(t, 2, done["failed"])
			results := done["results"].([]any)
			require.Len(t, results, 3)
			for i, want := range []any{nil, code, "NOT_TRIED"} {
				row := results[i].(map[string]any)
				require.Equal(t, want, row["code"])
				require.Equal(t, want == nil, row["claimed"])
				require.Equal(t, want == nil, row["claim"] != nil)
				require.Equal(t, want != nil, row["message"] != nil)
			}
		})
	}
}
