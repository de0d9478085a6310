package demodirectory

import (
	"fmt"
	"log/slog"
	"net"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"
)

const password = "the right one"

func start(t *testing.T, d *Directory) *ldap.Conn {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := Serve(l, d, password, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	c, err := ldap.DialURL(s.URL())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func bound(t *testing.T, d *Directory) *ldap.Conn {
	c := start(t, d)
	require.NoError(t, c.Bind(BindDN, password))
	return c
}

func users(filter string, attributes ...string) *ldap.SearchRequest {
	return ldap.NewSearchRequest(PeopleDN, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, filter, attributes, nil)
}

func byID(id ID) string {
	return fmt.Sprintf("(objectGUID=%s)", ldap.EscapeFilter(packGUID(string(id))))
}

func TestTheRootDSEIsReadableBeforeABindAndNothingElseIs(t *testing.T) {
	c := start(t, New())
	root := ldap.NewSearchRequest("", ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", nil, nil)
	answer, err := c.Search(root)
	require.NoError(t, err)
	require.Equal(t, BaseDN, answer.Entries[0].GetAttributeValue("defaultNamingContext"))
	require.Contains(t, answer.Entries[0].GetAttributeValues("supportedControl"), controlPaging)

	_, err = c.Search(users("(objectClass=user)"))
	require.True(t, ldap.IsErrorWithCode(err, ldap.LDAPResultOperationsError), "%v", err)
	require.True(t, ldap.IsErrorWithCode(c.Bind(BindDN, "wrong"), ldap.LDAPResultInvalidCredentials))
}

func TestPagesEndWithAnEmptyCookieAndHaveEverybodyOnce(t *testing.T) {
	d := New()
	for i := range MaxPage + 5 {
		d.Add(Person{GivenName: "P", FamilyName: fmt.Sprint(i), Mail: fmt.Sprintf("p%d@corp.example", i)})
	}
	c := bound(t, d)
	_, err := c.Search(users("(objectClass=user)"))
	require.True(t, ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded), "without paging: %v", err)

	answer, err := c.SearchWithPaging(users("(&(objectClass=user)(objectCategory=person))", "mail", "objectGUID"), 100)
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, e := range answer.Entries {
		require.Len(t, e.GetRawAttributeValue("objectGUID"), 16)
		seen[e.GetAttributeValue("mail")] = true
	}
	require.Len(t, seen, MaxPage+5)
}

func TestFilters(t *testing.T) {
	d := New()
	ada := d.Add(Person{GivenName: "Ada", FamilyName: "Lovelace", Mail: "ada@corp.example", Department: "Research"})
	d.Add(Person{GivenName: "Bob", FamilyName: "Kahn", Mail: "bob@corp.example", Disabled: true})
	c := bound(t, d)
	for filter, want := range map[string]int{
		"(mail=ADA@corp.example)":                                  1,
		"(mail=*@corp.example)":                                    2,
		"(mail=a*e)":                                               1,
		"(!(department=research))":                                 1,
		"(department=*)":                                           1,
		"(userAccountControl:1.2.840.113556.1.4.803:=2)":           1,
		"(|(sn=kahn)(sn=lovelace))":                                2,
		"(&(objectCategory=person)(objectClass=user)(cn=ada lo*))": 1,
		"(uSNChanged>=12000)":                                      2,
		byID(ada):                                                  1,
	} {
		answer, err := c.Search(users(filter, "cn"))
		require.NoError(t, err, filter)
		people := 0
		for _, e := range answer.Entries {
			if e.GetAttributeValue("cn") != "" {
				people++
			}
		}
		require.Equal(t, want, people, filter)
	}
}

func TestATombstoneKeepsItsIDAndShowsOnlyToWhoAsks(t *testing.T) {
	d := New()
	ada := d.Add(Person{GivenName: "Ada", FamilyName: "Lovelace", Mail: "ada@corp.example"})
	c := bound(t, d)
	require.NoError(t, d.Delete(ada))

	request := ldap.NewSearchRequest(BaseDN, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, byID(ada), nil, nil)
	answer, err := c.Search(request)
	require.NoError(t, err)
	require.Empty(t, answer.Entries)

	request.Controls = []ldap.Control{ldap.NewControlMicrosoftShowDeleted()}
	answer, err = c.Search(request)
	require.NoError(t, err)
	require.Len(t, answer.Entries, 1)
	require.Equal(t, "TRUE", answer.Entries[0].GetAttributeValue("isDeleted"))
	require.Equal(t, PeopleDN, answer.Entries[0].GetAttributeValue("lastKnownParent"))
	require.Empty(t, answer.Entries[0].GetAttributeValue("mail"))
	require.Equal(t, `CN=Ada Lovelace\0ADEL:`+string(ada)+`,CN=Deleted Objects,`+BaseDN, answer.Entries[0].DN)
}

func TestChangesShowInTheEntry(t *testing.T) {
	d := New()
	ada := d.Add(Person{GivenName: "Ada", FamilyName: "Byron", Mail: "ada.byron@corp.example"})
	c := bound(t, d)
	look := func() *ldap.Entry {
		answer, err := c.Search(ldap.NewSearchRequest(BaseDN, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, byID(ada), nil, nil))
		require.NoError(t, err)
		require.Len(t, answer.Entries, 1)
		return answer.Entries[0]
	}
	before := look().GetAttributeValue("uSNChanged")
	require.NoError(t, d.Rename(ada, "Lovelace", "ada.lovelace@corp.example"))
	require.NoError(t, d.SetDisabled(ada, true))
	require.NoError(t, d.Move(ada, FormerDN))
	e := look()
	require.Equal(t, "CN=Ada Lovelace,"+FormerDN, e.DN)
	require.Equal(t, "ada.lovelace@corp.example", e.GetAttributeValue("mail"))
	require.Equal(t, "514", e.GetAttributeValue("userAccountControl"))
	require.Greater(t, e.GetAttributeValue("uSNChanged"), before)

	require.NoError(t, d.SetDisabled(ada, false))
	require.Equal(t, "512", look().GetAttributeValue("userAccountControl"))
	require.Error(t, d.Move("nobody", FormerDN))
}

func TestABlindDirectorySucceedsAndFindsNobody(t *testing.T) {
	d := New()
	d.Add(Person{GivenName: "Ada", FamilyName: "Byron", Mail: "ada@corp.example"})
	c := bound(t, d)
	d.Blind(true)
	answer, err := c.SearchWithPaging(users("(objectClass=user)"), 100)
	require.NoError(t, err)
	require.Empty(t, answer.Entries)
	d.Blind(false)
	answer, err = c.SearchWithPaging(users("(objectClass=user)"), 100)
	require.NoError(t, err)
	require.Len(t, answer.Entries, 1)
}
