package store

import (
	"time"

	"rollcall/identity"
)

// query is a question and how it may be answered.
type query struct {
	ask func() error
	// want must stand in SQLite's plan, for every query that could be answered in a slower way.
	want   []string
	sorted bool // what several indexes find, which is little, has to be sorted
	whole  bool // the index has what is asked for and nothing else, so it is read from its beginning
	unread bool // SQLite is not asked at all
}

// byCount is how SQLite finds a number that is kept.
const byCount = "SEARCH org_counts USING PRIMARY KEY (org_id=? AND kind=?)"

// queries are questions to every method of identity.Reader, by its name and what is asked.
func queries(r reader) map[string]query {
	const org = identity.ConsumerOrgID
	compare := func(field identity.Field, op identity.Op, text string) identity.Condition {
		return &identity.Compare{Field: field, Op: op, Text: text}
	}
	accounts := func(q identity.AccountQuery) error {
		q.Limit = 100
		_, err := r.Accounts(ctx, org, q)
		return err
	}
	claims := func(q identity.ClaimQuery) error {
		q.Limit = 100
		_, err := r.Claims(ctx, org, q)
		return err
	}
	candidates := func(q identity.CandidateQuery) error {
		q.Claimant, q.Domain, q.Limit = org, "example.com", 100
		_, err := r.Candidates(ctx, q)
		return err
	}
	items := func(q identity.ItemQuery) error {
		q.Type, q.Limit = "T", 100
		_, err := r.Items(ctx, org, q)
		return err
	}
	return map[string]query{
		"Organization":  {ask: func() error { _, err := r.Organization(ctx, org); return err }},
		"Organizations": {ask: func() error { _, err := r.Organizations(ctx, org, 10); return err }},
		"Tombstone":     {ask: func() error { _, err := r.Tombstone(ctx, org); return err }},
		"Tombstones":    {ask: func() error { _, err := r.Tombstones(ctx, org, 10); return err }},
		"CountUsers": {ask: func() error { _, err := r.CountUsers(ctx, org); return err },
			want: []string{byCount, "INDEX accounts_no_users (org_id=?)"}},
		"Account": {ask: func() error { _, err := r.Account(ctx, org, "x"); return err }},
		"AccountByUserName": {ask: func() error { _, err := r.AccountByUserName(ctx, org, "x"); return err },
			want: []string{"INDEX accounts_user_name (org_id=? AND user_name_key=?)"}},
		"LinkedAccounts": {ask: func() error {
			_, err := r.LinkedAccounts(ctx, org, "n", []identity.ObjectID{"a", "b"})
			return err
		}, want: []string{"INDEX accounts_object (connector_id=? AND object_id=?)"}},
		"ProfilesNaming": {ask: func() error {
			_, err := r.ProfilesNaming(ctx, org, "n", []identity.AccountID{"a", "b"})
			return err
		}, want: []string{"(connector_id=?)"}},
		"SettledAmong":  {ask: func() error { _, err := r.SettledAmong(ctx, org, []identity.AccountID{"a", "b"}); return err }, want: []string{"(org_id=? AND id=?)"}},
		"AccountsAmong": {ask: func() error { _, err := r.AccountsAmong(ctx, org, []identity.AccountID{"a", "b"}); return err }, want: []string{"(org_id=? AND id=?)"}},
		"HoldsAmong":    {ask: func() error { _, err := r.HoldsAmong(ctx, []identity.EmailKey{"x", "y"}); return err }, want: []string{"(email_key=?)"}},
		"Photos": {ask: func() error { _, err := r.Photos(ctx, org, "x", 10); return err },
			want: []string{"PRIMARY KEY (org_id=? AND account_id>?)", "(org_id=? AND id=?)"}},
		"PhotosOf": {ask: func() error { _, err := r.PhotosOf(ctx, org, []identity.AccountID{"a", "b"}); return err },
			want: []string{"PRIMARY KEY (org_id=? AND account_id=?)", "(org_id=? AND id=?)"}},
		"PhotoContent": {ask: func() error { _, err := r.PhotoContent(ctx, org, "x"); return err }, want: []string{"(org_id=? AND account_id=?)"}},
		"PlanPhoto": {ask: func() error { _, err := r.PlanPhoto(ctx, org, "x", "00"); return err },
			want: []string{"(org_id=? AND plan_id=? AND digest=?)"}},
		"AccountFor an id": {ask: func() error {
			_, _, err := r.AccountFor(ctx, identity.AccountKey{Org: org, ID: "x"}, "h")
			return err
		}, want: []string{"(org_id=? AND id=?)", "INDEX tokens_hash (hash=?)"}},
		"AccountFor a userName": {ask: func() error {
			_, _, err := r.AccountFor(ctx, identity.AccountKey{Org: org, Name: "x"}, "h")
			return err
		}, want: []string{"INDEX accounts_user_name (org_id=? AND user_name_key=?)", "INDEX tokens_hash (hash=?)"}},
		"Accounts":             {ask: func() error { return accounts(identity.AccountQuery{}) }, want: []string{"(org_id=?)"}},
		"Accounts by key":      {ask: func() error { return accounts(identity.AccountQuery{After: "x"}) }, want: []string{"(org_id=? AND id>?)"}},
		"Accounts by position": {ask: func() error { return accounts(identity.AccountQuery{Skip: 7}) }, want: []string{"COVERING INDEX", "(org_id=? AND id>?)"}},
		"Accounts by userName": {ask: func() error {
			return accounts(identity.AccountQuery{Where: compare(identity.FieldUserName, identity.Equal, "x")})
		}, want: []string{"INDEX accounts_user_name (org_id=? AND user_name_key=?)"}},
		"Accounts by externalId": {ask: func() error {
			return accounts(identity.AccountQuery{Where: compare(identity.FieldExternalID, identity.Equal, "x")})
		}, want: []string{"INDEX accounts_external_id (org_id=? AND external_id=?)"}},
		"Accounts by id": {ask: func() error {
			return accounts(identity.AccountQuery{Where: compare(identity.FieldID, identity.Equal, "x")})
		}, want: []string{"(org_id=? AND id=?)"}},
		"Accounts by email": {ask: func() error {
			return accounts(identity.AccountQuery{Where: compare(identity.FieldEmail, identity.Equal, "x")})
		},
			want: []string{"(org_id=? AND id=?)", "COVERING INDEX account_emails_email (org_id=? AND email=?)"}},
		"Accounts by the beginning of an email": {ask: func() error {
			return accounts(identity.AccountQuery{Where: compare(identity.FieldEmail, identity.HasPrefix, "x")})
		},
			want: []string{"(org_id=? AND id=?)", "COVERING INDEX account_emails_email (org_id=? AND email>? AND email<?)"}},
		"Accounts by a part of an email": {ask: func() error {
			return accounts(identity.AccountQuery{Where: compare(identity.FieldEmail, identity.Contains, "x")})
		},
			want: []string{"PRIMARY KEY (org_id=? AND account_id=?)"}},
		"Accounts by userName or externalId or email": {ask: func() error {
			return accounts(identity.AccountQuery{Where: identity.Or{compare(identity.FieldUserName, identity.Equal, "x"),
				compare(identity.FieldExternalID, identity.Equal, "x"), compare(identity.FieldEmail, identity.Equal, "x")}})
		}, want: []string{"INDEX accounts_user_name (org_id=? AND user_name_key=?)", "INDEX accounts_external_id (org_id=? AND external_id=?)",
			"INDEX account_emails_email (org_id=? AND email=?)"}, sorted: true},
		"Accounts that are active, by position": {ask: func() error {
			return accounts(identity.AccountQuery{Where: &identity.Compare{Field: identity.FieldActive, Op: identity.Equal, Bool: true}, Skip: 7})
		}, want: []string{"COVERING INDEX accounts_listing (org_id=?)"}},
		"Accounts changed since, by position": {ask: func() error {
			return accounts(identity.AccountQuery{Where: &identity.Compare{Field: identity.FieldUpdated, Op: identity.Greater, Time: time.Unix(9, 0)}, Skip: 7})
		}, want: []string{"COVERING INDEX accounts_listing (org_id=?)"}},
		"CountAccounts": {ask: func() error { _, err := r.CountAccounts(ctx, org, nil); return err }, want: []string{byCount}},
		"CountAccounts with a condition": {ask: func() error {
			_, err := r.CountAccounts(ctx, org, identity.Not{Condition: compare(identity.FieldReason, identity.Contains, "x")})
			return err
		}, want: []string{"COVERING INDEX accounts_listing (org_id=?)"}},
		"ConnectorAccounts": {ask: func() error { _, err := r.ConnectorAccounts(ctx, org, "c", "x", 10); return err }, want: []string{"INDEX accounts_connector (connector_id=? AND id>?)"}},
		"AccountsDue":       {ask: func() error { _, err := r.AccountsDue(ctx, time.Unix(9, 0), 10); return err }, want: []string{"INDEX accounts_due (status_at<?)"}},
		"Hold":              {ask: func() error { _, err := r.Hold(ctx, "x"); return err }},
		"TokenByHash":       {ask: func() error { _, err := r.TokenByHash(ctx, "x"); return err }},
		"Tokens":            {ask: func() error { _, err := r.Tokens(ctx, org); return err }},
		"Exchanges": {ask: func() error {
			_, err := r.Exchanges(ctx, org, identity.ExchangeQuery{Token: "t", Failed: true, Limit: 10})
			return err
		}, want: []string{"PRIMARY KEY (org_id=? AND token_id=?)"}},
		"Exchanges further on": {ask: func() error {
			_, err := r.Exchanges(ctx, org, identity.ExchangeQuery{Token: "t", After: identity.ExchangePlace{At: time.Unix(9, 0), ID: "x"}, Limit: 10})
			return err
		}, want: []string{"PRIMARY KEY (org_id=? AND token_id=? AND (at,id)<(?,?))"}},
		"GrantsOf":      {ask: func() error { _, err := r.GrantsOf(ctx, "i", "s"); return err }},
		"Grants":        {ask: func() error { _, err := r.Grants(ctx, org); return err }},
		"Domains":       {ask: func() error { _, err := r.Domains(ctx, org); return err }},
		"DomainHolders": {ask: func() error { _, err := r.DomainHolders(ctx, "x"); return err }},
		"Event":         {ask: func() error { _, err := r.Event(ctx, org, "x"); return err }},
		"Events": {ask: func() error {
			_, err := r.Events(ctx, org, identity.EventQuery{Newest: true, After: "x", Limit: 10})
			return err
		}},
		"Events of an account": {ask: func() error {
			_, err := r.Events(ctx, org, identity.EventQuery{Account: "a", Newest: true, After: "x", Limit: 10})
			return err
		}, want: []string{"INDEX events_account (org_id=? AND account_id=? AND id<?)"}},
		"Events about anything": {ask: func() error {
			_, err := r.Events(ctx, org, identity.EventQuery{Target: "x", Limit: 10})
			return err
		}, want: []string{"INDEX events_account (org_id=? AND account_id=?)", "INDEX events_target (org_id=? AND target_id=?)"}, sorted: true},
		"Events by everything else": {ask: func() error {
			_, err := r.Events(ctx, org, identity.EventQuery{From: time.Unix(9, 0), Until: time.Unix(10, 0), Actor: "a", Kinds: []identity.EventKind{"k"}, Skip: 3, Limit: 10})
			return err
		}, want: []string{"COVERING INDEX events_actor (org_id=? AND (actor_id,at)>(?,?) AND (actor_id,at)<(?,?))", "(org_id=? AND id=?)"}, sorted: true},
		"Events of a range": {ask: func() error {
			_, err := r.Events(ctx, org, identity.EventQuery{From: time.Unix(9, 0), Until: time.Unix(10, 0), Newest: true, Limit: 10})
			return err
		}, want: []string{"INDEX events_at (org_id=? AND at>? AND at<?)"}},
		"Events of a range, further on": {ask: func() error {
			query, args := r.dialect.eventsQuery(org, identity.EventQuery{From: time.Unix(9, 0), Until: time.Unix(10, 0), Newest: true, After: "x", Limit: 10}, time.Unix(9, 5))
			_, err := list(ctx, r.run, scanEvent, query, args...)
			return err
		}, want: []string{"INDEX events_at (org_id=? AND at>? AND (at,id)<(?,?))"}},
		"Events of kinds in a range": {ask: func() error {
			_, err := r.Events(ctx, org, identity.EventQuery{From: time.Unix(9, 0), Kinds: []identity.EventKind{"k", "l"}, Newest: true, Limit: 10})
			return err
		}, want: []string{"COVERING INDEX events_at (org_id=? AND at>?)", "(org_id=? AND id=?)"}, sorted: true},
		"Events of an actor in a range": {ask: func() error {
			_, err := r.Events(ctx, org, identity.EventQuery{From: time.UnixMicro(1), Until: time.UnixMicro(9e9), Actor: "a", Newest: true, Limit: 10})
			return err
		}, want: []string{"INDEX events_actor (org_id=? AND (actor_id,at)>(?,?) AND (actor_id,at)<(?,?))"}},
		"Events of an actor until then": {ask: func() error {
			_, err := r.Events(ctx, org, identity.EventQuery{Until: time.UnixMicro(9e9), Actor: "a", Newest: true, Limit: 10})
			return err
		}, want: []string{"INDEX events_actor (org_id=? AND (actor_id,at)>(?,?) AND (actor_id,at)<(?,?))"}},
		"Events of an actor in a range, further on": {ask: func() error {
			query, args := r.dialect.eventsQuery(org, identity.EventQuery{From: time.UnixMicro(1), Until: time.UnixMicro(9e9), Actor: "a", Newest: true, After: "x", Limit: 10},
				time.UnixMicro(5))
			_, err := list(ctx, r.run, scanEvent, query, args...)
			return err
		}, want: []string{"INDEX events_actor (org_id=? AND (actor_id,at)>(?,?) AND (actor_id,at,id)<(?,?,?))"}},
		"Events from the newest on": {ask: func() error {
			_, err := r.Events(ctx, org, identity.EventQuery{Newest: true, Limit: 10})
			return err
		}, want: []string{"sqlite_autoindex_events_1 (org_id=? AND id>?)"}},
		"Events about anything in a range": {ask: func() error {
			_, err := r.Events(ctx, org, identity.EventQuery{Target: "x", From: time.Unix(9, 0), Newest: true, Limit: 10})
			return err
		}, want: []string{"INDEX events_account (org_id=? AND account_id=?)", "INDEX events_target (org_id=? AND target_id=?)"}, sorted: true},
		"Subscription":  {ask: func() error { _, err := r.Subscription(ctx, org, "x"); return err }},
		"Subscriptions": {ask: func() error { _, err := r.Subscriptions(ctx, org); return err }, want: []string{"INDEX subscriptions_started (org_id=?)"}},
		"Assignments": {ask: func() error { _, err := r.Assignments(ctx, org, "a"); return err },
			want: []string{"PRIMARY KEY (org_id=? AND account_id=?)"}},
		"AssignmentsAmong": {ask: func() error {
			_, err := r.AssignmentsAmong(ctx, org, []identity.AccountID{"a", "b"})
			return err
		}, want: []string{"PRIMARY KEY (org_id=? AND account_id=?)"}},
		"Templates": {ask: func() error { _, err := r.Templates(ctx, org); return err }},
		"Group":     {ask: func() error { _, err := r.Group(ctx, org, "x"); return err }},
		"Groups":    {ask: func() error { _, err := r.Groups(ctx, org, identity.GroupQuery{After: "x", Limit: 10}); return err }, want: []string{"(org_id=? AND id>?)"}},
		"Groups of a name": {ask: func() error {
			_, err := r.Groups(ctx, org, identity.GroupQuery{Name: "n", After: "x", Limit: 10})
			return err
		}, want: []string{"INDEX groups_name (org_id=? AND name_key=? AND id>?)"}},
		"Groups of a provider's id": {ask: func() error {
			_, err := r.Groups(ctx, org, identity.GroupQuery{ExternalID: "n", Limit: 10})
			return err
		}, want: []string{"INDEX groups_external (org_id=? AND external_id=?)"}},
		"Groups with a member": {ask: func() error {
			_, err := r.Groups(ctx, org, identity.GroupQuery{Member: "a", Limit: 10})
			return err
		}, want: []string{"INDEX group_members_account (org_id=? AND account_id=?)", "INDEX group_groups_member (org_id=? AND member_id=?)"}, sorted: true},
		"CountGroups":         {ask: func() error { _, err := r.CountGroups(ctx, org, identity.GroupQuery{}); return err }, want: []string{byCount}},
		"CountGroups by name": {ask: func() error { _, err := r.CountGroups(ctx, org, identity.GroupQuery{Name: "x"}); return err }, want: []string{"(org_id=? AND name_key=?)"}},
		"MembersOf": {ask: func() error { _, err := r.MembersOf(ctx, org, []identity.GroupID{"g"}); return err },
			want: []string{"PRIMARY KEY (org_id=? AND group_id=?)"}},
		"MembershipsOf": {ask: func() error { _, err := r.MembershipsOf(ctx, org, []identity.AccountID{"a", "b"}); return err },
			want: []string{"INDEX group_members_account (org_id=? AND account_id=?)", "INDEX group_groups_member (org_id=? AND member_id=?)"}, sorted: true, whole: true},
		"Members": {ask: func() error { _, err := r.Members(ctx, org, "g", "x", 10); return err },
			want: []string{"PRIMARY KEY (org_id=? AND group_id=? AND account_id>?)"}},
		"CountMembers": {ask: func() error { _, err := r.CountMembers(ctx, org, "g"); return err },
			want: []string{"(org_id=? AND group_id=?)"}},
		"Groups of a connector": {ask: func() error {
			_, err := r.Groups(ctx, org, identity.GroupQuery{Connector: "n", After: "x", Limit: 10})
			return err
		}, want: []string{"INDEX groups_connector (connector_id=? AND id>?)"}},
		"LinkedGroups": {ask: func() error {
			_, err := r.LinkedGroups(ctx, org, "n", []identity.ObjectID{"a", "b"})
			return err
		}, want: []string{"INDEX groups_object (connector_id=? AND object_id=?)"}},
		"LinkedMembers": {ask: func() error { _, err := r.LinkedMembers(ctx, org, "g"); return err },
			want: []string{"PRIMARY KEY (org_id=? AND group_id=?)"}},
		"LinkedPeople": {ask: func() error {
			_, err := r.LinkedPeople(ctx, org, "n", []identity.ObjectID{"a", "b"})
			return err
		}, want: []string{"INDEX accounts_object (connector_id=? AND object_id=?)"}},
		"CountMemberships": {ask: func() error { _, err := r.CountMemberships(ctx, org, "n"); return err },
			want: []string{"INDEX groups_connector (connector_id=?)", "PRIMARY KEY (org_id=? AND group_id=?)"}},
		"GroupsOf": {ask: func() error { _, err := r.GroupsOf(ctx, org, "a"); return err },
			want: []string{"INDEX group_members_account (org_id=? AND account_id=?)"}},
		"Message": {ask: func() error { _, err := r.Message(ctx, org, "x"); return err }},
		"Messages": {ask: func() error {
			_, err := r.Messages(ctx, org, identity.MessageQuery{After: "x", Limit: 10})
			return err
		}, want: []string{"(org_id=? AND id<?)"}},
		"Messages in a state": {ask: func() error {
			_, err := r.Messages(ctx, org, identity.MessageQuery{State: identity.MessageParked, After: "x", Limit: 10})
			return err
		}, want: []string{"INDEX messages_state (org_id=? AND state=? AND id<?)"}},
		"Messages about an account": {ask: func() error {
			_, err := r.Messages(ctx, org, identity.MessageQuery{Account: "a", Limit: 10})
			return err
		}, want: []string{"INDEX messages_account (org_id=? AND account_id=?)"}},
		"MessagesDue": {ask: func() error { _, err := r.MessagesDue(ctx, identity.ByMail, time.Unix(9, 0), 10); return err }, want: []string{"INDEX messages_due (channel=? AND <expr><?)"}},
		"Job":         {ask: func() error { _, err := r.Job(ctx, org, "x"); return err }},
		"Jobs":        {ask: func() error { _, err := r.Jobs(ctx, org, "", "x", 10); return err }, want: []string{"(org_id=? AND id<?)"}},
		"Jobs of a kind": {ask: func() error { _, err := r.Jobs(ctx, org, identity.JobImport, "x", 10); return err },
			want: []string{"INDEX jobs_kind (org_id=? AND kind=? AND id<?)"}},
		"JobsOpen": {ask: func() error {
			_, err := r.JobsOpen(ctx, []identity.JobKind{identity.JobImport, identity.JobClaim}, time.Unix(9, 0), 10)
			return err
		}, want: []string{"INDEX jobs_open (state=?)"}, sorted: true},
		"Schedule": {ask: func() error { _, err := r.Schedule(ctx, org, "c"); return err }},
		"SchedulesDue": {ask: func() error { _, err := r.SchedulesDue(ctx, time.Unix(9, 0), 10); return err },
			want: []string{"INDEX sync_schedules_due (due_at<?)"}},
		"JobRows":  {ask: func() error { _, err := r.JobRows(ctx, org, "j", 7, 10); return err }, want: []string{"(org_id=? AND job_id=? AND number>?)"}},
		"JobChunk": {ask: func() error { _, err := r.JobChunk(ctx, org, "j", 0); return err }},
		"Chain": {ask: func() error { _, err := r.Chain(ctx, org, 7, 10); return err },
			want: []string{"INDEX events_chain (org_id=? AND seq>?)"}},
		"ChainHead": {ask: func() error { _, _, err := r.ChainHead(ctx, org); return err }},
		"EmailChangesDue": {ask: func() error { _, err := r.EmailChangesDue(ctx, time.Unix(9, 0), 10); return err },
			want: []string{"INDEX accounts_pending (pending_since>? AND pending_since<?)"}},
		"Challenge":          {ask: func() error { _, err := r.Challenge(ctx, org, "d"); return err }},
		"Challenges":         {ask: func() error { _, err := r.Challenges(ctx, org); return err }},
		"Binding":            {ask: func() error { _, err := r.Binding(ctx, "i", "s"); return err }},
		"BindingsOf":         {ask: func() error { _, err := r.BindingsOf(ctx, org, "x"); return err }},
		"FullAdministrators": {ask: func() error { _, err := r.FullAdministrators(ctx, org); return err }},
		"ManagedBy":          {ask: func() error { _, err := r.ManagedBy(ctx, org); return err }},
		"Manages":            {ask: func() error { _, err := r.Manages(ctx, org); return err }},
		"IdentityProviders":  {ask: func() error { _, err := r.IdentityProviders(ctx, org); return err }},
		"IdentityProviderOf": {ask: func() error { _, err := r.IdentityProviderOf(ctx, "i"); return err }},
		"SharedNow":          {ask: func() error { _, err := r.SharedNow(ctx, time.Unix(9, 0)); return err }, unread: true},
		"LinkByHash":         {ask: func() error { _, err := r.LinkByHash(ctx, "x"); return err }},
		"Receipt":            {ask: func() error { _, err := r.Receipt(ctx, "c", "k"); return err }},
		"ClockWatch":         {ask: func() error { _, err := r.ClockWatch(ctx); return err }},
		"Claim":              {ask: func() error { _, err := r.Claim(ctx, org, "x"); return err }},
		"Claims": {ask: func() error { return claims(identity.ClaimQuery{After: "x"}) },
			want: []string{"INDEX claims_target (target=? AND id<?)"}},
		"Claims that are open": {ask: func() error { return claims(identity.ClaimQuery{Open: true, After: "x"}) },
			want: []string{"INDEX claims_open (target=? AND id<?)"}},
		"Claims that can be revoked": {ask: func() error { return claims(identity.ClaimQuery{Revocable: time.Unix(9, 0), After: "x"}) },
			want: []string{"INDEX claims_open (target=? AND id<?)", "PRIMARY KEY (org_id=? AND name=?)"}},
		"Claims that are named and can be revoked": {ask: func() error {
			return claims(identity.ClaimQuery{IDs: []identity.ClaimID{"x", "y"}, Revocable: time.Unix(9, 0)})
		}, want: []string{"INDEX claims_open (target=? AND id=?)"}},
		"Claims in a domain": {ask: func() error { return claims(identity.ClaimQuery{Domain: "d", After: "x"}) },
			want: []string{"INDEX claims_target (target=? AND id<?)"}},
		"Claims that are open in a domain": {ask: func() error { return claims(identity.ClaimQuery{Open: true, Domain: "d", After: "x"}) },
			want: []string{"INDEX claims_domain (target=? AND domain=? AND id<?)"}},
		"ClaimOf": {ask: func() error { _, err := r.ClaimOf(ctx, org, "x"); return err },
			want: []string{"INDEX claims_new (target=? AND new_account=?)"}},
		"ClaimsOf": {ask: func() error {
			_, err := r.ClaimsOf(ctx, org, []identity.AccountID{"a", "b"})
			return err
		}, want: []string{"INDEX claims_new (target=? AND new_account=?)"}},
		"ClaimAway": {ask: func() error { _, err := r.ClaimAway(ctx, org, "x"); return err },
			want: []string{"INDEX claims_old (source=? AND old_account=?)"}},
		"OpenClaims": {ask: func() error { _, err := r.OpenClaims(ctx, org, 10); return err },
			want: []string{"INDEX claims_open (target=?)", "INDEX claims_old_open (source=?)"}},
		"ClaimsDue": {ask: func() error { _, err := r.ClaimsDue(ctx, time.Unix(9, 0), 10); return err },
			want: []string{"INDEX claims_due (claimed_at<?)"}},
		"Candidates": {ask: func() error { return candidates(identity.CandidateQuery{After: "x", Without: []identity.OrgID{"o"}}) },
			want: []string{"COVERING INDEX address_holds_domain (domain=? AND email_key>?)"}},
		"Candidates in charge": {ask: func() error { return candidates(identity.CandidateQuery{InCharge: true}) },
			want: []string{"COVERING INDEX address_holds_domain (domain=?)", "INDEX bindings_account (org_id=? AND account_id=?)"}},
		"Candidates or not": {ask: func() error { return candidates(identity.CandidateQuery{Any: true, After: "x"}) },
			want: []string{"COVERING INDEX address_holds_domain (domain=? AND email_key>?)", "INDEX address_holds_withheld (domain=? AND email_key>?)"}},
		"CountCandidates": {ask: func() error {
			_, err := r.CountCandidates(ctx, identity.CandidateQuery{Claimant: org, Domain: "d"})
			return err
		}, want: []string{"COVERING INDEX address_holds_domain (domain=?)"}},
		"DomainsAround": {ask: func() error { _, err := r.DomainsAround(ctx, "mail.example.com"); return err },
			want: []string{"INDEX domains_name (name=?)", "INDEX domains_reversed (reversed>? AND reversed<?)"}},
		"SiteLinks":           {ask: func() error { _, err := r.SiteLinks(ctx, org); return err }},
		"OrgDeletion":         {ask: func() error { _, err := r.OrgDeletion(ctx, org); return err }},
		"OrgDeletionsOpen":    {ask: func() error { _, err := r.OrgDeletionsOpen(ctx, 10); return err }, want: []string{"SCAN org_deletions USING INDEX org_deletions_open"}, whole: true},
		"ReminderLater":       {ask: func() error { _, err := r.ReminderLater(ctx, org, "a", "p"); return err }},
		"Item":                {ask: func() error { _, err := r.Item(ctx, org, "T", "x"); return err }, want: []string{"(org_id=? AND type=? AND id=?)"}},
		"Items":               {ask: func() error { return items(identity.ItemQuery{}) }, want: []string{"(org_id=? AND type=?)"}},
		"Items by key":        {ask: func() error { return items(identity.ItemQuery{After: "x"}) }, want: []string{"(org_id=? AND type=? AND id>?)"}},
		"Items by position":   {ask: func() error { return items(identity.ItemQuery{Skip: 7}) }, want: []string{"COVERING INDEX", "(org_id=? AND type=? AND id>?)"}},
		"Items by externalId": {ask: func() error { return items(identity.ItemQuery{ExternalID: "x"}) }, want: []string{"INDEX items_external_id (org_id=? AND type=? AND external_id=?)"}},
		"Items by unique value": {ask: func() error { return items(identity.ItemQuery{Key: identity.ItemKey{Name: "n", Value: "v"}}) },
			want: []string{"(org_id=? AND type=? AND id=?)", "(org_id=? AND type=? AND name=? AND value=?)"}},
		"CountItems": {ask: func() error { _, err := r.CountItems(ctx, org, identity.ItemQuery{Type: "T"}); return err }, want: []string{byCount}},
		"CountItems that mention something": {ask: func() error {
			_, err := r.CountItems(ctx, org, identity.ItemQuery{Type: "T", Mentions: "x"})
			return err
		}, want: []string{"(org_id=? AND type=?)"}},
		"Connector":            {ask: func() error { _, err := r.Connector(ctx, org, "x"); return err }},
		"Connectors":           {ask: func() error { _, err := r.Connectors(ctx, org); return err }},
		"Plan":                 {ask: func() error { _, err := r.Plan(ctx, org, "x"); return err }},
		"Plans":                {ask: func() error { _, err := r.Plans(ctx, org, "", "", 10); return err }},
		"Plans of a connector": {ask: func() error { _, err := r.Plans(ctx, org, "c", "", 10); return err }},
		"Plans before one":     {ask: func() error { _, err := r.Plans(ctx, org, "", "x", 10); return err }, want: []string{"INDEX plans_org (org_id=? AND id<?)"}},
		"Plans of a connector before one": {ask: func() error { _, err := r.Plans(ctx, org, "c", "x", 10); return err },
			want: []string{"INDEX plans_connector (connector_id=? AND id<?)"}},
		"PlansToDrop": {ask: func() error { _, err := r.PlansToDrop(ctx, time.Unix(7, 0), time.Unix(9, 0), 10); return err },
			want: []string{"INDEX plans_kept (created_at<?)"}},
		"Run":                 {ask: func() error { _, err := r.Run(ctx, org, "x"); return err }},
		"Runs":                {ask: func() error { _, err := r.Runs(ctx, org, "", "", 10); return err }},
		"Runs of a connector": {ask: func() error { _, err := r.Runs(ctx, org, "c", "", 10); return err }},
		"Runs before one":     {ask: func() error { _, err := r.Runs(ctx, org, "", "x", 10); return err }, want: []string{"INDEX runs_org (org_id=? AND id<?)"}},
		"Runs of a connector before one": {ask: func() error { _, err := r.Runs(ctx, org, "c", "x", 10); return err },
			want: []string{"INDEX runs_connector (connector_id=? AND id<?)"}},
	}
}
