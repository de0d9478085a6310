package main

import (
	"fmt"
	"strconv"

	"rollcall/identity"
)

// seededName is the userName of the i-th person that a database is filled with.
func seededName(i int) string { return "person." + strconv.Itoa(i) + "@example.com" }

// userBody is what a create sends: a person as identity providers know them, in a little less than 1 KB.
func userBody(userName string, i int) []byte {
	return fmt.Appendf(nil, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],`+
		`"userName":%q,"externalId":"00u%d","active":true,"displayName":"Person Number %d",`+
		`"name":{"givenName":"Person","familyName":"Number %d","formatted":"Person Number %d"},`+
		`"emails":[{"value":%q,"type":"work","primary":true}],`+
		`"phoneNumbers":[{"value":"+46 8 %07d","type":"work"}],"title":"Engineer","preferredLanguage":"en","timezone":"Europe/Stockholm",`+
		`"addresses":[{"type":"work","streetAddress":"Street %d","locality":"Stockholm","postalCode":"11122","country":"SE"}],`+
		`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"%d","department":"Research","costCenter":"4130"}}`,
		userName, i, i, i, i, userName, i, i, i)
}

// seededDraft is the same person as userBody's, as the service takes them.
func seededDraft(i int) identity.Draft {
	name := seededName(i)
	return identity.Draft{
		UserName: name, ExternalID: identity.ExternalID("00u" + strconv.Itoa(i)), Active: true, Emails: []identity.AccountEmail{{Value: name, Type: "work", Primary: true}},
		Profile: identity.Profile(fmt.Sprintf(`{"addresses":[{"country":"SE","locality":"Stockholm","postalCode":"11122","streetAddress":"Street %d","type":"work"}],`+
			`"displayName":"Person Number %d","name":{"familyName":"Number %d","formatted":"Person Number %d","givenName":"Person"},`+
			`"phoneNumbers":[{"type":"work","value":"+46 8 %07d"}],"preferredLanguage":"en","timezone":"Europe/Stockholm","title":"Engineer",`+
			`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"costCenter":"4130","department":"Research","employeeNumber":"%d"}}`,
			i, i, i, i, i, i)),
	}
}

// patchBody switches a person on or off.
func patchBody(active bool) []byte {
	return fmt.Appendf(nil, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":%t}]}`, active)
}
