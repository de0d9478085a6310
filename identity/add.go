package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MaxUsersAtOnce is how many users an administrator adds in one call (CSV-08).
const MaxUsersAtOnce = 25

// NewUser is somebody to add.
type NewUser struct {
	Draft    Draft
	Licences []Licence // nil: what the templates say (LIC-02)
}

// AddUsers adds people by hand: all of them, or none and every reason why not. An organization that requires attributes gets
// one at a time (CSV-08).
func (s *Service) AddUsers(ctx context.Context, by Actor, org OrgID, users []NewUser) ([]Account, error) {
	if len(users) == 0 || len(users) > MaxUsersAtOnce {
		return nil, Refuse(Invalid, RuleTooManyUsers, "%d users were given; give 1 to %d, or import a file", len(users), MaxUsersAtOnce).At("users")
	}
	var added []Account
	err := s.Transact(ctx, org, by, func(c *Acts) error {
		added = make([]Account, 0, len(users))
		if err := c.requireAttributes(users); err != nil {
			return err
		}
		var refusals []*Error
		for i, u := range users {
			a, err := c.Add(ctx, u, SourceManual)
			var refusal *Error
			switch {
			case err == nil:
				added = append(added, a)
			case errors.As(err, &refusal) && refusal.Kind != Unavailable && refusal.Err == nil:
				told := *refusal
				told.Field = strings.TrimSuffix(fmt.Sprintf("users[%d].%s", i, refusal.Field), ".")
				refusals = append(refusals, &told)
			default:
				return err
			}
		}
		return together(refusals)
	})
	if err != nil {
		return nil, err
	}
	return added, nil
}

// together makes one refusal of several: the first one's, with every one among the reasons.
func together(refusals []*Error) error {
	switch len(refusals) {
	case 0:
		return nil
	case 1:
		return refusals[0]
	}
	all := *refusals[0]
	for _, r := range refusals {
		all.Why = append(all.Why, Reason{Code: r.Rule, Detail: r.Field + ": " + r.Detail})
	}
	return &all
}

// Add creates an account for somebody whom a person adds, by hand or by file, and sends the invitation (NTF-03).
func (c *Acts) Add(ctx context.Context, u NewUser, source Source) (Account, error) {
	return c.Create(ctx, u.Draft, Origin{Source: source, Licences: u.Licences, Invite: true})
}

// requireAttributes holds CSV-08.
func (c *Acts) requireAttributes(users []NewUser) error {
	required := strings.Fields(c.org.RequiredAttributes)
	if len(required) == 0 {
		return nil
	}
	if len(users) > 1 {
		return Refuse(Invalid, RuleTooManyUsers, "this organization requires attributes for new users (%s), so add them one at a time", strings.Join(required, ", ")).At("users")
	}
	for _, name := range required {
		if !users[0].Draft.Profile.has(name) {
			return Refuse(Invalid, RuleAttributeRequired, "this organization requires the attribute %s for every new user", name).At("users[0]." + name)
		}
	}
	return nil
}

// RequirableAttributes are the attributes that an organization can require, with where they stand in a profile.
var RequirableAttributes = map[string][]string{
	"displayName": {"displayName"}, "givenName": {"name", "givenName"}, "familyName": {"name", "familyName"}, "title": {"title"},
	"department":        {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "department"},
	"preferredLanguage": {"preferredLanguage"}, "timezone": {"timezone"}, "phoneNumbers": {"phoneNumbers"}, "addresses": {"addresses"},
}

// has reports whether a profile has a value for one of the [RequirableAttributes].
func (p Profile) has(attribute string) bool {
	path, known := RequirableAttributes[attribute]
	if !known || p == "" {
		return false
	}
	rest := json.RawMessage(p)
	for _, name := range path {
		var object map[string]json.RawMessage
		if json.Unmarshal(rest, &object) != nil {
			return false
		}
		rest = object[name]
	}
	return !slices.Contains([]string{"", "null", `""`, "[]", "{}"}, string(rest))
}
