package store

import (
	"testing"

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
			require.Equal(t, id, keyOf(id))
			var got identity.AccountID
			require.NoError(t, scanID(&got).Scan(id))
			require.Equal(t, identity.AccountID(id), got)
		})
	}
	var id identity.OrgID
	require.NoError(t, scanID(&id).Scan(nil))
	require.Empty(t, id)
	require.Error(t, scanID(&id).Scan([]byte("short")))
	require.Error(t, scanID(&id).Scan(int64(1)))
}
