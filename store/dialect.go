package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"sync"
)

// dialect is what one engine spells differently. Everything else has one text for all engines.
type dialect struct {
	native bool // it has PostgreSQL's spelling
	// placeholder is how the engine names argument n, counted from 1.
	placeholder func(n int) string
	// contains, hasPrefix and hasSuffix compare bytes; no character of the argument is a wildcard. They get the column,
	// a value that is not empty, and a function that binds an argument and returns its placeholder.
	contains, hasPrefix, hasSuffix func(column, value string, arg func(any) string) string

	// now is the instant by the engine's clock, as instants are stored; empty if the engine runs in this program.
	now string

	// keyText is the text of an identifier that is stored as bytes.
	keyText func(column string) string

	// send runs statements one after another, each of which changes something, with the next message to the engine; nil if messages cost
	// nothing. If one of them fails, it is the statement of that message that says so.
	send func(ctx context.Context, conn *sql.Conn, list []statement) error

	texts sync.Map // statements of this package, in PostgreSQL's spelling, to the engine's
}

// rebind replaces $1, $2 … by the engine's placeholders.
func (d *dialect) rebind(query string) string {
	if d.native {
		return query
	}
	if strings.IndexByte(query, '$') < 0 {
		return query
	}
	if known, ok := d.texts.Load(query); ok {
		return known.(string)
	}
	var b strings.Builder
	for i := 0; i < len(query); i++ {
		if query[i] != '$' {
			b.WriteByte(query[i])
			continue
		}
		end := i + 1
		for end < len(query) && '0' <= query[end] && query[end] <= '9' {
			end++
		}
		n, _ := strconv.Atoi(query[i+1 : end])
		b.WriteString(d.placeholder(n))
		i = end - 1
	}
	d.texts.Store(query, b.String())
	return b.String()
}

// newSQLiteDialect spells for SQLite. Its own $1 is a name whose number is the order of appearance, not 1. The plus sign, which
// changes no value, hides that a parameter stands there: SQLite looks at the value of a bare one to plan better, and then
// plans the prepared statement anew every time it is used, which takes longer than most statements.
func newSQLiteDialect() *dialect {
	return &dialect{
		placeholder: func(n int) string { return "+?" + strconv.Itoa(n) },
		keyText: func(column string) string {
			digits := "lower(hex(" + column + "))"
			return "CASE typeof(" + column + ") WHEN 'blob' THEN substr(" + digits + ", 1, 8) || '-' || substr(" + digits + ", 9, 4) || '-' || substr(" +
				digits + ", 13, 4) || '-' || substr(" + digits + ", 17, 4) || '-' || substr(" + digits + ", 21) ELSE " + column + " END"
		},
		contains: func(column, value string, arg func(any) string) string {
			return "instr(" + column + ", " + arg(value) + ") > 0"
		},
		hasPrefix: func(column, value string, arg func(any) string) string {
			within := column + " >= " + arg(value)
			if end, ok := afterPrefix(value); ok {
				within += " AND " + column + " < " + arg(end)
			}
			return within
		},
		hasSuffix: func(column, value string, arg func(any) string) string {
			// As bytes: the length of a text ends at its first NUL.
			return "substr(CAST(" + column + " AS BLOB), " + arg(-len(value)) + ") = CAST(" + arg(value) + " AS BLOB)"
		},
	}
}

// afterPrefix returns the first text in byte order behind all texts that begin with prefix; false if there is none.
func afterPrefix(prefix string) (string, bool) {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xFF {
			return prefix[:i] + string([]byte{prefix[i] + 1}), true
		}
	}
	return "", false
}
