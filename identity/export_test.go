package identity

import "context"

// OrderTransfer and OrderPurge are for tests of the orders themselves, whatever gives them.
func (c *Acts) OrderTransfer(ctx context.Context, claim Claim) (MessageID, error) {
	return c.orderTransfer(ctx, claim)
}

func (c *Acts) OrderPurge(ctx context.Context, key string, account AccountID, scopes []string) (MessageID, error) {
	return c.orderPurge(ctx, key, account, scopes)
}
