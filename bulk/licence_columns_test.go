package bulk_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/bulk"
	"rollcall/identity"
)

func TestCSV03_LicencesOfNewUsers(t *testing.T) {
	w := newWorld(t)
	s := w.seats(20, "calling", "meetings", "messaging")
	_, err := w.service.PutTemplate(w.ctx, admin, w.org, "", []identity.Licence{"calling", "meetings"})
	require.NoError(t, err)
	for _, c := range []struct {
		name, header, cells string
		want                []identity.Licence
	}{
		{"columns absent: the template", "", "", []identity.Licence{"calling", "meetings"}},
		{"all empty: the template", ",calling,meetings,messaging", ",,,", []identity.Licence{"calling", "meetings"}},
		{"TRUE switches the template off", ",Messaging", ",true", []identity.Licence{"messaging"}},
		{"TRUE beside FALSE and empty", ",calling,meetings,messaging", ",TRUE,FALSE,", []identity.Licence{"calling"}},
		{"FALSE takes it out of the template", ",meetings", ",FALSE", []identity.Licence{"calling"}},
		{"FALSE for what the template has not", ",messaging", ",FALSE", []identity.Licence{"calling", "meetings"}},
		{"FALSE for all of the template", ",calling,meetings", ",FALSE,FALSE", []identity.Licence{identity.FreeLicence}},
		{"the subscription in the header", ",messaging (" + string(s.ID) + ")", ",TRUE", []identity.Licence{"messaging"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := "p" + string(rune('a'+w.count())) + "@example.com"
			_, outcomes := w.imported(lines(only+c.header, address+c.cells), bulk.ImportOptions{})
			require.Equal(t, []string{bulk.Created}, outcomes)
			require.Equal(t, c.want, w.licences(w.user(address)))
		})
	}
}

func TestCSV03_LicencesOfExistingUsers(t *testing.T) {
	w := newWorld(t)
	w.seats(20, "calling", "meetings", "messaging")
	ada := w.add(w.org, "ada@example.com", "")
	both := []identity.Licence{"calling", "meetings"}
	for _, c := range []struct {
		name, header, cells string
		remove              bool
		outcome             string
		want                []identity.Licence
	}{
		{"columns absent", ",Title", ",", true, bulk.Unchanged, both},
		{"empty", ",calling,messaging", ",,", true, bulk.Unchanged, both},
		{"TRUE for what there is", ",calling", ",TRUE", true, bulk.Unchanged, both},
		{"FALSE is ignored: add only", ",calling", ",FALSE", false, bulk.Unchanged, both},
		{"FALSE removes: add and remove", ",calling", ",FALSE", true, bulk.Changed, []identity.Licence{"meetings"}},
		{"TRUE adds", ",messaging", ",TRUE", false, bulk.Changed, []identity.Licence{"calling", "meetings", "messaging"}},
		{"one added and the others removed", ",calling,meetings,messaging", ",FALSE,FALSE,TRUE", true, bulk.Changed, []identity.Licence{"messaging"}},
		{"neither", ",calling", ",yes", true, "INVALID_VALUE", both},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.NoError(t, w.service.Transact(w.ctx, w.org, admin, func(acts *identity.Acts) error {
				_, err := acts.SetLicences(w.ctx, ada, both)
				return err
			}))
			_, outcomes := w.imported(lines(only+c.header, "ada@example.com"+c.cells), bulk.ImportOptions{RemoveServices: c.remove})
			require.Equal(t, []string{c.outcome}, outcomes)
			require.Equal(t, c.want, w.licences(ada))
		})
	}
}

func TestCSV03_ARowWithoutASeatChangesNothingOfItsUser(t *testing.T) {
	w := newWorld(t)
	w.seats(1, "calling")
	w.add(w.org, "ada@example.com", "")
	_, outcomes := w.imported(lines(only+",Title,calling", "first@example.com,A,TRUE", "second@example.com,B,TRUE", "ada@example.com,C,TRUE",
		"third@example.com,D,"), bulk.ImportOptions{})
	require.Equal(t, []string{bulk.Created, "NO_LICENSES", "NO_LICENSES", bulk.Created}, outcomes)
	require.Empty(t, w.user("ada@example.com").Profile, "the title of a row that was refused")
	require.Equal(t, 3, w.count(), "neither is there a user of a row that was refused")
}
