package notify_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// claimed is a user whom the organization has claimed, with the mail that waits about it.
func (w *world) claimed() identity.Claim {
	w.t.Helper()
	_, err := w.AttestDomain(w.ctx, operator, w.org, "corp.example")
	require.NoError(w.t, err)
	require.NoError(w.t, w.Transact(w.ctx, identity.ConsumerOrgID, operator, func(c *identity.Acts) error {
		_, err := c.Create(w.ctx, identity.Draft{UserName: "bob@corp.example", Emails: []identity.AccountEmail{{Value: "bob@corp.example", Primary: true}}, Active: true},
			identity.Origin{Source: identity.SourceManual})
		return err
	}))
	claim, _, err := w.ClaimUser(w.ctx, operator, w.org, identity.ClaimRequest{Email: "bob@corp.example", Mode: identity.ClaimImmediate})
	require.NoError(w.t, err)
	return claim
}

func TestCLM50_TheClaimIsToldOnceWhateverBecomesOfTheLink(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world, claim identity.Claim)
		link   bool
		mails  []string // their subjects
	}{
		"nothing": {func(*world, identity.Claim) {}, true, []string{"Your account belongs to Acme now"}},
		"an invitation is sent after it": {func(w *world, claim identity.Claim) {
			w.clock.move(identity.Day)
			require.NoError(w.t, w.Transact(w.ctx, w.org, operator, func(c *identity.Acts) error {
				_, err := c.Invite(w.ctx, claim.NewAccount, nil)
				return err
			}))
		}, false, []string{"Your account belongs to Acme now", "Acme invites you"}},
		"the link is over": {func(w *world, _ identity.Claim) { w.clock.move(identity.InvitationDays * identity.Day) }, false,
			[]string{"Your account belongs to Acme now"}},
		"the claim is revoked": {func(w *world, claim identity.Claim) {
			_, err := w.RevokeClaim(w.ctx, operator, w.org, claim.ID)
			require.NoError(w.t, err)
		}, false, []string{"Your account is what it was before"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, p := newWorld(t), &post{}
			c.change(w, w.claimed())
			w.deliver(w.deliverer(p))
			var subjects []string
			for _, m := range p.mails {
				subjects = append(subjects, m.Subject)
			}
			require.Equal(t, c.mails, subjects)
			for _, text := range []string{p.mails[0].Text, p.mails[0].HTML} {
				require.Equal(t, c.link, strings.Contains(text, "confirm that the address is yours"), text)
				require.Equal(t, c.link, strings.Contains(text, baseURL), text)
			}
		})
	}
}
