package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"rollcall/identity"
	"rollcall/internal/web"
)

// serverFlag makes a command ask a running server through its API, with an administrator's rights, instead of the database.
type serverFlag struct {
	Server string `env:"ROLLCALL_SERVER" placeholder:"URL" help:"Ask this server through its API instead of the database."`
	Token  string `env:"ROLLCALL_TOKEN" placeholder:"TOKEN" help:"An administrator's OpenID Connect token for --server; better in the environment, where others do not see it."`
}

// The bounds of the API's answers.
const (
	apiPage    = 200 // users a page
	apiTimeout = 30 * time.Second
	maxAnswer  = 64 << 20 // bytes
)

// peopleOnServer reads users through the API.
type peopleOnServer struct {
	ctx    context.Context
	base   string // of the API's first version, without a slash at its end
	token  string
	client *http.Client
}

func newPeopleOnServer(a *app, f serverFlag) (*peopleOnServer, error) {
	u, err := url.Parse(f.Server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("--server: %q is no URL of a server, such as https://id.example.org", f.Server)
	}
	if u.Scheme == "http" && overTheNetwork(net.JoinHostPort(u.Hostname(), "80")) {
		return nil, fmt.Errorf("--server: %s would get the token in the clear, for everybody on the way to read; use https", f.Server)
	}
	if f.Token == "" {
		return nil, errors.New("--server needs an administrator's token; set ROLLCALL_TOKEN or --token")
	}
	return &peopleOnServer{ctx: a.ctx, base: strings.TrimSuffix(f.Server, "/") + "/api/v1", token: f.Token, client: &http.Client{Timeout: apiTimeout}}, nil
}

// get asks for a path of the API. What the server refuses comes back with the server's own code.
func (p *peopleOnServer) get(path string, query url.Values, into any) error {
	request, err := http.NewRequestWithContext(p.ctx, http.MethodGet, p.base+path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+p.token)
	response, err := p.client.Do(request)
	if err != nil {
		return fmt.Errorf("the server does not answer: %w; check --server", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("the server's answer was cut short: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		var problem web.Problem
		if json.Unmarshal(body, &problem) != nil || problem.Code == "" {
			return fmt.Errorf("the server answered %s; is there a rollcall at --server?", response.Status)
		}
		kind := identity.Conflict
		if response.StatusCode == http.StatusNotFound {
			kind = identity.NotFound
		}
		return identity.Refuse(kind, identity.Rule(problem.Code), "%s (tracking id %s)", problem.Message, problem.TrackingID)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("the server's answer cannot be read: %w", err)
	}
	return nil
}

// users returns the path of an organization's users; the organization is one in which the administrator has a role.
func (p *peopleOnServer) users(f orgFlag) (string, error) {
	query := url.Values{"limit": {strconv.Itoa(apiPage)}}
	var found []string
	for {
		var page struct {
			Organizations []struct{ ID, Name string }
			NextCursor    string
		}
		if err := p.get("/organizations", query, &page); err != nil {
			return "", err
		}
		for _, o := range page.Organizations {
			if o.ID == f.Org {
				return "/organizations/" + url.PathEscape(o.ID) + "/users", nil
			}
			if o.Name == f.Org {
				found = append(found, o.ID)
			}
		}
		if page.NextCursor == "" {
			break
		}
		query.Set("cursor", page.NextCursor)
	}
	switch len(found) {
	case 1:
		return "/organizations/" + url.PathEscape(found[0]) + "/users", nil
	case 0:
		return "", identity.Refuse(identity.NotFound, identity.RuleUnknownOrg, "you have no role in an organization with the id or name %q", f.Org)
	}
	return "", identity.Refuse(identity.Invalid, identity.RuleUnknownOrg,
		"%d organizations are called %q; use the id of one of them: %s", len(found), f.Org, strings.Join(found, ", "))
}

func (p *peopleOnServer) list(f orgFlag, q userQuery) (users []userView, next string, err error) {
	path, err := p.users(f)
	if err != nil {
		return nil, "", err
	}
	query := url.Values{}
	for name, value := range map[string]string{"status": q.Status, "reason": q.Reason, "cursor": q.After} {
		if value != "" {
			query.Set(name, value)
		}
	}
	users = []userView{}
	for {
		limit := apiPage
		if q.Limit > 0 {
			limit = min(apiPage, q.Limit-len(users))
		}
		query.Set("limit", strconv.Itoa(limit))
		page, next, err := p.page(path, query)
		if err != nil {
			return nil, "", err
		}
		users = append(users, page...)
		if next == "" || len(users) == q.Limit {
			return users, next, nil
		}
		query.Set("cursor", next)
	}
}

func (p *peopleOnServer) page(path string, query url.Values) (users []userView, next string, err error) {
	var page struct {
		Users      []userView
		NextCursor string
	}
	err = p.get(path, query, &page)
	return page.Users, page.NextCursor, err
}

func (p *peopleOnServer) show(f orgFlag, user string) (userView, error) {
	path, err := p.users(f)
	if err != nil {
		return userView{}, err
	}
	return p.find(path, user)
}

// find looks for an id, then for a userName, then for an address.
func (p *peopleOnServer) find(path, user string) (userView, error) {
	var v userView
	err := p.get(path+"/"+url.PathEscape(user), nil, &v)
	if err == nil || !identity.IsNotFound(err) {
		return v, err
	}
	var holders []userView
	query := url.Values{"q": {user}, "limit": {strconv.Itoa(apiPage)}}
	for {
		page, next, err := p.page(path, query)
		if err != nil {
			return v, err
		}
		for _, u := range page {
			if identity.KeyOfUserName(u.UserName) == identity.KeyOfUserName(user) {
				return u, nil
			}
			if u.hasAddress(user) {
				holders = append(holders, u)
			}
		}
		if next == "" {
			break
		}
		query.Set("cursor", next)
	}
	switch len(holders) {
	case 0:
		return v, unknownUser(user)
	case 1:
		return holders[0], nil
	}
	return v, fmt.Errorf("more than one user has the address %s; use an id: %s, %s", user, holders[0].ID, holders[1].ID)
}

func (v userView) hasAddress(address string) bool {
	for _, e := range v.Emails {
		if identity.Fold(e.Value) == identity.Fold(address) {
			return true
		}
	}
	return false
}

func (p *peopleOnServer) why(f orgFlag, user string) (identity.Explanation, error) {
	path, err := p.users(f)
	if err != nil {
		return identity.Explanation{}, err
	}
	var x struct {
		identity.Explanation
		User identity.AccountID `json:"user"`
	}
	// Who was deleted is known by id only, so the id comes first.
	err = p.get(path+"/"+url.PathEscape(user)+"/why", nil, &x)
	if identity.IsNotFound(err) {
		found, unknown := p.find(path, user)
		if unknown != nil {
			return identity.Explanation{}, unknown
		}
		err = p.get(path+"/"+string(found.ID)+"/why", nil, &x)
	}
	x.Account = x.User
	return x.Explanation, err
}
