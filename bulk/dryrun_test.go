package bulk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/bulk"
	"rollcall/identity"
)

func TestCSV03_ADryRunAnswersAsTheImportAndChangesNothing(t *testing.T) {
	w := newWorld(t)
	w.add(w.organization(), "taken@example.com", "")
	ada := w.add(w.org, "ada@example.com", "")
	w.add(w.org, "bob@example.com", `{"title":"T"}`)
	w.seats(1, "calling")
	file := lines(only+",Title,Manager,calling", "new@example.com,T,ada@example.com,TRUE", "ada@example.com,T,,", "bob@example.com,T,,", "taken@example.com,,,",
		"bob2@example.com,,,TRUE", "new@example.com,,,", "x,,,", "cy@example.com,,ghost,")

	before := w.export(bulk.Filter{})
	dry, answers := w.imported(file, bulk.ImportOptions{DryRun: true})
	require.Equal(t, before, w.export(bulk.Filter{}))
	require.Equal(t, ada, w.user("ada@example.com"), "not even its version")
	kinds := w.eventKinds()
	require.Equal(t, 2, kinds[identity.AccountCreated])
	require.Zero(t, kinds[identity.AccountChanged]+kinds[identity.LicencesChanged]+kinds[identity.AccountInvited])
	messages, err := w.service.Reader().Messages(w.ctx, w.org, identity.MessageQuery{Limit: 10})
	require.NoError(t, err)
	require.Empty(t, messages)
	require.Empty(t, w.results(dry)[1][5], "nobody was created, so there is no identifier")
	require.Equal(t, string(ada.ID), w.results(dry)[2][5])

	real, outcomes := w.imported(file, bulk.ImportOptions{})
	require.Equal(t, outcomes, answers)
	require.Equal(t, []string{bulk.Created, bulk.Changed, bulk.Unchanged, "EMAIL_TAKEN", "NO_LICENSES", "INVALID_VALUE", "INVALID_EMAIL", "UNKNOWN_USER"}, outcomes)
	require.Equal(t, [2]int{real.Succeeded, real.Failed}, [2]int{dry.Succeeded, dry.Failed})
	require.NotEqual(t, before, w.export(bulk.Filter{}))
}

func TestCSV01_UploadingTheSameFileAgainChangesNothing(t *testing.T) {
	w := newWorld(t)
	w.seats(50, "calling")
	file := lines(only+",First Name,Phone Number,Manager,calling", "ada@example.com,Ada,+46 1,,TRUE", "bob@example.com,Bob,,ada@example.com,FALSE")
	_, outcomes := w.imported(file, bulk.ImportOptions{RemoveServices: true})
	require.Equal(t, []string{bulk.Created, bulk.Created}, outcomes)
	before := w.eventKinds()
	_, outcomes = w.imported(file, bulk.ImportOptions{RemoveServices: true})
	require.Equal(t, []string{bulk.Unchanged, bulk.Unchanged}, outcomes)
	after := w.eventKinds()
	before[identity.JobStarted]++
	before[identity.JobFinished]++
	require.Equal(t, before, after)
}

func TestCSV01_AnImportTellsOfItself(t *testing.T) {
	w := newWorld(t)
	j, _ := w.imported(lines(only, "ada@example.com", "x"), bulk.ImportOptions{})
	list, err := w.service.Reader().Events(w.ctx, w.org, identity.EventQuery{Target: string(j.ID), Limit: 10})
	require.NoError(t, err)
	require.Len(t, list, 2)
	for i, kind := range []identity.EventKind{identity.JobStarted, identity.JobFinished} {
		require.Equal(t, kind, list[i].Kind)
		require.Equal(t, admin.ID, list[i].Actor.ID)
		require.Equal(t, identity.TargetJob, list[i].Target.Type)
	}
	require.JSONEq(t, `{"kind":"import","state":"done","processed":2,"succeeded":1,"failed":1}`, string(list[1].Evidence))
	created, err := w.service.Reader().Events(w.ctx, w.org, identity.EventQuery{Account: w.user("ada@example.com").ID, Limit: 10})
	require.NoError(t, err)
	require.Equal(t, admin.ID, created[0].Actor.ID, "what a job does, its starter does")
	require.Contains(t, strings.Join(w.results(j)[2], ","), "not an e-mail address")
}

// A dry run keeps nothing of the rows before, and yet judges as if they had been done: across transactions, and when it was killed
// in between.
func TestCSV03_ADryRunRemembersWhatEarlierRowsWouldHaveDone(t *testing.T) {
	for _, seats := range []int{1, 100, 130, identity.Unlimited} {
		for _, taken := range []int{0, 1} {
			t.Run(fmt.Sprintf("%d seats, %d taken", seats, taken), func(t *testing.T) {
				w := newWorld(t)
				w.seats(seats, "calling", "meetings")
				ada := w.add(w.org, "ada@example.com", "")
				if taken > 0 {
					require.NoError(t, w.service.Transact(w.ctx, w.org, admin, func(c *identity.Acts) error {
						return c.AddLicences(w.ctx, ada, []identity.Licence{"calling"})
					}))
				}
				rows := []string{only + ",Title,Manager,calling,meetings"}
				for i := range 260 {
					manager := ""
					if i > 0 {
						manager = fmt.Sprintf("p%d@example.com", i-1-(i-1)%10)
					}
					rows = append(rows, fmt.Sprintf("p%d@example.com,T,%s,%s,%s", i, manager, []string{"TRUE", ""}[i%2], []string{"", "TRUE"}[i%2]))
					if i == 150 {
						rows = append(rows, "ada@example.com,,,FALSE,") // gives her seat back
					}
				}
				options := bulk.ImportOptions{DryRun: true, RemoveServices: true}
				j, err := w.StartImport(w.ctx, admin, w.org, strings.NewReader(lines(rows...)), options)
				require.NoError(t, err)
				for w.job(j.ID).State != identity.JobDone {
					_, err := w.Work(w.ctx, 1) // another worker's turn each time
					require.NoError(t, err)
				}
				answers := w.outcomes(w.job(j.ID))
				require.Equal(t, 1, w.count())
				options.DryRun = false
				_, outcomes := w.imported(lines(rows...), options)
				require.Equal(t, outcomes, answers)
				if seats == 1 {
					require.Contains(t, outcomes, "NO_LICENSES")
					require.Contains(t, outcomes, "UNKNOWN_USER")
				}
			})
		}
	}
}
