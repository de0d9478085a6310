package notify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/notify"
)

const (
	orderSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	nextSecret  = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
)

// arrival is an order as it arrived.
type arrival struct {
	target string
	header http.Header
	body   string
}

func (o arrival) id() string { return o.header.Get("webhook-id") }

// receiver is a service that gets work orders. Without an answer of the test it takes them.
type receiver struct {
	*httptest.Server
	answer func(w http.ResponseWriter, r *http.Request)

	mu  sync.Mutex
	got []arrival
}

func newReceiver(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) *receiver {
	t.Helper()
	v := &receiver{answer: answer}
	v.Server = httptest.NewServer(v)
	t.Cleanup(v.Close)
	return v
}

func (v *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	v.mu.Lock()
	v.got = append(v.got, arrival{r.URL.String(), r.Header.Clone(), string(body)})
	v.mu.Unlock()
	if v.answer != nil {
		v.answer(w, r)
	}
}

func (v *receiver) orders() []arrival {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]arrival(nil), v.got...)
}

// answering returns a handler that answers with statuses, one after the other, and then with 204.
func answering(statuses ...int) func(http.ResponseWriter, *http.Request) {
	var mu sync.Mutex
	return func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		status := http.StatusNoContent
		if len(statuses) > 0 {
			status, statuses = statuses[0], statuses[1:]
		}
		w.WriteHeader(status)
	}
}

// hangsUp closes the connection without an answer.
func hangsUp(w http.ResponseWriter, _ *http.Request) {
	if connection, _, err := w.(http.Hijacker).Hijack(); err == nil {
		connection.Close()
	}
}

func secretFile(t *testing.T, lines ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "orders-secret")
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	return file
}

// orders returns a deliverer to a URL. It does not wait long, because the receivers of tests are near.
func (w *world) orders(url string) *notify.Orders {
	w.t.Helper()
	return w.ordersOver(w.Service, url, secretFile(w.t, orderSecret), 10*time.Second)
}

func (w *world) ordersOver(s *identity.Service, url, file string, timeout time.Duration) *notify.Orders {
	w.t.Helper()
	o, err := notify.NewOrders(notify.OrderOptions{Service: s, URL: url, SecretFile: file, Timeout: timeout, Log: w.logger()})
	require.NoError(w.t, err)
	return o
}

// order enqueues an order to purge somebody's content.
func (w *world) order() identity.Message {
	w.t.Helper()
	return w.enqueue(identity.OrderPurge, "", map[string]string{identity.OrderAccount: "a1", identity.OrderOrganization: string(w.org),
		identity.OrderScopes: "messages files"})
}

// signature computes what a receiver expects, by the text of Standard Webhooks 1.0.0.
func signature(t *testing.T, secret, id, timestamp, body string) string {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	require.NoError(t, err)
	sum := hmac.New(sha256.New, key)
	sum.Write([]byte(id + "." + timestamp + "." + body))
	return "v1," + base64.StdEncoding.EncodeToString(sum.Sum(nil))
}

// verify checks an order as a receiver would.
func verify(t *testing.T, o arrival, secrets ...string) {
	t.Helper()
	var want []string
	for _, s := range secrets {
		want = append(want, signature(t, s, o.id(), o.header.Get("webhook-timestamp"), o.body))
	}
	require.Equal(t, strings.Join(want, " "), o.header.Get("webhook-signature"))
}
