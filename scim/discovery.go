package scim

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// discovery holds what the server tells about itself (RFC 7644 section 4) and never changes, encoded.
type discovery struct {
	config        told
	schemas       []told
	resourceTypes []told
}

// told is one entry, without its location, which depends on where the server is reached.
type told struct {
	id   string
	path string // below the server's address
	json []byte // an object with members
}

const (
	configSchema       = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	resourceTypeSchema = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
)

func newDiscovery(types []*resourceType) (d discovery, err error) {
	tell := func(id, path string, entry map[string]any) told {
		encoded, failed := appendJSON(nil, entry)
		err = cmp.Or(err, failed)
		return told{id, path, encoded}
	}
	d.config = tell("", "/ServiceProviderConfig", serviceProviderConfig())
	seen := map[string]bool{}
	for _, t := range types {
		refs := []any{}
		for i, of := range t.schemas {
			if !seen[of.ID] {
				d.schemas = append(d.schemas, tell(of.ID, "/Schemas/"+of.ID, of.ToMap()))
				seen[of.ID] = true
			}
			if i > 0 {
				refs = append(refs, map[string]any{"schema": of.ID, "required": t.index.container(of.ID).mandatory})
			}
		}
		d.resourceTypes = append(d.resourceTypes, tell(t.name, "/ResourceTypes/"+t.name, map[string]any{
			"schemas": []any{resourceTypeSchema}, "id": t.name, "name": t.name, "description": t.description,
			"endpoint": "/" + t.endpoint, "schema": t.schemas[0].ID, "schemaExtensions": refs,
		}))
	}
	return d, err
}

func serviceProviderConfig() map[string]any {
	supported := func(yes bool) map[string]any { return map[string]any{"supported": yes} }
	return map[string]any{
		"schemas":        []any{configSchema},
		"patch":          supported(true),
		"bulk":           map[string]any{"supported": true, "maxOperations": MaxBulkOperations, "maxPayloadSize": MaxBody},
		"filter":         map[string]any{"supported": true, "maxResults": MaxCount},
		"changePassword": supported(false),
		"sort":           supported(true),
		"etag":           supported(true),
		"pagination": map[string]any{"cursor": true, "index": true, "defaultPaginationMethod": "index", "defaultPageSize": DefaultCount,
			"maxPageSize": MaxCount, "cursorTimeout": int(CursorTimeout / time.Second)}, // RFC 9865 section 4
		"authenticationSchemes": []any{map[string]any{
			"type": "oauthbearertoken", "name": "Bearer token", "primary": true,
			"description": "A token of the organization in the Authorization header (RFC 6750)",
			"specUri":     "https://www.rfc-editor.org/info/rfc6750",
		}},
	}
}

// append appends an entry with its location.
func (e told) append(b []byte, base, kind string) []byte {
	b = append(b, e.json[:len(e.json)-1]...)
	b = append(append(append(b, `,"meta":{"resourceType":"`...), kind...), `","location":`...)
	return append(appendString(b, base+e.path), "}}"...)
}

func (s *Server) getConfig(r *request, _ string) error {
	if err := r.unfiltered(); err != nil {
		return err
	}
	d, err := s.discovery()
	if err != nil {
		return err
	}
	return r.reply(http.StatusOK, d.config.append(nil, r.base, "ServiceProviderConfig"))
}

func (s *Server) getResourceTypes(r *request, id string) error {
	d, err := s.discovery()
	if err != nil {
		return err
	}
	return r.replyDiscovery(d.resourceTypes, "ResourceType", id)
}

func (s *Server) getSchemas(r *request, id string) error {
	d, err := s.discovery()
	if err != nil {
		return err
	}
	return r.replyDiscovery(d.schemas, "Schema", id)
}

// unfiltered refuses filters, which are not for discovery (RFC 7644 section 4).
func (r *request) unfiltered() error {
	query, err := r.query()
	if err == nil && query.Get("filter") != "" {
		err = failure(http.StatusForbidden, "", "This endpoint does not take a filter.")
	}
	return err
}

// replyDiscovery sends one of the entries, or all of them.
func (r *request) replyDiscovery(entries []told, kind, id string) error {
	if err := r.unfiltered(); err != nil {
		return err
	}
	if id != "" {
		i := slices.IndexFunc(entries, func(e told) bool { return strings.EqualFold(e.id, id) })
		if i < 0 {
			return notFound()
		}
		return r.reply(http.StatusOK, entries[i].append(nil, r.base, kind))
	}
	size := 256
	for _, e := range entries {
		size += len(e.json) + 256
	}
	n := int64(len(entries))
	b := append(make([]byte, 0, size), `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":`...)
	b = strconv.AppendInt(b, n, 10)
	b = strconv.AppendInt(append(b, `,"startIndex":1,"itemsPerPage":`...), n, 10)
	b = append(b, `,"Resources":[`...)
	for i, e := range entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.append(b, r.base, kind)
	}
	return r.reply(http.StatusOK, append(b, "]}"...))
}
