package notify_test

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

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
	closed, err := net.Listen("tcp", "127.0.0.2:0") // where nobody else listens
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
