package main

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestMain lets the report start this test program as its controls.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "control" {
		main()
	}
	os.Exit(m.Run())
}

// TestReport_OfTheRealServers starts everything there is, for an instant. Whether the answers are right is what counts here.
func TestReport_OfTheRealServers(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(folder), 0o755)) // PostgreSQL runs as another user
	require.NoError(t, os.Chmod(folder, 0o755))
	saved, page := filepath.Join(folder, "report.json"), filepath.Join(folder, "page.md")
	require.NoError(t, os.WriteFile(page, []byte("# Speed\n\n"+beginMark+"\n"+endMark+"\n"), 0o600))
	var out, said bytes.Buffer
	status := run(t.Context(), []string{"report", "--users=1000", "--rounds=1", "--phase=50ms", "--folder", folder, "--output=json",
		"--only=read", "--only=list", "--only=patch", "--only=create", "--only=process", "--only=instances", "--only=directory", "--save", saved, "--page", page, "--plots", folder}, &out, &said)
	require.Zero(t, status, said.String())

	r, err := readReport(saved)
	require.NoError(t, err)
	var printed report
	require.NoError(t, json.Unmarshal(out.Bytes(), &printed))
	require.Equal(t, printed, *r)
	require.Zero(t, r.Failures)
	servers := map[string]int{}
	for _, s := range r.Series {
		for _, round := range s.Rounds {
			require.Positive(t, round.Requests, "%s of %s", s.Operation, s.Server)
			servers[s.Server]++
		}
	}
	for _, name := range []string{"Rollcall on SQLite", "Rollcall on PostgreSQL", "bare", "bare-pg", "echo", "elimity"} {
		require.Equal(t, 5, servers[name], "operations of %s", name)
	}
	require.FileExists(t, filepath.Join(folder, "create.svg"))
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(text), "| durable create, 32 clients | Rollcall on SQLite: ")
	left, err := filepath.Glob(filepath.Join(folder, "rollcall-bench-*"))
	require.NoError(t, err)
	require.Empty(t, left, "databases that are left behind")
}

// TestLoad_AnyServer asks somebody else's server everything.
func TestLoad_AnyServer(t *testing.T) {
	t.Parallel()
	handler, err := newElimity(0)
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	defer server.Close()
	var out, said bytes.Buffer
	status := run(t.Context(), []string{"load", "--url", server.URL + "/", "--clients=4", "--duration=1s", "--people=20", "--keep"}, &out, &said)
	require.Zero(t, status, said.String())
	var r result
	require.NoError(t, json.Unmarshal(out.Bytes(), &r))
	require.Equal(t, "mixed", r.Operation)
	require.Positive(t, r.Requests)
	require.Zero(t, r.Errors)
	require.Positive(t, r.P50)
	require.GreaterOrEqual(t, r.P99, r.P50)
	require.InEpsilon(t, float64(r.Requests)/r.Seconds, r.PerSecond, 0.001)
}

func TestCommandLine_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, want string
		args       []string
	}{
		{"a part that there is not", `there is no part "reading"`, []string{"report", "--only=reading"}},
		{"too few users", "at least 1000 users", []string{"report", "--users=10"}},
		{"no server there", "connection refused", []string{"load", "--url=http://127.0.0.1:1"}},
		{"a report that there is not", "no such file", []string{"render", "nowhere.json"}},
	} {
		var said bytes.Buffer
		require.Equal(t, 1, run(t.Context(), test.args, &said, &said), test.name)
		require.Contains(t, said.String(), test.want, test.name)
	}
}

// TestSlowDisk: an fsync of any program takes longer with the library.
func TestSlowDisk(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	env, err := slowDisk(t.Context(), folder, 100*time.Millisecond)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), "dd", "if=/dev/zero", "of="+filepath.Join(folder, "file"), "count=1", "conv=fsync")
	cmd.Env = append(os.Environ(), env...)
	began := time.Now()
	require.NoError(t, cmd.Run())
	require.GreaterOrEqual(t, time.Since(began), 100*time.Millisecond)
}
