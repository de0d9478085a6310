package identity

import (
	"context"
	"time"
)

// MaxExchanges is how many exchanges of a token are kept.
const MaxExchanges = 1000

// Exchange is one request that somebody made with a token, and how it was answered, for those who have to find out why a connection
// does not do what it should. It is a memory aid and no record: it may lack the last seconds of a server that died. What happened
// is in events. Whoever makes one has taken out what administrators must not see; what the words mean is that surface's business.
type Exchange struct {
	ID        ExchangeID
	Org       OrgID
	Token     TokenID
	At        time.Time // when the request came
	Method    string
	Path      string
	Query     string
	Status    int    // of the answer; 400 and above is a failure
	Code      string // what kind of failure, in the surface's terms; may be empty
	Detail    string // why it failed, as the client was told, or why parts of it did
	Took      time.Duration
	Body      string // the beginning of the request's
	RequestID string
	UserAgent string
}

// ExchangeQuery selects exchanges of one token, the newest first.
type ExchangeQuery struct {
	Token  TokenID
	Failed bool          // only what failed, in whole or in part
	After  ExchangePlace // only older ones; zero: from the newest
	Limit  int
}

// ExchangePlace is where in its token's list an exchange stands.
type ExchangePlace struct {
	At time.Time
	ID ExchangeID
}

// Place returns where in its token's list the exchange stands.
func (e Exchange) Place() ExchangePlace { return ExchangePlace{e.At, e.ID} }

// ExchangeReader reads exchanges. It is part of [Reader].
type ExchangeReader interface {
	Exchanges(ctx context.Context, org OrgID, q ExchangeQuery) ([]Exchange, error)
}

// ExchangeTx writes exchanges. It is part of [Tx].
type ExchangeTx interface {
	// InsertExchange is NotFound if the organization has no such token.
	InsertExchange(ctx context.Context, e Exchange) error
	// TrimExchanges forgets all exchanges of a token but the newest.
	TrimExchanges(ctx context.Context, org OrgID, token TokenID, keep int) error
}
