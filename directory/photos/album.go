package photos

import (
	"fmt"
	"os"
	"sync"

	"rollcall/identity"
)

// Album is what a source of photos has of its readings. It keeps the bytes of photos in a file that has no name, so that nothing is left of it when it is closed, however the process ends. The
// zero value is empty. It may be used by several goroutines.
type Album struct {
	mu     sync.Mutex
	file   *os.File
	end    int64
	places map[string]place
	known  map[identity.ObjectID]string
	err    error // of the first photo that could not be kept
}

// place is where a photo is in the file.
type place struct {
	at   int64
	size int
}

// KnowPhotos tells which photo each entry had at the last look. Photos that are the same need not be kept.
func (a *Album) KnowPhotos(digests map[identity.ObjectID]string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known = digests
}

// Keep keeps the photo of an entry, unless it is known.
func (a *Album) Keep(entry identity.ObjectID, digest string, content []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, kept := a.places[digest]; kept || a.known[entry] == digest || a.err != nil {
		return
	}
	if err := a.write(digest, content); err != nil {
		a.err = &identity.Error{Kind: identity.Unavailable, Rule: identity.RuleUnavailable, Err: err,
			Detail: fmt.Sprintf("the photos that were read cannot be kept in %s until they are planned: %v; free some space there", os.TempDir(), err)}
	}
}

func (a *Album) write(digest string, content []byte) error {
	if a.file == nil {
		file, err := os.CreateTemp("", "rollcall-photos-")
		if err != nil {
			return err
		}
		if err := os.Remove(file.Name()); err != nil {
			return err
		}
		a.file, a.places = file, map[string]place{}
	}
	if _, err := a.file.WriteAt(content, a.end); err != nil {
		return err
	}
	a.places[digest] = place{at: a.end, size: len(content)}
	a.end += int64(len(content))
	return nil
}

// PhotoContent returns the bytes of a photo that was kept.
func (a *Album) PhotoContent(digest string) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p, kept := a.places[digest]
	switch {
	case kept:
	case a.err != nil:
		return nil, a.err
	default:
		return nil, identity.Refuse(identity.Conflict, identity.RuleVersionMismatch, "photos of users were changed while the directory was read; plan again")
	}
	content := make([]byte, p.size)
	_, err := a.file.ReadAt(content, p.at)
	return content, err
}

// Close forgets the photos.
func (a *Album) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file == nil {
		return nil
	}
	err := a.file.Close()
	a.file, a.places, a.end = nil, nil, 0
	return err
}
