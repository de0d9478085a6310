package ldap

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"rollcall/identity"
)

// idOf reads the immutable id of an entry. AD's objectGUID is 16 bytes with the first three groups in little-endian order
// (MS-DTYP 2.3.4.2); entryUUID is text (RFC 4530).
func idOf(kind string, value []byte) (identity.ObjectID, bool) {
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
	return identity.ObjectID(swap(id).String()), true
}

// swap turns the mixed order of a GUID into the order of a UUID, and back.
func swap(u uuid.UUID) uuid.UUID {
	u[0], u[1], u[2], u[3] = u[3], u[2], u[1], u[0]
	u[4], u[5] = u[5], u[4]
	u[6], u[7] = u[7], u[6]
	return u
}

// idAttributes name the attribute of the immutable id.
var idAttributes = map[string]string{AD: "objectGUID", OpenLDAP: "entryUUID"}

// idFilter matches the entry with an id.
func idFilter(kind string, id identity.ObjectID) (string, error) {
	u, err := uuid.Parse(string(id))
	if err != nil {
		return "", fmt.Errorf("ldap: %q is no object id: %w", id, err)
	}
	if kind == OpenLDAP {
		return "(entryUUID=" + u.String() + ")", nil
	}
	var b strings.Builder
	b.WriteString("(objectGUID=")
	for _, octet := range swap(u) {
		fmt.Fprintf(&b, `\%02x`, octet)
	}
	b.WriteString(")")
	return b.String(), nil
}
