package ldif_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/identity"
)

func TestPhotosOfAFile(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 96, 48))))
	line := "jpegPhoto:: " + base64.StdEncoding.EncodeToString(b.Bytes())
	folded := line[:40] + "\n " + line[40:]
	path := folder(t, map[string]string{"people.ldif": container + person(1, folded) + person(2) + person(3, "jpegPhoto: ada.jpg")})
	s := settings(path)
	got, err := open(t, s).Snapshot(t.Context(), nil)
	require.NoError(t, err)
	require.False(t, got.Photos)
	require.Nil(t, got.Entries[0].Photo, "photos are off unless somebody switches them on")

	s.Photos = &directory.PhotoSettings{}
	source := open(t, s)
	got, err = source.Snapshot(t.Context(), nil)
	require.NoError(t, err)
	require.True(t, got.Complete && got.Photos)
	require.Equal(t, identity.Photo{Digest: identity.DigestOf(b.Bytes()), MediaType: "image/png", Width: 96, Height: 48, Size: b.Len()}, got.Entries[0].Photo.Photo)
	require.Nil(t, got.Entries[1].Photo)
	require.Equal(t, "The photo is neither JPEG nor PNG (attribute jpegPhoto).", got.Entries[2].Photo.Problem)
	content, err := source.PhotoContent(got.Entries[0].Photo.Digest)
	require.NoError(t, err)
	require.Equal(t, b.Bytes(), content, "untouched")
	require.NoError(t, source.Close())

	s.Photos.MaxBytes = 7
	require.ErrorContains(t, s.Validate(), "photos.maxBytes")
}
