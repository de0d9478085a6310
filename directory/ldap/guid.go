package ldap

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"rollcall/directory/mapping"
	"rollcall/identity"
)

// idOf reads the immutable id of an entry of a kind of directory.
func idOf(kind string, value []byte) (identity.ObjectID, bool) { return mapping.IDOf(kind, value) }

// idAttributes name the attribute of the immutable id.
var idAttributes = mapping.IDAttributes

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
	for _, octet := range mapping.Swap(u) {
		fmt.Fprintf(&b, `\%02x`, octet)
	}
	b.WriteString(")")
	return b.String(), nil
}
