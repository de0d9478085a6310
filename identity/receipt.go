package identity

import (
	"context"
	"time"
)

// ReceiptHours is how long an answer is kept for a client that asks again.
const ReceiptHours = 24

// Receipt is the answer that a caller got to a call that must not take effect twice. A surface makes it before it acts and
// completes it afterwards; what the answer looks like is the surface's business.
type Receipt struct {
	Caller      string // who called; keys of different callers have nothing to do with each other
	Key         string // chosen by the caller
	Fingerprint string // of the call: a key must not be used for two different ones
	Answer      []byte // nil: not answered yet
	Org         OrgID  // whom the answer tells about, and with whom it goes; empty: nobody, or not answered yet
	CreatedAt   time.Time
}

// ReceiptReader reads receipts. It is part of [Reader].
type ReceiptReader interface {
	// Receipt is crossing: a caller is not of one organization.
	Receipt(ctx context.Context, caller, key string) (Receipt, error)
}

// ReceiptTx writes receipts. It is part of [Tx].
type ReceiptTx interface {
	// InsertReceipt is Conflict with RECEIPT_EXISTS if the caller has used the key.
	InsertReceipt(ctx context.Context, r Receipt) error
	// UpdateReceipt stores the answer, whom it tells about, and the time.
	UpdateReceipt(ctx context.Context, r Receipt) error
	DeleteReceipt(ctx context.Context, caller, key string) error
	// DeleteReceiptsBefore is crossing: it forgets what was made before an instant, the oldest first and at most limit. It returns how many.
	DeleteReceiptsBefore(ctx context.Context, made time.Time, limit int) (int, error)
}
