package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestCLM44_ContentThatComesAlongFollowsTheRetentionPolicyOfWhoeverClaimed(t *testing.T) {
	w := newWorld(t)
	source, target := w.org("Source"), w.org("Target")
	claim := identity.Claim{ID: "c1", Source: source, Target: target, OldAccount: "old", NewAccount: "new"}
	order := func() identity.MessageID {
		id, err := act(w, target, admin, func(c *identity.Acts) (identity.MessageID, error) { return c.OrderTransfer(w.ctx, claim) })
		require.NoError(t, err)
		return id
	}
	id := order()
	require.Equal(t, []identity.Message{{ID: id, Org: target, Account: "new", Kind: identity.OrderTransfer, Key: "transfer:c1",
		Data: map[string]string{identity.OrderAccount: "old", identity.OrderOrganization: string(source), identity.OrderToAccount: "new",
			identity.OrderToOrganization: string(target), identity.OrderRetentionPolicy: string(target)},
		State: identity.MessageWaiting, CreatedAt: t0}}, w.outbox(target))
	require.Empty(t, order(), "once for each claim")
	require.Len(t, w.outbox(target), 1)
	require.Empty(t, w.outbox(source))
}

func TestCLM55_ContentIsPurgedOnceForEachReason(t *testing.T) {
	w := newWorld(t)
	org := w.org("Acme")
	order := func(key string) identity.MessageID {
		id, err := act(w, org, admin, func(c *identity.Acts) (identity.MessageID, error) {
			return c.OrderPurge(w.ctx, key, "old", identity.ContentScopes)
		})
		require.NoError(t, err)
		return id
	}
	id := order("purge:old")
	require.Equal(t, []identity.Message{{ID: id, Org: org, Account: "old", Kind: identity.OrderPurge, Key: "purge:old",
		Data: map[string]string{identity.OrderAccount: "old", identity.OrderOrganization: string(org),
			identity.OrderScopes: "messages files meetings meetingUrls recordings"},
		State: identity.MessageWaiting, CreatedAt: t0}}, w.outbox(org))
	require.Empty(t, order("purge:old"))
	require.NotEmpty(t, order("another reason"))
}

func TestOrdersAndMailsGoDifferentWays(t *testing.T) {
	w := newWorld(t)
	org := w.org("Acme")
	_, err := act(w, org, admin, func(c *identity.Acts) (identity.MessageID, error) {
		return c.OrderPurge(w.ctx, "purge:old", "old", identity.ContentScopes)
	})
	require.NoError(t, err)
	w.enqueue(w.letter(org, "a letter"))
	mails := w.take(10)
	require.Len(t, mails, 1)
	require.Equal(t, identity.MessageInvitation, mails[0].Kind)
	orders, err := w.ClaimMessages(w.ctx, identity.ByOrder, 10, lease)
	require.NoError(t, err)
	require.Len(t, orders, 1)
	require.Equal(t, identity.OrderPurge, orders[0].Kind)

	require.NoError(t, w.DeliveryFailed(w.ctx, orders[0], true, "410 Gone"))
	events := w.messageEvents(orders[0])
	require.Len(t, events, 1)
	require.Equal(t, identity.Actor{Kind: identity.System, Name: "order"}, events[0].Actor, "not the mail")
	require.Equal(t, "content.purge", events[0].Target.Name)
}
