package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"

	elimity "github.com/elimity-com/scim"
	"github.com/elimity-com/scim/errors"
	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"
)

// elimityUsers are the handlers of somebody else's SCIM server, over a map in memory with an index by userName. Nothing is durable.
type elimityUsers struct {
	mu     sync.RWMutex
	users  []elimity.ResourceAttributes // the i-th has the id i+1
	byName map[string]int
}

func newElimity(people int) (http.Handler, error) {
	u := &elimityUsers{byName: map[string]int{}}
	for i := range people {
		var a map[string]any
		if err := json.Unmarshal(userBody(seededName(i), i), &a); err != nil {
			return nil, err
		}
		delete(a, "schemas")
		if _, err := u.Create(nil, a); err != nil {
			return nil, err
		}
	}
	s, err := elimity.NewServer(&elimity.ServerArgs{
		ServiceProviderConfig: &elimity.ServiceProviderConfig{SupportFiltering: true, SupportPatch: true},
		ResourceTypes: []elimity.ResourceType{{
			ID: optional.NewString("User"), Name: "User", Endpoint: "/Users", Schema: schema.CoreUserSchema(),
			SchemaExtensions: []elimity.SchemaExtension{{Schema: schema.ExtensionEnterpriseUser()}}, Handler: u,
		}},
	})
	return s, err
}

func (u *elimityUsers) Create(_ *http.Request, a elimity.ResourceAttributes) (elimity.Resource, error) {
	name, _ := a["userName"].(string)
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, taken := u.byName[strings.ToLower(name)]; taken {
		return elimity.Resource{}, errors.ScimErrorUniqueness
	}
	u.byName[strings.ToLower(name)] = len(u.users)
	u.users = append(u.users, a)
	return u.resource(len(u.users) - 1), nil
}

// resource copies what the server adds to.
func (u *elimityUsers) resource(i int) elimity.Resource {
	return elimity.Resource{ID: strconv.Itoa(i + 1), Attributes: maps.Clone(u.users[i])}
}

// at returns where somebody is.
func (u *elimityUsers) at(id string) (int, error) {
	n, err := strconv.Atoi(id)
	if err != nil || n < 1 || n > len(u.users) {
		return 0, errors.ScimErrorResourceNotFound(id)
	}
	return n - 1, nil
}

func (u *elimityUsers) Get(_ *http.Request, id string) (elimity.Resource, error) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	i, err := u.at(id)
	if err != nil {
		return elimity.Resource{}, err
	}
	return u.resource(i), nil
}

func (u *elimityUsers) GetAll(r *http.Request, p elimity.ListRequestParams) (elimity.Page, error) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	if p.FilterValidator != nil {
		return u.named(r)
	}
	page := elimity.Page{TotalResults: len(u.users)}
	for i := p.StartIndex - 1; i < min(p.StartIndex-1+p.Count, len(u.users)); i++ {
		page.Resources = append(page.Resources, u.resource(i))
	}
	return page, nil
}

// named answers userName eq by the index, and nothing else. The server has parsed the filter before.
func (u *elimityUsers) named(r *http.Request) (elimity.Page, error) {
	name, ok := nameInFilter(r)
	if !ok {
		return elimity.Page{}, errors.ScimErrorInvalidFilter
	}
	i, found := u.byName[strings.ToLower(name)]
	if !found {
		return elimity.Page{}, nil
	}
	return elimity.Page{TotalResults: 1, Resources: []elimity.Resource{u.resource(i)}}, nil
}

// Replace and Delete are not measured.
func (u *elimityUsers) Replace(*http.Request, string, elimity.ResourceAttributes) (elimity.Resource, error) {
	return elimity.Resource{}, errors.ScimError{Status: http.StatusNotImplemented}
}

func (u *elimityUsers) Delete(*http.Request, string) error {
	return errors.ScimError{Status: http.StatusNotImplemented}
}

func (u *elimityUsers) Patch(_ *http.Request, id string, ops []elimity.PatchOperation) (elimity.Resource, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	i, err := u.at(id)
	if err != nil {
		return elimity.Resource{}, err
	}
	after, err := elimity.ApplyPatch(maps.Clone(u.users[i]), ops, schema.CoreUserSchema(), schema.ExtensionEnterpriseUser())
	if err != nil {
		return elimity.Resource{}, err
	}
	u.users[i] = after
	return u.resource(i), nil
}
