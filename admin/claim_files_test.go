package admin_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// importClaims sends a file of users to be claimed; query begins with "?" unless it is empty.
func (w *world) importClaims(org identity.OrgID, token, file, query string) answer {
	w.t.Helper()
	return w.post(claimsOf(org)+"/imports"+query, token, file, "Content-Type", "text/csv")
}

const acknowledged = "?acknowledgePermanent=true"

func TestCLM33_EverybodyWhoCanBeClaimedIsExportedEditedAndImported(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleUser)
	reader := w.administrator(org, "bela", identity.RoleReadOnly)
	source := w.org("Source")
	for n := range 3 {
		w.user(source, fmt.Sprintf("u%d@example.com", n))
	}
	template := w.get(claimsOf(org)+"/template.csv", reader)
	require.Empty(t, template.rows())
	file := w.get(claimsOf(org)+"/candidates.csv", reader)
	require.Len(t, file.rows(), 3)
	require.True(t, strings.HasPrefix(file.body, strings.TrimSuffix(template.body, "\n")), "the same columns")
	require.Equal(t, "attachment; filename=candidates.csv", file.header.Get("Content-Disposition"))

	edited := strings.Replace(file.body, "u1@example.com", "nobody@example.com", 1)
	queued := w.importClaims(org, token, edited, acknowledged).is(http.StatusAccepted)
	require.Equal(t, "claim", queued["kind"])
	require.EqualValues(t, 3, queued["total"])
	job := claimsOf(org) + "/imports/" + queued["id"].(string)
	require.Equal(t, queued, w.get(job, reader).is(http.StatusOK))
	w.work()
	done := w.get(job, reader).is(http.StatusOK)
	for name, want := range map[string]any{"state": "done", "processed": 3.0, "succeeded": 2.0, "failed": 1.0} {
		require.Equal(t, want, done[name], name)
	}
	require.Equal(t, done, w.get(orgOf(org)+"/jobs/"+queued["id"].(string), reader).is(http.StatusOK))
	require.Equal(t, []any{done}, w.get(claimsOf(org)+"/imports", reader).is(http.StatusOK)["jobs"])
	require.Equal(t, []any{done}, w.get(orgOf(org)+"/jobs?kind=claim", reader).is(http.StatusOK)["jobs"])
	require.Empty(t, w.get(orgOf(org)+"/imports", reader).is(http.StatusOK)["jobs"])
	var outcomes []string
	for _, row := range w.get(orgOf(org)+"/jobs/"+queued["id"].(string)+"/results", reader).rows() {
		outcomes = append(outcomes, row[1]+" "+row[2]+" "+row[3])
	}
	require.Equal(t, []string{"u0@example.com claimed ", "nobody@example.com failed CLAIM_NO_ACCOUNT", "u2@example.com claimed "}, outcomes)
	require.Len(t, w.get(claimsOf(org)+"/candidates.csv", reader).rows(), 1)
	require.Len(t, w.get(claimsOf(org), reader).is(http.StatusOK)["claims"], 2)
}

func TestCLM05_AFileOfClaimsHasToBeAcknowledged(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleUser)
	w.user(w.org("Source"), "ada@example.com")
	file := "User ID/Email (Required)\nada@example.com\n"
	for _, query := range []string{"", "?acknowledgePermanent=false", "?removeServices=true"} {
		w.importClaims(org, token, file, query).refused(http.StatusBadRequest, identity.RuleAcknowledgement)
	}
	dry := w.importClaims(org, token, file, "?dryRun=true").is(http.StatusAccepted)
	require.Equal(t, true, dry["dryRun"])
	w.importClaims(org, token, file, acknowledged).refused(http.StatusConflict, identity.RuleJobRunning)
	w.work()
	require.Equal(t, "claimed", w.get(orgOf(org)+"/jobs/"+dry["id"].(string)+"/results", token).rows()[0][2])
	require.Empty(t, w.get(claimsOf(org), token).is(http.StatusOK)["claims"])
	real := w.importClaims(org, token, file, acknowledged+"&removeServices=true").is(http.StatusAccepted)
	require.Equal(t, true, real["removeServices"])
	w.work()
	require.Len(t, w.get(claimsOf(org), token).is(http.StatusOK)["claims"], 1)
}

func TestCLM33_FilesOfClaimsThatAreNoneAreRefusedAsAWhole(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleUser)
	file := "User ID/Email (Required)\nada@example.com\n"
	w.post(claimsOf(org)+"/imports"+acknowledged, token, file, "Content-Type", "application/json").refused(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE")
	w.importClaims(org, token, csvHeader+"ada@example.com\n", acknowledged).refused(http.StatusBadRequest, identity.RuleInvalidValue)
	w.importClaims(org, token, "User ID/Email (Required),First Name\nada@example.com,Ada\n", acknowledged).refused(http.StatusBadRequest, identity.RuleInvalidValue)
	w.importClaims(org, token, "User ID/Email (Required)\n"+strings.Repeat("a@example.com\n", 20_001), acknowledged).refused(http.StatusBadRequest, identity.RuleTooManyRows)
	w.importClaims(org, token, strings.Repeat(" ", 17<<20), acknowledged).refused(http.StatusBadRequest, identity.RuleInvalidValue)
	w.work()
	for _, job := range w.get(claimsOf(org)+"/imports", token).is(http.StatusOK)["jobs"].([]any) {
		require.Equal(t, "failed", job.(map[string]any)["state"])
	}
}

func TestCLM36_AFileOfClaimsThatIsRepeatedWithItsKeyIsOneJob(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleUser)
	w.user(w.org("Source"), "ada@example.com")
	file := "User ID/Email (Required)\nada@example.com\n"
	send := func(query string) answer {
		return w.post(claimsOf(org)+"/imports"+query, token, file, "Content-Type", "text/csv", "Idempotency-Key", "k1")
	}
	first := send(acknowledged)
	require.Equal(t, first.is(http.StatusAccepted), send(acknowledged).is(http.StatusAccepted))
	send(acknowledged+"&removeServices=true").refused(http.StatusConflict, identity.RuleKeyReused)
	w.work()
	require.Len(t, w.get(claimsOf(org)+"/imports", token).is(http.StatusOK)["jobs"], 1)
}

func TestCLM33_OnlyJobsThatClaimAreShownAmongThem(t *testing.T) {
	w := newWorld(t)
	org, token := w.claimant(identity.RoleUser)
	other, _ := w.claimant(identity.RoleReadOnly)
	job := w.upload(org, token, csvHeader+"new@example.com,New\n", "").is(http.StatusAccepted)
	w.get(claimsOf(org)+"/imports/"+job["id"].(string), token).refused(http.StatusNotFound, identity.RuleUnknownJob)
	claim := w.importClaims(org, token, "User ID/Email (Required)\nada@example.com\n", acknowledged).is(http.StatusAccepted)
	w.get(claimsOf(other)+"/imports/"+claim["id"].(string), token).refused(http.StatusNotFound, identity.RuleUnknownJob)
}
