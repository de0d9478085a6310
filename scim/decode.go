package scim

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxJSONDepth is how deep arrays and objects of a body may nest.
const MaxJSONDepth = 32

// syntaxError says where a body stops being JSON. Pos is a byte offset counted from 0.
type syntaxError struct {
	pos  int
	text string
}

func (e *syntaxError) Error() string { return fmt.Sprintf("at byte %d: %s", e.pos, e.text) }

// decodeObject reads a body that must be one JSON object (RFC 8259) and nothing else. Numbers stay as they were written.
// Unlike encoding/json it refuses a key that stands twice, because the two readers of such a body could see two
// different users, half a surrogate pair, and nesting beyond MaxJSONDepth.
func decodeObject(body []byte) (map[string]any, error) {
	d := decoder{src: body}
	d.space()
	if d.pos == len(d.src) {
		return nil, d.fail(d.pos, "the body is empty; expected a JSON object")
	}
	if d.src[d.pos] != '{' {
		return nil, d.fail(d.pos, "expected a JSON object")
	}
	v, err := d.value()
	if err != nil {
		return nil, err
	}
	d.space()
	if d.pos < len(d.src) {
		return nil, d.fail(d.pos, "text after the end of the JSON object")
	}
	return v.(map[string]any), nil
}

type decoder struct {
	src   []byte
	pos   int
	depth int
}

func (d *decoder) fail(pos int, format string, args ...any) error {
	return &syntaxError{pos: pos, text: fmt.Sprintf(format, args...)}
}

func (d *decoder) space() {
	for d.pos < len(d.src) {
		switch d.src[d.pos] {
		case ' ', '\t', '\n', '\r':
			d.pos++
		default:
			return
		}
	}
}

func (d *decoder) peek() byte {
	if d.pos < len(d.src) {
		return d.src[d.pos]
	}
	return 0
}

func (d *decoder) value() (any, error) {
	switch c := d.peek(); {
	case c == '{':
		return d.object()
	case c == '[':
		return d.array()
	case c == '"':
		return d.str()
	case c == '-' || '0' <= c && c <= '9':
		return d.number()
	case c == 't':
		return true, d.literal("true")
	case c == 'f':
		return false, d.literal("false")
	case c == 'n':
		return nil, d.literal("null")
	}
	return nil, d.expected("a JSON value")
}

func (d *decoder) expected(what string) error {
	if d.pos >= len(d.src) {
		return d.fail(d.pos, "expected %s, found the end of the body", what)
	}
	r, _ := utf8.DecodeRune(d.src[d.pos:])
	return d.fail(d.pos, "expected %s, found %q", what, r)
}

func (d *decoder) literal(word string) error {
	if len(d.src)-d.pos < len(word) || string(d.src[d.pos:d.pos+len(word)]) != word {
		return d.expected(word)
	}
	d.pos += len(word)
	return nil
}

func (d *decoder) enter() error {
	d.depth++
	if d.depth > MaxJSONDepth {
		return d.fail(d.pos, "nested deeper than %d levels", MaxJSONDepth)
	}
	d.pos++
	d.space()
	return nil
}

func (d *decoder) object() (any, error) {
	if err := d.enter(); err != nil {
		return nil, err
	}
	m := make(map[string]any, 8)
	if d.peek() == '}' {
		d.pos++
		d.depth--
		return m, nil
	}
	for {
		if d.peek() != '"' {
			return nil, d.expected("a key in double quotes")
		}
		at := d.pos
		key, err := d.str()
		if err != nil {
			return nil, err
		}
		if _, twice := m[key]; twice {
			return nil, d.fail(at, "the key %q stands twice", key)
		}
		d.space()
		if d.peek() != ':' {
			return nil, d.expected("a colon")
		}
		d.pos++
		d.space()
		if m[key], err = d.value(); err != nil {
			return nil, err
		}
		d.space()
		switch d.peek() {
		case ',':
			d.pos++
			d.space()
		case '}':
			d.pos++
			d.depth--
			return m, nil
		default:
			return nil, d.expected("a comma or a closing brace")
		}
	}
}

func (d *decoder) array() (any, error) {
	if err := d.enter(); err != nil {
		return nil, err
	}
	list := []any{}
	if d.peek() == ']' {
		d.pos++
		d.depth--
		return list, nil
	}
	for {
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		d.space()
		switch d.peek() {
		case ',':
			d.pos++
			d.space()
		case ']':
			d.pos++
			d.depth--
			return list, nil
		default:
			return nil, d.expected("a comma or a closing bracket")
		}
	}
}

func (d *decoder) number() (any, error) {
	start := d.pos
	digits := func() bool {
		from := d.pos
		for c := d.peek(); '0' <= c && c <= '9'; c = d.peek() {
			d.pos++
		}
		return d.pos > from
	}
	if d.peek() == '-' {
		d.pos++
	}
	whole := d.pos
	ok := digits() && !(d.src[whole] == '0' && d.pos-whole > 1)
	if ok && d.peek() == '.' {
		d.pos++
		ok = digits()
	}
	if ok && d.peek()|0x20 == 'e' {
		d.pos++
		if d.peek() == '+' || d.peek() == '-' {
			d.pos++
		}
		ok = digits()
	}
	if !ok {
		return nil, d.fail(start, "malformed number")
	}
	return json.Number(d.src[start:d.pos]), nil
}

func (d *decoder) str() (string, error) {
	start := d.pos
	i := start + 1
	var out []byte // nil until an escape makes the text differ from its source
	plain := i
	for i < len(d.src) {
		switch c := d.src[i]; {
		case c == '"':
			d.pos = i + 1
			if out == nil {
				return string(d.src[plain:i]), nil
			}
			return string(append(out, d.src[plain:i]...)), nil
		case c < 0x20:
			return "", d.fail(i, "control character in a string")
		case c == '\\':
			r, n := d.escape(i)
			if n == 0 {
				return "", d.fail(i, "unknown escape or half a surrogate pair in a string")
			}
			out = utf8.AppendRune(append(out, d.src[plain:i]...), r)
			i += n
			plain = i
		case c < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRune(d.src[i:])
			if r == utf8.RuneError && n == 1 {
				return "", d.fail(i, "invalid UTF-8 in a string")
			}
			i += n
		}
	}
	return "", d.fail(start, "string without closing quote")
}

// escape decodes the escape sequence at byte i; its length is 0 if it is none.
func (d *decoder) escape(i int) (rune, int) {
	if i+1 >= len(d.src) {
		return 0, 0
	}
	switch c := d.src[i+1]; c {
	case '"', '\\', '/':
		return rune(c), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	}
	high, ok := d.hex(i)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(high) {
		return high, 6
	}
	low, ok := d.hex(i + 6)
	if r := utf16.DecodeRune(high, low); ok && r != utf8.RuneError {
		return r, 12
	}
	return 0, 0
}

func (d *decoder) hex(i int) (rune, bool) {
	if i+6 > len(d.src) || d.src[i] != '\\' || d.src[i+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(d.src[i+2:i+6]), 16, 16)
	return rune(n), err == nil
}
