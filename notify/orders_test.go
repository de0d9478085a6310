package notify_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/notify"
)

func TestStandardWebhooks_TheTestsVerifyAsTheStandardDoes(t *testing.T) {
	require.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		signature(t, orderSecret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", `{"test": 2432232314}`), "the example that its libraries are tested with")
}

func TestNTF06_AnOrderIsPostedAndSigned(t *testing.T) {
	for name, c := range map[string]struct {
		kind identity.MessageKind
		data map[string]string
		want string
	}{
		"a transfer": {identity.OrderTransfer, map[string]string{identity.OrderAccount: "a1", identity.OrderOrganization: "o1", identity.OrderToAccount: "a2",
			identity.OrderToOrganization: "o2", identity.OrderRetentionPolicy: "o2"},
			`{"account":"a1","organization":"o1","toAccount":"a2","toOrganization":"o2","retentionPolicyOrganization":"o2"}`},
		"a purge of somebody's content": {identity.OrderPurge, map[string]string{identity.OrderAccount: "a1", identity.OrderOrganization: "o1",
			identity.OrderScopes: identity.OrderList(identity.ContentScopes)},
			`{"account":"a1","organization":"o1","scopes":["messages","files","meetings","meetingUrls","recordings"]}`},
		"a purge of an organization": {identity.OrderPurge, map[string]string{identity.OrderOrganization: "o1",
			identity.OrderScopes: "messages tokens", identity.OrderExcept: identity.OneToOneSpaces},
			`{"organization":"o1","scopes":["messages","tokens"],"except":["oneToOneSpaces"]}`},
		"a list with nothing in it": {identity.OrderPurge, map[string]string{identity.OrderScopes: ""}, `{"scopes":[]}`},
	} {
		t.Run(name, func(t *testing.T) {
			w, v := newWorld(t), newReceiver(t, nil)
			m := w.enqueue(c.kind, "", c.data)
			w.clock.move(time.Minute)
			done, err := w.orders(v.URL+"/orders?of=rollcall").Deliver(w.ctx, 10)
			require.NoError(t, err)
			require.Equal(t, 1, done)
			got := v.orders()
			require.Len(t, got, 1)
			require.Equal(t, string(m.ID), got[0].id())
			require.Equal(t, strconv.FormatInt(t0.Add(time.Minute).Unix(), 10), got[0].header.Get("webhook-timestamp"), "of the attempt")
			require.Equal(t, "application/json", got[0].header.Get("Content-Type"))
			require.NotContains(t, got[0].header, "Idempotency-Key")
			require.JSONEq(t, `{"id":"`+string(m.ID)+`","type":"`+string(c.kind)+`","createdAt":"2026-03-01T12:00:00Z","data":`+c.want+`}`, got[0].body)
			verify(t, got[0], orderSecret)
			require.Equal(t, identity.MessageSent, w.message(m).State)
			require.Equal(t, "/orders?of=rollcall", got[0].target)
		})
	}
}

func TestNTF06_AnOrderThatFailedIsSentAgainUnderTheSameId(t *testing.T) {
	w, v := newWorld(t), newReceiver(t, answering(http.StatusInternalServerError, http.StatusRequestTimeout))
	m, o := w.order(), w.orders(v.URL)
	for attempt := range 3 {
		_, err := o.Deliver(w.ctx, 10)
		require.NoError(t, err)
		require.Len(t, v.orders(), attempt+1)
		_, err = o.Deliver(w.ctx, 10)
		require.NoError(t, err)
		require.Len(t, v.orders(), attempt+1, "not before its time")
		w.clock.move(w.message(m).NextAt.Sub(w.Now()))
	}
	require.Equal(t, identity.MessageSent, w.message(m).State)
	first, last := v.orders()[0], v.orders()[2]
	require.Equal(t, first.id(), last.id())
	require.Equal(t, first.body, last.body)
	require.NotEqual(t, first.header.Get("webhook-timestamp"), last.header.Get("webhook-timestamp"))
	verify(t, last, orderSecret)
}

// mortal is a store that writes nothing any more once the process has died.
type mortal struct {
	identity.Store
	dead atomic.Bool
}

var errDead = errors.New("the process has died")

func (s *mortal) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	if s.dead.Load() {
		return errDead
	}
	return s.Store.Do(ctx, lock, fn)
}

func TestNTF06_WhoDiesBetweenPostingAndRecordingPostsAgainUnderTheSameId(t *testing.T) {
	w := newWorld(t)
	s := &mortal{Store: w.store}
	v := newReceiver(t, func(http.ResponseWriter, *http.Request) { s.dead.Store(true) })
	m := w.order()
	dying := identity.NewService(s, w.clock, nil, identity.EmailPolicy{})
	_, err := w.ordersOver(dying, v.URL, secretFile(t, orderSecret), 0).Deliver(w.ctx, 10)
	require.ErrorIs(t, err, errDead)
	require.ErrorContains(t, err, "it will be sent again")
	require.Equal(t, identity.MessageWaiting, w.message(m).State)

	other := w.orders(v.URL)
	_, err = other.Deliver(w.ctx, 10)
	require.NoError(t, err)
	require.Len(t, v.orders(), 1, "the lease still runs")
	w.clock.move(w.message(m).NextAt.Sub(w.Now()))
	_, err = other.Deliver(w.ctx, 10)
	require.NoError(t, err)
	got := v.orders()
	require.Len(t, got, 2)
	require.Equal(t, string(m.ID), got[0].id())
	require.Equal(t, got[0].id(), got[1].id())
	require.Equal(t, got[0].body, got[1].body)
	require.Equal(t, identity.MessageSent, w.message(m).State)
}

func TestNTF06_TwoDeliverersShareTheOrders(t *testing.T) {
	w, v := newWorld(t), newReceiver(t, nil)
	const orders = 40
	for range orders {
		w.order()
	}
	var both sync.WaitGroup
	done := make([]int, 2)
	for i := range done {
		o := w.orders(v.URL)
		both.Go(func() { done[i], _ = o.Deliver(context.WithoutCancel(w.ctx), orders) })
	}
	both.Wait()
	require.Equal(t, orders, done[0]+done[1])
	seen := map[string]bool{}
	for _, o := range v.orders() {
		require.False(t, seen[o.id()], "%s was sent twice", o.id())
		seen[o.id()] = true
	}
	require.Len(t, seen, orders)
}

func TestAStopLetsTheOrderUnderWayBeRecorded(t *testing.T) {
	w := newWorld(t)
	ctx, stop := context.WithCancel(w.ctx)
	v := newReceiver(t, func(http.ResponseWriter, *http.Request) { stop() })
	first, second := w.order(), w.order()
	done, err := w.orders(v.URL).Deliver(ctx, 10)
	require.NoError(t, err)
	require.Equal(t, 1, done)
	require.Equal(t, identity.MessageSent, w.message(first).State)
	require.Zero(t, w.message(second).Attempts)
}

func TestARoundOfOrdersKeepsToItsLimit(t *testing.T) {
	w, v := newWorld(t), newReceiver(t, nil)
	for range 5 {
		w.order()
	}
	done, err := w.orders(v.URL).Deliver(w.ctx, 3)
	require.NoError(t, err)
	require.Equal(t, 3, done)
	require.Len(t, v.orders(), 3)
}

func TestASecretIsReplacedWithoutARestart(t *testing.T) {
	w, v := newWorld(t), newReceiver(t, nil)
	file := secretFile(t, orderSecret)
	o := w.ordersOver(w.Service, v.URL, file, 0)
	for _, secrets := range [][]string{{orderSecret}, {nextSecret, "", orderSecret}, {strings.TrimPrefix(nextSecret, "whsec_")}} {
		require.NoError(t, os.WriteFile(file, []byte(strings.Join(secrets, "\r\n")), 0o600))
		w.order()
		_, err := o.Deliver(w.ctx, 10)
		require.NoError(t, err)
	}
	got := v.orders()
	require.Len(t, got, 3)
	verify(t, got[0], orderSecret)
	verify(t, got[1], nextSecret, orderSecret)
	verify(t, got[2], nextSecret)

	require.NoError(t, os.Remove(file))
	m := w.order()
	_, err := o.Deliver(w.ctx, 10)
	require.ErrorContains(t, err, "the secret for work orders cannot be read")
	require.Zero(t, w.message(m).Attempts, "nothing was tried")
}

func TestNothingThatIsLoggedOrStoredHoldsTheSecretOfOrdersOrTheirURL(t *testing.T) {
	w := newWorld(t)
	v := newReceiver(t, answering(http.StatusGone, http.StatusInternalServerError))
	for range 3 {
		w.order()
	}
	told := ""
	for _, base := range []string{v.URL, "http://127.0.0.1:1"} {
		o := w.orders(base + "/CANARYPATH?key=CANARYKEY")
		w.order()
		_, err := o.Deliver(w.ctx, 10)
		if err != nil {
			told += err.Error()
		}
	}
	_, err := notify.NewOrders(notify.OrderOptions{URL: "https://x.example/CANARYPATH", SecretFile: secretFile(t, "whsec_TOOSHORT")})
	told += err.Error() + notify.CheckOrdersURL("http://x.example/CANARYPATH?key=CANARYKEY").Error() + notify.CheckOrdersURL("::CANARYKEY").Error()
	all, err := w.Reader().Messages(w.ctx, w.org, identity.MessageQuery{Limit: 100})
	require.NoError(t, err)
	for _, m := range all {
		told += m.LastError
	}
	events, err := w.Reader().Events(w.ctx, w.org, identity.EventQuery{Limit: 100})
	require.NoError(t, err)
	for _, e := range events {
		told += string(e.Evidence)
	}
	told += w.log.String()
	require.Contains(t, told, "410 Gone", "the causes are there")
	require.Contains(t, told, "connection refused")
	for _, secret := range []string{"CANARY", "TOOSHORT", strings.TrimPrefix(orderSecret, "whsec_"), "v1,"} {
		require.NotContains(t, told, secret)
	}
}

func TestOptionsOfOrdersThatCannotWorkAreRefused(t *testing.T) {
	good := secretFile(t, orderSecret)
	const url = "https://content.example/orders"
	for name, c := range map[string]struct{ url, file, want string }{
		"good":                          {url, good, ""},
		"in the clear, on this machine": {"http://localhost:8081/orders", good, ""},
		"the same by its address":       {"http://[::1]:8081/orders", good, ""},
		"in the clear":                  {"http://content.example/orders", good, "work orders to content.example would travel in the clear"},
		"in the clear, nearby":          {"http://10.0.0.1/orders", good, "would travel in the clear"},
		"no URL":                        {"", good, "no URL that work orders can go to"},
		"a path":                        {"/orders", good, "no URL that work orders can go to"},
		"another scheme":                {"ftp://content.example/", good, "no URL that work orders can go to"},
		"no host":                       {"https:///orders", good, "no URL that work orders can go to"},
		"a fragment":                    {url + "#here", good, "no URL that work orders can go to"},
		"a password":                    {"https://me:pass@content.example/", good, "has a user or a password"},
		"no file":                       {url, "", "cannot be read"},
		"a file that is not there":      {url, filepath.Join(t.TempDir(), "none"), "cannot be read"},
		"an empty file":                 {url, secretFile(t, "", " "), "is empty"},
		"a secret in words":             {url, secretFile(t, "correct horse battery staple"), "line 1"},
		"a short secret":                {url, secretFile(t, orderSecret, "whsec_c2hvcnQ="), "line 2"},
		"a long secret":                 {url, secretFile(t, "whsec_"+strings.Repeat("AAAA", 22)), "24 to 64 random bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := notify.NewOrders(notify.OrderOptions{URL: c.url, SecretFile: c.file})
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}
