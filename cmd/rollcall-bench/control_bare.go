package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// bareRows are the rows of people in a database that Rollcall has made: the same tables, the same columns, and nobody who looks at what is
// written.
type bareRows interface {
	insert(ctx context.Context, p barePerson) error
	byID(ctx context.Context, id []byte) (barePerson, error)
	byName(ctx context.Context, name string) (barePerson, error)
	page(ctx context.Context, skip, limit int) ([]barePerson, error)
	setActive(ctx context.Context, id []byte, active bool) (barePerson, error)
	count(ctx context.Context) (int, error)
	close() error
}

// barePerson is what of an account is read and written.
type barePerson struct {
	id                      []byte
	userName                string
	emails, profile, status string
	createdAt, updatedAt    int64 // microseconds
}

// errNobody is said of a person who is not there.
var errNobody = errors.New("there is nobody of that id or name")

// openBare opens a database by its URL.
func openBare(ctx context.Context, database string) (bareRows, error) {
	if path, isFile := strings.CutPrefix(database, "sqlite:"); isFile {
		return openBareSQLite(ctx, path)
	}
	return openBarePostgres(ctx, database)
}

// bare is a server over rows: JSON in, a few prepared statements, JSON out. It authenticates nobody, knows no schema and has no rules.
type bare struct {
	rows  bareRows
	total atomic.Int64
}

func newBare(rows bareRows) http.Handler {
	b := &bare{rows: rows}
	if n, err := rows.count(context.Background()); err == nil {
		b.total.Store(int64(n))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /Users", b.create)
	mux.HandleFunc("GET /Users", b.list)
	mux.HandleFunc("GET /Users/{id}", b.get)
	mux.HandleFunc("PATCH /Users/{id}", b.patch)
	return mux
}

func (b *bare) create(w http.ResponseWriter, r *http.Request) {
	var v map[string]any
	if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
		fail(w, err)
		return
	}
	p := newBarePerson()
	p.userName, _ = v["userName"].(string)
	emails, err := json.Marshal(v["emails"])
	if err != nil {
		fail(w, err)
		return
	}
	profile := make(map[string]any, len(v))
	for name, value := range v {
		switch name {
		case "schemas", "userName", "emails", "active", "externalId":
		default:
			profile[name] = value
		}
	}
	document, err := json.Marshal(profile)
	if err != nil {
		fail(w, err)
		return
	}
	p.emails, p.profile, p.status = string(emails), string(document), "verified"
	if err := b.rows.insert(r.Context(), p); err != nil {
		fail(w, err)
		return
	}
	b.total.Add(1)
	writeDocument(w, http.StatusCreated, p.document())
}

func (b *bare) get(w http.ResponseWriter, r *http.Request) {
	id, err := keyOf(r.PathValue("id"))
	var p barePerson
	if err == nil {
		p, err = b.rows.byID(r.Context(), id)
	}
	if err != nil {
		fail(w, err)
		return
	}
	writeDocument(w, http.StatusOK, p.document())
}

func (b *bare) list(w http.ResponseWriter, r *http.Request) {
	var found []barePerson
	var err error
	total := int(b.total.Load())
	if r.FormValue("filter") != "" {
		name, ok := nameInFilter(r)
		if !ok {
			http.Error(w, "the only filter is userName eq", http.StatusBadRequest)
			return
		}
		var p barePerson
		if p, err = b.rows.byName(r.Context(), name); err == nil {
			found = append(found, p)
		} else if errors.Is(err, errNobody) {
			err = nil
		}
		total = len(found)
	} else {
		start, _ := strconv.Atoi(r.FormValue("startIndex")) // what is no number is the first
		count, _ := strconv.Atoi(r.FormValue("count"))
		found, err = b.rows.page(r.Context(), max(start, 1)-1, count)
	}
	if err != nil {
		fail(w, err)
		return
	}
	documents := make([]bareDocument, len(found))
	for i, p := range found {
		documents[i] = p.document()
	}
	writeDocument(w, http.StatusOK, map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"},
		"totalResults": total, "itemsPerPage": len(found), "startIndex": 1, "Resources": documents})
}

func (b *bare) patch(w http.ResponseWriter, r *http.Request) {
	var v struct{ Operations []struct{ Value bool } }
	err := json.NewDecoder(r.Body).Decode(&v)
	if err == nil && len(v.Operations) != 1 {
		err = errors.New("one operation, please")
	}
	var id []byte
	if err == nil {
		id, err = keyOf(r.PathValue("id"))
	}
	var p barePerson
	if err == nil {
		p, err = b.rows.setActive(r.Context(), id, v.Operations[0].Value)
	}
	if err != nil {
		fail(w, err)
		return
	}
	writeDocument(w, http.StatusOK, p.document())
}

func fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if errors.Is(err, errNobody) {
		status = http.StatusNotFound
	}
	http.Error(w, err.Error(), status)
}

// bareDocument is about what Rollcall answers, too.
type bareDocument struct {
	Schemas  []string        `json:"schemas"`
	ID       string          `json:"id"`
	UserName string          `json:"userName"`
	Active   bool            `json:"active"`
	Emails   json.RawMessage `json:"emails"`
	Profile  json.RawMessage `json:"profile"`
	Meta     bareMeta        `json:"meta"`
}

type bareMeta struct {
	ResourceType string    `json:"resourceType"`
	Created      time.Time `json:"created"`
	LastModified time.Time `json:"lastModified"`
	Version      string    `json:"version"`
}

func (p barePerson) document() bareDocument {
	return bareDocument{
		Schemas: []string{"urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"},
		ID:      textOf(p.id), UserName: p.userName, Active: p.status != "inactive", Emails: json.RawMessage(p.emails), Profile: json.RawMessage(p.profile),
		Meta: bareMeta{"User", time.UnixMicro(p.createdAt).UTC(), time.UnixMicro(p.updatedAt).UTC(), `W/"1"`},
	}
}

// nameInFilter returns the value of userName eq "…".
func nameInFilter(r *http.Request) (string, bool) {
	value, found := strings.CutPrefix(r.FormValue("filter"), "userName eq ")
	name, err := strconv.Unquote(value)
	return strings.ToLower(name), found && err == nil
}

// keyOf and textOf are how an id is stored and how it is written.
func keyOf(id string) ([]byte, error) { return hex.DecodeString(strings.ReplaceAll(id, "-", "")) }

func textOf(key []byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", key[:4], key[4:6], key[6:8], key[8:10], key[10:])
}
