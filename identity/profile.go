package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Profile is what is known of a person besides identity's own fields: one JSON object in canonical form (keys sorted, no
// white space), with the attribute names of RFC 7643 (name, title, phoneNumbers, extension URNs …). identity stores and
// compares it and reads nothing in it but what a person is called. The empty Profile stands for "{}".
type Profile string

// ProfileOf returns the canonical form of an object. Numbers should be json.Number to stay exact.
func ProfileOf(object map[string]any) (Profile, error) {
	if len(object) == 0 {
		return "", nil
	}
	b, err := appendObject(make([]byte, 0, 1024), object)
	return Profile(b), err
}

// Object returns the profile as a new object that the caller may change; numbers are json.Number.
func (p Profile) Object() (map[string]any, error) {
	object := map[string]any{}
	if p == "" {
		return object, nil
	}
	dec := json.NewDecoder(strings.NewReader(string(p)))
	dec.UseNumber()
	if err := dec.Decode(&object); err != nil {
		return nil, fmt.Errorf("identity: decode profile: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("identity: decode profile: more than one value")
	}
	return object, nil
}

// DisplayName returns what to call the person: displayName, else name.formatted, else given and family name, else "".
func (p Profile) DisplayName() string {
	var v struct {
		DisplayName string `json:"displayName"`
		Name        struct {
			Formatted  string `json:"formatted"`
			GivenName  string `json:"givenName"`
			FamilyName string `json:"familyName"`
		} `json:"name"`
	}
	if p == "" || json.Unmarshal([]byte(p), &v) != nil {
		return ""
	}
	if v.DisplayName != "" {
		return v.DisplayName
	}
	if v.Name.Formatted != "" {
		return v.Name.Formatted
	}
	return strings.TrimSpace(v.Name.GivenName + " " + v.Name.FamilyName)
}

// names returns the part of a profile that says what a person is called, in which language: what they are in one organization is not
// another one's to know.
func (p Profile) names() (Profile, error) {
	object, err := p.Object()
	if err != nil {
		return "", err
	}
	own := map[string]any{}
	for _, name := range []string{"displayName", "name", "nickName", "preferredLanguage", "locale", "timezone"} {
		if v, ok := object[name]; ok {
			own[name] = v
		}
	}
	return ProfileOf(own)
}
