package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// writeWhole writes a file beside its place and moves it there when it is whole. Its owner alone can read it. What stands there and
// is no file, such as a pipe or a device, is written to as it is: moving a file there would put an end to it.
func writeWhole(path string, write func(io.Writer) error) (err error) {
	at, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		at, err = path, nil
	}
	if err != nil {
		return err
	}
	if info, err := os.Stat(at); err == nil && !info.Mode().IsRegular() {
		if info.IsDir() {
			return fmt.Errorf("%s is a folder; name a file in it", path)
		}
		return writeThrough(at, write)
	}
	file, err := os.CreateTemp(filepath.Dir(at), ".rollcall-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err = errors.Join(write(file), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), at)
}

func writeThrough(path string, write func(io.Writer) error) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
