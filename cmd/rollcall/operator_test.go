package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestACommandWhoseServerGoesAwaySaysWhichJobGoesOn has the server die while an import is followed.
func TestACommandWhoseServerGoesAwaySaysWhichJobGoesOn(t *testing.T) {
	const org, job = "00000000-0000-7000-8000-00000000000a", "00000000-0000-7000-8000-00000000000b"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.Method == http.MethodPost:
			_, err := io.Copy(io.Discard, r.Body)
			require.NoError(t, err)
			w.WriteHeader(http.StatusAccepted)
			_, err = io.WriteString(w, `{"id":"`+job+`","kind":"import","state":"running","total":9,"processed":1,"succeeded":1,"failed":0}`)
			require.NoError(t, err)
		case strings.Contains(r.URL.Path, "/jobs/"):
			panic(http.ErrAbortHandler)
		default:
			_, err := io.WriteString(w, `{"organizations":[{"id":"`+org+`","name":"Acme","kind":"customer"}]}`)
			require.NoError(t, err)
		}
	}))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "people.csv")
	require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
	_, err := exec.Command(binary, "user", "import", "--server", server.URL, "--token", "x", "--org", org, file).Output()
	var failed *exec.ExitError
	require.True(t, errors.As(err, &failed), "%v", err)
	require.Contains(t, string(failed.Stderr), "the server does not answer")
	require.Contains(t, string(failed.Stderr), "rollcall job show --wait --org "+org+" "+job)
}

// TestTheAuditIsExportedToStandardOutputUnlessAFileIsNamed, as users are.
func TestTheAuditIsExportedToStandardOutputUnlessAFileIsNamed(t *testing.T) {
	db := database(t)
	command(t, db, "org", "create", "Acme")
	out, err := exec.Command(binary, "audit", "export", "--database", db, "--org", "Acme").Output()
	require.NoError(t, err)
	require.Contains(t, string(out), `"kind":"organization.created"`)
}

// TestHelpShowsTextAsItIsTyped finds quotation marks that the help was given by mistake: ” becomes one of them.
func TestHelpShowsTextAsItIsTyped(t *testing.T) {
	var look func(args ...string)
	command := regexp.MustCompile(`(?m)^  ([a-z][a-z -]*?)(?: \[?<.*)?  +[A-Z]`)
	look = func(args ...string) {
		help, err := exec.Command(binary, append(args, "--help")...).Output()
		require.NoError(t, err)
		require.NotRegexp(t, "[“”]", string(help), "%v", args)
		_, commands, found := strings.Cut(string(help), "Commands:\n")
		if !found {
			return
		}
		for _, m := range command.FindAllStringSubmatch(commands, -1) {
			look(strings.Fields(m[1])...)
		}
	}
	look()
}
