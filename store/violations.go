package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/mattn/go-sqlite3"

	"rollcall/identity"
)

// uniqueness is one unique constraint of the schema and what it means if it is violated.
type uniqueness struct {
	index   string // its name, or the table for a primary key
	columns string // as SQLite names it in its message
	rule    identity.Rule
	field   string
	detail  string
}

// identifier stands for the primary keys of identifiers that are never made twice: a violation is nobody's mistake.
const identifier = identity.RuleInternal

// uniquenesses is every unique constraint there is. A test compares it with the schema.
var uniquenesses = []uniqueness{
	{"accounts_user_name", "accounts.org_id, accounts.user_name_key", identity.RuleUserNameTaken, "userName",
		"another user of this organization has this userName"},
	{"accounts_object", "accounts.connector_id, accounts.object_id", identity.RuleObjectLinked, "",
		"another user is linked to this directory entry"},
	{"groups_object", "groups.connector_id, groups.object_id", identity.RuleObjectLinked, "",
		"another group mirrors this directory entry"},
	{"address_holds", "address_holds.email_key", identity.RuleEmailTaken, "emails",
		"another account has one of the addresses"},
	{"connectors_name", "connectors.org_id, connectors.name", identity.RuleConnectorExists, "name",
		"the organization has a connector with this name; use another name"},
	{"connectors_domain", "connectors.org_id, connectors.domain", identity.RuleConnectorExists, "baseDNs",
		"the organization has a connector that reads this domain; one connector reads all of a domain's people, so give it these base DNs, too"},
	{"domains_claimed", "domains.name", identity.RuleDomainClaimed, "",
		"the domain is claimed by another organization"},
	{"jobs_alone", "jobs.org_id, jobs.kind", identity.RuleJobRunning, "",
		"the organization has a job of this kind that is not finished yet; wait for it"},
	{"bindings", "bindings.issuer, bindings.subject", identity.RuleAlreadyBound, "",
		"this person has an account already; one person has one only"},
	{"claims_old_open", "claims.source, claims.old_account", identity.RuleClaimAlreadyPending, "",
		"the user is being claimed already"},
	{"item_keys", "item_keys.org_id, item_keys.type, item_keys.name, item_keys.value", identity.RuleItemKeyTaken, "",
		"another resource of this type has a value that must be unique"},
	{"receipts", "receipts.caller, receipts.key", identity.RuleReceiptExists, "",
		"the key has been used already"},

	{index: "organizations", columns: "organizations.id", rule: identifier},
	{index: "accounts", columns: "accounts.org_id, accounts.id", rule: identifier},
	{index: "account_emails", columns: "account_emails.org_id, account_emails.account_id, account_emails.email", rule: identifier},
	{index: "tokens", columns: "tokens.id", rule: identifier},
	{index: "tokens_hash", columns: "tokens.hash", rule: identifier},
	{index: "scim_exchanges", columns: "scim_exchanges.org_id, scim_exchanges.token_id, scim_exchanges.at, scim_exchanges.id", rule: identifier},
	{index: "grants", columns: "grants.org_id, grants.issuer, grants.subject", rule: identifier},
	{index: "sync_schedules", columns: "sync_schedules.connector_id", rule: identifier},
	{index: "domain_challenges", columns: "domain_challenges.org_id, domain_challenges.name", rule: identifier},
	{index: "domains", columns: "domains.org_id, domains.name", rule: identifier},
	{index: "events", columns: "events.org_id, events.id", rule: identifier},
	{index: "events_chain", columns: "events.org_id, events.seq", rule: identifier},
	{index: "org_counts", columns: "org_counts.org_id, org_counts.kind", rule: identifier},
	{index: "audit_heads", columns: "audit_heads.org_id", rule: identifier},
	{index: "relationships", columns: "relationships.managing, relationships.managed", rule: identifier},
	{index: "identity_providers", columns: "identity_providers.issuer", rule: identifier},
	{index: "links", columns: "links.hash", rule: identifier},
	{index: "connectors", columns: "connectors.id", rule: identifier},
	{index: "plans", columns: "plans.id", rule: identifier},
	{index: "plan_bodies", columns: "plan_bodies.plan_id", rule: identifier},
	{index: "plan_photos", columns: "plan_photos.org_id, plan_photos.plan_id, plan_photos.digest", rule: identifier},
	{index: "photos", columns: "photos.org_id, photos.account_id", rule: identifier},
	{index: "photo_bytes", columns: "photo_bytes.org_id, photo_bytes.account_id", rule: identifier},
	{index: "runs", columns: "runs.id", rule: identifier},
	{index: "subscriptions", columns: "subscriptions.org_id, subscriptions.id", rule: identifier},
	{index: "pools", columns: "pools.org_id, pools.subscription_id, pools.licence", rule: identifier},
	{index: "assignments", columns: "assignments.org_id, assignments.account_id, assignments.licence", rule: identifier},
	{index: "groups", columns: "groups.org_id, groups.id", rule: identifier},
	{index: "group_members", columns: "group_members.org_id, group_members.group_id, group_members.account_id", rule: identifier},
	{index: "group_groups", columns: "group_groups.org_id, group_groups.group_id, group_groups.member_id", rule: identifier},
	{index: "templates", columns: "templates.org_id, templates.group_id", rule: identifier},
	{index: "messages", columns: "messages.org_id, messages.id", rule: identifier},
	{index: "messages_key", columns: "messages.key", rule: identifier},
	{index: "claims", columns: "claims.id", rule: identifier},
	{index: "claims_new_open", columns: "claims.target, claims.new_account", rule: identifier},
	{index: "site_links", columns: "site_links.org_id, site_links.site", rule: identifier},
	{index: "org_deletions", columns: "org_deletions.org_id", rule: identifier},
	{index: "reminders", columns: "reminders.org_id, reminders.account_id, reminders.prompt", rule: identifier},
	{index: "items", columns: "items.org_id, items.type, items.id", rule: identifier},
	{index: "jobs", columns: "jobs.org_id, jobs.id", rule: identifier},
	{index: "job_rows", columns: "job_rows.org_id, job_rows.job_id, job_rows.number", rule: identifier},
	{index: "job_chunks", columns: "job_chunks.org_id, job_chunks.job_id, job_chunks.number", rule: identifier},
}

// outages are the engine's errors that pass, or that an operator can mend while the server runs.
var outages = map[sqlite3.ErrNo]string{
	sqlite3.ErrBusy:     "another process is writing to the database and does not finish; try again",
	sqlite3.ErrLocked:   "the database is locked; try again",
	sqlite3.ErrFull:     "the disk of the database is full, so nothing was stored; free some space and try again",
	sqlite3.ErrIoErr:    "the disk of the database failed, so nothing was stored; look at the system's log",
	sqlite3.ErrReadonly: "the database cannot be written; check the permissions of its file and folder",
	sqlite3.ErrCantOpen: "the database cannot be opened; check that its folder exists and may be written",
	sqlite3.ErrPerm:     "the database may not be accessed; check the permissions of its file and folder",
	sqlite3.ErrNomem:    "there is not enough memory to use the database",
}

// refusal turns an error of an engine into one of identity's, where a caller or operator can mend it.
func refusal(err error) error {
	var known *identity.Error
	var engine sqlite3.Error
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &engine):
		if detail, ok := outages[engine.Code]; ok {
			return unavailable(detail, err)
		}
		if engine.ExtendedCode == sqlite3.ErrConstraintUnique || engine.ExtendedCode == sqlite3.ErrConstraintPrimaryKey {
			_, columns, _ := strings.Cut(engine.Error(), "constraint failed: ")
			return violation(err, func(u uniqueness) bool { return u.columns == columns })
		}
		return fmt.Errorf("store: %w", err)
	}
	if detail := postgresOutage(err); detail != "" {
		return unavailable(detail, err)
	}
	if index := violated(err); index != "" {
		return violation(err, func(u uniqueness) bool { return u.index == index })
	}
	return fmt.Errorf("store: %w", err)
}

// violation says what it means that a unique constraint was violated.
func violation(err error, is func(uniqueness) bool) error {
	for _, u := range uniquenesses {
		if is(u) && u.rule != identifier {
			return &identity.Error{Kind: identity.Conflict, Rule: u.rule, Detail: u.detail, Field: u.field, Err: err}
		}
	}
	return fmt.Errorf("store: %w", err)
}
