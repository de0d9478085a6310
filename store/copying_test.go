package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/store/contents"
)

func TestCopying_EveryTableAndColumnOfBothEngines(t *testing.T) {
	s, lite := openServer(t, serverURL(t)), openTemp(t)
	kinds := map[string]map[columnKind]string{
		"sqlite":   {keyKind: "ANY", textKind: "TEXT", numberKind: "INTEGER", flagKind: "INTEGER", bytesKind: "BLOB"},
		"postgres": {keyKind: "bytea", textKind: "text", numberKind: "bigint", flagKind: "boolean", bytesKind: "bytea"},
	}
	want := map[string][]string{}
	for engine, types := range kinds {
		for _, table := range copiedTables() {
			for _, c := range table.columns {
				want[engine] = append(want[engine], table.name+"."+c.name+" "+types[c.kind])
			}
		}
	}
	const hint = "a column or table that is not copied: add it to copied, in the order of the schema"
	require.ElementsMatch(t, columnOf(t, lite.readers, `SELECT m.name || '.' || c.name || ' ' || c.type
		FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'goose%' AND m.name NOT LIKE 'sqlite%' AND m.name NOT IN ('schema_oldest', 'org_counts')`), want["sqlite"], hint)
	require.ElementsMatch(t, columnOf(t, s.readers, `SELECT table_name || '.' || column_name || ' ' || data_type FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name NOT LIKE 'goose%' AND table_name NOT LIKE 'writers%' AND table_name NOT IN ('commits', 'schema_oldest', 'org_counts')`), want["postgres"], hint)

	for _, table := range copiedTables() {
		require.Equal(t, table.order, strings.Join(columnOf(t, lite.readers, `SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk`, table.name), ", "),
			"%s: the primary key", table.name)
	}
	require.Empty(t, columnOf(t, s.readers, `SELECT sequencename FROM pg_sequences WHERE sequencename NOT LIKE 'goose%'`),
		"a sequence goes on where the imported rows end: let the import set it")
	require.Empty(t, columnOf(t, lite.readers, `SELECT name FROM sqlite_schema WHERE sql LIKE '%AUTOINCREMENT%' AND name NOT LIKE 'goose%'`))
}

func TestCopying_EachTableComesAfterThoseItRefersTo(t *testing.T) {
	lite := openTemp(t)
	var names []string
	for _, table := range copiedTables() {
		names = append(names, table.name)
		for _, other := range columnOf(t, lite.readers, `SELECT DISTINCT "table" FROM pragma_foreign_key_list(?)`, table.name) {
			require.Contains(t, names, other, table.name)
		}
	}
}

// texts are what is hard to carry over.
var texts = []string{"", "plain", "NUL\x00within\x00", "\x01\x02\x01", "\xff\xfeno UTF-8\xc3", "Zoë 𝒳 \u2028 \ufffd \u202e", `{"a":"b\\n\"<&>"}`, "\r\n\t\x1f\x7f", strings.Repeat("long ", 400)}

// strange returns a value that fits row n of every table: rows with the same number belong together.
func strange(t copiedTable, c copiedColumn, n int) any {
	switch c.kind {
	case keyKind:
		switch n {
		case 7:
			return keyOf("")
		case 8:
			return keyOf("no identifier")
		case 9:
			return keyOf("no identifier, and a long one\x00")
		}
		return keyOf(fmt.Sprintf("%08x-0000-7000-8000-%012x", n*7919, n))
	case textKind:
		if c.name == "request" {
			return "{}" // the store reads it
		}
		text := texts[n%len(texts)]
		if n >= len(texts) {
			text += strconv.Itoa(n)
		}
		return text
	case flagKind:
		return n%2 == 0
	case bytesKind:
		if n == 5 && c.name != "digest" {
			return make([]byte, 200_000)
		}
		return []byte(strings.Repeat(string([]byte{byte(n), 0, 0xff}), n))
	}
	switch {
	case t.name == "clock_watch" && c.name == "id":
		return int64(1)
	case n == 3:
		return int64(math.MaxInt64)
	case n == 4 && t.name != "pools":
		return int64(math.MinInt64)
	}
	return int64(n)
}

// strangeRows is how many rows every table gets.
const strangeRows = 130

// fill gives an empty database strange rows in every table. What may be NULL is in every third row.
func fill(t *testing.T, url string) {
	t.Helper()
	lite := openTemp(t)
	place, err := parseURL(url)
	require.NoError(t, err)
	require.NoError(t, place.migrate(ctx))
	c, err := place.importing(ctx)
	require.NoError(t, err)
	require.NoError(t, c.empty(ctx))
	for _, table := range copiedTables() {
		optional := columnOf(t, lite.readers, `SELECT name FROM pragma_table_info(?) WHERE NOT "notnull"`, table.name)
		rows := strangeRows
		if table.name == "clock_watch" {
			rows = 1
		}
		n := 0
		require.NoError(t, c.load(ctx, table, func() ([]any, error) {
			if n == rows {
				return nil, nil
			}
			var values []any
			for _, column := range table.columns {
				value := strange(table, column, n)
				if n%3 == 2 && slices.Contains(optional, column.name) {
					value = nil
				}
				values = append(values, value)
			}
			n++
			return values, nil
		}), table.name)
	}
	require.NoError(t, c.commit(ctx))
	require.NoError(t, c.end())
}

func quiet(string, int, int) {}

var exportedAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func export(t *testing.T, url string) (Copied, []byte) {
	t.Helper()
	var file bytes.Buffer
	copied, err := Export(ctx, url, "test", exportedAt, &file, quiet)
	require.NoError(t, err)
	return copied, file.Bytes()
}

func TestCopying_FromAnEngineToTheOtherAndBack(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	first, second, server := filepath.Join(folder, "first.db"), filepath.Join(folder, "second.db"), serverURL(t)
	fill(t, "sqlite:"+first)
	how := Importing{BrokenAudit: true, Told: quiet}

	out, there := export(t, "sqlite:"+first)
	in, err := Import(ctx, server, bytes.NewReader(there), how)
	require.NoError(t, err)
	require.Equal(t, out, in)
	require.EqualValues(t, strangeRows*(len(copiedTables())-1)+1, in.Total)
	back, here := export(t, server)
	require.Equal(t, out.Contents, back.Contents)

	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err = w.Write(here)
	require.NoError(t, errors.Join(err, w.Close()))
	_, err = Import(ctx, "sqlite:"+second, &packed, how)
	require.NoError(t, err)
	want, err := contents.Read(ctx, first)
	require.NoError(t, err)
	got, err := contents.Read(ctx, second)
	require.NoError(t, err)
	require.Equal(t, want, got)
	again, _ := export(t, "sqlite:"+second)
	require.Equal(t, out, again, "byte for byte")
}

// emptyStore returns the contents of an SQLite database that nobody has used, and its url.
func emptyStore(t *testing.T) (contents.Contents, string, string) {
	t.Helper()
	file := migratedFile(t)
	before, err := contents.Read(ctx, file)
	require.NoError(t, err)
	return before, file, "sqlite:" + file
}

// redone is an export whose last line fits what was changed before it.
func redone(file string) string {
	lines := strings.SplitAfter(file, "\n")
	body := strings.Join(lines[:len(lines)-2], "")
	var end exportEnd
	_ = json.Unmarshal([]byte(lines[len(lines)-2]), &end) // written by Export
	hash := sha256.Sum256([]byte(body))
	end.SHA256 = hex.EncodeToString(hash[:])
	last, _ := json.Marshal(end)
	return body + string(last) + "\n"
}

func TestImport_AFileThatIsNotAsItWasWritten(t *testing.T) {
	t.Parallel()
	source := migratedFile(t)
	fill(t, "sqlite:"+source)
	_, written := export(t, "sqlite:"+source)
	whole := string(written)
	lines := strings.SplitAfter(whole, "\n")
	accounts := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, `{"table":"accounts"`) })
	row := accounts + slices.IndexFunc(lines[accounts:], func(l string) bool { return strings.Contains(l, `"plain",`) })
	change := func(n int, line string) string {
		changed := slices.Clone(lines)
		changed[n] = line
		return strings.Join(changed, "")
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := io.WriteString(w, whole)
	require.NoError(t, errors.Join(err, w.Close()))
	flipped := bytes.Clone(packed.Bytes())
	flipped[len(flipped)/2] ^= 0x10

	tables := map[string]struct {
		file string
		rule identity.Rule
		says string
	}{
		"nothing":                {"", identity.RuleExportDamaged, "the file ends in line 1, where its header was expected"},
		"something else":         {"id,name\n", identity.RuleExportDamaged, "this is no export of rollcall"},
		"cut off in a line":      {whole[:len(whole)/2], identity.RuleExportDamaged, "it was cut off"},
		"cut off after a line":   {strings.Join(lines[:accounts+5], ""), identity.RuleExportDamaged, "where a row of the table accounts was expected: it was cut off"},
		"without its last line":  {strings.Join(lines[:len(lines)-2], ""), identity.RuleExportDamaged, "where the end of the export was expected"},
		"without the last break": {whole[:len(whole)-1], identity.RuleExportDamaged, "it was cut off"},
		"cut off and compressed": {packed.String()[:packed.Len()/2], identity.RuleExportDamaged, "it was cut off"},
		"changed and compressed": {string(flipped), identity.RuleExportDamaged, ""},
		"more than its end":      {whole + "[]\n", identity.RuleExportDamaged, "something comes after the end"},
		"a byte of a row":        {change(row, strings.Replace(lines[row], "plain", "plaim", 1)), identity.RuleExportDamaged, "rows of the table accounts are not what they were"},
		"a row is gone":          {change(accounts+2, ""), identity.RuleExportDamaged, "the table accounts has 129 rows, but the file says that it has 130"},
		"a row that is none":     {change(accounts+2, "[1,2]\n"), identity.RuleExportDamaged, fmt.Sprintf("line %d is no row of the table accounts: it has 2 values", accounts+3)},
		"no number in a row":     {change(row, strings.Replace(lines[row], ",1,", `,"1",`, 1)), identity.RuleExportDamaged, "is no row of the table accounts"},
		"rows in another order": {strings.Replace(whole, lines[row]+lines[row+1], lines[row+1]+lines[row], 1), identity.RuleExportDamaged,
			"the file's checksum is another than its last line says"},
		"tables in another order": {redone(strings.Replace(strings.Replace(whole, `{"table":"connectors"`, `{"table":"x"`, 1), `{"table":"accounts"`, `{"table":"connectors"`, 1)),
			identity.RuleExportDamaged, "does not begin the table connectors, which comes there"},
		"a column less": {redone(change(accounts, strings.Replace(lines[accounts], `,"machine"`, "", 1))), identity.RuleExportDamaged, "other columns than this program knows"},
		"a byte of the header": {change(0, strings.Replace(lines[0], `"program":"test"`, `"program":"text"`, 1)), identity.RuleExportDamaged,
			"the file's checksum is another than its last line says"},
		"another form":    {change(0, strings.Replace(lines[0], `{"rollcallExport":1,`, `{"rollcallExport":2,`, 1)), identity.RuleExportVersion, "the form 2"},
		"a newer schema":  {change(0, `{"rollcallExport":1,"schema":1000,"program":"v9"}`+"\n"), identity.RuleExportVersion, "written from schema version 1000 by rollcall v9"},
		"an older schema": {change(0, `{"rollcallExport":1,"schema":3,"program":"v0"}`+"\n"), identity.RuleExportVersion, "written from schema version 3 by rollcall v0"},
		"a broken audit":  {whole, identity.RuleAuditChanged, "was changed before it was exported"},
	}
	before, file, url := emptyStore(t)
	for name, c := range tables {
		t.Run(name, func(t *testing.T) {
			_, err := Import(ctx, url, strings.NewReader(c.file), Importing{Told: quiet})
			var refusal *identity.Error
			require.ErrorAs(t, err, &refusal)
			require.Equal(t, c.rule, refusal.Rule, refusal.Detail)
			require.Contains(t, refusal.Detail, c.says)
			after, err := contents.Read(ctx, file)
			require.NoError(t, err)
			require.Equal(t, before, after, "nothing was imported")
		})
	}
	_, err = Import(ctx, url, strings.NewReader(whole), Importing{BrokenAudit: true, Told: quiet})
	require.NoError(t, err, "it can be started again")
	_, err = Import(ctx, url, strings.NewReader(whole), Importing{BrokenAudit: true, Told: quiet})
	require.ErrorContains(t, err, "the database is in use")
	require.ErrorContains(t, err, "accounts 130")

	_, err = Import(ctx, "sqlite:"+filepath.Join(t.TempDir(), "new.db"), strings.NewReader("x\n"), Importing{Told: quiet})
	require.Error(t, err)
	require.NoFileExists(t, filepath.Join(t.TempDir(), "new.db"), "what is no export makes no database")
}

func TestImport_WhatFailsIsUndoneOnPostgreSQL(t *testing.T) {
	t.Parallel()
	source, server := migratedFile(t), serverURL(t)
	fill(t, "sqlite:"+source)
	_, written := export(t, "sqlite:"+source)
	before, err := contents.ReadPostgres(ctx, server)
	require.NoError(t, err)
	for name, file := range map[string][]byte{"cut off": written[:len(written)-20], "a broken audit": written} {
		_, err := Import(ctx, server, bytes.NewReader(file), Importing{Told: quiet})
		require.Contains(t, []identity.Rule{identity.RuleExportDamaged, identity.RuleAuditChanged}, ruleOf(err), "%s: %v", name, err)
		after, err := contents.ReadPostgres(ctx, server)
		require.NoError(t, err)
		require.Equal(t, before, after, name)
	}
	within, cancel := context.WithCancel(ctx)
	_, err = Import(within, server, bytes.NewReader(written), Importing{Told: func(_ string, done, _ int) {
		if done > 1000 {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	_, err = Import(ctx, server, bytes.NewReader(written), Importing{BrokenAudit: true, Told: quiet})
	require.NoError(t, err)
}

func TestExport_WhatCannotBeExported(t *testing.T) {
	_, err := Export(ctx, "sqlite:"+filepath.Join(t.TempDir(), "none.db"), "test", exportedAt, io.Discard, quiet)
	require.Equal(t, identity.RuleNoDatabase, ruleOf(err))
	_, file, url := emptyStore(t)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	defer full.Close()
	_, err = Export(ctx, url, "test", exportedAt, full, quiet)
	require.ErrorContains(t, err, "no space left on device")

	db := openSQLite(file, migrationConnection)
	defer db.Close()
	_, err = db.ExecContext(ctx, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (1000, 1)")
	require.NoError(t, err)
	_, err = Export(ctx, url, "test", exportedAt, io.Discard, quiet)
	require.Equal(t, identity.RuleExportVersion, ruleOf(err))
	require.ErrorContains(t, err, "schema version 1000")
}

func ruleOf(err error) identity.Rule {
	var refusal *identity.Error
	if errors.As(err, &refusal) {
		return refusal.Rule
	}
	return ""
}
