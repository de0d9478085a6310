package identity

import (
	"context"
	"slices"
	"strings"
	"time"
)

// shadowSuffix ends the renamed addresses of claimed users (CLM-40).
const shadowSuffix = "." + ReservedDomain

// renamed returns the account with its claimed address, and a userName that is the same, moved into the reserved namespace. Its
// other addresses stay: they are its owner's, whichever organization claims which.
func (a Account) renamed(key EmailKey, policy EmailPolicy) Account {
	same := func(text string) bool {
		e, err := ParseEmail(text, policy)
		return err == nil && e.Key == key
	}
	if same(a.UserName) {
		a.UserName += shadowSuffix
	}
	a.Emails = slices.Clone(a.Emails)
	for i := range a.Emails {
		if same(a.Emails[i].Value) {
			a.Emails[i].Value += shadowSuffix
		}
	}
	return a
}

// apart returns a renamed account with a userName that no other shadow has: somebody else had the address before, was claimed too and
// is not settled yet.
func (a Account) apart() Account {
	a.UserName = strings.TrimSuffix(a.UserName, shadowSuffix) + "." + string(a.ID) + shadowSuffix
	return a
}

// restored undoes [Account.renamed] and [Account.apart].
func (a Account) restored() Account {
	a.UserName = strings.TrimSuffix(strings.TrimSuffix(a.UserName, shadowSuffix), "."+string(a.ID))
	a.Emails = slices.Clone(a.Emails)
	for i := range a.Emails {
		a.Emails[i].Value = strings.TrimSuffix(a.Emails[i].Value, shadowSuffix)
	}
	return a
}

// released returns a shadow account as an ordinary one again. The time during which it was a shadow does not count towards the
// retention of somebody who was inactive before: nobody is deleted on a date that was never shown to anybody who could act.
func (a Account) released(claimedAt, now time.Time) Account {
	if a.Status == Inactive {
		a.StatusAt = a.StatusAt.Add(now.Sub(claimedAt))
	}
	return a
}

// keptShadow reports whether an account is a shadow whose owner keeps it and has not confirmed an address for it. Perhaps nobody ever will,
// so its organization may delete it, though not change it (CLM-43, CLM-55). A claim that is not there any more went with the organization
// that made it, which leaves no other shadows behind (ORG-21).
func (c *Acts) keptShadow(ctx context.Context, a Account) (bool, error) {
	if !a.Shadow {
		return false, nil
	}
	claim, err := c.tx.ClaimAway(ctx, a.Org, a.ID)
	if IsNotFound(err) {
		return true, nil
	}
	return err == nil && claim.Outcome == OutcomeKept, err
}

// addressesOf is [Acts.addresses] for an account that may be a shadow: its renamed address is nobody's. What else it holds is what it
// held before, so contact data stays that.
func (c *Acts) addressesOf(ctx context.Context, a Account) ([]Hold, error) {
	if !a.Shadow {
		return c.addresses(ctx, a.Draft())
	}
	holds, err := c.addresses(ctx, a.restored().Draft())
	return slices.DeleteFunc(holds, func(h Hold) bool { return h.Kind == HoldPrimary }), err
}

// moveBindings lets the people who sign in to one account sign in to another instead, which may be in another organization.
func (c *Acts) moveBindings(ctx context.Context, from, to Account) error {
	bindings, err := c.tx.BindingsOf(ctx, from.Org, from.ID)
	if err != nil {
		return err
	}
	for _, b := range bindings {
		if err := c.tx.DeleteBinding(ctx, b.Org, b.Issuer, b.Subject); err != nil {
			return err
		}
		b.Org, b.Account = to.Org, to.ID
		if err := c.tx.InsertBinding(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// elsewhere returns acts in the other organization of a claim, in the same transaction. What is told there does not say who acted
// here (AUD-04), only that the owner of the account did.
func (c *Acts) elsewhere(ctx context.Context, org OrgID) (*Acts, error) {
	if org == c.org.ID {
		return c, nil
	}
	o, err := c.tx.Organization(ctx, org)
	if err != nil {
		return nil, err
	}
	by := Actor{Kind: System, Name: "another organization"}
	switch c.by.Kind {
	case Operator, System:
		by = Actor{Kind: c.by.Kind, ID: c.by.ID, Name: c.by.Name}
	case Owner:
		// Neither the account nor the issuer that the person came through: that may be the other organization's own.
		by = Actor{Kind: Owner, Name: "the user", Request: Request{TrackingID: c.by.Request.TrackingID, Operation: c.by.Request.Operation}}
	}
	return &Acts{service: c.service, tx: c.tx, org: o, by: by, now: c.now, careful: c.careful}, nil
}
