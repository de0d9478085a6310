package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/internal/web"
)

// logged is a logger and everything it wrote.
func logged() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewJSONHandler(&b, nil)), &b
}

func get(h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestFrontKeepsASaneRequestIDAndReplacesAnyOther(t *testing.T) {
	logger, _ := logged()
	var seen string
	h := web.Front(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { seen = web.RequestID(r.Context()) }), logger, nil)
	for name, c := range map[string]struct {
		given string
		kept  bool
	}{
		"a UUID":                  {"0190b2c4-7f3e-7000-8000-000000000001", true},
		"all characters allowed":  {"aZ09-_.:", true},
		"none":                    {"", false},
		"as long as allowed":      {strings.Repeat("a", web.MaxRequestID), true},
		"one byte too long":       {strings.Repeat("a", web.MaxRequestID+1), false},
		"a space":                 {"a b", false},
		"a quotation mark":        {`a"b`, false},
		"a letter beyond ASCII":   {"ä", false},
		"a line break in the log": {"a\nb", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := get(h, "/", web.RequestIDHeader, c.given)
			require.Equal(t, seen, w.Header().Get(web.RequestIDHeader))
			if c.kept {
				require.Equal(t, c.given, seen)
			} else {
				require.NotEqual(t, c.given, seen)
				require.GreaterOrEqual(t, len(seen), 26)
			}
		})
	}
}

func TestFrontLogsOneLineWithoutSecrets(t *testing.T) {
	logger, lines := logged()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{id}", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "12345")
	})
	get(web.Front(mux, logger, nil), "/things/7?filter=secret-name", "Authorization", "Bearer secret-token", "X-Request-Id", "r1")
	require.NotContains(t, lines.String(), "secret")
	var line map[string]any
	require.NoError(t, json.Unmarshal(lines.Bytes(), &line))
	require.Equal(t, "r1", line["request"])
	require.Equal(t, "GET", line["method"])
	require.Equal(t, "/things/7", line["path"])
	require.Equal(t, "GET /things/{id}", line["route"])
	require.EqualValues(t, http.StatusTeapot, line["status"])
	require.EqualValues(t, 5, line["bytes"])
	require.Contains(t, line, "took")
}

func TestFrontSetsTheHeadersThatNoAnswerShouldLack(t *testing.T) {
	logger, _ := logged()
	w := get(web.Front(http.NotFoundHandler(), logger, nil), "/")
	require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))
	require.Equal(t, "default-src 'none'; frame-ancestors 'none'", w.Header().Get("Content-Security-Policy"))
	require.Empty(t, w.Header().Get("Strict-Transport-Security"), "means nothing without TLS")
}

func TestAPanicIsLoggedInFullAndToldAsInternal(t *testing.T) {
	logger, lines := logged()
	w := get(web.Front(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("the cause") }), logger, nil), "/", "X-Request-Id", "r1")
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.Equal(t, web.ProblemType, w.Header().Get("Content-Type"))
	require.JSONEq(t, `{"type":"urn:rollcall:problem:INTERNAL","title":"Internal","status":500,"code":"INTERNAL","trackingId":"r1",
		"detail":"something went wrong in the server; its log has the details under the tracking id",
		"message":"something went wrong in the server; its log has the details under the tracking id",
		"remedies":[{"text":"Give the tracking id to whoever runs the server."}]}`, w.Body.String())
	require.Contains(t, lines.String(), "the cause")
	require.Contains(t, lines.String(), "front_test.go")
	require.Contains(t, lines.String(), `"status":500`)
}

func TestAPanicInTheMiddleOfAnAnswerCutsTheConnection(t *testing.T) {
	logger, _ := logged()
	h := web.Front(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"half":`)
		panic("the cause")
	}), logger, nil)
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { get(h, "/") })
}

func TestMetricsHaveBoundedSeries(t *testing.T) {
	logger, _ := logged()
	metrics := web.NewMetrics()
	mux := http.NewServeMux()
	mux.HandleFunc("/things/{id}", func(w http.ResponseWriter, r *http.Request) {})
	mux.HandleFunc("/own/", func(w http.ResponseWriter, r *http.Request) { web.SetRoute(r.Context(), "own route") })
	web.AddHealth(mux, logger, func(context.Context) error { return nil }, metrics)
	h := web.Front(mux, logger, metrics)
	for _, target := range []string{"/things/1", "/things/2", "/things/3", "/own/4", "/nowhere/5", "/nowhere/6"} {
		get(h, target)
	}
	r := httptest.NewRequest("BREW", "/things/1", nil)
	h.ServeHTTP(httptest.NewRecorder(), r)
	text := get(h, "/metrics").Body.String()
	require.Contains(t, text, `rollcall_http_requests_total{method="GET",route="/things/{id}",status="200"} 3`)
	require.Contains(t, text, `rollcall_http_requests_total{method="GET",route="own route",status="200"} 1`)
	require.Contains(t, text, `rollcall_http_requests_total{method="GET",route="other",status="404"} 2`)
	require.Contains(t, text, `rollcall_http_requests_total{method="other",route="/things/{id}",status="200"} 1`)
	require.Contains(t, text, `rollcall_http_request_duration_seconds_count{route="/things/{id}"} 4`)
	require.Contains(t, text, "go_goroutines")
	require.NotContains(t, text, "nowhere")
}

func TestReadinessFollowsTheCheckAndTellsOnlyAReasonForEverybody(t *testing.T) {
	logger, lines := logged()
	var broken error
	mux := http.NewServeMux()
	web.AddHealth(mux, logger, func(context.Context) error { return broken }, nil)
	require.JSONEq(t, `{"status":"ok"}`, get(mux, "/healthz").Body.String())
	require.JSONEq(t, `{"status":"ready"}`, get(mux, "/readyz").Body.String())
	broken = errors.New("disk is on fire")
	w := get(mux, "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Contains(t, w.Body.String(), "the server cannot work now")
	require.Equal(t, "5", w.Header().Get("Retry-After"))
	require.NotContains(t, w.Body.String(), "fire")
	require.Contains(t, lines.String(), "disk is on fire")
	broken = fmt.Errorf("%w: %w", web.NotReady("the house is closed"), errors.New("the roof is on fire"))
	w = get(mux, "/readyz")
	require.Contains(t, w.Body.String(), "the house is closed")
	require.NotContains(t, w.Body.String(), "fire")
	require.Contains(t, lines.String(), "the roof is on fire")
	require.Equal(t, http.StatusOK, get(mux, "/healthz").Code, "the process still answers")
	require.Equal(t, http.StatusNotFound, get(mux, "/metrics").Code, "not asked for")
}

func TestOnlyFaultsOfTheServerAreLoggedAsErrors(t *testing.T) {
	for status, level := range map[int]string{200: "INFO", 404: "INFO", 499: "INFO", 501: "INFO", 500: "ERROR", 503: "ERROR"} {
		logger, lines := logged()
		get(web.Front(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }), logger, nil), "/")
		require.Contains(t, lines.String(), `"level":"`+level+`"`, "%d", status)
	}
}

func TestServeFinishesTheRequestUnderWay(t *testing.T) {
	logger, _ := logged()
	entered, leave := make(chan struct{}), make(chan struct{})
	server := web.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-leave
		_, _ = io.WriteString(w, "done")
	}), logger)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(ctx, server, listener, time.Minute) }()
	answer := make(chan string, 1)
	go func() {
		defer close(answer)
		response, err := http.Get("http://" + listener.Addr().String())
		if err != nil {
			return
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		answer <- string(body)
	}()
	<-entered
	stop()
	close(leave)
	require.Equal(t, "done", <-answer)
	require.NoError(t, <-ended)
}

func TestHeadersBeyondTheLimitAreRefused(t *testing.T) {
	logger, _ := logged()
	server := httptest.NewUnstartedServer(nil)
	server.Config = web.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), logger)
	server.Start()
	defer server.Close()
	for length, status := range map[int]int{web.MaxHeaderBytes - 1024: http.StatusOK, 100 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		r, err := http.NewRequest(http.MethodGet, server.URL, nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", strings.Repeat("a", length))
		response, err := server.Client().Do(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, status, response.StatusCode, "%d bytes", length)
	}
}

func BenchmarkFront(b *testing.B) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{id}", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	logger := slog.New(slog.NewJSONHandler(io.Discard, nil))
	r := httptest.NewRequest(http.MethodGet, "/things/7", nil)
	for name, h := range map[string]http.Handler{"bare": mux, "front": web.Front(mux, logger, web.NewMetrics())} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
}
