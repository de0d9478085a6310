package scim

import (
	"net/http"
	"strings"
	"time"
)

// discovery holds what the server tells about itself (RFC 7644 section 4), without the locations, which depend on where
// it is reached.
type discovery struct {
	schemas       []map[string]any
	resourceTypes []map[string]any
}

const (
	configSchema       = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	resourceTypeSchema = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
)

func newDiscovery(types []*resourceType) (d discovery) {
	told := map[string]bool{}
	for _, t := range types {
		refs := []any{}
		for i, of := range t.schemas {
			if !told[of.ID] {
				d.schemas = append(d.schemas, of.ToMap())
				told[of.ID] = true
			}
			if i > 0 {
				refs = append(refs, map[string]any{"schema": of.ID, "required": t.index.container(of.ID).mandatory})
			}
		}
		d.resourceTypes = append(d.resourceTypes, map[string]any{
			"schemas": []any{resourceTypeSchema}, "id": t.name, "name": t.name, "description": t.description,
			"endpoint": "/" + t.endpoint, "schema": t.schemas[0].ID, "schemaExtensions": refs,
		})
	}
	return d
}

func (s *Server) getConfig(r *request, _ string) error {
	if err := r.unfiltered(); err != nil {
		return err
	}
	supported := func(yes bool) map[string]any { return map[string]any{"supported": yes} }
	return r.replyValue(map[string]any{
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
		"meta": map[string]any{"resourceType": "ServiceProviderConfig", "location": r.base + "/ServiceProviderConfig"},
	})
}

func (s *Server) getResourceTypes(r *request, id string) error {
	return r.replyDiscovery(s.discovery.resourceTypes, "ResourceType", id)
}

func (s *Server) getSchemas(r *request, id string) error {
	return r.replyDiscovery(s.discovery.schemas, "Schema", id)
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
func (r *request) replyDiscovery(entries []map[string]any, kind, id string) error {
	if err := r.unfiltered(); err != nil {
		return err
	}
	located := []any{}
	for _, e := range entries {
		own := map[string]any{}
		for k, v := range e {
			own[k] = v
		}
		name, _ := e["id"].(string)
		own["meta"] = map[string]any{"resourceType": kind, "location": r.base + "/" + kind + "s/" + name}
		if id == "" {
			located = append(located, own)
		} else if strings.EqualFold(name, id) {
			return r.replyValue(own)
		}
	}
	if id != "" {
		return notFound()
	}
	return r.replyValue(map[string]any{
		"schemas": []any{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, "totalResults": len(located),
		"startIndex": 1, "itemsPerPage": len(located), "Resources": located,
	})
}

func (r *request) replyValue(v any) error {
	body, err := appendJSON(nil, v)
	if err != nil {
		return err
	}
	return r.reply(http.StatusOK, body)
}
