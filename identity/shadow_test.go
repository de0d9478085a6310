package identity_test

import (
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
