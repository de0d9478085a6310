package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"rollcall/bulk"
	"rollcall/directory"
	"rollcall/identity"
	"rollcall/internal/web"
)

// maxBody is the length of a request's body in bytes: a hundred addresses are far less.
const maxBody = 128 << 10

// The limits that hold unless Options says otherwise: a person clicks or a script pages through users, both well below.
var (
	// DefaultLimit is for each caller.
	DefaultLimit = web.Limit{Rate: 50, Burst: 200}
	// DefaultStrangers is for calls without a good token, for each address that they come from.
	DefaultStrangers = web.Limit{Rate: 10, Burst: 100}
)

// Options is what the API needs.
type Options struct {
	Service *identity.Service
	Issuers []Issuer       // none: only those of organizations
	Clock   identity.Clock // decides when tokens expire and how fast calls come
	Logger  *slog.Logger

	Limit     web.Limit // calls of one caller; the zero value means DefaultLimit
	Strangers web.Limit // calls without a good token from one address; the zero value means DefaultStrangers

	// AllowPrivateIssuers lets organizations register issuers on this machine and in private networks. Then whoever administers
	// an organization can have the server ask any machine that it reaches.
	AllowPrivateIssuers bool

	Directories Directories // nil: no directory can be connected here

	Resolver identity.Resolver // asks the DNS whether domains are proven; nil: nobody can prove one here

	Proxies web.Proxies // who may say for whom they ask

	// Trusted is whoever runs the program, who calls the API within the same process and needs no token: they could change the
	// store as well. A handler that anybody else can reach must not have it.
	Trusted *identity.Actor
}

type api struct {
	service   *identity.Service
	logger    *slog.Logger
	verifier  *verifier
	jobs      *bulk.Jobs
	callers   *web.Limiter
	strangers *web.Limiter
	trusted   *identity.Actor
	resolver  identity.Resolver
	proxies   web.Proxies

	directories Directories
	syncer      *directory.Syncer
	syncs       *directory.Jobs

	mux  *http.ServeMux
	huma huma.API
}

// New returns the handler for everything below /api/. It reads the CA files of the issuers and asks none of them: discovery
// waits for the first token, so the server starts though an issuer is down. The routes and their description are made for the
// first request: to many servers only identity providers talk, and they keep a fifth of what such a server would have in memory otherwise.
//
// It belongs behind web.Front, which gives requests their tracking ids and catches panics.
func New(o Options) (http.Handler, error) {
	if o.Service == nil || o.Clock == nil || o.Logger == nil {
		return nil, errors.New("admin: Service, Clock and Logger are needed")
	}
	v, err := o.complete()
	if err != nil {
		return nil, err
	}
	made := sync.OnceValues(func() (*api, error) { return newAPI(o, v) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, err := made()
		if err != nil {
			writeRefusal(w, mapError(r.Context(), o.Logger, err))
			return
		}
		a.ServeHTTP(w, r)
	}), nil
}

// Check reports what New would have against the options, without making anything of them: a Service is not needed.
func Check(o Options) error {
	_, err := o.complete()
	return err
}

// complete fills in what is left out, and makes of the issuers what checks their tokens. A Service is not needed.
func (o *Options) complete() (*verifier, error) {
	o.Limit, o.Strangers = cmp.Or(o.Limit, DefaultLimit), cmp.Or(o.Strangers, DefaultStrangers)
	for _, l := range []web.Limit{o.Limit, o.Strangers} {
		if l.Rate <= 0 || l.Burst < 1 {
			return nil, fmt.Errorf("admin: the limit %v lets nobody in; it needs a positive rate and a burst of at least 1", l)
		}
	}
	return newVerifier(*o)
}

// newAPI registers the routes of an API whose options are complete.
func newAPI(o Options, v *verifier) (*api, error) {
	v.store = o.Service.Reader()
	a := &api{
		service: o.Service, logger: o.Logger, verifier: v, jobs: bulk.New(o.Service, o.Logger), trusted: o.Trusted, proxies: o.Proxies, mux: http.NewServeMux(),
		resolver:  o.Resolver,
		callers:   web.NewLimiter(o.Limit, o.Clock.Now),
		strangers: web.NewLimiter(o.Strangers, o.Clock.Now),
	}
	if a.resolver == nil {
		a.resolver = noDNS{}
	}
	if a.directories = o.Directories; a.directories == nil {
		a.directories = noDirectories{}
	}
	a.syncer = directory.New(o.Service, a.directories.Open)
	a.syncs = directory.NewJobs(o.Service, a.syncer, o.Logger)
	a.huma = humago.New(a.mux, a.config())
	a.huma.UseMiddleware(a.guard)
	a.addOrganizations()
	a.addUsers()
	a.addJobs()
	a.addMe()
	a.addMyClaim()
	a.addPrompts()
	a.addClaims()
	a.addAdministrators()
	a.addIdentityProviders()
	a.addDomains()
	a.addPartners()
	a.addDeletion()
	a.addSites()
	a.addGroups()
	a.addLicences()
	a.addAudit()
	a.addMessages()
	a.addSCIMTokens()
	a.addConnectors()
	a.addSyncPlans()
	a.addSyncRuns()
	a.addSyncState()
	if err := checkScopes(a.huma.OpenAPI()); err != nil {
		return nil, err
	}
	if a.trusted == nil { // nobody within the process reads the documents
		a.addDocuments()
	}
	return a, nil
}

// ServeHTTP answers what no route is for in the same form as everything else.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	unrouted, pattern := a.mux.Handler(r)
	if pattern != "" {
		a.mux.ServeHTTP(w, r)
		return
	}
	// The mux knows whether the path or only the method is wrong, and tells by its own answer.
	own := &discarded{header: http.Header{}}
	unrouted.ServeHTTP(own, r)
	if own.status != http.StatusMethodNotAllowed {
		writeRefusal(w, refuse(r.Context(), http.StatusNotFound, codeUnknownRoute, "there is nothing at this path; /api/docs lists what there is"))
		return
	}
	allow := own.header.Get("Allow")
	w.Header().Set("Allow", allow)
	writeRefusal(w, refuse(r.Context(), http.StatusMethodNotAllowed, codeMethod, "this path does not answer this method; use one of: "+allow))
}

// discarded takes an answer of which only status and header are of interest.
type discarded struct {
	header http.Header
	status int
}

func (d *discarded) Header() http.Header         { return d.header }
func (d *discarded) Write(b []byte) (int, error) { return len(b), nil }
func (d *discarded) WriteHeader(status int)      { d.status = status }

func (a *api) config() huma.Config {
	jsonFormat := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Rollcall administration", Version: "1",
				Description: "Organizations, their users and claims, for administrators with a token of a trusted OpenID Connect issuer.\n\n" +
					"Errors are checked in this order: 401 for the token, 429 for too many calls, 404 for an organization that does not exist or in " +
					"which you have no role, 403 for your role, 400 for the request, 409 for the state of things. They are RFC 9457 problems.\n\n" +
					"A POST with an Idempotency-Key can be repeated without taking effect twice.",
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{securityName: {
					Type: "http", Scheme: "bearer", BearerFormat: "JWT",
					Description: "A token of a trusted OpenID Connect issuer. Roles are granted here to its issuer and subject; claims about roles are not read.",
				}},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers: []huma.Transformer{func(ctx huma.Context, _ string, v any) (any, error) {
			if e, ok := v.(*huma.ErrorModel); ok {
				return fromHuma(ctx.Context(), a.logger, e, ctx.Operation().MaxBodyBytes-1).Problem, nil
			}
			return v, nil
		}},
	}
}

// unmarshal is json.Unmarshal with errors that name the place and nothing of Go.
func unmarshal(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("not valid JSON at byte %d: %s", syntax.Offset, syntax.Error())
	case errors.As(err, &kind):
		return fmt.Errorf("%s: a JSON %s does not belong here", kind.Field, kind.Value)
	}
	return err
}

// securityName is the name of the security scheme in the OpenAPI document.
const securityName = "issuer"

// operation is what this API says of a route.
type operation struct {
	id, method, path string
	scope            Scope
	summary, about   string
	refusals         []int  // beside those of every route
	maxBody          int64  // bytes; 0 means maxBody
	status           int    // of success; 0 means 200, or 204 without a body
	secret           string // the member of the body that nothing may be kept of; empty if there is none
	// undecided says that the operation is there for people who have been claimed and not decided yet, too. They may do nothing else.
	undecided bool
	// whileDeleting says that the operation is there for an organization that is being deleted, too. Nothing else is (ORG-19).
	whileDeleting bool
}

// add registers an operation. Its errors go through the one mapper.
func add[In, Out any](a *api, o operation, handle func(context.Context, *In) (*Out, error)) {
	op := huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Summary: o.summary,
		Description:  o.about + "\n\nRoles: " + o.scope.text() + ".",
		Security:     []map[string][]string{{securityName: {}}},
		Metadata:     map[string]any{scopeKey: o.scope, undecidedKey: o.undecided, secretKey: o.secret},
		Responses:    a.refusals(o),
		MaxBodyBytes: cmp.Or(o.maxBody, maxBody) + 1, // huma refuses a body of exactly its limit
		// 0 lets huma choose by what the handler returns.
		DefaultStatus: o.status,
	}
	if o.method == http.MethodPost {
		op.Parameters = append(op.Parameters, keyParameter())
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *In) (*Out, error) {
		err := a.notDeleting(ctx, o)
		var out *Out
		if err == nil {
			out, err = handle(ctx, in)
		}
		if err != nil {
			return nil, mapError(ctx, a.logger, err)
		}
		return out, nil
	})
}

// notDeleting refuses an operation in an organization that is being deleted, once the request has been read: the state of things comes
// last (BEHAVIOUR 0.4).
func (a *api) notDeleting(ctx context.Context, o operation) error {
	c := callerOf(ctx)
	if c.access.Org == "" || o.whileDeleting || c.trusted != nil && o.scope.outlives() {
		return nil
	}
	return a.service.Open(ctx, c.access.Org)
}
