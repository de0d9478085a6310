package admin_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/bulk"
	"rollcall/identity"
)

const csvHeader = "User ID/Email (Required),Display Name\n"

func orgOf(org identity.OrgID) string { return "/api/v1/organizations/" + string(org) }

// upload sends a file to be imported; query begins with "?" unless it is empty.
func (w *world) upload(org identity.OrgID, token, file, query string) answer {
	w.t.Helper()
	return w.post(orgOf(org)+"/imports"+query, token, file, "Content-Type", "text/csv; charset=utf-8")
}

// work has all jobs done.
func (w *world) work() {
	w.t.Helper()
	jobs := bulk.New(w.Service, newLogger())
	for {
		n, err := jobs.Work(w.ctx, 1000)
		require.NoError(w.t, err)
		if n == 0 {
			return
		}
	}
}

// rows returns a CSV answer without its header.
func (a answer) rows() [][]string {
	a.t.Helper()
	require.Equal(a.t, http.StatusOK, a.status, a.body)
	require.Equal(a.t, "text/csv; charset=utf-8; header=present", a.header.Get("Content-Type"))
	require.Contains(a.t, a.header.Get("Content-Disposition"), "attachment; filename=")
	all, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
	require.NoError(a.t, err)
	require.NotEmpty(a.t, all)
	return all[1:]
}

func TestAFileIsImportedInTheBackground(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleUser)
	reader := w.administrator(org, "bela", identity.RoleReadOnly)
	w.user(org, "old@example.com")
	file := csvHeader + "new@example.com,New\nold@example.com,Renamed\nnot an address,X\n"
	queued := w.upload(org, token, file, "?dryRun=false").is(http.StatusAccepted)
	require.Equal(t, "import", queued["kind"])
	require.Equal(t, "queued", queued["state"])
	require.EqualValues(t, 3, queued["total"])
	require.Len(t, w.everybody(org), 1, "nothing happens within the call")
	job := orgOf(org) + "/jobs/" + queued["id"].(string)
	require.Equal(t, queued, w.get(job, reader).is(http.StatusOK))

	w.work()
	done := w.get(job, reader).is(http.StatusOK)
	require.Equal(t, "done", done["state"], done)
	for name, want := range map[string]float64{"processed": 3, "succeeded": 2, "failed": 1} {
		require.Equal(t, want, done[name], name)
	}
	require.Equal(t, "Ada ada", done["by"].(map[string]any)["name"])
	var outcomes []string
	for _, row := range w.get(job+"/results", reader).rows() {
		outcomes = append(outcomes, row[1]+" "+row[2])
	}
	require.Equal(t, []string{"new@example.com created", "old@example.com changed", "not an address failed"}, outcomes)
	require.Equal(t, []any{done}, w.get(orgOf(org)+"/imports", reader).is(http.StatusOK)["jobs"])
	require.Equal(t, []any{done}, w.get(orgOf(org)+"/jobs?kind=import", reader).is(http.StatusOK)["jobs"])
	require.Empty(t, w.get(orgOf(org)+"/jobs?kind=export", reader).is(http.StatusOK)["jobs"])
	created := w.get(users(org)+"?source=csv", token).is(http.StatusOK)["users"].([]any)
	require.Len(t, created, 1)
	require.NotEmpty(t, created[0].(map[string]any)["invitedAt"])
}

func TestADryRunOfAnImportChangesNothing(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleUser)
	job := w.upload(org, token, csvHeader+"new@example.com,New\n", "?dryRun=true&removeServices=true").is(http.StatusAccepted)
	require.Equal(t, true, job["dryRun"])
	require.Equal(t, true, job["removeServices"])
	w.work()
	require.Len(t, w.get(orgOf(org)+"/jobs/"+job["id"].(string)+"/results", token).rows(), 1)
	require.Empty(t, w.everybody(org))
}

func TestCSV01_OneImportAtATimeOfAtMost20000Users(t *testing.T) {
	w := newWorld(t)
	org, other := w.org("Example"), w.org("Other")
	token := w.administrator(org, "ada", identity.RoleUser)
	w.administrator(other, "ada", identity.RoleUser)
	var file strings.Builder
	file.WriteString(csvHeader)
	for n := range 20_000 {
		fmt.Fprintf(&file, "u%d@example.com,\n", n)
	}
	w.upload(org, token, file.String()+"one@toomany.example,\n", "").refused(http.StatusBadRequest, identity.RuleTooManyRows)
	require.EqualValues(t, 20_000, w.upload(org, token, file.String(), "").is(http.StatusAccepted)["total"])
	second := w.upload(org, token, csvHeader+"a@example.com,\n", "")
	second.refused(http.StatusConflict, identity.RuleJobRunning)
	require.Contains(t, second.body, "Wait until the job")
	w.upload(other, token, csvHeader+"a@example.com,\n", "").is(http.StatusAccepted)
}

func TestFilesThatAreNoneAreRefusedAsAWhole(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleUser)
	// Rows with nothing in them, as spreadsheets leave them behind the last user, up to 16 MiB.
	blank := "," + strings.Repeat(" ", 1022) + "\n"
	long := csvHeader + blank[:len(blank)-len(csvHeader)-1] + "\n" + strings.Repeat(blank, 16<<10-1)
	require.Len(t, long, 16<<20)
	for name, c := range map[string]struct {
		file, kind string
		status     int
		code       identity.Rule
		says       string
	}{
		"empty":                    {"", "text/csv", 400, identity.RuleInvalidValue, "file: "},
		"no users":                 {csvHeader, "text/csv", 400, identity.RuleInvalidValue, "no users"},
		"an unknown column":        {"User ID/Email (Required),Role\na@example.com,full\n", "text/csv", 400, identity.RuleInvalidValue, "line 1"},
		"not CSV":                  {csvHeader, "application/json", 415, "UNSUPPORTED_MEDIA_TYPE", "CSV"},
		"of no kind":               {csvHeader, "", 415, "UNSUPPORTED_MEDIA_TYPE", "CSV"},
		"as long as allowed":       {long, "text/csv", 400, identity.RuleInvalidValue, "no users"},
		"one byte too long":        {long + ",", "text/csv", 413, "REQUEST_TOO_LARGE", "16777216"},
		"a row that breaks off":    {csvHeader + "\"a@example.com", "text/csv", 400, identity.RuleInvalidValue, "line 2"},
		"a row with too few cells": {csvHeader + "a@example.com\n", "text/csv", 400, identity.RuleInvalidValue, "line 2"},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.post(orgOf(org)+"/imports", token, c.file, "Content-Type", c.kind)
			a.t = t
			require.Contains(t, a.refused(c.status, c.code), c.says)
		})
	}
	w.upload(org, token, csvHeader+"a@example.com,\n", "?dryrun=true").refused(http.StatusBadRequest, "INVALID_REQUEST")
	require.Empty(t, w.get(orgOf(org)+"/jobs", token).is(http.StatusOK)["jobs"])
	w.upload(org, token, csvHeader+"a@example.com,\n", "").is(http.StatusAccepted)
}

func TestTheTemplateIsAnImportWithoutRows(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleUser)
	w.subscribe(org, "calling", 3)
	template := w.get(orgOf(org)+"/imports/template", token)
	require.Empty(t, template.rows())
	require.Contains(t, template.body, "calling")
	columns := strings.Count(template.body, ",")
	w.upload(org, token, template.body+"a@example.com"+strings.Repeat(",", columns)+"\n", "").is(http.StatusAccepted)
	w.work()
	require.Len(t, w.everybody(org), 1)
}

func TestCSV06_AnExportHonoursItsFiltersAndIsThereFor7Days(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	w.administrator(org, "ada", identity.RoleUser)
	token := func() string { return w.token("ada") }
	w.inactive(w.user(org, "gone@example.com"), identity.ByAdministrator)
	w.user(org, "here@example.com")
	job := w.post(orgOf(org)+"/exports", token(), `{"status":"inactive"}`).is(http.StatusAccepted)
	require.Equal(t, "export", job["kind"])
	file := orgOf(org) + "/exports/" + job["id"].(string) + "/file"
	w.get(file, token()).refused(http.StatusConflict, identity.RuleJobRunning)
	w.work()
	whole := w.get(file, token())
	rows := whole.rows()
	require.Len(t, rows, 1)
	require.Equal(t, "gone@example.com", rows[0][0])
	w.get(orgOf(org)+"/jobs/"+job["id"].(string)+"/results", token()).refused(http.StatusNotFound, identity.RuleUnknownJob)
	require.EqualValues(t, 2, w.post(orgOf(org)+"/exports", token(), `{}`).is(http.StatusAccepted)["total"], "and exports may run at the same time")

	w.clock.move(7*identity.Day - time.Second)
	require.Equal(t, whole.body, w.get(file, token()).body)
	w.clock.move(time.Second)
	w.get(file, token()).refused(http.StatusGone, identity.RuleFileGone)
	w.clock.move(identity.Day)
	w.get(file, token()).refused(http.StatusGone, identity.RuleFileGone)
	w.post(orgOf(org)+"/exports", token(), `{"status":"asleep"}`).refused(http.StatusBadRequest, "INVALID_REQUEST")
}

func TestUSR23_InvitationsToManyAreOneJobAtATime(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleUser)
	first, second := w.user(org, "first@example.com"), w.user(org, "second@example.com")
	active := w.rewrite(w.user(org, "active@example.com"), func(a *identity.Account) { a.Status = identity.Active })
	w.post(userOf(second)+"/invitation", token, "").is(http.StatusAccepted)
	path := orgOf(org) + "/invitations"
	job := w.post(path, token, fmt.Sprintf(`{"users":[%q,%q,%q]}`, first.ID, second.ID, active.ID)).is(http.StatusAccepted)
	require.Equal(t, "invite", job["kind"])
	w.post(path, token, `{"all":true}`).refused(http.StatusConflict, identity.RuleJobRunning)
	w.work()
	results := w.get(orgOf(org)+"/jobs/"+job["id"].(string)+"/results", token).rows()
	require.Len(t, results, 3)
	outcomes := map[string]string{}
	for _, row := range results {
		outcomes[row[1]] = row[2] + " " + row[3]
	}
	require.Equal(t, map[string]string{
		"first@example.com": "sent ", "second@example.com": "suppressed ", "active@example.com": "failed INVALID_STATUS_TRANSITION",
	}, outcomes)
	require.Len(t, w.mails(org, first), 1)
	require.Len(t, w.mails(org, second), 1)

	w.post(path, token, `{}`).refused(http.StatusBadRequest, "INVALID_REQUEST")
	w.post(path, token, fmt.Sprintf(`{"all":true,"users":[%q]}`, first.ID)).refused(http.StatusBadRequest, "INVALID_REQUEST")
	w.clock.move(24 * time.Hour)
	token = w.token("ada")
	require.EqualValues(t, 2, w.post(path, token, `{"all":true}`).is(http.StatusAccepted)["total"])
	w.work()
	require.Len(t, w.mails(org, first), 2)
	require.Len(t, w.mails(org, second), 2)
}

func TestJobsOfAnotherOrganizationAreAsUnknownAsNone(t *testing.T) {
	w := newWorld(t)
	org, other := w.org("Example"), w.org("Other")
	token := w.administrator(org, "ada", identity.RoleUser)
	w.administrator(other, "ada", identity.RoleUser)
	id := w.post(orgOf(other)+"/exports", token, `{}`).is(http.StatusAccepted)["id"].(string)
	w.work()
	for _, path := range []string{"/jobs/%s", "/jobs/%s/results", "/exports/%s/file"} {
		foreign := w.get(orgOf(org)+fmt.Sprintf(path, id), token)
		foreign.refused(http.StatusNotFound, identity.RuleUnknownJob)
		nobody := "01900000-0000-7000-8000-00000000beef"
		unknown := w.get(orgOf(org)+fmt.Sprintf(path, nobody), token)
		require.Equal(t, strings.ReplaceAll(foreign.body, id, nobody), unknown.body)
	}
	require.Empty(t, w.get(orgOf(org)+"/jobs", token).is(http.StatusOK)["jobs"])
}

func TestJobsAreListedPageByPageTheNewestFirst(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleUser)
	var ids []any
	for range 3 {
		ids = append([]any{w.post(orgOf(org)+"/exports", token, `{}`).is(http.StatusAccepted)["id"]}, ids...)
	}
	var listed []any
	path := orgOf(org) + "/jobs?limit=2"
	for pages := 0; path != ""; pages++ {
		require.Less(t, pages, 2)
		page := w.get(path, token).is(http.StatusOK)
		for _, job := range page["jobs"].([]any) {
			listed = append(listed, job.(map[string]any)["id"])
		}
		path = ""
		if cursor, more := page["nextCursor"].(string); more {
			path = orgOf(org) + "/jobs?limit=2&cursor=" + cursor
		}
	}
	require.Equal(t, ids, listed)
}

func TestAnImportThatIsRepeatedWithItsKeyIsOneImport(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleUser)
	send := func(file string) answer {
		return w.post(orgOf(org)+"/imports", token, file, "Content-Type", "text/csv", "Idempotency-Key", "k1")
	}
	first := send(csvHeader + "a@example.com,A\n")
	require.Equal(t, first.is(http.StatusAccepted), send(csvHeader+"a@example.com,A\n").is(http.StatusAccepted))
	send(csvHeader+"b@example.com,B\n").refused(http.StatusConflict, identity.RuleKeyReused)
	require.Len(t, w.get(orgOf(org)+"/jobs", token).is(http.StatusOK)["jobs"], 1)
}

func TestInvitationsNameAtMost20000Users(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleUser)
	body := func(n int) string {
		var b strings.Builder
		b.WriteString(`{"users":[`)
		for i := range n {
			fmt.Fprintf(&b, `"01900000-0000-7000-8000-%012d",`, i)
		}
		return strings.TrimSuffix(b.String(), ",") + "]}"
	}
	w.post(orgOf(org)+"/invitations", token, body(20_001)).refused(http.StatusBadRequest, identity.RuleTooManyUsers)
	require.EqualValues(t, 20_000, w.post(orgOf(org)+"/invitations", token, body(20_000)).is(http.StatusAccepted)["total"])
}
