package store

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
)

// The sizes of the crowd.
const (
	crowdPeople        = 1_000_000
	crowdOrganizations = 2000 // beside the one of personal accounts
	crowdConsumers     = 320_000
	crowdShadows       = 20_000 // of the consumers: who was claimed
)

// outsiders is how many personal accounts have an address in the domains of the first organizations, whose lists are measured.
// The other domains have fifty or so each.
var outsiders = []int{20_000, 2000, 300}

// crowd is a database as one of a large installation: a third has personal accounts, most of them at providers of mail for
// everybody; organizations are of very different sizes, two of five own their people through a directory or single sign-on, and one of
// twelve people works with an address of another company.
type crowd struct {
	*Store
	path string
	orgs []identity.OrgID
	ids  system.IDs
	rand *rand.Rand
	at   int64

	db       *sql.DB
	tx       *sql.Tx
	accounts *bulk
	made     int
}

func companyDomain(k int) string { return "company" + strconv.Itoa(k) + ".example" }

// newCrowd fills a database past the service, which would take an hour, and says how long it took.
func newCrowd(b *testing.B) *crowd {
	b.Helper()
	began := time.Now()
	c := &crowd{path: b.TempDir() + "/rollcall.db", rand: rand.New(rand.NewPCG(1, 2)), at: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC).UnixMicro()}
	_, err := Migrate(ctx, "sqlite:"+c.path)
	require.NoError(b, err)
	// Nothing is lost if this fails, so nothing is logged or synchronized.
	c.db = openSQLite(c.path, "_journal_mode=OFF&_synchronous=OFF&_foreign_keys=0&_cache_size=-1048576")
	c.db.SetMaxOpenConns(1)
	c.tx, err = c.db.BeginTx(ctx, nil)
	require.NoError(b, err)
	c.fill(b)
	require.NoError(b, c.tx.Commit())
	require.NoError(b, c.db.Close())
	c.Store, err = Open(ctx, "sqlite:"+c.path)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, c.Close()) })
	b.Logf("%d accounts in %d organizations, made in %.0f s", c.made, crowdOrganizations, time.Since(began).Seconds())
	return c
}

func (c *crowd) fill(b *testing.B) {
	c.organizations(b)
	c.accounts = c.bulk(b, "accounts", "org_id, id, user_name, user_name_key, external_id, emails, profile, status, previous_status, status_at, "+
		"status_event, source, shadow, created_at, updated_at, version")
	c.consumers(b)
	c.people(b)
	c.accounts.end(b)
	// In the order of each table's key, which writes every page once.
	c.exec(b, `INSERT INTO account_emails (org_id, account_id, email) SELECT org_id, id, user_name_key FROM accounts`)
	c.exec(b, `INSERT INTO address_holds (email_key, org_id, account_id, kind, domain)
		SELECT user_name_key, org_id, id, 'primary', substr(user_name_key, instr(user_name_key, '@') + 1) FROM accounts ORDER BY user_name_key`)
	c.exec(b, `INSERT INTO bindings (issuer, subject, org_id, account_id, created_at)
		SELECT 'https://login.example', user_name_key, org_id, id, created_at FROM accounts WHERE rowid % 2 = 0 AND NOT shadow ORDER BY user_name_key`)
	// Each organization has three administrators and a partner one of its own, as far as they can sign in.
	c.exec(b, `INSERT INTO grants (org_id, issuer, subject, role, created_at)
		SELECT org_id, issuer, subject, CASE WHEN n = 1 THEN 'full' ELSE 'user' END, created_at
		FROM (SELECT *, row_number() OVER (PARTITION BY org_id) AS n FROM bindings WHERE org_id <> ?) WHERE n <= 3`, keyOf(string(identity.ConsumerOrgID)))
	// Whoever came by a claim left a shadow among the consumers. Nine of ten claims are settled.
	c.exec(b, `INSERT INTO claims (id, target, source, new_account, old_account, mode, email, domain, carried, content_lost, claimed_at, outcome, settled_at, version)
		SELECT new.id, new.org_id, old.org_id, new.id, old.id, 'immediate', new.user_name, substr(new.user_name, instr(new.user_name, '@') + 1), '{}', 0,
			new.created_at, CASE WHEN new.n % 10 > 0 THEN 'deleted' END, CASE WHEN new.n % 10 > 0 THEN new.created_at END, 1
		FROM (SELECT *, row_number() OVER () AS n FROM accounts WHERE source = 'claim') AS new
		JOIN (SELECT *, row_number() OVER () AS n FROM accounts WHERE shadow) AS old ON old.n = new.n`)
}

func (c *crowd) exec(b *testing.B, statement string, args ...any) {
	b.Helper()
	_, err := c.tx.ExecContext(ctx, statement, args...)
	require.NoError(b, err)
}

func (c *crowd) organizations(b *testing.B) {
	organizations := c.bulk(b, "organizations", "id, name, kind, sync_mode, sso_provider, require_email, activation_emails, retention_days, created_at, updated_at, version")
	domains := c.bulk(b, "domains", "org_id, name, state, updated_at, reversed")
	subscriptions := c.bulk(b, "subscriptions", "org_id, id, name, type, status, started_at, updated_at, version")
	sites := c.bulk(b, "site_links", "org_id, site, licence, status, created_at, updated_at")
	partners := c.bulk(b, "relationships", "managing, managed, role, created_at")
	for k := range crowdOrganizations {
		c.orgs = append(c.orgs, identity.OrgID(c.ids.New()))
		id := keyOf(string(c.orgs[k]))
		sync, sso := "disabled", ""
		switch k % 5 {
		case 3:
			sync = "auto"
		case 4:
			sso = "https://idp" + strconv.Itoa(k) + ".example"
		}
		organizations.add(b, id, "Company "+strconv.Itoa(k), "customer", sync, sso, 0, 1, 30, c.at, c.at, 1)
		for d := range 1 + 3*(k%10/9) {
			name := strings.Repeat("sub.", d) + companyDomain(k)
			domains.add(b, id, name, []string{"verified", "claimed", "verified"}[k%3], c.at, reversedLabels(name))
		}
		for n := range 1 + k%3 {
			subscriptions.add(b, id, keyOf(c.ids.New()), "Plan", []string{"paid", "free", "online_trial"}[(k+n)%3], "active", c.at, c.at, 1)
		}
		if k%10 == 0 {
			sites.add(b, id, "meet."+companyDomain(k), "meetings", "completed", c.at, c.at)
		}
		if k >= 100 && k%2 == 0 {
			partners.add(b, keyOf(string(c.orgs[k%100])), id, "user", c.at)
		}
	}
	for _, all := range []*bulk{organizations, domains, subscriptions, sites, partners} {
		all.end(b)
	}
}

// person adds an account with a name that says nothing of its place.
func (c *crowd) person(b *testing.B, org identity.OrgID, domain, source string, shadow bool) {
	c.made++
	name := givenNames[c.rand.IntN(len(givenNames))] + "." + familyNames[c.rand.IntN(len(familyNames))]
	address := name + "." + strconv.FormatInt(int64(c.made), 36) + "@" + domain
	if shadow {
		address += ".convert-user.local"
	}
	id := keyOf(c.ids.New())
	var external any
	if source == "scim" {
		external = "00u" + strconv.Itoa(c.made)
	}
	profile := `{"displayName":"` + name + `","name":{"familyName":"` + name + `","givenName":"` + name + `"},"preferredLanguage":"en","title":"Engineer","userType":"Employee"}`
	status := []string{"active", "active", "active", "verified", "not_verified"}[c.made%5]
	c.accounts.add(b, keyOf(string(org)), id, address, address, external, `[{"value":"`+address+`","type":"work","primary":true}]`, profile, status, "",
		c.at, id, source, shadow, c.at, c.at, 1)
}

func (c *crowd) consumers(b *testing.B) {
	for k, n := range outsiders {
		for range n {
			c.person(b, identity.ConsumerOrgID, companyDomain(k), "self", false)
		}
	}
	for n := 0; c.made < crowdConsumers; n++ {
		domain := "mail" + strconv.Itoa(c.rand.IntN(5)) + ".example"
		if c.rand.IntN(100) < 35 || n < crowdShadows {
			domain = companyDomain(len(outsiders) + c.rand.IntN(crowdOrganizations-len(outsiders)))
		}
		c.person(b, identity.ConsumerOrgID, domain, "self", n < crowdShadows)
	}
}

func (c *crowd) people(b *testing.B) {
	// The largest has some twenty thousand, half of them fewer than two hundred.
	weight, weights := func(k int) float64 { return 1 / float64(k+20) }, 0.0
	for k := range crowdOrganizations {
		weights += weight(k)
	}
	left := crowdPeople - c.made
	for k, org := range c.orgs {
		for range max(3, int(weight(k)/weights*float64(left))) {
			domain, source := companyDomain(k), "scim"
			switch n := c.rand.IntN(1000); {
			case n < 85:
				domain = companyDomain(len(outsiders) + c.rand.IntN(crowdOrganizations-len(outsiders)))
			case n < 110:
				source = "claim"
			}
			c.person(b, org, domain, source, false)
		}
	}
}

var (
	givenNames = []string{"ada", "alan", "barbara", "claude", "donald", "edsger", "frances", "grace", "hedy", "john", "joan", "katherine", "ken", "leslie",
		"margaret", "niklaus", "radia", "shafi", "tim", "tony"}
	familyNames = []string{"allen", "backus", "berners", "clarke", "dijkstra", "goldwasser", "hamilton", "hoare", "hopper", "johnson", "knuth", "lamarr",
		"lamport", "liskov", "lovelace", "perlman", "shannon", "thompson", "turing", "wirth"}
)

// bulk inserts many rows with each statement.
type bulk struct {
	tx      *sql.Tx
	into    string
	width   int
	full    *sql.Stmt
	waiting []any
}

const bulkRows = 100

func (c *crowd) bulk(b *testing.B, table, columns string) *bulk {
	all := &bulk{tx: c.tx, into: `INSERT INTO ` + table + ` (` + columns + `) VALUES `, width: strings.Count(columns, ",") + 1}
	var err error
	all.full, err = c.tx.PrepareContext(context.Background(), all.into+all.rows(bulkRows))
	require.NoError(b, err)
	return all
}

func (l *bulk) rows(n int) string {
	row := "(" + strings.TrimSuffix(strings.Repeat("?, ", l.width), ", ") + ")"
	return strings.TrimSuffix(strings.Repeat(row+", ", n), ", ")
}

func (l *bulk) add(b *testing.B, row ...any) {
	if len(row) != l.width {
		b.Fatalf("%d values for %s", len(row), l.into)
	}
	if l.waiting = append(l.waiting, row...); len(l.waiting) < bulkRows*l.width {
		return
	}
	_, err := l.full.ExecContext(ctx, l.waiting...)
	require.NoError(b, err)
	l.waiting = l.waiting[:0]
}

func (l *bulk) end(b *testing.B) {
	if len(l.waiting) == 0 {
		return
	}
	_, err := l.tx.ExecContext(ctx, l.into+l.rows(len(l.waiting)/l.width), l.waiting...)
	require.NoError(b, err)
}
