package directory

import (
	"slices"
	"strings"

	"rollcall/identity"
)

// enterprise is the extension of RFC 7643 section 4.3.
const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// plain are the simple attributes that a directory may own (RFC 7643 sections 4.1.1 and 4.3): path and place in the profile.
var plain = places(
	[]string{"displayName"}, []string{"nickName"}, []string{"profileUrl"}, []string{"title"}, []string{"userType"},
	[]string{"preferredLanguage"}, []string{"locale"}, []string{"timezone"},
	[]string{"name", "formatted"}, []string{"name", "familyName"}, []string{"name", "givenName"}, []string{"name", "middleName"},
	[]string{"name", "honorificPrefix"}, []string{"name", "honorificSuffix"},
	[]string{enterprise, "employeeNumber"}, []string{enterprise, "costCenter"}, []string{enterprise, "organization"},
	[]string{enterprise, "division"}, []string{enterprise, "department"}, []string{enterprise, "manager", "value"},
)

// ManagerPath is the attribute that names another account. A directory names an entry there; a plan finds the entry's account.
const ManagerPath = enterprise + ":manager.value"

// lists are the multi-valued attributes that a directory may own values of, with the types and sub-attributes there are.
var lists = map[string]struct{ types, subs []string }{
	"phoneNumbers": {[]string{"work", "home", "mobile", "fax", "pager", "other"}, []string{"value"}},
	"addresses": {[]string{"work", "home", "other"},
		[]string{"formatted", "streetAddress", "locality", "region", "postalCode", "country"}},
}

func places(list ...[]string) map[string][]string {
	m := map[string][]string{}
	for _, place := range list {
		path := strings.Join(place, ".")
		if place[0] == enterprise {
			path = enterprise + ":" + strings.Join(place[1:], ".")
		}
		m[path] = place
	}
	return m
}

// KnownAttribute reports whether a directory may own the attribute: "title", "name.givenName", the simple attributes of the
// enterprise extension by their URN, `phoneNumbers[type eq "work"].value` and the like (RFC 7644 section 3.5.2).
func KnownAttribute(path string) bool {
	if _, ok := plain[path]; ok {
		return true
	}
	_, _, _, ok := listPlace(path)
	return ok
}

func listPlace(path string) (list, kind, sub string, ok bool) {
	list, rest, found := strings.Cut(path, `[type eq "`)
	if !found {
		return "", "", "", false
	}
	kind, sub, found = strings.Cut(rest, `"].`)
	known, isList := lists[list]
	return list, kind, sub, found && isList && slices.Contains(known.types, kind) && slices.Contains(known.subs, sub)
}

// valueAt returns the text at a path of a profile; "" if there is none.
func valueAt(object map[string]any, path string) string {
	if place, ok := plain[path]; ok {
		for _, step := range place[:len(place)-1] {
			object, _ = object[step].(map[string]any)
		}
		text, _ := object[place[len(place)-1]].(string)
		return text
	}
	list, kind, sub, _ := listPlace(path)
	elements, _ := object[list].([]any)
	if i := ofType(elements, kind); i >= 0 {
		text, _ := elements[i].(map[string]any)[sub].(string)
		return text
	}
	return ""
}

// setAt puts a text at a path of a profile; "" takes away what is there, and whatever is empty without it.
func setAt(object map[string]any, path, text string) {
	if place, ok := plain[path]; ok {
		setPlain(object, place, text)
		return
	}
	list, kind, sub, _ := listPlace(path)
	elements, _ := object[list].([]any)
	i := ofType(elements, kind)
	if i < 0 {
		if text == "" {
			return
		}
		elements = append(elements, map[string]any{"type": kind})
		i = len(elements) - 1
	}
	element := elements[i].(map[string]any)
	if text != "" {
		element[sub] = text
	} else {
		delete(element, sub)
		if !holdsValue(list, element) {
			elements = slices.Delete(elements, i, i+1)
		}
	}
	if len(elements) == 0 {
		delete(object, list)
		return
	}
	object[list] = elements
}

func setPlain(object map[string]any, place []string, text string) {
	if len(place) == 1 {
		if text != "" {
			object[place[0]] = text
		} else {
			delete(object, place[0])
		}
		return
	}
	inner, ok := object[place[0]].(map[string]any)
	if !ok {
		if text == "" {
			return
		}
		inner = map[string]any{}
		object[place[0]] = inner
	}
	if setPlain(inner, place[1:], text); len(inner) == 0 {
		delete(object, place[0])
	}
}

// holdsValue reports whether anything but labels is left of an element.
func holdsValue(list string, element map[string]any) bool {
	for name := range element {
		if slices.Contains(lists[list].subs, name) {
			return true
		}
	}
	return false
}

// ofType returns the index of the first element of a type; RFC 7643 section 2.4 leaves the case of types open.
func ofType(elements []any, kind string) int {
	return slices.IndexFunc(elements, func(e any) bool {
		element, _ := e.(map[string]any)
		t, _ := element["type"].(string)
		return element != nil && strings.EqualFold(t, kind)
	})
}

// texts are the values of an entry's attributes. What its manager is called here is not the entry's to say.
type texts struct {
	of      func(path string) string
	manager identity.AccountID
}

func (t texts) at(path string) string {
	if path == ManagerPath {
		return string(t.manager)
	}
	if t.of == nil {
		return ""
	}
	return t.of(path)
}

// overlay returns a profile in which everything that the mapping owns is what the entry says, and all else is as it was, with
// what has changed.
func overlay(p identity.Profile, owned []string, attributes texts) (identity.Profile, []Change, error) {
	object, err := p.Object()
	if err != nil {
		return "", nil, err
	}
	var changed []Change
	for _, path := range owned {
		if !KnownAttribute(path) {
			continue
		}
		before, after := valueAt(object, path), attributes.at(path)
		if before == after {
			continue
		}
		setAt(object, path, after)
		changed = append(changed, Change{Attribute: path, Before: before, After: after})
	}
	if len(changed) == 0 {
		return p, nil, nil
	}
	out, err := identity.ProfileOf(object)
	return out, changed, err
}
