package identity

import (
	"context"
	"time"
)

// LinkPurpose is what following a link does.
type LinkPurpose string

// The purposes of links.
const (
	LinkInvitation   LinkPurpose = "invitation"    // verifies the address; used while signed in, it also binds the person
	LinkChangeEmail  LinkPurpose = "change_email"  // confirms the new address
	LinkCancelChange LinkPurpose = "cancel_change" // sent to the old address: the change was not wanted
	LinkKeepAddress  LinkPurpose = "keep_address"  // confirms the new address of an old account that is kept (CLM-54)
)

// How long links can be used.
const (
	InvitationDays  = 30
	EmailChangeDays = 15 // EML-14
)

// Link is something that was mailed to somebody, who proves by using it that the mailbox is theirs. The secret is in the mail
// only; the store has its hash. It can be used once.
type Link struct {
	Hash      string      `json:"-"` // see HashSecret
	Org       OrgID       `json:"org"`
	Account   AccountID   `json:"account"`
	Purpose   LinkPurpose `json:"purpose"`
	Address   EmailKey    `json:"address"` // the mailbox that it proves
	CreatedAt time.Time   `json:"createdAt"`
	ExpiresAt time.Time   `json:"expiresAt"`
	UsedAt    time.Time   `json:"usedAt,omitzero"`
}

// LinkReader reads links. It is part of [Reader].
type LinkReader interface {
	// LinkByHash is crossing: whoever has the secret need not know the organization.
	LinkByHash(ctx context.Context, hash string) (Link, error)
}

// LinkTx writes links. It is part of [Tx]. Links go with their account.
type LinkTx interface {
	InsertLink(ctx context.Context, l Link) error
	// UseLink marks a link as used. One that is used already is Conflict with LINK_USED.
	UseLink(ctx context.Context, org OrgID, hash string, at time.Time) error
	// DeleteLinks forgets the links of an account for a purpose, used or not.
	DeleteLinks(ctx context.Context, org OrgID, account AccountID, purpose LinkPurpose) error
	// DeleteLinksBefore is crossing: it forgets links that expired before an instant, the oldest first and at most limit. It returns how many.
	DeleteLinksBefore(ctx context.Context, expired time.Time, limit int) (int, error)
}
