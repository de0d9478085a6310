package filter

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Error says what is wrong with a filter or path. Pos is the byte offset of the offending text, counted from 0, or -1
// when the text is well formed but does not fit the schema.
type Error struct {
	Pos  int
	Text string
}

func (e *Error) Error() string {
	if e.Pos < 0 {
		return e.Text
	}
	return fmt.Sprintf("at byte %d: %s", e.Pos, e.Text)
}

type tokenKind uint8

const (
	tokEnd tokenKind = iota
	tokWord
	tokString
	tokNumber
	tokOpen       // (
	tokClose      // )
	tokOpenArray  // [
	tokCloseArray // ]
)

// token is one lexeme; text is decoded for strings and verbatim for the rest.
type token struct {
	kind tokenKind
	pos  int
	end  int
	text string
}

// lexer reads one token at a time and keeps no list of them.
type lexer struct {
	src string
	pos int
}

func (l *lexer) fail(pos int, format string, args ...any) *Error {
	return &Error{Pos: pos, Text: fmt.Sprintf(format, args...)}
}

func (l *lexer) next() (token, *Error) {
	for l.pos < len(l.src) && (l.src[l.pos] == ' ' || l.src[l.pos] == '\t') {
		l.pos++
	}
	start := l.pos
	if start == len(l.src) {
		return token{kind: tokEnd, pos: start, end: start}, nil
	}
	c := l.src[start]
	switch {
	case c == '"':
		return l.str()
	case c == '-' || isDigit(c):
		return l.number()
	case isWordStart(c):
		l.pos++
		for l.pos < len(l.src) && isWordByte(l.src[l.pos]) {
			l.pos++
		}
		return token{kind: tokWord, pos: start, end: l.pos, text: l.src[start:l.pos]}, nil
	}
	var kind tokenKind
	switch c {
	case '(':
		kind = tokOpen
	case ')':
		kind = tokClose
	case '[':
		kind = tokOpenArray
	case ']':
		kind = tokCloseArray
	default:
		r, _ := utf8.DecodeRuneInString(l.src[start:])
		return token{}, l.fail(start, "unexpected character %q", r)
	}
	l.pos++
	return token{kind: kind, pos: start, end: l.pos, text: l.src[start:l.pos]}, nil
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// isWordStart also accepts the dot that follows a closing bracket and the dollar of $ref.
func isWordStart(c byte) bool { return isLetter(c) || c == '$' || c == '.' || c == '_' }

func isWordByte(c byte) bool {
	return isLetter(c) || isDigit(c) || strings.IndexByte("-_.:$", c) >= 0
}

// number reads a JSON number (RFC 8259 section 6) and keeps its text: no digit is lost.
func (l *lexer) number() (token, *Error) {
	start, s := l.pos, l.src
	i := start
	if s[i] == '-' {
		i++
	}
	digits := func() bool {
		from := i
		for i < len(s) && isDigit(s[i]) {
			i++
		}
		return i > from
	}
	intStart := i
	ok := digits() && !(s[intStart] == '0' && i-intStart > 1)
	if ok && i < len(s) && s[i] == '.' {
		i++
		ok = digits()
	}
	if ok && i < len(s) && s[i]|0x20 == 'e' {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		ok = digits()
	}
	if !ok || i < len(s) && isWordByte(s[i]) {
		return token{}, l.fail(start, "malformed number; texts need double quotes")
	}
	l.pos = i
	return token{kind: tokNumber, pos: start, end: i, text: s[start:i]}, nil
}

// str reads a JSON string (RFC 8259 section 7).
func (l *lexer) str() (token, *Error) {
	start := l.pos
	i := start + 1
	plain := i
	var b strings.Builder
	for i < len(l.src) {
		switch c := l.src[i]; {
		case c == '"':
			l.pos = i + 1
			if b.Len() == 0 {
				return token{kind: tokString, pos: start, end: l.pos, text: l.src[plain:i]}, nil
			}
			b.WriteString(l.src[plain:i])
			return token{kind: tokString, pos: start, end: l.pos, text: b.String()}, nil
		case c < 0x20:
			return token{}, l.fail(i, "control character in a string; write it as \\u%04x", c)
		case c == '\\':
			b.WriteString(l.src[plain:i])
			r, n, err := l.escape(i)
			if err != nil {
				return token{}, err
			}
			b.WriteRune(r)
			i += n
			plain = i
		case c < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRuneInString(l.src[i:])
			if r == utf8.RuneError && n == 1 {
				return token{}, l.fail(i, "invalid UTF-8 in a string")
			}
			i += n
		}
	}
	return token{}, l.fail(start, "string without closing quote")
}

const simpleEscapes, simpleRunes = `"\/bfnrt`, "\"\\/\b\f\n\r\t"

// escape decodes the escape sequence at byte i and returns its rune and length.
func (l *lexer) escape(i int) (rune, int, *Error) {
	if i+1 < len(l.src) {
		if k := strings.IndexByte(simpleEscapes, l.src[i+1]); k >= 0 {
			return rune(simpleRunes[k]), 2, nil
		}
	}
	high, ok := l.hex(i)
	if !ok {
		return 0, 0, l.fail(i, `unknown escape; expected one of \" \\ \/ \b \f \n \r \t \uXXXX`)
	}
	if !utf16.IsSurrogate(high) {
		return high, 6, nil
	}
	low, ok := l.hex(i + 6)
	r := utf16.DecodeRune(high, low)
	if !ok || r == utf8.RuneError {
		return 0, 0, l.fail(i, "half of a surrogate pair; expected \\uD800-\\uDBFF followed by \\uDC00-\\uDFFF")
	}
	return r, 12, nil
}

// hex reads the \uXXXX at byte i.
func (l *lexer) hex(i int) (rune, bool) {
	if i+6 > len(l.src) || l.src[i] != '\\' || l.src[i+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(l.src[i+2 : i+6]) {
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
