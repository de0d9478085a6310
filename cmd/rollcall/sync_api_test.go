package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/internal/demodirectory"
	"rollcall/internal/demoissuer"
	"rollcall/internal/seal"
)

const bindPassword = "correct horse battery staple"

// caller calls the API of a server as somebody.
type caller struct {
	t          *testing.T
	org, token string
	url        string
	seen       *bytes.Buffer // everything that was answered
}

// call sends a body, unless it is empty, and returns the answer.
func (c caller) call(status int, method, path, body string) map[string]any {
	c.t.Helper()
	kind := "application/json"
	if method == http.MethodPatch {
		kind = "application/merge-patch+json"
	}
	request, err := http.NewRequest(method, c.url+"/api/v1/organizations/"+c.org+path, strings.NewReader(body))
	require.NoError(c.t, err)
	request.Header.Set("Authorization", "Bearer "+c.token)
	if body != "" {
		request.Header.Set("Content-Type", kind)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(c.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	c.seen.Write(text)
	require.Equal(c.t, status, response.StatusCode, "%s %s: %s", method, path, text)
	var object map[string]any
	if len(text) > 0 {
		require.NoError(c.t, json.Unmarshal(text, &object), "%s", text)
	}
	return object
}

// job waits for a job that a call started, and returns how it ended.
func (c caller) job(path, body string) map[string]any {
	c.t.Helper()
	job := c.call(http.StatusAccepted, http.MethodPost, path, body)
	for deadline := time.Now().Add(time.Minute); job["state"] == "queued" || job["state"] == "running"; {
		require.True(c.t, time.Now().Before(deadline), "the job does not end: %v", job)
		time.Sleep(50 * time.Millisecond)
		job = c.call(http.StatusOK, http.MethodGet, "/jobs/"+job["id"].(string), "")
	}
	return job
}

// secureDirectory answers over LDAPS and returns its URL and the certificate to check it by.
func secureDirectory(t *testing.T, people *demodirectory.Directory) (url, ca string) {
	t.Helper()
	https := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	t.Cleanup(https.Close)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ldap := demodirectory.Serve(tls.NewListener(plain, &tls.Config{Certificates: https.TLS.Certificates}), people, bindPassword, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { require.NoError(t, ldap.Close()) })
	return "ldaps://" + plain.Addr().String(), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: https.Certificate().Raw}))
}

func TestDIR03_AnOrganizationConnectsItsDirectoryOverTheNetwork(t *testing.T) {
	t.Parallel()
	var issuer *demoissuer.Issuer
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { issuer.ServeHTTP(w, r) }))
	t.Cleanup(web.Close)
	issuer, err := demoissuer.New(web.URL)
	require.NoError(t, err)
	token, err := issuer.Token("ada", demoAudience, time.Now(), time.Hour)
	require.NoError(t, err)
	people := demodirectory.New()
	var ids []demodirectory.ID
	for n := range 3 {
		ids = append(ids, people.Add(demodirectory.Person{GivenName: "Person", FamilyName: fmt.Sprint(n), Mail: fmt.Sprintf("p%d@corp.example", n)}))
	}
	url, ca := secureDirectory(t, people)
	keys := filepath.Join(t.TempDir(), "keys")
	_, err = seal.Create(keys)
	require.NoError(t, err)
	db := database(t)
	org := command(t, db, "org", "create", "Acme")["id"].(string)
	command(t, db, "admin", "grant", "--org", "Acme", "--issuer", issuer.URL(), "--subject", "ada", "--role", "full")
	oidc := []string{"--oidc-issuer", issuer.URL(), "--oidc-audience", demoAudience}

	settings, err := json.Marshal(map[string]any{"urls": []string{url}, "ca": ca, "bindDN": demodirectory.BindDN, "baseDNs": []string{demodirectory.PeopleDN}})
	require.NoError(t, err)
	create := fmt.Sprintf(`{"name":"AD","kind":"ad","settings":%s,"bindPassword":%q}`, settings, bindPassword)
	c := caller{t: t, org: org, token: token, seen: &bytes.Buffer{}}

	// Without a key no password is kept. Without the operator's word no private address is asked.
	bare := serve(t, db, oidc...)
	c.url = bare.url
	require.Equal(t, "SECRET_KEY_NEEDED", c.call(http.StatusServiceUnavailable, http.MethodPost, "/connectors", create)["code"])
	require.NoError(t, bare.cmd.Process.Kill())
	closed := serve(t, db, append(oidc, "--secret-key-file", keys)...)
	c.url = closed.url
	n := c.call(http.StatusCreated, http.MethodPost, "/connectors", create)
	require.Equal(t, true, n["passwordKept"])
	connector := "/connectors/" + n["id"].(string)
	refused := c.call(http.StatusServiceUnavailable, http.MethodPost, connector+"/test", `{}`)
	require.Equal(t, "DIRECTORY_UNREACHABLE", refused["code"])
	require.Contains(t, refused["message"], "--allow-private-directories")
	require.NoError(t, closed.cmd.Process.Kill())

	s := serve(t, db, append(oidc, "--secret-key-file", keys, "--allow-private-directories")...)
	c.url = s.url
	samples := c.call(http.StatusOK, http.MethodPost, connector+"/test", `{"first":2}`)["samples"].([]any)
	require.Len(t, samples, 2)

	// A plan is made, read, and applied: one step, a look, and the rest.
	job := c.job(connector+"/plans", `{}`)
	require.Equal(t, "done", job["state"], job)
	require.Equal(t, "planning", job["phase"])
	require.EqualValues(t, 3, job["processed"])
	plan := "/plans/" + job["plan"].(string)
	shown := c.call(http.StatusOK, http.MethodGet, plan, "")
	require.Equal(t, "ready", shown["state"])
	require.Equal(t, map[string]any{"create": 3.0}, shown["steps"])
	page := c.call(http.StatusOK, http.MethodGet, plan+"/steps?limit=2", "")
	require.Len(t, page["steps"], 2)
	rest := c.call(http.StatusOK, http.MethodGet, plan+"/steps?limit=2&cursor="+page["nextCursor"].(string), "")
	require.Len(t, rest["steps"], 1)
	require.NotContains(t, rest, "nextCursor")
	require.Equal(t, "PLAN_NOT_HELD", c.call(http.StatusConflict, http.MethodPost, plan+"/approve", "")["code"])
	job = c.job(plan+"/apply", `{"first":1}`)
	require.Equal(t, []any{"done", "paused", 1.0, 3.0}, []any{job["state"], job["phase"], job["processed"], job["total"]})
	run := "/runs/" + job["run"].(string)
	require.Equal(t, "paused", c.call(http.StatusOK, http.MethodGet, run, "")["state"])
	job = c.job(plan+"/apply", `{}`)
	require.Equal(t, []any{"done", "completed", 3.0}, []any{job["state"], job["phase"], job["processed"]})
	require.Equal(t, map[string]any{"create": 3.0}, c.call(http.StatusOK, http.MethodGet, run, "")["applied"])
	require.Equal(t, "RUN_NOT_PAUSED", c.call(http.StatusConflict, http.MethodPost, plan+"/end", "")["code"])

	// What is lost beyond the guard waits for a full administrator.
	c.call(http.StatusOK, http.MethodPatch, connector, `{"settings":{"policy":{"maxLosses":1,"minBase":1,"minCountPercent":1}}}`)
	people.Blind(true)
	job = c.job(connector+"/plans", `{}`)
	refusedPlan := c.call(http.StatusOK, http.MethodGet, "/plans/"+job["plan"].(string), "")
	require.Equal(t, "refused", refusedPlan["state"])
	require.Equal(t, "PLAN_REFUSED", c.call(http.StatusConflict, http.MethodPost, "/plans/"+job["plan"].(string)+"/apply", `{}`)["code"])
	people.Blind(false)
	for _, id := range ids[:2] {
		require.NoError(t, people.Delete(id))
	}
	require.Equal(t, "FULL_SYNC_REQUIRED", c.call(http.StatusConflict, http.MethodPost, connector+"/plans", `{"kind":"incremental"}`)["code"])
	plan = "/plans/" + c.job(connector+"/plans", `{"kind":"full"}`)["plan"].(string)
	require.Equal(t, "held", c.call(http.StatusOK, http.MethodGet, plan, "")["state"])
	require.Equal(t, "PLAN_HELD", c.call(http.StatusConflict, http.MethodPost, plan+"/apply", `{}`)["code"])
	require.Len(t, c.call(http.StatusOK, http.MethodGet, plan+"/steps?op=remove", "")["steps"], 2)
	require.Equal(t, "ada", c.call(http.StatusOK, http.MethodPost, plan+"/approve", "")["approvedBy"])
	require.EqualValues(t, 2, c.job(plan+"/apply", `{}`)["succeeded"])
	require.Len(t, c.call(http.StatusOK, http.MethodGet, "/runs", "")["runs"], 2)
	require.Len(t, c.call(http.StatusOK, http.MethodGet, "/plans?limit=2", "")["plans"], 2)
	job = c.job(connector+"/plans", `{"kind":"incremental"}`)
	require.Equal(t, "incremental", c.call(http.StatusOK, http.MethodGet, "/plans/"+job["plan"].(string), "")["reading"].(map[string]any)["kind"])

	// Status, schedule and mode.
	status := c.call(http.StatusOK, http.MethodGet, "/synchronization", "")
	require.Equal(t, "manual", status["mode"])
	require.Len(t, status["connectors"], 1)
	require.Equal(t, "6h", c.call(http.StatusOK, http.MethodPatch, connector+"/schedule", `{"full":"6h","incremental":"off"}`)["fullEvery"])
	require.Equal(t, "NOT_QUARANTINED", c.call(http.StatusConflict, http.MethodPost, connector+"/resume", "")["code"])
	require.Equal(t, "auto", c.call(http.StatusOK, http.MethodPatch, "/synchronization", `{"mode":"auto"}`)["mode"])
	require.Equal(t, "paused", c.call(http.StatusOK, http.MethodPatch, "/synchronization", `{"mode":"paused"}`)["mode"])
	require.Equal(t, "disabled", c.call(http.StatusOK, http.MethodPost, "/synchronization/disable", "")["mode"])
	require.Equal(t, "SYNC_DISABLED", c.call(http.StatusConflict, http.MethodPatch, "/synchronization", `{"mode":"manual"}`)["code"])
	require.Equal(t, "registered", c.call(http.StatusOK, http.MethodPost, "/synchronization/enable", "")["mode"])

	// Whoever may change a connector cannot have its password sent elsewhere, over clear text, or read a file of the server.
	for body, want := range map[string]string{
		`{"settings":{"urls":["ldaps://evil.example"]}}`:                           "give bindPassword again",
		`{"settings":{"urls":["ldap://dc1.corp.example"]},"bindPassword":"x"}`:     "clear text",
		`{"settings":{"bindPasswordFile":"/etc/passwd"}}`:                          "unexpected property",
		`{"settings":{"caFile":"/etc/passwd"}}`:                                    "unexpected property",
		`{"settings":{"allowPlaintext":true},"bindPassword":"x"}`:                  "unexpected property",
		`{"settings":{"baseDNs":["no DN"]}}`:                                       "is not a distinguished name",
		`{"bindPassword":""}`:                                                      "bindPassword",
		`{"settings":{"mapping":{"shoeSize":"shoe"}}}`:                             "shoeSize",
		`{"settings":{"filter":"(mail="}}`:                                         "not an LDAP filter",
		`{"settings":{"urls":["ldaps://dc.example"]},"bindPassword":"x","name":1}`: "unexpected property",
	} {
		require.Contains(t, c.call(http.StatusBadRequest, http.MethodPatch, connector, body)["message"], want, body)
	}
	patched := c.call(http.StatusOK, http.MethodPatch, connector, fmt.Sprintf(`{"settings":{"filter":"(mail=*)"},"bindPassword":%q}`, bindPassword))
	require.Equal(t, "(mail=*)", patched["settings"].(map[string]any)["filter"])
	require.Equal(t, "AD", c.call(http.StatusOK, http.MethodGet, "/connectors", "")["connectors"].([]any)[0].(map[string]any)["name"])
	c.call(http.StatusNoContent, http.MethodDelete, connector, "")
	require.Equal(t, "UNKNOWN_CONNECTOR", c.call(http.StatusNotFound, http.MethodGet, connector, "")["code"])
	c.call(http.StatusOK, http.MethodGet, "/audit", "")

	// The password is nowhere.
	require.NotContains(t, c.seen.String(), bindPassword)
	require.NotContains(t, s.said(), bindPassword)
	files, err := filepath.Glob(filepath.Join(filepath.Dir(strings.TrimPrefix(db, "sqlite:")), "*"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NotContains(t, string(raw), bindPassword, file)
	}
}
