package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/store/fresh"
)

// server is a running "rollcall serve".
type server struct {
	url string
	cmd *exec.Cmd

	talk safeBuffer    // what it said on standard error
	read chan struct{} // closed at the end of its standard error
}

// safeBuffer collects what a process says while a test reads it.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// database names a database for a test, as a first start makes it.
func database(t *testing.T) string {
	return "sqlite:" + fresh.Database(t)
}

// serve starts the real program on a free port and waits until it says where it listens.
func serve(t *testing.T, database string, flags ...string) *server {
	t.Helper()
	s := &server{read: make(chan struct{})}
	s.cmd = exec.Command(binary, append([]string{"serve", "--database", database, "--listen", "127.0.0.1:0"}, flags...)...)
	talk, err := s.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, s.cmd.Start())
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // if the test has not ended it
		<-s.read
		_ = s.cmd.Wait()
	})
	listening := make(chan string, 1)
	go func() {
		defer close(s.read)
		lines := bufio.NewScanner(talk)
		for lines.Scan() {
			fmt.Fprintln(&s.talk, lines.Text())
			if url, ok := strings.CutPrefix(lines.Text(), "Listening on "); ok {
				listening <- url
			}
		}
	}()
	select {
	case s.url = <-listening:
	case <-s.read:
		require.FailNow(t, "the server ended before it listened", s.said())
	case <-time.After(30 * time.Second):
		require.FailNow(t, "the server did not begin to listen", s.said())
	}
	return s
}

func (s *server) said() string { return s.talk.String() }

// wait returns how the process ended.
func (s *server) wait() error {
	<-s.read
	return s.cmd.Wait()
}

// command runs the program beside the server and decodes the JSON that it prints.
func command(t *testing.T, database string, args ...string) map[string]any {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(binary, append(args, "--database", database, "--output", "json")...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%v: %s", args, stderr.String())
	var object map[string]any
	require.NoError(t, json.Unmarshal(out, &object), "%s", out)
	return object
}

// tenant is an organization with a token.
type tenant struct{ org, token string }

func newTenant(t *testing.T, database, name, profile string) tenant {
	t.Helper()
	org := command(t, database, "org", "create", name)["id"].(string)
	token := command(t, database, "token", "create", "--org", org, "--name", "test", "--profile", profile)["token"].(string)
	return tenant{org, token}
}

func (n tenant) base(s *server) string { return s.url + "/scim/" + n.org + "/v2" }

// request sends a SCIM request and returns the status and the body.
func (n tenant) request(method, url string, body any) (int, []byte, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	var payload io.Reader
	if body != nil {
		payload = bytes.NewReader(raw)
	}
	request, err := http.NewRequest(method, url, payload)
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+n.token)
	request.Header.Set("Content-Type", "application/scim+json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// total returns how many users the tenant's list says there are.
func (n tenant) total(t *testing.T, s *server) int {
	t.Helper()
	status, body, err := n.request(http.MethodGet, n.base(s)+"/Users?count=0", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, "%s", body)
	var list struct{ TotalResults int }
	require.NoError(t, json.Unmarshal(body, &list))
	return list.TotalResults
}
