package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/fixtures"
)

var (
	creatorRounds = flag.Int("rounds", 60, "how often 16 clients of TestInstances create one e-mail at once")
	crashes       = flag.Int("crashes", 20, "how often TestInstances stops PostgreSQL under load, and every other time kills a server first")
)

const userSchema = "urn:ietf:params:scim:schemas:core:2.0:User"

// instances is three servers of one database behind nginx, and two organizations.
type instances struct {
	*fixtures.Instances
	tenants [2]tenant
	admin   string // a token of somebody who administrates both
}

// TestInstances has one set of servers for everything that is about several of them, because it takes seconds to start them.
func TestInstances(t *testing.T) {
	t.Parallel()
	issuer := newDemoIssuer(t)
	w := instances{Instances: fixtures.StartInstances(t, binary, "ROLLCALL_OIDC_ISSUER="+issuer.URL(), "ROLLCALL_OIDC_AUDIENCE="+demoAudience, "ROLLCALL_RATE_LIMIT=100000")}
	w.tenants = [2]tenant{newTenant(t, w.Database, "One", "okta"), newTenant(t, w.Pooler, "Two", "entra")}
	var err error
	w.admin, err = issuer.Token("ada", demoAudience, time.Now(), time.Hour)
	require.NoError(t, err)
	for _, n := range w.tenants {
		command(t, w.Database, "admin", "grant", "--org", n.org, "--issuer", issuer.URL(), "--subject", "ada", "--role", "full")
	}
	command(t, w.Database, "domain", "attest", "--org", w.tenants[1].org, contested)
	t.Run("what one server gave out is good at every other one", w.shareCursorsAndVersions)
	t.Run("EML-01 one of sixteen creators of an address wins, whichever server they ask", w.oneWinner)
	t.Run("of two acts at once on two servers one wins, or both one after the other", w.fightEach)
	t.Run("what was acknowledged outlives servers that are killed and a database that is stopped", w.outlive)
	require.NoError(t, exec.Command(binary, "verify", "--database", w.Database).Run(), "the chains of both are whole")
}

// answer is what came of a request.
type answered struct {
	status int
	header http.Header
	body   map[string]any
}

// patient keeps a connection for each of its users.
var patient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}, Timeout: time.Minute}

// ask sends a SCIM request to one of the servers, or to nginx.
func (n tenant) ask(method, server, path string, body any, header ...string) (answered, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return answered{}, err
	}
	r, err := http.NewRequest(method, server+"/scim/"+n.org+"/v2"+path, strings.NewReader(string(raw)))
	if err != nil {
		return answered{}, err
	}
	r.Header.Set("Authorization", "Bearer "+n.token)
	r.Header.Set("Content-Type", "application/scim+json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := patient.Do(r)
	if err != nil {
		return answered{}, err
	}
	defer response.Body.Close()
	a := answered{status: response.StatusCode, header: response.Header}
	if response.StatusCode != http.StatusNoContent {
		err = json.NewDecoder(response.Body).Decode(&a.body)
	}
	return a, err
}

func (n tenant) create(server, address string) (answered, error) {
	return n.ask(http.MethodPost, server, "/Users", map[string]any{"schemas": []string{userSchema}, "userName": address, "active": true,
		"emails": []any{map[string]any{"value": address, "primary": true}}})
}

// deactivation is the body of a PATCH.
var deactivation = map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
	"Operations": []any{map[string]any{"op": "replace", "path": "active", "value": false}}}

func (w instances) shareCursorsAndVersions(t *testing.T) {
	n := w.tenants[0]
	var id, version string
	for i := range 6 {
		a, err := n.create(w.Servers[i%3], fmt.Sprintf("shared%d@example.com", i))
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, a.status, a.body)
		require.NotEmpty(t, a.header.Get("Location"))
		require.True(t, strings.HasPrefix(a.header.Get("Location"), w.URL), "it names nginx, not the server")
		id, version = a.body["id"].(string), a.header.Get("ETag")
	}
	seen := map[string]bool{}
	cursor := ""
	for page := range 3 {
		a, err := n.ask(http.MethodGet, w.Servers[page], "/Users?count=2&sortBy=userName&cursor="+url.QueryEscape(cursor), nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, a.status, a.body)
		for _, u := range a.body["Resources"].([]any) {
			seen[u.(map[string]any)["userName"].(string)] = true
		}
		cursor, _ = a.body["nextCursor"].(string)
	}
	require.Len(t, seen, 6, "each page by another server")
	a, err := n.ask(http.MethodGet, w.Servers[0], "/Users/"+id, nil, "If-None-Match", version)
	if a.status != http.StatusNotModified { // which has no body
		require.NoError(t, err)
	}
	require.Equal(t, http.StatusNotModified, a.status, "the version that server 3 made")
	a, err = n.ask(http.MethodPatch, w.Servers[0], "/Users/"+id, deactivation, "If-Match", version)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, a.status, a.body)
	a, err = n.ask(http.MethodPatch, w.Servers[1], "/Users/"+id, deactivation, "If-Match", version)
	require.NoError(t, err)
	require.Equal(t, http.StatusPreconditionFailed, a.status, "written elsewhere since")
}

func (w instances) oneWinner(t *testing.T) {
	doors := append([]string{w.URL}, w.Servers[:]...)
	for round := range *creatorRounds {
		statuses := make([]int, 16)
		var all sync.WaitGroup
		for i := range statuses {
			all.Go(func() {
				a, err := w.tenants[i/4%2].create(doors[i%4], fmt.Sprintf("wanted%d@example.com", round))
				if err != nil {
					t.Error(err)
				}
				statuses[i] = a.status
			})
		}
		all.Wait()
		won := 0
		for _, status := range statuses {
			if status == http.StatusCreated {
				won++
			} else {
				require.Equal(t, http.StatusConflict, status, statuses)
			}
		}
		require.Equal(t, 1, won, statuses)
	}
}

// load is clients that create and deactivate people by nginx, and remember what they were told.
type load struct {
	w     instances
	stop  chan struct{}
	all   sync.WaitGroup
	next  atomic.Int64
	away  atomic.Int64
	count atomic.Int64

	mu    sync.Mutex
	there map[string]bool // addresses that were acknowledged, and whether their people are active
	fault error           // the first answer that nobody should get
}

func (l *load) work() {
	for {
		select {
		case <-l.stop:
			return
		default:
		}
		number := l.next.Add(1)
		n, address := l.w.tenants[number%2], fmt.Sprintf("loaded%d@example.com", number)
		a, err := n.create(l.w.URL, address)
		if !l.done(a, err, http.StatusCreated) {
			continue
		}
		l.remember(address, true)
		if number%2 == 0 {
			continue
		}
		id := a.body["id"].(string)
		for {
			a, err = n.ask(http.MethodPatch, l.w.URL, "/Users/"+id, deactivation)
			if l.done(a, err, http.StatusOK) {
				l.remember(address, false)
				break
			}
			select {
			case <-l.stop:
				l.remember(address, true) // nobody knows; see outlive
				return
			default:
			}
		}
	}
}

func (l *load) remember(address string, active bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.there[address] = active
	l.count.Add(1)
}

// done reports whether a request was acknowledged. If it was not, the answer has to be 503 and say when to come again.
func (l *load) done(a answered, err error, want int) bool {
	if err == nil && a.status == want {
		return true
	}
	if err == nil && a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "" {
		l.away.Add(1)
		time.Sleep(20 * time.Millisecond) // a client that waits less than it is told to
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault == nil {
		l.fault = fmt.Errorf("%d %v %w", a.status, a.body, err)
	}
	return false
}

// more waits until so many more requests were acknowledged.
func (l *load) more(t *testing.T, n int64) {
	t.Helper()
	from := l.count.Load()
	require.Eventually(t, func() bool { return l.count.Load() >= from+n }, time.Minute, time.Millisecond)
}

func (w instances) outlive(t *testing.T) {
	before := w.tenants[0].count(t, w.URL) + w.tenants[1].count(t, w.URL)
	l := &load{w: w, stop: make(chan struct{}), there: map[string]bool{}}
	for range 8 {
		l.all.Go(l.work)
	}
	var longest time.Duration
	for round := range *crashes {
		l.more(t, 30)
		killed := -1
		if round%2 == 0 {
			killed = round / 2 % 3
			w.Kill(t, killed)
			l.more(t, 20) // the others go on
		}
		w.CrashDatabase(t)
		for i, server := range w.Servers {
			if i != killed {
				require.Equal(t, http.StatusServiceUnavailable, w.readiness(server))
			}
		}
		began := time.Now()
		w.ResumeDatabase(t)
		for i, server := range w.Servers {
			if i != killed {
				require.Eventually(t, func() bool { return w.readiness(server) == http.StatusOK }, 10*time.Second, 10*time.Millisecond, "ready again")
			}
		}
		l.more(t, 1)
		longest = max(longest, time.Since(began))
		if killed >= 0 {
			w.Begin(t, killed)
		}
	}
	l.more(t, 50)
	close(l.stop)
	l.all.Wait()
	require.NoError(t, l.fault)
	require.Positive(t, l.away.Load())
	require.Less(t, longest, 10*time.Second)

	stored := map[string]bool{}
	for _, n := range w.tenants {
		for cursor, more := "", true; more; {
			a, err := n.ask(http.MethodGet, w.URL, "/Users?count=1000&attributes=userName,active&cursor="+url.QueryEscape(cursor), nil)
			require.NoError(t, err)
			for _, r := range a.body["Resources"].([]any) {
				u := r.(map[string]any)
				name := u["userName"].(string)
				require.NotContains(t, stored, name, "nobody is there twice")
				stored[name] = u["active"].(bool)
			}
			cursor, more = a.body["nextCursor"].(string)
		}
	}
	for address, active := range l.there {
		require.Contains(t, stored, address, "it was acknowledged")
		if !active {
			require.False(t, stored[address], "%s: the deactivation was acknowledged", address)
		}
	}
	require.LessOrEqual(t, len(stored), before+int(l.next.Load()), "nobody is there whom nobody asked for")
	t.Logf("%d crashes of PostgreSQL, %d killed servers: %d acknowledged, %d told to come again, working again %s after the start of PostgreSQL at the latest",
		*crashes, (*crashes+1)/2, l.count.Load(), l.away.Load(), longest)
}

func (w instances) readiness(server string) int {
	response, err := http.Get(server + "/readyz")
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	return response.StatusCode
}

// count returns how many users there are.
func (n tenant) count(t *testing.T, server string) int {
	t.Helper()
	a, err := n.ask(http.MethodGet, server, "/Users?count=0", nil)
	require.NoError(t, err)
	return int(a.body["totalResults"].(float64))
}
