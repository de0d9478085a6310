package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func say(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func TestWriteWhole_AFileIsThereWholeOrAsItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users.csv")
	require.NoError(t, writeWhole(path, say("first")))
	broken := errors.New("cut off")
	require.ErrorIs(t, writeWhole(path, func(w io.Writer) error { return errors.Join(say("half")(w), broken) }), broken)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "first", string(text))
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode())
}

func TestWriteWhole_ALinkStaysALink(t *testing.T) {
	folder := t.TempDir()
	target, link := filepath.Join(folder, "target"), filepath.Join(folder, "link")
	require.NoError(t, os.WriteFile(target, []byte("old"), 0o600))
	require.NoError(t, os.Symlink(target, link))
	require.NoError(t, writeWhole(link, say("new")))
	text, err := os.ReadFile(target)
	require.NoError(t, err)
	require.Equal(t, "new", string(text))
	info, err := os.Lstat(link)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&fs.ModeSymlink)
}

// What is no file, such as a pipe or /dev/null, is written to and never replaced.
func TestWriteWhole_APipeStaysAPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	got := make(chan string, 1)
	go func() {
		text, err := os.ReadFile(pipe)
		got <- string(text)
		if err != nil {
			t.Error(err)
		}
	}()
	require.NoError(t, writeWhole(pipe, say("users")))
	require.Equal(t, "users", <-got)
	info, err := os.Lstat(pipe)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&fs.ModeNamedPipe)
}

func TestWriteWhole_AFolderIsNoPlaceForAFile(t *testing.T) {
	require.ErrorContains(t, writeWhole(t.TempDir(), say("x")), "is a folder; name a file in it")
}
