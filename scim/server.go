package scim

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"

	scimerrors "github.com/elimity-com/scim/errors"

	"rollcall/identity"
	"rollcall/internal/web"
)

// MaxBody is how many bytes the body of a request may have.
const MaxBody = 1 << 20

// mediaType is what every answer with a body is (RFC 7644 section 8.1).
const mediaType = "application/scim+json"

// Server answers SCIM requests at /scim/{organization}/v2/.
type Server struct {
	identity  *identity.Service
	log       *slog.Logger
	baseURL   string
	proxies   web.Proxies
	types     []*resourceType
	discovery func() (discovery, error) // encoded when it is first asked for
	routes    routes
	exchanges *exchanges
	limiter   *web.Limiter // of each token
	guarded   http.Handler // answers, whatever breaks
}

// Options are what a server can be told.
type Options struct {
	// BaseURL is how clients reach the server ("https://id.example.org"), for the locations of resources; empty means as
	// the request came.
	BaseURL string
	// Proxies are those who may say for whom they ask; events tell where a write came from.
	Proxies web.Proxies
	// Types are the resource types and extensions that the operator registered.
	Types Types
	// Limit is how many requests each token may make; the zero value means DefaultLimit.
	Limit web.Limit
	// Log receives what clients are told nothing about; nil means slog.Default.
	Log *slog.Logger
}

// New returns the handler of everything below /scim/.
func New(service *identity.Service, o Options) *Server {
	s := &Server{
		identity: service, log: cmp.Or(o.Log, slog.Default()), baseURL: strings.TrimSuffix(o.BaseURL, "/"), proxies: o.Proxies,
		types: newTypes(o.Types),
	}
	s.discovery = sync.OnceValues(func() (discovery, error) { return newDiscovery(s.types) })
	s.exchanges = newExchanges(service, s.log, s.types)
	s.limiter = web.NewLimiter(cmp.Or(o.Limit, DefaultLimit), service.Now)
	s.routes = s.newRoutes()
	s.guarded = web.Recover(http.HandlerFunc(s.answer), s.log, s.tellInternal)
	return s
}

// request is one request on its way: who asks, for which organization, and in which dialect.
type request struct {
	*http.Request
	w       http.ResponseWriter
	org     identity.OrgID
	token   identity.Token
	actor   identity.Actor
	dialect Dialect
	base    string // URL of the organization's endpoints, without a slash at its end
	// ifMatch and ifNoneMatch are the entity tags of the request's precondition; of an operation in a bulk request its version.
	ifMatch, ifNoneMatch string
	acts                 *identity.Acts // of the transaction that operations of a bulk request share; nil: each write has its own
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.exchanges.watch(s.guarded, w, r)
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	if err := s.serve(w, r); err != nil {
		s.fail(w, r, err)
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) error {
	org, rest, ok := splitPath(r.URL.Path)
	if !ok {
		return unknownEndpoint()
	}
	endpoint, id := s.routes.find(rest)
	methods, method := s.routes[endpoint], r.Method
	if method == http.MethodHead {
		method = http.MethodGet // net/http sends the header and drops the body
	}
	act := methods[method]
	req, err := s.authorize(w, r, org, act.confirms)
	if err != nil {
		return err
	}
	if methods == nil {
		return unknownEndpoint()
	}
	web.SetRoute(r.Context(), "/scim/{org}/v2/"+endpoint)
	if method == http.MethodOptions {
		w.Header().Set("Allow", methods.allowed()+", "+http.MethodOptions)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if act.answer == nil {
		w.Header().Set("Allow", methods.allowed())
		return failure(http.StatusMethodNotAllowed, "", "This endpoint does not know the method %s.", r.Method)
	}
	err = act.answer(req, id)
	if err != nil && act.confirms {
		return s.confirmed(r, req.token, err)
	}
	return err
}

// confirmed is what somebody is told whose token was only recognized: nothing but that it is not good, if it is not.
func (s *Server) confirmed(r *http.Request, token identity.Token, err error) error {
	if refused := s.identity.Confirm(r.Context(), token); refused != nil {
		return refused
	}
	return err
}

// versionFirst is a path whose first segment names a version of SCIM.
var versionFirst = regexp.MustCompile(`^v\d+(/|$)`)

// splitPath reads /scim/{organization}/v2/{rest}. Who names no version means the latest (RFC 7644 section 3.13).
func splitPath(path string) (org identity.OrgID, rest string, ok bool) {
	path, ok = strings.CutPrefix(path, "/scim/")
	name, path, _ := strings.Cut(path, "/")
	rest, named := strings.CutPrefix(path+"/", "v2/")
	return identity.OrgID(name), strings.TrimRight(rest, "/"), ok && name != "" && (named || !versionFirst.MatchString(path))
}

func unknownEndpoint() error {
	return failure(http.StatusNotFound, "", "There is no such endpoint.")
}

// authorize finds out who asks. Whoever has a good token of another organization gets the same answer whether the
// organization in the path exists or not (SCM-01).
func (s *Server) authorize(w http.ResponseWriter, r *http.Request, org identity.OrgID, confirms bool) (*request, error) {
	secret, err := web.Bearer(r.Header)
	if err != nil {
		w.Header().Set("WWW-Authenticate", web.Challenge("", ""))
		return nil, failure(http.StatusUnauthorized, "", "%s.", err)
	}
	find := s.identity.Authenticate
	if confirms {
		find = s.identity.Recognize
	}
	token, err := find(r.Context(), secret)
	if err != nil {
		return nil, err
	}
	noteToken(w, token)
	err = s.limit(w, token)
	if err == nil && token.Org != org {
		err = failure(http.StatusForbidden, "", "The bearer token does not give access to this organization.")
	}
	var dialect Dialect
	if err == nil {
		dialect, err = DialectNamed(token.Profile)
	}
	if err != nil && confirms {
		err = s.confirmed(r, token, err)
	}
	if err != nil {
		return nil, err
	}
	from := identity.Request{IP: s.proxies.Address(r), UserAgent: web.UserAgent(r), TrackingID: web.RequestID(r.Context())}
	return &request{
		Request: r, w: w, org: org, token: token, dialect: dialect, base: s.base(r) + "/scim/" + string(org) + "/v2",
		ifMatch: tags(r.Header, "If-Match"), ifNoneMatch: tags(r.Header, "If-None-Match"),
		actor: identity.Actor{Kind: identity.Provider, ID: string(token.ID), Name: token.Name, Org: token.Org, Request: from},
	}, nil
}

// transact runs a write on these users among others, if the request's token is still good when it happens. The tokens of an organization end when its deletion
// begins (ORG-20), so whoever comes with one that was recognized before is told that, and nothing of the deletion.
func (s *Server) transact(r *request, ahead []identity.AccountID, fn func(*identity.Acts) error) error {
	if r.acts != nil {
		return fn(r.acts)
	}
	err := s.identity.TransactAhead(r.Context(), r.org, r.actor, identity.Ahead{Token: r.token.Hash, Accounts: ahead}, func(acts *identity.Acts) error {
		if err := acts.Confirm(r.Context(), r.token); err != nil {
			return err
		}
		return fn(acts)
	})
	if rule := identity.RuleOf(err); rule == identity.RuleOrgDeleting || rule == identity.RuleUnknownOrg {
		return s.identity.Disown(r.token)
	}
	return err
}

func (s *Server) base(r *http.Request) string {
	switch {
	case s.baseURL != "":
		return s.baseURL
	case r.TLS != nil:
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// body reads the JSON object that a request carries.
func (r *request) body() (map[string]any, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != mediaType && media != "application/json" {
		return nil, failure(http.StatusUnsupportedMediaType, "", "The Content-Type must be %s or application/json.", mediaType)
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, failure(http.StatusUnsupportedMediaType, "", "The body must be sent without compression, not as %.40q.", coding)
	}
	var raw bytes.Buffer
	if n := r.ContentLength; 0 < n && n <= MaxBody {
		raw.Grow(int(n) + bytes.MinRead) // so that it is read in one piece
	}
	_, err = raw.ReadFrom(http.MaxBytesReader(r.w, r.Request.Body, MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, failure(http.StatusRequestEntityTooLarge, "", "The body has more than %d bytes.", MaxBody)
	case err != nil:
		return nil, invalid(scimerrors.ScimTypeInvalidSyntax, "The body could not be read to its end.")
	}
	object, err := decodeObject(raw.Bytes())
	if err != nil {
		return nil, invalid(scimerrors.ScimTypeInvalidSyntax, "The body is no valid JSON: %s.", err)
	}
	return object, nil
}

// parameters are those of the URL that the server knows. It ignores all others (RFC 7644 section 3.4.2).
var parameters = []string{"filter", "sortBy", "sortOrder", "startIndex", "count", "cursor", "attributes", "excludedAttributes"}

// query reads the parameters of the URL. Each may stand once, or only one of several would count.
func (r *request) query() (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, invalid(scimerrors.ScimTypeInvalidValue, "The query of the URL is malformed: %s.", err)
	}
	for _, name := range parameters {
		if len(values[name]) > 1 {
			return nil, invalid(scimerrors.ScimTypeInvalidValue, "%s stands twice in the query of the URL; give it once.", name)
		}
	}
	return values, nil
}

// reply sends a body that is JSON already.
func (r *request) reply(status int, body []byte) error {
	r.w.Header().Set("Content-Type", mediaType)
	r.w.WriteHeader(status)
	_, _ = r.w.Write(body) // if the client has gone, there is nobody to tell
	return nil
}

// fail answers with an error, and logs what the client must not see.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		w.WriteHeader(web.StatusClientGone)
		return
	}
	e, known := mapError(err)
	if !known {
		s.logFailure(r, err)
	}
	s.send(w, r, e)
}

func (s *Server) logFailure(r *http.Request, err error) {
	s.log.ErrorContext(r.Context(), "scim request failed", "request", web.RequestID(r.Context()), "error", err)
}

// tellInternal answers a request whose handling broke down; the log has the cause already.
func (s *Server) tellInternal(w http.ResponseWriter, r *http.Request) { s.send(w, r, internal()) }

func (s *Server) send(w http.ResponseWriter, r *http.Request, e *scimerrors.ScimError) {
	noteFailure(w, e)
	body, err := e.MarshalJSON()
	if err != nil {
		s.log.ErrorContext(r.Context(), "scim error cannot be encoded", "request", web.RequestID(r.Context()), "error", err)
	}
	w.Header().Set("Content-Type", mediaType)
	switch {
	case e.Status == http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
	case e.Status == http.StatusUnauthorized && w.Header().Get("WWW-Authenticate") == "":
		w.Header().Set("WWW-Authenticate", web.Challenge("invalid_token", "the bearer token is unknown or revoked"))
	}
	w.WriteHeader(e.Status)
	_, _ = w.Write(body)
}
