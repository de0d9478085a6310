package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestRecognize_ARevokedTokenWritesNothingMore(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	token, secret, err := w.CreateToken(w.ctx, operator, org, identity.NewToken{Name: "Entra", Profile: "entra"})
	require.NoError(t, err)
	write := func(token identity.Token, address string) error {
		return w.Transact(w.ctx, org, provider, func(c *identity.Acts) error {
			if err := c.Confirm(w.ctx, token); err != nil {
				return err
			}
			_, err := c.Create(w.ctx, person(address), identity.Origin{Source: identity.SourceSCIM})
			return err
		})
	}
	first, err := w.Recognize(w.ctx, secret)
	require.NoError(t, err)
	require.NoError(t, write(first, "before@example.com"))
	require.NoError(t, w.RevokeToken(w.ctx, operator, org, token.ID))

	again, err := w.Recognize(w.ctx, secret)
	require.NoError(t, err, "it is still in memory")
	refusedWith(t, write(again, "after@example.com"), identity.RuleUnknownToken)
	n, err := w.Reader().CountAccounts(w.ctx, org, nil)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, err = w.Recognize(w.ctx, secret)
	refusedWith(t, err, identity.RuleUnknownToken)
	_, err = w.Authenticate(w.ctx, secret)
	refusedWith(t, err, identity.RuleUnknownToken)
	_, err = w.Recognize(w.ctx, "rollcall_unknown")
	refusedWith(t, err, identity.RuleUnknownToken)
}
