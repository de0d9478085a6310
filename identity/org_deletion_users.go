package identity

import (
	"context"
	"encoding/json"
	"slices"
	"time"
)

// dispose makes an account of a deleted organization a personal one, or deletes it, and reports which (ORG-10). Shadows and accounts that
// stand for no person are deleted in any case: nobody could sign in to them.
func (c *Acts) dispose(ctx context.Context, d OrgDeletion, a Account) (converted bool, err error) {
	// What the person may do in the organization itself goes with it: until then they can watch.
	if err := c.takeAwayRolesElsewhere(ctx, a, "ORG-20", "the organization of the administrator was deleted"); err != nil {
		return false, err
	}
	if d.Handling == HandleConvert && !a.Shadow && !a.Machine() {
		return true, c.convert(ctx, a)
	}
	if _, err := c.record(ctx, a.event(AccountDeleted, "ORG-10", c.now)); err != nil {
		return false, err
	}
	return false, c.tx.DeleteAccount(ctx, a.Org, a.ID, a.Version)
}

// convert moves an account to the organization of personal accounts. It keeps its id, its address, its status and who signs in to it;
// roles, groups and licences stay behind, so that the free licence is what is left (ORG-11). Whom nobody can sign in to any more gets an
// invitation to be tied to another sign-in.
func (c *Acts) convert(ctx context.Context, before Account) error {
	there, err := c.elsewhere(ctx, ConsumerOrgID)
	if err != nil {
		return err
	}
	bindings, err := c.lastingBindings(ctx, before)
	if err != nil {
		return err
	}
	if _, err := c.record(ctx, before.event(AccountConverted, "ORG-11", c.now)); err != nil {
		return err
	}
	a, err := before.personal(c.now)
	if err != nil {
		return err
	}
	// The addresses have to be free before the account can hold them there.
	if err := c.tx.DeleteAccount(ctx, before.Org, before.ID, before.Version); err != nil {
		return err
	}
	a.Emails = there.wellFormed(a.Emails)
	if a.UserName, err = there.personalName(ctx, a); err != nil {
		return err
	}
	addresses, err := there.addresses(ctx, a.Draft())
	if err != nil {
		return err
	}
	if addresses, err = there.stillHeld(ctx, a, addresses); err != nil {
		return err
	}
	e := a.event(AccountConverted, "ORG-11", c.now)
	if e.Evidence, err = json.Marshal(map[string]any{"status": a.Status, "before": before.Status}); err != nil {
		return err
	}
	if a.StatusEvent, err = there.record(ctx, e); err != nil {
		return err
	}
	if err := c.tx.InsertAccount(ctx, a, a.holds(addresses)); err != nil {
		return err
	}
	for _, b := range bindings {
		b.Org = ConsumerOrgID
		if err := c.tx.InsertBinding(ctx, b); err != nil {
			return err
		}
	}
	held := slices.ContainsFunc(addresses, func(h Hold) bool { return h.Kind == HoldPrimary })
	if len(bindings) > 0 || !held {
		return nil
	}
	return there.invite(ctx, a, MessageInvitation)
}

// lastingBindings returns who signs in to an account other than through an issuer of the organization itself, which nobody trusts any
// more. That the others cannot sign in is told.
func (c *Acts) lastingBindings(ctx context.Context, a Account) ([]Binding, error) {
	all, err := c.tx.BindingsOf(ctx, a.Org, a.ID)
	if err != nil {
		return nil, err
	}
	var lasting []Binding
	for _, b := range all {
		p, err := c.tx.IdentityProviderOf(ctx, b.Issuer)
		if IsNotFound(err) || err == nil && p.Org != c.org.ID {
			lasting = append(lasting, b)
			continue
		}
		if err != nil {
			return nil, err
		}
		e := a.event(AccountUnbound, "ORG-20", c.now)
		e.Target = Target{Type: TargetUser, ID: b.Issuer + "|" + b.Subject}
		if _, err := c.record(ctx, e); err != nil {
			return nil, err
		}
	}
	return lasting, nil
}

// personal returns the account as it is once its organization is gone. Whoever was inactive is what they were before: nobody is there to
// reactivate them (ORG-12). What the organization knew of them is not kept, beyond what they are called.
func (a Account) personal(now time.Time) (Account, error) {
	if a.Status == Inactive {
		a.Status, a.PreviousStatus, a.InactiveReason, a.StatusAt = a.wayBack(), "", "", now
	}
	a.Org, a.ExternalID, a.Directory, a.InvitedAt, a.UpdatedAt, a.Version = ConsumerOrgID, "", nil, time.Time{}, now, 1
	a.clearPending()
	var err error
	a.Profile, err = a.Profile.names()
	return a, err
}

// wellFormed leaves out addresses that are none by the present rules: one that came in under others must not hold a deletion up.
func (c *Acts) wellFormed(emails []AccountEmail) []AccountEmail {
	return slices.DeleteFunc(slices.Clone(emails), func(e AccountEmail) bool {
		_, err := ParseEmail(e.Value, c.service.policy)
		return err != nil
	})
}

// personalName returns the userName of a converted account: the one that it has if that is an address, which nobody else has, or else
// its address. Without any address it is what it was, unless somebody there is called so.
func (c *Acts) personalName(ctx context.Context, a Account) (string, error) {
	var names []string
	if _, err := ParseEmail(a.UserName, c.service.policy); err == nil {
		names = append(names, a.UserName)
	}
	if address := a.PrimaryEmail(); address != "" && len(address) <= MaxUserName {
		names = append(names, address)
	}
	names = append(names, a.UserName)
	for _, name := range names {
		err := c.userNameFree(ctx, name, "")
		if err == nil {
			return name, nil
		}
		if RuleOf(err) != RuleUserNameTaken {
			return "", err
		}
	}
	return string(a.ID), nil
}
