package main

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheServerAndTheDatabaseTellTheSame asks both about the people of the demonstration.
func TestTheServerAndTheDatabaseTellTheSame(t *testing.T) {
	folder := t.TempDir()
	stage, err := newStage(t.Context(), "127.0.0.1:0", folder)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stage.close()) })
	told := &story{stage: stage, teller: &teller{w: io.Discard}}
	require.NoError(t, told.tell(t.Context()))

	ask := func(args ...string) (int, string, string) {
		var stdout, stderr bytes.Buffer
		status := run(t.Context(), args, &stdout, &stderr)
		return status, stdout.String(), stderr.String()
	}
	database := []string{"--database", "sqlite:" + filepath.Join(folder, demoDatabase)}
	server := []string{"--server", stage.url, "--token", told.adminToken}

	for name, question := range map[string]string{
		"everybody, in text":              "user list --org Corp --limit 0",
		"everybody":                       "user list --org Corp --limit 0 --output json",
		"inactive people":                 "user list --org Corp --status inactive --output json",
		"people for a reason nobody has":  "user list --org Corp --reason directory_deleted --output json",
		"exactly one":                     "user list --org Corp --reason directory_disabled --limit 1 --output json",
		"somebody by userName":            "user show --org Corp ADA.Abel@corp.example --output json",
		"somebody by id":                  "user show --org Corp " + string(told.renamed.account),
		"why somebody is inactive":        "user why --org Corp ada.abel@corp.example --output json",
		"why, in text":                    "user why --org Corp ada.abel@corp.example",
		"why somebody was deleted, by id": "user why --org Corp " + string(told.deleted.account) + " --output json",
	} {
		t.Run(name, func(t *testing.T) {
			status, want, complaint := ask(append(strings.Fields(question), database...)...)
			require.Zero(t, status, complaint)
			require.NotEmpty(t, want)
			status, got, complaint := ask(append(strings.Fields(question), server...)...)
			require.Zero(t, status, complaint)
			require.Equal(t, want, got)
		})
	}

	t.Run("a list in parts", func(t *testing.T) {
		_, all, _ := ask(append(strings.Fields("user list --org Corp --limit 0"), server...)...)
		_, first, talk := ask(append(strings.Fields("user list --org Corp --limit 197"), server...)...)
		_, place, found := strings.Cut(talk, "--after ")
		require.True(t, found, talk)
		place, _, _ = strings.Cut(place, ",")
		_, rest, talk := ask(append(strings.Fields("user list --org Corp --after "+place), server...)...)
		require.Empty(t, talk)
		_, body, _ := strings.Cut(rest, "\n")
		require.Equal(t, strings.Fields(all), strings.Fields(first+body))
	})

	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"an organization without a role": {append(strings.Fields("user list --org Acme"), server...), "UNKNOWN_ORGANIZATION: you have no role"},
		"nobody":                         {append(strings.Fields("user show --org Corp nobody@corp.example"), server...), "UNKNOWN_USER: "},
		"why nobody":                     {append(strings.Fields("user why --org Corp nobody@corp.example"), server...), "UNKNOWN_USER: "},
		"a bad token":                    {strings.Fields("user list --org Corp --token x --server " + stage.url), "tracking id"},
		"no token":                       {strings.Fields("user list --org Corp --server " + stage.url), "set ROLLCALL_TOKEN or --token"},
		"no URL":                         {strings.Fields("user list --org Corp --token x --server here"), `"here" is no URL of a server`},
		"no server":                      {strings.Fields("user list --org Corp --token x --server http://127.0.0.1:9"), "the server does not answer"},
		"a token in the clear":           {strings.Fields("user list --org Corp --token x --server http://id.example.org"), "use https"},
		"another server":                 {strings.Fields("user list --org Corp --token x --server " + stage.issuer.URL()), "is there a rollcall at --server?"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, complaint := ask(c.args...)
			require.Equal(t, 1, status)
			require.Empty(t, out)
			require.Contains(t, complaint, c.says)
		})
	}
}
