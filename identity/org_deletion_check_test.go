package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func bought(kind identity.SubscriptionType, status identity.SubscriptionStatus) identity.Subscription {
	return identity.Subscription{ID: identity.SubscriptionID(kind + "-" + identity.SubscriptionType(status)), Name: string(kind), Type: kind, Status: status}
}

func rulesOf(reasons []identity.DeletionReason) []identity.Rule {
	rules := []identity.Rule{}
	for _, r := range reasons {
		rules = append(rules, r.Code)
	}
	return rules
}

func blocking(r identity.DeletionReason) []string {
	ids := []string{}
	for _, o := range r.Objects {
		ids = append(ids, o.ID)
	}
	return ids
}

func TestORG05_OneOfFourHomogeneousProfiles(t *testing.T) {
	strict := identity.DefaultRules()
	strict.AllowActiveOnlineTrial = false
	all := func(s ...identity.Subscription) []identity.Subscription { return s }
	for name, c := range map[string]struct {
		rules  identity.Rules
		has    []identity.Subscription
		blocks []string // ids; nil: it can be deleted
		detail identity.Rule
	}{
		"P4 none":                                     {},
		"P3 one free":                                 {has: all(bought("free", "active"))},
		"P3 a free one in any status":                 {has: all(bought("free", "suspended"), bought("free", "expired"))},
		"P2 an active online trial":                   {has: all(bought("online_trial", "active"))},
		"P2 an expired online trial":                  {has: all(bought("online_trial", "expired"))},
		"P2 one active, one expired":                  {has: all(bought("online_trial", "active"), bought("online_trial", "expired"))},
		"P1 an expired partner trial":                 {has: all(bought("partner_trial", "expired"))},
		"an active partner trial":                     {has: all(bought("partner_trial", "active")), blocks: []string{"partner_trial-active"}},
		"a suspended partner trial":                   {has: all(bought("partner_trial", "suspended")), blocks: []string{"partner_trial-suspended"}},
		"a suspended online trial":                    {has: all(bought("online_trial", "suspended")), blocks: []string{"online_trial-suspended"}},
		"a paid one":                                  {has: all(bought("paid", "active")), blocks: []string{"paid-active"}},
		"a paid one that is suspended":                {has: all(bought("paid", "suspended")), blocks: []string{"paid-suspended"}},
		"A1 a paid one that was cancelled":            {has: all(bought("paid", "cancelled"))},
		"A1 a paid one that is over":                  {has: all(bought("paid", "expired"))},
		"A1 over, beside free ones":                   {has: all(bought("paid", "expired"), bought("free", "active"))},
		"A1 cancelled, beside others of another type": {has: all(bought("partner_trial", "cancelled"), bought("online_trial", "active"))},
		"mixed: free and an expired online trial": {has: all(bought("free", "active"), bought("online_trial", "expired")),
			blocks: []string{"free-active", "online_trial-expired"}, detail: identity.RuleMixedSubscriptions},
		"mixed: an expired partner trial and free": {has: all(bought("partner_trial", "expired"), bought("free", "active")),
			blocks: []string{"partner_trial-expired", "free-active"}, detail: identity.RuleMixedSubscriptions},
		"only what is paid for stands in the way of the rest": {has: all(bought("paid", "active"), bought("free", "active")), blocks: []string{"paid-active"}},
		"mixed, and paid for": {has: all(bought("paid", "active"), bought("free", "active"), bought("online_trial", "active")),
			blocks: []string{"paid-active", "free-active", "online_trial-active"}, detail: identity.RuleMixedSubscriptions},
		"switched: an active online trial":  {rules: strict, has: all(bought("online_trial", "active")), blocks: []string{"online_trial-active"}},
		"switched: an expired online trial": {rules: strict, has: all(bought("online_trial", "expired"))},
	} {
		t.Run(name, func(t *testing.T) {
			if c.rules == (identity.Rules{}) {
				c.rules = identity.DefaultRules()
			}
			reasons := identity.DeletionReasons(identity.DeletionCase{Subscriptions: c.has, Users: 1, Rules: c.rules})
			if c.blocks == nil {
				require.Empty(t, reasons)
				return
			}
			require.Equal(t, []identity.Rule{identity.RuleOrgSubscriptions}, rulesOf(reasons))
			require.ElementsMatch(t, c.blocks, blocking(reasons[0]))
			require.Equal(t, len(c.blocks), reasons[0].Count)
			require.Equal(t, c.detail, reasons[0].Detail)
		})
	}
}

func TestORG06_AnActiveOnlineTrialDoesNotBlockAndAnActivePartnerTrialDoes(t *testing.T) {
	for kind, want := range map[identity.SubscriptionType][]identity.Rule{
		identity.OnlineTrial: {}, identity.PartnerTrial: {identity.RuleOrgSubscriptions}, identity.Paid: {identity.RuleOrgSubscriptions}, identity.Free: {},
	} {
		reasons := identity.DeletionReasons(identity.DeletionCase{Subscriptions: []identity.Subscription{bought(kind, "active")}, Rules: identity.DefaultRules()})
		require.Equal(t, want, rulesOf(reasons), kind)
	}
}

func TestORG07_EachReasonAndItsBoundary(t *testing.T) {
	orgs := func(ids ...identity.OrgID) []identity.Organization {
		var all []identity.Organization
		for _, id := range ids {
			all = append(all, identity.Organization{ID: id, Name: "The " + string(id)})
		}
		return all
	}
	site := func(status identity.SiteStatus) []identity.SiteLink {
		return []identity.SiteLink{{Site: "meet.example", Status: status}}
	}
	type c = identity.DeletionCase
	for name, tc := range map[string]struct {
		c     c
		rule  identity.Rule // empty: no reason
		count int
		ids   []string
		says  string
	}{
		"a pending link":   {c: c{Sites: site("pending")}},
		"a completed link": {c{Sites: site("completed")}, identity.RuleOrgLinkedSites, 1, []string{"meet.example"}, "Org cannot be deleted as it has Linked sites."},
		"a subscription": {c{Subscriptions: []identity.Subscription{bought("paid", "active")}}, identity.RuleOrgSubscriptions, 1, []string{"paid-active"},
			"Org cannot be deleted as it has active subscriptions or licenses."},
		"synchronization off": {c: c{Org: identity.Organization{SyncMode: identity.SyncDisabled}, Connectors: []identity.Connector{{ID: "c1"}}}},
		"synchronization paused": {c{Org: identity.Organization{SyncMode: identity.SyncPaused}, Connectors: []identity.Connector{{ID: "c1", Name: "AD"}}}, identity.RuleOrgDirSync, 1,
			[]string{"c1"}, "Org cannot be deleted as Directory Synchronization is enabled."},
		"A3 an authoritative identity provider is no directory": {c: c{Org: identity.Organization{SyncMode: identity.SyncDisabled, ProviderAuthoritative: true}}},
		"no user":               {c: c{}},
		"one user":              {c: c{Users: 1}},
		"two users":             {c{Users: 2}, identity.RuleOrgUsers, 2, []string{}, "Org cannot be deleted as it has more than 1 user."},
		"A2 two users, convert": {c: c{Users: 2, Handling: identity.HandleConvert}},
		"A2 two users, delete":  {c: c{Users: 2, Handling: identity.HandleDelete}},
		"managed by one":        {c: c{ManagedBy: orgs("p1")}},
		"managed by two": {c{ManagedBy: orgs("p1", "p2")}, identity.RuleOrgManagedBy, 2, []string{"p1", "p2"},
			"Org cannot be deleted as it has more than 1 managed by relationship."},
		"manages one": {c{Manages: orgs("k1")}, identity.RuleOrgManages, 1, []string{"k1"}, "Org cannot be deleted as it has managed orgs."},
	} {
		t.Run(name, func(t *testing.T) {
			tc.c.Rules = identity.DefaultRules()
			reasons := identity.DeletionReasons(tc.c)
			if tc.rule == "" {
				require.Empty(t, reasons)
				return
			}
			require.Equal(t, []identity.Rule{tc.rule}, rulesOf(reasons))
			require.Equal(t, tc.says, reasons[0].Message)
			require.Equal(t, tc.count, reasons[0].Count)
			require.Equal(t, tc.ids, blocking(reasons[0]))
			require.NotEmpty(t, reasons[0].Remedy)
		})
	}
}

// TestI14_ReasonsAreExactlyThePredicatesOfORG07 tries every combination.
func TestI14_ReasonsAreExactlyThePredicatesOfORG07(t *testing.T) {
	rules := []identity.Rule{identity.RuleOrgLinkedSites, identity.RuleOrgSubscriptions, identity.RuleOrgDirSync, identity.RuleOrgUsers,
		identity.RuleOrgManagedBy, identity.RuleOrgManages}
	for set := range 1 << len(rules) {
		c := identity.DeletionCase{Users: 1, Rules: identity.DefaultRules(), Org: identity.Organization{SyncMode: identity.SyncDisabled}}
		want := []identity.Rule{}
		for i, rule := range rules {
			if set&(1<<i) == 0 {
				continue
			}
			want = append(want, rule)
			switch rule {
			case identity.RuleOrgLinkedSites:
				c.Sites = []identity.SiteLink{{Status: identity.SiteCompleted}}
			case identity.RuleOrgSubscriptions:
				c.Subscriptions = []identity.Subscription{bought("paid", "suspended")}
			case identity.RuleOrgDirSync:
				c.Org.SyncMode = identity.SyncRegistered
			case identity.RuleOrgUsers:
				c.Users = 2
			case identity.RuleOrgManagedBy:
				c.ManagedBy = make([]identity.Organization, 2)
			case identity.RuleOrgManages:
				c.Manages = make([]identity.Organization, 1)
			}
		}
		require.Equal(t, want, rulesOf(identity.DeletionReasons(c)))
	}
}
