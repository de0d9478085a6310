package admin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/admin"
	"rollcall/directory"
	"rollcall/identity"
)

// shelf is a directory that holds what a test puts in it.
type shelf struct {
	madeUp
	people []directory.Entry
	groups []directory.GroupEntry
}

func (s *shelf) Open(context.Context, identity.Connector) (directory.Source, error) { return s, nil }

func (s *shelf) Snapshot(context.Context, directory.Progress) (directory.Snapshot, error) {
	return directory.Snapshot{Entries: s.people, Groups: s.groups, Owns: []string{"emails", "externalId"}, Complete: true, Server: "dc1"}, nil
}

func (s *shelf) Find(_ context.Context, ids []identity.ObjectID, _ identity.ObjectID) ([]directory.Finding, error) {
	found := make([]directory.Finding, len(ids))
	for i, id := range ids {
		found[i] = directory.Finding{ID: id, Kind: directory.Tombstone, Detail: "It was deleted."}
	}
	return found, nil
}

func (s *shelf) Close() error { return nil }

func (s *shelf) put(names ...string) {
	s.people = nil
	for _, name := range names {
		address := name + "@corp.example"
		s.people = append(s.people, directory.Entry{ID: identity.ObjectID(name), DN: "CN=" + name, UserName: address, ExternalID: identity.ExternalID(name), Emails: []string{address}})
	}
}

// synchronizing is an organization with a directory, and a worker for its jobs.
type synchronizing struct {
	*world
	t         *testing.T
	full      string // a token
	path      string // of the organization
	connector string
	worker    *directory.Jobs
}

func newSynchronizing(t *testing.T, d *shelf) *synchronizing {
	w := newWorldOf(t, newIssuer(t), func(o *admin.Options) { o.Directories = d })
	org := w.org("Corp")
	s := &synchronizing{world: w, t: t, full: w.administrator(org, "full", identity.RoleFull), path: "/api/v1/organizations/" + string(org),
		worker: directory.NewJobs(w.Service, directory.New(w.Service, d.Open), newLogger())}
	made := w.post(s.path+"/connectors", s.full, `{"name":"AD","kind":"ad","settings":{"groups":{"members":"nested"}},"bindPassword":"x"}`)
	s.connector = made.is(http.StatusCreated)["id"].(string)
	return s
}

// did starts a job and returns it when it is done.
func (s *synchronizing) did(path, body string) map[string]any {
	s.t.Helper()
	job := s.post(s.path+path, s.full, body).is(http.StatusAccepted)
	done, err := s.worker.Work(s.ctx, 10)
	require.NoError(s.t, err)
	require.Equal(s.t, 1, done)
	job = s.world.get(s.path+"/jobs/"+job["id"].(string), s.full).is(http.StatusOK)
	require.Equal(s.t, "done", job["state"], job)
	return job
}

func (s *synchronizing) get(path string) map[string]any {
	s.t.Helper()
	return s.world.get(s.path+path, s.full).is(http.StatusOK)
}

func (s *synchronizing) planned() string {
	s.t.Helper()
	return s.did("/connectors/"+s.connector+"/plans", `{}`)["plan"].(string)
}

func (s *synchronizing) applied(plan string) string {
	s.t.Helper()
	return s.did("/plans/"+plan+"/apply", `{}`)["run"].(string)
}

// pages reads a list one by one.
func (s *synchronizing) pages(path, member string) []map[string]any {
	s.t.Helper()
	var all []map[string]any
	for cursor := ""; ; {
		page := s.get(path + "?limit=1&cursor=" + url.QueryEscape(cursor))
		for _, one := range page[member].([]any) {
			all = append(all, one.(map[string]any))
		}
		var more bool
		if cursor, more = page["nextCursor"].(string); !more {
			return all
		}
		require.LessOrEqual(s.t, len(page[member].([]any)), 1)
	}
}

func TestDIR13_PlansOverTheAPITellOfGroupsAndOfWhatComesAfter(t *testing.T) {
	t.Parallel()
	d := &shelf{}
	d.put("ada", "bob", "eve")
	d.groups = []directory.GroupEntry{{ID: "g1", DN: "CN=Staff", Name: "Staff", Members: []directory.GroupMember{{ID: "ada"}, {ID: "bob"}, {DN: "CN=nobody"}}}}
	s := newSynchronizing(t, d)
	first := s.planned()
	shown := s.get("/plans/" + first)
	require.EqualValues(t, 1, shown["groups"])
	require.EqualValues(t, 1, shown["strayMembers"])
	require.EqualValues(t, 1, shown["steps"].(map[string]any)["group_create"])
	made := s.get("/plans/" + first + "/steps?op=group_create")["steps"].([]any)
	require.Len(t, made, 1)
	require.Equal(t, "Staff", made[0].(map[string]any)["name"])
	s.applied(first)

	// Who goes leaves the group, and it is said when they are deleted for good. Whose address changes is a list of its own.
	d.put("ada", "eve")
	d.people[0].Emails, d.people[0].UserName = []string{"ada.l@corp.example"}, "ada.l@corp.example"
	d.groups[0].Members = d.groups[0].Members[1:]
	second := s.planned()
	lost := s.get("/plans/" + second + "/steps?op=remove")["steps"].([]any)[0].(map[string]any)
	require.Contains(t, lost["then"], "Deleted for good 7 days after")
	require.NotEmpty(t, lost["purgeAt"])
	changed := s.get("/plans/" + second + "/steps?op=group_update")["steps"].([]any)[0].(map[string]any)
	require.NotEmpty(t, changed["group"])
	require.Len(t, changed["leave"], 1)
	require.EqualValues(t, 1, changed["ends"])
	addresses := s.pages("/plans/"+second+"/email-changes", "emailChanges")
	require.Len(t, addresses, 1)
	require.Equal(t, "ada.l@corp.example", addresses[0]["after"])
	require.Equal(t, addresses[0]["before"], "ada@corp.example")

	whole := s.world.get(s.path+"/plans/"+second+"/document", s.full)
	require.Equal(t, http.StatusOK, whole.status)
	var plan directory.Plan
	require.NoError(t, json.Unmarshal([]byte(whole.body), &plan))
	require.NotEmpty(t, plan.Steps)

	all := s.pages("/plans", "plans")
	require.Len(t, all, 2)
	require.Equal(t, []any{second, first}, []any{all[0]["id"], all[1]["id"]}, "the newest first")
	require.Len(t, s.pages("/runs", "runs"), 1)
	next := s.get("/plans?limit=1")["nextCursor"].(string)
	s.world.get(s.path+"/runs?cursor="+next, s.full).refused(http.StatusBadRequest, identity.RuleInvalidValue)
}

func TestDIR10_RunsAreTakenBackAndUsersDeletedEarlyOverTheAPI(t *testing.T) {
	t.Parallel()
	d := &shelf{}
	d.put("ada", "bob", "eve")
	s := newSynchronizing(t, d)
	s.applied(s.planned())
	require.Empty(t, s.get("/synchronization/deleted-users")["users"])
	d.put("ada")
	run := s.applied(s.planned())
	gone := s.pages("/synchronization/deleted-users", "users")
	require.Len(t, gone, 2)
	require.Equal(t, "directory_deleted", gone[0]["reason"])
	require.NotEmpty(t, gone[0]["purgeAt"])
	require.NotEqual(t, gone[0]["user"], gone[1]["user"])

	undo := s.get("/plans/" + s.did("/runs/"+run+"/undo", "")["plan"].(string))
	require.Equal(t, run, undo["undoes"].(map[string]any)["run"])
	require.EqualValues(t, 2, undo["steps"].(map[string]any)["restore"])
	s.post(s.path+"/runs/none/undo", s.full, "").refused(http.StatusNotFound, identity.RuleUnknownRun)

	plans := "/connectors/" + s.connector + "/plans"
	// In one go: a run if something was applied, and else the plan alone.
	job := s.did("/connectors/"+s.connector+"/runs", `{}`)
	require.NotEmpty(t, job["run"])
	people := d.people
	d.people = nil
	job = s.did("/connectors/"+s.connector+"/runs", `{"kind":"full"}`)
	require.NotContains(t, job, "run")
	require.Equal(t, "refused", s.get("/plans/" + job["plan"].(string))["state"])
	d.people = people
	one := s.get("/plans/" + s.did(plans, fmt.Sprintf(`{"purge":{"users":[%q]}}`, gone[0]["user"]))["plan"].(string))
	require.EqualValues(t, 1, one["steps"].(map[string]any)["purge"])
	s.applied(s.did(plans, `{"purge":{"all":true}}`)["plan"].(string))
	require.Empty(t, s.get("/synchronization/deleted-users")["users"])
	s.post(s.path+plans, s.full, `{"purge":{"all":true,"users":["x"]}}`).refused(http.StatusBadRequest, identity.RuleInvalidValue)
	s.post(s.path+plans, s.full, `{"purge":{"users":["x"]}}`).refused(http.StatusNotFound, identity.RuleUnknownAccount)
}

// TestEveryKindOfStepCanBeAskedFor compares the API's words with those of plans.
func TestEveryKindOfStepCanBeAskedFor(t *testing.T) {
	field, _ := reflect.TypeFor[admin.SyncStep]().FieldByName("Op")
	var ops []string
	for _, op := range directory.Ops {
		ops = append(ops, string(op))
	}
	require.Equal(t, strings.Join(ops, ","), field.Tag.Get("enum"))
}
