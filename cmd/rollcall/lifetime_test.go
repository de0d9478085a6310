package main

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestEveryAcknowledgedWriteSurvivesAKill ends the server with SIGKILL while clients create users, three times over, and looks
// for everybody who was acknowledged.
func TestEveryAcknowledgedWriteSurvivesAKill(t *testing.T) {
	db := database(t)
	n := newTenant(t, db, "Acme", "rfc")
	acknowledged := map[string]string{} // id to userName
	for round := range 3 {
		s := serve(t, db, "--scim-rate-limit", "100000")
		for id, name := range createUntilKilled(t, s, n, round) {
			acknowledged[id] = name
		}
		require.Error(t, s.wait(), "it was killed")
	}
	s := serve(t, db, "--scim-rate-limit", "100000")
	for id, name := range acknowledged {
		status, body, err := n.request(http.MethodGet, n.base(s)+"/Users/"+id, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status, "%s was acknowledged and is gone", name)
		require.Contains(t, string(body), `"`+name+`"`)
	}
	require.GreaterOrEqual(t, n.total(t, s), len(acknowledged))
	status, body, err := n.request(http.MethodPost, n.base(s)+"/Users", userOf("after", "after@acme.example"))
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status, "%s", body)
}

// createUntilKilled creates users from eight clients, kills the server after a hundred acknowledgements, and returns whom it
// acknowledged.
func createUntilKilled(t *testing.T, s *server, n tenant, round int) map[string]string {
	const clients, enough = 8, 100
	var mu sync.Mutex
	acknowledged := map[string]string{}
	var wrong atomic.Int64
	var kill sync.Once
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("u-%d-%d-%d", round, client, i)
				status, body, err := n.request(http.MethodPost, n.base(s)+"/Users", userOf(name, name+"@acme.example"))
				if err != nil {
					return // killed
				}
				var user struct{ ID string }
				if status != http.StatusCreated || json.Unmarshal(body, &user) != nil {
					wrong.Add(1)
					return
				}
				mu.Lock()
				acknowledged[user.ID] = name
				dead := len(acknowledged) >= enough
				mu.Unlock()
				if dead {
					kill.Do(func() { _ = s.cmd.Process.Kill() })
				}
			}
		})
	}
	all.Wait()
	require.Zero(t, wrong.Load(), "creates that were neither acknowledged nor cut off")
	require.GreaterOrEqual(t, len(acknowledged), enough)
	return acknowledged
}

// TestSIGTERMLetsRequestsFinish stops the server in the middle of a request, which is answered, and new ones are not.
func TestSIGTERMLetsRequestsFinish(t *testing.T) {
	db := database(t)
	n := newTenant(t, db, "Acme", "rfc")
	s := serve(t, db, "--shutdown-delay", "2s")

	body, err := json.Marshal(userOf("slow", "slow@acme.example"))
	require.NoError(t, err)
	address := strings.TrimPrefix(s.url, "http://")
	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer c.Close()
	_, err = fmt.Fprintf(c, "POST /scim/%s/v2/Users HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/scim+json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		n.org, address, n.token, len(body))
	require.NoError(t, err)
	in := bufio.NewReader(c)
	line, err := in.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "100 Continue") // the handler reads the body from here on
	_, err = in.ReadString('\n')
	require.NoError(t, err)

	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool { return readiness(s) == http.StatusServiceUnavailable }, 10*time.Second, 10*time.Millisecond, "readiness")
	require.Eventually(t, func() bool { return readiness(s) == 0 }, 10*time.Second, 10*time.Millisecond, "connections are refused")

	_, err = c.Write(body)
	require.NoError(t, err)
	answer, err := http.ReadResponse(in, nil)
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusCreated, answer.StatusCode)
	require.NoError(t, s.wait(), s.said())
	require.Contains(t, s.said(), "Stopped.")

	again := serve(t, db)
	require.Equal(t, 1, n.total(t, again))
}

// readiness asks on a connection of its own; 0 is no answer.
func readiness(s *server) int {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(s.url + "/readyz")
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	return response.StatusCode
}

func TestASecondServerOnThePortIsRefused(t *testing.T) {
	s := serve(t, database(t))
	other := filepath.Join(t.TempDir(), "data", "rollcall.db")
	out, err := exec.Command(binary, "serve", "--database", "sqlite:"+other, "--listen", strings.TrimPrefix(s.url, "http://")).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "another program, perhaps another rollcall serve, does already; stop it or choose another --listen")
	require.NoFileExists(t, other, "it gave up before it touched its database")
	require.Equal(t, http.StatusOK, readiness(s))
}

func TestAServerThatOthersCanReachWithoutTLSWarns(t *testing.T) {
	s := serve(t, database(t), "--listen", "0.0.0.0:0")
	require.Contains(t, s.said(), "Warning: others can reach")
}

func TestTheFirstPageNamesWhatThereIs(t *testing.T) {
	s := serve(t, database(t))
	for _, want := range []struct {
		path   string
		status int
		text   string
	}{
		{"/", http.StatusOK, "/scim/{organization}/v2/"},
		{"/healthz", http.StatusOK, "ok"},
		{"/readyz", http.StatusOK, "ready"},
		{"/api/openapi.json", http.StatusOK, `"3.1.0"`},
		{"/api/v1/organizations", http.StatusUnauthorized, `"code"`},
		{"/nothing", http.StatusNotFound, "NOT_FOUND"},
		{"/metrics", http.StatusOK, `rollcall_http_requests_total{method="GET",route="GET /readyz",status="200"} 1`},
	} {
		response, err := http.Get(s.url + want.path)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, want.status, response.StatusCode, want.path)
		require.Contains(t, string(body), want.text, want.path)
	}
}

// TestAServerThatWaitsForItsDatabase starts one while another program has the database for itself: it has its port, says what it waits for, and
// goes on as soon as it can.
func TestAServerThatWaitsForItsDatabase(t *testing.T) {
	db := database(t)
	command(t, db, "org", "create", "Acme")
	file, err := sql.Open("sqlite3", strings.TrimPrefix(db, "sqlite:")+"?_locking_mode=EXCLUSIVE&_txlock=exclusive")
	require.NoError(t, err)
	defer file.Close()
	var answered struct {
		live, ready int
		why         string
	}
	holding, err := file.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	port := freePort(t)
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		defer func() { _, _ = holding.Rollback(), file.Close() }() // whatever was answered, the server goes on
		client := &http.Client{Timeout: 10 * time.Second}
		for answered.live == 0 {
			if response, err := client.Get("http://" + port + "/healthz"); err == nil {
				answered.live = response.StatusCode
				_ = response.Body.Close()
			}
		}
		response, err := client.Get("http://" + port + "/readyz")
		if err != nil {
			return
		}
		defer response.Body.Close()
		answered.ready = response.StatusCode
		body, _ := io.ReadAll(response.Body)
		answered.why = string(body)
	}()
	s := serve(t, db, "--listen", port)
	<-asked
	require.Equal(t, http.StatusOK, answered.live)
	require.Equal(t, http.StatusServiceUnavailable, answered.ready)
	require.Contains(t, answered.why, "opens its database")
	response, err := http.Get(s.url + "/readyz")
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
}

// freePort is not of 127.0.0.1, whose ports connections that go out may be given meanwhile.
func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.2:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}
