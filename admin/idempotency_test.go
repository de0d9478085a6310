package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/internal/web"
	"rollcall/store/fresh"
)

// stopped is a clock that stands still until it is moved.
type stopped struct {
	mu  sync.Mutex
	now time.Time
}

func (c *stopped) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *stopped) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// desk answers calls with a key and counts how often that had an effect.
type desk struct {
	*api
	t     *testing.T
	clock *stopped
	log   *bytes.Buffer
	who   caller
	most  int64
	did   int
	do    http.HandlerFunc
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	s := fresh.Open(t)
	d := &desk{t: t, clock: &stopped{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}, log: &bytes.Buffer{}, most: 1 << 10}
	d.api = &api{service: identity.NewService(s, d.clock, system.IDs{}, identity.EmailPolicy{}), logger: slog.New(slog.NewTextHandler(d.log, nil))}
	d.who.Person = identity.Person{Issuer: "https://issuer.example", Subject: "ada"}
	d.do = func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		w.Header().Set("Location", "/there")
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("X-Other", "not kept")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(append([]byte("did "), body...))
	}
	return d
}

// post sends a call; header holds names and values in turn.
func (d *desk) post(target, body string, header ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	return d.send(http.MethodPost, target, body, header...)
}

func (d *desk) send(method, target, body string, header ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	d.once(d.who, &huma.Operation{MaxBodyBytes: d.most + 1}, w, r, func(w http.ResponseWriter, r *http.Request) {
		d.did++
		d.do(w, r)
	})
	return w
}

func (d *desk) refused(w *httptest.ResponseRecorder, status int, code identity.Rule) {
	d.t.Helper()
	require.Equal(d.t, status, w.Code, w.Body)
	require.Equal(d.t, web.ProblemType, w.Header().Get("Content-Type"))
	var p web.Problem
	require.NoError(d.t, json.Unmarshal(w.Body.Bytes(), &p))
	require.Equal(d.t, string(code), p.Code)
	require.NotEmpty(d.t, p.Remedies)
	if code == identity.RuleKeyInProgress {
		require.NotEmpty(d.t, w.Header().Get("Retry-After"))
	}
}

func TestARepeatedCallGetsTheFirstAnswerAndHasNoEffect(t *testing.T) {
	d := newDesk(t)
	first := d.post("/x?a=1", "it", keyHeader, "k")
	require.Equal(t, http.StatusCreated, first.Code)
	require.Equal(t, "did it", first.Body.String())
	require.Empty(t, first.Header().Get(replayedHeader))
	for range 2 {
		again := d.post("/x?a=1", "it", keyHeader, "k")
		require.Equal(t, http.StatusCreated, again.Code)
		require.Equal(t, "did it", again.Body.String())
		require.Equal(t, "true", again.Header().Get(replayedHeader))
		require.Equal(t, "/there", again.Header().Get("Location"))
		require.Equal(t, `"1"`, again.Header().Get("ETag"))
		require.Empty(t, again.Header().Get("X-Other"))
	}
	require.Equal(t, 1, d.did)

	d.clock.move(24*time.Hour - time.Microsecond)
	d.post("/x?a=1", "it", keyHeader, "k")
	require.Equal(t, 1, d.did, "answers count for 24 hours")
	d.clock.move(time.Microsecond)
	d.post("/x?a=1", "it", keyHeader, "k")
	require.Equal(t, 2, d.did)
}

func TestAKeyBelongsToOneCallOfOneCaller(t *testing.T) {
	d := newDesk(t)
	d.post("/x?a=1", "it", keyHeader, "k")
	for name, w := range map[string]*httptest.ResponseRecorder{
		"another body":  d.post("/x?a=1", "it!", keyHeader, "k"),
		"no body":       d.post("/x?a=1", "", keyHeader, "k"),
		"another query": d.post("/x?a=2", "it", keyHeader, "k"),
		"another path":  d.post("/y?a=1", "it", keyHeader, "k"),
	} {
		t.Run(name, func(t *testing.T) { d.refused(w, http.StatusConflict, identity.RuleKeyReused) })
	}
	require.Equal(t, 1, d.did)
	d.who.Subject = "eve"
	require.Equal(t, http.StatusCreated, d.post("/y", "hers", keyHeader, "k").Code)
	require.Equal(t, 2, d.did)
}

func TestOnlyAPostWithAKeyIsKept(t *testing.T) {
	d := newDesk(t)
	for range 2 {
		d.post("/x", "it")
		d.send(http.MethodPut, "/x", "it", keyHeader, "k")
		d.send(http.MethodGet, "/x", "", keyHeader, "k")
	}
	require.Equal(t, 6, d.did)
}

func TestAKeyHas1To255PrintableBytes(t *testing.T) {
	d := newDesk(t)
	for _, good := range []string{"k", `"8e03978e-40d5-43e8-bc93-6894a57f9324"`, "a b~", strings.Repeat("k", 255)} {
		require.Equal(t, http.StatusCreated, d.post("/x", "it", keyHeader, good).Code, good)
	}
	done := d.did
	for _, bad := range []string{"", strings.Repeat("k", 256), "a\tb", "ä", "a\x7f"} {
		d.refused(d.post("/x", "it", keyHeader, bad), http.StatusBadRequest, codeInvalidInput)
	}
	d.refused(d.post("/x", "it", keyHeader, "a", keyHeader, "b"), http.StatusBadRequest, codeInvalidInput)
	require.Equal(t, done, d.did)
}

func TestRefusalsAreKeptAndFailuresAreNot(t *testing.T) {
	for status, times := range map[int]int{http.StatusBadRequest: 1, http.StatusConflict: 1,
		http.StatusInternalServerError: 2, http.StatusServiceUnavailable: 2} {
		d := newDesk(t)
		d.do = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
		for range 2 {
			require.Equal(t, status, d.post("/x", "it", keyHeader, "k").Code)
		}
		require.Equal(t, times, d.did, status)
	}
}

func TestAPanicFreesTheKey(t *testing.T) {
	d := newDesk(t)
	good := d.do
	d.do = func(http.ResponseWriter, *http.Request) { panic("the cause") }
	require.PanicsWithValue(t, "the cause", func() { d.post("/x", "it", keyHeader, "k") })
	d.do = good
	require.Equal(t, http.StatusCreated, d.post("/x", "it", keyHeader, "k").Code)
}

func TestACallThatIsUnderWayIsNotMadeTwiceForAMinute(t *testing.T) {
	d := newDesk(t)
	second := func() *httptest.ResponseRecorder { return d.post("/x", "it", keyHeader, "k") }
	slow := true
	d.do = func(w http.ResponseWriter, _ *http.Request) {
		if !slow {
			_, _ = io.WriteString(w, "second")
			return
		}
		slow = false
		d.refused(second(), http.StatusConflict, identity.RuleKeyInProgress)
		d.clock.move(identity.ReceiptPatience - time.Microsecond)
		d.refused(second(), http.StatusConflict, identity.RuleKeyInProgress)
		d.clock.move(time.Microsecond)
		require.Equal(t, "second", second().Body.String(), "the first is given up")
		_, _ = io.WriteString(w, "first")
	}
	require.Equal(t, "first", d.post("/x", "it", keyHeader, "k").Body.String())
	require.Equal(t, 2, d.did)
	require.Equal(t, "second", second().Body.String(), "the first must not replace what the second has answered")
	require.Empty(t, d.log.String())
}

func TestABodyBeyondTheLimitIsLeftToWhoRefusesIt(t *testing.T) {
	d := newDesk(t)
	for length, times := range map[int64]int{d.most: 1, d.most + 1: 2} {
		d.did = 0
		body := strings.Repeat("a", int(length))
		for range 2 {
			require.Equal(t, "did "+body, d.post("/x", body, keyHeader, "k"+body[:length%7]).Body.String())
		}
		require.Equal(t, times, d.did, length)
	}
}

func TestAnAnswerWithoutABodyIsKeptToo(t *testing.T) {
	d := newDesk(t)
	d.do = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	require.Equal(t, http.StatusNoContent, d.post("/x", "", keyHeader, "k").Code)
	again := d.post("/x", "", keyHeader, "k")
	require.Equal(t, http.StatusNoContent, again.Code)
	require.Empty(t, again.Body.String())
	require.Equal(t, "true", again.Header().Get(replayedHeader))
}

func TestAClientThatHangsUpGetsItsAnswerWhenItAsksAgain(t *testing.T) {
	d := newDesk(t)
	ctx, hangUp := context.WithCancel(t.Context())
	r := httptest.NewRequest(http.MethodPost, "/x", strings.NewReader("it")).WithContext(ctx)
	r.Header.Set(keyHeader, "k")
	d.once(d.who, &huma.Operation{MaxBodyBytes: d.most}, httptest.NewRecorder(), r, func(w http.ResponseWriter, r *http.Request) {
		hangUp()
		require.NoError(t, r.Context().Err())
		d.do(w, r)
	})
	require.Equal(t, "did it", d.post("/x", "it", keyHeader, "k").Body.String())
	require.Zero(t, d.did)
}

func TestORG15_AReceiptSaysWhomItsAnswerTellsAbout(t *testing.T) {
	const path, home identity.OrgID = "00000000-0000-7000-8000-00000000000a", identity.ConsumerOrgID
	d := newDesk(t)
	of := func(key string) identity.OrgID {
		d.post("/x", "it", keyHeader, key)
		r, err := d.service.Reader().Receipt(t.Context(), keyOf(d.who.Person), key)
		require.NoError(t, err)
		require.NotNil(t, r.Answer)
		return r.Org
	}
	require.Empty(t, of("of nobody"))
	answer := d.do
	d.do = func(w http.ResponseWriter, r *http.Request) {
		_, err := d.service.RegisterSelf(r.Context(), d.who.Person, identity.Request{})
		require.NoError(t, err)
		answer(w, r)
	}
	d.who.Email, d.who.EmailVerified = "ada@example.com", true
	require.Equal(t, home, of("of somebody who is at home since"))
	d.do = answer
	require.Equal(t, home, of("of somebody at home"))
	d.who.access.Org = path
	require.Equal(t, path, of("of the organization in the path"))
}
