package ldap_test

import (
	"fmt"
	"log/slog"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/internal/demodirectory"
)

// TestTheDemonstrationsDirectoryIsRead holds the small server of the demonstration to what a real one gives.
func TestTheDemonstrationsDirectoryIsRead(t *testing.T) {
	d := demodirectory.New()
	var ids []demodirectory.ID
	for i := range 30 {
		ids = append(ids, d.Add(demodirectory.Person{GivenName: "Ada", FamilyName: fmt.Sprintf("N%d", i), Mail: fmt.Sprintf("n%d@demo.example", i)}))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := demodirectory.Serve(listener, d, "secret", slog.New(slog.DiscardHandler))
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	settings := ldap.Settings{Kind: ldap.AD, URLs: []string{server.URL()}, BindDN: demodirectory.BindDN, BindPasswordFile: passwordFile(t, "secret"),
		BaseDNs: []string{demodirectory.PeopleDN}, PageSize: 7}
	got := read(t, settings)
	require.True(t, got.Complete, got.Gaps)
	require.Len(t, got.Entries, 30)
	require.Equal(t, "Ada", got.Entries[0].Attribute("name.givenName"))

	require.NoError(t, d.Delete(ids[3]))
	require.NoError(t, d.Move(ids[4], demodirectory.FormerDN))
	require.Equal(t, directory.Tombstone, findOne(t, settings, string(ids[3]), string(ids[0])).Kind)
	require.Equal(t, directory.OutOfScope, findOne(t, settings, string(ids[4]), string(ids[0])).Kind)
	d.Blind(true)
	require.Empty(t, read(t, settings).Entries)
}
