package scim

import (
	"net/url"
	"strings"
	"unicode"

	"rollcall/identity"
)

// hidden stands where there was a password or another secret: not even its length is told.
const hidden = "***"

// cutOff stands where something was left out.
const cutOff = "…"

// Lengths beyond which something is cut in the log of exchanges.
const (
	maxShape = 80  // characters of a value
	maxPlain = 200 // bytes of a word of the protocol
)

// shape shows what a value looks like and not what it is: letters become x or X and digits 9. An administrator sees that a
// telephone number has blanks in it, or that an address has no @, and not whose they are.
func shape(s string) string {
	var b strings.Builder
	n := 0
	for _, c := range s {
		if n == maxShape {
			return b.String() + cutOff
		}
		n++
		switch {
		case unicode.IsUpper(c):
			b.WriteByte('X')
		case unicode.IsLetter(c) || unicode.IsMark(c) || c == unicode.ReplacementChar:
			b.WriteByte('x')
		case unicode.IsNumber(c):
			b.WriteByte('9')
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// masked is the shape of a value, unless it says nothing about anybody: ids, which an administrator looks people up by, and truth in
// letters, which some providers send.
func masked(s string) string {
	if isID(s) || strings.EqualFold(s, "true") || strings.EqualFold(s, "false") {
		return s
	}
	return shape(s)
}

// plain lets a word of the protocol through, if it can be one.
func plain(s string) string {
	if len(s) > maxPlain || strings.Contains(s, "@") {
		return shape(s)
	}
	return withoutTokens(s)
}

// hide tells nothing.
func hide(string) string { return hidden }

// isID reports whether a text has the form of a resource's id (RFC 9562 section 4).
func isID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i] | 0x20 // lower case, as far as it matters
		if hyphen := i == 8 || i == 13 || i == 18 || i == 23; hyphen != (s[i] == '-') || !hyphen && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// withoutTokens cuts bearer tokens off that stand where they do not belong.
func withoutTokens(s string) string {
	before, rest, found := strings.Cut(s, identity.TokenPrefix)
	if !found {
		return s
	}
	rest = strings.TrimLeftFunc(rest, func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) })
	return before + identity.TokenPrefix + cutOff + withoutTokens(rest)
}

// maskPath masks what stands in the place of an id and is none. The endpoint stays readable, and so do schemas and types.
func maskPath(path string) string {
	base, rest, found := strings.Cut(path, "/v2/")
	switch {
	case found:
		base += "/v2/"
	case strings.HasPrefix(path, "/scim/"):
		base, rest, found = strings.Cut(path[len("/scim/"):], "/")
		if base = "/scim/" + base; found {
			base += "/"
		}
	case strings.HasPrefix(path, "/"):
		base, rest = "/", path[1:]
	default:
		base, rest = "", path
	}
	parts := strings.Split(rest, "/")
	described := parts[0] == "Schemas" || parts[0] == "ResourceTypes"
	for i, part := range parts {
		if i == 0 || described || part == ".search" || strings.HasPrefix(part, "bulkId:") {
			parts[i] = plain(part)
		} else {
			parts[i] = masked(part)
		}
	}
	return plain(base) + strings.Join(parts, "/")
}

// filterOperators are those after which a value stands (RFC 7644 figure 1).
var filterOperators = map[string]bool{"eq": true, "ne": true, "co": true, "sw": true, "ew": true, "gt": true, "ge": true, "lt": true, "le": true}

// telling are the attributes whose values are words of the protocol, in lower case.
var telling = map[string]bool{"type": true, "primary": true, "active": true, "schemas": true, "resourcetype": true}

// maskFilter masks the values in a filter or in the path of a PATCH operation, well-formed or not.
func (r redactor) maskFilter(text string) string {
	var b strings.Builder
	named, value := false, false // whether there was a name, and an operator after it
	mask := masked               // for the values of the last name
	put := func(word, quote string) {
		b.WriteString(quote + mask(word) + quote)
		value = false
	}
	for i := 0; i < len(text); {
		end := i
		switch c := text[i]; {
		case c == '"':
			for end++; end < len(text) && text[end] != '"'; end++ {
				if text[end] == '\\' {
					end++
				}
			}
			end = min(end, len(text))
			put(text[i+1:end], `"`)
			i = end + 1
			continue
		case strings.IndexByte(" ()[]", c) >= 0:
			b.WriteByte(c)
			i++
			continue
		}
		for end < len(text) && strings.IndexByte(" ()[]\"", text[end]) < 0 {
			end++
		}
		word := text[i:end]
		i = end
		switch lower := strings.ToLower(word); {
		case value:
			put(word, "")
		case filterOperators[lower] && named:
			value = true
			b.WriteString(word)
		default:
			named, mask = true, masked
			if r.secret(lower) {
				mask = hide
			} else if telling[lastName(lower)] {
				mask = plain
			}
			b.WriteString(plain(word))
		}
	}
	return b.String()
}

// lastName is the last name of an attribute's path in lower case.
func lastName(path string) string { return path[strings.LastIndexAny(path, ".:")+1:] }

// plainParameters are the parameters of a URL, and the members of a search in a body, that are words of the protocol (RFC 7644
// section 3.4.2), in lower case.
var plainParameters = map[string]bool{"attributes": true, "excludedattributes": true, "sortby": true, "sortorder": true, "startindex": true, "count": true}

// maskQuery masks the query of a URL and decodes it, so that people can read it.
func (r redactor) maskQuery(raw string) string {
	if raw == "" {
		return ""
	}
	parts := strings.Split(raw, "&")
	for i, part := range parts {
		name, value, found := strings.Cut(part, "=")
		name, value = unescape(name), unescape(value)
		parts[i] = plain(name)
		if !found {
			continue
		}
		switch lower := strings.ToLower(name); {
		case r.secret(name):
			value = hidden
		case lower == "filter", plainParameters[lower]:
			value = r.maskFilter(value)
		default:
			value = masked(value)
		}
		parts[i] += "=" + value
	}
	return strings.Join(parts, "&")
}

// unescape decodes what can be decoded.
func unescape(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

// start is the beginning of a text.
func start(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + cutOff
}

// legible makes a text one that every store keeps and every terminal shows.
func legible(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return '·'
		}
		return c
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
