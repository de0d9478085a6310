package identity

import (
	"context"
	"encoding/json"
	"slices"
)

func (c *Acts) load(ctx context.Context, id AccountID, expect func(Account) error) (Account, error) {
	a, err := c.tx.Account(ctx, c.org.ID, id)
	if err != nil {
		return Account{}, err
	}
	c.about = a
	if expect != nil {
		if err := expect(a); err != nil {
			return Account{}, err
		}
	}
	return a, nil
}

// write stores an account that a rule has changed, with the events that tell so: one for the status if it moved, else one for
// the attributes. It does nothing if nothing changed.
func (c *Acts) write(ctx context.Context, before, a Account, status Event, evidence json.RawMessage) (Account, error) {
	changed := changes(before, a)
	signedIn := a.LastSignInAt != before.LastSignInAt
	if status.Kind == "" && len(changed) == 0 && !signedIn && !c.released[a.ID] {
		return before, nil
	}
	edited := !a.Draft().sameAttributes(before.Draft())
	if edited {
		if err := a.Draft().validate(c.org, c.service.policy); err != nil {
			return Account{}, err
		}
		if !sameAddress(before.PrimaryEmail(), a.PrimaryEmail(), c.service.policy) {
			if err := c.mayMoveAddress(ctx, before); err != nil {
				return Account{}, err
			}
		}
	}
	if before.Status != Inactive && a.Status == Inactive {
		if err := c.keepsFullAdmin(ctx, before); err != nil {
			return Account{}, err
		}
	}
	holds, err := c.changedHolds(ctx, before, a, edited)
	if err != nil {
		return Account{}, err
	}
	if signedIn && status.Kind == "" {
		if _, err := c.record(ctx, a.event(SignedIn, "USR-04", c.now)); err != nil {
			return Account{}, err
		}
	}
	if len(changed) > 0 {
		e := a.event(changeKind(before, a), "", c.now)
		if e.Evidence, err = json.Marshal(map[string]any{"changed": changed}); err != nil {
			return Account{}, err
		}
		if evidence != nil && status.Kind == "" {
			e.Evidence = evidence
		}
		if before.Directory == nil && a.Directory != nil {
			e.Kind, e.Rule = AccountLinked, "DIR-04"
		}
		if _, err := c.record(ctx, e); err != nil {
			return Account{}, err
		}
	}
	if status.Kind != "" {
		status.Evidence = evidence
		if a.StatusEvent, err = c.record(ctx, status); err != nil {
			return Account{}, err
		}
	}
	if len(changed) > 0 || status.Kind != "" {
		a.UpdatedAt = c.now
	}
	if err := c.tx.UpdateAccount(ctx, a, holds); err != nil {
		return Account{}, err
	}
	delete(c.released, a.ID)
	a.Version++
	return a, nil
}

// changedHolds returns what the account now holds, or nil if that is what it held before, after checking that all of it is
// free or its own.
func (c *Acts) changedHolds(ctx context.Context, before, a Account, edited bool) ([]Hold, error) {
	kindMoves := before.InactiveReason.GoneFromDirectory() != a.InactiveReason.GoneFromDirectory() || before.PendingEmail != a.PendingEmail ||
		(before.Status == DeferredClaim) != (a.Status == DeferredClaim) || before.Shadow != a.Shadow
	if !edited && !kindMoves && !c.released[a.ID] {
		return nil, nil
	}
	now, err := c.addressesOf(ctx, a)
	if err != nil {
		return nil, err
	}
	holds := make([]Hold, 0, len(now))
	for _, h := range now {
		err := c.addressFree(ctx, h, a.ID)
		if KindOf(err) == Conflict && h.Kind == HoldAlternate && before.lists(h.Key, c.service.policy) {
			// Its domain was verified after somebody else took the address: it stays contact data, and a change of
			// anything else must not fail over it.
			continue
		}
		if err != nil {
			return nil, err
		}
		holds = append(holds, h)
	}
	if a.UserName != before.UserName {
		if err := c.userNameFree(ctx, a.UserName, a.ID); err != nil {
			return nil, err
		}
	}
	if a.PendingEmail != "" {
		pending, err := ParseEmail(a.PendingEmail, c.service.policy)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(holds, func(h Hold) bool { return h.Key == pending.Key }) {
			h := Hold{Key: pending.Key, Kind: HoldPending}
			if err := c.addressFree(ctx, h, a.ID); err != nil {
				return nil, err
			}
			holds = append(holds, h)
		}
	}
	return a.holds(holds), nil
}

// changeKind says what kind of event tells of a change of attributes.
func changeKind(before, a Account) EventKind {
	switch {
	case before.PendingEmail == a.PendingEmail && before.PendingSince.Equal(a.PendingSince):
		return AccountChanged
	case a.PendingEmail != "":
		return EmailChangeAsked
	case a.PrimaryEmail() == before.PendingEmail:
		return EmailChangeDone
	}
	return EmailChangeOver
}

// lists reports whether an address is among the account's, held or not.
func (a Account) lists(key EmailKey, policy EmailPolicy) bool {
	return slices.ContainsFunc(a.Emails, func(e AccountEmail) bool {
		parsed, err := ParseEmail(e.Value, policy)
		return err == nil && parsed.Key == key
	})
}

// changes names the attributes in which two accounts differ.
func changes(before, a Account) []string {
	var names []string
	add := func(differs bool, name string) {
		if differs {
			names = append(names, name)
		}
	}
	add(before.UserName != a.UserName, "userName")
	add(before.ExternalID != a.ExternalID, "externalId")
	add(!slices.Equal(before.Emails, a.Emails), "emails")
	add(before.Profile != a.Profile, "profile")
	add(!sameLink(before.Directory, a.Directory), "directory")
	add(before.PendingEmail != a.PendingEmail || !before.PendingSince.Equal(a.PendingSince), "pendingEmail")
	return names
}

func sameLink(a, b *DirectoryLink) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func (d Draft) sameAttributes(o Draft) bool {
	d.Active = o.Active
	return d.Equal(o)
}
