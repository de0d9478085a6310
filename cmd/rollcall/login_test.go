package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/demoissuer"
)

// device is somebody's machine: the program with a folder of settings of its own.
type device struct {
	t      *testing.T
	folder string
}

func newDevice(t *testing.T) device { return device{t, t.TempDir()} }

func (d device) command(args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+d.folder, "HOME="+d.folder)
	return cmd
}

// run returns the exit status, the data and the talk.
func (d device) run(args ...string) (int, string, string) {
	var stdout, stderr bytes.Buffer
	cmd := d.command(args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // the status says it
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

var userCode = regexp.MustCompile(`enter the code (\S+)`)

// login begins to log in, lets decide see the code and returns how it ended and all that was said.
func (d device) login(server, issuer string, decide func(code string)) (int, string) {
	cmd := d.command("login", "--server", server, "--issuer", issuer, "--client-id", demoAudience)
	talk, err := cmd.StderrPipe()
	require.NoError(d.t, err)
	require.NoError(d.t, cmd.Start())
	var said strings.Builder
	lines := bufio.NewScanner(talk)
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if found := userCode.FindStringSubmatch(lines.Text()); found != nil {
			decide(found[1])
		}
	}
	_ = cmd.Wait() // the status says it
	return cmd.ProcessState.ExitCode(), said.String()
}

// kept is the file with the logins.
func (d device) kept() (path string, all map[string]login) {
	path = filepath.Join(d.folder, "rollcall", "login.json")
	raw, err := os.ReadFile(path)
	require.NoError(d.t, err)
	require.NoError(d.t, json.Unmarshal(raw, &all))
	return path, all
}

func (d device) change(server string, change func(*login)) {
	path, all := d.kept()
	l := all[server]
	change(&l)
	all[server] = l
	raw, err := json.Marshal(all)
	require.NoError(d.t, err)
	require.NoError(d.t, os.WriteFile(path, raw, 0o600))
}

// newDemoIssuer serves an issuer over HTTP.
func newDemoIssuer(t *testing.T) *demoissuer.Issuer {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	issuer, err := demoissuer.New("http://" + server.Listener.Addr().String())
	require.NoError(t, err)
	server.Config.Handler = issuer
	server.Start()
	t.Cleanup(server.Close)
	return issuer
}

func TestALoginServesUntilItIsForgotten(t *testing.T) {
	t.Parallel()
	stage, err := newStage(t.Context(), "127.0.0.1:0", t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stage.close()) })
	org, err := stage.service.CreateOrganization(t.Context(), demoOperator, identity.Organization{Name: "Acme", Kind: identity.Customer})
	require.NoError(t, err)
	_, err = stage.service.Grant(t.Context(), demoOperator, identity.Grant{Org: org.ID, Issuer: stage.issuer.URL(), Subject: "alice", Role: identity.RoleFull})
	require.NoError(t, err)
	d := newDevice(t)
	list := []string{"user", "list", "--org", "Acme", "--output", "json", "--server", stage.url}

	status, _, complaint := d.run(list...)
	require.Equal(t, 1, status)
	require.Contains(t, complaint, "log in with rollcall login")

	status, said := d.login(stage.url+"/", stage.issuer.URL(), func(code string) {
		require.Eventually(t, func() bool { return stage.issuer.Polls() > 0 }, 10*time.Second, 10*time.Millisecond)
		require.True(t, stage.issuer.Decide(code, "alice", demoissuer.Approved))
	})
	require.Zero(t, status, said)
	require.Contains(t, said, stage.issuer.URL()+"/device")
	require.Greater(t, stage.issuer.Polls(), 1, "undecided at first")

	path, all := d.kept()
	for name, mode := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm(), name)
	}
	first := all[stage.url]
	require.NotEmpty(t, first.Access)

	status, out, complaint := d.run(list...)
	require.Zero(t, status, complaint)
	require.JSONEq(t, "[]", out)
	for _, secret := range []string{first.Access, first.Refresh} {
		require.NotContains(t, said+out+complaint, secret)
	}

	t.Run("the person has commands of their own", func(t *testing.T) {
		status, out, complaint := d.run("me", "show", "--server", stage.url)
		require.Zero(t, status, complaint)
		require.Contains(t, out, "alice")
		require.Regexp(t, "account +none", out)
		require.Contains(t, out, "full in Acme")
		status, _, complaint = d.run("me", "sign-in", "--server", stage.url)
		require.Equal(t, 1, status)
		require.Contains(t, complaint, "NOT_BOUND: ")
		status, _, complaint = d.run("me", "accept", "--server", stage.url, stage.url+"/links/nothing")
		require.Equal(t, 1, status)
		require.Contains(t, complaint, "UNKNOWN_LINK: ")
		status, out, complaint = d.run("verify", "--server", stage.url)
		require.Zero(t, status, complaint)
		require.Regexp(t, "Acme +[0-9]+ +good", out)
	})
	t.Run("and sees what the server asks", func(t *testing.T) {
		status, out, complaint := d.run("user", "add", "--org", "Acme", "alice@acme.example", "--output", "json", "--server", stage.url)
		require.Zero(t, status, complaint)
		var added struct{ ID identity.AccountID }
		require.NoError(t, json.Unmarshal([]byte(out), &added))
		_, err := stage.service.Bind(t.Context(), demoOperator, identity.Binding{Issuer: stage.issuer.URL(), Subject: "alice", Org: org.ID, Account: added.ID})
		require.NoError(t, err)
		prompts := func() string {
			status, out, complaint := d.run("me", "prompts", "--server", stage.url)
			require.Zero(t, status, complaint)
			return out
		}
		require.NotContains(t, prompts(), "Acme")
		status, _, complaint = d.run("me", "claim", "--server", stage.url)
		require.Equal(t, 1, status)
		require.Contains(t, complaint, "UNKNOWN_CLAIM: ")
		_, err = stage.service.PutSubscription(t.Context(), demoOperator, identity.Subscription{Org: org.ID, Name: "Free", Type: identity.Free, Status: identity.SubscriptionActive})
		require.NoError(t, err)
		require.Regexp(t, "ORG_DELETE_REMINDER +Acme +it has only free subscriptions; .* rollcall org delete", prompts())
		status, _, complaint = d.run("me", "prompts", "later", "NOTHING", "--server", stage.url)
		require.Equal(t, 1, status)
		require.Contains(t, complaint, "UNKNOWN_PROMPT: ")
		status, _, complaint = d.run("me", "prompts", "later", "ORG_DELETE_REMINDER", "--server", stage.url)
		require.Zero(t, status, complaint)
		require.NotContains(t, prompts(), "Acme")
	})
	t.Run("a token that is over is renewed", func(t *testing.T) {
		d.change(stage.url, func(l *login) { l.Expiry = time.Now().Add(-time.Minute) })
		status, _, complaint := d.run(list...)
		require.Zero(t, status, complaint)
		_, all := d.kept()
		require.NotEqual(t, first.Refresh, all[stage.url].Refresh)
		require.True(t, all[stage.url].Expiry.After(time.Now()))
	})
	for name, refresh := range map[string]string{"nor one that the issuer does not know any more": first.Refresh, "nor one that cannot be renewed": ""} {
		t.Run(name, func(t *testing.T) {
			d.change(stage.url, func(l *login) { l.Expiry, l.Refresh = time.Now().Add(-time.Minute), refresh })
			status, _, complaint := d.run(list...)
			require.Equal(t, 1, status)
			require.Contains(t, complaint, "is over; log in again: rollcall login --server "+stage.url)
		})
	}
	status, _, said = d.run("logout", "--server", stage.url)
	require.Zero(t, status, said)
	_, all = d.kept()
	require.Empty(t, all)
	_, _, said = d.run("logout", "--server", stage.url)
	require.Contains(t, said, "There was no login")
}

func TestALoginEndsAsTheIssuerDecides(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		verdicts []demoissuer.Verdict
		status   int
		says     string
	}{
		"refused":             {[]demoissuer.Verdict{demoissuer.Denied}, 1, "it was refused at the issuer"},
		"not in time":         {[]demoissuer.Verdict{demoissuer.Expired}, 1, "the code has expired; log in again"},
		"asked to slow down":  {[]demoissuer.Verdict{demoissuer.TooFast, demoissuer.Approved}, 0, "Logged in at"},
		"approved right away": {[]demoissuer.Verdict{demoissuer.Approved}, 0, "Logged in at"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			issuer := newDemoIssuer(t)
			begun := time.Now()
			status, said := newDevice(t).login("http://127.0.0.1:1", issuer.URL(), func(code string) {
				for n, v := range c.verdicts {
					require.Eventually(t, func() bool { return issuer.Polls() >= n }, 10*time.Second, 10*time.Millisecond)
					require.True(t, issuer.Decide(code, "alice", v))
				}
			})
			require.Equal(t, c.status, status, said)
			require.Contains(t, said, c.says)
			if c.verdicts[0] == demoissuer.TooFast {
				require.Greater(t, time.Since(begun), 5*time.Second, "RFC 8628 section 3.5")
			}
		})
	}
}

func TestALoginWantsAnIssuerThatCanBeTrusted(t *testing.T) {
	t.Parallel()
	without := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"issuer":"http://`+r.Host+`","token_endpoint":"http://`+r.Host+`/token","jwks_uri":"http://`+r.Host+`/keys"}`)
	}))
	t.Cleanup(without.Close)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"issuer":"http://`+r.Host+`","token_endpoint":"http://token.example/","device_authorization_endpoint":"http://`+r.Host+`/device"}`)
	}))
	t.Cleanup(elsewhere.Close)
	d := newDevice(t)
	for name, c := range map[string]struct{ server, issuer, says string }{
		"no issuer there":            {"http://127.0.0.1:1", "http://127.0.0.1:9", "the issuer cannot be asked"},
		"an issuer in the clear":     {"http://127.0.0.1:1", "http://login.example", "it has to be https"},
		"no URL":                     {"http://127.0.0.1:1", "login", "is no URL of an issuer"},
		"no device authorization":    {"http://127.0.0.1:1", without.URL, "offers no device authorization"},
		"its endpoints in the clear": {"http://127.0.0.1:1", elsewhere.URL, "it has to be https"},
		"a server in the clear":      {"http://id.example.org", without.URL, "use https"},
	} {
		status, said := d.login(c.server, c.issuer, func(string) { require.Fail(t, "a code was shown", name) })
		require.Equal(t, 1, status, name)
		require.Contains(t, said, c.says, name)
	}
}
