package model_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// view is what there is to be seen, in words that the model and the real thing have in common: one line for everything.
type view []string

func (v *view) add(format string, args ...any) { *v = append(*v, fmt.Sprintf(format, args...)) }

func line(org, number int, address string, others []string, status identity.Status, previous identity.Status, why identity.InactiveReason, since time.Time,
	shadow bool, pending string, people []int, licences []identity.Licence, member, linked bool) string {
	if status != identity.Inactive {
		previous, why, since = "", "", time.Time{}
	}
	if shadow {
		since = time.Time{}
	}
	return fmt.Sprintf("account %d of %d: %s +%v %s(%s, was %s, since %s) shadow=%v pending=%q people=%v licences=%v member=%v linked=%v",
		number, org, address, others, status, why, previous, since.Format("0102-150405.000000"), shadow, pending, people, licences, member, linked)
}

// view is what the model expects.
func (m *model) view() view {
	var v view
	for i, a := range m.accounts {
		if a.gone {
			continue
		}
		address := a.address
		if a.shadow {
			address += "." + identity.ReservedDomain // CLM-40
		}
		v = append(v, line(a.org, i, address, a.others, a.status, a.previous, a.why, a.since, a.shadow, a.pending, a.people, a.licences, a.member, a.linked))
	}
	for address, who := range m.held() {
		v.add("hold %s: %d", address, who)
	}
	for i, c := range m.claims {
		if c.forgotten {
			continue
		}
		v.add("claim %d: %s of %s, %d from %d, young %d old %d, %s", i, c.mode, c.address, c.target, c.source, c.young, c.old, m.state(c))
	}
	for i, o := range m.orgs {
		if o.deleted {
			v.add("organization %d is gone", i)
			continue
		}
		for name, state := range o.domains {
			v.add("domain %s of %d: %s", name, i, state)
		}
		for p, role := range o.roles {
			v.add("role of %d in %d: %s", p, i, role)
		}
		for l := range o.seats {
			v.add("seats of %s in %d: %d used", l, i, m.used(i, l))
		}
	}
	slices.Sort(v)
	return v
}

// state is the rows of 14.2 and 14.3.
func (m *model) state(c *claim) identity.ClaimState {
	deferred := c.mode == identity.ClaimDeferred
	switch {
	case c.outcome == identity.OutcomeRevoked:
		return "REVOKED"
	case c.outcome != "":
		return map[bool]map[identity.ClaimOutcome]identity.ClaimState{
			false: {identity.OutcomeKept: "SETTLED_KEEP", identity.OutcomeDeleted: "SETTLED_DELETE"},
			true: {identity.OutcomeKept: "DONE_KEEP", identity.OutcomeDeleted: "DONE_DELETE", identity.OutcomeTransferred: "DONE_TRANSFER",
				identity.OutcomeAutomatic: "DONE_AUTO_TRANSFER"},
		}[deferred][c.outcome]
	case deferred && !m.now.Before(c.at.Add(window)):
		return "DONE_AUTO_TRANSFER" // until the deletion of the claimant ends it, when nobody reads it any more (ORG-19, ORG-21)
	case deferred && c.signedIn.IsZero():
		return "WAITING"
	case deferred:
		return "WAITING_SIGNED_IN"
	case !c.signedIn.IsZero():
		return "SIGNED_IN"
	case m.revocable(c):
		return "OPEN"
	}
	return "OPEN_LOCKED"
}

// view is what there is.
func (x *actual) view() view {
	var v view
	for i, org := range x.orgs {
		if _, err := x.Reader().Organization(x.ctx, org); identity.IsNotFound(err) {
			v.add("organization %d is gone", i)
			continue
		}
		x.viewAccounts(&v, i, org)
		x.viewOrganization(&v, i, org)
	}
	for i, id := range x.claims {
		c, known := x.claimNow(id)
		if !known {
			continue
		}
		v.add("claim %d: %s of %s, %d from %d, young %d old %d, %s", i, c.Mode, c.Email, slices.Index(x.orgs, c.Target), slices.Index(x.orgs, c.Source),
			slices.Index(x.accounts, c.NewAccount), slices.Index(x.accounts, c.OldAccount), c.State(x.Now()))
	}
	x.viewHolds(&v)
	slices.Sort(v)
	return v
}

func (x *actual) claimNow(id identity.ClaimID) (identity.Claim, bool) {
	for _, org := range x.orgs {
		if c, err := x.Reader().Claim(x.ctx, org, id); err == nil {
			return c, true
		}
	}
	return identity.Claim{}, false
}

func (x *actual) viewAccounts(v *view, i int, org identity.OrgID) {
	all, err := x.Reader().Accounts(x.ctx, org, identity.AccountQuery{Limit: 1000})
	require.NoError(x.t, err)
	assigned, err := x.Reader().AssignmentsAmong(x.ctx, org, idsOf(all))
	require.NoError(x.t, err)
	var members []identity.AccountID
	if x.groups[i] != "" {
		members = x.members(org, x.groups[i])
	}
	for _, a := range all {
		bound, err := x.Reader().BindingsOf(x.ctx, org, a.ID)
		require.NoError(x.t, err)
		var people []int
		for _, b := range bound {
			var p int
			_, err := fmt.Sscanf(b.Subject, "person%d", &p)
			require.NoError(x.t, err)
			people = append(people, p)
		}
		var licences []identity.Licence
		for _, h := range assigned {
			if h.Account == a.ID {
				licences = append(licences, h.Licence)
			}
		}
		slices.Sort(licences)
		var others []string
		for _, e := range a.Emails {
			if e.Value != a.PrimaryEmail() {
				others = append(others, e.Value)
			}
		}
		require.Equal(x.t, strings.Replace(a.UserName, "."+string(a.ID), "", 1), a.PrimaryEmail(), "CLM-40: the name of a shadow may need an id in it")
		*v = append(*v, line(i, slices.Index(x.accounts, a.ID), a.PrimaryEmail(), others, a.Status, a.PreviousStatus, a.InactiveReason, a.StatusAt, a.Shadow,
			a.PendingEmail, people, licences, slices.Contains(members, a.ID), a.Directory != nil))
	}
}

func idsOf(all []identity.Account) []identity.AccountID {
	var ids []identity.AccountID
	for _, a := range all {
		ids = append(ids, a.ID)
	}
	return ids
}

func (x *actual) viewOrganization(v *view, i int, org identity.OrgID) {
	standing, err := x.DomainList(x.ctx, org)
	require.NoError(x.t, err)
	for _, d := range standing {
		v.add("domain %s of %d: %s", d.Name, i, d.State)
	}
	grants, err := x.Reader().Grants(x.ctx, org)
	require.NoError(x.t, err)
	for _, g := range grants {
		v.add("role of %s in %d: %s", strings.TrimPrefix(g.Subject, "person"), i, g.Role)
	}
	subscriptions, err := x.Reader().Subscriptions(x.ctx, org)
	require.NoError(x.t, err)
	for _, s := range subscriptions {
		for _, p := range s.Pools {
			require.LessOrEqual(x.t, p.Used, p.Seats, "I5: usage is never above the pool")
			v.add("seats of %s in %d: %d used", p.Licence, i, p.Used)
		}
	}
}

// viewHolds lists every address that is held, from the table whose uniqueness is the judge (I1).
func (x *actual) viewHolds(v *view) {
	rows, err := x.raw.QueryContext(x.ctx, `SELECT email_key, hex(account_id) FROM address_holds`)
	require.NoError(x.t, err)
	for rows.Next() {
		var address, account string
		require.NoError(x.t, rows.Scan(&address, &account))
		who := slices.IndexFunc(x.accounts, func(id identity.AccountID) bool {
			return strings.EqualFold(strings.ReplaceAll(string(id), "-", ""), account)
		})
		v.add("hold %s: %d", address, who)
	}
	require.NoError(x.t, cmp.Or(rows.Err(), rows.Close()))
}
