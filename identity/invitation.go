package identity

import (
	"context"
	"time"
)

// invitationPause is how long after an invitation another one is held back (USR-23).
const invitationPause = 24 * time.Hour

// Invite sends an invitation again (USR-20). It is false if one was sent less than 24 hours ago, and nothing happens then
// (USR-23). It is allowed while the directory manages the organization (USR-22).
func (c *Acts) Invite(ctx context.Context, id AccountID, expect func(Account) error) (sent bool, err error) {
	a, err := c.load(ctx, id, expect)
	if err != nil {
		return false, err
	}
	if _, _, err := a.Apply(Resend, "", c.now); err != nil {
		return false, err
	}
	if a.PrimaryEmail() == "" {
		return false, Refuse(Conflict, RuleInvalidValue, "this user has no e-mail address to send an invitation to; give the user one first")
	}
	if !a.InvitedAt.IsZero() && c.now.Before(a.InvitedAt.Add(invitationPause)) {
		return false, nil
	}
	return true, c.invite(ctx, a, MessageInvitation)
}

// greets reports whether somebody gets a first mail, when a person adds them or when they get their first licence (NTF-03): if the
// organization wants any sent, and not to whoever had one, is inactive or has signed in.
func (c *Acts) greets(a Account) bool {
	return c.org.ActivationEmails && a.InvitedAt.IsZero() && a.PrimaryEmail() != "" && !a.Shadow && (a.Status == NotVerified || a.Status == Verified)
}

// activate sends the mail that comes with the first licence.
func (c *Acts) activate(ctx context.Context, a Account) error {
	if !c.greets(a) {
		return nil
	}
	return c.invite(ctx, a, MessageActivation)
}

// invite makes the link that the mail carries; the ones before it end.
func (c *Acts) invite(ctx context.Context, a Account, kind MessageKind) error {
	if err := c.tx.DeleteLinks(ctx, a.Org, a.ID, LinkInvitation); err != nil {
		return err
	}
	data := map[string]string{"name": a.Profile.DisplayName()}
	if err := c.mail(ctx, a, kind, a.PrimaryEmail(), LinkInvitation, InvitationDays, data); err != nil {
		return err
	}
	if err := c.tx.MarkInvited(ctx, a.Org, a.ID, c.now); err != nil {
		return err
	}
	_, err := c.record(ctx, a.event(AccountInvited, "USR-23", c.now))
	return err
}

// mail writes a message into the outbox, with a link if it has a purpose.
func (c *Acts) mail(ctx context.Context, a Account, kind MessageKind, to string, purpose LinkPurpose, days int, data map[string]string) error {
	id := c.service.ids.New()
	data["organization"] = c.org.Name
	if purpose != "" {
		address, err := ParseEmail(to, c.service.policy)
		if err != nil {
			return err
		}
		secret := c.service.ids.Secret()
		data["link"] = secret
		data["until"] = c.now.Add(time.Duration(days) * Day).Format(time.RFC3339)
		l := Link{Hash: HashSecret(secret), Org: a.Org, Account: a.ID, Purpose: purpose, Address: address.Key, CreatedAt: c.now,
			ExpiresAt: c.now.Add(time.Duration(days) * Day)}
		if err := c.tx.InsertLink(ctx, l); err != nil {
			return err
		}
	}
	_, err := c.tx.Enqueue(ctx, Message{ID: MessageID(id), Org: a.Org, Account: a.ID, Kind: kind, To: to, Key: id, Data: data,
		State: MessageWaiting, CreatedAt: c.now})
	return err
}
