package store

import (
	"database/sql"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
)

// BenchmarkClaims compares what administrators ask before they claim users or delete their organization, at a million accounts
// in two thousand organizations, with a bare prepared SELECT of the same rows by the same indexes. Both are measured in the same
// run, in turns. Each is meant to take at most five times as long as its SELECT. The database takes about a minute to make.
func BenchmarkClaims(b *testing.B) {
	c := newCrowd(b)
	service := identity.NewService(c.Store, system.Clock{}, system.IDs{}, identity.EmailPolicy{})
	bare := newBareSelects(b, c.path)
	for k, n := range outsiders {
		b.Run(fmt.Sprintf("list of %d", n), func(b *testing.B) {
			beside(b, func(int) (int, error) {
				list, err := service.Claimable(ctx, c.orgs[k], identity.ClaimableQuery{})
				return len(list.Users), err
			}, func(int) (int, error) { return bare.list(c.orgs[k], companyDomain(k)) })
		})
	}
	b.Run("list of an ordinary organization", func(b *testing.B) {
		at := func(i int) int { return 5 * (1 + i*7919%(crowdOrganizations/5-1)) } // without a directory
		beside(b, func(i int) (int, error) {
			list, err := service.Claimable(ctx, c.orgs[at(i)], identity.ClaimableQuery{})
			return len(list.Users), err
		}, func(i int) (int, error) { return bare.list(c.orgs[at(i)], companyDomain(at(i))) })
	})
	b.Run("eligibility of a user", func(b *testing.B) {
		people := c.outsiders(b, 0)
		at := func(i int) string { return people[i*7919%len(people)] }
		beside(b, func(i int) (int, error) {
			preview, err := service.PreviewClaim(ctx, c.orgs[0], at(i), "")
			if err == nil && !preview.Eligible {
				err = fmt.Errorf("%s: %v", at(i), preview.Reasons)
			}
			return 1, err
		}, func(i int) (int, error) { return bare.person(at(i)) })
	})
	deletion := func(at func(int) int) func(*testing.B) {
		return func(b *testing.B) {
			beside(b, func(i int) (int, error) {
				check, err := service.CheckDeletion(ctx, c.orgs[at(i)], identity.HandleNone)
				return check.Users, err
			}, func(i int) (int, error) { return bare.organization(c.orgs[at(i)]) })
		}
	}
	b.Run("deletion of the largest organization", deletion(func(int) int { return 0 }))
	b.Run("deletion of an ordinary organization", deletion(func(i int) int { return i * 7919 % crowdOrganizations }))
}

// outsiders returns the addresses of the personal accounts in an organization's domain.
func (c *crowd) outsiders(b *testing.B, k int) []string {
	return columnOf(b, c.readers, `SELECT email_key FROM address_holds WHERE kind = 'primary' AND domain = ? AND org_id = ?`, companyDomain(k),
		keyOf(string(identity.ConsumerOrgID)))
}

// besideRounds is how often both are measured in turns.
const besideRounds = 9

// beside reports how long asking takes, and how many times as long as its bare SELECT. Both answer how many rows they found. Neither
// asks for what the other has just read.
func beside(b *testing.B, ours, bare func(i int) (int, error)) {
	asked, n := 0, 3
	took := func(ask func(int) (int, error)) time.Duration {
		rows := 0
		began := time.Now()
		for range n {
			found, err := ask(asked)
			require.NoError(b, err)
			rows += found
			asked++
		}
		require.Positive(b, rows)
		return time.Since(began) / time.Duration(n)
	}
	n = max(n, min(1000, int(50*time.Millisecond/took(ours))))
	var times, bareTimes []time.Duration
	for b.Loop() {
		for range besideRounds {
			bareTimes = append(bareTimes, took(bare))
			times = append(times, took(ours))
		}
	}
	ourTime, bareTime := middle(times), middle(bareTimes)
	b.ReportMetric(float64(ourTime.Nanoseconds())/1000, "µs")
	b.ReportMetric(float64(bareTime.Nanoseconds())/1000, "bare-µs")
	b.ReportMetric(float64(ourTime)/float64(bareTime), "times-bare")
}

func middle(values []time.Duration) time.Duration {
	slices.Sort(values)
	return values[len(values)/2]
}

// bareSelects are the controls: prepared statements and nothing around them.
type bareSelects struct{ page, count, one, org *sql.Stmt }

func newBareSelects(b *testing.B, path string) bareSelects {
	db := openSQLite(path, readerConnection)
	b.Cleanup(func() { require.NoError(b, db.Close()) })
	prepare := func(query string) *sql.Stmt {
		s, err := db.PrepareContext(ctx, query)
		require.NoError(b, err)
		return s
	}
	return bareSelects{
		page: prepare(`SELECT h.email_key, a.org_id, a.id, a.emails, a.profile, a.status FROM address_holds h
			JOIN accounts a ON a.org_id = h.org_id AND a.id = h.account_id
			WHERE h.kind = 'primary' AND h.domain = ? AND h.org_id <> ? ORDER BY h.email_key LIMIT 100`),
		count: prepare(`SELECT count(*) FROM address_holds h WHERE h.kind = 'primary' AND h.domain = ? AND h.org_id <> ?`),
		one: prepare(`SELECT h.email_key, a.org_id, a.id, a.emails, a.profile, a.status FROM address_holds h
			JOIN accounts a ON a.org_id = h.org_id AND a.id = h.account_id JOIN organizations o ON o.id = h.org_id
			JOIN domains d ON d.name = h.domain WHERE h.email_key = ?`),
		org: prepare(`SELECT count(*) FROM accounts WHERE org_id = ?`),
	}
}

func (s bareSelects) rows(of *sql.Stmt, args ...any) (int, error) {
	found, err := of.QueryContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	defer found.Close()
	n := 0
	for ; found.Next(); n++ {
		var key, emails, profile, status string
		var org, account []byte
		if err := found.Scan(&key, &org, &account, &emails, &profile, &status); err != nil {
			return 0, err
		}
	}
	return n, found.Err()
}

// list reads a page of accounts with an address in a domain, and how many there are.
func (s bareSelects) list(claimant identity.OrgID, domain string) (int, error) {
	var total int
	if err := s.count.QueryRowContext(ctx, domain, keyOf(string(claimant))).Scan(&total); err != nil {
		return 0, err
	}
	return s.rows(s.page, domain, keyOf(string(claimant)))
}

// person reads the account with an address.
func (s bareSelects) person(address string) (int, error) { return s.rows(s.one, address) }

// organization counts the accounts of an organization.
func (s bareSelects) organization(org identity.OrgID) (n int, err error) {
	return n, s.org.QueryRowContext(ctx, keyOf(string(org))).Scan(&n)
}
