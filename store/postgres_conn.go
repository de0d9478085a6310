package store

import (
	"context"
	"database/sql/driver"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/stdlib"
)

// postgresConn stores what PostgreSQL's text and bytea do not hold as they are: texts with a NUL or that are not UTF-8, such as a path
// that somebody sent, and identifiers that are none.
//
// It also keeps statements that wait for the next message; see postgres_later.go.
type postgresConn struct {
	*stdlib.Conn
	unsent []statement
	asked  []statement // questions whose rows come before those of the next one
}

func (c *postgresConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if len(c.unsent) > 0 {
		return c.execLast(ctx, query, args)
	}
	return c.Conn.ExecContext(ctx, query, stored(args))
}

func (c *postgresConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if len(c.unsent)+len(c.asked) > 0 {
		return c.queryLast(ctx, query, args)
	}
	rows, err := c.Conn.QueryContext(ctx, query, stored(args))
	if err != nil {
		return nil, err
	}
	return postgresRows{rows.(*stdlib.Rows)}, nil
}

func stored(args []driver.NamedValue) []driver.NamedValue {
	copied := false
	for i, arg := range args {
		value, other := storedValue(arg.Value)
		if !other {
			continue
		}
		if !copied {
			args, copied = slices.Clone(args), true
		}
		args[i].Value = value
	}
	return args
}

// storedValue returns what is stored for a value, and whether that is another one.
func storedValue(value any) (any, bool) {
	switch v := value.(type) {
	case string:
		if special(v) {
			return escape(v), true
		}
	case looseKey:
		return v.bytes(), true
	}
	return value, false
}

type postgresRows struct{ *stdlib.Rows }

func (r postgresRows) Next(dest []driver.Value) error {
	err := r.Rows.Next(dest)
	for i, v := range dest {
		if s, ok := v.(string); ok {
			dest[i] = loaded(s)
		}
	}
	return err
}

// loaded returns the text that is stored so.
func loaded(stored string) string {
	if strings.IndexByte(stored, mark) >= 0 {
		return unescape(stored)
	}
	return stored
}

// A mark and what follows it stand for one byte, so that texts keep their order: 0 is less than the mark itself, and that is less than
// everything else. Bytes that are no UTF-8 are not in their order, but they are kept.
const (
	mark       = 1
	markedZero = "\x01\x01"
	markedMark = "\x01\x02"
	markedByte = "\x01\x03" // and the byte in hexadecimal
)

func special(s string) bool {
	return strings.IndexByte(s, 0) >= 0 || strings.IndexByte(s, mark) >= 0 || !utf8.ValidString(s)
}

func escape(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == 0:
			b.WriteString(markedZero)
		case r == mark:
			b.WriteString(markedMark)
		case r == utf8.RuneError && size == 1:
			b.WriteString(markedByte + hex.EncodeToString([]byte{s[0]}))
		default:
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

func unescape(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		size := 2
		switch {
		case strings.HasPrefix(s, markedZero):
			b.WriteByte(0)
		case strings.HasPrefix(s, markedMark):
			b.WriteByte(mark)
		case strings.HasPrefix(s, markedByte) && len(s) >= 4:
			size = 4
			value, _ := hex.DecodeString(s[2:4]) // written by escape
			b.Write(value)
		default:
			size = 1
			b.WriteByte(s[0])
		}
		s = s[size:]
	}
	return b.String()
}
