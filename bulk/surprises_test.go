package bulk_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/bulk"
)

// TestSurprise18_TheModeLivesInTheFileAndAnotherAddressIsAnotherUser is the surprising rule of BEHAVIOUR section 18 that is about files.
func TestSurprise18_TheModeLivesInTheFileAndAnotherAddressIsAnotherUser(t *testing.T) {
	w := newWorld(t)
	w.verify(w.org, corp)
	w.personal("ada@"+corp, "bob@"+corp)
	w.transfer(true)
	file := w.claimable()
	w.transfer(false)
	_, outcomes := w.claimFile(file, acknowledged)
	require.Equal(t, []string{"CONTENT_TRANSFER_DISABLED", "CONTENT_TRANSFER_DISABLED"}, outcomes)
	_, outcomes = w.claimFile(w.claimable(), acknowledged)
	require.Equal(t, []string{bulk.Claimed, bulk.Claimed}, outcomes)

	before := w.add(w.org, "cyd@"+corp, `{"displayName":"Cyd"}`)
	users := w.count()
	w.imported(lines(only, "cyd.new@"+corp), bulk.ImportOptions{})
	require.Equal(t, users+1, w.count())
	require.Equal(t, before.ID, w.user("cyd@"+corp).ID)
}
