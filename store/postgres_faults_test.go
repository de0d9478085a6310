package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/fixtures"
	"rollcall/identity"
)

func TestPostgres_AConnectionThatIsLostBeforeTheCommitCostsAnotherRun(t *testing.T) {
	address := serverURL(t)
	s, killer := openServer(t, address), openServer(t, address)
	runs := 0
	require.NoError(t, s.Do(ctx, identity.Shared(identity.ConsumerOrgID), func(tx identity.Tx) error {
		runs++
		if err := tx.InsertAccount(ctx, newAccount("first", 10), nil); err != nil {
			return err
		}
		if runs == 1 {
			pid := names(t, tx.(*transaction).run, "SELECT CAST(pg_backend_pid() AS text)")
			require.Equal(t, []string{"true"}, columnOf(t, killer.readers, "SELECT CAST(pg_terminate_backend(CAST($1 AS int)) AS text)", pid[0]))
		}
		return tx.InsertAccount(ctx, newAccount("second", 10), nil)
	}))
	require.Equal(t, 2, runs)
	n, err := s.CountAccounts(ctx, identity.ConsumerOrgID, nil)
	require.NoError(t, err)
	require.Equal(t, 2, n)
}

func TestPostgres_ReadersGoOnAfterTheirConnectionsHaveEnded(t *testing.T) {
	address := serverURL(t)
	s, killer := openServer(t, address), openServer(t, address)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { _ = s.Ping(ctx) }) // opens connections
	}
	all.Wait()
	require.NotEmpty(t, columnOf(t, killer.readers, `SELECT CAST(pg_terminate_backend(pid) AS text) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`))
	require.NoError(t, s.Ping(ctx))
	require.NoError(t, insert(s, newAccount("after", 10)))
}

// What a transaction has read can collide after the row that was asked for has come already.
func TestPostgres_AQueryThatFailsAfterItsOnlyRowFails(t *testing.T) {
	s := openServer(t, serverURL(t))
	require.ErrorContains(t, s.Do(ctx, identity.Shared(identity.ConsumerOrgID), func(tx identity.Tx) error {
		_, err := one(ctx, tx.(*transaction).run, unknownAccount, scanInt, "SELECT 1 / (2 - n) FROM generate_series(1, 2) AS n")
		require.Error(t, err)
		return nil
	}), "division by zero")
}

// cutter stands between a store and its server. Where it sees a commit, it does what it was told.
type cutter struct {
	t       testing.TB
	listen  net.Listener
	server  string
	manner  atomic.Int64
	commits atomic.Int64 // that it has seen since it was told

	messages atomic.Int64 // from the store
}

// What a cutter does with a commit.
const (
	pass             = iota
	cutBefore        // the server never gets it
	cutAfter         // the server gets it, and nobody hears its answer
	cutAndStayAway   // the same, and nobody gets through any more
	cutOnceItIsKnown // the answer comes, and does not go on
)

// startCutter returns it with the url that leads through it.
func startCutter(t testing.TB, address string) (*cutter, string) {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	c := &cutter{t: t, server: u.Host}
	c.listen, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.listen.Close() })
	go c.serve()
	u.Host = c.listen.Addr().String()
	return c, u.String()
}

func (c *cutter) serve() {
	for {
		client, err := c.listen.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", c.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		go c.pass(client, server)
	}
}

func (c *cutter) pass(client, server net.Conn) {
	defer client.Close()
	defer server.Close()
	if c.manner.Load() == cutAndStayAway && c.commits.Load() > 0 {
		return
	}
	var mute atomic.Bool
	answered := make(chan struct{}, 1)
	go func() {
		defer client.Close()
		buffer := make([]byte, 1<<16)
		for {
			n, err := server.Read(buffer)
			if err != nil {
				return
			}
			if mute.Load() {
				answered <- struct{}{}
				return
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	}()
	buffer := make([]byte, 1<<16)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		c.messages.Add(1)
		manner := c.manner.Load()
		if manner != pass && commits(buffer[:n]) && c.commits.Add(1) == 1 {
			if manner == cutBefore {
				return
			}
			mute.Store(true)
			if _, err := server.Write(buffer[:n]); err != nil {
				c.t.Error(err)
			}
			if manner != cutAfter {
				<-answered
			}
			return
		}
		if _, err := server.Write(buffer[:n]); err != nil && !errors.Is(err, io.ErrClosedPipe) {
			return
		}
	}
}

// commits reports whether a message has a commit carried out. It has the name of the statement, under which pgx has it prepared, and not its
// text.
func commits(message []byte) bool {
	digest := sha256.Sum256([]byte(commitStatement))
	return bytes.Contains(message, fmt.Appendf(nil, "stmtcache_%x", digest[:24])) && !bytes.Contains(message, []byte(commitStatement))
}

func TestPostgres_WhatACommitCameToIsFoundOutWhenItsAnswerIsLost(t *testing.T) {
	direct := openServer(t, serverURL(t))
	for name, c := range map[string]struct {
		manner int64
		runs   []int // that are possible
	}{
		"the server never heard of it":              {cutBefore, []int{2}},
		"the server has it":                         {cutAfter, []int{1, 2}},
		"the server has it and has said so already": {cutOnceItIsKnown, []int{1}},
	} {
		t.Run(name, func(t *testing.T) {
			cutter, through := startCutter(t, currentURL(t, direct))
			s := openServer(t, through)
			cutter.manner.Store(c.manner)
			runs := 0
			a := newAccount("cut-"+strings.ReplaceAll(name, " ", "-"), 10)
			require.NoError(t, s.Do(ctx, identity.Shared(a.Org), func(tx identity.Tx) error {
				runs++
				return tx.InsertAccount(ctx, a, nil)
			}))
			require.Contains(t, c.runs, runs)
			require.Positive(t, cutter.commits.Load())
			_, err := direct.AccountByUserName(ctx, a.Org, identity.KeyOfUserName(a.UserName))
			require.NoError(t, err, "what was acknowledged is there")
		})
	}
	t.Run("nobody gets an answer any more", func(t *testing.T) {
		cutter, through := startCutter(t, currentURL(t, direct))
		s := openServer(t, through)
		s.transactor.(*sessions).inquiryLimit = 300 * time.Millisecond
		cutter.manner.Store(cutAndStayAway)
		err := insert(s, newAccount("nobody-knows", 10))
		require.Equal(t, identity.Unavailable, identity.KindOf(err))
		require.ErrorContains(t, err, "look before you try again")
	})
	require.NotEmpty(t, columnOf(t, direct.readers, "SELECT encode(mark, 'hex') FROM commits"))
	_, err := direct.readers.ExecContext(ctx, "UPDATE commits SET at = at - interval '2 hours'")
	require.NoError(t, err)
	direct.transactor.(*sessions).commits.Store(clearEvery - 1)
	require.NoError(t, insert(direct, newAccount("clears", 10)))
	require.Len(t, columnOf(t, direct.readers, "SELECT encode(mark, 'hex') FROM commits"), 1, "old marks are cleared")
}

// currentURL is where an open store's database is.
func currentURL(t testing.TB, s *Store) string {
	t.Helper()
	found := columnOf(t, s.readers, `SELECT 'postgres://rollcall:rollcall@' || host(inet_server_addr()) || ':' || inet_server_port() || '/' || current_database()
		|| '?sslmode=disable'`)
	return found[0]
}

func TestPostgres_ACommitThatIsStillUnderWayIsWaitedFor(t *testing.T) {
	s := openServer(t, serverURL(t))
	w := s.transactor.(*sessions)
	for _, end := range []string{"COMMIT", "ROLLBACK"} {
		conn, err := w.db.Conn(ctx)
		require.NoError(t, err)
		for _, statement := range []string{"BEGIN", `INSERT INTO commits (mark) VALUES ('` + end + `')`} {
			_, err = conn.ExecContext(ctx, statement)
			require.NoError(t, err)
		}
		told := make(chan ending)
		go func() {
			end, _ := w.inquire(&unanswered{[]byte(end), io.EOF})
			told <- end
		}()
		require.Eventually(t, func() bool {
			return len(columnOf(t, s.readers, "SELECT query FROM pg_stat_activity WHERE wait_event = 'transactionid' AND datname = current_database()")) == 1
		}, 10*time.Second, time.Millisecond)
		_, err = conn.ExecContext(ctx, end)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		want := map[string]ending{"COMMIT": settled, "ROLLBACK": cut}[end]
		require.Equal(t, want, <-told)
		again, _ := w.inquire(&unanswered{[]byte(end), io.EOF})
		require.Equal(t, want, again, "whoever did not hear the answer asks again")
	}
	_, err := s.readers.ExecContext(ctx, `INSERT INTO commits (mark) VALUES ('ROLLBACK')`)
	require.Error(t, err, "who was told that nothing is stored is told the truth: it cannot be stored later")
}

func TestPostgres_WhatWasAcknowledgedIsThereAfterTheServersCrash(t *testing.T) {
	server := fixtures.StartPostgres(t)
	s := openServer(t, server.NewDatabase(t))
	var acknowledged sync.Map
	var made, refused atomic.Int64
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				name := fmt.Sprintf("crash-%d", made.Add(1))
				switch err := insert(s, newAccount(name, 100)); {
				case err == nil:
					acknowledged.Store(name, true)
				case identity.KindOf(err) == identity.Unavailable:
					refused.Add(1)
					select { // a client that waits much less than it would be told to
					case <-stop:
					case <-time.After(20 * time.Millisecond):
					}
				default:
					t.Error(err)
					return
				}
			}
		})
	}
	count := func() (n int) {
		acknowledged.Range(func(any, any) bool { n++; return true })
		return n
	}
	for range 2 {
		before := count()
		require.Eventually(t, func() bool { return count() > before+40 }, time.Minute, time.Millisecond)
		server.Crash(t)
		require.Equal(t, identity.Unavailable, identity.KindOf(s.Ping(ctx)))
		require.Equal(t, identity.Unavailable, identity.KindOf(insert(s, newAccount("while-it-is-away", 10))))
		server.Start(t)
	}
	before := count()
	require.Eventually(t, func() bool { return count() > before+40 }, time.Minute, time.Millisecond)
	close(stop)
	all.Wait()
	require.Positive(t, refused.Load())
	stored := map[string]bool{}
	for _, name := range columnOf(t, s.readers, "SELECT user_name FROM accounts") {
		stored[name] = true
	}
	acknowledged.Range(func(name, _ any) bool {
		require.True(t, stored[name.(string)], "%s was acknowledged and is gone", name)
		return true
	})
	require.Len(t, columnOf(t, s.readers, "SELECT email_key FROM address_holds"), len(stored), "no account without its address, and the other way round")
}
