package identity

import (
	"context"
	"encoding/json"
	"slices"
	"time"
)

// Origin says where a new account comes from.
type Origin struct {
	Source   Source
	Link     *DirectoryLink  // for entries of a directory
	Disabled bool            // the directory entry is disabled: the account starts as Inactive (USR-02)
	Evidence json.RawMessage // stored with the event
	Licences []Licence       // what the account gets; nil: what the templates say (LIC-02)
	Invite   bool            // send an invitation, if the organization wants any sent (NTF-03)
}

// Create adds an account (EML-15). With Active false, or a disabled directory entry, it is created and made inactive in the
// same transaction, so that there is a status to come back to (USR-02).
func (c *Acts) Create(ctx context.Context, d Draft, from Origin) (Account, error) {
	c.about = Account{}
	if len(d.UserName) <= MaxUserName && printable(d.UserName) { // it goes into the event of a refusal before it is validated
		c.about.UserName = d.UserName
	}
	if err := c.mayEdit(); err != nil {
		return Account{}, err
	}
	if err := d.validate(c.org, c.service.policy); err != nil {
		return Account{}, err
	}
	addresses, err := c.addresses(ctx, d)
	if err != nil {
		return Account{}, err
	}
	for _, h := range addresses {
		if err := c.mayTake(ctx, h); err != nil {
			return Account{}, err
		}
	}
	// Whoever has this userName holds it if it is an address, so the addresses have told already.
	if !slices.ContainsFunc(addresses, func(h Hold) bool { return NameKey(h.Key) == KeyOfUserName(d.UserName) }) {
		if err := c.userNameFree(ctx, d.UserName, ""); err != nil {
			return Account{}, err
		}
	}
	if err := c.mayLicenseNew(ctx, from.Licences); err != nil {
		return Account{}, err
	}
	a := Account{
		ID: AccountID(c.service.ids.New()), Org: c.org.ID,
		UserName: d.UserName, ExternalID: d.ExternalID, Emails: d.Emails, Profile: d.Profile,
		Status: NotVerified, StatusAt: c.now, Source: from.Source, Directory: from.Link,
		CreatedAt: c.now, UpdatedAt: c.now, Version: 1,
	}
	if a.Status, err = c.initialStatus(ctx, addresses, from.Source); err != nil {
		return Account{}, err
	}
	created := a.event(AccountCreated, "USR-03", c.now)
	created.Evidence = from.Evidence
	events := []Event{c.complete(created)}
	if from.Disabled || !d.Active {
		why := c.inactiveReason()
		if from.Disabled {
			why = DirectoryDisabled
		}
		var e Event
		if a, e, err = a.Deactivate(why, c.now); err != nil {
			return Account{}, err
		}
		e.Evidence = from.Evidence
		events = append(events, c.complete(e))
	}
	a.StatusEvent = events[len(events)-1].ID
	if err := c.tx.InsertAccount(ctx, a, a.holds(addresses)); err != nil {
		return Account{}, err
	}
	for _, e := range events {
		if err := c.tx.Record(ctx, e); err != nil {
			return Account{}, err
		}
	}
	if from.Invite && c.greets(a) {
		if err := c.invite(ctx, a, MessageInvitation); err != nil {
			return Account{}, err
		}
		a.InvitedAt = c.now // so that the first licence sends no other mail (NTF-03)
	}
	if err := c.licenceNewAccount(ctx, a, from.Licences); err != nil {
		return Account{}, err
	}
	return a, nil
}

// initialStatus is the table of USR-03.
func (c *Acts) initialStatus(ctx context.Context, addresses []Hold, source Source) (Status, error) {
	if len(addresses) == 0 {
		return NotVerified, nil
	}
	domain, err := c.domain(ctx, addresses[0].Key.DomainOf())
	if err != nil {
		return "", err
	}
	switch {
	case !domain.verifiedHere, source == SourceSelf: // a domain says nothing about who registers
		return NotVerified, nil
	case source == SourceDirectory && (!c.org.UsesSSO() || c.org.ActivationEmails):
		return NotVerified, nil
	}
	return Verified, nil
}

// Update changes the writable part of an account. expect, if not nil, sees the account first and may refuse (an ETag that no
// longer fits); edit returns the draft as it shall be. Active false or true deactivates or reactivates. A draft that says
// the same as before changes nothing, neither version nor UpdatedAt.
func (c *Acts) Update(ctx context.Context, id AccountID, expect func(Account) error, edit func(Draft) (Draft, error)) (Account, error) {
	before, err := c.load(ctx, id, expect)
	if err != nil {
		return Account{}, err
	}
	if err := c.mayTouch(before); err != nil {
		return Account{}, err
	}
	draft, err := edit(before.Draft())
	if err != nil {
		return Account{}, err
	}
	a := before.with(draft)
	var status Event
	if draft.Active != (before.Status != Inactive) {
		if a, status, err = a.Apply(c.activeTrigger(draft.Active), c.inactiveReason(), c.now); err != nil {
			return Account{}, err
		}
	}
	return c.write(ctx, before, a, status, nil)
}

// Mirror is what a directory says about an account that it is linked to.
type Mirror struct {
	Draft    Draft           // attributes as the directory has them; Active is ignored
	Link     DirectoryLink   // where the entry is now; without an Object the account's link stays as it is
	Standing Trigger         // DirectoryPresent, DirectoryBlocked or DirectoryMissing
	Loss     InactiveReason  // for DirectoryMissing: DirectoryDeleted or DirectoryOutOfScope
	Evidence json.RawMessage // stored with the event and shown with the user
}

// Mirror makes an account what its directory says it is, in one write. For an entry that is missing the draft is ignored:
// the account keeps what it had. It is for connectors only.
func (c *Acts) Mirror(ctx context.Context, id AccountID, expect func(Account) error, m Mirror) (Account, error) {
	before, err := c.load(ctx, id, expect)
	if err != nil {
		return Account{}, err
	}
	if err := c.mayTouch(before); err != nil {
		return Account{}, err
	}
	a := before
	why := m.Loss
	if m.Standing != DirectoryMissing {
		a, why = a.with(m.Draft), DirectoryDisabled
	}
	if link := m.Link; link.Object != "" {
		a.Directory = &link
	}
	a, status, err := a.Apply(m.Standing, why, c.now)
	if err != nil {
		return Account{}, err
	}
	return c.write(ctx, before, a, status, m.Evidence)
}

// Deactivate makes an account inactive for a person's or provider's reason (USR-20).
func (c *Acts) Deactivate(ctx context.Context, id AccountID, expect func(Account) error) (Account, error) {
	return c.transition(ctx, id, expect, c.activeTrigger(false))
}

// Reactivate brings an inactive account back to its previous status (USR-21).
func (c *Acts) Reactivate(ctx context.Context, id AccountID, expect func(Account) error) (Account, error) {
	a, err := c.transition(ctx, id, expect, c.activeTrigger(true))
	if RuleOf(err) == RuleManagedByDirectory && c.about.State() == StateDeleted {
		err = c.onlyTheDirectory()
	}
	return a, err
}

// onlyTheDirectory says how somebody comes back who is gone from the directory while that owns the organization (USR-12).
func (c *Acts) onlyTheDirectory() error {
	at, _ := c.about.PurgeAt(c.org)
	e := Refuse(Conflict, RuleManagedByDirectory, "the user %s is gone from the directory and is deleted for good at %s; until then only the directory brings the user back",
		c.about.UserName, at.Format(time.RFC3339))
	e.Ways = []Remedy{
		{Text: "Restore the entry in the directory, or add one with the same address, and synchronize before that time: the user has the status and the licences from before then."},
		{Text: "Switch synchronization off, and reactivate the user then; the next synchronization after it is switched on again looks for the entry anew."},
	}
	return e
}

// SignIn records that the person of an account signed in (USR-04).
func (c *Acts) SignIn(ctx context.Context, id AccountID) (Account, error) {
	a, err := c.load(ctx, id, nil)
	if err != nil {
		return Account{}, err
	}
	claim, open, err := c.openClaim(ctx, a)
	if err != nil {
		return Account{}, err
	}
	if open && claim.SignedInAt.IsZero() {
		// From now on the choice is the user's alone: nobody can revoke the claim any more (CLM-56).
		claim.SignedInAt = c.now
		if err := c.tx.UpdateClaim(ctx, claim); err != nil {
			return Account{}, err
		}
	}
	return c.transition(ctx, id, nil, SignIn)
}

// VerifyEmail records that the person proved to own the address (USR-04).
func (c *Acts) VerifyEmail(ctx context.Context, id AccountID) (Account, error) {
	return c.transition(ctx, id, nil, EmailVerified)
}

func (c *Acts) transition(ctx context.Context, id AccountID, expect func(Account) error, t Trigger) (Account, error) {
	before, err := c.load(ctx, id, expect)
	if err != nil {
		return Account{}, err
	}
	if t != SignIn && t != EmailVerified {
		if err := c.mayTouch(before); err != nil {
			return Account{}, err
		}
	}
	a, e, err := before.Apply(t, c.inactiveReason(), c.now)
	if err != nil {
		return Account{}, err
	}
	return c.write(ctx, before, a, e, nil)
}

// Delete removes an account for good and frees its addresses (USR-24, SCM-11). Users who are gone from their directory can be
// deleted early while it still owns the organization (USR-15), and shadows that wait for an address only (CLM-43).
func (c *Acts) Delete(ctx context.Context, id AccountID, expect func(Account) error) error {
	a, err := c.load(ctx, id, expect)
	if err != nil {
		return err
	}
	kept, err := c.keptShadow(ctx, a)
	if err != nil {
		return err
	}
	if !kept && (a.State() != StateDeleted || c.by.Kind == Provider) {
		if err := c.mayTouch(a); err != nil {
			return err
		}
	}
	claim, open, err := c.openClaim(ctx, a)
	if err != nil {
		return err
	}
	if open {
		// Whoever goes before they have decided goes back if that is still possible.
		at := c.now
		if due, ok := a.PurgeAt(c.org); ok && c.by.Kind == System {
			at = due
		}
		if gone, err := c.closeClaim(ctx, claim, at); err != nil || gone {
			return err
		}
	}
	if a.Source == SourceClaim {
		if a, err = c.load(ctx, id, nil); err != nil { // a claim that ended has changed it
			return err
		}
	}
	trigger := Delete
	switch {
	case kept:
		trigger = ClaimGivenUp
	case c.by.Kind == Provider:
		trigger = ProviderDelete
	case c.by.Kind == System:
		trigger = RetentionOver
	}
	_, e, err := a.Apply(trigger, "", c.now)
	if err != nil {
		return err
	}
	if err := c.keepsFullAdmin(ctx, a); err != nil {
		return err
	}
	if err := c.takeAwayRoles(ctx, a, "USR-24", "the account of the administrator was deleted"); err != nil {
		return err
	}
	if err := c.returnSeats(ctx, a); err != nil {
		return err
	}
	if _, err := c.record(ctx, e); err != nil {
		return err
	}
	return c.tx.DeleteAccount(ctx, a.Org, a.ID, a.Version)
}

// Release frees the addresses of an account until it is written again in the same transaction, so that two accounts can
// exchange theirs. It is for connectors only.
func (c *Acts) Release(ctx context.Context, id AccountID) error {
	if err := c.tx.ReleaseHolds(ctx, c.org.ID, id); err != nil {
		return err
	}
	if c.released == nil {
		c.released = map[AccountID]bool{}
	}
	c.released[id] = true
	return nil
}

// Adopt ties an existing, unlinked account to a directory entry and makes it what the directory says (DIR-04).
func (c *Acts) Adopt(ctx context.Context, id AccountID, expect func(Account) error, m Mirror) (Account, error) {
	guard := func(a Account) error {
		if expect != nil {
			if err := expect(a); err != nil {
				return err
			}
		}
		if a.Directory != nil && (a.Directory.Connector != m.Link.Connector || a.Directory.Object != m.Link.Object) {
			return Refuse(Conflict, RuleObjectLinked, "the user %s is linked to another directory entry already", a.UserName)
		}
		return nil
	}
	return c.Mirror(ctx, id, guard, m)
}

func (a Account) with(d Draft) Account {
	a.UserName, a.ExternalID, a.Emails, a.Profile = d.UserName, d.ExternalID, d.Emails, d.Profile
	return a
}
