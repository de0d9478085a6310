package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/fixtures"
	"rollcall/identity"
)

// planNode is a node of what EXPLAIN (FORMAT JSON) says.
type planNode struct {
	Type     string     `json:"Node Type"`
	Rows     float64    `json:"Plan Rows"`
	Index    string     `json:"Index Name"`
	Table    string     `json:"Relation Name"`
	Cond     string     `json:"Index Cond"`
	Children []planNode `json:"Plans"`
	Loops    float64    `json:"Actual Loops"`
	Hit      int        `json:"Shared Hit Blocks"`
	Read     int        `json:"Shared Read Blocks"`
}

// all calls see with the node and everything below it.
func (n planNode) all(see func(planNode)) {
	see(n)
	for _, child := range n.Children {
		child.all(see)
	}
}

// planning keeps how PostgreSQL answers the queries that run.
type planning struct {
	pool
	t      testing.TB
	manner planManner
	plans  []planNode
}

// planManner is a way in which PostgreSQL may plan a query.
type planManner struct {
	setting string // of the transaction
	generic bool   // one plan for whatever is asked, as a connection has it that was asked several times
}

func (p *planning) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	bound, err := bind(args)
	require.NoError(p.t, err)
	tx, err := p.db.BeginTx(ctx, nil)
	require.NoError(p.t, err)
	defer func() { _ = tx.Rollback() }() // it writes nothing
	_, err = tx.ExecContext(ctx, p.manner.setting)
	require.NoError(p.t, err)
	explain := "EXPLAIN (FORMAT JSON) " + query
	if p.manner.generic {
		_, err = tx.ExecContext(ctx, "SET LOCAL plan_cache_mode = force_generic_plan; PREPARE asked AS "+query)
		require.NoError(p.t, err)
		explain = "EXPLAIN (FORMAT JSON) EXECUTE asked" // whose arguments make no difference
		if len(bound) > 0 {
			explain += "(NULL" + strings.Repeat(", NULL", len(bound)-1) + ")"
		}
		bound = nil
	}
	p.plans = append(p.plans, parsePlan(p.t, columnOf(p.t, tx, explain, bound...)))
	if p.manner.generic {
		_, err = tx.ExecContext(ctx, "DEALLOCATE asked")
		require.NoError(p.t, err)
	}
	return p.db.QueryContext(ctx, "SELECT WHERE false") // the rows are none that anybody could read
}

func parsePlan(t testing.TB, answer []string) planNode {
	t.Helper()
	var plans []struct{ Plan planNode }
	require.NoError(t, json.Unmarshal([]byte(strings.Join(answer, "")), &plans))
	require.Len(t, plans, 1)
	return plans[0].Plan
}

// pageOfPlans is how many rows may be sorted: what a page has, or what an organization has of something of which it has few.
const pageOfPlans = 100

// The ways in which the server may plan a query: for what is asked, in the pool that reads; once for whatever is asked, which is the plan of an
// organization as small as most; and as in transactions, in which every way is better than to read a whole table.
var planManners = map[string]planManner{
	"what is asked":        {},
	"whatever is asked":    {generic: true},
	"within a transaction": {setting: "SET LOCAL enable_seqscan = off"},
}

func TestPostgres_EveryQueryUsesAnIndex(t *testing.T) {
	s := openServer(t, fixtures.NewDatabase(t)) // one in which nothing was deleted
	fillTables(t, s)
	p := &planning{pool: pool{s.readers, s.dialect}, t: t}
	all := queries(reader{run: p, dialect: s.dialect})
	require.ElementsMatch(t, slices.Collect(maps.Keys(all)), slices.Collect(maps.Keys(postgresIndexes)))
	for name, c := range all {
		t.Run(name, func(t *testing.T) {
			used := map[string]bool{}
			for how, manner := range planManners {
				p.plans, p.manner = nil, manner
				if err := c.ask(); !identity.IsNotFound(err) {
					require.NoError(t, err)
				}
				for _, plan := range p.plans {
					plan.all(func(n planNode) {
						if n.Table != "clock_watch" { // which has one row
							require.NotEqual(t, "Seq Scan", n.Type, "%s: the table %s is read", how, n.Table)
						}
						if n.Type == "Sort" || n.Type == "Incremental Sort" {
							require.LessOrEqual(t, n.Children[0].Rows, float64(pageOfPlans), "%s: rows are sorted that an index has in order", how)
						}
						if n.Index == "" {
							return
						}
						used[n.Index] = true
						if !c.whole && name != "JobsOpen" { // of which few are open
							require.NotEmpty(t, n.Cond, "%s: the index %s is read from its beginning", how, n.Index)
						}
					})
				}
			}
			require.Equal(t, strings.Fields(postgresIndexes[name]), append([]string{}, slices.Sorted(maps.Keys(used))...))
		})
	}
	t.Run("what is forgotten", func(t *testing.T) { findForgotten(t, s) })
}

// postgresIndexes are the indexes that PostgreSQL uses for each query. Two that lead to the same are both there where the one organization is so
// large, and the others so small, that the plans for them differ.
var postgresIndexes = map[string]string{
	"Account":                                     "accounts_pkey group_members_account",
	"AccountByUserName":                           "accounts_user_name group_members_account",
	"AccountFor a userName":                       "accounts_user_name group_members_account tokens_hash",
	"AccountFor an id":                            "accounts_pkey group_members_account tokens_hash",
	"Accounts":                                    "accounts_pkey group_members_account",
	"Accounts by a part of an email":              "account_emails_pkey accounts_pkey group_members_account",
	"Accounts by email":                           "account_emails_email accounts_pkey group_members_account",
	"Accounts by externalId":                      "accounts_external_id group_members_account",
	"Accounts by id":                              "accounts_pkey group_members_account",
	"Accounts by key":                             "accounts_pkey group_members_account",
	"Accounts by position":                        "accounts_pkey group_members_account",
	"Accounts by the beginning of an email":       "account_emails_email account_emails_pkey accounts_pkey group_members_account",
	"Accounts by userName":                        "accounts_user_name group_members_account",
	"Accounts by userName or externalId or email": "account_emails_email accounts_pkey group_members_account",
	"Accounts changed since, by position":         "accounts_listing group_members_account",
	"Accounts that are active, by position":       "accounts_listing accounts_pkey group_members_account",
	"AccountsAmong":                               "accounts_pkey group_members_account",
	"AccountsDue":                                 "accounts_due group_members_account organizations_pkey",
	"Assignments":                                 "assignments_pkey",
	"AssignmentsAmong":                            "assignments_pkey",
	"Binding":                                     "bindings_pkey",
	"BindingsOf":                                  "bindings_account",
	"Candidates":                                  "accounts_pkey address_holds_domain claims_new_open claims_open group_members_account organizations_pkey",
	"Candidates in charge":                        "accounts_pkey address_holds_domain bindings_account claims_new_open grants_person group_members_account organizations_pkey",
	"Candidates or not":                           "accounts_pkey address_holds_domain address_holds_withheld group_members_account",
	"Chain":                                       "events_chain",
	"ChainHead":                                   "audit_heads_pkey",
	"Challenge":                                   "domain_challenges_pkey",
	"Challenges":                                  "domain_challenges_pkey",
	"Claim":                                       "claims_target",
	"ClaimAway":                                   "claims_old",
	"ClaimOf":                                     "claims_new",
	"Claims":                                      "claims_target",
	"Claims in a domain":                          "claims_target",
	"Claims that are named and can be revoked":  "claims_open domains_claimed organizations_pkey",
	"Claims that are open":                      "claims_open",
	"Claims that are open in a domain":          "claims_domain claims_open",
	"Claims that can be revoked":                "claims_open domains_claimed organizations_pkey",
	"ClaimsDue":                                 "claims_due organizations_pkey",
	"ClaimsOf":                                  "claims_new",
	"ClockWatch":                                "clock_watch_pkey",
	"Connector":                                 "connectors_pkey",
	"ConnectorAccounts":                         "accounts_connector group_members_account",
	"Connectors":                                "connectors_name",
	"CountAccounts":                             "org_counts_pkey",
	"CountAccounts with a condition":            "accounts_listing",
	"CountCandidates":                           "address_holds_domain claims_new_open claims_open organizations_pkey",
	"CountGroups":                               "org_counts_pkey",
	"CountGroups by name":                       "groups_name",
	"CountItems":                                "org_counts_pkey",
	"CountItems that mention something":         "items_pkey",
	"CountMembers":                              "group_members_pkey",
	"CountMemberships":                          "group_members_pkey groups_connector groups_object",
	"CountUsers":                                "accounts_no_users org_counts_pkey",
	"DomainHolders":                             "domains_name",
	"Domains":                                   "domains_pkey",
	"DomainsAround":                             "domains_name domains_reversed",
	"EmailChangesDue":                           "accounts_pending group_members_account",
	"Event":                                     "events_pkey",
	"Events":                                    "events_pkey",
	"Events about anything":                     "events_account events_pkey events_target",
	"Events about anything in a range":          "events_account events_pkey events_target",
	"Events by everything else":                 "events_actor events_pkey",
	"Events of a range":                         "events_at",
	"Events of a range, further on":             "events_at",
	"Events of kinds in a range":                "events_at events_pkey",
	"Events of an actor in a range":             "events_actor",
	"Events of an actor in a range, further on": "events_actor",
	"Events of an actor until then":             "events_actor",
	"Events from the newest on":                 "events_pkey",
	"Events of an account":                      "events_account",
	"Exchanges":                                 "scim_exchanges_pkey",
	"Exchanges further on":                      "scim_exchanges_pkey",
	"FullAdministrators":                        "bindings_pkey grants_pkey",
	"Grants":                                    "grants_pkey",
	"GrantsOf":                                  "grants_person",
	"Group":                                     "groups_pkey",
	"Groups":                                    "groups_pkey",
	"Groups of a connector":                     "groups_connector",
	"Groups of a name":                          "groups_name",
	"Groups of a provider's id":                 "groups_external",
	"Groups with a member":                      "group_groups_member group_members_account groups_pkey",
	"GroupsOf":                                  "group_members_account groups_pkey",
	"Hold":                                      "address_holds_pkey",
	"HoldsAmong":                                "address_holds_pkey",
	"IdentityProviderOf":                        "identity_providers_pkey",
	"IdentityProviders":                         "identity_providers_org",
	"Item":                                      "items_pkey",
	"Items":                                     "items_pkey",
	"Items by externalId":                       "items_external_id",
	"Items by key":                              "items_pkey",
	"Items by position":                         "items_pkey",
	"Items by unique value":                     "item_keys_pkey items_pkey",
	"Job":                                       "jobs_pkey",
	"JobChunk":                                  "job_chunks_pkey",
	"JobRows":                                   "job_rows_pkey",
	"Jobs":                                      "jobs_pkey",
	"Jobs of a kind":                            "jobs_kind",
	"JobsOpen":                                  "jobs_open organizations_pkey",
	"LinkByHash":                                "links_pkey",
	"LinkedAccounts":                            "accounts_object group_members_account",
	"LinkedGroups":                              "groups_object",
	"LinkedMembers":                             "accounts_pkey group_groups_pkey group_members_pkey groups_pkey",
	"LinkedPeople":                              "accounts_object",
	"ProfilesNaming":                            "accounts_object",
	"ManagedBy":                                 "relationships_managed",
	"Manages":                                   "relationships_pkey",
	"Members":                                   "group_members_pkey",
	"MembersOf":                                 "accounts_pkey group_groups_pkey group_members_pkey groups_pkey",
	"MembershipsOf":                             "group_groups_member group_members_account groups_pkey",
	"Message":                                   "messages_pkey",
	"Messages":                                  "messages_pkey",
	"Messages about an account":                 "messages_account",
	"Messages in a state":                       "messages_state",
	"MessagesDue":                               "messages_due",
	"OpenClaims":                                "claims_old_open claims_open",
	"OrgDeletion":                               "org_deletions_pkey",
	"OrgDeletionsOpen":                          "org_deletions_open",
	"Organization":                              "organizations_pkey",
	"Organizations":                             "organizations_pkey",
	"PhotoContent":                              "photo_bytes_pkey",
	"Photos":                                    "accounts_pkey photos_pkey",
	"PhotosOf":                                  "accounts_pkey photos_pkey",
	"Plan":                                      "plan_bodies_pkey plans_org",
	"PlanPhoto":                                 "plan_photos_pkey",
	"Plans":                                     "plans_org",
	"Plans before one":                          "plans_org",
	"Plans of a connector":                      "plans_connector plans_org",
	"Plans of a connector before one":           "plans_connector plans_org",
	"PlansToDrop":                               "plans_kept",
	"Receipt":                                   "receipts_pkey",
	"ReminderLater":                             "reminders_pkey",
	"Run":                                       "runs_org",
	"Runs":                                      "runs_org",
	"Runs before one":                           "runs_org",
	"Runs of a connector":                       "runs_connector runs_org",
	"Runs of a connector before one":            "runs_connector runs_org",
	"Schedule":                                  "sync_schedules_pkey",
	"SchedulesDue":                              "organizations_pkey sync_schedules_due",
	"SettledAmong":                              "accounts_pkey",
	"SharedNow":                                 "",
	"SiteLinks":                                 "site_links_pkey",
	"Subscription":                              "pools_pkey subscriptions_pkey",
	"Subscriptions":                             "pools_pkey subscriptions_pkey subscriptions_started",
	"Templates":                                 "templates_pkey",
	"TokenByHash":                               "tokens_hash",
	"Tokens":                                    "tokens_org",
	"Tombstone":                                 "organizations_pkey",
	"Tombstones":                                "organizations_pkey",
}
