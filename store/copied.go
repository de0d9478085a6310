package store

import (
	"strings"
	"sync"
)

// copiedTable is a table that goes from one store to another.
type copiedTable struct {
	name    string
	order   string // its primary key: the order in which rows are written
	columns []copiedColumn
}

// copiedColumn is a column and what is in it. Both engines have the same columns and not the same types: what SQLite keeps as a number
// can be a boolean, and what PostgreSQL keeps as bytes can be an identifier.
type copiedColumn struct {
	name string
	kind columnKind
}

type columnKind string

// What columns hold.
const (
	keyKind    columnKind = "key" // an identifier
	textKind   columnKind = "text"
	numberKind columnKind = "number" // also an instant
	flagKind   columnKind = "flag"
	bytesKind  columnKind = "bytes"
)

// copiedTables are all tables, in an order in which each comes after those that it refers to. What an engine has for itself is not
// copied: the versions of the schema, PostgreSQL's marks of commits and its locks; nor
// is org_counts, which is filled while rows are written. A test compares this with both schemas.
var copiedTables = sync.OnceValue(func() []copiedTable {
	tables := make([]copiedTable, len(copied))
	for i, text := range copied {
		tables[i] = copiedTable{name: text[0], order: text[1]}
		for column := range strings.SplitSeq(text[2], ",") {
			words := strings.Fields(column)
			tables[i].columns = append(tables[i].columns, copiedColumn{words[0], columnKind(words[1])})
		}
	}
	return tables
})

// copiedSchema is the version of the schema that copied is about. It is the same on both engines: SQLite's, because PostgreSQL's migrations
// began later and count from 1 too.
func copiedSchema() int64 { return historyOf("sqlite").latest() }

func (t copiedTable) names() []string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return names
}

// list is the columns as a statement names them.
func (t copiedTable) list() string { return `"` + strings.Join(t.names(), `", "`) + `"` }

// copied are names of tables, their primary keys, and their columns with what they hold.
var copied = [][3]string{
	{"organizations", "id", `id key, name text, kind text, sync_mode text, sso_provider text, require_email flag, activation_emails flag,
		retention_days number, created_at number, updated_at number, version number, retention_cut_at number, enforce_verified_domains flag,
		self_registration flag, required_attributes text, creator key, active_providers number, licence_templates number, state text,
		region text, allow_content_transfer flag, provider_authoritative flag`},
	{"connectors", "id", `id key, org_id key, name text, kind text, settings text, last_good_count number, last_good_at number,
		last_good_server text, created_at number, updated_at number, version number, cursor text, secret text, domain text`},
	{"accounts", "org_id, id", `org_id key, id key, user_name text, user_name_key text, external_id text, status text, previous_status text,
		inactive_reason text, status_at number, status_event key, source text, connector_id key, object_id text, dn text, shadow flag,
		first_sign_in_at number, last_sign_in_at number, created_at number, updated_at number, version number, emails text, profile text,
		pending_email text, pending_since number, invited_at number, machine flag`},
	{"account_emails", "org_id, account_id, email", `org_id key, account_id key, email text`},
	{"address_holds", "email_key", `email_key text, org_id key, account_id key, kind text, domain text`},
	{"tokens", "id", `id key, org_id key, name text, profile text, hash text, created_at number, revoked_at number, me key`},
	{"scim_exchanges", "org_id, token_id, at, id", `org_id key, token_id key, at number, id key, method text, path text, query text,
		status number, scim_type text, detail text, duration_us number, body text, request_id text, user_agent text`},
	{"grants", "org_id, issuer, subject", `org_id key, issuer text, subject text, role text, created_at number`},
	{"domains", "org_id, name", `org_id key, name text, state text, updated_at number, reversed text`},
	{"domain_challenges", "org_id, name", `org_id key, name text, token text, created_at number`},
	{"events", "org_id, id", `org_id key, id key, at number, kind text, rule text, actor_kind text, actor_id text, actor_name text,
		actor_org key, account_id key, account_name text, reason text, evidence text, actor_account key, request text, target_type text,
		target_id text, target_name text, error text, message text, seq number, hash bytes`},
	{"audit_heads", "org_id", `org_id key, seq number, hash bytes`},
	{"plans", "id", `id key, org_id key, connector_id key, created_at number, hash text, state text, summary text, approved_by text,
		version number, mismatched number, undoes key, dropped_at number`},
	{"plan_bodies", "plan_id", `plan_id key, body bytes`},
	{"runs", "id", `id key, org_id key, connector_id key, plan_id key, state text, actor_kind text, actor_id text, actor_name text,
		actor_org key, started_at number, finished_at number, next_step number, report text, version number`},
	{"sync_schedules", "connector_id", `connector_id key, org_id key, full_every number, incremental_every number, next_full_at number,
		next_incremental_at number, failures number, failing_since number, quarantined_at number, trouble text, attempt_at number,
		attempt_kind text, success_at number, success_kind text, success_run key, lease_by text, lease_until number, due_at number,
		version number`},
	{"bindings", "issuer, subject", `issuer text, subject text, org_id key, account_id key, created_at number`},
	{"relationships", "managing, managed", `managing key, managed key, role text, created_at number`},
	{"identity_providers", "issuer", `issuer text, org_id key, audience text, clients text, active flag, created_at number,
		updated_at number`},
	{"links", "hash", `hash text, org_id key, account_id key, purpose text, address text, created_at number, expires_at number,
		used_at number`},
	{"receipts", "caller, key", `caller text, key text, fingerprint text, answer bytes, created_at number, org_id key`},
	{"clock_watch", "id", `id number, at number, paused_at number, why text, steady number`},
	{"subscriptions", "org_id, id", `org_id key, id key, name text, type text, status text, started_at number, updated_at number,
		version number`},
	{"pools", "org_id, subscription_id, licence", `org_id key, subscription_id key, licence text, seats number, used number`},
	{"assignments", "org_id, account_id, licence", `org_id key, account_id key, licence text, subscription_id key, assigned_at number`},
	{"groups", "org_id, id", `org_id key, id key, name text, external_id text, source text, created_at number, updated_at number,
		version number, name_key text, attributes text, connector_id key, object_id text, dn text`},
	{"group_members", "org_id, group_id, account_id", `org_id key, group_id key, account_id key, display text`},
	{"group_groups", "org_id, group_id, member_id", `org_id key, group_id key, member_id key, display text`},
	{"templates", "org_id, group_id", `org_id key, group_id key, licences text, updated_at number`},
	{"messages", "org_id, id", `org_id key, id key, account_id key, kind text, recipient text, key text, data text, state text,
		attempts number, next_at number, last_error text, created_at number, sent_at number, channel text`},
	{"jobs", "org_id, id", `org_id key, id key, kind text, state text, actor text, options text, total number, processed number,
		succeeded number, failed number, next text, error text, created_at number, started_at number, finished_at number, expires_at number,
		lease_until number, version number`},
	{"job_rows", "org_id, job_id, number", `org_id key, job_id key, number number, input text, done flag, outcome text, account_id key,
		code text, message text`},
	{"job_chunks", "org_id, job_id, number", `org_id key, job_id key, number number, data bytes`},
	{"claims", "id", `id key, target key, source key, new_account key, old_account key, mode text, email text, domain text, carried text,
		content_lost flag, claimed_at number, signed_in_at number, outcome text, settled_at number, version number`},
	{"site_links", "org_id, site", `org_id key, site text, licence text, status text, created_at number, updated_at number`},
	{"org_deletions", "org_id", `org_id key, id key, handling text, state text, actor text, requested_at number, users_at number,
		deleted_at number, converted number, removed number, version number`},
	{"reminders", "org_id, account_id, prompt", `org_id key, account_id key, prompt text, later_at number`},
	{"items", "org_id, type, id", `org_id key, type text, id key, external_id text, attributes text, created_at number, updated_at number,
		version number`},
	{"item_keys", "org_id, type, name, value", `org_id key, type text, name text, value text, item_id key`},
	{"photos", "org_id, account_id", `org_id key, account_id key, digest bytes, media_type text, width number, height number, size number,
		updated_at number`},
	{"photo_bytes", "org_id, account_id", `org_id key, account_id key, bytes bytes`},
	{"plan_photos", "org_id, plan_id, digest", `org_id key, plan_id key, digest bytes, connector_id key, staged_at number, bytes bytes`},
}
