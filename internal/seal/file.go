package seal

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Read reads a file of keys: one in each line in base64, the one that seals first. Blank lines and those that begin with # do not count. A
// file that others than its owner and group can read is refused: a key that everybody has keeps nothing.
func Read(file string) (*Keys, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("the file of secret keys cannot be read: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o007 != 0 {
		return nil, fmt.Errorf("everybody on this machine may use the file of secret keys %s (%s); run: chmod o= %s", file, mode, file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the file of secret keys cannot be read: %w", err)
	}
	keys := &Keys{}
	seen := map[string]bool{}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(raw) != keySize {
			return nil, fmt.Errorf("%s:%d: this is no key, which is %d bytes in base64; make one with rollcall key create", file, number, keySize)
		}
		one, err := newKey(raw)
		if err != nil {
			return nil, err
		}
		if seen[one.id] {
			return nil, fmt.Errorf("%s:%d: the key %s stands there twice; remove one of the lines", file, number, one.id)
		}
		seen[one.id] = true
		keys.all = append(keys.all, one)
	}
	if len(keys.all) == 0 {
		return nil, fmt.Errorf("there is no key in %s; make one with rollcall key create", file)
	}
	return keys, nil
}

// Create makes a file with a new key and returns the key's id. A file that is there already is left alone.
func Create(file string) (id string, err error) {
	line, id := random()
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("%s is there already, and without its keys nothing opens that they sealed; to put a new key before them use --add", file)
	}
	if err != nil {
		return "", fmt.Errorf("the file of secret keys cannot be made: %w", err)
	}
	_, err = f.WriteString(line)
	if err == nil {
		err = f.Sync()
	}
	return id, errors.Join(err, f.Close())
}

// Add puts a new key before those in the file and returns its id. A reader sees the old file or the new one whole.
func Add(file string) (id string, err error) {
	if _, err := Read(file); err != nil {
		return "", err
	}
	before, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	line, id := random()
	f, err := os.CreateTemp(filepath.Dir(file), ".keys-*") // for its owner only
	if err != nil {
		return "", fmt.Errorf("the file of secret keys cannot be changed: %w", err)
	}
	_, err = f.WriteString(line + string(before))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Chmod(info.Mode().Perm()), f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // what was written so far is of no use
		return "", fmt.Errorf("the file of secret keys cannot be changed: %w", err)
	}
	return id, nil
}

// random makes a key, as a line of the file.
func random() (line, id string) {
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw) // it never fails
	return base64.StdEncoding.EncodeToString(raw) + "\n", idOf(raw)
}
