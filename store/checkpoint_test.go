package store

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhatWasCommittedGetsFromTheLogIntoTheDatabaseBesideTheWriting(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "rollcall.db")
	s, err := Open(ctx, "sqlite:"+file)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, insert(s, newAccount("somebody-who-is-looked-for", 10)))
	require.Eventually(t, func() bool {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		return bytes.Contains(content, []byte("somebody-who-is-looked-for"))
	}, time.Minute, 20*time.Millisecond, "the writer's own limit is thousands of pages away")
}
