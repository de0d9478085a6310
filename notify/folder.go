package notify

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

// Folder is the transport of a server without a mail server: every mail becomes a file that mail programs open. A mail that is
// written again replaces its file.
type Folder struct {
	path string
	log  *slog.Logger
}

// NewFolder returns a transport that writes into a folder, which is made with the first mail. Mails hold links that let people
// in, so only the owner can read it.
func NewFolder(path string, log *slog.Logger) *Folder { return &Folder{path: path, log: log} }

// Open makes the folder.
func (f *Folder) Open(context.Context) (Connection, error) {
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return nil, fmt.Errorf("the folder for mails: %w", err)
	}
	return f, nil
}

// Send writes the file and then gives it its name, so that nobody sees half a mail.
func (f *Folder) Send(ctx context.Context, m Mail) error {
	raw, err := m.bytes()
	if err != nil {
		return permanent("the mail cannot be put together: %s", err)
	}
	path := filepath.Join(f.path, string(m.Message)+".eml")
	if err := writeFile(f.path, path, raw); err != nil {
		return &Failure{Cause: err.Error(), Lost: true}
	}
	f.log.InfoContext(ctx, "no mail server is set up: the mail was written to a file", "message", m.Message, "file", path)
	return nil
}

// Close does nothing: no file stays open.
func (f *Folder) Close() {}

// writeFile writes a file of mode 0600 in one step.
func writeFile(folder, path string, content []byte) (err error) {
	temporary, err := os.CreateTemp(folder, ".mail-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temporary.Name()) // the first error says more
		}
	}()
	if _, err := temporary.Write(content); err != nil {
		_ = temporary.Close()
		return err
	}
	if err := temporary.Sync(); err != nil {
		_ = temporary.Close()
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}
