package scim

import (
	"net/http"
	"strings"
)

// handler answers one method of one endpoint; id is what follows the endpoint's name in the path.
type handler = func(r *request, id string) error

// methods are what an endpoint can do.
type methods map[string]handler

var methodNames = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// allowed is the value of the Allow header.
func (m methods) allowed() string {
	var names []string
	for _, name := range methodNames {
		if m[name] == nil {
			continue
		}
		names = append(names, name)
		if name == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	return strings.Join(names, ", ")
}

// routes are the endpoints of an organization. In a key, "/*" stands for one more segment of the path.
type routes map[string]methods

// newRoutes lists the endpoints. Another resource type is another few lines here.
func (s *Server) newRoutes() routes {
	none := methods{}
	for _, name := range methodNames {
		none[name] = notImplemented
	}
	return routes{
		"Users":         {http.MethodGet: s.listUsers, http.MethodPost: s.createUser},
		"Users/.search": {http.MethodPost: s.searchUsers},
		"Users/*": {http.MethodGet: s.getUser, http.MethodPut: s.replaceUser, http.MethodPatch: s.patchUser,
			http.MethodDelete: s.deleteUser},
		"ServiceProviderConfig": {http.MethodGet: s.getConfig},
		"ResourceTypes":         {http.MethodGet: s.getResourceTypes},
		"ResourceTypes/*":       {http.MethodGet: s.getResourceTypes},
		"Schemas":               {http.MethodGet: s.getSchemas},
		"Schemas/*":             {http.MethodGet: s.getSchemas},
		"Me":                    none, // RFC 7644 section 3.11
		"Bulk":                  none, // RFC 7644 section 3.7
	}
}

// find answers which endpoint a path is for, and the id in it; the endpoint need not exist.
func (t routes) find(path string) (endpoint, id string) {
	if t[path] != nil && !strings.HasSuffix(path, "/*") {
		return path, ""
	}
	name, id, found := strings.Cut(path, "/")
	if !found || id == "" || strings.Contains(id, "/") {
		return "", ""
	}
	return name + "/*", id
}

func notImplemented(*request, string) error {
	return failure(http.StatusNotImplemented, "", "This endpoint is not supported.")
}
