package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestForgetLinks_RemembersAnExpiredLinkForAWhile(t *testing.T) {
	w := newWorld(t)
	a := w.must(w.org("A"), provider, person("ada@example.com"))
	expires := t0.Add(identity.InvitationDays * identity.Day)
	require.NoError(t, w.Transact(w.ctx, a.Org, admin, func(c *identity.Acts) error {
		return c.Tx().InsertLink(w.ctx, identity.Link{Hash: "h", Org: a.Org, Account: a.ID, Purpose: identity.LinkInvitation,
			Address: "ada@example.com", CreatedAt: t0, ExpiresAt: expires})
	}))
	w.clock.move((identity.InvitationDays + identity.ExpiredLinkDays) * identity.Day)
	require.NoError(t, w.ForgetLinks(w.ctx))
	link, err := w.Reader().LinkByHash(w.ctx, "h")
	require.NoError(t, err)
	require.Equal(t, expires, link.ExpiresAt)
	w.clock.move(time.Microsecond)
	require.NoError(t, w.ForgetLinks(w.ctx))
	_, err = w.Reader().LinkByHash(w.ctx, "h")
	require.True(t, identity.IsNotFound(err))
}
