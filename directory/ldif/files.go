package ldif

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rollcall/directory"
	"rollcall/identity"
)

// state is how a file was when it was read.
type state struct {
	name    string
	size    int64
	changed time.Time
}

// scan reads every entry of every file and returns how the files were. A file that cannot be read to its end is an error, whatever
// came before.
func (s *Source) scan(ctx context.Context, visit func(record) error) ([]state, error) {
	names, err := s.files()
	if err != nil {
		return nil, err
	}
	var states []state
	for _, name := range names {
		st, err := scanFile(ctx, name, visit)
		if err != nil {
			return nil, explain(ctx, name, err)
		}
		states = append(states, st)
	}
	// What was put into the folder or taken out of it meanwhile belongs to another reading.
	after, err := s.files()
	if err != nil {
		return nil, err
	}
	if !slices.Equal(names, after) {
		return nil, unreadable("the files in %s changed while they were read; try again once the export is done", s.settings.Path)
	}
	return states, nil
}

// files returns the names of the files, sorted.
func (s *Source) files() ([]string, error) {
	info, err := os.Stat(s.settings.Path)
	if err != nil {
		return nil, unreadable("the path %s cannot be read: %v", s.settings.Path, err)
	}
	if !info.IsDir() {
		return []string{s.settings.Path}, nil
	}
	list, err := os.ReadDir(s.settings.Path)
	if err != nil {
		return nil, unreadable("the folder %s cannot be read: %v", s.settings.Path, err)
	}
	var names []string
	for _, file := range list {
		if strings.EqualFold(filepath.Ext(file.Name()), ".ldif") {
			names = append(names, filepath.Join(s.settings.Path, file.Name()))
		}
	}
	if len(names) == 0 {
		return nil, unreadable("the folder %s holds no file whose name ends in .ldif", s.settings.Path)
	}
	return names, nil
}

func scanFile(ctx context.Context, name string, visit func(record) error) (st state, err error) {
	// Opening a pipe would wait for whoever writes to it.
	if info, err := os.Stat(name); err != nil {
		return st, err
	} else if !info.Mode().IsRegular() {
		return st, errors.New("it is not a file")
	}
	file, err := os.Open(name)
	if err != nil {
		return st, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	before, err := file.Stat()
	if err != nil {
		return st, err
	}
	p := newParser(&patient{ctx: ctx, in: file})
	for {
		r, err := p.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = visit(r)
		}
		if err != nil {
			return st, err
		}
	}
	after, err := file.Stat()
	if err != nil {
		return st, err
	}
	st = state{name: name, size: before.Size(), changed: before.ModTime()}
	if after.Size() != st.size || !after.ModTime().Equal(st.changed) {
		return st, errors.New("it was written to while it was read; try again once the export is done")
	}
	return st, nil
}

// patient reads until its context ends.
type patient struct {
	ctx context.Context
	in  io.Reader
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.in.Read(b)
}

// explain says which file cannot be read, and why.
func explain(ctx context.Context, name string, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errEnough):
		return err
	}
	var wrong *malformed
	switch {
	case errors.As(err, &wrong):
		return unreadable("%s, line %d: %s", name, wrong.line, wrong.text)
	case errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrPermission):
		return unreadable("%v", err)
	}
	return unreadable("the file %s cannot be read: %v", name, err)
}

func unreadable(format string, args ...any) error {
	return identity.Refuse(identity.Unavailable, directory.RuleUnreachable, "%s", fmt.Sprintf(format, args...))
}
