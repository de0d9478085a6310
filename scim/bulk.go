package scim

import (
	"net/http"
	"strconv"
	"strings"

	scimerrors "github.com/elimity-com/scim/errors"
)

// The schemas of the messages of RFC 7644 section 3.7.
const (
	BulkRequestSchema  = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
	BulkResponseSchema = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
)

// MaxBulkOperations is how many operations one bulk request may have (SCM-16).
const MaxBulkOperations = 1000

// bulkOperation is one operation of a bulk request, and what came of it.
type bulkOperation struct {
	method, bulkID, version string
	path                    string // "/Users/{id}", as it was given
	data                    map[string]any
	malformed               error // why it cannot even be tried
	position                int
	refs                    []string // the bulkIds that it refers to
	must                    []string // those of them without which the resource cannot be created and completed later

	done     bool
	of       *resourceType
	made     made
	err      error
	cause    string // the bulkId of the operation whose failure made this one fail, perhaps its own
	location string
}

// bulk is POST to /Bulk (RFC 7644 section 3.7): operations of their own, each of which happens or does not.
func (s *Server) bulk(r *request, _ string) error {
	if err := s.identity.Confirm(r.Context(), r.token); err != nil {
		return err // or the answer would be 200, with each operation refused
	}
	body, err := r.body()
	if err != nil {
		return err
	}
	ops, most, err := parseBulk(body)
	if err != nil {
		return err
	}
	newBulkRun(s, r, ops).all(most)
	answer := append(make([]byte, 0, 256*len(ops)), `{"schemas":["`+BulkResponseSchema+`"],"Operations":[`...)
	if answer, err = s.appendResults(answer, r, ops); err != nil {
		return err
	}
	return r.reply(http.StatusOK, append(answer, "]}"...))
}

// parseBulk reads a bulk request; most is how many errors it may have until the rest is left undone, 0 for any number.
func parseBulk(body map[string]any) (ops []*bulkOperation, most int, err error) {
	if err := checkSchemas(body, BulkRequestSchema); err != nil {
		return nil, 0, err
	}
	limit, _, err := member(body, "failOnErrors")
	if err != nil {
		return nil, 0, err
	}
	if limit != nil {
		text, _ := searchText(limit)
		if most, err = strconv.Atoi(text); err != nil || most < 1 {
			return nil, 0, invalid(scimerrors.ScimTypeInvalidValue, "failOnErrors must be a whole number of at least 1.")
		}
	}
	operations, _, err := member(body, "Operations")
	if err != nil {
		return nil, 0, err
	}
	list, ok := operations.([]any)
	if !ok || len(list) == 0 {
		return nil, 0, invalid(scimerrors.ScimTypeInvalidSyntax, "Operations must be an array of at least one operation.")
	}
	if len(list) > MaxBulkOperations {
		return nil, 0, failure(http.StatusRequestEntityTooLarge, "", "There are %d operations; at most %d are allowed in one request.", len(list), MaxBulkOperations)
	}
	seen := map[string]bool{}
	for _, v := range list {
		o := parseBulkOperation(v)
		if o.malformed == nil && o.bulkID != "" && seen[o.bulkID] {
			o.malformed = invalid(scimerrors.ScimTypeInvalidValue, "The bulkId %.60q stands twice.", o.bulkID)
		}
		seen[o.bulkID] = true
		ops = append(ops, o)
	}
	return ops, most, nil
}

func parseBulkOperation(v any) *bulkOperation {
	o := &bulkOperation{}
	m, ok := v.(map[string]any)
	if !ok {
		o.malformed = invalid(scimerrors.ScimTypeInvalidSyntax, "An operation must be an object.")
		return o
	}
	for name, into := range map[string]*string{"method": &o.method, "bulkId": &o.bulkID, "version": &o.version, "path": &o.path} {
		given, _, err := member(m, name)
		text, isText := given.(string)
		switch {
		case err != nil:
			o.malformed = err
		case given != nil && !isText:
			o.malformed = invalid(scimerrors.ScimTypeInvalidSyntax, "%s must be a text.", name)
		}
		*into = text
	}
	data, _, err := member(m, "data")
	if err != nil {
		o.malformed = err
	}
	o.data, _ = data.(map[string]any)
	o.method = strings.ToUpper(o.method)
	switch {
	case o.malformed != nil:
	case o.method != http.MethodPost && o.method != http.MethodPut && o.method != http.MethodPatch && o.method != http.MethodDelete:
		o.malformed = invalid(scimerrors.ScimTypeInvalidSyntax, "method must be POST, PUT, PATCH or DELETE, not %.20q.", o.method)
	case o.method == http.MethodPost && o.bulkID == "":
		o.malformed = invalid(scimerrors.ScimTypeInvalidSyntax, "POST needs a bulkId.")
	case o.method != http.MethodDelete && o.data == nil:
		o.malformed = invalid(scimerrors.ScimTypeInvalidSyntax, "%s needs data, an object.", o.method)
	case o.path == "":
		o.malformed = invalid(scimerrors.ScimTypeInvalidPath, "The operation needs a path.")
	}
	return o
}

// appendResults says of each operation that was tried what came of it.
func (s *Server) appendResults(b []byte, r *request, ops []*bulkOperation) ([]byte, error) {
	first := true
	for i, o := range ops {
		if !o.done {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendString(append(b, `{"method":`...), o.method)
		if o.bulkID != "" {
			b = appendString(append(b, `,"bulkId":`...), o.bulkID)
		}
		if o.location != "" {
			b = appendString(append(b, `,"location":`...), o.location)
		}
		status := o.made.status
		if o.err != nil {
			e, known := mapError(o.err)
			if !known {
				s.logFailure(r.Request, o.err)
			}
			noteOperation(r.w, i, e)
			status = e.Status
			message, err := e.MarshalJSON()
			if err != nil {
				return nil, err
			}
			b = append(append(b, `,"response":`...), message...)
		} else if o.made.entity != nil {
			b = appendString(append(b, `,"version":`...), etag(o.made.entity.version()))
		}
		b = strconv.AppendInt(append(b, `,"status":"`...), int64(status), 10)
		b = append(b, `"}`...)
	}
	return b, nil
}
