package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestABodyIsReadAndCanBeReadAgain(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	for name, c := range map[string]struct {
		length, most int64
		onDisk       bool
	}{
		"nothing":                     {0, 100, false},
		"short":                       {99, 100, false},
		"as long as allowed":          {100, 100, false},
		"one byte too long":           {101, 100, false},
		"just below memory":           {maxInMemory - 1, 4 << 20, false},
		"as long as memory":           {maxInMemory, 4 << 20, true},
		"longer than memory":          {maxInMemory + 1, 4 << 20, true},
		"long, and as allowed":        {4 << 20, 4 << 20, true},
		"long, and one byte too long": {4<<20 + 1, 4 << 20, true},
		"the limit is what memory is": {maxInMemory, maxInMemory, true},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Repeat("a", int(c.length))
			s, err := spool(strings.NewReader(text), c.most)
			require.NoError(t, err)
			require.Equal(t, c.length <= c.most, s.whole)
			require.Equal(t, c.onDisk, s.file != nil)
			if s.whole {
				sum := sha256.Sum256([]byte(text))
				require.Equal(t, hex.EncodeToString(sum[:]), s.sum)
			}
			again, err := io.ReadAll(s)
			require.NoError(t, err)
			require.True(t, text == string(again), "the same bytes")
			require.NoError(t, s.Close())
			left, err := os.ReadDir(temporary)
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}

func TestABodyThatBreaksOffBreaksOffAgain(t *testing.T) {
	broken := errors.New("broken off")
	for _, length := range []int{10, maxInMemory, maxInMemory + 10} {
		s, err := spool(io.MultiReader(strings.NewReader(strings.Repeat("a", length)), iotest.ErrReader(broken)), 4<<20)
		require.NoError(t, err)
		require.False(t, s.whole)
		again, err := io.ReadAll(s)
		require.ErrorIs(t, err, broken)
		require.Equal(t, length, len(again))
		require.NoError(t, s.Close())
	}
}

func TestNoSumIsKeptOfASecret(t *testing.T) {
	sum := func(body string) string {
		s, err := spool(strings.NewReader(body), 1000)
		require.NoError(t, err)
		require.NoError(t, s.leaveOut("bindPassword"))
		text, err := io.ReadAll(s)
		require.NoError(t, err)
		require.Equal(t, body, string(text), "the body can still be read")
		return s.sum
	}
	one := sum(`{"name":"AD","bindPassword":"one"}`)
	require.NotEmpty(t, one)
	require.Equal(t, one, sum(`{"name":"AD","bindPassword":"two"}`))
	require.Equal(t, one, sum(`{"BINDPASSWORD":"three","name":"AD"}`))
	require.NotEqual(t, one, sum(`{"name":"B","bindPassword":"one"}`))
	require.Empty(t, sum(`{"bindPassword":"one"`))
}
