package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// orderKey is what the receivers of these tests know work orders by.
var orderKey = []byte("0123456789abcdefghijklmnop")

// warehouse is a service that has people's content and gets work orders.
type warehouse struct {
	url    string
	flags  []string // of a server that sends them here
	orders chan workOrder
	answer atomic.Pointer[http.HandlerFunc] // nil: takes the order
}

// workOrder is one as it arrived, verified.
type workOrder struct {
	ID, Type string
	Data     map[string]any
}

func openWarehouse(t *testing.T) *warehouse {
	t.Helper()
	h := &warehouse{orders: make(chan workOrder, 100)}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	h.url = server.URL + "/orders"
	secret := filepath.Join(t.TempDir(), "orders-secret")
	require.NoError(t, os.WriteFile(secret, []byte("whsec_"+base64.StdEncoding.EncodeToString(orderKey)+"\n"), 0o600))
	h.flags = []string{"--orders-url", h.url, "--orders-secret-file", secret}
	return h
}

func (h *warehouse) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	sum := hmac.New(sha256.New, orderKey)
	sum.Write([]byte(r.Header.Get("webhook-id") + "." + r.Header.Get("webhook-timestamp") + "." + string(body)))
	var o workOrder
	if err != nil || r.Header.Get("webhook-signature") != "v1,"+base64.StdEncoding.EncodeToString(sum.Sum(nil)) || json.Unmarshal(body, &o) != nil ||
		o.ID != r.Header.Get("webhook-id") {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	h.orders <- o
	if answer := h.answer.Load(); answer != nil {
		(*answer)(w, r)
	}
}

func (h *warehouse) answers(answer http.HandlerFunc) { h.answer.Store(&answer) }

// next waits for an order.
func (h *warehouse) next(t *testing.T, s *server) workOrder {
	t.Helper()
	select {
	case o := <-h.orders:
		return o
	case <-time.After(30 * time.Second):
		require.FailNow(t, "no work order came", s.said())
		return workOrder{}
	}
}

// goneAway lets somebody register and delete the account again, beside the servers, and returns the account.
func goneAway(t *testing.T, db string) identity.Account {
	t.Helper()
	_, service := past(t, db, 0)
	p := identity.Person{Issuer: "https://login.example", Subject: "ada", Name: "Ada", Email: "ada@personal.example", EmailVerified: true}
	a, err := service.RegisterSelf(t.Context(), p, identity.Request{})
	require.NoError(t, err)
	caller, err := service.Caller(t.Context(), p)
	require.NoError(t, err)
	require.NoError(t, service.DeleteSelf(t.Context(), caller, identity.Request{}))
	return a
}

// ordered returns the one work order that an organization has.
func ordered(t *testing.T, db string, org identity.OrgID) identity.Message {
	t.Helper()
	read, _ := past(t, db, 0)
	all, err := read.Messages(t.Context(), org, identity.MessageQuery{Limit: 100})
	require.NoError(t, err)
	for _, m := range all {
		if m.Kind.Channel() == identity.ByOrder {
			return m
		}
	}
	require.FailNow(t, "there is no work order")
	return identity.Message{}
}

func TestEML08_WhoeverHasThePersonsContentIsToldToDeleteIt(t *testing.T) {
	db, house := database(t), openWarehouse(t)
	newTenant(t, db, "Acme", "rfc")
	s := serve(t, db, house.flags...)
	a := goneAway(t, db)
	o := house.next(t, s)
	require.Equal(t, "content.purge", o.Type)
	require.Equal(t, map[string]any{"account": string(a.ID), "organization": string(identity.ConsumerOrgID),
		"scopes": []any{"messages", "files", "meetings", "meetingUrls", "recordings"}}, o.Data)
	require.Eventually(t, func() bool { return ordered(t, db, a.Org).State == identity.MessageSent }, 30*time.Second, 20*time.Millisecond, s.said())
	require.NotContains(t, s.said(), base64.StdEncoding.EncodeToString(orderKey))

	require.NoError(t, s.cmd.Process.Signal(os.Interrupt))
	require.NoError(t, s.wait(), s.said())
	require.Empty(t, house.orders, "and once only")
}

func TestNTF06_AServerThatIsKilledBeforeItNotesAnOrderSendsItAgainUnderTheSameId(t *testing.T) {
	db, house := database(t), openWarehouse(t)
	newTenant(t, db, "Acme", "rfc")
	died := make(chan struct{})
	first := serve(t, db, house.flags...)
	house.answers(func(http.ResponseWriter, *http.Request) {
		_ = first.cmd.Process.Kill()
		close(died)
	})
	a := goneAway(t, db)
	sent := house.next(t, first)
	<-died
	require.Error(t, first.wait())
	house.answer.Store(nil)
	m := ordered(t, db, a.Org)
	require.Equal(t, identity.MessageWaiting, m.State)

	// The lease of the dead server would run for minutes.
	_, service := past(t, db, 0)
	require.NoError(t, service.Transact(t.Context(), m.Org, operator(), func(c *identity.Acts) error {
		m.NextAt = c.Now()
		return c.Tx().UpdateMessage(t.Context(), m)
	}))
	second := serve(t, db, house.flags...)
	require.Equal(t, sent, house.next(t, second))
	require.Eventually(t, func() bool { return ordered(t, db, a.Org).State == identity.MessageSent }, 30*time.Second, 20*time.Millisecond, second.said())
}

func TestAnOrderThatWasGivenUpIsSeenAndTriedAgainAtTheCommandLine(t *testing.T) {
	db, house := database(t), openWarehouse(t)
	newTenant(t, db, "Acme", "rfc")
	house.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) })
	a := goneAway(t, db)
	s := serve(t, db, house.flags...)
	sent := house.next(t, s)
	require.Eventually(t, func() bool { return ordered(t, db, a.Org).State == identity.MessageParked }, 30*time.Second, 20*time.Millisecond, s.said())

	org := string(identity.ConsumerOrgID)
	var listed, talk strings.Builder
	require.Zero(t, run(t.Context(), []string{"mail", "list", "--database", db, "--org", org, "--state", "parked"}, &listed, &talk), talk.String())
	require.Contains(t, listed.String(), "content.purge")
	require.Contains(t, listed.String(), "the receiver answered 410 Gone")
	shown := command(t, db, "mail", "show", "--org", org, sent.ID)
	require.Equal(t, []any{"content.purge", string(a.ID), "parked"}, []any{shown["kind"], shown["user"], shown["state"]})
	require.NotContains(t, shown, "to")

	house.answer.Store(nil)
	require.EqualValues(t, 1, command(t, db, "mail", "retry", "--org", org, "--all")["retried"])
	require.Equal(t, sent, house.next(t, s))
}

func TestWithoutAReceiverWorkOrdersWaitAndAreToldOf(t *testing.T) {
	db := database(t)
	newTenant(t, db, "Acme", "rfc")
	read, service := past(t, db, 0)
	var log bytes.Buffer
	task, err := (&ordersFlags{}).ordersTask(service, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	require.NoError(t, task.Run(t.Context()))
	require.Empty(t, log.String(), "there is nothing to tell")

	a := goneAway(t, db)
	_, later := past(t, db, -365)
	task, err = (&ordersFlags{}).ordersTask(later, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	require.NoError(t, task.Run(t.Context()))
	require.Contains(t, log.String(), "work orders wait, and nobody gets them")
	require.NoError(t, later.ForgetSentMessages(t.Context()))
	m, err := read.Message(t.Context(), a.Org, ordered(t, db, a.Org).ID)
	require.NoError(t, err)
	require.Equal(t, identity.MessageWaiting, m.State)
	require.Zero(t, m.Attempts)
	require.Equal(t, string(m.ID), command(t, db, "mail", "show", "--org", string(a.Org), string(m.ID))["id"])
}

func TestSettingsOfWorkOrdersThatCannotWorkAreRefusedBeforeAnythingStarts(t *testing.T) {
	good := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(good, []byte("whsec_"+base64.StdEncoding.EncodeToString(orderKey)), 0o600))
	for name, tc := range map[string]struct {
		flags ordersFlags
		want  string
	}{
		"nothing":              {ordersFlags{}, ""},
		"both":                 {ordersFlags{"https://content.example/orders", good}, ""},
		"a URL only":           {ordersFlags{OrdersURL: "https://content.example/orders"}, "orders-url: whoever gets work orders"},
		"a secret only":        {ordersFlags{OrdersSecretFile: good}, "orders-secret-file: "},
		"in the clear":         {ordersFlags{"http://content.example/orders", good}, "orders-url: work orders to content.example would travel in the clear"},
		"on this machine":      {ordersFlags{"http://127.0.0.1:9090/orders", good}, ""},
		"no URL":               {ordersFlags{"content.example", good}, "orders-url: this is no URL"},
		"a file that is empty": {ordersFlags{"https://content.example/orders", os.DevNull}, "orders-secret-file: "},
	} {
		t.Run(name, func(t *testing.T) {
			err := tc.flags.check()
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.want)
		})
	}
}
