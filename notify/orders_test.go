package notify_test

import (
	"context"
	"errors"
	"io"
	"net"
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

func TestNTF06_WhatAnswersMean(t *testing.T) {
	type outcome = identity.MessageState
	const sent, parked, waiting outcome = identity.MessageSent, identity.MessageParked, identity.MessageWaiting
	const short = 200 * time.Millisecond
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for name, c := range map[string]struct {
		answer  http.HandlerFunc
		timeout time.Duration
		state   outcome
		cause   string
		down    bool // and the round ends with it
	}{
		"200":                     {answer: status(200), state: sent},
		"202":                     {answer: status(202), state: sent},
		"204":                     {answer: status(204), state: sent},
		"299":                     {answer: status(299), state: sent},
		"300":                     {answer: status(300), state: waiting, cause: "300 Multiple Choices, and orders follow no redirect", down: true},
		"304":                     {answer: status(304), state: waiting, cause: "304 Not Modified", down: true},
		"400":                     {answer: status(400), state: parked, cause: "the receiver answered 400 Bad Request"},
		"401":                     {answer: status(401), state: parked, cause: "401 Unauthorized"},
		"404":                     {answer: status(404), state: parked, cause: "404 Not Found"},
		"408":                     {answer: status(408), state: waiting, cause: "408 Request Timeout"},
		"410":                     {answer: status(410), state: parked, cause: "410 Gone"},
		"422":                     {answer: status(422), state: parked, cause: "422 Unprocessable Entity"},
		"429":                     {answer: status(429), state: waiting, cause: "429 Too Many Requests", down: true},
		"499, which nobody knows": {answer: status(499), state: parked, cause: "the receiver answered 499"},
		"500":                     {answer: status(500), state: waiting, cause: "500 Internal Server Error"},
		"502":                     {answer: status(502), state: waiting, cause: "502 Bad Gateway"},
		"503":                     {answer: status(503), state: waiting, cause: "503 Service Unavailable", down: true},
		"504":                     {answer: status(504), state: waiting, cause: "504 Gateway Timeout"},
		"it hangs up":             {answer: hangsUp, state: waiting, cause: "EOF"},
		"it hangs":                {answer: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, timeout: short, state: waiting, cause: "no answer within 200ms"},
		"it answers and then hangs": {answer: func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, timeout: short, state: sent},
		"it answers without end": {answer: func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}, state: sent},
		"a header without end": {answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
		}, state: waiting, cause: "server response headers exceeded"},
		"something else than HTTP": {answer: func(w http.ResponseWriter, _ *http.Request) {
			if connection, _, err := w.(http.Hijacker).Hijack(); err == nil {
				_, _ = io.WriteString(connection, "220 mail.example ESMTP\r\n\r\n")
				connection.Close()
			}
		}, state: waiting, cause: "malformed HTTP"},
	} {
		t.Run(name, func(t *testing.T) {
			w, v := newWorld(t), newReceiver(t, c.answer)
			m := w.order()
			o := w.orders(v.URL)
			if c.timeout > 0 {
				o = w.ordersOver(w.Service, v.URL, secretFile(t, orderSecret), c.timeout)
			}
			done, err := o.Deliver(w.ctx, 10)
			if c.down {
				require.ErrorContains(t, err, "work orders cannot be delivered at present: the receiver answered")
			} else {
				require.NoError(t, err)
			}
			require.Equal(t, c.state != waiting, done == 1)
			now := w.message(m)
			require.Equal(t, c.state, now.State)
			require.Contains(t, now.LastError, c.cause)
			require.Equal(t, 1, now.Attempts)
			require.Len(t, v.orders(), 1)
			if c.state == waiting {
				require.Equal(t, t0.Add(identity.RetryAfter(1)), now.NextAt)
				require.Equal(t, m.Data, now.Data)
			}
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

func TestAReceiverSaysHowLongToLeaveItAlone(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		after  string
		want   time.Duration
		alone  bool // the others wait too
	}{
		"seconds":                     {http.StatusTooManyRequests, "600", 10 * time.Minute, true},
		"an instant":                  {http.StatusServiceUnavailable, t0.Add(2 * time.Hour).Format(http.TimeFormat), 2 * time.Hour, true},
		"an instant that has been":    {http.StatusServiceUnavailable, t0.Add(-2 * time.Hour).Format(http.TimeFormat), time.Minute, true},
		"sooner than we would":        {http.StatusTooManyRequests, "1", time.Minute, true},
		"later than we are ready for": {http.StatusServiceUnavailable, "2000000000", 6 * time.Hour, true},
		"nonsense":                    {http.StatusTooManyRequests, "soon", time.Minute, true},
		"less than nothing":           {http.StatusTooManyRequests, "-5", time.Minute, true},
		"with an error of its own":    {http.StatusInternalServerError, "600", 10 * time.Minute, true},
		"an error without it":         {http.StatusInternalServerError, "", time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			v := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", c.after)
				w.WriteHeader(c.status)
			})
			first, second := w.order(), w.order()
			_, err := w.orders(v.URL).Deliver(w.ctx, 10)
			require.Equal(t, t0.Add(c.want), w.message(first).NextAt)
			if !c.alone {
				require.NoError(t, err)
				require.Len(t, v.orders(), 2)
				return
			}
			require.Error(t, err)
			require.Len(t, v.orders(), 1)
			require.Zero(t, w.message(second).Attempts, "it keeps its attempts")
		})
	}
}

func TestAnOrderThatIsRefusedDoesNotStopTheOthers(t *testing.T) {
	w, v := newWorld(t), newReceiver(t, answering(http.StatusNoContent, http.StatusConflict, http.StatusInternalServerError))
	var all []identity.Message
	for range 4 {
		all = append(all, w.order())
	}
	done, err := w.orders(v.URL).Deliver(w.ctx, 10)
	require.NoError(t, err)
	require.Equal(t, 3, done, "all but the one that is tried again")
	for i, want := range []identity.MessageState{identity.MessageSent, identity.MessageParked, identity.MessageWaiting, identity.MessageSent} {
		require.Equal(t, want, w.message(all[i]).State)
	}
}

func TestAReceiverInTroubleIsLeftAlone(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed.Close()
	t.Run("after one order if it cannot be reached", func(t *testing.T) {
		w := newWorld(t)
		first, second := w.order(), w.order()
		done, err := w.orders("http://"+closed.Addr().String()).Deliver(w.ctx, 10)
		require.ErrorContains(t, err, "connection refused")
		require.Zero(t, done)
		require.Equal(t, 1, w.message(first).Attempts)
		require.Zero(t, w.message(second).Attempts)
	})
	for name, answer := range map[string]http.HandlerFunc{"fails": answering(500, 500, 500, 500, 500), "hangs up": hangsUp} {
		t.Run("after three orders if it "+name, func(t *testing.T) {
			w, v := newWorld(t), newReceiver(t, answer)
			for range 5 {
				w.order()
			}
			done, err := w.orders(v.URL).Deliver(w.ctx, 10)
			require.ErrorContains(t, err, "work orders cannot be delivered at present")
			require.Zero(t, done)
			require.Len(t, v.orders(), 3)
		})
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, code := range []int{301, 302, 303, 307, 308} {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			w, elsewhere := newWorld(t), newReceiver(t, nil)
			v := newReceiver(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, code) })
			m := w.order()
			_, err := w.orders(v.URL).Deliver(w.ctx, 10)
			require.ErrorContains(t, err, "orders follow no redirect")
			require.Empty(t, elsewhere.orders())
			require.Equal(t, identity.MessageWaiting, w.message(m).State)
		})
	}
}

func TestAReceiverThatClosedAnIdleConnectionGetsTheNextOrder(t *testing.T) {
	w, v := newWorld(t), newReceiver(t, nil)
	o := w.orders(v.URL)
	for range 20 {
		m := w.order()
		done, err := o.Deliver(w.ctx, 10)
		require.NoError(t, err)
		require.Equal(t, 1, done)
		require.Equal(t, identity.MessageSent, w.message(m).State)
		v.CloseClientConnections()
	}
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
