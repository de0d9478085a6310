package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestDOM17_WhoIsTransient(t *testing.T) {
	own := []identity.Domain{{Name: "corp.example", State: identity.DomainVerified}, {Name: "corp.org", State: identity.DomainClaimed}}
	mailed := func(address string) identity.Account {
		return identity.Account{UserName: address, Emails: person(address).Emails, Status: identity.Active}
	}
	two := mailed("ada@elsewhere.example")
	two.Emails = append(two.Emails, identity.AccountEmail{Value: "ada@corp.example", Type: "other"})
	shadow := mailed("ada@corp.example.convert-user.local")
	shadow.Shadow = true
	off := mailed("ada@elsewhere.example")
	off.Status = identity.Inactive
	for name, c := range map[string]struct {
		account identity.Account
		off     bool
		domains []identity.Domain
		want    bool
	}{
		"in a verified domain":             {mailed("ada@corp.example"), false, own, false},
		"in a claimed domain":              {mailed("Ada@CORP.org"), false, own, false},
		"in no domain of the organization": {mailed("ada@elsewhere.example"), false, own, true},
		"in a sub-domain (DOM-14)":         {mailed("ada@sub.corp.example"), false, own, true},
		"the primary address counts":       {two, false, own, true},
		"inactive all the same":            {off, false, own, true},
		"nothing is enforced":              {mailed("ada@elsewhere.example"), true, own, false},
		"not before the first domain":      {mailed("ada@elsewhere.example"), false, nil, false},
		"without an address":               {identity.Account{UserName: "ada"}, false, own, false},
		"a shadow waits where nobody is":   {shadow, false, own, false},
		"an address that cannot be read":   {mailed("\u0430da@elsewhere.example"), false, own, false},
	} {
		t.Run(name, func(t *testing.T) {
			transient := identity.TransientIn(identity.Organization{EnforceVerifiedDomains: !c.off}, c.domains, identity.EmailPolicy{})
			require.Equal(t, c.want, transient(c.account))
		})
	}
}

func TestDOM17_OnlyVerifiedDomainsRefusesNewUsersAndMarksThoseThere(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	there := w.must(org, provider, person("u@other.example"))
	w.set(org, func(o *identity.Organization) { o.EnforceVerifiedDomains = true })
	w.must(org, provider, person("v@other.example"))
	require.Empty(t, w.why(there).Notes, "not before the first verified domain")

	w.verify(org, "corp.example")
	_, err := w.add(org, provider, person("x@other.example"))
	refusedWith(t, err, identity.RuleDomainNotVerified)
	require.Equal(t, identity.Conflict, identity.KindOf(err))
	own := w.must(org, provider, person("u@corp.example"))
	require.Empty(t, w.why(own).Notes)
	x := w.why(there)
	require.Len(t, x.Notes, 1)
	require.Contains(t, x.Notes[0], "the user is transient (DOM-17)")
	require.Equal(t, there.Version, w.account(there).Version, "it is derived: nothing is written")
	_, err = w.update(provider, there, func(d *identity.Draft) { d.ExternalID = "7" })
	require.NoError(t, err, "whoever is there stays and can be changed")

	w.set(org, func(o *identity.Organization) { o.EnforceVerifiedDomains = false })
	require.Empty(t, w.why(there).Notes)
	w.must(org, provider, person("x@other.example"))
}
