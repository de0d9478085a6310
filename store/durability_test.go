package store

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// writingProcess names, in the environment of a second process of this test binary, the database to write to.
const writingProcess = "STORE_TEST_WRITING_PROCESS"

// TestMain makes this binary a process that creates accounts from 16 goroutines, and prints the userName of each one after it
// was acknowledged, until it is killed or has made as many as its second argument says.
func TestMain(m *testing.M) {
	url, limit := os.Getenv(writingProcess), int64(0)
	if url == "" {
		os.Exit(m.Run())
	}
	if _, err := fmt.Sscan(os.Getenv(writingProcess+"_LIMIT"), &limit); err != nil {
		panic(err)
	}
	s, err := Open(ctx, url)
	if err != nil {
		panic(err)
	}
	var made atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for n := made.Add(1); n <= limit; n = made.Add(1) {
				name := fmt.Sprintf("process-%d-%d", os.Getpid(), n)
				if err := insert(s, newAccount(name, 1000)); err != nil {
					panic(err)
				}
				if _, err := os.Stdout.WriteString(name + "\n"); err != nil {
					panic(err)
				}
			}
		})
	}
	all.Wait()
	if err := s.Close(); err != nil {
		panic(err)
	}
}

// startWriting starts a second process that makes so many accounts.
func startWriting(t testing.TB, url string, limit int) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	writing := exec.Command(os.Args[0])
	writing.Env = append(os.Environ(), writingProcess+"="+url, fmt.Sprintf("%s_LIMIT=%d", writingProcess, limit))
	writing.Stderr = os.Stderr
	out, err := writing.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, writing.Start())
	t.Cleanup(func() { _ = writing.Process.Kill() })
	return writing, bufio.NewScanner(out)
}

func TestWhatWasAcknowledgedIsThereAfterKill9(t *testing.T) {
	url := "sqlite:" + t.TempDir() + "/rollcall.db"
	acknowledged := map[string]bool{}
	for round := range 3 {
		writing, names := startWriting(t, url, 1<<30)
		for limit := len(acknowledged) + 300*(round+1); len(acknowledged) < limit && names.Scan(); {
			acknowledged[names.Text()] = true
		}
		require.NoError(t, writing.Process.Kill())
		for names.Scan() { // what was said before it died
			if text := names.Text(); strings.HasPrefix(text, "process-") {
				acknowledged[text] = true
			}
		}
		require.Error(t, writing.Wait())
		require.Equal(t, -1, writing.ProcessState.ExitCode(), "it was killed")

		s, err := Open(ctx, url)
		require.NoError(t, err)
		require.Equal(t, []string{"ok"}, columnOf(t, s.readers, "PRAGMA integrity_check"))
		require.Empty(t, columnOf(t, s.readers, "SELECT \"table\" FROM pragma_foreign_key_check"))
		stored := columnOf(t, s.readers, "SELECT user_name FROM accounts")
		found := map[string]bool{}
		for _, name := range stored {
			found[name] = true
		}
		for name := range acknowledged {
			require.True(t, found[name], "%s was acknowledged and is gone", name)
		}
		require.Len(t, columnOf(t, s.readers, "SELECT email_key FROM address_holds"), len(stored), "no account without its address, and the other way round")
		require.NoError(t, s.Close())
	}
	require.GreaterOrEqual(t, len(acknowledged), 1800)
}

func TestTwoProcessesWriteToTheSameDatabase(t *testing.T) {
	url := "sqlite:" + t.TempDir() + "/rollcall.db"
	s, err := Open(ctx, url)
	require.NoError(t, err)
	const each = 400
	writing, names := startWriting(t, url, each)
	var all sync.WaitGroup
	failures := make([]error, 16)
	for client := range failures {
		all.Go(func() {
			for i := range each / len(failures) {
				failures[client] = errors.Join(failures[client], insert(s, newAccount(fmt.Sprintf("own-%d-%d", client, i), 1000)))
			}
		})
	}
	acknowledged := 0
	for names.Scan() {
		if strings.HasPrefix(names.Text(), "process-") {
			acknowledged++
		}
	}
	all.Wait()
	require.NoError(t, writing.Wait())
	require.NoError(t, errors.Join(failures...))
	require.Equal(t, each, acknowledged)
	n, err := s.CountAccounts(ctx, identity.ConsumerOrgID, nil)
	require.NoError(t, err)
	require.Equal(t, 2*each, n)
	require.NoError(t, s.Close())
}
