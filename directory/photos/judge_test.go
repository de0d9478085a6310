package photos_test

import (
	"bytes"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory/photos"
	"rollcall/identity"
)

func encoded(t testing.TB, width, height int, encode func(*bytes.Buffer, image.Image) error) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, encode(&b, image.NewGray(image.Rect(0, 0, width, height))))
	return b.Bytes()
}

func asPNG(b *bytes.Buffer, m image.Image) error  { return png.Encode(b, m) }
func asJPEG(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) }
func asGIF(b *bytes.Buffer, m image.Image) error  { return gif.Encode(b, m, nil) }

func TestAPhotoIsWhatItsBytesSay(t *testing.T) {
	const most = 100 << 10
	of := func(size int, content []byte) []byte { // what stands behind a picture is not looked at
		return append(bytes.Clone(content), make([]byte, size-len(content))...)
	}
	small, tall := encoded(t, 96, 48, asJPEG), encoded(t, 1, 4097, asPNG)
	for name, c := range map[string]struct {
		content   []byte
		mediaType string
		text      string
		problem   string
	}{
		"a JPEG":                        {small, "image/jpeg", "JPEG 96x48, ", ""},
		"a PNG":                         {encoded(t, 96, 96, asPNG), "image/png", "PNG 96x96, ", ""},
		"one pixel":                     {encoded(t, 1, 1, asPNG), "image/png", "PNG 1x1, ", ""},
		"4096 pixels in each direction": {encoded(t, 4096, 4096, asPNG), "image/png", "PNG 4096x4096, ", ""},
		"4097 pixels high":              {tall, "", "", "1 times 4097 pixels; at most 4096 times 4096"},
		"4097 pixels wide":              {encoded(t, 4097, 1, asJPEG), "", "", "4097 times 1 pixels"},
		"as large as allowed":           {of(most, small), "image/jpeg", "JPEG 96x48, 100 KiB", ""},
		"a byte larger":                 {of(most+1, small), "", "", "The photo has 102401 bytes; the connector takes at most 102400"},
		"a GIF":                         {encoded(t, 9, 9, asGIF), "", "", "neither JPEG nor PNG"},
		"a web page":                    {[]byte("<html><script>alert(1)</script></html>"), "", "", "neither JPEG nor PNG"},
		"an SVG":                        {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), "", "", "neither JPEG nor PNG"},
		"a JPEG that breaks off":        {small[:10], "", "", "begins like JPEG"},
		"a PNG that breaks off":         {tall[:20], "", "", "begins like PNG"},
		"a name only":                   {[]byte("ada.jpg"), "", "", "neither JPEG nor PNG"},
		"base64 that nobody decoded":    {[]byte("/9j/4AAQSkZJRg=="), "", "", "neither JPEG nor PNG"},
	} {
		t.Run(name, func(t *testing.T) {
			p, problem := photos.Judge(c.content, most)
			if c.problem != "" {
				require.Contains(t, problem, c.problem)
				require.Zero(t, p)
				return
			}
			require.Empty(t, problem)
			require.Equal(t, c.mediaType, p.MediaType)
			require.Equal(t, identity.DigestOf(c.content), p.Digest)
			require.Equal(t, len(c.content), p.Size)
			require.Contains(t, p.String(), c.text)
		})
	}
}
