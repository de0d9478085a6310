package rollcall

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/store"
)

// The benchmarks compare the product with a control that is built beside it and measured in the same run, interleaved, so
// that the ratio says something on any machine. Run them with "make bench".

const (
	clients = 32
	rounds  = 5
)

// product is the real server over SQLite, with one organization in it.
type product struct {
	url, token string
	base       string
	org        identity.OrgID
	database   string
}

// startServer fills a database with people and starts the server on it.
func startServer(b *testing.B, people int) product {
	ctx := b.Context()
	p := product{database: filepath.Join(b.TempDir(), "rollcall.db")}
	st, err := store.Open(ctx, "sqlite:"+p.database)
	require.NoError(b, err)
	service := identity.NewService(st, system.Clock{}, system.IDs{}, identity.EmailPolicy{})
	by := identity.Actor{Kind: identity.Operator}
	o, err := service.CreateOrganization(ctx, by, identity.Organization{Name: "Bench", Kind: identity.Customer})
	require.NoError(b, err)
	_, p.token, err = service.CreateToken(ctx, by, o.ID, identity.NewToken{Name: "bench", Profile: "rfc"})
	require.NoError(b, err)
	p.org = o.ID
	fill(b, service, o.ID, people)
	require.NoError(b, st.Close())
	p.base = startProduct(b, p.database)
	p.url = p.base + "/scim/" + string(o.ID) + "/v2"
	return p
}

// metric reads one counter of the server.
func (p product) metric(b *testing.B, name string) float64 {
	resp, err := http.Get(p.base + "/metrics")
	require.NoError(b, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(b, err)
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			require.NoError(b, err)
			return v
		}
	}
	b.Fatalf("the server has no metric %s", name)
	return 0
}

func userName(i int) string { return "person." + strconv.Itoa(i) + "@example.com" }

func userBody(i int) []byte {
	return fmt.Appendf(nil, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],`+
		`"userName":"person.%d@example.com","externalId":"00u%d","active":true,"displayName":"Person Number %d",`+
		`"name":{"givenName":"Person","familyName":"Number %d","formatted":"Person Number %d"},`+
		`"emails":[{"value":"person.%d@example.com","type":"work","primary":true}],`+
		`"phoneNumbers":[{"value":"+46 8 %07d","type":"work"}],"title":"Engineer","preferredLanguage":"en","timezone":"Europe/Stockholm",`+
		`"addresses":[{"type":"work","streetAddress":"Street %d","locality":"Stockholm","postalCode":"11122","country":"SE"}],`+
		`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"%d","department":"Research","costCenter":"4130"}}`,
		i, i, i, i, i, i, i, i, i)
}

// answer is what every answer is checked for: the person that was asked for, alone or as the only one of a list.
type answer struct {
	UserName  string
	Resources []struct{ UserName string }
}

func (a answer) userName() string {
	if len(a.Resources) == 1 {
		return a.Resources[0].UserName
	}
	return a.UserName
}

// load sends n requests from 32 clients, checks every answer, and returns how many there were per second. number says which
// person a request is about.
func load(b *testing.B, client *http.Client, n int, request func(i int) *http.Request, status int, number func(i int) int) float64 {
	return drive(b, client, n, request, status, func(i int, body []byte) error {
		var got answer
		if err := json.Unmarshal(body, &got); err != nil {
			return err
		}
		if got.userName() != userName(number(i)) {
			return fmt.Errorf("userName %q, want %q", got.userName(), userName(number(i)))
		}
		return nil
	})
}

// drive is load with a check of one's own.
func drive(b *testing.B, client *http.Client, n int, request func(i int) *http.Request, status int, check func(i int, body []byte) error) float64 {
	var next atomic.Int64
	var wait sync.WaitGroup
	begin := time.Now()
	for range clients {
		wait.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				resp, err := client.Do(request(i))
				if err != nil {
					b.Error(err)
					return
				}
				body, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if err == nil {
					err = check(i, body)
				}
				if err != nil || resp.StatusCode != status {
					b.Errorf("status %d, want %d; %v", resp.StatusCode, status, err)
					return
				}
			}
		})
	}
	wait.Wait()
	return float64(n) / time.Since(begin).Seconds()
}

func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConns: clients, MaxIdleConnsPerHost: clients}}
}

func newRequest(ctx context.Context, method, url, token string, body []byte) *http.Request {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", "application/scim+json")
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// BenchmarkDurableCreate: creates over HTTP, each on disk before it is answered, beside an echo of the same JSON. At least
// 40 % of it, with fewer than 100 commits for 1,000 creates.
func BenchmarkDurableCreate(b *testing.B) {
	p, control, client := startServer(b, 0), startControl(b, echoControl), newClient()
	const n = 4000
	var ours, theirs []float64
	created := 0
	create := func(i int) *http.Request {
		return newRequest(b.Context(), http.MethodPost, p.url+"/Users", p.token, userBody(created+i))
	}
	mirror := func(i int) *http.Request {
		return newRequest(b.Context(), http.MethodPost, control, p.token, userBody(i))
	}
	itself := func(i int) int { return i }
	next := func(i int) int { return created + i }
	load(b, client, n, mirror, http.StatusCreated, itself)
	load(b, client, n, create, http.StatusCreated, next)
	created += n
	before := p.metric(b, "rollcall_store_commits_total")
	for b.Loop() {
		for range rounds {
			theirs = append(theirs, load(b, client, n, mirror, http.StatusCreated, itself))
			ours = append(ours, load(b, client, n, create, http.StatusCreated, next))
			created += n
		}
	}
	commits := (p.metric(b, "rollcall_store_commits_total") - before) / float64(created-n) * 1000
	ratio := median(ours) / median(theirs)
	b.ReportMetric(median(ours), "creates/s")
	b.ReportMetric(median(theirs), "echoes/s")
	b.ReportMetric(ratio, "of-echo")
	b.ReportMetric(commits, "commits/1000")
	b.Logf("%.0f creates/s, %.0f echoes/s, %.2f of echo, %.0f commits for 1,000 creates", median(ours), median(theirs), ratio, commits)
	require.Less(b, commits, 100.0, "commits for 1,000 creates")
}

// BenchmarkLookUp: the filter userName eq with 100,000 people, beside the same row by a bare prepared SELECT behind an echo
// handler. At most three times its time.
func BenchmarkLookUp(b *testing.B) {
	const people, n = 100_000, 4000
	p, client := startServer(b, people), newClient()
	control := startControl(b, p.database)
	scattered := func(i int) int { return (i * 7919) % people }
	name := func(i int) string { return userName(scattered(i)) }
	look := func(i int) *http.Request {
		filter := url.QueryEscape(fmt.Sprintf("userName eq %q", name(i)))
		return newRequest(b.Context(), http.MethodGet, p.url+"/Users?filter="+filter, p.token, nil)
	}
	bareLook := func(i int) *http.Request {
		return newRequest(b.Context(), http.MethodGet, control+"/?org="+string(p.org)+"&name="+url.QueryEscape(name(i)), p.token, nil)
	}
	load(b, client, n, look, http.StatusOK, scattered)
	load(b, client, n, bareLook, http.StatusOK, scattered)
	var ours, theirs []float64
	for b.Loop() {
		for range rounds {
			theirs = append(theirs, load(b, client, n, bareLook, http.StatusOK, scattered))
			ours = append(ours, load(b, client, n, look, http.StatusOK, scattered))
		}
	}
	ratio := median(theirs) / median(ours)
	b.ReportMetric(median(ours), "look-ups/s")
	b.ReportMetric(median(theirs), "bare/s")
	b.ReportMetric(ratio, "times-bare")
	b.Logf("%.0f look-ups/s, %.0f bare/s, %.2f times bare", median(ours), median(theirs), ratio)
}

func fill(b *testing.B, service *identity.Service, org identity.OrgID, people int) {
	by := identity.Actor{Kind: identity.Provider, ID: "bench"}
	for from := 0; from < people; from += 1000 {
		require.NoError(b, service.Transact(b.Context(), org, by, func(c *identity.Acts) error {
			for i := from; i < from+1000; i++ {
				address := userName(i)
				_, err := c.Create(b.Context(), identity.Draft{
					UserName: address, Active: true, Emails: []identity.AccountEmail{{Value: address, Type: "work", Primary: true}},
					Profile: identity.Profile(fmt.Sprintf(`{"displayName":"Person %d","name":{"familyName":"%d","givenName":"Person"},"title":"Engineer"}`, i, i)),
				}, identity.Origin{Source: identity.SourceSCIM})
				if err != nil {
					return err
				}
			}
			return nil
		}))
	}
}
