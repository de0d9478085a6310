package bulk_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/bulk"
	"rollcall/identity"
)

// exported makes an export as a job and returns its file.
func (w *world) exported(o bulk.ExportOptions) (identity.Job, string) {
	w.t.Helper()
	j, err := w.StartExport(w.ctx, admin, w.org, o)
	require.NoError(w.t, err)
	w.work()
	var b bytes.Buffer
	require.NoError(w.t, w.WriteExport(w.ctx, &b, w.org, j.ID))
	return w.job(j.ID), b.String()
}

// column returns one column of a file.
func column(t *testing.T, file, header string) []string {
	t.Helper()
	rows := parse(t, file)
	var cells []string
	for i, name := range rows[0] {
		if name != header {
			continue
		}
		for _, row := range rows[1:] {
			cells = append(cells, row[i])
		}
	}
	return cells
}

func TestCSV06_ExportsHonourTheFilter(t *testing.T) {
	w := newWorld(t)
	w.add(w.org, "ada@example.com", "")
	bob := w.add(w.org, "bob@example.com", "")
	w.add(w.organization(), "eve@example.com", "")
	w.imported(lines(only, "cy@example.com"), bulk.ImportOptions{})
	require.NoError(t, w.service.Transact(w.ctx, w.org, admin, func(c *identity.Acts) error {
		_, err := c.Deactivate(w.ctx, bob.ID, nil)
		return err
	}))
	for _, c := range []struct {
		name   string
		filter bulk.Filter
		want   []string
	}{
		{"everybody", bulk.Filter{}, []string{"ada@example.com", "bob@example.com", "cy@example.com"}},
		{"inactive only", bulk.Filter{Status: identity.Inactive}, []string{"bob@example.com"}},
		{"by reason", bulk.Filter{Reason: identity.ByAdministrator}, []string{"bob@example.com"}},
		{"by source", bulk.Filter{Source: identity.SourceCSV}, []string{"cy@example.com"}},
		{"by text in any case", bulk.Filter{Q: "ADA@"}, []string{"ada@example.com"}},
		{"all at once", bulk.Filter{Status: identity.NotVerified, Source: identity.SourceSCIM, Q: "example"}, []string{"ada@example.com"}},
		{"nobody", bulk.Filter{Q: "zz"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			j, file := w.exported(bulk.ExportOptions{Filter: c.filter})
			require.Equal(t, c.want, column(t, file, only))
			require.Equal(t, len(c.want), j.Succeeded)
			require.Equal(t, w.export(c.filter), file)
		})
	}
	for field, filter := range map[string]bulk.Filter{
		"status": {Status: "gone"}, "reason": {Reason: "x"}, "source": {Source: "x"}, "q": {Q: strings.Repeat("x", bulk.MaxFilterText+1)},
	} {
		_, err := w.StartExport(w.ctx, admin, w.org, bulk.ExportOptions{Filter: filter})
		var refusal *identity.Error
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, identity.RuleInvalidValue, refusal.Rule)
		require.Equal(t, field, refusal.Field)
	}
	_, err := w.StartExport(w.ctx, admin, w.org, bulk.ExportOptions{Filter: bulk.Filter{Q: strings.Repeat("x", bulk.MaxFilterText)}})
	require.NoError(t, err)
}

func TestCSV06_ManyPagesMakeOneFile(t *testing.T) {
	w := newWorld(t)
	w.imported(manyRows(1001), bulk.ImportOptions{})
	j, file := w.exported(bulk.ExportOptions{})
	require.Len(t, column(t, file, only), 1001)
	require.Equal(t, 1001, j.Processed)
	require.Equal(t, 1, strings.Count(file, only), "one header")
}

func TestCSV06_FilesCanBeHadForSevenDays(t *testing.T) {
	w := newWorld(t)
	w.add(w.org, "ada@example.com", "")
	started, err := w.StartExport(w.ctx, admin, w.org, bulk.ExportOptions{})
	require.NoError(t, err)
	var b bytes.Buffer
	refusedWith(t, w.WriteExport(w.ctx, &b, w.org, started.ID), identity.RuleJobRunning)
	w.work()
	imported, _ := w.imported(lines(only, "ada@example.com"), bulk.ImportOptions{})

	w.clock.move(7*24*time.Hour - time.Microsecond)
	require.NoError(t, w.Forget(w.ctx))
	require.NoError(t, w.WriteExport(w.ctx, &b, w.org, started.ID))
	require.NoError(t, w.WriteResults(w.ctx, &b, w.org, imported.ID))

	w.clock.move(time.Microsecond)
	b.Reset()
	gone := func() {
		for _, err := range []error{w.WriteExport(w.ctx, &b, w.org, started.ID), w.WriteResults(w.ctx, &b, w.org, imported.ID)} {
			refusedWith(t, err, identity.RuleFileGone)
			require.Equal(t, identity.Gone, identity.KindOf(err))
		}
		require.Zero(t, b.Len())
	}
	gone()
	require.NoError(t, w.Forget(w.ctx))
	gone()
	rows, err := w.service.Reader().JobRows(w.ctx, w.org, imported.ID, 0, 10)
	require.NoError(t, err)
	require.Empty(t, rows)
	_, err = w.service.Reader().JobChunk(w.ctx, w.org, started.ID, 0)
	require.True(t, identity.IsNotFound(err))
}

func TestFilesOfAnotherKindOrOrganizationAreUnknown(t *testing.T) {
	w := newWorld(t)
	export, _ := w.exported(bulk.ExportOptions{})
	imported, _ := w.imported(lines(only, "ada@example.com"), bulk.ImportOptions{})
	other := w.organization()
	var b bytes.Buffer
	for name, err := range map[string]error{
		"results of an export":        w.WriteResults(w.ctx, &b, w.org, export.ID),
		"file of an import":           w.WriteExport(w.ctx, &b, w.org, imported.ID),
		"another organization's file": w.WriteExport(w.ctx, &b, other, export.ID),
		"another one's results":       w.WriteResults(w.ctx, &b, other, imported.ID),
		"nobody's":                    w.WriteResults(w.ctx, &b, w.org, "x"),
	} {
		t.Run(name, func(t *testing.T) { refusedWith(t, err, identity.RuleUnknownJob) })
	}
	_, err := w.StartExport(w.ctx, admin, "x", bulk.ExportOptions{})
	refusedWith(t, err, identity.RuleUnknownOrg)
	refusedWith(t, w.WriteTemplate(w.ctx, &b, "x"), identity.RuleUnknownOrg)
	_, err = w.StartImport(w.ctx, admin, "x", strings.NewReader(only), bulk.ImportOptions{})
	refusedWith(t, err, identity.RuleUnknownOrg)
	require.Zero(t, b.Len())
}

func TestCSV07_CellsThatLookLikeFormulasAreNeutralized(t *testing.T) {
	w := newWorld(t)
	for i, c := range []struct{ name, phone, wantName, wantPhone string }{
		{"=cmd()", "+46 70 123", "'=cmd()", "+46 70 123"},
		{"+1", "=1+1", "'+1", "'=1+1"},
		{"-1", "+cmd|' /C calc'!A0", "'-1", "'+cmd|' /C calc'!A0"},
		{"@SUM(1)", "-46", "'@SUM(1)", "'-46"},
		{"\tx", "(0)8-123", "'\tx", "(0)8-123"},
		{"\rx", "'+1", "'\rx", "''+1"},
		{"'=x", "''@", "''=x", "'''@"},
		{"'quoted'", "'1", "'quoted'", "'1"},
		{"Ada = 1", "", "Ada = 1", ""},
	} {
		address := string(rune('a'+i)) + "@example.com"
		profile, err := identity.ProfileOf(map[string]any{"displayName": c.name, "phoneNumbers": []any{map[string]any{"type": "work", "value": c.phone}}})
		require.NoError(t, err)
		w.add(w.org, address, string(profile))
		file := w.export(bulk.Filter{Q: address})
		require.Equal(t, []string{c.wantName}, column(t, file, "Display Name"))
		require.Equal(t, []string{c.wantPhone}, column(t, file, "Phone Number"))
		_, outcomes := w.imported(file, bulk.ImportOptions{})
		require.Equal(t, []string{bulk.Unchanged}, outcomes, "%q", c.name)
	}
}

func TestCSV07_APhoneNumberKeepsItsPlus(t *testing.T) {
	w := newWorld(t)
	w.imported(lines(only+",Phone Number,Display Name", "ada@example.com,+4670123,'+1 Ada"), bulk.ImportOptions{})
	require.Contains(t, string(w.user("ada@example.com").Profile), `"value":"+4670123"`)
	require.Contains(t, string(w.user("ada@example.com").Profile), `"displayName":"+1 Ada"`, "the apostrophe is the export's, not Ada's")
}

func TestTheTemplateHasEveryColumnAndIsAnImport(t *testing.T) {
	w := newWorld(t)
	s := w.seats(1, "calling", "title")
	var b bytes.Buffer
	require.NoError(t, w.WriteTemplate(w.ctx, &b, w.org))
	header := parse(t, b.String())
	require.Len(t, header, 1)
	require.Equal(t, only, header[0][0])
	require.Equal(t, []string{"Country", "calling", "title (" + string(s.ID) + ")"}, header[0][len(header[0])-3:])
	_, err := w.StartImport(w.ctx, admin, w.org, &b, bulk.ImportOptions{})
	refusedWith(t, err, identity.RuleInvalidValue)
	require.ErrorContains(t, err, "a header and no users")
}

// What comes out goes in again and changes nothing, whatever people and providers put into names.
func TestCSV07_AnExportImportedAgainChangesNothing(t *testing.T) {
	w := newWorld(t)
	hostile := rapid.OneOf(rapid.String(), rapid.StringMatching(`['=+\-@\t\r\n ",;]{0,4}[a-z=]{0,3}[\r\n'" ]{0,3}`))
	rapid.Check(t, func(t *rapid.T) {
		w.org = w.organization()
		w.seats(5, "calling", "=meetings")
		chief := w.add(w.org, "=chief."+string(w.org)+"@example.com", "")
		n := rapid.IntRange(1, 4).Draw(t, "people")
		for i := range n {
			text := func(label string) string { return hostile.Draw(t, label) }
			profile, err := identity.ProfileOf(map[string]any{
				"displayName": text("display"), "title": text("title"), "name": map[string]any{"givenName": text("given"), "familyName": text("family")},
				"phoneNumbers": []any{map[string]any{"value": text("phone"), "type": "Work"}, map[string]any{"value": "1"}},
				"addresses":    []any{map[string]any{"type": "work", "locality": text("city")}, map[string]any{"type": "other", "formatted": text("location")}},
				"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": map[string]any{"department": text("department"),
					"manager": map[string]any{"value": rapid.SampledFrom([]string{"", string(chief.ID), text("manager")}).Draw(t, "manager"), "displayName": "x"}},
			})
			require.NoError(t, err)
			a := w.add(w.org, "-p"+string(rune('0'+i))+"."+string(w.org)+"@example.com", string(profile))
			if rapid.Bool().Draw(t, "licensed") {
				require.NoError(t, w.service.Transact(w.ctx, w.org, admin, func(c *identity.Acts) error {
					_, err := c.SetLicences(w.ctx, a, []identity.Licence{"=meetings"})
					return err
				}))
			}
		}
		before := w.export(bulk.Filter{})
		_, outcomes := w.imported(before, bulk.ImportOptions{RemoveServices: true})
		for _, o := range outcomes {
			require.Equal(t, bulk.Unchanged, o, "%s", before)
		}
		require.Len(t, outcomes, n+1)
		require.Equal(t, before, w.export(bulk.Filter{}))
	})
}
