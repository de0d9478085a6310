package bulk

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"rollcall/identity"
)

const (
	modeColumn     = "mode"
	revisionColumn = "revision"
)

// claimColumns are the columns of a file of users who can be claimed (CLM-33). The mode stands in the file as it was decided when
// the file was made, so that another setting needs another file (CLM-34). What can be looked at only describes somebody whom
// another organization may change at any time; a file says how it was, and is not held to that.
var claimColumns = []column{
	{id: userColumn, header: userHeader, role: names, show: func(v view) string { return v.preview.Email }},
	{id: "display", header: "Display Name", role: tells, show: func(v view) string { return v.preview.Name }},
	{id: "status", header: "User Status", role: tells, show: func(v view) string { return string(v.preview.Status) }},
	{id: modeColumn, header: "Claim Mode", role: chooses, show: func(v view) string { return modeWord(v.preview.Mode) }},
	{id: "lost", header: "Content Lost", role: tells, show: func(v view) string { return strings.ToUpper(strconv.FormatBool(v.preview.ContentLost)) }},
	{id: "warnings", header: "Warnings", role: tells, show: showWarnings},
	{id: revisionColumn, header: "File Revision", role: tells, show: func(v view) string { return v.now.UTC().Format(time.RFC3339) }},
}

// modeWord is how a file names a mode.
func modeWord(m identity.ClaimMode) string { return strings.ToUpper(string(m)) }

// showWarnings shows the codes of CLM-45.
func showWarnings(v view) string {
	codes := make([]string, 0, len(v.preview.Warnings))
	for _, w := range v.preview.Warnings {
		codes = append(codes, string(w.Code))
	}
	return strings.Join(codes, " ")
}

// WriteClaimTemplate writes an empty file with all columns that [Jobs.StartClaims] understands, to be filled in by hand (CLM-33).
func (j *Jobs) WriteClaimTemplate(ctx context.Context, w io.Writer, org identity.OrgID) error {
	s, err := sheetOf(ctx, j.service.Reader(), org, claimColumns)
	if err != nil {
		return err
	}
	return writeRows(w, header(s.columns()))
}

// WriteClaimable writes everybody whom an organization can claim now, however many there are (CLM-33). The columns of licences are
// empty, so that the template decides unless somebody fills them in (CLM-32). Before there is an error it has written nothing,
// unless the store or w fails on the way.
func (j *Jobs) WriteClaimable(ctx context.Context, w io.Writer, org identity.OrgID) error {
	s, err := sheetOf(ctx, j.service.Reader(), org, claimColumns)
	if err != nil {
		return err
	}
	columns := s.columns()
	out := csv.NewWriter(w)
	if err := out.Write(header(columns)); err != nil {
		return err
	}
	v := view{now: j.service.Now()}
	cells := make([]string, len(columns))
	err = j.service.EachClaimable(ctx, org, func(p identity.ClaimPreview) error {
		v.preview = p
		for i, c := range columns {
			if c.role != licenses {
				cells[i] = c.write(v)
			}
		}
		return out.Write(cells)
	})
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}
