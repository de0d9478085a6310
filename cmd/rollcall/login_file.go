package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// loginsPath is the file with the logins of whoever runs the program.
func loginsPath() (string, error) {
	folder, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("there is no folder to keep a login in: %w", err)
	}
	return filepath.Join(folder, "rollcall", "login.json"), nil
}

// serverKey is a server as logins are kept under it.
func serverKey(server string) string { return strings.ToLower(strings.TrimRight(server, "/")) }

// readLogins reads the logins by server; none if nobody has logged in.
func readLogins() (map[string]login, error) {
	all := map[string]login{}
	path, err := loginsPath()
	if err != nil {
		return all, nil // where nothing can be kept, nothing is
	}
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return all, nil
	case err != nil:
		return nil, fmt.Errorf("the login cannot be read: %w", err)
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("%s is damaged; remove it and log in again", path)
	}
	return all, nil
}

// changeLogins changes the file, which only its owner can read. A reader sees the old one or the new one whole.
func changeLogins(change func(map[string]login)) error {
	path, err := loginsPath()
	if err != nil {
		return err
	}
	all, err := readLogins()
	if err != nil {
		return err
	}
	change(all)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("the login cannot be kept: %w", err)
	}
	err = writeWhole(path, func(w io.Writer) error { return json.NewEncoder(w).Encode(all) })
	if err != nil {
		return fmt.Errorf("the login cannot be kept: %w", err)
	}
	return nil
}
