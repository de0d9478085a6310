package admin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"rollcall/identity"
	"rollcall/internal/web"
)

// The headers of calls that can be repeated (draft-ietf-httpapi-idempotency-key-header).
const (
	keyHeader      = "Idempotency-Key"
	replayedHeader = "Idempotency-Replayed"
	maxKey         = 255 // bytes
)

// keptHeaders are the headers of an answer that a repeat gets again; the others are those of the repeat.
var keptHeaders = []string{"Content-Type", "Etag", "Location"}

// keyParameter documents the header.
func keyParameter() *huma.Param {
	least, most := 1, maxKey
	return &huma.Param{Name: keyHeader, In: "header", Schema: &huma.Schema{Type: huma.TypeString, MinLength: &least, MaxLength: &most},
		Description: "Any text of your choice, new for every call, such as a UUID. A call that is repeated with its key within 24 hours gets the first " +
			"call's answer, with " + replayedHeader + ": true, and takes no effect again"}
}

// kept is an answer as a receipt holds it.
type kept struct {
	Status int         `json:"status"`
	Header http.Header `json:"header"`
	Body   []byte      `json:"body"`
}

// secretKey is where an operation's metadata keeps which member of its body is a secret.
const secretKey = "secret"

// once answers a POST with a key as it was answered before, or makes sure that it will be. Other requests just go on.
func (a *api) once(c caller, op *huma.Operation, w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	keys := r.Header.Values(keyHeader)
	if r.Method != http.MethodPost || len(keys) == 0 {
		next(w, r)
		return
	}
	// From here on the answer is wanted even if the client hangs up: it will ask again.
	r = r.WithContext(context.WithoutCancel(r.Context()))
	ctx := r.Context()
	refused := func(err error) { writeRefusal(w, mapError(ctx, a.logger, err)) }
	if err := checkKey(keys); err != nil {
		refused(err)
		return
	}
	body, err := a.spool(w, r, op.MaxBodyBytes-1)
	if err != nil {
		refused(err)
		return
	}
	defer func() { _ = body.Close() }() // nothing depends on how that ends
	r.Body = body
	if !body.whole {
		next(w, r) // which will not get any further with the body
		return
	}
	if secret, _ := op.Metadata[secretKey].(string); secret != "" {
		if err := body.leaveOut(secret); err != nil {
			refused(err)
			return
		}
	}
	receipt, err := a.service.BeginReceipt(ctx, keyOf(c.Person), keys[0], fingerprint(r, body.sum))
	if err != nil {
		refused(err)
		return
	}
	if receipt.Answer != nil {
		a.replay(w, r, receipt.Answer)
		return
	}
	answer := &recording{ResponseWriter: w, status: http.StatusOK}
	finished := false
	defer func() {
		if !finished { // a panic is under way
			a.keep(ctx, c, receipt, nil)
		}
	}()
	next(answer, r)
	finished = true
	a.keep(ctx, c, receipt, answer)
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body.Bytes()) // the client may be gone; it will ask again
}

func checkKey(keys []string) error {
	no := identity.Refuse(identity.Invalid, codeInvalidInput, "give one key of 1 to %d printable ASCII characters", maxKey).At("header." + keyHeader)
	if len(keys) > 1 || keys[0] == "" || len(keys[0]) > maxKey {
		return no
	}
	for _, b := range []byte(keys[0]) {
		if b < 0x20 || b > 0x7e {
			return no
		}
	}
	return nil
}

// spool reads the body before anything is done with it. Files may take as long as they do without a key.
func (a *api) spool(w http.ResponseWriter, r *http.Request, most int64) (*spooled, error) {
	var from io.Reader = r.Body
	if most > maxBody {
		from = &slowBody{from: from, control: http.NewResponseController(w), until: time.Now().Add(fileTime)}
	}
	return spool(from, most)
}

// fingerprint is what makes two calls the same.
func fingerprint(r *http.Request, body string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, body}, "\n")))
	return hex.EncodeToString(sum[:])
}

// keep stores an answer under its key. An answer that says that the server could not do it is not kept, so that the client can
// try again. If the answer cannot be stored it is sent all the same: what it says has happened.
func (a *api) keep(ctx context.Context, c caller, receipt identity.Receipt, answer *recording) {
	var err error
	if answer == nil || answer.status >= http.StatusInternalServerError {
		err = a.service.AbandonReceipt(ctx, receipt)
	} else {
		k := kept{Status: answer.status, Header: http.Header{}, Body: answer.body.Bytes()}
		for _, name := range keptHeaders {
			if values := answer.Header()[name]; len(values) > 0 {
				k.Header[name] = values
			}
		}
		var text []byte
		if text, err = json.Marshal(k); err == nil {
			receipt.Org = a.organizationOf(ctx, c)
			err = a.service.FinishReceipt(ctx, receipt, text)
		}
	}
	if err != nil {
		a.logger.ErrorContext(ctx, "answer not kept", "request", web.RequestID(ctx), "error", err)
	}
}

// organizationOf returns whom an answer tells about: the organization in the path, or where the caller is at home by now.
func (a *api) organizationOf(ctx context.Context, c caller) identity.OrgID {
	if c.access.Org != "" {
		return c.access.Org
	}
	now, err := a.service.Caller(ctx, c.Person)
	if err != nil {
		return c.Home
	}
	return now.Home
}

func (a *api) replay(w http.ResponseWriter, r *http.Request, answer []byte) {
	var k kept
	if err := json.Unmarshal(answer, &k); err != nil {
		writeRefusal(w, mapError(r.Context(), a.logger, err))
		return
	}
	for name, values := range k.Header {
		w.Header()[name] = values
	}
	w.Header().Set(replayedHeader, "true")
	w.WriteHeader(k.Status)
	_, _ = w.Write(k.Body) // the client is gone; there is nobody left to tell
}

// recording holds an answer back until it has been kept. Headers go through.
type recording struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (w *recording) WriteHeader(status int)      { w.status = status }
func (w *recording) Write(b []byte) (int, error) { return w.body.Write(b) }

// Unwrap lets http.ResponseController reach the connection.
func (w *recording) Unwrap() http.ResponseWriter { return w.ResponseWriter }
