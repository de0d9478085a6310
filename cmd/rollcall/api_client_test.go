package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// fake is a server that answers as it is told, and remembers what it was asked.
type fake struct {
	answers []func(http.ResponseWriter)
	asked   []*http.Request
	bodies  []string
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.asked, f.bodies = append(f.asked, r), append(f.bodies, string(body))
	f.answers[min(len(f.asked), len(f.answers))-1](w)
}

func says(status int, body string, header ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func clientOf(t *testing.T, f *fake) (*apiClient, *bytes.Buffer) {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	var talk bytes.Buffer
	c, err := (&app{ctx: t.Context(), stdout: io.Discard, stderr: &talk}).serverAPI(serverFlag{Server: server.URL + "/", Token: "secret"})
	require.NoError(t, err)
	return c, &talk
}

func TestACallThatTheServerHasNoTimeForIsTriedAgainUnderItsKey(t *testing.T) {
	t.Parallel()
	f := &fake{answers: []func(http.ResponseWriter){
		says(http.StatusTooManyRequests, "", "Retry-After", "1"), says(http.StatusServiceUnavailable, "", "Retry-After", "0"), says(http.StatusCreated, `{"id":"x"}`),
	}}
	c, talk := clientOf(t, f)
	var answer struct{ ID string }
	require.NoError(t, c.post("/users", map[string]string{"a": "b"}, &answer))
	require.Equal(t, "x", answer.ID)
	require.Len(t, f.asked, 3)
	require.Equal(t, []string{`{"a":"b"}`, `{"a":"b"}`, `{"a":"b"}`}, f.bodies)
	keys := map[string]bool{}
	for _, r := range f.asked {
		keys[r.Header.Get("Idempotency-Key")] = true
		require.Equal(t, "Bearer secret", r.Header.Get("Authorization"))
		require.Equal(t, "/api/v1/users", r.URL.Path)
	}
	require.Len(t, keys, 1)
	require.NotContains(t, keys, "")
	require.Equal(t, 2, strings.Count(talk.String(), "trying again in 1s"))
	require.NotContains(t, talk.String(), "secret")

	require.NoError(t, c.post("/users", nil, nil))
	require.False(t, keys[f.asked[3].Header.Get("Idempotency-Key")], "another call has another key")
}

func TestTryingAgainHasAnEnd(t *testing.T) {
	t.Parallel()
	problem := `{"code":"RATE_LIMITED","message":"too many","trackingId":"T-1","remedies":[{"text":"Wait."}],"reasons":[{"code":"A","message":"one"}]}`
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		asked  int
	}{
		"a wait that is too long":           {says(http.StatusTooManyRequests, problem, "Retry-After", "31"), 1},
		"no time said":                      {says(http.StatusServiceUnavailable, problem), 1},
		"a refusal that time does not mend": {says(http.StatusConflict, problem, "Retry-After", "1"), 1},
		"as often as is of use":             {says(http.StatusTooManyRequests, problem, "Retry-After", "0"), apiTries},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answers: []func(http.ResponseWriter){c.answer}}
			client, _ := clientOf(t, f)
			err := client.get("/me", nil, nil)
			require.Len(t, f.asked, c.asked)
			var refusal *identity.Error
			require.ErrorAs(t, err, &refusal)
			require.Equal(t, identity.Rule("RATE_LIMITED"), refusal.Rule)
			require.Equal(t, "too many (tracking id T-1)", refusal.Detail)
			require.Equal(t, []identity.Remedy{{Text: "Wait."}}, refusal.Remedies())
			require.Equal(t, []identity.Reason{{Code: "A", Detail: "one"}}, refusal.Why)
		})
	}
}

func TestATokenGoesToNoOtherServer(t *testing.T) {
	t.Parallel()
	other := &fake{answers: []func(http.ResponseWriter){says(http.StatusOK, "{}")}}
	elsewhere := httptest.NewServer(other)
	t.Cleanup(elsewhere.Close)
	c, _ := clientOf(t, &fake{answers: []func(http.ResponseWriter){says(http.StatusFound, "", "Location", elsewhere.URL)}})
	require.ErrorContains(t, c.get("/me", nil, nil), "the server answered 302 Found; is there a rollcall at --server?")
	require.Empty(t, other.asked)
}

func TestAFileThroughTheProcessIsNeverWhole(t *testing.T) {
	const size = 64 << 20
	var sent, received, most atomic.Int64
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		w.Header().Set("X-Read", fmt.Sprint(n))
		piece := make([]byte, 1<<20)
		for sent.Load() < size {
			n, err := w.Write(piece)
			if err != nil {
				return // the reader counts what came
			}
			most.Store(max(most.Load(), sent.Add(int64(n))-received.Load()))
		}
	})
	c := apiClient{app: &app{ctx: t.Context()}, base: "http://localhost", client: &http.Client{Transport: inProcess{handler}}, local: &local{}}
	response, err := c.send(t.Context(), call{method: http.MethodPost, path: "/x", file: func() (io.ReadCloser, error) {
		return io.NopCloser(io.LimitReader(endless{}, size)), nil
	}})
	require.NoError(t, err)
	require.Equal(t, fmt.Sprint(size), response.Header.Get("X-Read"))
	buffer := make([]byte, 32<<10)
	for {
		n, err := response.Body.Read(buffer)
		received.Add(int64(n))
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
	}
	require.EqualValues(t, size, received.Load())
	require.LessOrEqual(t, most.Load(), int64(2<<20))
}

// endless is a file without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestAnAnswerThatBreaksOffIsNotTakenForAWholeOne(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half of ")
		panic(http.ErrAbortHandler)
	})
	c := apiClient{app: &app{ctx: t.Context()}, base: "http://localhost", client: &http.Client{Transport: inProcess{handler}}, local: &local{}}
	var file bytes.Buffer
	require.ErrorIs(t, c.download("/x", nil, &file), errBrokenOff)
}

func TestNobodyWaitsForAHandlerAfterAnInterrupt(t *testing.T) {
	over := make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		_, _ = io.WriteString(w, "too late") // nobody reads it, and nobody must wait for that
		close(over)
	})
	ctx, interrupt := context.WithCancel(t.Context())
	c := apiClient{app: &app{ctx: ctx}, base: "http://localhost", client: &http.Client{Transport: inProcess{handler}}, local: &local{}}
	interrupt()
	require.ErrorIs(t, c.get("/x", nil, nil), context.Canceled)
	<-over
}
