package web_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/internal/web"
)

func TestBearer(t *testing.T) {
	for name, c := range map[string]struct {
		headers []string
		token   string
		err     error
	}{
		"a token":                       {[]string{"Bearer abc.DEF-1_2~3+4/5=="}, "abc.DEF-1_2~3+4/5==", nil},
		"the scheme in another case":    {[]string{"bEARER abc"}, "abc", nil},
		"two spaces":                    {[]string{"Bearer  abc"}, "abc", nil},
		"no header":                     {nil, "", web.ErrNoBearer},
		"an empty header":               {[]string{""}, "", web.ErrNoBearer},
		"another scheme":                {[]string{"Basic YTpi"}, "", web.ErrMalformedBearer},
		"no token":                      {[]string{"Bearer"}, "", web.ErrMalformedBearer},
		"only a space after the scheme": {[]string{"Bearer "}, "", web.ErrMalformedBearer},
		"only padding":                  {[]string{"Bearer =="}, "", web.ErrMalformedBearer},
		"two headers":                   {[]string{"Bearer a", "Bearer b"}, "", web.ErrMalformedBearer},
		"two tokens":                    {[]string{"Bearer a, Bearer b"}, "", web.ErrMalformedBearer},
		"padding in the middle":         {[]string{"Bearer a=b"}, "", web.ErrMalformedBearer},
		"a control character":           {[]string{"Bearer a\tb"}, "", web.ErrMalformedBearer},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := web.Bearer(http.Header{"Authorization": c.headers})
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.token, token)
		})
	}
}

func TestChallenge(t *testing.T) {
	require.Equal(t, `Bearer realm="rollcall"`, web.Challenge("", ""))
	require.Equal(t, `Bearer realm="rollcall", error="invalid_token", error_description="the token expired"`, web.Challenge("invalid_token", "the token expired"))
	require.Equal(t, `Bearer realm="rollcall", error="invalid_token", error_description="a b c  d "`, web.Challenge("invalid_token", "a\"b\\c\r\nd\u00e4"))
}
