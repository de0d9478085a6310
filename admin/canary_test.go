package admin_test

import (
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"rollcall/admin"
	"rollcall/console"
	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/internal/web"
	"rollcall/notify"
	"rollcall/scim"
	"rollcall/store/fresh"
)

// canary is in every secret of the test, so that it sings wherever one of them comes out.
const canary = "CANARY"

// canaryIDs makes secrets that can be recognized.
type canaryIDs struct{ system.IDs }

func (i canaryIDs) Secret() string { return canary + i.IDs.Secret() }

// post is a mail server that repeats passwords and mails when it refuses them.
type post struct {
	mu     sync.Mutex
	refuse bool
	mails  []string
	knocks int
}

type postSession struct{ *post }

func (s postSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s postSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, name, password string) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.knocks++
		if s.knocks == 1 {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.NoEnhancedCode, Message: name + " with the password " + password + " is not welcome"}
		}
		return nil
	}), nil
}

func (s postSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s postSession) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (s postSession) Reset()                               {}
func (s postSession) Logout() error                        { return nil }

func (s postSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.NoEnhancedCode, Message: "suspicious link: " + secrets.FindString(string(raw))}
	}
	s.mails = append(s.mails, string(raw))
	return nil
}

// secrets finds what follows the word in a mail.
var secrets = regexp.MustCompile(canary + `[A-Z0-9]+`)

func (s *post) serve(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return postSession{s}, nil }))
	server.AllowInsecureAuth, server.ErrorLog = true, log.New(io.Discard, "", 0)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return listener.Addr().String()
}

// newCanaryWorld is the whole server with secrets that can be recognized and a log that leaves nothing out.
func newCanaryWorld(t *testing.T) *world {
	t.Helper()
	s := fresh.Open(t)
	w := &world{t: t, ctx: t.Context(), clock: &clock{now: t0}, issuer: newIssuer(t), log: &buffer{}}
	w.Service = identity.NewService(s, w.clock, canaryIDs{}, identity.EmailPolicy{})
	logger, metrics := slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})), web.NewMetrics()
	api, err := admin.New(admin.Options{Service: w.Service, Clock: w.clock, Logger: logger, Issuers: []admin.Issuer{{URL: w.issuer.url(), Audience: audience}}})
	require.NoError(t, err)
	pages, err := console.New(w.Service, web.Proxies{}, logger)
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("/scim/", scim.New(w.Service, scim.Options{Log: logger}))
	mux.Handle("/api/", api)
	mux.Handle(console.LinkPath, pages)
	web.AddHealth(mux, logger, s.Ping, metrics)
	w.server = httptest.NewServer(web.Front(mux, logger, metrics))
	t.Cleanup(w.server.Close)
	return w
}

func TestAUD_NoSecretComesOut(t *testing.T) {
	w := newCanaryWorld(t)
	var told strings.Builder // every answer but the page of a link, which is its reader's own
	keep := func(a answer, status int) answer {
		t.Helper()
		require.Equal(t, status, a.status, a.body)
		told.WriteString(a.body)
		require.NoError(t, a.header.Write(&told))
		return a
	}
	org, other := w.org("Example"), w.org("Other")
	token := w.administrator(org, "ada", identity.RoleFull)
	form := func(path, body string) answer {
		return w.post(path, "", body, "Content-Type", "application/x-www-form-urlencoded")
	}

	// A bearer token, good and bad, where it belongs and where not.
	_, bearer, err := w.CreateToken(w.ctx, operator, org, identity.NewToken{Name: "Entra", Profile: "rfc"})
	require.NoError(t, err)
	require.Contains(t, bearer, canary)
	user := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"linus@example.com","emails":[{"value":"linus@example.com","primary":true}]}`
	keep(w.post("/scim/"+string(org)+"/v2/Users", bearer, user, "Content-Type", "application/scim+json"), http.StatusCreated)
	keep(w.post("/scim/"+string(org)+"/v2/Users", bearer, user, "Content-Type", "application/scim+json"), http.StatusConflict)
	keep(w.get("/scim/"+string(other)+"/v2/Users", bearer), http.StatusForbidden)
	keep(w.get("/scim/"+string(org)+"/v2/Users", bearer+"x"), http.StatusUnauthorized)
	keep(w.get(users(org), bearer), http.StatusUnauthorized)

	// A token of the issuer, and a key, with calls that are repeated, refused and broken.
	add := `{"users":[{"email":"grace@example.com"}]}`
	first := keep(w.post(users(org), token, add, "Idempotency-Key", canary+"-key"), http.StatusCreated)
	require.Equal(t, first.body, keep(w.post(users(org), token, add, "Idempotency-Key", canary+"-key"), http.StatusCreated).body)
	keep(w.post(users(org), token, `{"users":[{"email":"x@example.com"}]}`, "Idempotency-Key", canary+"-key"), http.StatusConflict)
	keep(w.post(users(org), token, add, "Idempotency-Key", canary+"\x80"), http.StatusBadRequest)
	keep(w.get(users(org), token[:len(token)-4]), http.StatusUnauthorized)
	keep(w.get("/scim/"+string(org)+"/v2/Users", token), http.StatusUnauthorized)
	keep(w.get(orgOf(other), token), http.StatusNotFound)
	keep(w.delete(orgOf(org)+"/administrators?issuer="+url.QueryEscape(w.issuer.url())+"&subject=ada", token), http.StatusConflict)

	// The link of the mail, and one that is none.
	grace := first.only()["id"].(string)
	link := w.link(org, grace, identity.MessageInvitation)
	require.Contains(t, link, canary)

	// Mail: a password that is refused, a link that is refused, a mail that is taken.
	server := &post{refuse: true}
	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte(canary+"-PASSWORD\n"), 0o600))
	transport, err := notify.NewSMTP(notify.SMTPOptions{Address: server.serve(t), TLS: notify.NoTLS, User: "rollcall", PasswordFile: file})
	require.NoError(t, err)
	deliverer, err := notify.New(notify.Options{Service: w.Service, From: "no-reply@example.com", BaseURL: "https://id.example.com",
		LinkPath: console.LinkPath + "?" + console.LinkKey + "=", Transport: transport, Log: slog.New(slog.NewJSONHandler(w.log, nil))})
	require.NoError(t, err)
	_, err = deliverer.Deliver(w.ctx, 10)
	require.Error(t, err, "the password was refused")
	require.ErrorContains(t, err, "is not welcome", "what the server said is told")
	told.WriteString(err.Error())
	w.clock.move(identity.Day)
	token = w.token("ada")
	_, err = deliverer.Deliver(w.ctx, 10)
	require.NoError(t, err)
	mail := keep(w.get(orgOf(org)+"/messages", token), http.StatusOK).is(http.StatusOK)["messages"].([]any)[0].(map[string]any)
	require.Equal(t, "parked", mail["state"])
	require.Contains(t, mail["lastError"], "suspicious link")
	keep(w.post(orgOf(org)+"/messages/"+mail["id"].(string)+"/retry", token, ""), http.StatusOK)
	server.mu.Lock()
	server.refuse = false
	server.mu.Unlock()
	_, err = deliverer.Deliver(w.ctx, 10)
	require.NoError(t, err)
	require.Len(t, server.mails, 1)
	for _, secret := range secrets.FindAllString(strings.ReplaceAll(server.mails[0], "=\r\n", ""), -1) {
		require.Equal(t, link, secret, "a mail holds its own link and no other secret")
	}

	require.Equal(t, http.StatusOK, w.get(console.LinkPath+"?key="+link, "").status)
	keep(form(console.LinkPath, "key="+link), http.StatusOK)
	keep(form(console.LinkPath, "key="+link), http.StatusConflict)
	keep(w.get(console.LinkPath+"?key="+canary+"NONE", ""), http.StatusNotFound)
	keep(w.post("/api/v1/me/links", token, `{"link":"`+canary+`NONE"}`), http.StatusNotFound)

	keep(w.get(orgOf(org)+"/audit", token), http.StatusOK)
	keep(w.get(orgOf(org)+"/audit/export", token), http.StatusOK)
	var recorded strings.Builder
	for _, o := range []identity.OrgID{org, other} {
		chain, err := w.Reader().Chain(w.ctx, o, 0, 1000)
		require.NoError(t, err)
		require.NoError(t, json.NewEncoder(&recorded).Encode(chain))
		for _, e := range chain { // what Event's own JSON leaves out
			require.NoError(t, json.NewEncoder(&recorded).Encode([]any{e.Actor.Request, e.Message, e.Target}))
		}
	}
	metrics := w.get("/metrics", "")
	require.Contains(t, metrics.body, "rollcall_http_requests_total")

	require.Contains(t, w.log.String(), "suspicious link")

	claims := strings.Split(token, ".")
	for place, text := range map[string]string{"the log": w.log.String(), "the audit": recorded.String(), "the metrics": metrics.body, "an answer": told.String()} {
		require.NotEmpty(t, text, place)
		for _, secret := range []string{canary, claims[1], claims[2]} {
			at := strings.Index(strings.ToUpper(text), strings.ToUpper(secret))
			if at >= 0 {
				require.Fail(t, "a secret came out", "%s has %q", place, text[max(0, at-200):min(len(text), at+100)])
			}
		}
	}
}
