package identity

import (
	"context"
	"strings"
)

// What the Data of a work order holds. Ids are those of the API; what does not apply is absent.
//
//   - OrderTransfer: the content of account in organization becomes that of toAccount in toOrganization, and follows the retention
//     policy of retentionPolicyOrganization from then on.
//   - OrderPurge of somebody's content: what scopes names of account in organization is deleted.
//   - OrderPurge of an organization: there is no account, and what scopes names of all of organization is deleted. What except names is
//     kept; it is there if the users have become personal accounts, whose ids are those that they had.
const (
	OrderAccount         = "account"
	OrderOrganization    = "organization"
	OrderToAccount       = "toAccount"
	OrderToOrganization  = "toOrganization"
	OrderRetentionPolicy = "retentionPolicyOrganization" // CLM-44
	OrderScopes          = "scopes"
	OrderExcept          = "except" // ORG-16
)

// OrderLists are those of them that hold any number of values, see [OrderList].
var OrderLists = []string{OrderScopes, OrderExcept}

// OrderList makes the value of a list in the Data of a work order. No value in it has a blank.
func OrderList[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return strings.Join(texts, " ")
}

// OneToOneSpaces is what an order can except: the content of spaces between two people (ORG-16).
const OneToOneSpaces = "oneToOneSpaces"

// ContentScopes are the kinds of content that people have.
var ContentScopes = []string{"messages", "files", "meetings", "meetingUrls", "recordings"}

// OrganizationScopes are what an organization has that is deleted (ORG-15).
var OrganizationScopes = []string{"messages", "files", "meetings", "meetingUrls", "recordings",
	"identity", "licences", "roles", "groups", "domains", "tokens"}

// orderTransfer has the content of a claimed user brought along: from the old account to the new one. Once for each claim.
func (c *Acts) orderTransfer(ctx context.Context, claim Claim) (MessageID, error) {
	return c.order(ctx, Message{Org: claim.Target, Account: claim.NewAccount, Kind: OrderTransfer, Key: "transfer:" + string(claim.ID),
		Data: map[string]string{
			OrderAccount: string(claim.OldAccount), OrderOrganization: string(claim.Source),
			OrderToAccount: string(claim.NewAccount), OrderToOrganization: string(claim.Target),
			OrderRetentionPolicy: string(claim.Target),
		}})
}

// orderPurge has the content of somebody of this organization deleted, who may be gone already. The key is the reason, such as
// the deletion of the account: for each there is one order, however often it is given.
func (c *Acts) orderPurge(ctx context.Context, key string, account AccountID, scopes []string) (MessageID, error) {
	return c.order(ctx, Message{Org: c.org.ID, Account: account, Kind: OrderPurge, Key: key, Data: map[string]string{
		OrderAccount: string(account), OrderOrganization: string(c.org.ID), OrderScopes: OrderList(scopes),
	}})
}

// orderPurgeAll has everything of the organization purged. Of users who become personal accounts the content in spaces between two people
// is kept, and nothing else (ORG-16).
func (c *Acts) orderPurgeAll(ctx context.Context, d OrgDeletion) (MessageID, error) {
	data := map[string]string{OrderOrganization: string(c.org.ID), OrderScopes: OrderList(OrganizationScopes)}
	if d.Handling == HandleConvert {
		data[OrderExcept] = OneToOneSpaces
	}
	return c.order(ctx, Message{Org: c.org.ID, Kind: OrderPurge, Key: "purge-org:" + string(d.ID), Data: data})
}

// order writes a work order into the outbox of an organization, together with what it is for, and returns its id; empty if there
// is one with its key already.
func (c *Acts) order(ctx context.Context, m Message) (MessageID, error) {
	m.ID, m.State, m.CreatedAt = MessageID(c.service.ids.New()), MessageWaiting, c.now
	stored, err := c.tx.Enqueue(ctx, m)
	if err != nil || !stored {
		return "", err
	}
	return m.ID, nil
}
