package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"rollcall/admin"
	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/identity"
	"rollcall/internal/demodirectory"
	"rollcall/internal/demoissuer"
	"rollcall/internal/system"
	"rollcall/internal/web"
	"rollcall/store"
)

// demoAudience is what the demonstration's tokens are for.
const demoAudience = "rollcall"

// demoGrace is how long the demonstration's servers may take to stop.
const demoGrace = 5 * time.Second

// movableClock is the machine's clock, set forward by some time.
type movableClock struct {
	mu    sync.Mutex
	ahead time.Duration
}

// Now returns the moved time.
func (c *movableClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return system.Clock{}.Now().Add(c.ahead)
}

func (c *movableClock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// stage is everything that the story needs, in one process: the real server on a real port, a directory, an issuer and a clock.
type stage struct {
	clock        *movableClock
	store        *store.Store
	service      *identity.Service
	syncer       *directory.Syncer
	directory    *demodirectory.Directory
	ldap         *demodirectory.Server
	passwordFile string
	issuer       *demoissuer.Issuer
	url          string
	client       *http.Client

	stop    context.CancelFunc
	running sync.WaitGroup
	failed  chan error
}

func newStage(ctx context.Context, listen, folder string) (*stage, error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &stage{clock: &movableClock{}, directory: demodirectory.New(), client: &http.Client{Timeout: 30 * time.Second}, stop: stop, failed: make(chan error, 2)}
	if err := s.open(ctx, listen, folder); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *stage) open(ctx context.Context, listen, folder string) error {
	quiet := slog.New(slog.DiscardHandler)
	var err error
	if s.store, err = store.Open(ctx, "sqlite:"+filepath.Join(folder, demoDatabase)); err != nil {
		return err
	}
	s.service = identity.NewService(s.store, s.clock, system.IDs{}, identity.EmailPolicy{})
	s.syncer = directory.New(s.service, ldap.OpenConnector(s.clock.Now))

	password := rand.Text()
	s.passwordFile = filepath.Join(folder, "directory-password")
	if err := os.WriteFile(s.passwordFile, []byte(password+"\n"), 0o600); err != nil {
		return err
	}
	forLDAP, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.ldap = demodirectory.Serve(forLDAP, s.directory, password, quiet)

	forIssuer, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if s.issuer, err = demoissuer.New("http://" + forIssuer.Addr().String()); err != nil {
		return errors.Join(err, forIssuer.Close())
	}
	s.serve(ctx, s.issuer, forIssuer, quiet)

	surfaces := &surfaces{service: s.service, usable: s.store.Ready, stats: s.store.Stats, clock: s.clock, log: quiet,
		api: admin.Options{Issuers: []admin.Issuer{{URL: s.issuer.URL(), Audience: demoAudience}}}}
	handler, err := surfaces.handler()
	if err != nil {
		return err
	}
	forUs, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; choose another --listen", listen, err)
	}
	s.url = "http://" + forUs.Addr().String()
	s.serve(ctx, handler, forUs, quiet)
	return nil
}

func (s *stage) serve(ctx context.Context, handler http.Handler, l net.Listener, log *slog.Logger) {
	s.running.Go(func() { s.failed <- web.Serve(ctx, web.NewServer(handler, log), l, demoGrace) })
}

// close ends everything, the store last.
func (s *stage) close() error {
	s.stop()
	s.client.CloseIdleConnections()
	s.running.Wait()
	close(s.failed)
	var errs []error
	for err := range s.failed {
		errs = append(errs, err)
	}
	if s.ldap != nil {
		errs = append(errs, s.ldap.Close())
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	return errors.Join(errs...)
}

// answer is what came back over HTTP.
type answer struct {
	status int
	raw    []byte
	body   map[string]any
}

// at returns the value under a name of the answer's object.
func (a answer) at(name string) any { return a.body[name] }

// call sends a request to the server as any client would.
func (s *stage) call(ctx context.Context, method, path, token string, body any) (answer, error) {
	var payload io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		payload = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, method, s.url+path, payload)
	if err != nil {
		return answer{}, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	a := answer{status: response.StatusCode}
	if a.raw, err = io.ReadAll(response.Body); err != nil {
		return answer{}, err
	}
	if len(a.raw) > 0 {
		if err := json.Unmarshal(a.raw, &a.body); err != nil {
			return answer{}, fmt.Errorf("%s %s answered something that is no JSON object: %w", method, path, err)
		}
	}
	return a, nil
}
