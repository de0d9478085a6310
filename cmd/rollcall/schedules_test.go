package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/identity"
	"rollcall/internal/demodirectory"
	"rollcall/internal/system"
	"rollcall/store/fresh"
)

// shifted is the machine's clock, so much later.
type shifted struct{ by *time.Duration }

func (c shifted) Now() time.Time { return system.Clock{}.Now().Add(*c.by) }

// TestDIR06_TheServerSynchronizesByItself brings a person who is new in the directory into the store without anybody asking for it.
func TestDIR06_TheServerSynchronizesByItself(t *testing.T) {
	opened := fresh.Open(t)
	var later time.Duration
	service := identity.NewService(opened, shifted{&later}, system.IDs{}, identity.EmailPolicy{})
	people, n := automatic(t, service)
	directories, err := accessFlags{}.directories(service.Now)
	require.NoError(t, err)
	task := schedules(service, directories, slog.New(slog.DiscardHandler))
	there := func() int {
		t.Helper()
		require.NoError(t, task(t.Context()))
		count, err := opened.CountAccounts(t.Context(), n.Org, nil)
		require.NoError(t, err)
		return count
	}
	people.Add(demodirectory.Person{GivenName: "Eve", FamilyName: "New", Mail: "eve@corp.example"})
	require.Equal(t, 5, there(), "it is not time yet")
	later = 5 * time.Hour
	require.Equal(t, 6, there(), "the incremental one")
	people.Add(demodirectory.Person{GivenName: "Fay", FamilyName: "New", Mail: "fay@corp.example"})
	later = 48 * time.Hour
	require.Equal(t, 7, there(), "the full one")
	status, err := directory.New(service, directories.Open).Status(t.Context(), n.Org)
	require.NoError(t, err)
	require.Equal(t, identity.SyncFull, status[0].Success.Kind)
	require.Empty(t, status[0].Attempt.Trouble)
}

// automatic returns a directory of five people, and the connector of an organization that synchronizes with it by itself.
func automatic(t *testing.T, service *identity.Service) (*demodirectory.Directory, identity.Connector) {
	t.Helper()
	const password = "the directory's password"
	people := demodirectory.New()
	for i := range 5 {
		people.Add(demodirectory.Person{GivenName: "Person", FamilyName: fmt.Sprint(i), Mail: fmt.Sprintf("p%d@corp.example", i)})
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := demodirectory.Serve(l, people, password, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	secret := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(secret, []byte(password), 0o600))
	by := identity.Actor{Kind: identity.Operator, Name: "Olga"}
	org, err := service.CreateOrganization(t.Context(), by, identity.Organization{Name: "Corp", Kind: identity.Customer})
	require.NoError(t, err)
	settings, err := json.Marshal(ldap.Settings{Kind: ldap.AD, URLs: []string{server.URL()}, BindDN: demodirectory.BindDN, BindPasswordFile: secret,
		BaseDNs: []string{demodirectory.PeopleDN}})
	require.NoError(t, err)
	n, err := service.CreateConnector(t.Context(), by, identity.Connector{Org: org.ID, Name: "AD", Kind: ldap.AD, Settings: settings})
	require.NoError(t, err)
	syncer := directory.New(service, ldap.OpenConnector(service.Now))
	plan, _, err := syncer.Plan(t.Context(), org.ID, n.ID, by, nil)
	require.NoError(t, err)
	_, err = syncer.Apply(t.Context(), org.ID, plan.ID, by, nil)
	require.NoError(t, err)
	_, _, err = syncer.Plan(t.Context(), org.ID, n.ID, by, nil)
	require.NoError(t, err)
	_, err = service.ChangeOrganization(t.Context(), by, org.ID, func(o identity.Organization) identity.Organization {
		o.SyncMode = identity.SyncAuto
		return o
	})
	require.NoError(t, err)
	return people, n
}
