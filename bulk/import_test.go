package bulk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/bulk"
	"rollcall/identity"
)

func manyRows(n int) string {
	var b strings.Builder
	b.WriteString(only + ",First Name\n")
	for i := range n {
		fmt.Fprintf(&b, "person.%d@example.com,Person %d\n", i, i)
	}
	return b.String()
}

func TestCSV01_TwentyThousandRowsAreImportedAndOneMoreIsRefused(t *testing.T) {
	w := newWorld(t)
	_, err := w.StartImport(w.ctx, admin, w.org, strings.NewReader(manyRows(bulk.MaxRows+1)), bulk.ImportOptions{})
	refusedWith(t, err, identity.RuleTooManyRows)
	require.ErrorContains(t, err, "line 20002")
	w.work()
	require.Zero(t, w.count(), "nothing of a file that is too long is done")

	j, err := w.StartImport(w.ctx, admin, w.org, strings.NewReader(manyRows(bulk.MaxRows)), bulk.ImportOptions{})
	require.NoError(t, err, "the refused file must not keep the next one out")
	require.Equal(t, bulk.MaxRows, j.Total)
	w.work()
	j = w.job(j.ID)
	require.Equal(t, identity.JobDone, j.State, j.Error)
	require.Equal(t, bulk.MaxRows, j.Succeeded)
	require.Equal(t, bulk.MaxRows, w.count())
}

func TestCSV01_OneImportAtATime(t *testing.T) {
	w := newWorld(t)
	file := lines(only, "ada@example.com")
	first, err := w.StartImport(w.ctx, admin, w.org, strings.NewReader(file), bulk.ImportOptions{})
	require.NoError(t, err)
	_, err = w.StartImport(w.ctx, admin, w.org, strings.NewReader(file), bulk.ImportOptions{})
	refusedWith(t, err, identity.RuleJobRunning)
	w.work()
	require.Equal(t, identity.JobDone, w.job(first.ID).State)
	_, err = w.StartImport(w.ctx, admin, w.org, strings.NewReader(file), bulk.ImportOptions{})
	require.NoError(t, err, "after the first one is done")
}

func TestCSV02_OnlyTheAddressIsMandatory(t *testing.T) {
	w := newWorld(t)
	j, outcomes := w.imported(lines(only, "Ada@Example.com", "bob@example.com"), bulk.ImportOptions{})
	require.Equal(t, []string{bulk.Created, bulk.Created}, outcomes)
	require.Equal(t, 2, j.Total)
	ada := w.user("ada@example.com")
	require.Equal(t, identity.SourceCSV, ada.Source)
	require.Equal(t, identity.NotVerified, ada.Status)
	require.Equal(t, "Ada@Example.com", ada.PrimaryEmail())
	require.Equal(t, string(ada.ID), w.results(j)[1][5])
}

func TestCSV02_EveryColumnHasItsPlaceInTheProfile(t *testing.T) {
	w := newWorld(t)
	bob := w.add(w.org, "bob@example.com", "")
	_, outcomes := w.imported(lines(
		"first name,LAST NAME,Display Name,Title,Department,Manager,Phone Number,Extension,Preferred Language,Time Zone,Location,Street Address,City,State,Postal Code,Country,"+only,
		"Ada,Lovelace,The Countess,Analyst,Engines,BOB@example.com,+46 8 123,4711,en,Europe/London,Hall 3,St James's Square 12,London,Greater London,SW1,GB,ada@example.com"),
		bulk.ImportOptions{})
	require.Equal(t, []string{bulk.Created}, outcomes)
	require.JSONEq(t, `{"name":{"givenName":"Ada","familyName":"Lovelace"},"displayName":"The Countess","title":"Analyst",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Engines","manager":{"value":"`+string(bob.ID)+`"}},
		"phoneNumbers":[{"type":"work","value":"+46 8 123"},{"type":"extension","value":"4711"}],"preferredLanguage":"en","timezone":"Europe/London",
		"addresses":[{"type":"other","formatted":"Hall 3"},{"type":"work","streetAddress":"St James's Square 12","locality":"London",
			"region":"Greater London","postalCode":"SW1","country":"GB"}]}`, string(w.user("ada@example.com").Profile))
}

func TestCSV02_UsersAreChangedByWhatTheFileHas(t *testing.T) {
	w := newWorld(t)
	profile := `{"displayName":"Ada","phoneNumbers":[{"type":"work","value":"1"},{"type":"mobile","value":"2"}],"title":"Analyst"}`
	w.add(w.org, "ada@example.com", profile)
	for _, c := range []struct {
		name, file, outcome, profile string
	}{
		{"only the address", lines(only, "ADA@example.com"), bulk.Unchanged, profile},
		{"empty cells leave everything", lines(only+",Title,Display Name", "ada@example.com,,"), bulk.Unchanged, profile},
		{"the same values", lines(only+",Title,Phone Number", "ada@example.com,Analyst,1"), bulk.Unchanged, profile},
		{"another title", lines(only+",Title", "ada@example.com,Countess"), bulk.Changed, strings.Replace(profile, "Analyst", "Countess", 1)},
		{"the work phone and no other", lines(only+",Title,Phone Number", "ada@example.com,Analyst,+7"), bulk.Changed, strings.Replace(profile, `"value":"1"`, `"value":"+7"`, 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, outcomes := w.imported(c.file, bulk.ImportOptions{})
			require.Equal(t, []string{c.outcome}, outcomes)
			require.Equal(t, c.profile, string(w.user("ada@example.com").Profile))
		})
	}
}

func TestCSV02_AUserWithoutAnAddressIsFoundByUserName(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.service.Transact(w.ctx, w.org, provider, func(c *identity.Acts) error {
		_, err := c.Create(w.ctx, identity.Draft{UserName: "ada", Active: true}, identity.Origin{Source: identity.SourceSCIM})
		return err
	}))
	_, outcomes := w.imported(lines(only+",Title", "ADA,Analyst", "bob,Analyst"), bulk.ImportOptions{})
	require.Equal(t, []string{bulk.Changed, string(identity.RuleInvalidEmail)}, outcomes)
	require.Contains(t, string(w.user("ada").Profile), "Analyst")
}

func TestCSV02_RowsAreRefusedOneByOne(t *testing.T) {
	w := newWorld(t)
	other := w.organization()
	w.add(other, "taken@example.com", "")
	w.add(w.org, "ada@example.com", "")
	long := strings.Repeat("x", bulk.MaxCellBytes)
	j, outcomes := w.imported(lines(only+",Title,Manager",
		"new@example.com,Analyst,", "taken@example.com,Analyst,", "nobody,,", ",Analyst,", "new@example.com,Countess,",
		"m@example.com,,ghost@example.com", "l1@example.com,"+long+",", "l2@example.com,"+long+"x,", "z@convert-user.local,,", "last@example.com,,"),
		bulk.ImportOptions{})
	require.Equal(t, []string{bulk.Created, string(identity.RuleEmailTaken), string(identity.RuleInvalidEmail), string(identity.RuleInvalidEmail),
		string(identity.RuleInvalidValue), string(identity.RuleUnknownAccount), bulk.Created, string(identity.RuleInvalidValue),
		string(identity.RuleReservedDomain), bulk.Created}, outcomes)
	require.Equal(t, [3]int{10, 3, 7}, [3]int{j.Processed, j.Succeeded, j.Failed})
	results := w.results(j)
	require.Equal(t, []string{"2", "taken@example.com", bulk.Failed, "EMAIL_TAKEN"}, results[2][:4])
	require.NotContains(t, results[2][4], string(other), "whose it is is nobody's business")
	require.Contains(t, results[5][4], "row 1 is about the same user")
}

func TestCSV04_FilesNeitherChangeTheStatusNorTheAddress(t *testing.T) {
	w := newWorld(t)
	ada := w.add(w.org, "ada@example.com", "")
	require.NoError(t, w.service.Transact(w.ctx, w.org, identity.Actor{Kind: identity.Owner}, func(c *identity.Acts) error {
		_, err := c.SignIn(w.ctx, ada.ID)
		return err
	}))
	w.clock.move(75 * time.Hour)
	const header = only + ",User Status,Last Service Accessed Time,Days since Last Service Accessed,Title"
	for _, c := range []struct {
		name, row, outcome string
	}{
		{"status edited", "ada@example.com,inactive,,,X", "INVALID_VALUE"},
		{"status as it is", "ada@example.com,active,,,", bulk.Unchanged},
		{"time edited", "ada@example.com,,2026-03-01T00:00:00Z,,X", "INVALID_VALUE"},
		{"time as it is", "ada@example.com,,2026-03-02T09:00:00Z,,", bulk.Unchanged},
		{"days as they are", "ada@example.com,,,3,", bulk.Unchanged},
		{"days as they were when the file was made", "ada@example.com,,,1,", bulk.Unchanged},
		{"days edited", "ada@example.com,,,4,X", "INVALID_VALUE"},
		{"days that are none", "ada@example.com,,,-1,X", "INVALID_VALUE"},
		{"a status for somebody new", "new@example.com,active,,,X", "INVALID_VALUE"},
		{"another address is another user", "ada.l@example.com,,,,Countess", bulk.Created},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, outcomes := w.imported(lines(header, c.row), bulk.ImportOptions{})
			require.Equal(t, []string{c.outcome}, outcomes)
		})
	}
	now := w.user("ada@example.com")
	require.Equal(t, ada.ID, now.ID)
	require.Equal(t, identity.Active, now.Status)
	require.Empty(t, now.Profile)
	require.NotEqual(t, ada.ID, w.user("ada.l@example.com").ID)
	require.Equal(t, 2, w.count())
}

func TestCSV05_WhileTheDirectoryManagesOnlyLicencesCanBeImported(t *testing.T) {
	w := newWorld(t)
	ada := w.add(w.org, "ada@example.com", "")
	w.seats(5, "calling")
	w.set(func(o *identity.Organization) { o.SyncMode = identity.SyncManual })
	_, outcomes := w.imported(lines(only+",Display Name,calling", "ada@example.com,Ada,TRUE", "new@example.com,,"), bulk.ImportOptions{})
	require.Equal(t, []string{"MANAGED_BY_DIRECTORY", "MANAGED_BY_DIRECTORY"}, outcomes)
	_, outcomes = w.imported(lines(only+",Display Name,calling", "ada@example.com,,TRUE"), bulk.ImportOptions{})
	require.Equal(t, []string{bulk.Changed}, outcomes)
	require.Equal(t, []identity.Licence{"calling"}, w.licences(ada))
	require.Equal(t, 1, w.count())
}
