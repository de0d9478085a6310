package notify_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/notify"
)

func TestWithoutAMailServerMailsBecomeFilesThatTheLogNames(t *testing.T) {
	w := newWorld(t)
	folder := filepath.Join(t.TempDir(), "a", "mail")
	m := w.invite("ada@corp.example")
	transport := notify.NewFolder(folder, w.logger())
	require.NoDirExists(t, folder, "no mail, no folder")
	require.Equal(t, 1, w.deliver(w.deliverer(transport)))

	file := filepath.Join(folder, string(m.ID)+".eml")
	require.Contains(t, w.log.String(), file)
	require.NotContains(t, w.log.String(), secret)
	for path, mode := range map[string]os.FileMode{folder: 0o700, file: 0o600} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm(), path)
	}
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, left, 1, "nothing temporary stays")
}

func TestAMailThatIsWrittenAgainReplacesItsFile(t *testing.T) {
	w := newWorld(t)
	folder := t.TempDir()
	transport := notify.NewFolder(folder, w.logger())
	connection, err := transport.Open(w.ctx)
	require.NoError(t, err)
	p := &post{}
	w.invite("ada@corp.example")
	require.Equal(t, 1, w.deliver(w.deliverer(p)))
	for range 2 {
		require.NoError(t, connection.Send(w.ctx, p.mails[0]))
	}
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, left, 1)
}

func TestAFolderThatCannotBeMadeIsAnOutage(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	m := w.invite("ada@corp.example")
	_, err := w.deliverer(notify.NewFolder(filepath.Join(file, "mail"), w.logger())).Deliver(w.ctx, 10)
	require.ErrorContains(t, err, "the folder for mails")
	require.Equal(t, identity.MessageWaiting, w.message(m).State)
}
