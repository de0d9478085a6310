package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"rollcall/identity"
)

// The limits on whoever gets work orders.
const (
	orderTimeout    = 30 * time.Second // for the connection, the order and the answer together
	maxAnswer       = 64 << 10         // bytes that are read of an answer, so that the connection can be used again
	maxAnswerHeader = 64 << 10
)

// OrderOptions are what [Orders] works with.
type OrderOptions struct {
	Service    *identity.Service
	URL        string        // where the orders go
	SecretFile string        // what they are signed with, see [Orders]; read at every round, so that replacing the file is all it takes
	Timeout    time.Duration // for one order; zero: 30 seconds
	Log        *slog.Logger
}

// Orders delivers work orders: a POST for each, by the conventions of Standard Webhooks (https://www.standardwebhooks.com), signed
// with every secret that a file has, one in a line. It can be used beside others on the same store.
type Orders struct {
	ledger
	url        string
	secretFile string
	timeout    time.Duration
	client     *http.Client
}

// NewOrders checks the options, reads the secrets and returns a deliverer. It connects to nothing.
func NewOrders(o OrderOptions) (*Orders, error) {
	if err := CheckOrdersURL(o.URL); err != nil {
		return nil, err
	}
	if _, err := readSecrets(o.SecretFile); err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxResponseHeaderBytes = maxAnswerHeader
	orders := &Orders{ledger: ledger{service: o.Service, log: o.Log, noun: "work order"}, url: o.URL, secretFile: o.SecretFile, timeout: o.Timeout,
		client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if orders.timeout == 0 {
		orders.timeout = orderTimeout
	}
	return orders, nil
}

// CheckOrdersURL refuses a URL that work orders cannot go to, or not without others on the way who see whom they are about. The URL
// is not repeated: a part of it may be a secret.
func CheckOrdersURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Fragment != "":
		return errors.New("this is no URL that work orders can go to; use one such as https://content.example.org/orders")
	case u.User != nil:
		return errors.New("the URL has a user or a password, which are not sent; orders are known by their signature")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return fmt.Errorf("work orders to %s would travel in the clear; use https", u.Hostname())
	}
	return nil
}

// Deliver sends at most limit work orders that are due and returns how many it is done with. What goes wrong with one is
// recorded with it. An error says that the receiver, the secret or the store cannot be used at present: then there is no point in
// going on at once. When ctx is done the order that is under way is finished first.
func (o *Orders) Deliver(ctx context.Context, limit int) (done int, err error) {
	secrets, err := readSecrets(o.secretFile)
	if err != nil {
		return 0, err
	}
	lost := 0
	for done < limit && ctx.Err() == nil {
		claimed, err := o.service.ClaimMessages(ctx, identity.ByOrder, 1, lease)
		if err != nil || len(claimed) == 0 {
			return done, err
		}
		m, finish := claimed[0], context.WithoutCancel(ctx)
		failure := o.send(finish, m, secrets)
		if err := o.settle(finish, m, failure); err != nil {
			return done, err
		}
		if failure == nil || failure.Permanent {
			done, lost = done+1, 0
			continue
		}
		if lost++; failure.Down || lost == lostInARow {
			return done, fmt.Errorf("work orders cannot be delivered at present: %s", m.WithoutSecrets(failure.Cause))
		}
	}
	return done, nil
}

// send returns why an order was not taken; nil if it was. An answer 2xx is all that counts, whatever follows it.
func (o *Orders) send(ctx context.Context, m identity.Message, secrets []secret) *Failure {
	body, err := json.Marshal(bodyOf(m))
	if err != nil {
		return &Failure{Permanent: true, Cause: "the order cannot be written: " + err.Error()}
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, o.url, bytes.NewReader(body))
	if err != nil {
		return &Failure{Down: true, Cause: "the URL for work orders cannot be used"}
	}
	o.sign(request.Header, m, body, secrets)
	response, err := o.client.Do(request)
	if err != nil {
		return &Failure{Cause: o.reason(ctx, err), Lost: true, Down: !connected.Load()}
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer))
	return o.judge(response)
}

// sign says what the order is, when it was sent, and that it was sent from here.
func (o *Orders) sign(h http.Header, m identity.Message, body []byte, secrets []secret) {
	timestamp := strconv.FormatInt(o.service.Now().Unix(), 10)
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "Rollcall")
	h.Set("Webhook-Id", string(m.ID))
	h.Set("Webhook-Timestamp", timestamp)
	h.Set("Webhook-Signature", signatures(secrets, string(m.ID), timestamp, body))
	// Not sent: it lets net/http send the order once more when the receiver has closed a connection that was idle.
	h["Idempotency-Key"] = []string{}
}

// reason says why there was no answer, without the URL.
func (o *Orders) reason(ctx context.Context, err error) string {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err
	}
	if ctx.Err() != nil {
		return fmt.Sprintf("no answer within %s", o.timeout)
	}
	return err.Error()
}

// judge says what an answer means. What the receiver has against this one order is permanent; what stands in its own way is not.
func (o *Orders) judge(r *http.Response) *Failure {
	f := &Failure{Cause: strings.TrimSpace(fmt.Sprintf("the receiver answered %d %s", r.StatusCode, http.StatusText(r.StatusCode))), Pause: o.pause(r.Header)}
	switch code := r.StatusCode; {
	case code/100 == 2:
		return nil
	case code/100 == 3:
		f.Cause, f.Down = f.Cause+", and orders follow no redirect", true
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable:
		f.Down = true
	case code/100 == 4 && code != http.StatusRequestTimeout:
		f.Permanent, f.Pause = true, 0
	}
	f.Down = f.Down || f.Pause > 0
	return f
}

// pause reads Retry-After (RFC 9110 section 10.2.3); zero if there is none that can be read.
func (o *Orders) pause(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(o.service.Now()))
	}
	return 0
}

// order is a work order as the receiver gets it: the same at every attempt.
type order struct {
	ID        identity.MessageID   `json:"id"`
	Type      identity.MessageKind `json:"type"`
	CreatedAt time.Time            `json:"createdAt"`
	Data      map[string]any       `json:"data"`
}

func bodyOf(m identity.Message) order {
	data := make(map[string]any, len(m.Data))
	for name, value := range m.Data {
		if data[name] = value; slices.Contains(identity.OrderLists, name) {
			data[name] = strings.Fields(value)
		}
	}
	return order{ID: m.ID, Type: m.Kind, CreatedAt: m.CreatedAt, Data: data}
}
