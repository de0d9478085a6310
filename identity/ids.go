package identity

import "time"

// The identifiers are UUIDv7 in their 36 character form. They are never reused.
type (
	// OrgID names an organization.
	OrgID string
	// AccountID names an account.
	AccountID string
	// TokenID names a bearer token; it is not its secret.
	TokenID string
	// EventID names an event; later events have greater ids.
	EventID string
	// ConnectorID names a connector.
	ConnectorID string
	// PlanID names a synchronization plan.
	PlanID string
	// RunID names a synchronization run.
	RunID string
	// GroupID names a group.
	GroupID string
	// SubscriptionID names a subscription.
	SubscriptionID string
	// MessageID names a message; later messages have greater ids.
	MessageID string
	// JobID names a job; later jobs have greater ids.
	JobID string
	// ClaimID names a claim; later claims have greater ids.
	ClaimID string
	// ItemID names an item; later items have greater ids.
	ItemID string
	// ExchangeID names an exchange.
	ExchangeID string
)

// ConsumerOrgID names the built-in organization of personal accounts. It exists in every store from the first migration on.
const ConsumerOrgID OrgID = "00000000-0000-7000-8000-000000000001"

// ExternalID is the identifier an identity provider gave an account: opaque, compared byte by byte, at most 256 bytes.
type ExternalID string

// ObjectID is the immutable identifier of a directory entry (objectGUID or entryUUID) in canonical lower-case UUID form.
type ObjectID string

// EmailKey is the one spelling of an address that decides whether two addresses are the same (EML-02). Stores compare
// its bytes and nothing else. Only [ParseEmail] makes one.
type EmailKey string

// NameKey is a userName with its ASCII letters folded: what makes two userNames of one organization the same (SCM-16).
type NameKey string

// Clock tells the time in UTC, in whole microseconds.
type Clock interface {
	Now() time.Time
}

// IDs makes new identifiers and secrets.
type IDs interface {
	// New returns a new UUIDv7.
	New() string
	// Secret returns random text of at least 128 bits, fit for a bearer token.
	Secret() string
}

// Fold lowers the ASCII letters of s and leaves every other byte alone.
func Fold(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// KeyOfUserName returns the key under which a userName is unique in its organization.
func KeyOfUserName(userName string) NameKey { return NameKey(Fold(userName)) }
