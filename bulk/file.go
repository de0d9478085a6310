package bulk

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"rollcall/identity"
)

// The limits of a file (CSV-01).
const (
	MaxRows      = 20_000   // users in one file
	MaxRowBytes  = 32 << 10 // of one row, quotes and line end included
	MaxCellBytes = 1024     // of one new value
)

// readAhead is how much the CSV reader reads at a time, and so how far beyond a row it may have read.
const readAhead = 4096

// file reads a file of users row by row: UTF-8 with or without a byte order mark, RFC 4180, a header first (CSV-07). It holds one
// row at a time.
type file struct {
	columns []column
	source  *rationed
	rows    *csv.Reader
	end     int64 // the offset behind the last row
	number  int   // of the last row, from 1; the header is none
	users   int   // rows with anything in them
}

// rationed gives at most as much as was allowed, so that a quote that is never closed does not make one cell of a whole file.
type rationed struct {
	from io.Reader
	left int64
}

var errTooLong = errors.New("the row is too long")

func (r *rationed) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errTooLong
	}
	n, err := r.from.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	return n, err
}

// openFile reads the header and finds its columns in a sheet.
func openFile(r io.Reader, s sheet) (*file, error) {
	begin := bufio.NewReaderSize(r, readAhead)
	if mark, _ := begin.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = begin.Discard(3)
	}
	f := &file{source: &rationed{from: begin}}
	f.rows = csv.NewReader(f.source)
	f.rows.ReuseRecord = true
	header, err := f.record()
	if errors.Is(err, io.EOF) {
		return nil, refuseFile("the file is empty; its first line must name the columns, at least %q", userHeader)
	}
	if err != nil {
		return nil, err
	}
	if len(header) == 1 && strings.ContainsAny(header[0], ";\t") {
		return nil, refuseFile("line 1: the columns must be separated by commas, as RFC 4180 says; save the file as CSV with commas")
	}
	for i, cell := range header {
		c, found := s.find(strings.TrimSpace(plain(cell)))
		switch {
		case !found:
			return nil, refuseFile("line 1: column %d, %s, is not known; there are %s, and one for each licence of the organization's subscriptions",
				i+1, quoted(cell), s.headers())
		case slices.ContainsFunc(f.columns, func(o column) bool { return o.id == c.id }):
			return nil, refuseFile("line 1: column %d, %s, is there twice", i+1, quoted(cell))
		}
		f.columns = append(f.columns, c)
	}
	if !slices.ContainsFunc(f.columns, func(c column) bool { return c.id == userColumn }) {
		return nil, refuseFile("line 1: the column %q is missing", userHeader)
	}
	return f, nil
}

// next returns the next row that has anything in it, and io.EOF behind the last. The cells are valid until the next call.
func (f *file) next() ([]string, error) {
	for {
		cells, err := f.record()
		if err != nil {
			return nil, err
		}
		f.number++
		if !slices.ContainsFunc(cells, func(s string) bool { return strings.TrimSpace(s) != "" }) {
			continue // spreadsheets leave such rows behind the last one
		}
		if f.users++; f.users > MaxRows {
			line, _ := f.rows.FieldPos(0)
			return nil, identity.Refuse(identity.Invalid, identity.RuleTooManyRows,
				"line %d: the file has more than %d users; split it into files of at most so many", line, MaxRows)
		}
		return cells, nil
	}
}

// record reads one row and checks what every row must be.
func (f *file) record() ([]string, error) {
	f.source.left = MaxRowBytes + readAhead
	cells, err := f.rows.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, io.EOF
	case errors.Is(err, errTooLong):
		return nil, f.tooLong()
	case err != nil:
		return nil, f.broken(cells, err)
	}
	size := f.rows.InputOffset() - f.end
	f.end = f.rows.InputOffset()
	if size > MaxRowBytes {
		return nil, f.tooLong()
	}
	for i, cell := range cells {
		if !utf8.ValidString(cell) {
			line, _ := f.rows.FieldPos(i)
			return nil, refuseFile("line %d: column %d is not UTF-8; save the file as CSV UTF-8", line, i+1)
		}
	}
	return cells, nil
}

// tooLong cannot tell the line: the reader gave up inside of the row.
func (f *file) tooLong() error {
	where := "the header"
	if f.columns != nil {
		where = fmt.Sprintf("row %d", f.number+1)
	}
	return refuseFile("%s has more than %d bytes; perhaps a quotation mark is not closed", where, MaxRowBytes)
}

// broken says what the CSV reader found. What is not about the text comes from whoever sends the file.
func (f *file) broken(cells []string, err error) error {
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		return &identity.Error{Kind: identity.Invalid, Rule: identity.RuleInvalidValue, Err: err,
			Detail: "the file could not be read to its end; send it again"}
	}
	switch {
	case errors.Is(err, csv.ErrFieldCount):
		return refuseFile("line %d: the row has %d columns, and the header has %d", parse.Line, len(cells), len(f.columns))
	case errors.Is(err, csv.ErrQuote):
		return refuseFile("line %d, position %d: a quoted cell ends in the wrong place or not at all; write quotation marks inside of a cell twice", parse.Line, parse.Column)
	default:
		return refuseFile("line %d, position %d: a quotation mark in a cell that is not quoted; put the cell in quotation marks and write the one inside twice", parse.Line, parse.Column)
	}
}

func refuseFile(format string, args ...any) error {
	return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, format, args...).At("file")
}

// quoted shows the beginning of a text that somebody else has written.
func quoted(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
