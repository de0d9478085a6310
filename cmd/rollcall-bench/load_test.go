package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestGenerator_NoticesAWrongAnswer(t *testing.T) {
	t.Parallel()
	const ada, bob = `{"id":"1","userName":"ada@example.com","active":true}`, `{"id":"2","userName":"bob@example.com","active":true}`
	list := func(total int, resources ...string) string {
		return fmt.Sprintf(`{"totalResults":%d,"Resources":[%s]}`, total, strings.Join(resources, ","))
	}
	for _, test := range []struct {
		name, operation string
		status          int
		body            string
		right           bool
	}{
		{"somebody who was asked for", "get", 200, ada, true},
		{"somebody else", "get", 200, bob, false},
		{"somebody else under the same id", "get", 200, `{"id":"1","userName":"bob@example.com"}`, false},
		{"nobody", "get", 404, `{"status":"404"}`, false},
		{"no JSON", "get", 200, "<html>", false},
		{"nothing", "get", 200, "", false},
		{"found", "filter", 200, list(1, ada), true},
		{"found somebody else", "filter", 200, list(1, bob), false},
		{"found nobody who is there", "filter", 200, list(0), false},
		{"found two", "filter", 200, list(2, ada, bob), false},
		{"a total that is not what is shown", "filter", 200, list(2, ada), false},
		{"everybody", "list", 200, list(2, ada, bob), true},
		{"too few", "list", 200, list(2, ada), false},
		{"the same twice", "list", 200, list(2, ada, ada), false},
		{"too low a total", "list", 200, list(1, ada, bob), false},
		{"no ids", "list", 200, list(2, ada, `{"userName":"bob@example.com"}`), false},
		{"switched off", "patch", 200, `{"id":"1","active":false}`, true},
		{"switched off, without saying so", "patch", 204, "", true},
		{"not switched off", "patch", 200, ada, false},
		{"somebody else switched off", "patch", 200, `{"id":"2","active":false}`, false},
		{"somebody else created", "create", 201, ada, false},
		{"not created", "create", 200, ada, false},
		{"too many requests", "create", 429, "", false},
	} {
		t.Run(test.operation+", "+test.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			}))
			defer server.Close()
			target := newTarget("server", server.URL, "")
			target.present, target.people = 2, []known{{"1", "ada@example.com"}}
			var buffer bytes.Buffer
			err := target.ask(t.Context(), operations[test.operation](target, 0), &buffer)
			if test.right {
				require.NoError(t, err)
			} else {
				require.Error(t, err)
			}
		})
	}
}

// TestGenerator_CountsWrongAnswers as errors, and never as requests a second.
func TestGenerator_CountsWrongAnswers(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"id":"2","userName":"bob@example.com"}`)
	}))
	defer server.Close()
	target := newTarget("server", server.URL, "")
	target.people = []known{{"1", "ada@example.com"}}
	r, err := load(t.Context(), target, "get", 2, 500*time.Millisecond)
	require.NoError(t, err)
	require.Zero(t, r.Requests)
	require.Zero(t, r.PerSecond)
	require.Positive(t, r.Errors)
	require.Contains(t, r.Error, `got "bob@example.com" (2), want "ada@example.com" (1)`)
}

// TestGenerator_Echo: a server that knows nobody is asked to give back what another one says.
func TestGenerator_Echo(t *testing.T) {
	t.Parallel()
	handler, err := newElimity(200)
	require.NoError(t, err)
	knowing, echoing := httptest.NewServer(handler), httptest.NewServer(http.HandlerFunc(echo))
	defer knowing.Close()
	defer echoing.Close()
	source := newTarget("elimity", knowing.URL, "")
	require.NoError(t, source.meet(t.Context(), 200))
	target := newTarget("echo", echoing.URL, "")
	target.mirror, err = reflect(t.Context(), source)
	require.NoError(t, err)
	for _, operation := range operationNames() {
		r, err := load(t.Context(), target, operation, 2, 300*time.Millisecond)
		require.NoError(t, err)
		require.Zero(t, r.Errors, "%s: %s", operation, r.Error)
		require.Positive(t, r.Requests, operation)
	}
	_, err = load(t.Context(), target, "delete", 1, time.Second)
	require.EqualError(t, err, `there is no operation "delete"; it is one of create, filter, get, list, mixed, patch`)
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	for _, test := range []struct {
		name   string
		values []float64
		q      float64
		want   float64
	}{
		{"of nothing", nil, 0.5, 0},
		{"of one", []float64{7}, 0.99, 7},
		{"the middle of three", []float64{3, 1, 2}, 0.5, 2},
		{"the lower middle of four", []float64{4, 3, 2, 1}, 0.5, 2},
		{"the 99th of a hundred", hundred, 0.99, 99},
		{"the median of a hundred", hundred, 0.5, 50},
		{"the highest", hundred, 1, 100},
		{"the lowest", hundred, 0, 1},
	} {
		require.Equal(t, test.want, quantile(test.values, test.q), test.name)
	}
}
