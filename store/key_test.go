package store

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

func TestKey_AnIdentifierComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes")
		want := identity.AccountID(uuid.UUID(b).String())
		stored := keyOf(string(want))
		require.Equal(t, b, stored)
		var got identity.AccountID
		require.NoError(t, scanID(&got).Scan(stored))
		require.Equal(t, want, got)
	})
}

func TestKey_WhatIsNoIdentifierStaysText(t *testing.T) {
	for name, id := range map[string]string{
		"nothing":           "",
		"a word":            "me",
		"capital letters":   "01A204C6-A6FA-77D5-96A3-E818DA6A3B43",
		"no dashes":         "01a204c6a6fa77d596a3e818da6a3b43",
		"dashes elsewhere":  "01a204c6a-6fa-77d5-96a3-e818da6a3b43",
		"a digit too many":  "01a204c6-a6fa-77d5-96a3-e818da6a3b430",
		"a letter beyond f": "01a204c6-a6fa-77d5-96a3-e818da6a3b4g",
		"a dash as a digit": "01a204c6-a6fa-77d5-96a3-e818da6a3b--",
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, looseKey(id), keyOf(id))
			var got identity.AccountID
			require.NoError(t, scanID(&got).Scan(id))
			require.Equal(t, identity.AccountID(id), got)
		})
	}
	var id identity.OrgID
	require.NoError(t, scanID(&id).Scan(nil))
	require.Empty(t, id)
	require.Error(t, scanID(&id).Scan(int64(1)))
}

func TestKey_WhatIsNoIdentifierComesBackFromBytesToo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.String().Draw(t, "text")
		stored := looseKey(want).bytes()
		require.NotEqual(t, keyLength, len(stored), "that is an identifier")
		var got identity.AccountID
		require.NoError(t, scanID(&got).Scan(stored))
		require.Equal(t, identity.AccountID(want), got)
	})
}

func TestPostgres_TextsComeBackAsTheyWereAndInTheirOrder(t *testing.T) {
	texts := rapid.OneOf(rapid.StringOf(rapid.RuneFrom([]rune{0, 1, 2, 3, 'a', 'é', 0x10FFFF})), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(t *rapid.T) {
		a, b := texts.Draw(t, "a"), texts.Draw(t, "b")
		require.True(t, utf8.ValidString(escape(a)))
		require.NotContains(t, escape(a), "\x00")
		require.Equal(t, a, unescape(escape(a)))
		if utf8.ValidString(a) && utf8.ValidString(b) {
			require.Equal(t, strings.Compare(a, b), strings.Compare(escape(a), escape(b)))
		}
	})
}

func TestPostgres_TheFirstTextBehindAPrefix(t *testing.T) {
	for prefix, want := range map[string]string{"a": "b", "a\x7f": "a\u0080", "é": "ê", "a\uD7FF": "a\uE000", "a\U0010FFFF": "b", "\U0010FFFF": "", "": ""} {
		got, ok := afterRunes(prefix)
		require.Equal(t, want, got, "%q", prefix)
		require.Equal(t, want != "", ok)
	}
}
