package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"rollcall/admin"
	"rollcall/identity"
)

// seen is an object of the API: what a command reads of it, and all of it as it came, for programs.
type seen[T any] struct {
	is  T
	raw json.RawMessage
}

// UnmarshalJSON keeps the text beside what it says.
func (s *seen[T]) UnmarshalJSON(text []byte) error {
	s.raw = slices.Clone(text)
	return json.Unmarshal(text, &s.is)
}

// MarshalJSON returns the text.
func (s seen[T]) MarshalJSON() ([]byte, error) {
	if s.raw == nil {
		return []byte("null"), nil
	}
	return s.raw, nil
}

// place says how much of a list is wanted and where to go on.
type place struct {
	Limit int    `default:"100" placeholder:"N" help:"At most so many (${default}); 0 for all."`
	After string `placeholder:"PLACE" help:"Go on where the list before ended, as it said."`
}

// Validate refuses a limit that would mean nothing.
func (p *place) Validate() error {
	if p.Limit < 0 {
		return fmt.Errorf("--limit is %d; use 0 for all, or a positive number", p.Limit)
	}
	return nil
}

// everything is the whole list.
var everything = place{}

// list reads a list page by page. member is where in an answer it stands. next is where to go on if there is more; "" if there
// is not.
func list[T any](c *apiClient, path, member string, query url.Values, p place) (all []seen[T], next string, err error) {
	all = []seen[T]{}
	asked := given(query)
	for next = p.After; ; {
		limit := apiPage
		if p.Limit > 0 {
			limit = min(apiPage, p.Limit-len(all))
		}
		asked.Set("limit", strconv.Itoa(limit))
		if next != "" {
			asked.Set("cursor", next)
		}
		var page map[string]json.RawMessage
		if err := c.get(path, asked, &page); err != nil {
			return nil, "", err
		}
		var some []seen[T]
		if err := json.Unmarshal(page[member], &some); err != nil {
			return nil, "", fmt.Errorf("the answer has no list of %s: %w", member, err)
		}
		all = append(all, some...)
		next = ""
		if cursor := page["nextCursor"]; cursor != nil {
			if err := json.Unmarshal(cursor, &next); err != nil {
				return nil, "", fmt.Errorf("the answer does not say where the list goes on: %w", err)
			}
		}
		if next == "" || len(all) == p.Limit {
			return all, next, nil
		}
	}
}

// given leaves out of a query what has no value.
func given(query url.Values) url.Values {
	said := url.Values{}
	for name, values := range query {
		if values[0] != "" {
			said[name] = values
		}
	}
	return said
}

// sayMore tells where a list goes on.
func (a *app) sayMore(next string) {
	if next != "" {
		a.say("There are more; go on with --after %s, or show all with --limit 0.", next)
	}
}

// orgClient is the part of the API that is about one organization.
type orgClient struct {
	*apiClient
	id   string
	name string
	path string // of the organization
}

// onOrg lets do call the API about an organization.
func (a *app) onOrg(f apiFlags, o orgFlag, do func(*orgClient) error) error {
	return a.onAPI(f, func(c *apiClient) error {
		found, err := c.org(o)
		if err != nil {
			return err
		}
		return do(found)
	})
}

// org finds an organization by its id or, if only one has it, its name. On a server it is one in which the caller has a role. On the
// database one that was deleted is found by its id: its audit and orders that wait outlive it, and of anything else the API knows nothing.
func (c *apiClient) org(f orgFlag) (*orgClient, error) {
	if c.local != nil {
		o, err := c.local.org(f)
		if identity.IsNotFound(err) {
			if stone, stoneErr := c.local.read.Tombstone(c.ctx, identity.OrgID(f.Org)); stoneErr == nil {
				o, err = stone, nil
			}
		}
		if err != nil {
			return nil, err
		}
		return c.orgWith(string(o.ID), o.Name), nil
	}
	all, _, err := list[admin.Organization](c, "/organizations", "organizations", nil, everything)
	if err != nil {
		return nil, err
	}
	var named []string
	for _, o := range all {
		if o.is.ID == f.Org {
			return c.orgWith(o.is.ID, o.is.Name), nil
		}
		if o.is.Name == f.Org {
			named = append(named, o.is.ID)
		}
	}
	switch len(named) {
	case 1:
		return c.orgWith(named[0], f.Org), nil
	case 0:
		return nil, identity.Refuse(identity.NotFound, identity.RuleUnknownOrg, "you have no role in an organization with the id or name %q", f.Org)
	}
	return nil, identity.Refuse(identity.Invalid, identity.RuleUnknownOrg,
		"%d organizations are called %q; use the id of one of them: %s", len(named), f.Org, strings.Join(named, ", "))
}

func (c *apiClient) orgWith(id, name string) *orgClient {
	return &orgClient{apiClient: c, id: id, name: name, path: "/organizations/" + url.PathEscape(id)}
}

// at returns a path below the organization's.
func (c *orgClient) at(parts ...string) string {
	path := c.path
	for _, part := range parts {
		path += "/" + url.PathEscape(part)
	}
	return path
}

// user finds somebody by id, userName or address.
func (c *orgClient) user(text string) (seen[admin.User], error) {
	var u seen[admin.User]
	if isID(text) {
		err := c.get(c.at("users", text), nil, &u)
		if err == nil || !identity.IsNotFound(err) {
			return u, err
		}
	}
	candidates, _, err := list[admin.User](c.apiClient, c.at("users"), "users", url.Values{"q": {text}}, everything)
	if err != nil {
		return u, err
	}
	var holders []seen[admin.User]
	for _, found := range candidates {
		if identity.KeyOfUserName(found.is.UserName) == identity.KeyOfUserName(text) {
			return found, nil
		}
		if slices.ContainsFunc(found.is.Emails, func(e admin.Email) bool { return identity.Fold(e.Value) == identity.Fold(text) }) {
			holders = append(holders, found)
		}
	}
	if len(holders) == 0 {
		if holders, err = c.holdersOf(text); err != nil {
			return u, err
		}
	}
	switch len(holders) {
	case 0:
		return u, unknownUser(text)
	case 1:
		return holders[0], nil
	}
	return u, fmt.Errorf("more than one user has the address %s; use an id: %s, %s", text, holders[0].is.ID, holders[1].is.ID)
}

// holdersOf finds who has an address in any spelling of its domain (EML-02): the API compares texts, so they are compared here.
func (c *orgClient) holdersOf(address string) ([]seen[admin.User], error) {
	wanted, err := identity.ParseEmail(address, identity.EmailPolicy{})
	if err != nil {
		return nil, nil // no address, so nobody's
	}
	local, _, _ := strings.Cut(string(wanted.Key), "@")
	candidates, _, err := list[admin.User](c.apiClient, c.at("users"), "users", url.Values{"q": {local + "@"}}, everything)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(candidates, func(u seen[admin.User]) bool {
		return !slices.ContainsFunc(u.is.Emails, func(e admin.Email) bool {
			held, err := identity.ParseEmail(e.Value, identity.EmailPolicy{})
			return err == nil && held.Key == wanted.Key
		})
	}), nil
}

func unknownUser(text string) error {
	return identity.Refuse(identity.NotFound, identity.RuleUnknownAccount, "no user of this organization has the id, userName or address %q", text)
}

// userPath finds somebody and returns the path of what the API knows of them.
func (c *orgClient) userPath(text string, below ...string) (path string, u seen[admin.User], err error) {
	u, err = c.user(text)
	return c.at(append([]string{"users", u.is.ID}, below...)...), u, err
}

// isID reports whether a text has the form of an id (RFC 9562 section 4).
func isID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i, r := range text {
		if hyphen := i == 8 || i == 13 || i == 18 || i == 23; hyphen != (r == '-') || !hyphen && !strings.ContainsRune("0123456789abcdefABCDEF", r) {
			return false
		}
	}
	return true
}
