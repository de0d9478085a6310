package fresh_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/store"
	"rollcall/store/contents"
	"rollcall/store/fresh"
)

func TestACopyHoldsWhatAFirstStartMakes(t *testing.T) {
	made := t.TempDir() + "/made.db"
	s, err := store.Open(t.Context(), "sqlite:"+made)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	copied := fresh.Database(t)
	schema, err := store.CheckSchema(t.Context(), "sqlite:"+copied)
	require.NoError(t, err)
	require.True(t, schema.UpToDate())
	require.Equal(t, read(t, made), read(t, copied))
	require.NotEqual(t, copied, fresh.Database(t), "each test has its own")
}

// read returns what is in a database, without when it was made.
func read(t *testing.T, path string) contents.Contents {
	t.Helper()
	all, err := contents.Read(t.Context(), path)
	require.NoError(t, err)
	for _, rows := range all {
		for i := range rows {
			rows[i] = times.ReplaceAllString(rows[i], "")
		}
	}
	return all
}

var times = regexp.MustCompile(` (created|updated)_at=\d+`)
