package store

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/identity"
)

func (t *transaction) InsertAccount(ctx context.Context, a identity.Account, holds []identity.Hold) error {
	emails, err := encodeAddresses(a.Emails)
	if err != nil {
		return t.conn.failed(err)
	}
	// The addresses first: if one of them is taken, as a rule nothing has been written yet that would have to be undone.
	if err := t.insertHolds(ctx, a, holds); err != nil {
		return err
	}
	link := linkColumns(a.Directory)
	if err := t.insert(ctx, `INSERT INTO accounts (org_id, id, user_name, user_name_key, external_id, emails, profile, status,
		previous_status, inactive_reason, status_at, status_event, source, connector_id, object_id, dn, shadow, pending_email,
		pending_since, invited_at, first_sign_in_at, last_sign_in_at, created_at, updated_at, machine, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, 1)`,
		a.Org, a.ID, a.UserName, identity.KeyOfUserName(a.UserName), orNull(a.ExternalID), emails, a.Profile, a.Status,
		a.PreviousStatus, orNull(a.InactiveReason), a.StatusAt, a.StatusEvent, a.Source, link[0], link[1], link[2], a.Shadow, orNull(a.PendingEmail),
		a.PendingSince, a.InvitedAt, a.FirstSignInAt, a.LastSignInAt, a.CreatedAt, a.UpdatedAt, a.Machine()); err != nil {
		return err
	}
	t.shared.inserted[a.Org]++
	return t.insertEmails(ctx, a)
}

func (t *transaction) UpdateAccount(ctx context.Context, a identity.Account, holds []identity.Hold) error {
	emails, err := encodeAddresses(a.Emails)
	if err != nil {
		return t.conn.failed(err)
	}
	before, err := t.seen(ctx, a.Org, a.ID)
	if err != nil {
		return err
	}
	if before.version != a.Version {
		return t.conn.failed(moved(int(before.version)))
	}
	link := linkColumns(a.Directory)
	// What the transaction has seen nobody else changes in it, so this changes the account for certain.
	if err := t.insert(ctx, `UPDATE accounts SET user_name = $4, user_name_key = $5, external_id = $6, emails = $7, profile = $8,
		status = $9, previous_status = $10, inactive_reason = $11, status_at = $12, status_event = $13, source = $14, connector_id = $15,
		object_id = $16, dn = $17, shadow = $18, pending_email = $19, pending_since = $20, first_sign_in_at = $21,
		last_sign_in_at = $22, created_at = $23, updated_at = $24, machine = $25, version = version + 1
		WHERE org_id = $1 AND id = $2 AND version = $3`,
		a.Org, a.ID, a.Version, a.UserName, identity.KeyOfUserName(a.UserName), orNull(a.ExternalID), emails, a.Profile,
		a.Status, a.PreviousStatus, orNull(a.InactiveReason), a.StatusAt, a.StatusEvent, a.Source, link[0],
		link[1], link[2], a.Shadow, orNull(a.PendingEmail), a.PendingSince, a.FirstSignInAt, a.LastSignInAt, a.CreatedAt, a.UpdatedAt, a.Machine()); err != nil {
		return err
	}
	t.accounts[a.ID] = seenAccount{a.Org, a.Version + 1, emails}
	delete(t.shared.accounts, a.ID)
	if emails != before.emails {
		if _, err := t.exec(ctx, `DELETE FROM account_emails WHERE org_id = $1 AND account_id = $2`, a.Org, a.ID); err != nil {
			return err
		}
		if err := t.insertEmails(ctx, a); err != nil {
			return err
		}
	}
	if holds == nil {
		return nil
	}
	if err := t.ReleaseHolds(ctx, a.Org, a.ID); err != nil {
		return err
	}
	return t.insertHolds(ctx, a, holds)
}

// DeleteAccount leaves addresses and holds to the schema's cascade.
func (t *transaction) DeleteAccount(ctx context.Context, org identity.OrgID, id identity.AccountID, version int64) error {
	delete(t.accounts, id)
	n, err := t.exec(ctx, `DELETE FROM accounts WHERE org_id = $1 AND id = $2 AND version = $3`, org, id, version)
	if err == nil && n == 0 {
		return t.stale(ctx, unknownAccount, `SELECT version FROM accounts WHERE org_id = $1 AND id = $2`, org, id)
	}
	return err
}

func (t *transaction) MarkInvited(ctx context.Context, org identity.OrgID, id identity.AccountID, at time.Time) error {
	return t.write(ctx, unknownAccount, `UPDATE accounts SET invited_at = $3 WHERE org_id = $1 AND id = $2`, org, id, at)
}

func (t *transaction) ReleaseHolds(ctx context.Context, org identity.OrgID, id identity.AccountID) error {
	_, err := t.exec(ctx, `DELETE FROM address_holds WHERE org_id = $1 AND account_id = $2`, org, id)
	return err
}

func (t *transaction) insertEmails(ctx context.Context, a identity.Account) error {
	var keys []string
	for _, e := range a.Emails {
		if key := identity.Fold(e.Value); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	for part := range slices.Chunk(keys, rowsAtOnce) {
		args := make([]any, 0, 3*len(part))
		for _, key := range part {
			args = append(args, a.Org, a.ID, key)
		}
		if err := t.insert(ctx, `INSERT INTO account_emails (org_id, account_id, email) VALUES `+placeholders(len(part), 3), args...); err != nil {
			return err
		}
	}
	return nil
}

func (t *transaction) insertHolds(ctx context.Context, a identity.Account, holds []identity.Hold) error {
	for part := range slices.Chunk(holds, rowsAtOnce) {
		args := make([]any, 0, 5*len(part))
		for _, h := range part {
			args = append(args, h.Key, a.Org, a.ID, h.Kind, h.Key.DomainOf())
		}
		if err := t.insert(ctx, `INSERT INTO address_holds (email_key, org_id, account_id, kind, domain) VALUES `+placeholders(len(part), 5), args...); err != nil {
			return err
		}
	}
	return nil
}

// rowsAtOnce bounds the rows of one INSERT, and with them the number of different statements.
const rowsAtOnce = 16

// placeholders returns "($1, $2), ($3, $4)" for two rows of two values.
func placeholders(rows, width int) string {
	var b strings.Builder
	for n := range rows * width {
		switch {
		case n == 0:
			b.WriteString("($")
		case n%width == 0:
			b.WriteString("), ($")
		default:
			b.WriteString(", $")
		}
		b.WriteString(strconv.Itoa(n + 1))
	}
	b.WriteByte(')')
	return b.String()
}

func linkColumns(link *identity.DirectoryLink) [3]any {
	if link == nil {
		return [3]any{}
	}
	return [3]any{link.Connector, link.Object, link.DN}
}
