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
	// confirms says that the token need only be recognized: whatever does or tells anything looks at it once more before
	// ([Server.transact], [Server.find], [Server.page]), and so does [Server.serve] before it tells an error.
	confirms bool
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

// newRoutes lists the endpoints: those of each type of resources, and those of all.
func (s *Server) newRoutes() routes {
	t := routes{
		"":                      {http.MethodGet: confirms(s.listResources(s.types...))},
		".search":               {http.MethodPost: confirms(s.searchResources(s.types...))},
		"ServiceProviderConfig": {http.MethodGet: reads(s.getConfig)},
		"ResourceTypes":         {http.MethodGet: reads(s.getResourceTypes)},
		"ResourceTypes/*":       {http.MethodGet: reads(s.getResourceTypes)},
		"Schemas":               {http.MethodGet: reads(s.getSchemas)},
		"Schemas/*":             {http.MethodGet: reads(s.getSchemas)},
		"Bulk":                  {http.MethodPost: confirms(s.bulk)},
	}
	for _, of := range s.types {
		t[of.endpoint] = methods{http.MethodGet: confirms(s.listResources(of)), http.MethodPost: confirms(s.createResource(of))}
		t[of.endpoint+"/.search"] = methods{http.MethodPost: confirms(s.searchResources(of))}
		t[of.endpoint+"/*"] = methods{http.MethodGet: confirms(s.getResource(of)), http.MethodPut: confirms(s.replaceResource(of)),
			http.MethodPatch: confirms(s.patchResource(of)), http.MethodDelete: confirms(s.deleteResource(of))}
	}
	me := methods{} // RFC 7644 section 3.11
	for method, act := range t[s.types[0].endpoint+"/*"] {
		me[method] = action{answer: s.asMe(s.types[0], act.answer), confirms: act.confirms}
	}
	t["Me"] = me
	return t
}

// asMe does to the account that the token stands for what do does to any, and tells where it is for good.
func (s *Server) asMe(t *resourceType, do handler) handler {
	return func(r *request, _ string) error {
		if err := s.identity.Confirm(r.Context(), r.token); err != nil {
			return err
		}
		if r.token.Me == "" {
			return failure(http.StatusNotFound, "", "This token stands for no user; make one that does with rollcall token create --me.")
		}
		id := string(r.token.Me)
		r.w.Header().Set("Location", view{base: r.base}.location(t.endpoint, id))
		return do(r, id)
	}
}

func reads(h handler) action    { return action{answer: h} }
func confirms(h handler) action { return action{answer: h, confirms: true} }

// find answers which endpoint a path is for, and the id in it; the endpoint need not exist.
func (t routes) find(path string) (endpoint, id string) {
	if t[path] != nil && !strings.HasSuffix(path, "/*") {
		return path, ""
	}
	name, id, found := strings.Cut(path, "/")
	if !found || id == "" || strings.Contains(id, "/") {
		return "?", "" // no path has it: it ends before the query
	}
	return name + "/*", id
}
