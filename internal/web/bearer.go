package web

import (
	"errors"
	"net/http"
	"strings"
)

// The errors of [Bearer]. They say what to tell the client; neither holds anything of what it sent.
var (
	ErrNoBearer        = errors.New("the request has no bearer token; send it as Authorization: Bearer TOKEN")
	ErrMalformedBearer = errors.New("the Authorization header is not one bearer token; send exactly one, as Authorization: Bearer TOKEN")
)

// Bearer returns the token of the Authorization header (RFC 6750 section 2.1). The scheme is compared without regard to case
// (RFC 9110 section 11.1). Another scheme, several headers or characters outside of token68 are malformed.
func Bearer(h http.Header) (string, error) {
	values := h["Authorization"]
	switch {
	case len(values) == 0 || len(values) == 1 && values[0] == "":
		return "", ErrNoBearer
	case len(values) > 1:
		return "", ErrMalformedBearer
	}
	scheme, token, found := strings.Cut(values[0], " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return "", ErrMalformedBearer
	}
	token = strings.TrimLeft(token, " ")
	body := strings.TrimRight(token, "=")
	if body == "" {
		return "", ErrMalformedBearer
	}
	for i := range len(body) {
		if !isToken68(body[i]) {
			return "", ErrMalformedBearer
		}
	}
	return token, nil
}

func isToken68(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || strings.IndexByte("-._~+/", b) >= 0
}

// bearer is the least that a challenge says: the scheme has to be followed by a parameter.
const bearer = `Bearer realm="rollcall"`

// Challenge returns the WWW-Authenticate value of a refused request (RFC 6750 section 3). code is empty for a request that
// brought no token at all: it is not told an error, only what to bring. description is told to the client; characters that
// the grammar does not allow become spaces.
func Challenge(code, description string) string {
	if code == "" {
		return bearer
	}
	clean := strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' {
			return ' '
		}
		return r
	}, description)
	return bearer + `, error="` + code + `", error_description="` + clean + `"`
}
