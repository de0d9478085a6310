package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"
	"strings"
	"time"

	"rollcall/identity"
)

const eventColumns = `id, org_id, at, kind, rule, actor_kind, actor_id, actor_name, actor_org, account_id, account_name, reason, evidence,
	actor_account, request, target_type, target_id, target_name, error, message, seq, hash`

func scanEvent(r *sql.Rows) (e identity.Event, err error) {
	return e, r.Scan(scanID(&e.ID), scanID(&e.Org), instant{&e.At}, text(&e.Kind), text(&e.Rule), text(&e.Actor.Kind), &e.Actor.ID,
		&e.Actor.Name, scanID(&e.Actor.Org), scanID(&e.Account), &e.AccountName, text(&e.Reason), document{&e.Evidence},
		scanID(&e.Actor.Account), requestColumn{&e.Actor.Request}, text(&e.Target.Type), text(&e.Target.ID), &e.Target.Name, text(&e.Error), &e.Message,
		&e.Seq, digestColumn{&e.Hash})
}

func (r reader) Event(ctx context.Context, org identity.OrgID, id identity.EventID) (identity.Event, error) {
	return one(ctx, r.run, unknownEvent, scanEvent, `SELECT `+eventColumns+` FROM events WHERE org_id = $1 AND id = $2`, org, id)
}

func (r reader) Events(ctx context.Context, org identity.OrgID, q identity.EventQuery) ([]identity.Event, error) {
	if err := positive(q.Limit); err != nil {
		return nil, r.run.failed(err)
	}
	if q.Skip < 0 {
		return nil, r.run.failed(identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "cannot skip %d events", q.Skip).At("skip"))
	}
	var place time.Time
	if q.After != "" && ranged(q) {
		after, err := r.Event(ctx, org, q.After)
		if identity.IsNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		place = after.At
	}
	query, args := r.dialect.eventsQuery(org, q, place)
	return list(ctx, r.run, scanEvent, query, args...)
}

// ranged reports whether a query has a range of time.
func ranged(q identity.EventQuery) bool { return !q.From.IsZero() || !q.Until.IsZero() }

// eventsQuery lists events in the order of their ids, since ids that are made later are greater; with a range of time in the order of their
// instants, beyond place if there is an After. Where events are passed over, for their kind or their number, the page is looked for in an index
// that holds everything a query compares, and only its events are read.
func (d *dialect) eventsQuery(org identity.OrgID, q identity.EventQuery, place time.Time) (string, []any) {
	c := &compiler{dialect: d}
	own := c.arg(org)
	where := `org_id = ` + own
	few := q.Account != "" || q.Target != "" // what they have is found by them and sorted
	if q.Target != "" {
		// An account's id is stored as a key, another target's as the text that it is.
		where += ` AND id IN (SELECT id FROM events WHERE org_id = ` + own + ` AND account_id = ` + c.arg(identity.AccountID(q.Target)) + `
			UNION ALL SELECT id FROM events WHERE org_id = ` + own + ` AND target_id = ` + c.arg(q.Target) + `)`
	}
	if q.Account != "" {
		where += ` AND account_id = ` + c.arg(q.Account)
	}
	if q.Actor != "" && (few || !ranged(q) || d.native) {
		where += ` AND actor_id = ` + c.arg(q.Actor)
	}
	if len(q.Kinds) > 0 {
		where += ` AND kind IN (` + listed(c, q.Kinds) + `)`
	}
	beyond, descending := ` > `, ``
	if q.Newest {
		beyond, descending = ` < `, ` DESC`
	}
	switch {
	case !ranged(q) && q.After != "":
		where += ` AND id` + beyond + c.arg(q.After)
	case !ranged(q):
		where += ` AND id >= ''` // every id is; it makes SQLite take the index that has them in order
	case few:
		where += c.eventRange(q, place, `+at`)
	default:
		where += c.eventRange(q, place, `at`)
	}
	order := ` ORDER BY `
	if ranged(q) && !few && q.Actor != "" {
		order += `actor_id` + descending + `, ` // which is one
	}
	if ranged(q) {
		order += `at` + descending + `, `
	}
	order += `id` + descending
	if ranged(q) && !few && (len(q.Kinds) > 0 || q.Skip > 0) {
		return `SELECT ` + eventColumns + ` FROM events WHERE org_id = ` + own + ` AND id IN (SELECT id FROM events WHERE ` + where + order + c.page(q.Limit, q.Skip) + `)
			ORDER BY +at` + descending + `, id` + descending, c.args
	}
	return `SELECT ` + eventColumns + ` FROM events WHERE ` + where + order + c.page(q.Limit, q.Skip), c.args
}

// eventRange is the condition of a query on time, and on the place where its page begins. A plus keeps SQLite from searching an index by what
// follows it: of a bound and a place it would search by one, and the place is nearer. What an actor did is compared together with the actor, so
// that the one index which has both is searched, and not the one that has the time. PostgreSQL knows better by itself, and reads all that the
// actor did when a row is compared.
func (c *compiler) eventRange(q identity.EventQuery, place time.Time, at string) string {
	from, until := at, at
	switch {
	case q.After != "" && q.Newest:
		until = `+at`
	case q.After != "":
		from = `+at`
	}
	actor := q.Actor != "" && at == `at` && !c.dialect.native
	columns, values := at, ``
	if actor {
		columns, values = `actor_id, at`, c.arg(q.Actor)+`, `
	}
	where := ``
	bound := func(column, compared string, instant any) {
		if actor && column == `at` {
			where += ` AND (` + columns + `)` + compared + `(` + values + c.arg(instant) + `)`
			return
		}
		where += ` AND ` + column + compared + c.arg(instant)
	}
	switch {
	case !q.From.IsZero():
		bound(from, ` >= `, q.From)
	case actor && from == `at`:
		bound(from, ` >= `, int64(math.MinInt64))
	}
	switch {
	case !q.Until.IsZero():
		bound(until, ` < `, q.Until)
	case actor && until == `at`:
		bound(until, ` < `, int64(math.MaxInt64))
	}
	if q.After != "" {
		beyond := ` > `
		if q.Newest {
			beyond = ` < `
		}
		where += ` AND (` + columns + `, id)` + beyond + `(` + values + c.arg(place) + `, ` + c.arg(q.After) + `)`
	}
	return where
}

// page is the end of a query that lists so many rows after so many.
func (c *compiler) page(limit, skip int) string {
	if skip == 0 {
		return ` LIMIT ` + c.arg(limit)
	}
	return ` LIMIT ` + c.arg(limit) + ` OFFSET ` + c.arg(skip)
}

// Record keeps where the chain ends with the batch, which writes it to the table when it ends.
func (t *transaction) Record(ctx context.Context, e identity.Event) error {
	h, err := t.head(ctx, e.Org)
	if err != nil {
		return err
	}
	e.Actor.Request = storable(e.Actor.Request)
	request, err := encodeRequest(e.Actor.Request)
	if err != nil {
		return t.conn.failed(err)
	}
	e.Seq = h.seq + 1
	e.Hash = e.Digest(h.hash)
	if err := t.insert(ctx, `INSERT INTO events (`+eventColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
		$17, $18, $19, $20, $21, $22)`,
		e.ID, e.Org, e.At, e.Kind, e.Rule, e.Actor.Kind, e.Actor.ID, e.Actor.Name, e.Actor.Org, orNull(e.Account), e.AccountName, e.Reason, e.Evidence,
		orNull(e.Actor.Account), request, e.Target.Type, orNull(e.Target.ID), e.Target.Name, e.Error, e.Message, e.Seq, digest(e.Hash)); err != nil {
		return err
	}
	t.shared.heads[e.Org] = head{seq: e.Seq, hash: e.Hash}
	return nil
}

// storable makes of a request what JSON gives back unchanged, because the event's hash is over what is read.
func storable(r identity.Request) identity.Request {
	for _, s := range []*string{&r.Email, &r.IP, &r.UserAgent, &r.TrackingID, &r.Operation} {
		*s = strings.ToValidUTF8(*s, "\uFFFD")
	}
	r.Role = identity.Role(strings.ToValidUTF8(string(r.Role), "\uFFFD"))
	return r
}

// encodeRequest is NULL for a request of which nothing is known.
func encodeRequest(r identity.Request) (any, error) {
	if r == (identity.Request{}) {
		return nil, nil
	}
	b, err := json.Marshal(r)
	return string(b), err
}

// requestColumn scans the JSON of where an act came from; NULL is the empty one.
type requestColumn struct{ to *identity.Request }

func (c requestColumn) Scan(src any) error {
	var s string
	if err := text(&s).Scan(src); err != nil {
		return err
	}
	*c.to = identity.Request{}
	if s == "" {
		return nil
	}
	return json.Unmarshal([]byte(s), c.to)
}
