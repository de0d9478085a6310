package storetest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

// holds says what a condition means, over one account in memory.
func holds(c identity.Condition, a identity.Account) bool {
	switch v := c.(type) {
	case identity.And:
		return !slices.ContainsFunc(v, func(part identity.Condition) bool { return !holds(part, a) })
	case identity.Or:
		return slices.ContainsFunc(v, func(part identity.Condition) bool { return holds(part, a) })
	case identity.Not:
		return !holds(v.Condition, a)
	case *identity.Compare:
		return compares(v, a)
	case identity.Mentions:
		return strings.Contains(identity.Fold(string(a.Profile)), identity.Fold(string(v))) || strings.ContainsFunc(string(a.Profile), func(r rune) bool { return r > 0x7F })
	}
	return c == nil
}

func compares(c *identity.Compare, a identity.Account) bool {
	switch c.Field {
	case identity.FieldActive:
		active := a.Status != identity.Inactive
		return c.Op == identity.Present || (c.Op == identity.Equal) == (active == c.Bool)
	case identity.FieldCreated:
		return ordered(c.Op, a.CreatedAt.Compare(c.Time))
	case identity.FieldUpdated:
		return ordered(c.Op, a.UpdatedAt.Compare(c.Time))
	}
	var values []string
	switch c.Field {
	case identity.FieldID:
		values = []string{string(a.ID)}
	case identity.FieldUserName:
		values = []string{identity.Fold(a.UserName)}
	case identity.FieldExternalID:
		values = []string{string(a.ExternalID)}
	case identity.FieldStatus:
		values = []string{string(a.Status)}
	case identity.FieldReason:
		values = []string{string(a.InactiveReason)}
	case identity.FieldSource:
		values = []string{string(a.Source)}
	case identity.FieldConnector:
		if a.Directory != nil {
			values = []string{string(a.Directory.Connector)}
		}
	case identity.FieldEmail:
		for _, e := range a.Emails {
			values = append(values, identity.Fold(e.Value))
		}
	}
	values = slices.DeleteFunc(values, func(v string) bool { return v == "" }) // an empty field is one that the account lacks
	if c.Op == identity.NotEqual {
		return !slices.Contains(values, c.Text)
	}
	return slices.ContainsFunc(values, func(v string) bool {
		switch c.Op {
		case identity.Contains:
			return strings.Contains(v, c.Text)
		case identity.HasPrefix:
			return strings.HasPrefix(v, c.Text)
		case identity.HasSuffix:
			return strings.HasSuffix(v, c.Text)
		default:
			return ordered(c.Op, cmp.Compare(v, c.Text))
		}
	})
}

func ordered(op identity.Op, c int) bool {
	switch op {
	case identity.Equal:
		return c == 0
	case identity.NotEqual:
		return c != 0
	case identity.Greater:
		return c > 0
	case identity.AtLeast:
		return c >= 0
	case identity.Less:
		return c < 0
	case identity.AtMost:
		return c <= 0
	default:
		return op == identity.Present
	}
}

// What conditions and accounts are made of: few values, so that they meet, and everything that a query language could
// mistake for something of its own.
var (
	texts = []string{"", "a", "ab", "A", "b", "%", "_", "a%", "a_b", `\`, `'`, `"`, "a'b", "$1", "?", "?1", "--", "*", "é", "É", "ß", "日本", "a b",
		"inactive", "active", "deactivated", "scim", "a@x.example", "b@x.example", "\U0010FFFF", "x\x00y", "x"}
	statuses = []identity.Status{identity.NotVerified, identity.Verified, identity.Active, identity.Inactive, identity.DeferredClaim}
	reasons  = []identity.InactiveReason{identity.ByAdministrator, identity.ByProvider, identity.ClaimedInactive, identity.DirectoryDisabled,
		identity.DirectoryDeleted, identity.DirectoryOutOfScope}
	profiles  = []identity.Profile{"", `{"title":"Engineer"}`, `{"title":"ENGINE%_"}`, `{"displayName":"Zoë","title":"x"}`, `{"a":"\u0000\"é"}`}
	mentions  = []identity.Mentions{"", `"title":`, "ENGINEER", `"engineer"`, "engine%", "e_", `\u0000`, "é", "É", "zoe", "'"}
	sources   = []identity.Source{identity.SourceManual, identity.SourceSCIM, identity.SourceDirectory}
	textField = []identity.Field{identity.FieldID, identity.FieldUserName, identity.FieldExternalID, identity.FieldEmail, identity.FieldStatus,
		identity.FieldReason, identity.FieldSource, identity.FieldConnector}
	comparing = []identity.Op{identity.Equal, identity.NotEqual, identity.Greater, identity.AtLeast, identity.Less, identity.AtMost, identity.Present}
	searching = append(comparing[:len(comparing):len(comparing)], identity.Contains, identity.HasPrefix, identity.HasSuffix)
)

func instants(offset time.Duration) time.Time { return start.Add(offset) }

// testConditions compares every answer with what the condition says of each account in memory.
func testConditions(t *testing.T, w world) {
	n := w.connector(t, w.own, "Head office")
	t.Run("any condition over any accounts", rapid.MakeCheck(func(rt *rapid.T) {
		org := w.organization(t)
		accounts := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) identity.Account { return w.drawAccount(rt, org, n.ID) }), 0, 8).Draw(rt, "accounts")
		for i := range accounts {
			accounts[i].UserName += "~" + strconv.Itoa(i)
			if accounts[i].Directory != nil {
				accounts[i].Directory.Object = identity.ObjectID(w.ids.New())
			}
		}
		w.must(t, func(tx identity.Tx) error {
			for i := range accounts {
				accounts[i].ID = identity.AccountID(w.ids.New())
				if err := tx.InsertAccount(ctx, accounts[i], nil); err != nil {
					return err
				}
			}
			return nil
		})
		for range 10 {
			where := w.drawCondition(rt, accounts, n.ID, 3)
			want := []identity.AccountID{}
			for _, a := range accounts {
				if holds(where, a) {
					want = append(want, a.ID)
				}
			}
			got, err := w.store.Accounts(ctx, org, identity.AccountQuery{Where: where, Limit: 100})
			require.NoError(rt, err)
			require.Equal(rt, want, idsOf(got))
			count, err := w.store.CountAccounts(ctx, org, where)
			require.NoError(rt, err)
			require.Equal(rt, len(want), count)
			skip := rapid.IntRange(1, 3).Draw(rt, "skip")
			got, err = w.store.Accounts(ctx, org, identity.AccountQuery{Where: where, Skip: skip, Limit: 2})
			require.NoError(rt, err)
			from := min(skip, len(want))
			require.Equal(rt, want[from:min(from+2, len(want))], idsOf(got))
		}
	}))
	t.Run("every comparison with every text", func(t *testing.T) {
		org := w.organization(t)
		var accounts []identity.Account
		for i, text := range texts {
			a := w.account(org, text+"~"+strconv.Itoa(i))
			a.ExternalID = identity.ExternalID(text)
			if text != "" {
				a.Emails = []identity.AccountEmail{{Value: text}}
			}
			accounts = append(accounts, w.add(t, a))
		}
		for _, field := range []identity.Field{identity.FieldUserName, identity.FieldExternalID, identity.FieldEmail} {
			for _, op := range searching {
				for _, text := range texts {
					where := &identity.Compare{Field: field, Op: op, Text: text}
					want := []identity.AccountID{}
					for _, a := range accounts {
						if holds(where, a) {
							want = append(want, a.ID)
						}
					}
					got, err := w.store.Accounts(ctx, org, identity.AccountQuery{Where: where, Limit: 100})
					require.NoError(t, err)
					require.Equal(t, want, idsOf(got), "%s %s %q", field, op, text)
				}
			}
		}
	})
	t.Run("addresses are found as they are after a change, and not as they were", func(t *testing.T) {
		a := w.account(w.own, "mover")
		a.Emails = []identity.AccountEmail{{Value: "Old@x.example"}, {Value: "kept@x.example"}}
		w.add(t, a)
		a.Emails = []identity.AccountEmail{{Value: "kept@x.example"}, {Value: "New@x.example"}}
		w.must(t, func(tx identity.Tx) error { return tx.UpdateAccount(ctx, a, nil) })
		for text, want := range map[string]int{"old@x.example": 0, "kept@x.example": 1, "new@x.example": 1} {
			n, err := w.store.CountAccounts(ctx, w.own, &identity.Compare{Field: identity.FieldEmail, Op: identity.Equal, Text: text})
			require.NoError(t, err)
			require.Equal(t, want, n, text)
		}
	})
	for name, where := range map[string]identity.Condition{
		"an unknown field":               &identity.Compare{Field: "profile) OR (1=1", Op: identity.Equal},
		"an unknown comparison":          &identity.Compare{Field: identity.FieldID, Op: "= '' OR 1=1 --"},
		"a truth that is greater":        &identity.Compare{Field: identity.FieldActive, Op: identity.Greater, Bool: true},
		"an instant that begins with":    &identity.Compare{Field: identity.FieldCreated, Op: identity.HasPrefix, Text: "2"},
		"one of those, deep inside":      identity.Not{Condition: identity.Or{identity.And{&identity.Compare{Field: "x"}}}},
		"too many comparisons":           identity.Or(slices.Repeat([]identity.Condition{&identity.Compare{Field: identity.FieldID, Op: identity.Present}}, 1001)),
		"too deep a nesting":             nested(101),
		"the deepest nesting, and worse": identity.And{nested(100)},
	} {
		t.Run("refused: "+name, func(t *testing.T) {
			_, err := w.store.Accounts(ctx, w.own, identity.AccountQuery{Where: where, Limit: 1})
			refused(t, err, identity.Invalid, identity.RuleInvalidValue)
			_, err = w.store.CountAccounts(ctx, w.own, where)
			refused(t, err, identity.Invalid, identity.RuleInvalidValue)
		})
	}
	for name, where := range map[string]identity.Condition{
		"as many comparisons as can be": identity.Or(slices.Repeat([]identity.Condition{&identity.Compare{Field: identity.FieldEmail, Op: identity.HasPrefix, Text: "x"}}, 1000)),
		"as deep a nesting as can be":   nested(100),
	} {
		t.Run("answered: "+name, func(t *testing.T) {
			n, err := w.store.CountAccounts(ctx, w.own, where)
			require.NoError(t, err)
			require.Zero(t, n)
		})
	}
}

// nested returns a condition that is so many levels deep and holds for nobody.
func nested(levels int) identity.Condition {
	c := identity.Condition(&identity.Compare{Field: identity.FieldUserName, Op: identity.Equal, Text: "nobody"})
	for range levels - 1 {
		c = identity.And{c}
	}
	return c
}

func (w world) drawAccount(rt *rapid.T, org identity.OrgID, connector identity.ConnectorID) identity.Account {
	a := w.account(org, rapid.SampledFrom(texts).Draw(rt, "userName"))
	a.ExternalID = identity.ExternalID(rapid.SampledFrom(texts).Draw(rt, "externalId"))
	a.Status = rapid.SampledFrom(statuses).Draw(rt, "status")
	if a.Status == identity.Inactive {
		a.InactiveReason = rapid.SampledFrom(reasons).Draw(rt, "reason")
	}
	a.Profile = rapid.SampledFrom(profiles).Draw(rt, "profile")
	a.Source = rapid.SampledFrom(sources).Draw(rt, "source")
	a.CreatedAt = instants(rapid.SampledFrom([]time.Duration{0, time.Microsecond, time.Hour}).Draw(rt, "created"))
	a.UpdatedAt = instants(rapid.SampledFrom([]time.Duration{0, time.Microsecond, time.Hour}).Draw(rt, "updated"))
	for _, value := range rapid.SliceOfN(rapid.SampledFrom(texts[1:]), 0, 3).Draw(rt, "emails") {
		a.Emails = append(a.Emails, identity.AccountEmail{Value: value})
	}
	if rapid.Bool().Draw(rt, "linked") {
		a.Directory = &identity.DirectoryLink{Connector: connector}
	}
	return a
}

func (w world) drawCondition(rt *rapid.T, accounts []identity.Account, connector identity.ConnectorID, depth int) identity.Condition {
	kind := rapid.IntRange(0, 9).Draw(rt, "kind")
	if depth == 0 {
		kind += 10
	}
	parts := func() []identity.Condition {
		list := make([]identity.Condition, rapid.IntRange(0, 3).Draw(rt, "parts"))
		for i := range list {
			list[i] = w.drawCondition(rt, accounts, connector, depth-1)
		}
		return list
	}
	switch kind {
	case 0, 1:
		return identity.And(parts())
	case 2, 3:
		return identity.Or(parts())
	case 4, 5:
		return identity.Not{Condition: w.drawCondition(rt, accounts, connector, depth-1)}
	case 6, 16:
		return &identity.Compare{Field: identity.FieldActive, Bool: rapid.Bool().Draw(rt, "bool"),
			Op: rapid.SampledFrom([]identity.Op{identity.Equal, identity.NotEqual, identity.Present}).Draw(rt, "op")}
	case 8, 18:
		return rapid.SampledFrom(mentions).Draw(rt, "mentions")
	case 7, 17:
		offsets := []time.Duration{-1, 0, 1, time.Microsecond - 1, time.Microsecond, time.Microsecond + 1, time.Hour, -start.Sub(time.Time{})}
		return &identity.Compare{Field: rapid.SampledFrom([]identity.Field{identity.FieldCreated, identity.FieldUpdated}).Draw(rt, "field"),
			Op: rapid.SampledFrom(comparing).Draw(rt, "op"), Time: instants(rapid.SampledFrom(offsets).Draw(rt, "time"))}
	}
	values := append(texts[:len(texts):len(texts)], string(connector), string(connector[:9]))
	for _, a := range accounts {
		values = append(values, string(a.ID), identity.Fold(a.UserName))
	}
	return &identity.Compare{Field: rapid.SampledFrom(textField).Draw(rt, "field"), Op: rapid.SampledFrom(searching).Draw(rt, "op"),
		Text: rapid.SampledFrom(values).Draw(rt, "text")}
}
