package identity

import (
	"context"
	"slices"
	"strings"
)

var purgeScopes = []string{"messages", "files", "meetings", "meetingUrls", "recordings"}

func (c *Acts) orderTransfer(ctx context.Context, claim Claim) (MessageID, error) {
	return c.order(ctx, OrderTransfer, "transfer:"+string(claim.ID), claim.NewAccount, map[string]string{"account": string(claim.OldAccount)})
}

// orgScopes is what is purged beside people's content when an organization is deleted (ORG-15). Here it is gone by the time the order is
// carried out; who keeps copies learns from the order that they are to go too.
var orgScopes = []string{"identity", "licences", "roles", "groups", "domains", "tokens"}

// orderPurgeAll orders everything of the organization to be purged. Of those who become personal accounts the content in spaces between
// two people is kept, and nothing else (ORG-16).
func (c *Acts) orderPurgeAll(ctx context.Context, d OrgDeletion) (MessageID, error) {
	data := map[string]string{"scopes": strings.Join(append(slices.Clone(purgeScopes), orgScopes...), " ")}
	if d.Handling == HandleConvert {
		data["exclude"], data["excludeFor"] = "oneToOneSpaces", "convertedUsers"
	}
	return c.order(ctx, OrderPurge, "purge-org:"+string(d.ID), "", data)
}

func (c *Acts) orderPurge(ctx context.Context, key string, account AccountID) (MessageID, error) {
	return c.order(ctx, OrderPurge, key, account, map[string]string{"scopes": strings.Join(purgeScopes, " ")})
}

func (c *Acts) order(ctx context.Context, kind MessageKind, key string, account AccountID, data map[string]string) (MessageID, error) {
	id := MessageID(c.service.ids.New())
	_, err := c.tx.Enqueue(ctx, Message{ID: id, Org: c.org.ID, Account: account, Kind: kind, Key: key, Data: data, State: MessageWaiting, NextAt: c.now, CreatedAt: c.now})
	return id, err
}
