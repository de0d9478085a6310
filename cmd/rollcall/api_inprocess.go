package main

import (
	"errors"
	"io"
	"net/http"
	"sync"
)

// inProcess answers requests by a handler in the same process. Bodies go through pipes, so a file is never held as a whole.
type inProcess struct{ handler http.Handler }

// errBrokenOff is what is left of an answer whose handler broke off in the middle.
var errBrokenOff = errors.New("the answer broke off")

// RoundTrip calls the handler, which goes on while the answer's body is read.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	inner := r.Clone(ctx)
	inner.RequestURI, inner.Host, inner.RemoteAddr = r.URL.RequestURI(), r.URL.Host, "127.0.0.1:0"
	if inner.Body == nil {
		inner.Body = http.NoBody
	}
	body, into := io.Pipe()
	w := &pipedAnswer{header: http.Header{}, into: into, begun: make(chan struct{})}
	go func() {
		defer inner.Body.Close()
		defer func() {
			// Whatever panics above web.Front, and http.ErrAbortHandler, which means to end the connection.
			if recover() != nil {
				w.WriteHeader(http.StatusInternalServerError)
				into.CloseWithError(errBrokenOff)
			}
		}()
		t.handler.ServeHTTP(w, inner)
		w.WriteHeader(http.StatusOK)
		_ = into.Close() // a pipe: it cannot fail
	}()
	select {
	case <-ctx.Done():
	case <-w.begun:
	}
	if err := ctx.Err(); err != nil {
		// Nobody reads the answer, begun or not, so the handler must not wait for somebody to.
		body.CloseWithError(err)
		return nil, err
	}
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: r.Proto, ProtoMajor: r.ProtoMajor, ProtoMinor: r.ProtoMinor,
		Header: w.sent, Body: body, ContentLength: -1, Request: r,
	}, nil
}

// pipedAnswer is the http.ResponseWriter of a handler in the same process.
type pipedAnswer struct {
	header http.Header
	into   *io.PipeWriter
	begin  sync.Once
	begun  chan struct{} // closed when status and sent are known
	status int
	sent   http.Header
}

func (w *pipedAnswer) Header() http.Header { return w.header }

func (w *pipedAnswer) WriteHeader(status int) {
	w.begin.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.begun)
	})
}

func (w *pipedAnswer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.into.Write(p)
}
