package model_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// dump is everything that is stored but the audit, which tells of refusals too (I7). It asks each table with a statement that was
// prepared before, because it is asked for more often than anything else.
func (x *actual) dump() string {
	if x.tables == nil {
		x.prepare()
	}
	var b strings.Builder
	for _, table := range x.tables {
		rows, err := table.QueryContext(x.ctx)
		require.NoError(x.t, err)
		columns, err := rows.Columns()
		require.NoError(x.t, err)
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		for rows.Next() {
			require.NoError(x.t, rows.Scan(values...))
			for i, v := range values {
				fmt.Fprintf(&b, " %s=%v", columns[i], *v.(*any))
			}
			fmt.Fprintln(&b)
		}
		require.NoError(x.t, rows.Err())
		require.NoError(x.t, rows.Close())
	}
	return b.String()
}

func (x *actual) prepare() {
	rows, err := x.raw.QueryContext(x.ctx, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
		AND name NOT IN ('events', 'audit_heads') ORDER BY name`)
	require.NoError(x.t, err)
	var names []string
	for rows.Next() {
		var name string
		require.NoError(x.t, rows.Scan(&name))
		names = append(names, name)
	}
	require.NoError(x.t, rows.Err())
	require.NoError(x.t, rows.Close())
	for _, name := range names {
		s, err := x.raw.PrepareContext(x.ctx, `SELECT * FROM "`+name+`"`)
		require.NoError(x.t, err)
		x.tables = append(x.tables, s)
	}
}

// noTrace holds the second half of I10: nothing is left of an account but what was told of it.
func (x *actual) noTrace(id identity.AccountID) {
	for _, table := range []string{"accounts", "account_emails", "address_holds", "bindings", "assignments", "group_members", "links"} {
		column := map[bool]string{true: "id", false: "account_id"}[table == "accounts"]
		var n int
		require.NoError(x.t, x.raw.QueryRowContext(x.ctx, `SELECT count(*) FROM `+table+` WHERE lower(hex(`+column+`)) = ?`,
			strings.ReplaceAll(string(id), "-", "")).Scan(&n))
		require.Zero(x.t, n, "I10: %s", table)
	}
}

func (x *actual) countEvents() {
	for i, org := range x.orgs {
		for {
			events, err := x.Reader().Chain(x.ctx, org, x.read[i], 100)
			require.NoError(x.t, err)
			for _, e := range events {
				x.told[telling{i, e.Kind}]++
				x.read[i] = e.Seq
			}
			if len(events) < 100 {
				break
			}
		}
	}
}

// messages counts what was ever written to the outbox.
func (x *actual) messages() map[identity.MessageKind]int {
	rows, err := x.raw.QueryContext(x.ctx, `SELECT kind, count(*) FROM messages GROUP BY kind`)
	require.NoError(x.t, err)
	sent := map[identity.MessageKind]int{}
	for rows.Next() {
		var kind identity.MessageKind
		var n int
		require.NoError(x.t, rows.Scan(&kind, &n))
		sent[kind] = n
	}
	require.NoError(x.t, rows.Err())
	require.NoError(x.t, rows.Close())
	return sent
}

func (x *actual) members(org identity.OrgID, group identity.GroupID) []identity.AccountID {
	all, err := x.Reader().Members(x.ctx, org, group, "", 1000)
	require.NoError(x.t, err)
	return all
}

// revealsNothing holds I11: whatever the administrators of an organization can read names no other organization. Partners and those
// whom they manage know each other.
func (x *actual) revealsNothing() {
	for i, org := range x.orgs[1:4] {
		if _, err := x.Reader().Organization(x.ctx, org); identity.IsNotFound(err) {
			continue
		}
		seen := x.readable(org)
		for j, other := range x.orgs[:4] {
			if j == i+1 {
				continue
			}
			require.NotContains(x.t, seen, string(other), "I11: the id of %s shows in %s", orgNames[j], orgNames[i+1])
			require.NotContains(x.t, seen, orgNames[j], "I11: the name of %s shows in %s", orgNames[j], orgNames[i+1])
			theirs, err := x.Reader().Accounts(x.ctx, other, identity.AccountQuery{Limit: 1000})
			require.NoError(x.t, err)
			for _, a := range theirs {
				require.NotContains(x.t, seen, string(a.ID), "I11: an account of %s shows in %s", orgNames[j], orgNames[i+1])
			}
		}
	}
}

// readable is all that the administrators of an organization are shown of people, in one text.
func (x *actual) readable(org identity.OrgID) string {
	var b strings.Builder
	show := func(v any, err error) {
		require.NoError(x.t, err)
		raw, err := json.Marshal(v)
		require.NoError(x.t, err)
		b.Write(raw)
	}
	accounts, err := x.Reader().Accounts(x.ctx, org, identity.AccountQuery{Limit: 1000})
	show(accounts, err)
	for _, a := range accounts {
		show(x.Why(x.ctx, org, a.ID))
	}
	show(x.Reader().Events(x.ctx, org, identity.EventQuery{Limit: 10000}))
	show(x.Claimable(x.ctx, org, identity.ClaimableQuery{}))
	show(x.Claimable(x.ctx, org, identity.ClaimableQuery{Blocked: true}))
	messages, err := x.Reader().Messages(x.ctx, org, identity.MessageQuery{Limit: 10000})
	for i := range messages {
		messages[i].Data = nil // is for whoever delivers it
	}
	show(messages, err)
	show(x.DomainList(x.ctx, org))
	show(x.Reader().Grants(x.ctx, org))
	for _, address := range addresses {
		show(x.PreviewClaim(x.ctx, org, address, ""))
	}
	return b.String()
}
