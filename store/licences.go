package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"rollcall/identity"
)

// subscriptionsQuery yields one row for each pool, and one for a subscription without pools.
const subscriptionsQuery = `SELECT s.id, s.org_id, s.name, s.type, s.status, s.started_at, s.updated_at, s.version, p.licence,
	p.seats, p.used FROM subscriptions s LEFT JOIN pools p ON p.org_id = s.org_id AND p.subscription_id = s.id WHERE s.org_id = $1`

// scanSubscription scans a subscription with one of its pools, if it has any.
func scanSubscription(r *sql.Rows) (s identity.Subscription, err error) {
	var licence sql.NullString
	var seats, used sql.NullInt64
	err = r.Scan(scanID(&s.ID), scanID(&s.Org), &s.Name, text(&s.Type), text(&s.Status), instant{&s.StartedAt}, instant{&s.UpdatedAt},
		&s.Version, &licence, &seats, &used)
	if licence.Valid {
		s.Pools = []identity.Pool{{Licence: identity.Licence(licence.String), Seats: int(seats.Int64), Used: int(used.Int64)}}
	}
	return s, err
}

// subscriptions puts the pools of each subscription together, whose rows follow one another.
func (r reader) subscriptions(ctx context.Context, query string, args ...any) ([]identity.Subscription, error) {
	var all []identity.Subscription
	for s, err := range rows(ctx, r.run, scanSubscription, query, args) {
		if err != nil {
			return nil, err
		}
		if last := len(all) - 1; last >= 0 && all[last].ID == s.ID {
			all[last].Pools = append(all[last].Pools, s.Pools...)
		} else {
			all = append(all, s)
		}
	}
	for _, s := range all {
		slices.SortFunc(s.Pools, func(a, b identity.Pool) int { return cmp.Compare(a.Licence, b.Licence) })
	}
	return all, nil
}

func (r reader) Subscription(ctx context.Context, org identity.OrgID, id identity.SubscriptionID) (identity.Subscription, error) {
	found, err := r.subscriptions(ctx, subscriptionsQuery+` AND s.id = $2`, org, id)
	if err == nil && len(found) == 0 {
		err = unknownSubscription.err()
	}
	if err != nil {
		return identity.Subscription{}, err
	}
	return found[0], nil
}

func (r reader) Subscriptions(ctx context.Context, org identity.OrgID) ([]identity.Subscription, error) {
	return r.subscriptions(ctx, subscriptionsQuery+` ORDER BY s.started_at, s.id`, org)
}

const assignmentColumns = `org_id, account_id, licence, subscription_id, assigned_at`

func scanAssignment(r *sql.Rows) (a identity.Assignment, err error) {
	return a, r.Scan(scanID(&a.Org), scanID(&a.Account), text(&a.Licence), scanID(&a.Subscription), instant{&a.At})
}

func (r reader) Assignments(ctx context.Context, org identity.OrgID, account identity.AccountID) ([]identity.Assignment, error) {
	return list(ctx, r.run, scanAssignment,
		`SELECT `+assignmentColumns+` FROM assignments WHERE org_id = $1 AND account_id = $2 ORDER BY licence`, org, account)
}

func (r reader) AssignmentsAmong(ctx context.Context, org identity.OrgID, accounts []identity.AccountID) ([]identity.Assignment, error) {
	var all []identity.Assignment
	for part := range slices.Chunk(accounts, rowsAtOnce) {
		c := &compiler{dialect: r.dialect}
		query := `SELECT ` + assignmentColumns + ` FROM assignments WHERE org_id = ` + c.arg(org) + ` AND account_id IN (`
		for i, account := range part {
			if i > 0 {
				query += `, `
			}
			query += c.arg(account)
		}
		some, err := list(ctx, r.run, scanAssignment, query+`)`, c.args...)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

const templateColumns = `org_id, group_id, licences, updated_at`

func scanTemplate(r *sql.Rows) (t identity.Template, err error) {
	return t, r.Scan(scanID(&t.Org), scanID(&t.Group), structured{&t.Licences}, instant{&t.UpdatedAt})
}

func (r reader) Templates(ctx context.Context, org identity.OrgID) ([]identity.Template, error) {
	return list(ctx, r.run, scanTemplate, `SELECT `+templateColumns+` FROM templates WHERE org_id = $1 ORDER BY group_id`, org)
}

func (t *transaction) InsertSubscription(ctx context.Context, s identity.Subscription) error {
	if _, err := t.exec(ctx, `INSERT INTO subscriptions (org_id, id, name, type, status, started_at, updated_at, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 1)`, s.Org, s.ID, s.Name, s.Type, s.Status, s.StartedAt, s.UpdatedAt); err != nil {
		return err
	}
	for _, p := range s.Pools {
		if err := t.putPool(ctx, s, p); err != nil {
			return err
		}
	}
	return nil
}

func (t *transaction) UpdateSubscription(ctx context.Context, s identity.Subscription) error {
	before, err := t.Subscription(ctx, s.Org, s.ID)
	if err != nil {
		return err
	}
	if before.Version != s.Version {
		return t.conn.failed(moved(int(before.Version)))
	}
	for _, old := range before.Pools {
		i := slices.IndexFunc(s.Pools, func(p identity.Pool) bool { return p.Licence == old.Licence })
		switch {
		case i < 0 && old.Used > 0:
			return t.conn.failed(identity.Refuse(identity.Conflict, identity.RuleLicencesInUse,
				"%d users have the licence %q from this subscription; take it from them before you leave it out", old.Used, old.Licence).At("pools"))
		case i >= 0 && s.Pools[i].Seats != identity.Unlimited && s.Pools[i].Seats < old.Used:
			return t.conn.failed(identity.Refuse(identity.Conflict, identity.RuleLicencesInUse,
				"%d users have the licence %q from this subscription, which is more than %d seats; take it from some of them first",
				old.Used, old.Licence, s.Pools[i].Seats).At("pools"))
		}
		if i < 0 {
			if _, err := t.exec(ctx, `DELETE FROM pools WHERE org_id = $1 AND subscription_id = $2 AND licence = $3`, s.Org, s.ID, old.Licence); err != nil {
				return err
			}
		}
	}
	for _, p := range s.Pools {
		if err := t.putPool(ctx, s, p); err != nil {
			return err
		}
	}
	n, err := t.exec(ctx, `UPDATE subscriptions SET name = $4, type = $5, status = $6, started_at = $7, updated_at = $8, version = version + 1
		WHERE org_id = $1 AND id = $2 AND version = $3`, s.Org, s.ID, s.Version, s.Name, s.Type, s.Status, s.StartedAt, s.UpdatedAt)
	if err == nil && n == 0 {
		return t.stale(ctx, unknownSubscription, `SELECT version FROM subscriptions WHERE org_id = $1 AND id = $2`, s.Org, s.ID)
	}
	return err
}

// putPool leaves what is used of a pool that exists.
func (t *transaction) putPool(ctx context.Context, s identity.Subscription, p identity.Pool) error {
	_, err := t.exec(ctx, `INSERT INTO pools (org_id, subscription_id, licence, seats, used) VALUES ($1, $2, $3, $4, 0)
		ON CONFLICT (org_id, subscription_id, licence) DO UPDATE SET seats = excluded.seats`, s.Org, s.ID, p.Licence, p.Seats)
	return err
}

// TakeSeat counts the seat first: that is the statement which finds out whether there is one, and has changed nothing if not.
func (t *transaction) TakeSeat(ctx context.Context, a identity.Assignment) error {
	n, err := t.exec(ctx, `UPDATE pools SET used = used + 1
		WHERE org_id = $1 AND subscription_id = $2 AND licence = $3 AND (seats = 0 OR used < seats)`, a.Org, a.Subscription, a.Licence)
	if err != nil {
		return err
	}
	if n == 0 {
		return identity.Refuse(identity.Conflict, identity.RuleNoLicences,
			"the subscription has no free seat for the licence %q; add seats or take the licence from somebody", a.Licence)
	}
	_, err = t.exec(ctx, `INSERT INTO assignments (`+assignmentColumns+`) VALUES ($1, $2, $3, $4, $5)`,
		a.Org, a.Account, a.Licence, a.Subscription, a.At)
	return err
}

func (t *transaction) ReturnSeat(ctx context.Context, a identity.Assignment) error {
	if err := t.write(ctx, unknownAssignment, `DELETE FROM assignments
		WHERE org_id = $1 AND account_id = $2 AND licence = $3 AND subscription_id = $4`, a.Org, a.Account, a.Licence, a.Subscription); err != nil {
		return err
	}
	_, err := t.exec(ctx, `UPDATE pools SET used = used - 1 WHERE org_id = $1 AND subscription_id = $2 AND licence = $3`,
		a.Org, a.Subscription, a.Licence)
	return err
}

func (t *transaction) PutTemplate(ctx context.Context, p identity.Template) error {
	if p.Group != "" {
		if err := t.exists(ctx, unknownGroup, `SELECT 1 FROM groups WHERE org_id = $1 AND id = $2`, p.Org, p.Group); err != nil {
			return err
		}
	}
	licences, err := encode(p.Licences, len(p.Licences))
	if err != nil {
		return t.conn.failed(err)
	}
	_, err = t.exec(ctx, `INSERT INTO templates (`+templateColumns+`) VALUES ($1, $2, $3, $4)
		ON CONFLICT (org_id, group_id) DO UPDATE SET licences = excluded.licences, updated_at = excluded.updated_at`,
		p.Org, p.Group, licences, p.UpdatedAt)
	return err
}

func (t *transaction) DeleteTemplate(ctx context.Context, org identity.OrgID, group identity.GroupID) error {
	return t.write(ctx, unknownTemplate, `DELETE FROM templates WHERE org_id = $1 AND group_id = $2`, org, group)
}

// exists says that something is unknown if a query finds nothing.
func (t *transaction) exists(ctx context.Context, what unknown, query string, args ...any) error {
	_, err := one(ctx, t.run, what, scanInt, query, args...)
	return err
}
