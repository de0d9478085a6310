package photos_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory/photos"
	"rollcall/identity"
)

func TestAnAlbumKeepsWhatIsNotKnown(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	var a photos.Album
	a.KnowPhotos(map[identity.ObjectID]string{"ada": "one", "bob": "two"})
	a.Keep("ada", "one", []byte("1"))
	_, err := a.PhotoContent("one")
	require.Equal(t, identity.RuleVersionMismatch, identity.RuleOf(err), "it is known, so it was not kept")
	a.Keep("bob", "one", []byte("1"))
	a.Keep("cy", "three", []byte("333"))
	a.Keep("dora", "three", []byte("333"))
	for digest, want := range map[string]string{"one": "1", "three": "333"} {
		got, err := a.PhotoContent(digest)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, left, "the file has no name")
	require.NoError(t, a.Close())
	require.NoError(t, a.Close())
	_, err = a.PhotoContent("three")
	require.Error(t, err)
}

func TestAnAlbumWithoutRoomSaysSo(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()+"/none")
	var a photos.Album
	a.Keep("ada", "one", []byte("1"))
	_, err := a.PhotoContent("one")
	require.Equal(t, identity.Unavailable, identity.KindOf(err))
	require.ErrorContains(t, err, "free some space")
	require.NoError(t, a.Close())
}
