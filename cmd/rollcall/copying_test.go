package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/store/contents"
	"rollcall/store/fresh"
)

// TestCopying_AStoreMovesToTheOtherEngine exports a store beside its server, imports it on PostgreSQL and serves it there.
func TestCopying_AStoreMovesToTheOtherEngine(t *testing.T) {
	t.Parallel()
	folder, db, there := t.TempDir(), database(t), fresh.Postgres(t)
	n := newTenant(t, db, "Acme", "okta")
	synchronizedStore(t, db, folder)
	here := serve(t, db)
	asked := []string{"/Users?count=200&sortBy=userName", "/Groups?count=100", `/Users?filter=active+eq+false`, "/Schemas"}
	ids := populate(t, here, n)
	for _, id := range ids {
		asked = append(asked, "/Users/"+id)
	}

	// Somebody writes all the while.
	stop, stopped := make(chan struct{}), make(chan error)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				close(stopped)
				return
			default:
				if status, body, err := n.request(http.MethodPost, n.base(here)+"/Users", newcomer(fmt.Sprint("late", i))); err != nil || status != http.StatusCreated {
					stopped <- fmt.Errorf("%d %s %w", status, body, err)
				}
			}
		}
	}()
	early := filepath.Join(folder, "early.jsonl")
	command(t, db, "export", early)
	command(t, "sqlite:"+filepath.Join(folder, "early.db"), "import", early) // which fails if it was not one moment
	close(stop)
	require.NoError(t, <-stopped)

	before := answers(t, here, n, asked)
	file := filepath.Join(folder, "store.jsonl")
	out := command(t, db, "export", file)
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode())

	importsKilled(t, file, out["contents"])
	in := command(t, there, "import", file)
	require.Equal(t, out, in)
	back := filepath.Join(folder, "back.jsonl.gz")
	require.Equal(t, out["contents"], command(t, there, "export", back)["contents"])
	again := "sqlite:" + filepath.Join(folder, "again.db")
	command(t, again, "import", back)
	want, err := contents.ReadPostgres(t.Context(), there)
	require.NoError(t, err)
	got, err := contents.Read(t.Context(), strings.TrimPrefix(again, "sqlite:"))
	require.NoError(t, err)
	require.Equal(t, want, got)
	for _, table := range []string{"accounts", "address_holds", "events", "tokens", "links", "plans", "plan_bodies", "runs", "groups", "group_members", "assignments", "messages"} {
		require.NotEmpty(t, got[table], "%s: nothing was proven about it", table)
	}

	s := serve(t, there)
	require.Equal(t, before, answers(t, s, n, asked))
	status, body, err := n.request(http.MethodPost, n.base(s)+"/Users", newcomer("newcomer"))
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status, "%s", body)
	status, body, err = n.request(http.MethodPost, n.base(s)+"/Users", newcomer("person1"))
	require.NoError(t, err)
	require.Equal(t, http.StatusConflict, status, "%s", body)
	require.NoError(t, exec.Command(binary, "verify", "--database", there).Run())

	refused, err := exec.Command(binary, "import", "--database", there, file).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(refused), "STORE_NOT_EMPTY")
	require.NotContains(t, string(refused), "rollcall:rollcall", "the password is nobody's business")
}

// synchronizedStore gives a database an organization with people, groups and licences that a directory has told of.
func synchronizedStore(t *testing.T, db, folder string) {
	t.Helper()
	people := filepath.Join(folder, "people.ldif")
	command(t, db, "org", "create", "Corp")
	command(t, db, "subscription", "set", "Suite", "--org", "Corp", "--licence", "calling=unlimited")
	command(t, db, "template", "set", "--org", "Corp", "calling")
	writeBefore(t, people, 450)
	command(t, db, "connector", "create", "--org", "Corp", "--name", "Files", "--kind", "ldif", "--schema", "openldap", "--path", people,
		"--base-dn", "ou=People,dc=corp", "--groups", "nested")
	command(t, db, "sync", "apply", "--org", "Corp", planned(t, db))
}

func newcomer(name string) map[string]any {
	address := name + "@example.com"
	return map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": address,
		"name": map[string]any{"familyName": "Zoë \"\\ \u2028 𝒳"}, "emails": []any{map[string]any{"value": address, "primary": true}}}
}

// populate adds people over SCIM, one of whom is inactive and one is gone, and returns the ids of all.
func populate(t *testing.T, s *server, n tenant) (ids []string) {
	t.Helper()
	do := func(method, path string, body any, want int) []byte {
		status, answer, err := n.request(method, n.base(s)+path, body)
		require.NoError(t, err)
		require.Equal(t, want, status, "%s", answer)
		return answer
	}
	for i := range 5 {
		created := do(http.MethodPost, "/Users", newcomer(fmt.Sprint("person", i)), http.StatusCreated)
		var user struct{ ID string }
		require.NoError(t, json.Unmarshal(created, &user))
		ids = append(ids, user.ID)
	}
	do(http.MethodPatch, "/Users/"+ids[2], map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
		"Operations": []any{map[string]any{"op": "replace", "path": "active", "value": false}}}, http.StatusOK)
	do(http.MethodDelete, "/Users/"+ids[3], nil, http.StatusNoContent)
	do(http.MethodPost, "/Groups", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": "Team",
		"members": []any{map[string]any{"value": ids[0]}}}, http.StatusCreated)
	return ids
}

// answers are what a server says, without its own address. The versions of resources are in it.
func answers(t *testing.T, s *server, n tenant, paths []string) map[string]string {
	t.Helper()
	said := map[string]string{}
	for _, path := range paths {
		status, body, err := n.request(http.MethodGet, n.base(s)+path, nil)
		require.NoError(t, err)
		said[path] = fmt.Sprint(status, " ", strings.ReplaceAll(string(body), s.url, ""))
	}
	return said
}

// importsKilled kills imports in the middle: they leave nothing, and what is typed again does it all.
func importsKilled(t *testing.T, file string, sum any) {
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	lite, server := filepath.Join(t.TempDir(), "rollcall.db"), fresh.Postgres(t)
	for url, read := range map[string]func() (contents.Contents, error){
		"sqlite:" + lite: func() (contents.Contents, error) { return contents.Read(t.Context(), lite) },
		server:           func() (contents.Contents, error) { return contents.ReadPostgres(t.Context(), server) },
	} {
		engine, _, _ := strings.Cut(url, ":")
		t.Run("killed in the middle: "+engine, func(t *testing.T) { killImport(t, url, whole, sum, read) })
	}
}

func killImport(t *testing.T, url string, whole []byte, sum any, read func() (contents.Contents, error)) {
	t.Helper()
	const buffered = 1 << 18 // more than a pipe and the program take without looking at it
	require.Greater(t, len(whole), 3*buffered)
	command(t, url, "migrate")
	before, err := read()
	require.NoError(t, err)
	cmd := exec.Command(binary, "import", "--database", url, "-")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = in.Write(whole[:len(whole)-buffered])
	require.NoError(t, err)
	during, err := read()
	require.NoError(t, err)
	require.Equal(t, before, during, "nobody sees a part")
	require.NoError(t, cmd.Process.Signal(syscall.SIGKILL))
	require.Error(t, cmd.Wait(), "it was killed")
	after, err := read()
	require.NoError(t, err)
	require.Equal(t, before, after, "nothing is left")

	again := exec.Command(binary, "import", "--database", url, "--output", "json", "-")
	again.Stdin = bytes.NewReader(whole)
	answer, err := again.Output()
	require.NoError(t, err)
	require.Contains(t, string(answer), sum)
}

// TestExport_ToAFullDisk leaves no file that looks like one.
func TestExport_ToAFullDisk(t *testing.T) {
	t.Parallel()
	db := database(t)
	command(t, db, "org", "create", "Acme")
	out, err := exec.Command(binary, "export", "--database", db, "/dev/full").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "rollcall: write /dev/full: no space left on device")
	pipe := exec.Command(binary, "export", "--database", db, "-")
	reader, err := pipe.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, pipe.Start())
	written, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.NoError(t, pipe.Wait())
	require.Equal(t, `{"rollcallExport":1,`, string(written[:20]))
}
