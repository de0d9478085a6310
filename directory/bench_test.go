package directory_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/directory/mapping"
	"rollcall/fixtures"
	"rollcall/identity"
	"rollcall/store"
	"rollcall/store/fresh"
)

const (
	manyPeople = 100_000
	manyGroups = 1_000
	fewPeople  = 1_000
	perGroup   = 100

	rounds = 3
)

// BenchmarkScale synchronizes 100,000 people and 1,000 groups of a real OpenLDAP server, each beside what it is compared with:
//
//   - reading all of it page by page with go-ldap and doing nothing with it (bare-s),
//   - the first import into an empty store: users/s are those beyond the bare reading,
//   - a full synchronization when everybody is as they should be (sync-s),
//   - an incremental one without changes, with 1,000 people and with 100,000,
//   - the peak memory of processes that do that by the command line: the full synchronization, planning the import, and applying it.
//
// All of it is done in turns, and the medians are told: how fast a machine is changes from one minute to the next. The processor is shared with
// the directory's server, so on a machine that does something else the figures say little.
func BenchmarkScale(b *testing.B) {
	few, many := peopled(b, fewPeople, 10), peopled(b, manyPeople, manyGroups)
	binary := filepath.Join(b.TempDir(), "rollcall")
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "rollcall/cmd/rollcall").CombinedOutput()
	require.NoError(b, err, "%s", out)

	small, _ := mirrored(b, few)
	small.sync()
	for b.Loop() {
		var w *world
		var file string
		var bare, planned, imported, full, times []float64
		for range rounds {
			if w != nil {
				require.NoError(b, w.store.(*store.Store).Close())
			}
			read := seconds(func() { bareRead(b, many) })
			w, file = mirrored(b, many)
			var plan identity.Plan
			first := seconds(func() { plan, _ = w.plan() })
			apply := seconds(func() {
				report := w.apply(plan.ID)
				require.Equal(b, [2]int{manyPeople, manyGroups}, [2]int{report.Applied[directory.OpCreate], report.Applied[directory.OpGroupCreate]})
			})
			again := seconds(func() {
				_, plan := w.plan()
				require.True(b, plan.Empty())
				require.Equal(b, manyPeople, plan.Reading.Count)
				require.Equal(b, manyGroups, plan.Figures.Groups)
			})
			bare, planned, full = append(bare, read), append(planned, first), append(full, again)
			imported, times = append(imported, manyPeople/(first+apply-read)), append(times, again/read)
		}
		b.ReportMetric(median(planned), "first-plan-s")
		b.ReportMetric(median(imported), "users/s")
		b.ReportMetric(median(bare), "bare-s")
		b.ReportMetric(median(full), "sync-s")
		b.ReportMetric(median(times), "times-bare-read")

		took := [2][]float64{}
		for range 50 {
			for i, w := range []*world{small, w} {
				began := time.Now()
				_, _, report, err := w.syncer.RunIncremental(b.Context(), w.org, w.connector, admin, nil)
				took[i] = append(took[i], float64(time.Since(began).Microseconds()))
				require.NoError(b, err)
				require.Zero(b, report.Total)
			}
		}
		b.ReportMetric(median(took[0]), "1k-µs")
		b.ReportMetric(median(took[1]), "100k-µs")
		b.ReportMetric(median(took[1])/median(took[0]), "times-1k")

		require.NoError(b, w.store.(*store.Store).Close())
		where := []string{"--database", "sqlite:" + file, "--org", "Corp"}
		b.ReportMetric(peak(b, binary, append([]string{"sync", "plan", "--connector", "real"}, where...)...), "sync-MiB")

		w, file = mirrored(b, many)
		where[1] = "sqlite:" + file
		b.ReportMetric(peak(b, binary, append([]string{"sync", "plan", "--connector", "real"}, where...)...), "first-plan-MiB")
		plans, err := w.store.Plans(b.Context(), w.org, w.connector, "", 1)
		require.NoError(b, err)
		b.ReportMetric(peak(b, binary, append([]string{"sync", "apply", string(plans[0].ID)}, where...)...), "first-apply-MiB")
	}
}

// seconds is how long something takes.
func seconds(what func()) float64 {
	began := time.Now()
	what()
	return time.Since(began).Seconds()
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

// peopled starts a server with people, each with a manager, and groups of 100 of them.
func peopled(b *testing.B, people, groups int) *fixtures.Directory {
	path := filepath.Join(b.TempDir(), "people.ldif")
	file, err := os.Create(path)
	require.NoError(b, err)
	out := bufio.NewWriter(file)
	fmt.Fprint(out, "dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example Corp\n\n")
	for _, unit := range []string{"People", "Groups"} {
		fmt.Fprintf(out, "dn: ou=%s,dc=example,dc=org\nobjectClass: organizationalUnit\nou: %[1]s\n\n", unit)
	}
	name := func(i int) string { return fmt.Sprintf("uid=person%06d,ou=People,dc=example,dc=org", i) }
	for i := range people {
		fmt.Fprintf(out, "dn: %s\nobjectClass: inetOrgPerson\nuid: person%06d\ncn: Person Number %[2]d\nsn: Number %[2]d\ngivenName: Person\n"+
			"displayName: Person Number %[2]d\nmail: person.number.%[2]d@example.com\ntitle: Engineer\ndepartmentNumber: %d\nl: Berlin\n"+
			"telephoneNumber: +49 30 %06[2]d\nemployeeNumber: %[2]d\nmanager: %[4]s\n\n", name(i), i, i%50, name(i/10))
	}
	for i := range groups {
		fmt.Fprintf(out, "dn: cn=Group %04d,ou=Groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: Group %04[1]d\n", i)
		for k := range perGroup {
			fmt.Fprintf(out, "member: %s\n", name((i*perGroup+k*7)%people))
		}
		fmt.Fprint(out, "\n")
	}
	require.NoError(b, out.Flush())
	require.NoError(b, file.Close())
	return fixtures.StartSlapd(b, fixtures.SlapdOptions{LDIF: path})
}

// mirrored returns an organization that mirrors a server's people and groups, and the file of its store, which nothing is in yet.
func mirrored(b *testing.B, d *fixtures.Directory) (w *world, file string) {
	file = fresh.Database(b)
	s, err := store.Open(b.Context(), "sqlite:"+file)
	require.NoError(b, err)
	b.Cleanup(func() { _ = s.Close() }) // or it is closed already
	w = worldOver(b, s, &clock{now: time.Now()})
	w.joinedWith(b, d, func(s *ldap.Settings) { s.Groups = &directory.GroupSettings{} }, d.BaseDN)
	return w, file
}

// peak runs a command and returns how much memory it had at most, in MiB.
func peak(b *testing.B, binary string, args ...string) (most float64) {
	var errors strings.Builder
	cmd := exec.Command(binary, args...)
	cmd.Stderr = &errors
	require.NoError(b, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		select {
		case err := <-ended:
			tick.Stop()
			if cmd.ProcessState.ExitCode() != 2 { // of a plan that changes somebody
				require.NoError(b, err, "%s", errors.String())
			}
			return most
		case <-tick.C:
			// Not the rusage of the child: it counts what the parent had when it started the child.
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
			if _, rest, ok := strings.Cut(string(status), "VmHWM:"); ok {
				var kib float64
				fmt.Sscan(rest, &kib)
				most = max(most, kib/1024)
			}
		}
	}
}

// bareRead is what a client does at the least: the same connection, entries and attributes, and nothing done with them.
func bareRead(b *testing.B, d *fixtures.Directory) {
	pem, err := os.ReadFile(d.CAFile)
	require.NoError(b, err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	conn, err := goldap.DialURL(d.LDAPSURL, goldap.DialWithTLSConfig(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}))
	require.NoError(b, err)
	defer conn.Close()
	require.NoError(b, conn.Bind(d.SyncDN, d.SyncPassword))
	people := []string{"entryUUID", "pwdAccountLockedTime"}
	for _, source := range mapping.Defaults(mapping.OpenLDAP) {
		people = append(people, source.Attribute)
	}
	for _, read := range []struct {
		filter     string
		attributes []string
		page       uint32
		want       int
	}{
		{"(objectClass=inetOrgPerson)", people, 1000, manyPeople},
		{"(objectClass=groupOfNames)", []string{"entryUUID", "cn", "member"}, 100, manyGroups},
	} {
		result, err := conn.SearchWithPaging(goldap.NewSearchRequest(d.BaseDN, goldap.ScopeWholeSubtree, goldap.NeverDerefAliases, 0, 0, false,
			read.filter, read.attributes, nil), read.page)
		require.NoError(b, err)
		require.Len(b, result.Entries, read.want)
	}
}
