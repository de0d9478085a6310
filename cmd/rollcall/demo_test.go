package main

import (
	"bytes"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheDemonstrationStaysUpUntilItIsTold(t *testing.T) {
	cmd := exec.Command(binary, "demo", "--data", t.TempDir())
	var story, talk safeBuffer
	cmd.Stdout, cmd.Stderr = &story, &talk
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // if the test has not ended it
	require.Eventually(t, func() bool { return strings.Contains(talk.String(), "ahead") }, 30*time.Second, 20*time.Millisecond, "%s", &story)

	found := regexp.MustCompile(`curl -H '(Authorization): (Bearer rollcall_\w+)' '(http\S+)'`).FindStringSubmatch(talk.String())
	require.NotNil(t, found, "%s", &talk)
	request, err := http.NewRequest(http.MethodGet, found[3], nil)
	require.NoError(t, err)
	request.Header.Set(found[1], found[2])
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode, "the command that it prints works")
	http.DefaultClient.CloseIdleConnections()

	require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
	require.NoError(t, cmd.Wait())
}

// TestADemonstrationThatComesOutOtherwiseSaysSo breaks the directory before the story begins.
func TestADemonstrationThatComesOutOtherwiseSaysSo(t *testing.T) {
	stage, err := newStage(t.Context(), "127.0.0.1:0", t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stage.close()) })
	var out bytes.Buffer
	told := &story{stage: stage, teller: &teller{w: &out}}
	require.NoError(t, told.prepare(t.Context()))
	stage.directory.Blind(true)
	require.Error(t, told.firstSync(t.Context()), "a refused plan cannot be applied")
	require.False(t, told.good())
	require.Contains(t, out.String(), "✗ the plan is: expected ready, but it was refused")
	told.conclude()
	require.Contains(t, out.String(), "2 of 3 checks came out otherwise.")
	require.False(t, told.result().OK)
}
