package directory_test

import (
	"context"
	"fmt"
	"os"
	"runtime/pprof"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/identity"
	"rollcall/store"
	"rollcall/store/fresh"
)

func TestScratchFirst(t *testing.T) {
	file := fresh.Database(t)
	s, err := store.Open(t.Context(), "sqlite:"+file)
	require.NoError(t, err)
	w := worldOver(t, s, &clock{now: time.Now()})
	w.configure(`{"groups":{"members":"nested"}}`)
	var list []directory.Entry
	n := 100_000
	dn := func(i int) string { return fmt.Sprintf("uid=person%06d,ou=People,dc=example,dc=org", i) }
	id := func(i int) identity.ObjectID {
		return identity.ObjectID(fmt.Sprintf("%08d-0000-4000-8000-000000000000", i))
	}
	for i := range n {
		list = append(list, directory.Entry{ID: id(i), DN: dn(i), UserName: fmt.Sprintf("person.number.%d@example.com", i),
			Emails: []string{fmt.Sprintf("person.number.%d@example.com", i)}, Manager: dn(i / 10),
			Attributes: map[string]string{"displayName": fmt.Sprint("Person Number ", i), "title": "Engineer", "name.givenName": "Person", "name.familyName": fmt.Sprint("Number ", i),
				`phoneNumbers[type eq "work"].value`: fmt.Sprint("+49 30 ", i), `addresses[type eq "work"].locality`: "Berlin"}})
	}
	src := &bulkSource{owns: []string{"displayName", "emails", "title", "name.givenName", "name.familyName", `phoneNumbers[type eq "work"].value`, `addresses[type eq "work"].locality`, directory.ManagerPath}, entries: list}
	for g := range n / 100 {
		e := directory.GroupEntry{ID: id(1_000_000 + g), DN: fmt.Sprintf("cn=g%d,ou=Groups", g), Name: fmt.Sprint("g", g)}
		for k := range 100 {
			p := (g*100 + k*7) % n
			e.Members = append(e.Members, directory.GroupMember{ID: id(p), DN: dn(p)})
		}
		src.groups = append(src.groups, e)
	}
	w.syncer = directory.New(w.service, func(context.Context, identity.Connector) (directory.Source, error) { return src, nil })
	f, _ := os.Create("/tmp/plan.prof")
	pprof.StartCPUProfile(f)
	began := time.Now()
	plan, _ := w.plan()
	pprof.StopCPUProfile()
	f.Close()
	fmt.Println("plan", time.Since(began))
	f, _ = os.Create("/tmp/apply.prof")
	pprof.StartCPUProfile(f)
	began = time.Now()
	r := w.apply(plan.ID)
	pprof.StopCPUProfile()
	f.Close()
	fmt.Println("apply", time.Since(began), r.Applied, len(r.Items))
}

type bulkSource struct {
	entries []directory.Entry
	groups  []directory.GroupEntry
	owns    []string
}

func (b *bulkSource) Snapshot(context.Context, directory.Progress) (directory.Snapshot, error) {
	slices.Sort(b.owns)
	return directory.Snapshot{Entries: slices.Clone(b.entries), Owns: b.owns, Complete: true, Server: "x", ReadAt: time.Now(), Groups: b.groups}, nil
}
func (b *bulkSource) Find(context.Context, []identity.ObjectID, identity.ObjectID) ([]directory.Finding, error) {
	return nil, nil
}
func (b *bulkSource) Close() error { return nil }
