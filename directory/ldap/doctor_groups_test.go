package ldap_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/fixtures"
)

// TestDoctorLooksWhereGroupsAre reads through the limits of Microsoft's domain controllers.
func TestDoctorLooksWhereGroupsAre(t *testing.T) {
	d := fixtures.SharedSamba(t)
	people, groups := d.AddOU(t, "", "Looked at"), d.AddOU(t, "", "Groups of them")
	var members []string
	for i := range 5 {
		members = append(members, d.AddUser(t, fixtures.User{OU: people, Login: fmt.Sprintf("look%d", i), Given: fmt.Sprint("Look ", i), Mail: fmt.Sprintf("look%d@corp.example.com", i)}))
	}
	d.AddGroup(t, groups, "Large one", members...)
	d.AddGroup(t, groups, "Small one", members[:2]...)
	settings := connectorTo(t, d, people)
	settings.URLs, settings.AllowPlaintext, settings.CAFile = []string{fixtures.Limited(t, d, fixtures.Limits{PageSize: 2, Values: 2})}, true, ""
	checks := examine(t, settings)
	require.Equal(t, "TLS: warning\nok: 21", outcome(checks))
	require.Contains(t, checkOf(t, checks, "value ranges").Seen, "none of 0")

	settings.Groups = &directory.GroupSettings{BaseDNs: []string{groups}}
	checks = examine(t, settings)
	require.Equal(t, "TLS: warning\nok: 21", outcome(checks))
	require.Contains(t, checkOf(t, checks, "value ranges").Seen, "1 of 2, which are read in parts")
	require.Equal(t, "groups: 2 with 7 memberships, 0 of them of somebody who is not read", checkOf(t, checks, "groups").Seen)

	settings.BindDN, settings.BindPasswordFile = d.PlainDN, passwordFile(t, d.PlainPassword)
	checks = examine(t, settings)
	require.Equal(t, "TLS: warning\ndeleted objects: warning\nincremental: warning\nok: 19", outcome(checks))
	require.Contains(t, checkOf(t, checks, "deleted objects").Seen, "DELETED PEOPLE AND GROUPS CANNOT BE SEEN")
	require.Contains(t, checkOf(t, checks, "incremental").Seen, "would not hear of deletions")
	require.Equal(t, "groups: 2 with 7 memberships, 0 of them of somebody who is not read", checkOf(t, checks, "groups").Seen)
	require.Equal(t, ldap.CheckWarning, ldap.Worst(checks))
}
