package admin

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"strings"
)

// maxInMemory is how many bytes of a body are held in memory while it is looked at before it is used.
const maxInMemory = 1 << 20

// spooled is a body that has been read and can be read again.
type spooled struct {
	io.Reader
	file  *os.File // what does not fit into memory; may be nil
	sum   string   // SHA-256 in hexadecimal
	whole bool     // it came in completely and has at most as many bytes as allowed
}

// spool reads a body of at most so many bytes. Reading it again ends with what ended the first time; of one that is too long the
// rest follows. Whoever spools closes.
func spool(body io.Reader, most int64) (*spooled, error) {
	hash := sha256.New()
	var head bytes.Buffer
	failed := into(io.MultiWriter(&head, hash), body, min(most, maxInMemory))
	s := &spooled{Reader: &head}
	length := int64(head.Len())
	if failed == nil && length == maxInMemory {
		file, err := os.CreateTemp("", "rollcall-body-*")
		if err != nil {
			return nil, err
		}
		s.file = file
		failed = into(io.MultiWriter(file, hash), body, most-length)
		more, err := file.Seek(0, io.SeekCurrent)
		if err == nil {
			_, err = file.Seek(0, io.SeekStart)
		}
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		length += more
		s.Reader = io.MultiReader(&head, file)
	}
	s.sum = hex.EncodeToString(hash.Sum(nil))
	switch {
	case failed != nil:
		s.Reader = io.MultiReader(s.Reader, failing{failed})
	case length == most:
		var next [1]byte
		n, err := io.ReadFull(body, next[:])
		s.whole = err == io.EOF
		s.Reader = io.MultiReader(s.Reader, bytes.NewReader(next[:n]), body)
	default:
		s.whole = true
	}
	return s, nil
}

// leaveOut makes the sum one of the body without a member of its object, however that is capitalized. Sums are stored, and a secret that
// somebody chose could be guessed by one.
func (s *spooled) leaveOut(member string) error {
	text, err := io.ReadAll(s.Reader)
	if err != nil {
		return err
	}
	s.Reader, s.sum = bytes.NewReader(text), ""
	var object map[string]json.RawMessage
	if json.Unmarshal(text, &object) != nil {
		return nil // what is no object will be refused
	}
	maps.DeleteFunc(object, func(name string, _ json.RawMessage) bool { return strings.EqualFold(name, member) })
	rest, err := json.Marshal(object)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(rest)
	s.sum = hex.EncodeToString(sum[:])
	return nil
}

// into copies at most so many bytes.
func into(to io.Writer, from io.Reader, most int64) error {
	_, err := io.Copy(to, io.LimitReader(from, most))
	return err
}

// Close removes what was written to disk.
func (s *spooled) Close() error {
	if s.file == nil {
		return nil
	}
	return errors.Join(s.file.Close(), os.Remove(s.file.Name()))
}

// failing is the rest of a body that did not come.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
