package identity

import (
	"context"
	"maps"
)

// Mail writes a message that has no link and is about no account into the outbox, together with what it tells about (NTF-06).
// data is what the kind wants beside the organization's name. The key says what the message is about and for whom: with a key
// that a message has had already nothing happens, so an act that is done again mails nobody twice.
func (c *Acts) Mail(ctx context.Context, kind MessageKind, to, key string, data map[string]string) error {
	told := map[string]string{"organization": c.org.Name}
	maps.Copy(told, data)
	_, err := c.tx.Enqueue(ctx, Message{ID: MessageID(c.service.ids.New()), Org: c.org.ID, Kind: kind, To: to, Key: key, Data: told,
		State: MessageWaiting, CreatedAt: c.now})
	return err
}
