package console

import (
	"embed"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"sync"

	"rollcall/identity"
	"rollcall/internal/web"
)

// LinkPath is where links in mails lead. The secret is in the query, as the value of LinkKey, because paths are logged.
const (
	LinkPath = "/links"
	LinkKey  = "key"
)

// DefaultLimit is how often one address may look at links or use them: far more than people do, and far less than guessing needs.
var DefaultLimit = web.Limit{Rate: 2, Burst: 60}

// maxForm is the length of a submitted form in bytes: it holds one secret.
const maxForm = 4 << 10

//go:embed pages/*.html
var pages embed.FS

// policy lets a page show its own style and send its form back, and nothing else.
const policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

type console struct {
	service *identity.Service
	proxies web.Proxies
	limit   *web.Limiter
	log     *slog.Logger
	page    func() (*template.Template, error) // read for the first link
}

// New returns the handler of the pages below [LinkPath].
func New(service *identity.Service, proxies web.Proxies, log *slog.Logger) (http.Handler, error) {
	page := sync.OnceValues(func() (*template.Template, error) { return template.ParseFS(pages, "pages/*.html") })
	c := &console{service: service, proxies: proxies, limit: web.NewLimiter(DefaultLimit, service.Now), log: log, page: page}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+LinkPath, c.look)
	mux.Handle("POST "+LinkPath, http.NewCrossOriginProtection().Handler(http.HandlerFunc(c.use)))
	return c.limited(mux), nil
}

// limited keeps one address from trying secrets without end.
func (c *console) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wait, ok := c.limit.Take(web.Place(c.proxies.Address(r)))
		if ok {
			next.ServeHTTP(w, r)
			return
		}
		after := web.RetryAfter(wait)
		w.Header().Set("Retry-After", after)
		c.write(w, r, http.StatusTooManyRequests, shown{Title: "One moment", Text: "Too many links were opened from your address.", Remedy: "Try again in " + after + " seconds."})
	})
}

// shown is what the page of a link tells.
type shown struct {
	Title   string
	Text    string
	Remedy  string
	Button  string // empty: nothing to do
	Secret  string
	Path    string
	Key     string
	Request string
}

// look says what a link would do.
func (c *console) look(w http.ResponseWriter, r *http.Request) {
	secret := r.URL.Query().Get(LinkKey)
	view, err := c.service.LookAtLink(r.Context(), secret)
	if err != nil {
		c.refuse(w, r, err)
		return
	}
	p := shown{Secret: secret, Path: LinkPath, Key: LinkKey}
	switch view.Purpose {
	case identity.LinkChangeEmail:
		p.Title, p.Button = "Confirm your new address", "Confirm"
		p.Text = view.Address + " becomes your address at " + view.Organization + "."
	case identity.LinkCancelChange:
		p.Title, p.Button = "Keep your address", "Keep it"
		p.Text = "Somebody asked to replace " + view.Address + " at " + view.Organization + ". You keep it, and the change is taken back."
	case identity.LinkKeepAddress:
		p.Title, p.Button = "Confirm the address of your old account", "Confirm"
		p.Text = view.Address + " becomes the address of your old account at " + view.Organization + ", which is kept and can be used again then."
	default:
		p.Title, p.Button = "Verify your address", "Verify"
		p.Text = view.Organization + " has an account for " + view.Address + ". Verify that this mailbox is yours."
		p.Remedy = "If you have never signed in to this account, do not press the button: it uses the link up and only verifies the address. " +
			"Give the link to rollcall me accept instead, while you are signed in; that verifies the address and makes the account yours."
	}
	c.write(w, r, http.StatusOK, p)
}

// use does it.
func (c *console) use(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		c.write(w, r, http.StatusBadRequest, shown{Title: "That did not work", Text: "The form could not be read.", Remedy: "Open the link in the mail again."})
		return
	}
	view, err := c.service.UseLink(r.Context(), r.PostForm.Get(LinkKey), nil,
		identity.Request{IP: c.proxies.Address(r), UserAgent: web.UserAgent(r), TrackingID: web.RequestID(r.Context())})
	if err != nil {
		c.refuse(w, r, err)
		return
	}
	p := shown{Title: "Thank you"}
	switch view.Purpose {
	case identity.LinkChangeEmail:
		p.Text = view.Address + " is your address at " + view.Organization + " now."
	case identity.LinkCancelChange:
		p.Text = "Nothing was changed: " + view.Address + " stays your address at " + view.Organization + "."
		p.Remedy = "If you did not ask for the change, tell your administrator."
	case identity.LinkKeepAddress:
		p.Text = view.Address + " is the address of your old account at " + view.Organization + " now."
		p.Remedy = "The account that has your former address stays as it is."
	default:
		p.Text = "Your address is verified at " + view.Organization + "."
		p.Remedy = "If you have never signed in to this account, ask for a new invitation and use its link while you are signed in: then the account is yours."
	}
	c.write(w, r, http.StatusOK, p)
}

// statuses says what each kind of refusal is in HTTP.
var statuses = map[identity.Kind]int{
	identity.Invalid: http.StatusBadRequest, identity.NotFound: http.StatusNotFound, identity.Forbidden: http.StatusForbidden,
	identity.Conflict: http.StatusConflict, identity.Stale: http.StatusConflict, identity.Gone: http.StatusGone,
	identity.Unavailable: http.StatusServiceUnavailable,
}

// refuse tells why not. What is not a refusal is logged in full and told as nothing in particular.
func (c *console) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var refusal *identity.Error
	status, known := statuses[identity.KindOf(err)]
	if !errors.As(err, &refusal) || !known {
		c.log.ErrorContext(r.Context(), "request failed", "request", web.RequestID(r.Context()), "error", err)
		c.write(w, r, http.StatusInternalServerError, shown{Title: "That did not work", Text: "Something went wrong in the server.",
			Remedy: "Try again later, or tell your administrator the number below.", Request: web.RequestID(r.Context())})
		return
	}
	if refusal.Kind == identity.Unavailable {
		w.Header().Set("Retry-After", "1")
	}
	p := shown{Title: "That did not work", Text: refusal.Detail, Remedy: refusal.Rule.Remedy()}
	if refusal.Rule == identity.RuleUnknownLink {
		p.Text = "This link is not known. It may have been replaced by a newer one, or cut off by the mail program."
	}
	c.write(w, r, status, p)
}

func (c *console) write(w http.ResponseWriter, r *http.Request, status int, p shown) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	w.WriteHeader(status)
	page, err := c.page()
	if err == nil {
		err = page.ExecuteTemplate(w, "link.html", p)
	}
	if err != nil {
		c.log.WarnContext(r.Context(), "page not written", "request", web.RequestID(r.Context()), "error", err)
	}
}
