package ldap_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/identity"
)

func TestAnOrganizationDecidesOnlyWhatIsItsOwn(t *testing.T) {
	kept := ldap.Settings{Kind: ldap.AD, URLs: []string{"ldaps://dc1.corp.example"}, BindDN: "CN=reader", BaseDNs: []string{"DC=corp"}, Password: ldap.KeptPassword(), PublicOnly: true}
	operators := kept
	operators.PublicOnly, operators.URLs, operators.AllowPlaintext = false, []string{"ldap://10.0.0.1"}, true
	password := "hunter2"
	for name, c := range map[string]struct {
		before   ldap.Settings
		patch    string
		password *string
		want     string // what is refused; empty: it is stored as follows
		stored   string
	}{
		"a filter": {kept, `{"filter":"(mail=*)"}`, nil, "",
			`{"kind":"ad","urls":["ldaps://dc1.corp.example"],"bindDN":"CN=reader","baseDNs":["DC=corp"],"filter":"(mail=*)","publicOnly":true}`},
		"a filter of the operator's connector": {operators, `{"filter":"(mail=*)"}`, nil, "",
			`{"kind":"ad","urls":["ldap://10.0.0.1"],"allowPlaintext":true,"bindDN":"CN=reader","baseDNs":["DC=corp"],"filter":"(mail=*)"}`},
		"other servers, with the password": {operators, `{"urls":["ldaps://dc2.corp.example"]}`, &password, "",
			`{"kind":"ad","urls":["ldaps://dc2.corp.example"],"bindDN":"CN=reader","baseDNs":["DC=corp"],"publicOnly":true}`},
		"the same servers, with the password": {operators, `{}`, &password, "",
			`{"kind":"ad","urls":["ldap://10.0.0.1"],"allowPlaintext":true,"bindDN":"CN=reader","baseDNs":["DC=corp"]}`},
		"a part of the policy": {withPolicy(kept), `{"policy":{"maxLosses":9,"budgets":{"removals":{"day":null}}}}`, nil, "",
			`{"kind":"ad","urls":["ldaps://dc1.corp.example"],"bindDN":"CN=reader","baseDNs":["DC=corp"],"publicOnly":true,
			"policy":{"maxLosses":9,"maxLossPercent":10,"budgets":{"removals":{"run":3}}}}`},
		"one source of the mapping": {kept, `{"mapping":{"title":{"constant":"Dr"},"nickName":"cn"}}`, nil, "",
			`{"kind":"ad","urls":["ldaps://dc1.corp.example"],"bindDN":"CN=reader","baseDNs":["DC=corp"],"publicOnly":true,"mapping":{"title":{"constant":"Dr"},"nickName":"cn"}}`},
		"nothing is said of the filter": {kept, `{"filter":null}`, nil, "",
			`{"kind":"ad","urls":["ldaps://dc1.corp.example"],"bindDN":"CN=reader","baseDNs":["DC=corp"],"publicOnly":true}`},

		"groups": {kept, `{"groups":{"members":"nested","baseDNs":["OU=Groups,DC=corp"],"filter":"(cn=*)","name":"displayName"}}`, nil, "",
			`{"kind":"ad","urls":["ldaps://dc1.corp.example"],"bindDN":"CN=reader","baseDNs":["DC=corp"],"publicOnly":true,
			"groups":{"members":"nested","baseDNs":["OU=Groups,DC=corp"],"filter":"(cn=*)","name":"displayName"}}`},
		"groups as they come": {kept, `{"groups":{}}`, nil, "",
			`{"kind":"ad","urls":["ldaps://dc1.corp.example"],"bindDN":"CN=reader","baseDNs":["DC=corp"],"publicOnly":true,"groups":{}}`},
		"everybody who is in a group in some way": {withGroups(kept), `{"groups":{"members":"flattened"}}`, nil, "",
			`{"kind":"ad","urls":["ldaps://dc1.corp.example"],"bindDN":"CN=reader","baseDNs":["DC=corp"],"publicOnly":true,"groups":{"members":"flattened","name":"displayName"}}`},
		"no groups any more": {withGroups(kept), `{"groups":null}`, nil, "",
			`{"kind":"ad","urls":["ldaps://dc1.corp.example"],"bindDN":"CN=reader","baseDNs":["DC=corp"],"publicOnly":true}`},

		"photos as they come": {kept, `{"photos":{}}`, nil, "",
			`{"kind":"ad","urls":["ldaps://dc1.corp.example"],"bindDN":"CN=reader","baseDNs":["DC=corp"],"publicOnly":true,"photos":{}}`},
		"smaller photos": {withPhotos(kept), `{"photos":{"maxBytes":2048}}`, nil, "",
			`{"kind":"ad","urls":["ldaps://dc1.corp.example"],"bindDN":"CN=reader","baseDNs":["DC=corp"],"publicOnly":true,"photos":{"attributes":["jpegPhoto"],"maxBytes":2048}}`},
		"no photos any more": {withPhotos(kept), `{"photos":null}`, nil, "",
			`{"kind":"ad","urls":["ldaps://dc1.corp.example"],"bindDN":"CN=reader","baseDNs":["DC=corp"],"publicOnly":true}`},
		"photos that are too large": {kept, `{"photos":{"maxBytes":1048577}}`, nil, "use 1024 to 1048576", ""},

		"other servers":                         {kept, `{"urls":["ldaps://evil.example"]}`, nil, "give bindPassword again", ""},
		"a domain instead of servers":           {kept, `{"urls":null,"srv":"evil.example"}`, nil, "give bindPassword again", ""},
		"other authorities":                     {kept, `{"serverName":"x"}`, nil, "give bindPassword again", ""},
		"clear text":                            {kept, `{"urls":["ldap://dc1.corp.example"]}`, &password, "clear text", ""},
		"clear text to this machine":            {kept, `{"urls":["ldap://127.0.0.1"]}`, &password, "clear text", ""},
		"allowed clear text":                    {kept, `{"allowPlaintext":true}`, &password, "whoever runs the server", ""},
		"a file with the password":              {kept, `{"bindPasswordFile":"/etc/shadow"}`, nil, "whoever runs the server", ""},
		"a file with authorities":               {kept, `{"caFile":"/etc/shadow"}`, nil, "whoever runs the server", ""},
		"a client's certificate":                {kept, `{"clientCertFile":"/etc/x"}`, nil, "whoever runs the server", ""},
		"private addresses":                     {kept, `{"publicOnly":false}`, nil, "whoever runs the server", ""},
		"the limits of the server's memory":     {kept, `{"maxPageBytes":1000000000}`, nil, "whoever runs the server", ""},
		"another kind":                          {kept, `{"kind":"openldap"}`, nil, "whoever runs the server", ""},
		"an empty password":                     {kept, `{}`, new(string), "anonymous bind", ""},
		"a filter that is none":                 {kept, `{"filter":"(mail="}`, nil, "not an LDAP filter", ""},
		"something else than an object":         {kept, `[]`, nil, "a JSON object", ""},
		"the operator's certificate elsewhere":  {withCertificate(kept), `{"urls":["ldaps://evil.example"]}`, &password, "for the servers that they named", ""},
		"groups with members of no kind":        {kept, `{"groups":{"members":"all"}}`, nil, "groups.members", ""},
		"groups where nothing can be":           {kept, `{"groups":{"baseDNs":["Groups"]}}`, nil, "groups.baseDNs[0]", ""},
		"groups by a filter that is none":       {kept, `{"groups":{"filter":"(cn="}}`, nil, "groups.filter", ""},
		"groups called by what is no name":      {kept, `{"groups":{"name":"a b"}}`, nil, "groups.name", ""},
		"a setting of groups that there is not": {kept, `{"groups":{"depth":3}}`, nil, `unknown field "depth"`, ""},
		"no certificate in PEM form":            {kept, `{"ca":"hello"}`, &password, "no certificate in PEM form", ""},
	} {
		t.Run(name, func(t *testing.T) {
			after, err := c.before.Delegated([]byte(c.patch), c.password)
			if c.want != "" {
				var refusal *identity.Error
				require.ErrorAs(t, err, &refusal)
				require.Contains(t, refusal.Field+": "+refusal.Detail, c.want)
				return
			}
			require.NoError(t, err)
			raw, err := json.Marshal(after)
			require.NoError(t, err)
			require.JSONEq(t, c.stored, string(raw))
			own, others, err := after.Shown()
			require.NoError(t, err)
			require.NotContains(t, string(own), "allowPlaintext")
			require.NotContains(t, string(own), "publicOnly")
			require.Equal(t, after.PublicOnly, len(others) == 1 && others[0] == "publicOnly")
		})
	}
}

func withPolicy(s ldap.Settings) ldap.Settings {
	s.Policy.MaxLossPercent, s.Policy.Budgets.Removals.Day, s.Policy.Budgets.Removals.Run = 10, 5, 3
	return s
}

func withCertificate(s ldap.Settings) ldap.Settings {
	s.ClientCertFile, s.ClientKeyFile = "cert.pem", "key.pem"
	return s
}

func withPhotos(s ldap.Settings) ldap.Settings {
	s.Photos = &directory.PhotoSettings{Attributes: []string{"jpegPhoto"}}
	return s
}

func withGroups(s ldap.Settings) ldap.Settings {
	s.Groups = &directory.GroupSettings{Name: "displayName"}
	return s
}
