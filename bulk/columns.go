package bulk

import (
	"strconv"
	"strings"
	"time"

	"rollcall/identity"
)

// role is what a column may do to a user.
type role uint8

const (
	names    role = iota // says which user the row is about
	changes              // is an attribute of the profile
	chooses              // says how the user is claimed (CLM-34)
	tells                // can be looked at only (CSV-04)
	licenses             // is a licence: TRUE, FALSE or empty (CSV-03)
)

// column is one column of a file of users (CSV-02). show is what an export says; a cell that says the same changes nothing.
type column struct {
	id      string // in a job's options
	header  string
	role    role
	phone   bool
	licence identity.Licence
	show    func(v view) string
	set     func(profile map[string]any, text string)
}

// view is a user as the columns see one.
type view struct {
	account  identity.Account
	profile  map[string]any
	manager  string // the manager's address; empty: none
	licences map[identity.Licence]bool
	preview  identity.ClaimPreview // of somebody who can be claimed, instead of an account
	now      time.Time
}

// enterprise is the extension of RFC 7643 section 4.3.
const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

const (
	userColumn    = "user"
	managerColumn = "manager"
	userHeader    = "User ID/Email (Required)"
)

// userColumns are the columns of a file of users that every organization has, in the order of an export (CSV-02). A profile has the form of RFC
// 7643; the place of work is an address of type "other", as the large identity providers send it.
var userColumns = []column{
	{id: userColumn, header: userHeader, role: names, show: func(v view) string { return nameOf(v.account) }},
	text("first", "First Name", "name", "givenName"),
	text("last", "Last Name", "name", "familyName"),
	text("display", "Display Name", "displayName"),
	{id: "status", header: "User Status", role: tells, show: func(v view) string { return string(v.account.Status) }},
	{id: "accessed", header: "Last Service Accessed Time", role: tells, show: showLastAccess},
	{id: "days", header: "Days since Last Service Accessed", role: tells, show: showDaysSince},
	text("title", "Title", "title"),
	text("department", "Department", enterprise, "department"),
	{id: managerColumn, header: "Manager", role: changes, show: func(v view) string { return v.manager }, set: setManager},
	phone("phone", "Phone Number", "work"),
	phone("extension", "Extension", "extension"),
	text("language", "Preferred Language", "preferredLanguage"),
	text("timezone", "Time Zone", "timezone"),
	typed("location", "Location", "addresses", "other", "formatted"),
	typed("street", "Street Address", "addresses", "work", "streetAddress"),
	typed("city", "City", "addresses", "work", "locality"),
	typed("state", "State", "addresses", "work", "region"),
	typed("postal", "Postal Code", "addresses", "work", "postalCode"),
	typed("country", "Country", "addresses", "work", "country"),
}

// nameOf is how a file names a user: the primary address, or the userName of a user without one. No two users of an
// organization share one, because a userName that is an address is held like an address.
func nameOf(a identity.Account) string {
	if e := a.PrimaryEmail(); e != "" {
		return e
	}
	return a.UserName
}

func showLastAccess(v view) string {
	if v.account.LastSignInAt.IsZero() {
		return ""
	}
	return v.account.LastSignInAt.UTC().Format(time.RFC3339Nano)
}

func showDaysSince(v view) string {
	if v.account.LastSignInAt.IsZero() {
		return ""
	}
	return strconv.Itoa(int(v.now.Sub(v.account.LastSignInAt) / (24 * time.Hour)))
}

// text is a column for an attribute, or for one inside of a complex attribute.
func text(id, header string, path ...string) column {
	first, last := path[0], path[len(path)-1]
	return column{id: id, header: header, role: changes,
		show: func(v view) string {
			in := v.profile
			if len(path) > 1 {
				in, _ = v.profile[first].(map[string]any)
			}
			s, _ := in[last].(string)
			return s
		},
		set: func(profile map[string]any, s string) {
			if len(path) == 1 {
				profile[last] = s
				return
			}
			inside(profile, first)[last] = s
		}}
}

// inside returns the object that an attribute is, making one if it is none.
func inside(profile map[string]any, attribute string) map[string]any {
	in, ok := profile[attribute].(map[string]any)
	if !ok {
		in = map[string]any{}
		profile[attribute] = in
	}
	return in
}

// typed is a column for a part of the first element of one type in a multi-valued attribute.
func typed(id, header, list, kind, part string) column {
	return column{id: id, header: header, role: changes,
		show: func(v view) string {
			s, _ := elementOf(v.profile, list, kind)[part].(string)
			return s
		},
		set: func(profile map[string]any, s string) {
			el := elementOf(profile, list, kind)
			if el == nil {
				el = map[string]any{"type": kind}
				elements, _ := profile[list].([]any)
				profile[list] = append(elements, el)
			}
			el[part] = s
		}}
}

func phone(id, header, kind string) column {
	c := typed(id, header, "phoneNumbers", kind, "value")
	c.phone = true
	return c
}

// elementOf returns the first element of a type; nil if there is none.
func elementOf(profile map[string]any, list, kind string) map[string]any {
	elements, _ := profile[list].([]any)
	for _, el := range elements {
		m, _ := el.(map[string]any)
		if t, _ := m["type"].(string); strings.EqualFold(t, kind) {
			return m
		}
	}
	return nil
}

// setManager wants the manager's id.
func setManager(profile map[string]any, id string) {
	if managerOf(profile) == id {
		return // it may stand there with more than the id
	}
	inside(profile, enterprise)["manager"] = map[string]any{"value": id}
}

// managerOf returns what the profile says about the manager: the id of a user, or whatever a provider has sent.
func managerOf(profile map[string]any) string {
	in, _ := profile[enterprise].(map[string]any)
	manager, _ := in["manager"].(map[string]any)
	id, _ := manager["value"].(string)
	return id
}

// write returns a cell for a file.
func (c column) write(v view) string {
	if c.phone {
		return neutralPhone(c.show(v))
	}
	return neutral(c.show(v))
}
