package identity

import (
	"context"
	"strings"
)

var purgeScopes = []string{"messages", "files", "meetings", "meetingUrls", "recordings"}

func (c *Acts) orderTransfer(ctx context.Context, claim Claim) (MessageID, error) {
	return c.order(ctx, OrderTransfer, "transfer:"+string(claim.ID), claim.NewAccount, map[string]string{"account": string(claim.OldAccount)})
}

func (c *Acts) orderPurge(ctx context.Context, key string, account AccountID) (MessageID, error) {
	return c.order(ctx, OrderPurge, key, account, map[string]string{"scopes": strings.Join(purgeScopes, " ")})
}

func (c *Acts) order(ctx context.Context, kind MessageKind, key string, account AccountID, data map[string]string) (MessageID, error) {
	id := MessageID(c.service.ids.New())
	_, err := c.tx.Enqueue(ctx, Message{ID: id, Org: c.org.ID, Account: account, Kind: kind, Key: key, Data: data, State: MessageWaiting, NextAt: c.now, CreatedAt: c.now})
	return id, err
}
