package scim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/scim"
)

// The numbers to compare are those of one run: Create with Echo, Lookup with EchoLookup.
const clients = 32

// drive sends requests from 32 clients at once and waits for the answers.
func drive(b *testing.B, h http.Handler, token string, request func(i int64) (method, path, body string), status int) {
	server := httptest.NewServer(h)
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	var n atomic.Int64
	b.SetParallelism(clients / 2)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			method, path, body := request(n.Add(1))
			r, err := http.NewRequest(method, server.URL+path, strings.NewReader(body))
			if err != nil {
				b.Error(err)
				return
			}
			r.Header.Set("Content-Type", "application/scim+json")
			r.Header.Set("Authorization", "Bearer "+token)
			answer, err := client.Do(r)
			if err != nil {
				b.Error(err)
				return
			}
			if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != status {
				b.Errorf("status %d, %v", answer.StatusCode, err)
			}
			if err := answer.Body.Close(); err != nil {
				b.Error(err)
			}
		}
	})
}

// echo is what any server of JSON must do: decode and encode.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	var v map[string]any
	if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(v)
})

func benchUser(i int64) string {
	return user(fmt.Sprintf("user%d@example.org", i), work(fmt.Sprintf("user%d@example.org", i)), fmt.Sprintf(`"externalId":"00u%d"`, i),
		`"name":{"givenName":"Test","familyName":"User"},"displayName":"Test User","locale":"en-US","active":true`,
		`"`+scim.EnterpriseSchema+`":{"department":"Engines","employeeNumber":"17"}`)
}

func BenchmarkEcho(b *testing.B) {
	drive(b, echo, "", func(i int64) (string, string, string) { return "POST", "/", benchUser(i) }, http.StatusCreated)
}

func BenchmarkCreate(b *testing.B) {
	w := newWorld(b)
	drive(b, w.server, w.token, func(i int64) (string, string, string) {
		return "POST", "/scim/" + string(w.org) + "/v2/Users", benchUser(i)
	}, http.StatusCreated)
}

func BenchmarkLookup(b *testing.B) {
	const users = 2000
	w := newWorld(b)
	for i := range int64(users) {
		require.Equal(b, http.StatusCreated, w.call("POST", "/Users", benchUser(i)).status)
	}
	drive(b, w.server, w.token, func(i int64) (string, string, string) {
		return "GET", fmt.Sprintf("/scim/%s/v2/Users?filter=userName%%20eq%%20%%22user%d%%40example.org%%22", w.org, i%users), ""
	}, http.StatusOK)
}

func BenchmarkEchoLookup(b *testing.B) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, benchUser(1)) })
	drive(b, answer, "", func(int64) (string, string, string) { return "GET", "/", "" }, http.StatusOK)
}

// BenchmarkPatch is the cost of the engine alone.
func BenchmarkHandlerPatch(b *testing.B) {
	w := newWorld(b)
	id := w.create("ada", work("ada@x.org"))
	i := 0
	for b.Loop() {
		i++
		require.Equal(b, 200, w.call("PATCH", "/Users/"+id, patch(fmt.Sprintf(`{"op":"replace","path":"name.givenName","value":"n%d"}`, i))).status)
	}
}

// BenchmarkHandlerGet is the cost of reading without a network: of one user, and of a page of a hundred.
func BenchmarkHandlerGet(b *testing.B) {
	w := newWorld(b)
	var id string
	for i := range int64(100) {
		id = w.call("POST", "/Users", benchUser(i)).is(http.StatusCreated).str("id")
	}
	for _, path := range []string{"/Users/" + id, "/Users?count=100", "/Schemas", "/ServiceProviderConfig"} {
		b.Run(strings.ReplaceAll(path, id, "ID"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest("GET", "/scim/"+string(w.org)+"/v2"+path, nil)
				r.Header.Set("Authorization", "Bearer "+w.token)
				answer := httptest.NewRecorder()
				w.server.ServeHTTP(answer, r)
				if answer.Code != http.StatusOK {
					b.Fatal(answer.Body)
				}
			}
		})
	}
}

// BenchmarkHandlerBulk is a bulk request of a thousand creates; the time is that of one of them.
func BenchmarkHandlerBulk(b *testing.B) {
	w := newWorld(b)
	const operations = scim.MaxBulkOperations
	for n := int64(0); n < int64(b.N); n += operations {
		b.StopTimer()
		var body strings.Builder
		body.WriteString(`{"schemas":["` + scim.BulkRequestSchema + `"],"Operations":[`)
		for i := range int64(operations) {
			if i > 0 {
				body.WriteByte(',')
			}
			fmt.Fprintf(&body, `{"method":"POST","path":"/Users","bulkId":"b%d","data":%s}`, i, benchUser(n+i))
		}
		body.WriteString("]}")
		r := httptest.NewRequest("POST", "/scim/"+string(w.org)+"/v2/Bulk", strings.NewReader(body.String()))
		r.Header.Set("Authorization", "Bearer "+w.token)
		r.Header.Set("Content-Type", "application/scim+json")
		answer := httptest.NewRecorder()
		b.StartTimer()
		w.server.ServeHTTP(answer, r)
		b.StopTimer()
		require.Equal(b, http.StatusOK, answer.Code)
		require.Equal(b, operations, strings.Count(answer.Body.String(), `"status":"201"`))
		b.StartTimer()
	}
}
