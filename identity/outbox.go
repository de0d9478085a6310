package identity

import (
	"context"
	"time"
)

// MessageKind says what a message is about; whoever delivers it has a text for each.
type MessageKind string

// The kinds of messages, with what their Data holds beside "organization", the name of the organization.
const (
	MessageInvitation     MessageKind = "invitation"      // "link": the secret of the link; "name": of the person, may be empty
	MessageActivation     MessageKind = "activation"      // as invitation; sent with the first licence (NTF-03)
	MessageChangeConfirm  MessageKind = "change_confirm"  // to the new address: "link", "name", "old", "new"
	MessageChangeNotice   MessageKind = "change_notice"   // to the old address: "link" to cancel, "name", "old", "new"
	MessageChangeDone     MessageKind = "change_done"     // to both addresses: "name", "old", "new"
	MessageAccountDeleted MessageKind = "account_deleted" // to the owner of a personal account: "name"
	MessageSyncReport     MessageKind = "sync_report"     // "connector", "state", "text" (DIR-14)
	MessageClaim          MessageKind = "claim"           // as invitation, with "mode", for a deferred claim "deadline" (RFC 3339), and "contentLost" if it is (CLM-50)
	MessageClaimRevoked   MessageKind = "claim_revoked"   // to whom it was told before: "name"; "organization" is the one that had claimed
	MessageKeepConfirm    MessageKind = "keep_confirm"    // to the new address of an account that is kept: "link", "name", "new" (CLM-54)
)

// The kinds of work orders: what services that have people's content are to do with it. They are delivered like mails, but to
// another place, see [Channel]. The id of the message is the order's, and To is empty; see [OrderAccount] for what Data holds.
const (
	OrderTransfer MessageKind = "content.transfer"
	OrderPurge    MessageKind = "content.purge"
)

// OrderKinds lists the kinds of work orders.
var OrderKinds = []MessageKind{OrderTransfer, OrderPurge}

// Channel is the way that messages go.
type Channel string

// The channels.
const (
	ByMail  Channel = "mail"
	ByOrder Channel = "order" // to the services that have people's content
)

// Channel returns the way that messages of a kind go.
func (k MessageKind) Channel() Channel {
	if k == OrderTransfer || k == OrderPurge {
		return ByOrder
	}
	return ByMail
}

// MessageKinds lists the kinds of mails.
var MessageKinds = []MessageKind{MessageInvitation, MessageActivation, MessageChangeConfirm, MessageChangeNotice, MessageChangeDone,
	MessageAccountDeleted, MessageSyncReport, MessageClaim, MessageClaimRevoked, MessageKeepConfirm}

// MessageState is where a message stands.
type MessageState string

// The states of messages.
const (
	MessageWaiting MessageState = "waiting" // to be delivered at NextAt or later
	MessageSent    MessageState = "sent"
	MessageParked  MessageState = "parked"  // given up; an operator can have it tried again
	MessageDropped MessageState = "dropped" // what it was about was over before it was sent
)

// Message is one mail to one recipient, or one work order, written in the transaction of what it tells about (NTF-06). It is
// delivered at least once: its id goes with it, in a mail as the Message-ID, so that a second delivery can be recognized.
type Message struct {
	ID        MessageID
	Org       OrgID
	Account   AccountID // whom it is about; may be empty
	Kind      MessageKind
	To        string // an address in its display form
	Key       string // at most one message has it, ever: what makes enqueuing idempotent
	Data      map[string]string
	State     MessageState
	Attempts  int
	NextAt    time.Time // when it may be tried next; while somebody tries it, when others may; zero: at once
	LastError string
	CreatedAt time.Time
	SentAt    time.Time // when it was sent or dropped
}

// MessageQuery selects messages of one organization, the newest first.
type MessageQuery struct {
	State   MessageState // empty: any
	Account AccountID    // empty: any
	After   MessageID    // only older ones; empty: from the newest
	Limit   int
}

// OutboxReader reads messages. It is part of [Reader].
type OutboxReader interface {
	Message(ctx context.Context, org OrgID, id MessageID) (Message, error)
	Messages(ctx context.Context, org OrgID, q MessageQuery) ([]Message, error)
	// MessagesDue is crossing: messages of a channel that wait and may be tried at now, the longest due first, at most limit.
	MessagesDue(ctx context.Context, channel Channel, now time.Time, limit int) ([]Message, error)
}

// OutboxTx writes messages. It is part of [Tx].
type OutboxTx interface {
	// Enqueue stores a message unless there is one with its Key already; it reports whether it did.
	Enqueue(ctx context.Context, m Message) (bool, error)
	// UpdateMessage writes Data, State, Attempts, NextAt, LastError and SentAt.
	UpdateMessage(ctx context.Context, m Message) error
	// DeleteMessage forgets a message of an organization that is no longer there.
	DeleteMessage(ctx context.Context, org OrgID, id MessageID) error
	// DeleteMessagesBefore is crossing: it forgets messages that were sent or dropped before an instant, the oldest first and at most limit. It
	// returns how many.
	DeleteMessagesBefore(ctx context.Context, sent time.Time, limit int) (int, error)
}
