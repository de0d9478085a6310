package store

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"rollcall/identity"
)

// longestLine bounds what one line takes in memory: a part of a file or of a plan is far below it.
const longestLine = 256 << 20

// exportReader reads an export line by line and believes none of it before it has come to the end.
type exportReader struct {
	from   *bufio.Reader
	buffer []byte
	number int // of the line that was read last
	hash   hash.Hash
	sums   string
	tables int
	rows   int64
	header ExportHeader
}

// newExportReader reads the header. What is compressed by gzip is read too.
func newExportReader(from io.Reader) (*exportReader, error) {
	buffered := bufio.NewReaderSize(from, 1<<16)
	if magic, err := buffered.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		inner, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, damaged("the file begins like one of gzip and cannot be read as one: %v", err)
		}
		buffered = bufio.NewReaderSize(inner, 1<<16)
	}
	r := &exportReader{from: buffered, hash: sha256.New()}
	line, err := r.line("its header")
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(line, &r.header) != nil || r.header.Format == 0 {
		return nil, damaged("this is no export of rollcall: its first line does not say so")
	}
	switch h := r.header; {
	case h.Format != exportFormat:
		return nil, identity.Refuse(identity.Invalid, identity.RuleExportVersion,
			"the file has the form %d, written by rollcall %s, and this program reads the form %d only", h.Format, h.Program, exportFormat)
	case h.Schema != copiedSchema():
		return nil, identity.Refuse(identity.Invalid, identity.RuleExportVersion,
			"the file was written from schema version %d by rollcall %s, and this program imports version %d only", h.Schema, h.Program, copiedSchema())
	}
	return r, nil
}

// damaged is the refusal of a file that is not as an export was written.
func damaged(format string, args ...any) error {
	return identity.Refuse(identity.Invalid, identity.RuleExportDamaged, format, args...)
}

// line reads a line that is expected to be something, and returns it with its end. It holds until the next is read.
func (r *exportReader) line(what string) ([]byte, error) {
	r.number++
	r.buffer = r.buffer[:0]
	for {
		part, err := r.from.ReadSlice('\n')
		r.buffer = append(r.buffer, part...)
		switch {
		case err == nil:
			return r.buffer, nil
		case len(r.buffer) > longestLine:
			return nil, damaged("line %d, %s, is longer than any line of an export", r.number, what)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil, damaged("the file ends in line %d, where %s was expected: it was cut off, or the export did not come to its end", r.number, what)
		}
		return nil, r.failed(err)
	}
}

// failed tells a file that cannot be unpacked from one that cannot be read.
func (r *exportReader) failed(err error) error {
	var system interface{ Timeout() bool } // what operating systems say
	if errors.As(err, &system) {
		return fmt.Errorf("the export cannot be read after line %d: %w", r.number-1, err)
	}
	return damaged("the file cannot be unpacked after line %d: %v", r.number-1, err)
}

func (r *exportReader) took(line []byte) { _, _ = r.hash.Write(line) } // never fails

// begin reads the line before a table's rows.
func (r *exportReader) begin(t copiedTable) error {
	if r.tables == 0 {
		r.took(r.buffer) // the header
	}
	line, err := r.line("the table " + t.name)
	if err != nil {
		return err
	}
	var found tableBegin
	if json.Unmarshal(line, &found) != nil || found.Table != t.name {
		return damaged("line %d does not begin the table %s, which comes there", r.number, t.name)
	}
	if !slices.Equal(found.Columns, t.names()) {
		return damaged("line %d: the table %s has other columns than this program knows", r.number, t.name)
	}
	r.took(line)
	return nil
}

// next returns the values of a table's next row; nil after the last, which was compared with what the file says about the table.
func (r *exportReader) next(t copiedTable, so *tableEnd, sum *rowsSum) ([]any, error) {
	line, err := r.line("a row of the table " + t.name)
	if err != nil {
		return nil, err
	}
	if line[0] != '[' {
		return nil, r.finish(t, line, so, sum)
	}
	values, err := t.parseRow(line)
	if err != nil {
		return nil, damaged("line %d is no row of the table %s: %v", r.number, t.name, err)
	}
	r.took(line)
	sum.add(line)
	so.Rows++
	r.rows++
	return values, nil
}

func (r *exportReader) finish(t copiedTable, line []byte, so *tableEnd, sum *rowsSum) error {
	so.End, so.Contents = t.name, sum.text()
	var said tableEnd
	switch {
	case json.Unmarshal(line, &said) != nil || said.End != t.name:
		return damaged("line %d is neither a row nor the end of the table %s", r.number, t.name)
	case said.Rows != so.Rows || r.header.Rows[t.name] != so.Rows:
		return damaged("line %d: the table %s has %d rows, but the file says that it has %d", r.number, t.name, so.Rows, said.Rows)
	case said.Contents != so.Contents:
		return damaged("line %d: rows of the table %s are not what they were when they were exported", r.number, t.name)
	}
	r.took(line)
	r.sums += so.Contents
	r.tables++
	return nil
}

// end reads the last line and compares it with everything before it.
func (r *exportReader) end() (exportEnd, error) {
	line, err := r.line("the end of the export")
	if err != nil {
		return exportEnd{}, err
	}
	here := exportEnd{r.tables, r.rows, digestOf(r.sums), hex.EncodeToString(r.hash.Sum(nil))}
	var said exportEnd
	if json.Unmarshal(line, &said) != nil || said != here {
		return here, damaged("the file's checksum is another than its last line says: it was changed")
	}
	_, err = r.from.Peek(1)
	switch {
	case err == nil:
		return here, damaged("line %d: something comes after the end of the export", r.number+1)
	case !errors.Is(err, io.EOF):
		return here, r.failed(err)
	}
	return here, nil
}
