package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestWhy_ExplainsEveryInactivePerson(t *testing.T) {
	w := newWorld(t)
	org, synced := w.org("A"), w.org("B")
	w.set(org, func(o *identity.Organization) { o.RetentionDays = 45 })
	byAdmin, err := w.deactivate(admin, w.must(org, provider, person("admin@example.com")))
	require.NoError(t, err)
	byProvider, err := w.update(provider, w.must(org, provider, person("provider@example.com")), func(d *identity.Draft) { d.Active = false })
	require.NoError(t, err)
	gone, err := w.mirror(w.synchronized(synced, "gone@example.com", false), identity.DirectoryMissing, identity.DirectoryDeleted)
	require.NoError(t, err)
	moved, err := w.mirror(w.synchronized(synced, "moved@example.com", false), identity.DirectoryMissing, identity.DirectoryOutOfScope)
	require.NoError(t, err)
	disabled, err := w.mirror(w.synchronized(synced, "disabled@example.com", false), identity.DirectoryBlocked, "")
	require.NoError(t, err)
	w.set(synced, func(o *identity.Organization) { o.SyncMode = identity.SyncManual })

	for name, c := range map[string]struct {
		account   identity.Account
		rule      identity.Rule
		actor     identity.Actor
		next      time.Time
		managedBy string
		says      string
	}{
		"deactivated by an administrator": {byAdmin, "USR-10", admin, t0.Add(45 * identity.Day), "organization", "Deactivated by Ada."},
		"deactivated by the provider":     {byProvider, "USR-17", provider, t0.Add(45 * identity.Day), "organization", "Entra"},
		"gone from the directory":         {gone, "USR-11a", connector, t0.Add(7 * identity.Day), "directory", "gone"},
		"moved out of scope":              {moved, "DIR-18", connector, t0.Add(7 * identity.Day), "directory", "still exists"},
		"disabled in the directory":       {disabled, "USR-11b", connector, time.Time{}, "directory", "disabled"},
	} {
		t.Run(name, func(t *testing.T) {
			x := w.why(c.account)
			require.Equal(t, "inactive", x.Status)
			require.Equal(t, c.account.InactiveReason, x.Reason)
			require.Equal(t, c.rule, x.Rule)
			require.Equal(t, c.actor.Name, x.Actor.Name)
			require.Equal(t, t0, x.Since)
			require.Equal(t, c.next, x.Next.At)
			require.Equal(t, c.managedBy, x.ManagedBy)
			require.Contains(t, x.Because, c.says)
			require.NotEmpty(t, x.Event)
			require.NotEmpty(t, x.Next.Text)
			if c.managedBy == "directory" {
				require.JSONEq(t, `{"found":"tombstone"}`, string(x.Evidence))
			}
		})
	}
	w.clock.move(7 * identity.Day)
	require.Equal(t, 2, w.purge())
	x := w.why(gone)
	require.Equal(t, "deleted", x.Status)
	require.Equal(t, identity.Rule("USR-11a"), x.Rule)
	require.Equal(t, identity.System, x.Actor.Kind)

	_, err = w.Why(w.ctx, org, "00000000-0000-7000-8000-00000000dead")
	refusedWith(t, err, identity.RuleUnknownAccount)
	_, err = w.Why(w.ctx, org, disabled.ID)
	refusedWith(t, err, identity.RuleUnknownAccount)
}

func TestCLM42_WhoWasInactiveWhenClaimedIsKeptLikeAnybodyInactiveHere(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.must(org, admin, person("ada@example.com"))
	a, e, err := a.Deactivate(identity.ClaimedInactive, t0)
	require.NoError(t, err)
	require.Equal(t, identity.Rule("CLM-42"), e.Rule)
	require.Equal(t, identity.StateInactive, a.State())
	require.False(t, a.InactiveReason.FromDirectory())
	w.store(a)
	x := w.why(a)
	require.Equal(t, "The user was inactive in the organization that they were claimed from.", x.Because)
	require.Equal(t, identity.Rule("CLM-42"), x.Next.Rule)
	require.Equal(t, t0.Add(30*identity.Day), x.Next.At)
	require.Contains(t, x.Next.Text, "somebody reactivates the account first")

	back, err := w.reactivate(admin, w.account(a))
	require.NoError(t, err)
	require.Equal(t, identity.NotVerified, back.Status, "A22: the claiming administrator can reactivate")
}

func TestCLM10_PreviewOverTheStore(t *testing.T) {
	w := newWorld(t)
	claimant, sso, synced, plain := w.org("Claimant"), w.org("SSO"), w.org("Synced"), w.org("Plain")
	w.verify(claimant, "corp.example")
	w.must(sso, provider, person("sso@corp.example"))
	w.set(sso, func(o *identity.Organization) { o.SSOProvider = "https://idp.example" })
	w.synchronized(synced, "synced@corp.example", false)
	w.set(synced, func(o *identity.Organization) { o.SyncMode = identity.SyncManual })
	w.must(plain, provider, person("plain@corp.example"))
	w.must(identity.ConsumerOrgID, operator, person("personal@corp.example"))
	w.must(claimant, provider, person("member@corp.example"))
	w.must(sso, provider, person("foreign@other.example"))

	codes := func(address string) []identity.Rule {
		p, err := w.PreviewClaim(w.ctx, claimant, address, "")
		require.NoError(t, err)
		require.Equal(t, len(p.Reasons) == 0, p.Eligible)
		var list []identity.Rule
		for _, r := range p.Reasons {
			list = append(list, r.Code)
		}
		return list
	}
	require.Empty(t, codes("Personal@corp.example"))
	require.Empty(t, codes("plain@corp.example"))
	require.Equal(t, []identity.Rule{identity.RuleClaimSourceSSO}, codes("sso@corp.example"))
	require.Equal(t, []identity.Rule{identity.RuleClaimSourceDirSync}, codes("synced@corp.example"))
	require.Equal(t, []identity.Rule{identity.RuleClaimAlreadyMember}, codes("member@corp.example"))
	require.Equal(t, []identity.Rule{identity.RuleClaimNoAccount}, codes("nobody@corp.example"))
	require.Equal(t, []identity.Rule{identity.RuleClaimDomainNotVerified}, codes("foreign@other.example"), "EML-13: no word of its organization")
	require.Equal(t, codes("nobody@other.example"), codes("foreign@other.example"), "nor of its existence")

	w.verify(sso, "corp.example")
	require.Equal(t, []identity.Rule{identity.RuleClaimSourceSSO, identity.RuleClaimVerifiedElsewhere, identity.RuleClaimOverlap}, codes("sso@corp.example"))
	require.Equal(t, []identity.Rule{identity.RuleClaimVerifiedElsewhere}, codes("personal@corp.example"), "CLM-11: both are paralysed")
	_, err := w.PreviewClaim(w.ctx, claimant, "not an address", "")
	refusedWith(t, err, identity.RuleInvalidEmail)
}

func TestUSR24_WhyTellsWhoDeletedSomebody(t *testing.T) {
	w := newWorld(t)
	a := w.byHand(w.org("A"), "ada@example.com")
	require.NoError(t, w.delete(identity.Actor{Kind: identity.Operator, Name: "root"}, a))
	require.Equal(t, "Deleted by root.", w.why(a).Because)
}
