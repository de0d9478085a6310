package bulk_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/bulk"
	"rollcall/identity"
)

func TestCLM33_TheTemplateOfClaimsHasEveryColumnAndNoRow(t *testing.T) {
	w := newWorld(t)
	s := w.seats(1, "calling", "claim mode")
	var b bytes.Buffer
	require.NoError(t, w.WriteClaimTemplate(w.ctx, &b, w.org))
	require.Equal(t, [][]string{{only, "Display Name", "User Status", "Claim Mode", "Content Lost", "Warnings", "File Revision", "calling",
		"claim mode (" + string(s.ID) + ")"}}, parse(t, b.String()))
	refusedWith(t, w.WriteClaimTemplate(w.ctx, &b, "nowhere"), identity.RuleUnknownOrg)
	var nothing bytes.Buffer
	refusedWith(t, w.WriteClaimable(w.ctx, &nothing, "nowhere"), identity.RuleUnknownOrg)
	require.Zero(t, nothing.Len())
}

func TestCLM33_TheFileHasWhoeverCanBeClaimedAndHow(t *testing.T) {
	w := newWorld(t)
	source := w.organization()
	w.seats(5, "calling")
	w.verify(w.org, corp)
	w.personal("ada@"+corp, "z@elsewhere.example")
	w.add(source, "bob@"+corp, `{"displayName":"Bob"}`)
	w.add(w.org, "here@"+corp, "")
	w.clock.move(36 * time.Hour)
	require.Equal(t, [][]string{
		{only, "Display Name", "User Status", "Claim Mode", "Content Lost", "Warnings", "File Revision", "calling"},
		{"ada@" + corp, "ada", "not_verified", "DEFERRED", "FALSE", "", "2026-03-03T21:00:00Z", ""},
		{"bob@" + corp, "Bob", "not_verified", "IMMEDIATE", "TRUE", "", "2026-03-03T21:00:00Z", ""},
	}, parse(t, w.claimable()))
	w.transfer(false)
	require.Contains(t, w.claimable(), "ada@corp.example,ada,not_verified,IMMEDIATE,TRUE,,")
}

func TestCLM45_TheFileWarns(t *testing.T) {
	w := newWorld(t)
	w.verify(w.org, corp)
	source, third := w.organization(), w.organization()
	a := w.add(source, "ada@"+corp, "")
	_, err := w.service.Bind(w.ctx, operator, identity.Binding{Org: source, Account: a.ID, Issuer: "https://issuer.example", Subject: "ada"})
	require.NoError(t, err)
	require.NoError(t, w.service.Transact(w.ctx, third, operator, func(c *identity.Acts) error {
		return c.Tx().PutGrant(w.ctx, identity.Grant{Org: third, Issuer: "https://issuer.example", Subject: "ada", Role: identity.RoleReadOnly, CreatedAt: c.Now()})
	}))
	require.Equal(t, "EXTERNAL_ADMIN", parse(t, w.claimable())[1][5])
}

func TestCLM30_MoreThanAHundredOnlyByFile(t *testing.T) {
	w := newWorld(t)
	w.verify(w.org, corp)
	w.personal(somebody(250)...)
	list, err := w.service.Claimable(w.ctx, w.org, identity.ClaimableQuery{})
	require.NoError(t, err)
	require.Len(t, list.Users, 100)
	require.True(t, list.Truncated)
	require.Equal(t, 250, list.Total)

	file := strings.SplitAfter(w.claimable(), "\n")
	require.Len(t, file[1:len(file)-1], 250)
	kept := strings.Join(append(file[:101:101], file[151:]...), "")
	j, outcomes := w.claimFile(kept, acknowledged)
	require.Len(t, outcomes, 200)
	require.Equal(t, [4]int{200, 200, 200, 0}, [4]int{j.Total, j.Processed, j.Succeeded, j.Failed})
	require.Len(t, w.claimsMade(), 200)
	require.Equal(t, 200, w.count())

	list, err = w.service.Claimable(w.ctx, w.org, identity.ClaimableQuery{})
	require.NoError(t, err)
	require.Len(t, list.Users, 50)
	require.False(t, list.Truncated)
	require.Equal(t, "p00100@corp.example", list.Users[0].Email, "whose rows were deleted")
	require.Len(t, parse(t, w.claimable()), 51)
}

func TestCLM34_TheModeIsInTheFile(t *testing.T) {
	for name, c := range map[string]struct {
		exported, imported bool // whether people may bring their content along
		edit               func(string) string
		outcome            string
		mode               identity.ClaimMode
	}{
		"as exported":                         {true, true, nil, bulk.Claimed, identity.ClaimDeferred},
		"deferred, and not allowed any more":  {true, false, nil, "CONTENT_TRANSFER_DISABLED", ""},
		"immediate, and now it could be more": {false, true, nil, bulk.Claimed, identity.ClaimImmediate},
		"immediate all along":                 {false, false, nil, bulk.Claimed, identity.ClaimImmediate},
		"no mode: decided at the import, on":  {false, true, without("IMMEDIATE"), bulk.Claimed, identity.ClaimDeferred},
		"no mode: decided at the import, off": {true, false, without("DEFERRED"), bulk.Claimed, identity.ClaimImmediate},
		"changed by hand to what is allowed":  {true, false, change("DEFERRED", "immediate"), bulk.Claimed, identity.ClaimImmediate},
		"something else":                      {true, true, change("DEFERRED", "later"), "INVALID_VALUE", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.verify(w.org, corp)
			w.personal("ada@" + corp)
			w.transfer(c.exported)
			file := w.claimable()
			w.transfer(c.imported)
			if c.edit != nil {
				file = c.edit(file)
			}
			j, outcomes := w.claimFile(file, acknowledged)
			require.Equal(t, []string{c.outcome}, outcomes)
			if c.mode == "" {
				require.Empty(t, w.claimsMade())
			} else {
				require.Equal(t, c.mode, w.claimsMade()[0].Mode)
			}
			if c.outcome == "CONTENT_TRANSFER_DISABLED" {
				require.Contains(t, w.results(j)[1][4], `the file was made at "2026-03-02T09:00:00Z", and another setting needs another file`)
				_, outcomes = w.claimFile(w.claimable(), acknowledged)
				require.Equal(t, []string{bulk.Claimed}, outcomes, "another export does")
			}
		})
	}
}

func without(word string) func(string) string { return change(word, "") }

func change(old, by string) func(string) string {
	return func(file string) string { return strings.Replace(file, old, by, 1) }
}

func TestCLM34_ARowWrittenByHandIsDecidedAtTheImport(t *testing.T) {
	w := newWorld(t)
	w.verify(w.org, corp)
	w.personal("ada@"+corp, "cy@"+corp)
	w.people(w.organization(), "bob@"+corp, "eve@"+corp)
	j, outcomes := w.claimFile(lines(only+",Claim Mode", "ada@corp.example,", "bob@corp.example,", "cy@corp.example,IMMEDIATE", "eve@corp.example,DEFERRED"), acknowledged)
	require.Equal(t, []string{bulk.Claimed, bulk.Claimed, bulk.Claimed, "CLAIM_NOT_DEFERRABLE"}, outcomes)
	results := w.results(j)
	require.Equal(t, "DEFERRED; the user can bring the content along", results[1][4])
	require.Equal(t, "IMMEDIATE; the content of the old account is lost", results[2][4])
	require.Equal(t, "IMMEDIATE; the content of the old account is lost", results[3][4])
}

func TestCSV07_FilesOfClaimsHaveNoFormulas(t *testing.T) {
	w := newWorld(t)
	w.verify(w.org, corp)
	addresses := []string{"'=a@" + corp, "+a@" + corp, "-a@" + corp, "=a@" + corp}
	for i, address := range addresses {
		w.add(identity.ConsumerOrgID, address, fmt.Sprintf(`{"displayName":%q}`, []string{"=1+2", "+1", "@SUM(A1)", "Ada, \"the\" first"}[i]))
	}
	file := w.claimable()
	for _, row := range parse(t, file)[1:] {
		for _, cell := range row {
			require.NotContains(t, "=+-@\t\r\n", string((cell + "x")[0]), cell)
		}
	}
	require.Contains(t, file, "'=1+2")
	j, outcomes := w.claimFile(file, acknowledged)
	require.Equal(t, []string{bulk.Claimed, bulk.Claimed, bulk.Claimed, bulk.Claimed}, outcomes)
	for _, address := range addresses {
		require.Equal(t, identity.SourceClaim, w.user(address).Source)
	}
	for _, row := range w.results(j)[1:] {
		require.Equal(t, "'", row[1][:1], row)
	}
}
