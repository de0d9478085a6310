package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/store/contents"
)

var (
	kills        = flag.Int("kills", 1, "how often TestDIR16_KilledAnywhere kills a command at each point")
	peopleToKill = flag.Int("people", 450, "how many people its directory has; 450 or more")
)

// TestDIR16_KilledAnywhere kills "sync plan" and "sync apply" with SIGKILL wherever something is being written, types the command again, and
// compares the database, row by row, with that of a run that nothing happened to. What chance and the clock give is left out of the
// comparison: identifiers of new things, links, times, and the checksums over them.
func TestDIR16_KilledAnywhere(t *testing.T) {
	k := prepareKills(t, *peopleToKill)
	batches := max(1, *peopleToKill/1600) // of 400, 800 and then 1600 steps, without the last one
	for _, c := range []struct {
		name  string
		at    point
		every bool // each round has another batch
	}{
		{"the plan is written and not committed", point{before, "plan", 1}, false},
		{"the plan is stored", point{after, "plan", 1}, false},
		{"the run is begun and not committed", point{before, "run", 1}, false},
		{"the run is begun", point{after, "run", 1}, false},
		{"the first batch is about to begin", point{beyond, "run", 1}, false},
		{"in the middle of a batch", point{within, "batch", 1}, true},
		{"a batch is not committed", point{before, "batch", 1}, true},
		{"a batch is committed", point{after, "batch", 1}, true},
		{"between two batches", point{beyond, "batch", 1}, true},
		{"the last batch is not committed", point{before, "last", 1}, false},
		{"the last batch is committed", point{after, "last", 1}, false},
		{"all steps are done and the end is about to be written", point{beyond, "last", 1}, false},
		{"the end is written and not committed", point{before, "end", 1}, false},
		{"the end is committed", point{after, "end", 1}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for round := range *kills {
				at := c.at
				if c.every {
					at.turn += round * batches / *kills
				}
				if at.what == "plan" {
					k.planning(t, at)
				} else {
					k.applying(t, at)
				}
			}
			t.Logf("%d killed", *kills)
		})
	}
}

// killing is what every round begins with, and what it has to come to.
type killing struct {
	unplanned, planned string // databases
	plan               string // the plan's id
	want               contents.Contents
}

func prepareKills(t *testing.T, people int) *killing {
	t.Helper()
	folder := t.TempDir()
	export := filepath.Join(folder, "people.ldif")
	k := &killing{unplanned: filepath.Join(folder, "unplanned.db"), planned: filepath.Join(folder, "planned.db")}
	db := "sqlite:" + k.unplanned
	command(t, db, "org", "create", "Corp")
	command(t, db, "subscription", "set", "Suite", "--org", "Corp", "--licence", "calling=unlimited")
	command(t, db, "template", "set", "--org", "Corp", "calling")
	writeBefore(t, export, people)
	command(t, db, "connector", "create", "--org", "Corp", "--name", "Files", "--kind", "ldif", "--schema", "openldap", "--path", export,
		"--base-dn", "ou=People,dc=corp", "--groups", "nested", "--photos", "on", "--max-loss-percent", "50")
	command(t, db, "sync", "apply", "--org", "Corp", planned(t, db))
	writeAfter(t, export, people)

	copyDatabase(t, k.unplanned, k.planned)
	k.plan = planned(t, "sqlite:"+k.planned)
	whole := filepath.Join(folder, "whole.db")
	copyDatabase(t, k.planned, whole)
	report := command(t, "sqlite:"+whole, "sync", "apply", "--org", "Corp", k.plan)
	for _, op := range []string{"create", "update", "disable", "remove", "group_create", "group_update", "group_delete"} {
		require.NotZero(t, report["applied"].(map[string]any)[op], "%s: %v", op, report)
	}
	require.NotZero(t, report["skipped"], "somebody without an address is reported")
	k.want = settled(t, whole)
	return k
}

// planning kills "sync plan" and types it again; the plan is applied.
func (k *killing) planning(t *testing.T, at point) {
	t.Helper()
	file := k.copy(t, k.unplanned)
	k.kill(t, file, at, "sync", "plan")
	if at.where == before { // nothing has happened, but that photos wait for a plan; they are dropped when they have waited for too long
		require.Equal(t, settled(t, k.unplanned).Without("plan_photos"), settled(t, file).Without("plan_photos"))
	}
	command(t, "sqlite:"+file, "sync", "apply", "--org", "Corp", planned(t, "sqlite:"+file))
	k.compare(t, file, "plans", "plan_bodies", "plan_photos") // the plan that nobody heard of is there beside the one that was applied
}

// applying kills "sync apply" and types it again.
func (k *killing) applying(t *testing.T, at point) {
	t.Helper()
	file := k.copy(t, k.planned)
	k.kill(t, file, at, "sync", "apply", k.plan)
	if at == (point{before, "run", 1}) {
		require.Equal(t, settled(t, k.planned), settled(t, file), "nothing has happened")
	}
	again := exec.Command(binary, "sync", "apply", "--database", "sqlite:"+file, "--org", "Corp", k.plan)
	out, err := again.CombinedOutput()
	if at == (point{after, "end", 1}) {
		require.Error(t, err)
		require.Contains(t, string(out), "this plan has been applied")
		k.compare(t, file, "events", "audit_heads") // which tell of this refusal too
		return
	}
	require.NoError(t, err, "%s", out)
	k.compare(t, file)
}

func (k *killing) copy(t *testing.T, from string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rollcall.db")
	copyDatabase(t, from, file)
	return file
}

func (k *killing) kill(t *testing.T, file string, at point, args ...string) {
	t.Helper()
	itself, err := os.Executable()
	require.NoError(t, err)
	if raced {
		itself = filepath.Join(stories, "rollcall")
	}
	victim := exec.Cmd{Path: itself, Args: append([]string{killedProgram}, append(args, "--database", "sqlite:"+file, "--org", "Corp")...),
		Env: append(os.Environ(), "KILL_AT="+at.String())}
	out, err := victim.CombinedOutput()
	var ended *exec.ExitError
	require.True(t, errors.As(err, &ended), "%s: it was not killed: %v\n%s", at, err, out)
	status := ended.Sys().(syscall.WaitStatus)
	require.True(t, status.Signaled() && status.Signal() == syscall.SIGKILL, "%s: %v\n%s", at, err, out)
}

func (k *killing) compare(t *testing.T, file string, without ...string) {
	t.Helper()
	got, want := settled(t, file).Without(without...), k.want.Without(without...)
	for _, table := range want.Tables() {
		if !slices.Equal(got[table], want[table]) { // a difference of 5,000 rows takes minutes to print
			require.Equal(t, len(want[table]), len(got[table]), table)
			for i := range want[table] {
				require.Equal(t, want[table][i], got[table][i], table)
			}
		}
	}
	require.NoError(t, exec.Command(binary, "verify", "--database", "sqlite:"+file).Run(), "the chain of events is whole")
	status := exec.Command(binary, "sync", "plan", "--database", "sqlite:"+file, "--org", "Corp").Run()
	require.NoError(t, status, "exit status 0: nothing to do")
}

// copyDatabase copies a database that no process has open, with the log of what is not in its file yet.
func copyDatabase(t *testing.T, from, to string) {
	t.Helper()
	for _, part := range []string{"", "-wal"} {
		content, err := os.ReadFile(from + part)
		if part != "" && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(to+part, content, 0o600))
	}
}

// settled returns the rows of a database with the userName of an account instead of its identifier, and without what chance and the
// clock give.
func settled(t *testing.T, file string) contents.Contents {
	t.Helper()
	all, err := contents.Read(t.Context(), file)
	require.NoError(t, err)
	names := map[string]string{}
	for _, row := range all["accounts"] {
		found := accountRow.FindStringSubmatch(row)
		require.NotNil(t, found, row)
		names[found[1]] = "account:" + found[2]
	}
	for table, rows := range all {
		for i, row := range rows {
			if table == "runs" { // whoever goes on where all steps are done writes the run once more
				row, _, _ = strings.Cut(row, " version=")
			}
			rows[i] = settledRow(row, names)
		}
		slices.Sort(rows)
		all[table] = rows
	}
	return all
}

// settledRow goes through a row word by word: regular expressions take ten times as long, and the race detector makes that minutes.
func settledRow(row string, names map[string]string) string {
	var b strings.Builder
	for len(row) > 0 {
		end := strings.IndexFunc(row, func(r rune) bool { return !strings.ContainsRune(inWords, r) })
		switch {
		case end < 0:
			end = len(row)
		case end == 0:
			end = 1
			if close := strings.IndexByte(row, ']'); row[0] == '[' && close > 60 && strings.Trim(row[1:close], "0123456789 ") == "" {
				row, end = "DIGEST"+row[close+1:], len("DIGEST")
			}
		}
		b.WriteString(settledWord(row[:end], names))
		row = row[end:]
	}
	return b.String()
}

const inWords = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-:."

func settledWord(word string, names map[string]string) string {
	of := func(length int, signs string) bool { return len(word) == length && strings.Trim(word, signs) == "" }
	switch {
	case of(36, "0123456789abcdef-") && word[14] == '7': // as ids of things are, and those of entries are not
		if name := names[word]; name != "" {
			return name
		}
		return "ID"
	case of(26, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"): // a link in a mail
		return "LINK"
	case of(64, "0123456789abcdef"):
		return "DIGEST"
	case of(16, "0123456789"), strings.HasPrefix(word, "20") && strings.HasSuffix(word, "Z") && strings.Contains(word, "T"):
		return "TIME"
	}
	return word
}

var accountRow = regexp.MustCompile(` id=([0-9a-f-]{36}) user_name=(\S+) `)

// writeBefore writes a directory of three fifths of so many people, and groups of them.
func writeBefore(t *testing.T, file string, people int) {
	var b strings.Builder
	for i := range people * 3 / 5 {
		writePerson(&b, i, i, "First", photo(i%3)...)
	}
	for i := range people / 50 {
		writeGroup(&b, i, fmt.Sprint("Team ", i), i*25, 20)
	}
	require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o600))
}

// writeAfter writes so many people: of those who were there some are gone, some are disabled, pairs have each other's address, and the others
// have another name, and some of them another photo or none; and one has no address. Their groups change too.
func writeAfter(t *testing.T, file string, people int) {
	var b strings.Builder
	gone := people / 50
	for i := gone; i < people+gone; i++ {
		switch {
		case i < 2*gone:
			writePerson(&b, i, i, "First", "pwdAccountLockedTime: 000001010000Z")
		case i < 4*gone:
			writePerson(&b, i, i^1, "First")
		case i == people:
			writePerson(&b, i, -1, "Second")
		default:
			after := []int{3, 2, 2}[i%3] // a new one, another one, the same
			if i%60 == 1 {
				after = 0
			}
			writePerson(&b, i, i, "Second", photo(after)...)
		}
	}
	for i := range people / 50 { // the first is gone, the others have others in them, every third another name; and two are new
		if i > 0 {
			writeGroup(&b, i, fmt.Sprint("Team ", i+i%3/2*1000), i*25+5, 20, i+1)
		}
	}
	writeGroup(&b, people/50, "New team", gone, 2*gone)
	writeGroup(&b, people/50+1, "Everybody", 2*gone, people-2*gone)
	require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o600))
}

// writeGroup writes a group of the people from a number on, so many, and of other groups.
func writeGroup(b *strings.Builder, number int, name string, first, size int, groups ...int) {
	fmt.Fprintf(b, "dn: cn=g%d,ou=People,dc=corp\nobjectClass: groupOfNames\nentryUUID: 00000000-0000-4000-9000-%012d\ncn: %s\n", number, number, name)
	for i := range size {
		fmt.Fprintf(b, "member: uid=p%d,ou=People,dc=corp\n", first+i)
	}
	for _, g := range groups {
		fmt.Fprintf(b, "member: cn=g%d,ou=People,dc=corp\n", g)
	}
	b.WriteString("\n")
}

func writePerson(b *strings.Builder, number, mailbox int, name string, lines ...string) {
	fmt.Fprintf(b, "dn: uid=p%d,ou=People,dc=corp\nobjectClass: inetOrgPerson\nentryUUID: 00000000-0000-4000-8000-%012d\nuid: p%d\ndisplayName: %s %d\n",
		number, number, number, name, number)
	if mailbox >= 0 {
		fmt.Fprintf(b, "mail: p%d@corp.example\n", mailbox)
	}
	for _, line := range lines {
		b.WriteString(line + "\n")
	}
	b.WriteString("\n")
}

// photo returns the line of an entry with one of several photos, a PNG of one pixel; none for 0.
func photo(number int) []string {
	if number == 0 {
		return nil
	}
	var b bytes.Buffer
	pixel := image.NewGray(image.Rect(0, 0, 1, 1))
	pixel.Pix[0] = byte(number)
	_ = png.Encode(&b, pixel) // into memory
	return []string{"jpegPhoto:: " + base64.StdEncoding.EncodeToString(b.Bytes())}
}
