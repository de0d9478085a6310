package identity_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestEML16_ContactDataOfAClaimedUserIsStillNobodysAddress(t *testing.T) {
	w := newWorld(t)
	org, source := w.claimant("Corp", "corp.example"), w.org("Source")
	d := person("ada@corp.example")
	d.Emails = append(d.Emails, identity.AccountEmail{Value: "ada@far.example", Type: "home"})
	w.must(source, provider, d)
	w.claimed(org, "ada@corp.example", "")
	_, err := w.Reader().Hold(w.ctx, "ada@far.example")
	require.True(t, identity.IsNotFound(err), "%v", err)
	w.must(w.org("Other"), provider, person("ada@far.example"))
}

func TestCLM40_TheSameAddressIsClaimedTwiceFromOneOrganization(t *testing.T) {
	w := newWorld(t)
	org := w.claimant("Corp", "corp.example")
	first, p := w.personal("ada@corp.example")
	_, a := w.claimed(org, "ada@corp.example", identity.ClaimImmediate)
	w.signInAs(p)
	_, err := w.update(admin, a, func(d *identity.Draft) { d.UserName, d.Emails = "ada@else.example", person("ada@else.example").Emails })
	require.NoError(t, err)

	second := w.must(identity.ConsumerOrgID, provider, person("ada@corp.example"))
	claim, _ := w.claimed(org, "ada@corp.example", identity.ClaimImmediate)
	one, two := w.account(first), w.account(second)
	require.Equal(t, "ada@corp.example.convert-user.local", one.UserName)
	require.NotEqual(t, one.UserName, two.UserName)
	require.True(t, strings.HasPrefix(two.UserName, "ada@corp.example.") && strings.HasSuffix(two.UserName, ".convert-user.local"), two.UserName)
	require.Equal(t, "ada@corp.example.convert-user.local", two.PrimaryEmail())
	require.NoError(t, w.revoke(claim))
	require.Equal(t, "ada@corp.example", w.account(second).UserName)
}
