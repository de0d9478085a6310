package admin

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"rollcall/internal/web"
)

//go:embed docs.html docs.css
var pages embed.FS

// problemType is the body of every error.
var problemType = reflect.TypeFor[web.Problem]()

// refusals documents the errors of an operation.
func (a *api) refusals(o operation) map[string]*huma.Response {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(problemType, true, "Problem")
	codes := append([]int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable}, o.refusals...)
	if o.scope != scopeAny {
		codes = append(codes, http.StatusNotFound, http.StatusConflict) // it may be being deleted
	}
	if o.method == http.MethodPost {
		codes = append(codes, http.StatusConflict)
	}
	responses := map[string]*huma.Response{}
	for _, code := range codes {
		responses[strconv.Itoa(code)] = &huma.Response{
			Description: http.StatusText(code),
			Content:     map[string]*huma.MediaType{web.ProblemType: {Schema: schema}},
		}
	}
	return responses
}

// addDocuments serves the OpenAPI document and a page that shows it. Both are for everybody: they say what the API is and nothing about
// who uses it. Each is made when it is first asked for, because that takes longer than all else that a server does when it starts.
func (a *api) addDocuments() {
	// huma lists the shape of its own errors, which fromHuma never lets out.
	shapes := a.huma.OpenAPI().Components.Schemas.Map()
	delete(shapes, "ErrorModel")
	delete(shapes, "ErrorDetail")
	a.mux.HandleFunc("GET /api/openapi.json", a.made("application/json", func() ([]byte, error) {
		return json.MarshalIndent(a.huma.OpenAPI(), "", "  ")
	}))
	a.mux.HandleFunc("GET /api/docs.css", a.made("text/css; charset=utf-8", func() ([]byte, error) { return pages.ReadFile("docs.css") }))
	html := a.made("text/html; charset=utf-8", func() ([]byte, error) { return docsPage(a.huma.OpenAPI()) })
	a.mux.HandleFunc("GET /api/docs", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		html(w, r)
	})
}

// made answers with what is made once, for whoever comes first.
func (a *api) made(contentType string, document func() ([]byte, error)) http.HandlerFunc {
	once := sync.OnceValues(document)
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := once()
		if err != nil {
			writeRefusal(w, mapError(r.Context(), a.logger, err))
			return
		}
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(body) // the client is gone; there is nobody left to tell
	}
}

// entry is one operation on the page.
type entry struct {
	ID, Method, Path, Summary string
	About                     []string
	Parameters                []parameter
	Body, Answer              string // names of schemas
	Refusals                  string
}

type parameter struct{ Name, In, Type, About string }

type shape struct {
	Name   string
	Fields []parameter
}

// docsPage renders the document as one page without a script.
func docsPage(doc *huma.OpenAPI) ([]byte, error) {
	t, err := template.ParseFS(pages, "docs.html")
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, item := range doc.Paths {
		for _, op := range operationsOf(item) {
			entries = append(entries, entryOf(op))
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method) })
	var shapes []shape
	for name, schema := range doc.Components.Schemas.Map() {
		s := shape{Name: name}
		for field, p := range schema.Properties {
			s.Fields = append(s.Fields, parameter{Name: field, Type: typeOf(p), About: p.Description})
		}
		slices.SortFunc(s.Fields, func(a, b parameter) int { return strings.Compare(a.Name, b.Name) })
		shapes = append(shapes, s)
	}
	slices.SortFunc(shapes, func(a, b shape) int { return strings.Compare(a.Name, b.Name) })
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{
		"Title": doc.Info.Title, "About": strings.Split(doc.Info.Description, "\n\n"), "Entries": entries, "Shapes": shapes,
	})
	return b.Bytes(), err
}

func entryOf(op *huma.Operation) entry {
	e := entry{ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, About: strings.Split(op.Description, "\n\n")}
	for _, p := range op.Parameters {
		e.Parameters = append(e.Parameters, parameter{Name: p.Name, In: p.In, Type: typeOf(p.Schema), About: p.Description})
	}
	if op.RequestBody != nil {
		e.Body = schemaName(op.RequestBody.Content)
	}
	var refusals []string
	for code, response := range op.Responses {
		if code[0] == '2' {
			e.Answer = schemaName(response.Content)
		} else {
			refusals = append(refusals, code)
		}
	}
	slices.Sort(refusals)
	e.Refusals = strings.Join(refusals, ", ")
	return e
}

func schemaName(content map[string]*huma.MediaType) string {
	for _, media := range content {
		if media.Schema != nil {
			return media.Schema.Ref[strings.LastIndexByte(media.Schema.Ref, '/')+1:]
		}
	}
	return ""
}

func typeOf(s *huma.Schema) string {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
	case s.Items != nil:
		return "list of " + typeOf(s.Items)
	case s.Format != "":
		return s.Type + " (" + s.Format + ")"
	}
	return s.Type
}
