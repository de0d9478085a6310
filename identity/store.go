package identity

import (
	"context"
	"time"
)

// Store keeps everything. Implementations answer only with *Error for what a caller can mend, and with any other error
// for what is broken.
type Store interface {
	Reader
	// Do runs fn in one transaction under the organizations' lock and commits if fn returns nil; when Do returns nil the
	// change is durable. fn may run more than once and touches nothing but its Tx. After an error from the Tx, other than
	// one of kind NotFound, nothing else in it succeeds and Do fails even if fn returns nil.
	Do(ctx context.Context, lock OrgLock, fn func(Tx) error) error
}

// OrgLock names the organizations that a transaction concerns, and how. Shared is for ordinary writes; exclusive is for acts
// whose rule spans rows: switching synchronization or single sign-on, domains, claims, deletion.
type OrgLock struct {
	Exclusive bool
	Everybody bool // of whatever organization waits
	Orgs      []OrgID
	Ahead     Ahead
}

// Ahead is what a transaction is going to look at, as far as that is known before it begins. It changes nothing but how long it takes: a store
// may look for several callers at once.
type Ahead struct {
	Token    string // its hash
	Accounts []AccountID
}

// Shared locks organizations for ordinary writes.
func Shared(orgs ...OrgID) OrgLock { return OrgLock{Orgs: orgs} }

// Exclusive locks organizations against every other writer.
func Exclusive(orgs ...OrgID) OrgLock { return OrgLock{Exclusive: true, Orgs: orgs} }

// Everybody locks organizations, and lets nobody write in any other meanwhile. It is for rare acts after which others may not do what they could
// before: whatever they did, they did before it, so that nobody sees it come after.
func Everybody(orgs ...OrgID) OrgLock { return OrgLock{Exclusive: true, Everybody: true, Orgs: orgs} }

// Reader reads. Every method names the organization that it looks in, except those marked crossing. What does not exist,
// or belongs to another organization, is an *Error of kind NotFound.
type Reader interface {
	AccessReader
	LicenceReader
	GroupReader
	LinkReader
	OutboxReader
	JobReader
	ReceiptReader
	ClockReader
	ChallengeReader
	ClaimReader
	SiteReader
	DeletionReader
	ItemReader
	ExchangeReader
	ScheduleReader
	PhotoReader

	// Organization is crossing: it is how an organization is found. One that was deleted is not.
	Organization(ctx context.Context, org OrgID) (Organization, error)
	// Organizations is crossing: all that were not deleted, in the order of their ids, at most limit after the given id.
	Organizations(ctx context.Context, after OrgID, limit int) ([]Organization, error)
	// Tombstone is crossing: what is left of an organization that was deleted.
	Tombstone(ctx context.Context, org OrgID) (Organization, error)
	// Tombstones is crossing: all of them, in the order of their ids, at most limit after the given id.
	Tombstones(ctx context.Context, after OrgID, limit int) ([]Organization, error)

	Account(ctx context.Context, org OrgID, id AccountID) (Account, error)
	AccountByUserName(ctx context.Context, org OrgID, key NameKey) (Account, error)
	// AccountFor is Account for whoever comes with a bearer token: it finds the account, and whether the token of this hash is good, in one
	// question. If there is no such account, nothing is said about the token.
	AccountFor(ctx context.Context, key AccountKey, tokenHash string) (a Account, good bool, err error)
	// Accounts lists in the order of ids.
	Accounts(ctx context.Context, org OrgID, q AccountQuery) ([]Account, error)
	CountAccounts(ctx context.Context, org OrgID, where Condition) (int, error)
	// ConnectorAccounts lists the accounts that a connector is linked to, in the order of ids.
	ConnectorAccounts(ctx context.Context, org OrgID, connector ConnectorID, after AccountID, limit int) ([]Account, error)
	// LinkedAccounts lists the accounts that a connector is linked to by these entries, in any order.
	LinkedAccounts(ctx context.Context, org OrgID, connector ConnectorID, objects []ObjectID) ([]Account, error)
	// ProfilesNaming lists the entries of those accounts of a connector whose profiles have one of the given ids in them, as that of a manager,
	// in any order. All of the connector's profiles are looked through.
	ProfilesNaming(ctx context.Context, org OrgID, connector ConnectorID, ids []AccountID) ([]ObjectID, error)
	// AccountsAmong lists those of the accounts that are there, in any order.
	AccountsAmong(ctx context.Context, org OrgID, ids []AccountID) ([]Account, error)
	// SettledAmong lists those of the accounts of which no claim is under way: neither shadows, nor people who have to decide (CLM-40).
	SettledAmong(ctx context.Context, org OrgID, ids []AccountID) ([]AccountID, error)
	// AccountsDue is crossing: accounts whose retention is over at now, of all organizations, at most limit.
	AccountsDue(ctx context.Context, now time.Time, limit int) ([]Account, error)
	// EmailChangesDue is crossing: accounts whose new address was asked for at or before an instant and not confirmed, at most
	// limit.
	EmailChangesDue(ctx context.Context, asked time.Time, limit int) ([]Account, error)
	// Hold is crossing: who holds an address, in whatever organization (EML-01).
	Hold(ctx context.Context, key EmailKey) (Hold, error)
	// HoldsAmong is Hold for many addresses: those that somebody holds, in any order.
	HoldsAmong(ctx context.Context, keys []EmailKey) ([]Hold, error)

	Domains(ctx context.Context, org OrgID) ([]Domain, error)
	// DomainHolders is crossing: every organization's relation to one domain.
	DomainHolders(ctx context.Context, name string) ([]Domain, error)

	Event(ctx context.Context, org OrgID, id EventID) (Event, error)
	// Events lists in the order they happened.
	Events(ctx context.Context, org OrgID, q EventQuery) ([]Event, error)
	// Chain lists events in the order in which they were recorded, at most limit beyond the given Seq.
	Chain(ctx context.Context, org OrgID, after int64, limit int) ([]Event, error)
	// ChainHead returns how many events the organization has recorded and the hash of the last; zero and "" for none.
	ChainHead(ctx context.Context, org OrgID) (seq int64, hash string, err error)

	Connector(ctx context.Context, org OrgID, id ConnectorID) (Connector, error)
	Connectors(ctx context.Context, org OrgID) ([]Connector, error)
	Plan(ctx context.Context, org OrgID, id PlanID) (Plan, error)
	// Plans lists the newest first, without their bodies, at most limit older than the given one; of one connector if it is not empty.
	Plans(ctx context.Context, org OrgID, connector ConnectorID, after PlanID, limit int) ([]Plan, error)
	// PlansToDrop is crossing: plans with a body that were made at or before an instant, without their bodies, the oldest first, at most limit:
	// one instant for those that were applied, and one for the others, except those that are being applied.
	PlansToDrop(ctx context.Context, applied, others time.Time, limit int) ([]Plan, error)
	Run(ctx context.Context, org OrgID, id RunID) (Run, error)
	// Runs lists the newest first, at most limit older than the given one; of one connector if it is not empty.
	Runs(ctx context.Context, org OrgID, connector ConnectorID, after RunID, limit int) ([]Run, error)
}

// Tx reads and writes inside one transaction; it reads its own writes. A row with a Version is written only if the version
// is still the one that was read, else the error is of kind Stale; the row is stored with Version+1.
type Tx interface {
	Reader
	AccessTx
	LicenceTx
	GroupTx
	LinkTx
	OutboxTx
	JobTx
	ReceiptTx
	ClockTx
	ChallengeTx
	ClaimTx
	SiteTx
	DeletionTx
	ItemTx
	ExchangeTx
	ScheduleTx
	PlanTx
	PhotoTx

	InsertOrganization(ctx context.Context, o Organization) error
	UpdateOrganization(ctx context.Context, o Organization) error

	// InsertAccount stores a new account with version 1 and its holds. A userName, address or directory object that is
	// taken is an *Error of kind Conflict with the rule USER_NAME_TAKEN, EMAIL_TAKEN or DIRECTORY_OBJECT_LINKED; perhaps not before something
	// is read, or fn has returned.
	InsertAccount(ctx context.Context, a Account, holds []Hold) error
	// UpdateAccount replaces the account and, unless holds is nil, everything that it holds. Conflicts as for InsertAccount.
	UpdateAccount(ctx context.Context, a Account, holds []Hold) error
	// DeleteAccount removes the account and everything that it holds.
	DeleteAccount(ctx context.Context, org OrgID, id AccountID, version int64) error
	// MarkInvited notes when an account's last invitation was sent. It tells about mail, not about the person, so the version
	// stays; UpdateAccount leaves it alone.
	MarkInvited(ctx context.Context, org OrgID, id AccountID, at time.Time) error
	// ReleaseHolds frees everything that an account holds, so that addresses can change places in one transaction.
	ReleaseHolds(ctx context.Context, org OrgID, id AccountID) error

	PutDomain(ctx context.Context, d Domain) error
	DeleteDomain(ctx context.Context, org OrgID, name string) error

	InsertConnector(ctx context.Context, c Connector) error
	UpdateConnector(ctx context.Context, c Connector) error
	// DeleteConnector removes the connector with its schedule, plans and runs, and unlinks its accounts and groups.
	DeleteConnector(ctx context.Context, org OrgID, id ConnectorID) error
	InsertPlan(ctx context.Context, p Plan) error
	// UpdatePlan writes the state and the approval; a plan's body never changes.
	UpdatePlan(ctx context.Context, p Plan) error
	InsertRun(ctx context.Context, r Run) error
	UpdateRun(ctx context.Context, r Run) error

	// Record stores an event as the next link of its organization's chain: it sets Seq and Hash (see [Event.Digest]).
	Record(ctx context.Context, e Event) error
}

// EventQuery selects events of one organization, in the order in which they were recorded, or with From or Until in the order of their instants.
type EventQuery struct {
	Account AccountID   // empty: of everything
	From    time.Time   // at or after; zero: from the first
	Until   time.Time   // before; zero: to the last
	Actor   string      // the actor's id; empty: anybody's
	Kinds   []EventKind // empty: of every kind
	Target  string      // the id of what it happened to, account or other; empty: anything
	Newest  bool        // newest first
	After   EventID     // only events beyond this one in the chosen direction; empty: from the start
	Skip    int         // pass over so many of them (AUD-02, a client that pages by position)
	Limit   int
}

// Field is a column that a store can answer by an index.
type Field string

// The fields, with the form of the values they are compared with.
const (
	FieldID         Field = "id"          // Text
	FieldUserName   Field = "userName"    // Text, folded by [Fold]
	FieldExternalID Field = "externalId"  // Text, exact
	FieldEmail      Field = "email"       // Text, folded by [Fold]; any of the account's addresses, held or not
	FieldActive     Field = "active"      // Bool
	FieldStatus     Field = "status"      // Text
	FieldReason     Field = "reason"      // Text
	FieldSource     Field = "source"      // Text
	FieldCreated    Field = "created"     // Time
	FieldUpdated    Field = "updated"     // Time
	FieldConnector  Field = "connectorId" // Text
)

// Op is a comparison.
type Op string

// The comparisons. Contains, HasPrefix and HasSuffix are for Text only; Present takes no value.
const (
	Equal     Op = "eq"
	NotEqual  Op = "ne"
	Contains  Op = "co"
	HasPrefix Op = "sw"
	HasSuffix Op = "ew"
	Greater   Op = "gt"
	AtLeast   Op = "ge"
	Less      Op = "lt"
	AtMost    Op = "le"
	Present   Op = "pr"
)

// Condition is a typed tree of comparisons: *Compare, Mentions, And, Or or Not. Values are always bound, never spelt into a query.
type Condition interface{ condition() }

// Compare holds for accounts whose field compares so. NotEqual holds for accounts that lack the field. For FieldEmail
// every comparison but NotEqual holds if any address compares so; NotEqual holds if none is equal.
type Compare struct {
	Field Field
	Op    Op
	Text  string
	Bool  bool
	Time  time.Time
}

// Mentions holds for accounts whose profile, as JSON, has this text in it, ASCII letters in either case, and for all whose profile has
// anything beyond ASCII, where nobody agrees what the other case of a letter is. It finds those among whom a search has to look.
type Mentions string

// And holds if all of its conditions do; an empty And always holds.
type And []Condition

// Or holds if any of its conditions does; an empty Or never holds.
type Or []Condition

// Not holds if its condition does not.
type Not struct{ Condition Condition }

func (*Compare) condition() {}
func (Mentions) condition() {}
func (And) condition()      {}
func (Or) condition()       {}
func (Not) condition()      {}

// AccountQuery selects accounts of one organization, in the order of their ids, which is the order they were created in.
type AccountQuery struct {
	Where Condition // nil: all
	After AccountID // only accounts beyond this one; empty: from the start
	Skip  int       // pass over so many of them, by an index only (a client that pages by position)
	Limit int       // at most so many; must be positive
}
