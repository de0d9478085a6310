package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/internal/web"
)

func TestAServerThatOpensItsDatabase(t *testing.T) {
	surfaces := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
	opening := func() *web.Opening {
		logger, _ := logged()
		return web.NewOpening("the house is being painted", logger)
	}
	t.Run("lives and is not ready", func(t *testing.T) {
		o := opening()
		require.Equal(t, http.StatusOK, get(o, "/healthz").Code)
		w := get(o, "/readyz")
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Contains(t, w.Body.String(), "the house is being painted")
		o.Open(surfaces)
		require.Equal(t, http.StatusTeapot, get(o, "/readyz").Code)
	})
	t.Run("answers what it was asked before it was ready", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			o := opening()
			began := time.Now()
			go func() {
				time.Sleep(1999 * time.Millisecond)
				o.Open(surfaces)
			}()
			require.Equal(t, http.StatusTeapot, get(o, "/scim/x/v2/Users").Code)
			require.Equal(t, 1999*time.Millisecond, time.Since(began))
		})
	})
	t.Run("has nobody wait for longer than two seconds", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			o := opening()
			began := time.Now()
			w := get(o, "/scim/x/v2/Users")
			require.Equal(t, 2*time.Second, time.Since(began))
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			require.Equal(t, "5", w.Header().Get("Retry-After"))
			require.Contains(t, w.Body.String(), "the house is being painted")
		})
	})
	t.Run("waits for nobody who has gone", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			r := httptest.NewRequestWithContext(gone(t), http.MethodGet, "/scim/x/v2/Users", nil)
			opening().ServeHTTP(httptest.NewRecorder(), r)
			require.Zero(t, time.Since(began))
		})
	})
}

// gone is the context of a request whose client has gone.
func gone(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
