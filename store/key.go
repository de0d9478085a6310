package store

import (
	"database/sql/driver"
	"encoding/hex"
	"fmt"
)

// Identifiers are stored as the 16 bytes that they spell: they stand in every row and every index, and their text is more
// than twice as long. The order of the bytes is that of the text. What is no identifier is stored so that it equals none.

// looseKey is what stands for an identifier and is none.
type looseKey string

// Value is what SQLite stores, which has columns for anything.
func (k looseKey) Value() (driver.Value, error) { return string(k), nil }

// bytes is what PostgreSQL stores: never as long as an identifier.
func (k looseKey) bytes() []byte {
	if len(k) < keyLength {
		return []byte(k)
	}
	return append([]byte(k), 0)
}

func looseKeyOf(stored []byte) string {
	if len(stored) > keyLength {
		stored = stored[:len(stored)-1]
	}
	return string(stored)
}

const keyLength = 16

// keyOf returns what is stored for an identifier.
func keyOf(id string) any {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return looseKey(id)
	}
	b := make([]byte, 0, keyLength)
	for i := 0; i < len(id); i += 2 {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			i++ // the dash
		}
		high, low := nibble(id[i]), nibble(id[i+1])
		if high > 15 || low > 15 {
			return looseKey(id)
		}
		b = append(b, high<<4|low)
	}
	return b
}

// nibble is the value of a lower-case hexadecimal digit; more than 15 for what is none.
func nibble(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return 16
}

// scanID scans an identifier; NULL is the empty one.
func scanID[S ~string](s *S) keyColumn[S] { return keyColumn[S]{s} }

type keyColumn[S ~string] struct{ to *S }

func (k keyColumn[S]) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*k.to = ""
	case string:
		*k.to = S(v)
	case []byte:
		if len(v) != keyLength {
			*k.to = S(looseKeyOf(v))
			return nil
		}
		var b [36]byte
		hex.Encode(b[0:8], v[0:4])
		hex.Encode(b[9:13], v[4:6])
		hex.Encode(b[14:18], v[6:8])
		hex.Encode(b[19:23], v[8:10])
		hex.Encode(b[24:36], v[10:16])
		b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
		*k.to = S(b[:])
	default:
		return fmt.Errorf("an identifier is stored as bytes, not as a %T", src)
	}
	return nil
}
