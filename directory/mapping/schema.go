package mapping

import (
	"github.com/google/uuid"

	"rollcall/directory"
	"rollcall/identity"
)

// The kinds of schemas: how a directory names what it says about people.
const (
	AD       = "ad"
	OpenLDAP = "openldap"
)

// KnownSchema reports whether there is such a kind.
func KnownSchema(kind string) bool { return kind == AD || kind == OpenLDAP }

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:"

// DefaultFilters match people. They are wide on purpose: an entry that leaves the filter looks like one that left the scope.
var DefaultFilters = map[string]string{AD: "(objectClass=user)", OpenLDAP: "(objectClass=inetOrgPerson)"}

// IDAttributes name the attribute of the immutable id.
var IDAttributes = map[string]string{AD: "objectGUID", OpenLDAP: "entryUUID"}

// defaults follow the schemas: MS-ADA1 to MS-ADA3, RFC 4519 and RFC 2798.
var defaults = map[string]map[string]string{
	AD: {
		"userName": "mail", "emails": "mail",
		"displayName": "displayName", "name.givenName": "givenName", "name.familyName": "sn", "title": "title",
		`phoneNumbers[type eq "work"].value`:   "telephoneNumber",
		`phoneNumbers[type eq "mobile"].value`: "mobile",
		`addresses[type eq "work"].locality`:   "l",
		enterprise + "department":              "department",
		enterprise + "organization":            "company",
		enterprise + "employeeNumber":          "employeeID",
		directory.ManagerPath:                  "manager",
	},
	OpenLDAP: {
		"userName": "mail", "emails": "mail",
		"displayName": "displayName", "name.givenName": "givenName", "name.familyName": "sn", "title": "title",
		`phoneNumbers[type eq "work"].value`:   "telephoneNumber",
		`phoneNumbers[type eq "mobile"].value`: "mobile",
		`addresses[type eq "work"].locality`:   "l",
		enterprise + "department":              "departmentNumber",
		enterprise + "organization":            "o",
		enterprise + "employeeNumber":          "employeeNumber",
		directory.ManagerPath:                  "manager",
	},
}

// What the schemas say about an entry beside its attributes.
const (
	attrState   = "userAccountControl"
	attrLocked  = "pwdAccountLockedTime"
	attrDeleted = "isDeleted"
	attrClass   = "objectClass"

	accountDisabled = 0x2             // in userAccountControl (MS-ADTS 2.2.16)
	lockedForGood   = "000001010000Z" // in pwdAccountLockedTime: only an administrator unlocks it (draft-behera-ldap-password-policy)
	computer        = "computer"      // a class that is a user, too
)

// stateAttributes are asked for beside what the mapping names.
var stateAttributes = map[string][]string{AD: {attrState, attrClass, attrDeleted}, OpenLDAP: {attrLocked}}

// IDOf reads the immutable id of an entry. AD's objectGUID is 16 bytes with the first three groups in little-endian order
// (MS-DTYP 2.3.4.2); entryUUID is text (RFC 4530).
func IDOf(kind string, value []byte) (identity.ObjectID, bool) {
	if kind == OpenLDAP {
		id, err := uuid.Parse(string(value))
		if err != nil || len(value) != 36 {
			return "", false
		}
		return identity.ObjectID(id.String()), true
	}
	id, err := uuid.FromBytes(value)
	if err != nil {
		return "", false
	}
	return identity.ObjectID(Swap(id).String()), true
}

// Swap turns the mixed order of a GUID into the order of a UUID, and back.
func Swap(u uuid.UUID) uuid.UUID {
	u[0], u[1], u[2], u[3] = u[3], u[2], u[1], u[0]
	u[4], u[5] = u[5], u[4]
	u[6], u[7] = u[7], u[6]
	return u
}
