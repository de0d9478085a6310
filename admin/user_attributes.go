package admin

import (
	"encoding/json"
	"reflect"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"rollcall/identity"
)

// Attributes is what a user's profile has in this API: the part of RFC 7643 that administrators write by hand.
type Attributes struct {
	DisplayName       string  `json:"displayName,omitempty" maxLength:"256" example:"Ada Lovelace"`
	GivenName         string  `json:"givenName,omitempty" maxLength:"256"`
	FamilyName        string  `json:"familyName,omitempty" maxLength:"256"`
	Title             string  `json:"title,omitempty" maxLength:"256"`
	Department        string  `json:"department,omitempty" maxLength:"256"`
	PhoneNumbers      []Phone `json:"phoneNumbers,omitempty" nullable:"false" maxItems:"20"`
	PreferredLanguage string  `json:"preferredLanguage,omitempty" maxLength:"64" example:"en-GB"`
	Timezone          string  `json:"timezone,omitempty" maxLength:"64" example:"Europe/London"`
}

// Phone is one telephone number of a user.
type Phone struct {
	Value string `json:"value" minLength:"1" maxLength:"64" example:"+46 70 123 45 67"`
	Type  string `json:"type,omitempty" maxLength:"64" example:"work"`
}

// enterpriseUser is the extension that has the department (RFC 7643 section 4.3).
const enterpriseUser = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// places says where in a profile an attribute of text stands.
var places = map[string][]string{
	"displayName": {"displayName"}, "givenName": {"name", "givenName"}, "familyName": {"name", "familyName"}, "title": {"title"},
	"department": {enterpriseUser, "department"}, "preferredLanguage": {"preferredLanguage"}, "timezone": {"timezone"},
}

// attributesOf reads a profile. Whatever in it has another form than RFC 7643 says is left out.
func attributesOf(p identity.Profile) Attributes {
	object, err := p.Object()
	if err != nil {
		object = nil
	}
	text := func(name string) string { return textAt(object, places[name]) }
	shown := Attributes{
		DisplayName: p.DisplayName(), GivenName: text("givenName"), FamilyName: text("familyName"), Title: text("title"),
		Department: text("department"), PreferredLanguage: text("preferredLanguage"), Timezone: text("timezone"),
	}
	phones, _ := object["phoneNumbers"].([]any)
	for _, element := range phones {
		phone, _ := element.(map[string]any)
		if value := textAt(phone, []string{"value"}); value != "" {
			shown.PhoneNumbers = append(shown.PhoneNumbers, Phone{Value: value, Type: textAt(phone, []string{"type"})})
		}
	}
	return shown
}

func textAt(object map[string]any, path []string) string {
	for _, name := range path[:len(path)-1] {
		object, _ = object[name].(map[string]any)
	}
	text, _ := object[path[len(path)-1]].(string)
	return text
}

// AttributesPatch changes attributes: what is absent stays, and null takes the value away (RFC 7396).
type AttributesPatch struct {
	DisplayName       patched[string]  `json:"displayName,omitempty" maxLength:"256"`
	GivenName         patched[string]  `json:"givenName,omitempty" maxLength:"256"`
	FamilyName        patched[string]  `json:"familyName,omitempty" maxLength:"256"`
	Title             patched[string]  `json:"title,omitempty" maxLength:"256"`
	Department        patched[string]  `json:"department,omitempty" maxLength:"256"`
	PhoneNumbers      patched[[]Phone] `json:"phoneNumbers,omitempty" maxItems:"20"`
	PreferredLanguage patched[string]  `json:"preferredLanguage,omitempty" maxLength:"64"`
	Timezone          patched[string]  `json:"timezone,omitempty" maxLength:"64"`
}

// patched is one member of a merge patch: absent, null or a value.
type patched[T any] struct {
	given bool
	value T // the zero value for null
}

// UnmarshalJSON is called for members that are there only.
func (p *patched[T]) UnmarshalJSON(text []byte) error {
	p.given = true
	return json.Unmarshal(text, &p.value)
}

// Schema is that of the value, with null.
func (patched[T]) Schema(r huma.Registry) *huma.Schema {
	s := *r.Schema(reflect.TypeFor[T](), true, "")
	s.Nullable = true
	return &s
}

func given[T any](value T) patched[T] { return patched[T]{true, value} }

// patch turns attributes of a new user into a patch of an empty profile.
func (a Attributes) patch() AttributesPatch {
	p := AttributesPatch{}
	for into, value := range map[*patched[string]]string{
		&p.DisplayName: a.DisplayName, &p.GivenName: a.GivenName, &p.FamilyName: a.FamilyName, &p.Title: a.Title,
		&p.Department: a.Department, &p.PreferredLanguage: a.PreferredLanguage, &p.Timezone: a.Timezone,
	} {
		*into = given(value)
	}
	p.PhoneNumbers = given(a.PhoneNumbers)
	return p
}

// apply returns the profile with the patch. What the profile has besides these attributes stays.
func (p AttributesPatch) apply(to identity.Profile) (identity.Profile, error) {
	object, err := to.Object()
	if err != nil {
		return "", err
	}
	for name, member := range map[string]patched[string]{
		"displayName": p.DisplayName, "givenName": p.GivenName, "familyName": p.FamilyName, "title": p.Title,
		"department": p.Department, "preferredLanguage": p.PreferredLanguage, "timezone": p.Timezone,
	} {
		if !member.given {
			continue
		}
		if err := readableText(name, member.value); err != nil {
			return "", err
		}
		put(object, places[name], member.value)
	}
	if p.PhoneNumbers.given {
		phones := make([]any, 0, len(p.PhoneNumbers.value))
		for _, phone := range p.PhoneNumbers.value {
			if err := readableText("phoneNumbers", phone.Value+phone.Type); err != nil {
				return "", err
			}
			element := map[string]any{"value": phone.Value}
			if phone.Type != "" {
				element["type"] = phone.Type
			}
			phones = append(phones, element)
		}
		object["phoneNumbers"] = phones
		if len(phones) == 0 {
			delete(object, "phoneNumbers")
		}
	}
	return identity.ProfileOf(object)
}

// put sets a text at a path, or takes it away if it is empty; objects that have nothing left go with it.
func put(object map[string]any, path []string, text string) {
	name := path[0]
	if len(path) > 1 {
		inner, ok := object[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
		}
		put(inner, path[1:], text)
		object[name] = inner
		if len(inner) == 0 {
			delete(object, name)
		}
		return
	}
	object[name] = text
	if text == "" {
		delete(object, name)
	}
}

func readableText(field, text string) error {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "there are control characters in the value; leave them out").At(field)
	}
	return nil
}
