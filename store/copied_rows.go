package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"unicode/utf8"
)

// A row is written as a line with an array in JSON. Identifiers stand in it as text, instants as microseconds, bytes in base64, and a text
// that JSON cannot hold, because it is not UTF-8, as an object with its bytes. The same row has the same line, whichever engine has it.

// notText is a text that is not UTF-8.
type notText struct {
	Base64 []byte `json:"base64"`
}

// appendRow appends the line of a row, its values as either engine's driver returns them.
func (t copiedTable) appendRow(line []byte, values []any) ([]byte, error) {
	line = append(line, '[')
	for i, c := range t.columns {
		if i > 0 {
			line = append(line, ',')
		}
		var err error
		if line, err = c.append(line, values[i]); err != nil {
			return nil, fmt.Errorf("store: %s.%s: %w", t.name, c.name, err)
		}
	}
	return append(line, "]\n"...), nil
}

func (c copiedColumn) append(line []byte, value any) ([]byte, error) {
	if value == nil {
		return append(line, "null"...), nil
	}
	switch c.kind {
	case keyKind:
		var id string
		err := scanID(&id).Scan(value)
		return appendText(line, id), err
	case textKind:
		var s string
		err := text(&s).Scan(value)
		return appendText(line, s), err
	}
	switch v := value.(type) {
	case int64:
		if c.kind == flagKind {
			return fmt.Appendf(line, "%t", v != 0), nil
		}
		return fmt.Appendf(line, "%d", v), nil
	case bool:
		return fmt.Appendf(line, "%t", v), nil
	case []byte:
		line = append(line, '"')
		line = base64.StdEncoding.AppendEncode(line, v)
		return append(line, '"'), nil
	}
	return nil, fmt.Errorf("a %s is not stored as a %T", c.kind, value)
}

func appendText(line []byte, s string) []byte {
	if !utf8.ValidString(s) {
		line = append(line, `{"base64":"`...)
		line = base64.StdEncoding.AppendEncode(line, []byte(s))
		return append(line, `"}`...)
	}
	line = append(line, '"')
	from := 0
	for i := range len(s) {
		b := s[i]
		if b >= ' ' && b != '"' && b != '\\' {
			continue
		}
		line = append(line, s[from:i]...)
		from = i + 1
		if b < ' ' {
			line = fmt.Appendf(line, `\u%04x`, b)
		} else {
			line = append(line, '\\', b)
		}
	}
	line = append(line, s[from:]...)
	return append(line, '"')
}

// parseRow returns what is bound for the values of a line.
func (t copiedTable) parseRow(line []byte) ([]any, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(line, &raw); err != nil {
		return nil, err
	}
	if len(raw) != len(t.columns) {
		return nil, fmt.Errorf("it has %d values, and the table has %d columns", len(raw), len(t.columns))
	}
	values := make([]any, len(raw))
	for i, c := range t.columns {
		var err error
		if values[i], err = c.parse(raw[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return values, nil
}

func (c copiedColumn) parse(raw []byte) (any, error) {
	if string(raw) == "null" {
		return nil, nil
	}
	switch c.kind {
	case numberKind:
		var n int64
		err := json.Unmarshal(raw, &n)
		return n, err
	case flagKind:
		var b bool
		err := json.Unmarshal(raw, &b)
		return b, err
	case bytesKind:
		b := []byte{}
		err := json.Unmarshal(raw, &b)
		return b, err
	}
	s, err := parseText(raw)
	if err == nil && c.kind == keyKind {
		return keyOf(s), nil
	}
	return s, err
}

func parseText(raw []byte) (string, error) {
	switch {
	case raw[0] == '{':
		var n notText
		err := json.Unmarshal(raw, &n)
		return string(n.Base64), err
	case raw[0] != '"':
		return "", errors.New("it is no text")
	case !utf8.Valid(raw):
		return "", errors.New("it is not UTF-8")
	case bytes.IndexByte(raw, '\\') < 0:
		return string(raw[1 : len(raw)-1]), nil
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err
}

// rowsSum is a checksum of rows that does not depend on their order, which is each engine's own where a key has what is no identifier: the
// sum of their SHA-256 as numbers of 256 bits. It finds what was lost or changed by mistake; it proves nothing about who wrote them.
type rowsSum [4]uint64

func (s *rowsSum) add(line []byte) {
	hash := sha256.Sum256(line)
	var carry uint64
	for i := range s {
		s[i], carry = bits.Add64(s[i], binary.LittleEndian.Uint64(hash[8*i:]), carry)
	}
}

func (s *rowsSum) text() string {
	var b []byte
	for _, word := range s {
		b = binary.LittleEndian.AppendUint64(b, word)
	}
	return hex.EncodeToString(b)
}
