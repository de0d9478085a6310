package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Explanation answers "why is this person as they are, and what comes next?".
type Explanation struct {
	Account   AccountID       `json:"account"`
	UserName  string          `json:"userName"`
	Status    string          `json:"status"` // a Status, or "deleted"
	Reason    InactiveReason  `json:"reason,omitempty"`
	Since     time.Time       `json:"since"`
	Rule      Rule            `json:"rule,omitempty"`
	Because   string          `json:"because"` // one sentence
	Event     EventID         `json:"event,omitempty"`
	Actor     Actor           `json:"actor"`
	Evidence  json.RawMessage `json:"evidence,omitempty"`
	ManagedBy string          `json:"managedBy"` // "directory" or "organization": who may change it (USR-22)
	Next      Next            `json:"next"`
	Notes     []string        `json:"notes,omitempty"` // what else there is to know, a sentence each
}

// Next is what happens by itself if nobody does anything.
type Next struct {
	What string    `json:"what"`        // "nothing", "deleted", or "settled" of a claim
	At   time.Time `json:"at,omitzero"` // when; zero for nothing
	Rule Rule      `json:"rule,omitempty"`
	Text string    `json:"text"`
}

// Explain is the pure part of [Service.Why]: the event is the one that made the account's status what it is.
func Explain(a Account, o Organization, e Event) Explanation {
	x := Explanation{
		Account: a.ID, UserName: a.UserName, Status: string(a.Status), Reason: a.InactiveReason, Since: a.StatusAt,
		Rule: e.Rule, Event: e.ID, Actor: e.Actor, Evidence: e.Evidence, ManagedBy: "organization",
		Because: because(a, e), Next: Next{What: "nothing", Text: "Nothing happens by itself."},
	}
	if o.ManagedByDirectory() {
		x.ManagedBy = "directory"
	}
	at, purged := a.PurgeAt(o)
	switch {
	case purged:
		x.Next = Next{What: "deleted", At: at, Rule: a.InactiveReason.rule(),
			Text: fmt.Sprintf("Deleted for good at %s, %s, unless %s.", at.Format(time.RFC3339), a.whyThen(o, at), wayOut(a.InactiveReason))}
	case a.InactiveReason == DirectoryDisabled:
		x.Next = Next{What: "nothing", Rule: "USR-11b", Text: "Kept for as long as the directory disables the account; never deleted for that."}
	}
	return x
}

// whyThen says what decides the date on which the account is deleted.
func (a Account) whyThen(o Organization, at time.Time) string {
	days, _ := o.Retention(a.InactiveReason)
	if at.After(a.StatusAt.Add(time.Duration(days) * Day)) {
		return fmt.Sprintf("a day after the organization began to keep inactive users for %d days only", days)
	}
	return fmt.Sprintf("%d days after becoming inactive", days)
}

func wayOut(r InactiveReason) string {
	if r.GoneFromDirectory() {
		return "the entry comes back to the directory first"
	}
	return "somebody reactivates the account first"
}

// called is the actor's name, or what the actor is.
func (a Actor) called() string {
	if a.Name == "" {
		return string(a.Kind)
	}
	return a.Name
}

func because(a Account, e Event) string {
	who := e.Actor.called()
	switch {
	case a.Shadow:
		return "Another organization claimed this user; the old account waits for the user's decision."
	case a.Status == DeferredClaim:
		return "Claimed; the user has not decided about the old account yet."
	case a.Status == Active:
		return "The e-mail address is verified and the user has signed in."
	case a.Status == Verified:
		return "The e-mail address is verified; the user has not signed in yet."
	case a.Status == NotVerified:
		return "The e-mail address is not verified yet."
	case a.InactiveReason == DirectoryDeleted:
		return "The entry is gone from the directory."
	case a.InactiveReason == DirectoryOutOfScope:
		return "The entry still exists in the directory but has left the synchronized part of it."
	case a.InactiveReason == DirectoryDisabled:
		return "The entry is disabled in the directory."
	case a.InactiveReason == ByProvider:
		return fmt.Sprintf("The identity provider %s deactivated the user.", who)
	case a.InactiveReason == ClaimedInactive:
		return "The user was inactive in the organization that they were claimed from."
	default:
		return fmt.Sprintf("Deactivated by %s.", who)
	}
}

// Why explains an account, also one that has been deleted.
func (s *Service) Why(ctx context.Context, org OrgID, id AccountID) (Explanation, error) {
	o, err := s.store.Organization(ctx, org)
	if err != nil {
		return Explanation{}, err
	}
	a, err := s.store.Account(ctx, org, id)
	if IsNotFound(err) {
		return s.whyDeleted(ctx, org, id, err)
	}
	if err != nil {
		return Explanation{}, err
	}
	e, err := s.store.Event(ctx, org, a.StatusEvent)
	if err != nil && !IsNotFound(err) {
		return Explanation{}, err
	}
	x := Explain(a, o, e)
	if err := s.explainClaim(ctx, &x, a); err != nil {
		return Explanation{}, err
	}
	if err := s.explainDomain(ctx, &x, o, a); err != nil {
		return Explanation{}, err
	}
	return x, nil
}

// explainClaim says what comes next for somebody who is being claimed.
func (s *Service) explainClaim(ctx context.Context, x *Explanation, a Account) error {
	var claim Claim
	var err error
	switch {
	case a.Shadow:
		claim, err = s.store.ClaimAway(ctx, a.Org, a.ID)
	case a.Source == SourceClaim:
		claim, err = s.store.ClaimOf(ctx, a.Org, a.ID)
	default:
		return nil
	}
	if IsNotFound(err) {
		if a.Shadow {
			x.explainKept()
		}
		return nil
	}
	if err == nil && (claim.Open() || a.Shadow) {
		x.explainClaim(claim, a.Shadow)
	}
	return err
}

func (x *Explanation) explainClaim(c Claim, shadow bool) {
	deferred := c.Open() && c.Mode == ClaimDeferred
	switch {
	case !c.Open():
		x.explainKept()
	case deferred && shadow:
		x.Next = Next{What: "deleted", At: c.Deadline(), Rule: "CLM-23",
			Text: fmt.Sprintf("Deleted at %s after its content has been moved, unless the owner decides otherwise first.", c.Deadline().Format(time.RFC3339))}
	case deferred:
		x.Next = Next{What: "settled", At: c.Deadline(), Rule: "CLM-23",
			Text: fmt.Sprintf("The claim is settled by itself at %s, and the user is %s then, unless the user decides first.", c.Deadline().Format(time.RFC3339), c.Carried.Status)}
	case shadow:
		x.Next = Next{What: "nothing", Rule: "CLM-57", Text: "Nothing happens by itself; the owner decides at the next sign-in."}
	case x.Next.What == "nothing":
		x.Next = Next{What: "nothing", Rule: "CLM-57", Text: "Nothing happens by itself; the user decides about the old account at the next sign-in."}
	}
}

// explainKept is about a shadow that is kept, see [Acts.keptShadow].
func (x *Explanation) explainKept() {
	x.Because = "Another organization claimed this user, who keeps the old account under another address and has not confirmed one yet."
	x.Next = Next{What: "nothing", Rule: "CLM-54",
		Text: "The owner keeps this account; it is an ordinary one again once its new address is confirmed. Until then it can be deleted, and not be changed."}
}

func (s *Service) whyDeleted(ctx context.Context, org OrgID, id AccountID, unknown error) (Explanation, error) {
	last, err := s.store.Events(ctx, org, EventQuery{Account: id, Newest: true, Limit: 1})
	if err != nil {
		return Explanation{}, err
	}
	if len(last) == 0 || last[0].Kind != AccountDeleted && last[0].Kind != ClaimSettled && last[0].Kind != ClaimTakenAway {
		return Explanation{}, unknown
	}
	e := last[0]
	text := fmt.Sprintf("Deleted by %s.", e.Actor.called())
	switch {
	case e.Kind == ClaimTakenAway:
		text = "The claim by which the user came was revoked; the user is back where they were."
	case e.Kind == ClaimSettled:
		text = "Another organization claimed this user, and the old account was not kept."
	case e.Actor.Kind == System:
		text = "Deleted because the time for which an inactive account is kept was over."
	}
	return Explanation{
		Account: id, UserName: e.AccountName, Status: "deleted", Reason: e.Reason, Since: e.At, Rule: e.Rule, Because: text,
		Event: e.ID, Actor: e.Actor, Evidence: e.Evidence, ManagedBy: "organization",
		Next: Next{What: "nothing", Text: "Deletion is final; the address is free."},
	}, nil
}
