package photos

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"

	"rollcall/identity"
)

// maxSide is how many pixels a photo may have in each direction: a small file can unfold into a very large picture.
const maxSide = 4096

// formats are what a photo may be, with how its first bytes look.
var formats = []struct {
	mediaType string
	name      string
	magic     []byte
	header    func(*bytes.Reader) (image.Config, error)
}{
	{"image/jpeg", "JPEG", []byte{0xff, 0xd8, 0xff}, func(r *bytes.Reader) (image.Config, error) { return jpeg.DecodeConfig(r) }},
	{"image/png", "PNG", []byte("\x89PNG\r\n\x1a\n"), func(r *bytes.Reader) (image.Config, error) { return png.DecodeConfig(r) }},
}

// Judge says what photo a value is, or why it is none that can be taken, as a sentence.
func Judge(content []byte, most int) (p identity.Photo, problem string) {
	if len(content) > most {
		return p, fmt.Sprintf("The photo has %d bytes; the connector takes at most %d, by its setting photos.maxBytes.", len(content), most)
	}
	for _, f := range formats {
		if !bytes.HasPrefix(content, f.magic) {
			continue
		}
		c, err := f.header(bytes.NewReader(content))
		switch {
		case err != nil:
			return p, fmt.Sprintf("The photo begins like %s and goes on like nothing that can be shown.", f.name)
		case c.Width < 1 || c.Height < 1 || c.Width > maxSide || c.Height > maxSide:
			return p, fmt.Sprintf("The photo has %d times %d pixels; at most %d times %d are taken.", c.Width, c.Height, maxSide, maxSide)
		}
		return identity.Photo{Digest: identity.DigestOf(content), MediaType: f.mediaType, Width: c.Width, Height: c.Height, Size: len(content)}, ""
	}
	return p, "The photo is neither JPEG nor PNG."
}
