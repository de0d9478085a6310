package scim

import (
	"fmt"
	"slices"
	"strings"

	"rollcall/scim/filter"
)

// Dialect settles where identity providers and RFC 7644 contradict each other. A token carries one by its name.
//
// What no reading of the RFC forbids is accepted in every dialect: operations in any case, "True" and "False" in
// quotes as the value of a boolean, a bare value where a complex attribute with a "value" is due, dotted and
// URN-qualified keys in a PATCH without path, a removal that lists the values to remove. PATCH answers 200 with the
// user: Entra and Okta take it as well as 204, and a client that asks for attributes needs it.
type Dialect struct {
	name string
	// ignoreUnknown drops attributes that no schema has; otherwise they are 400, so that a typo is not lost in silence.
	ignoreUnknown bool
	// replaceCreates lets "replace" on a value path that selects nothing create the element, where RFC 7644 section
	// 3.5.2.3 wants 400 noTarget.
	replaceCreates bool
	// stringBooleans lets filters compare a boolean with "True" in quotes.
	stringBooleans bool
	// packedValues takes apart values of multi-valued attributes that are JSON objects in a text.
	packedValues bool
	// uniqueGroupNames refuses a displayName that another group has with 409 uniqueness; RFC 7643 section 4.2 lets groups share one.
	uniqueGroupNames bool
	// briefGroups answers the PATCH of a group with 204, so that nobody waits for members whom the client knows; with 200
	// only if it asks for attributes (RFC 7644 section 3.5.2 leaves the choice).
	briefGroups bool
}

// The dialects.
var (
	RFC   = Dialect{name: "rfc"}
	Entra = Dialect{name: "entra", ignoreUnknown: true, replaceCreates: true, stringBooleans: true, packedValues: true, uniqueGroupNames: true,
		briefGroups: true}
	Okta = Dialect{name: "okta", ignoreUnknown: true, stringBooleans: true, briefGroups: true}
)

// Dialects lists the dialects.
func Dialects() []Dialect { return []Dialect{RFC, Entra, Okta} }

// Name is how tokens name the dialect.
func (d Dialect) Name() string { return d.name }

// DialectNamed finds a dialect; the empty name is RFC.
func DialectNamed(name string) (Dialect, error) {
	if name == "" {
		return RFC, nil
	}
	i := slices.IndexFunc(Dialects(), func(d Dialect) bool { return strings.EqualFold(d.name, name) })
	if i < 0 {
		return Dialect{}, fmt.Errorf("unknown profile %q; use rfc, entra or okta", name)
	}
	return Dialects()[i], nil
}

func (d Dialect) filterOptions() filter.Options {
	return filter.Options{StringBooleans: d.stringBooleans}
}
