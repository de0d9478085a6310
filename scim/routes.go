package scim

import (
	"net/http"
	"strings"
)

// handler answers one method of one endpoint; id is what follows the endpoint's name in the path.
type handler = func(r *request, id string) error

// action is what one method of an endpoint does.
type action struct {
	answer handler
	// writes says that all it does happens in [Server.transact], which looks at the token once more.
	writes bool
}

// methods are what an endpoint can do.
type methods map[string]action

var methodNames = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// allowed is the value of the Allow header.
func (m methods) allowed() string {
	var names []string
	for _, name := range methodNames {
		if m[name].answer == nil {
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
		none[name] = reads(notImplemented)
	}
	return routes{
		"Users":         {http.MethodGet: reads(s.listUsers), http.MethodPost: writes(s.createUser)},
		"Users/.search": {http.MethodPost: reads(s.searchUsers)},
		"Users/*": {http.MethodGet: reads(s.getUser), http.MethodPut: writes(s.replaceUser), http.MethodPatch: writes(s.patchUser),
			http.MethodDelete: writes(s.deleteUser)},
		"ServiceProviderConfig": {http.MethodGet: reads(s.getConfig)},
		"ResourceTypes":         {http.MethodGet: reads(s.getResourceTypes)},
		"ResourceTypes/*":       {http.MethodGet: reads(s.getResourceTypes)},
		"Schemas":               {http.MethodGet: reads(s.getSchemas)},
		"Schemas/*":             {http.MethodGet: reads(s.getSchemas)},
		"Me":                    none, // RFC 7644 section 3.11
		"Bulk":                  none, // RFC 7644 section 3.7
	}
}

func reads(h handler) action  { return action{answer: h} }
func writes(h handler) action { return action{answer: h, writes: true} }

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
