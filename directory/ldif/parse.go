package ldif

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"rollcall/directory/mapping"
)

// The bounds of what is kept in memory.
const (
	maxLineBytes   = 32 << 20 // of a line with its continuations
	maxRecordBytes = 64 << 20
)

// parser reads the entries of one file.
type parser struct {
	in       *bufio.Reader
	physical int // lines read so far
	begun    bool
	wide     bool           // UTF-16, as ldifde -u writes
	index    map[string]int // of the record's attributes, by lower-case name
	line     []byte
}

// record is one entry, or, without attributes, what stands in its place.
type record struct {
	mapping.Raw
	line     int
	referral string // where ldapsearch was told to look for more
}

func newParser(r io.Reader) *parser {
	p := &parser{in: bufio.NewReaderSize(r, 1<<16), index: map[string]int{}}
	start, _ := p.in.Peek(3)
	if bytes.Equal(start, []byte("\ufeff")) {
		_, _ = p.in.Discard(3) // they were peeked at
	}
	p.wide = bytes.HasPrefix(start, []byte("\xff\xfe")) || bytes.HasPrefix(start, []byte("\xfe\xff"))
	return p
}

// malformed is a file that is not what RFC 2849 says.
type malformed struct {
	line int
	text string
}

func (e *malformed) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.text) }

func (p *parser) fail(line int, format string, args ...any) error {
	return &malformed{line: line, text: fmt.Sprintf(format, args...)}
}

// next returns the next entry, and io.EOF after the last one.
func (p *parser) next() (record, error) {
	if p.wide {
		return record{}, p.fail(1, "the file is in UTF-16; export it in UTF-8 (ldifde without -u)")
	}
	for {
		name, value, at, err := p.attribute()
		switch {
		case err != nil:
			return record{}, err
		case name == "":
			continue // an empty line
		case strings.EqualFold(name, "version") && !p.begun:
			p.begun = true
			if string(value) != "1" {
				return record{}, p.fail(at, "the version is %q; only version 1 is known", value)
			}
			continue
		}
		p.begun = true
		switch strings.ToLower(name) {
		case "dn":
			return p.entry(string(value), at, true)
		case "ref":
			_, err := p.entry("", at, false)
			return record{line: at, referral: string(value)}, err
		case "search", "result":
			if err := p.trailer(name, value, at); err != nil {
				return record{}, err
			}
			continue
		case "changetype":
			return record{}, p.change(at)
		}
		return record{}, p.fail(at, "an entry begins with dn:, not with %s:", name)
	}
}

// entry reads the attributes of an entry, or those of what is none.
func (p *parser) entry(dn string, line int, real bool) (record, error) {
	r := record{Raw: mapping.Raw{DN: dn}, line: line}
	clear(p.index)
	size := 0
	for {
		name, value, at, err := p.attribute()
		if errors.Is(err, io.EOF) || err == nil && name == "" {
			return r, nil
		}
		if err != nil {
			return record{}, err
		}
		key := strings.ToLower(name)
		switch {
		case key == "dn":
			return record{}, p.fail(at, "an empty line is missing before the next entry")
		case real && (key == "changetype" || key == "control"):
			return record{}, p.change(at)
		}
		if size += len(value); size > maxRecordBytes {
			return record{}, p.fail(at, "the entry has more than %d bytes", maxRecordBytes)
		}
		i, there := p.index[key]
		if !there {
			i = len(r.Attributes)
			p.index[key] = i
			r.Attributes = append(r.Attributes, mapping.Attribute{Name: name})
		}
		r.Attributes[i].Values = append(r.Attributes[i].Values, value)
	}
}

func (p *parser) change(at int) error {
	return p.fail(at, "this is a list of changes, not of entries; export the entries themselves (ldapsearch, slapcat), "+
		`or, if ldifde wrote the file, take the lines "changetype: add" out`)
}

// trailer reads what ldapsearch writes after its entries. The result tells whether they are all.
func (p *parser) trailer(name string, value []byte, at int) error {
	r, err := p.entry("", at, false)
	if err != nil {
		return err
	}
	result := ""
	if strings.EqualFold(name, "result") {
		result = string(value)
	}
	for _, a := range r.Attributes {
		if strings.EqualFold(a.Name, "result") {
			result = string(a.Values[0])
		}
	}
	if code, _, _ := strings.Cut(result, " "); code != "0" {
		return p.fail(at, "the export ended with the result %q, so it is not whole; export it again", result)
	}
	return nil
}

// attribute reads the next line. An empty line has no name.
func (p *parser) attribute() (name string, value []byte, at int, err error) {
	line, at, err := p.logical()
	if err != nil || len(line) == 0 {
		return "", nil, at, err
	}
	before, after, found := bytes.Cut(line, []byte(":"))
	if name = string(before); !found || !described(name) {
		return "", nil, at, p.fail(at, "this is not an attribute and its value, like \"cn: Ada\"")
	}
	switch {
	case bytes.HasPrefix(after, []byte("<")):
		return "", nil, at, p.fail(at, "the value of %s is in another file or place (:<), and nothing is fetched from there; export the value itself", name)
	case bytes.HasPrefix(after, []byte(":")):
		coded := bytes.TrimSpace(after[1:])
		value = make([]byte, base64.StdEncoding.DecodedLen(len(coded)))
		n, err := base64.StdEncoding.Decode(value, coded)
		if err != nil {
			return "", nil, at, p.fail(at, "the value of %s is not base64", name)
		}
		return name, value[:n], at, nil
	}
	return name, bytes.Clone(bytes.TrimLeft(after, " ")), at, nil
}

// described reports whether a text can be the name of an attribute with its options (RFC 4512 section 2.5).
func described(s string) bool {
	return s != "" && len(s) <= 256 && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-._;=*", r))
	})
}

// logical reads a line with its continuations. Comments are left out. The line is good until the next call.
func (p *parser) logical() (line []byte, at int, err error) {
	for {
		p.line = p.line[:0]
		if err := p.read(); err != nil {
			return nil, p.physical, err
		}
		at := p.physical
		if len(p.line) == 0 {
			return nil, at, nil
		}
		if p.line[0] == ' ' {
			return nil, at, p.fail(at, "the line begins with a space, but there is no line before it to continue")
		}
		for {
			if next, _ := p.in.Peek(1); len(next) == 0 || next[0] != ' ' {
				break
			}
			_, _ = p.in.Discard(1) // it was peeked at
			if err := p.read(); err != nil {
				return nil, p.physical, err
			}
		}
		if p.line[0] != '#' {
			return p.line, at, nil
		}
	}
}

// read appends the next line of the file, without its end. The file ends with io.EOF only after a whole line.
func (p *parser) read() error {
	for {
		part, err := p.in.ReadSlice('\n')
		p.line = append(p.line, part...)
		switch {
		case len(p.line) > maxLineBytes:
			return p.fail(p.physical+1, "the line has more than %d bytes", maxLineBytes)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(part) == 0 && len(p.line) == 0:
			return io.EOF
		case errors.Is(err, io.EOF):
			return p.fail(p.physical+1, "the last line does not end, so the file may have been cut off; if it is whole, add a line end")
		case err != nil:
			return err
		}
		p.physical++
		p.line = bytes.TrimSuffix(p.line[:len(p.line)-1], []byte("\r"))
		return nil
	}
}
