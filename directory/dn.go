package directory

import (
	"encoding/hex"
	"strings"
)

// DNKey writes the distinguished names alike that directories take for the same (RFC 4514): without regard to case, to spaces around
// separators, and to how a character is escaped.
func DNKey(dn string) string {
	if spelledSimply(dn) {
		return strings.ToLower(dn)
	}
	return respelled(dn)
}

// spelledSimply reports whether nothing but capital letters is to be changed in a name: most are so, and there are many.
func spelledSimply(dn string) bool {
	before, value := byte(','), false
	for i := range len(dn) {
		c := dn[i]
		separator := c == ',' || c == '=' && !value
		switch {
		case c == '\\', c == ';', c == '+', c == '=' && value, c == ' ' && (before == ',' || before == '='), separator && before == ' ':
			return false
		case separator:
			value = c == '='
		}
		before = c
	}
	return before != ' '
}

func respelled(dn string) string {
	var b strings.Builder
	b.Grow(len(dn))
	value := false // behind the = of a part
	spaces := 0    // unescaped ones that may turn out to be at the end
	put := func(s string) {
		for ; spaces > 0; spaces-- {
			b.WriteByte(' ')
		}
		b.WriteString(s)
	}
	for i, fresh := 0, true; i < len(dn); i++ {
		c := dn[i]
		switch {
		case c == ' ' && fresh:
		case c == ' ':
			spaces++
		case c == ',' || c == ';' || c == '+' || c == '=' && !value:
			if spaces, fresh, value = 0, true, c == '='; c == ';' {
				c = ','
			}
			b.WriteByte(c)
		case c == '\\' && i+1 < len(dn):
			fresh = false
			i++
			if raw, err := hex.DecodeString(dn[i:min(i+2, len(dn))]); err == nil && len(raw) == 1 {
				put(spelled(raw[0]))
				i++
			} else {
				put(spelled(dn[i]))
			}
		default:
			fresh = false
			put(spelled(c))
		}
	}
	return strings.ToLower(b.String())
}

// spelled escapes what would be a separator.
func spelled(c byte) string {
	if strings.IndexByte(`,;+=\`, c) >= 0 {
		return `\` + string(rune(c))
	}
	return string([]byte{c})
}
