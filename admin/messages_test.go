package admin_test

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/admin"
	"rollcall/identity"
)

func TestMailsAreShownWithoutWhatTheySay(t *testing.T) {
	w := newWorld(t)
	org, other := w.org("Example"), w.org("Other")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.add(other, w.administrator(other, "olga", identity.RoleFull), "eve@other.example").only()
	grace := w.add(org, token, "grace@example.com").only()["id"].(string)
	w.add(org, token, "linus@example.com").only()

	a := w.get(orgOf(org)+"/messages", token)
	all := a.is(http.StatusOK)["messages"].([]any)
	require.Len(t, all, 2)
	require.Equal(t, "linus@example.com", all[0].(map[string]any)["to"])
	first := all[1].(map[string]any)
	require.Equal(t, []any{"invitation", "grace@example.com", grace, "waiting", 0.}, []any{first["kind"], first["to"], first["user"], first["state"], first["attempts"]})
	require.NotContains(t, a.body, w.link(org, grace, identity.MessageInvitation))
	require.NotContains(t, a.body, "data")

	page := w.get(orgOf(org)+"/messages?limit=1", token).is(http.StatusOK)
	next := w.get(orgOf(org)+"/messages?limit=1&cursor="+url.QueryEscape(page["nextCursor"].(string)), token).is(http.StatusOK)
	require.Equal(t, []any{all[1]}, next["messages"])
	require.NotContains(t, next, "nextCursor")
	require.Equal(t, []any{all[1]}, w.get(orgOf(org)+"/messages?user="+grace, token).is(http.StatusOK)["messages"])
	require.Empty(t, w.get(orgOf(org)+"/messages?state=parked", token).is(http.StatusOK)["messages"])
}

func TestAMailThatWasGivenUpIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.add(org, token, "grace@example.com").only()
	claimed, err := w.ClaimMessages(w.ctx, identity.ByMail, 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, claimed, 1)
	retry := orgOf(org) + "/messages/" + string(claimed[0].ID) + "/retry"
	w.post(retry, token, "").refused(http.StatusConflict, identity.RuleInvalidTransition)
	require.NoError(t, w.DeliveryFailed(w.ctx, claimed[0], true, "550 no such user"))

	parked := w.get(orgOf(org)+"/messages?state=parked", token).is(http.StatusOK)["messages"].([]any)
	require.Len(t, parked, 1)
	m := parked[0].(map[string]any)
	require.Equal(t, []any{1., "550 no such user"}, []any{m["attempts"], m["lastError"]})
	require.NotContains(t, m, "nextAt")
	again := w.post(retry, token, "").is(http.StatusOK)
	require.Equal(t, []any{"waiting", 0., t0.Format(time.RFC3339)}, []any{again["state"], again["attempts"], again["nextAt"]})
	w.post(orgOf(org)+"/messages/x/retry", token, "").refused(http.StatusNotFound, identity.RuleUnknownMessage)
	require.Equal(t, "message.retried", w.audit(org, token, "limit=1")[0]["kind"])
}

func TestAWorkOrderIsShownWithoutWhereTheContentComesFrom(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	source, user := "00000000-0000-7000-8000-00000000abcd", "00000000-0000-7000-8000-000000000001"
	order := identity.Message{ID: identity.MessageID(w.NewID()), Org: org, Account: identity.AccountID(user), Kind: identity.OrderTransfer, Key: "transfer:c1",
		Data: map[string]string{identity.OrderOrganization: source, identity.OrderToAccount: user}, State: identity.MessageWaiting, NextAt: t0, CreatedAt: t0}
	require.NoError(t, w.Transact(w.ctx, org, identity.Actor{Kind: identity.Operator}, func(c *identity.Acts) error {
		_, err := c.Tx().Enqueue(w.ctx, order)
		return err
	}))
	a := w.get(orgOf(org)+"/messages?user="+user, token)
	all := a.is(http.StatusOK)["messages"].([]any)
	require.Len(t, all, 1)
	m := all[0].(map[string]any)
	require.Equal(t, []any{string(order.ID), "content.transfer", user, "waiting"}, []any{m["id"], m["kind"], m["user"], m["state"]})
	require.NotContains(t, m, "to")
	require.NotContains(t, a.body, source)

	claimed, err := w.ClaimMessages(w.ctx, identity.ByOrder, 10, time.Minute)
	require.NoError(t, err)
	require.NoError(t, w.DeliveryFailed(w.ctx, claimed[0], true, "the receiver answered 410 Gone"))
	again := w.post(orgOf(org)+"/messages/"+string(order.ID)+"/retry", token, "").is(http.StatusOK)
	require.Equal(t, []any{"waiting", "the receiver answered 410 Gone"}, []any{again["state"], again["lastError"]})
}

func TestTheAPINamesEveryKindOfMessage(t *testing.T) {
	kind, _ := reflect.TypeFor[admin.Message]().FieldByName("Kind")
	var all []string
	for _, k := range append(append([]identity.MessageKind(nil), identity.MessageKinds...), identity.OrderKinds...) {
		all = append(all, string(k))
	}
	require.Equal(t, all, strings.Split(kind.Tag.Get("enum"), ","))
}
