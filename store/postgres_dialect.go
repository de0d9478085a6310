package store

import (
	"strconv"
	"unicode/utf8"
)

// newPostgresDialect spells for PostgreSQL, whose own spelling is the one that queries have. Texts are compared byte by byte, as their
// columns say; where a text is computed, it is said there.
func newPostgresDialect() *dialect {
	return &dialect{
		native:      true,
		send:        sendLater,
		now:         "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)",
		placeholder: func(n int) string { return "$" + strconv.Itoa(n) },
		keyText: func(column string) string {
			digits := "encode(" + column + ", 'hex')"
			return "(CASE octet_length(" + column + ") WHEN 16 THEN substr(" + digits + ", 1, 8) || '-' || substr(" + digits + ", 9, 4) || '-' || substr(" +
				digits + ", 13, 4) || '-' || substr(" + digits + ", 17, 4) || '-' || substr(" + digits + ", 21) ELSE convert_from(substr(" + column +
				", 1, least(octet_length(" + column + "), greatest(15, octet_length(" + column + `) - 1))), 'UTF8') END COLLATE "C")`
		},
		contains: func(column, value string, arg func(any) string) string {
			return "strpos(" + column + ", " + arg(value) + ") > 0"
		},
		hasPrefix: func(column, value string, arg func(any) string) string {
			if !utf8.ValidString(value) {
				return "starts_with(" + column + ", " + arg(value) + ")"
			}
			within := column + " >= " + arg(value)
			if end, ok := afterRunes(value); ok {
				within += " AND " + column + " < " + arg(end)
			}
			return within
		},
		hasSuffix: func(column, value string, arg func(any) string) string {
			suffix := arg(value)
			return "right(" + column + ", length(CAST(" + suffix + " AS text))) = " + suffix
		},
	}
}

// afterRunes is afterPrefix among texts that are UTF-8, where the order of bytes is that of characters.
func afterRunes(prefix string) (string, bool) {
	for len(prefix) > 0 {
		r, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		for r++; r <= utf8.MaxRune; r++ {
			if utf8.ValidRune(r) {
				return prefix + string(r), true
			}
		}
	}
	return "", false
}
