package admin_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/admin"
	"rollcall/directory"
	"rollcall/identity"
)

// madeUp is a directory of nobody's, whose settings are all the organization's own.
type madeUp struct{ down error }

func (m madeUp) Open(context.Context, identity.Connector) (directory.Source, error) {
	return nil, m.down
}

func (madeUp) Delegated(n identity.Connector, patch json.RawMessage, password *string) (identity.Connector, error) {
	if n.Settings = patch; password != nil {
		n.Secret = "sealed " + *password
	}
	return n, nil
}

func (madeUp) Shown(n identity.Connector) (json.RawMessage, []string, error) {
	return n.Settings, nil, nil
}

const newConnector = `{"name":"AD","kind":"ad","settings":{"bindDN":"CN=reader","baseDNs":["DC=corp"]},"bindPassword":"hunter2"}`

func TestDIR_ConnectorsOverTheAPI(t *testing.T) {
	t.Parallel()
	down := identity.Refuse(identity.Unavailable, directory.RuleUnreachable, "nobody answers")
	w := newWorldOf(t, newIssuer(t), func(o *admin.Options) { o.Directories = madeUp{down} })
	org := w.org("Corp")
	full, reader := w.administrator(org, "full", identity.RoleFull), w.administrator(org, "reader", identity.RoleReadOnly)
	path := "/api/v1/organizations/" + string(org) + "/connectors"

	made := w.post(path, full, newConnector)
	n := made.is(http.StatusCreated)
	require.NotContains(t, made.body, "hunter2")
	require.NotContains(t, made.body, "sealed")
	require.Equal(t, true, n["passwordKept"])
	one := path + "/" + n["id"].(string)
	require.Equal(t, one, made.header.Get("Location"))
	tag := made.header.Get("ETag")
	w.post(path, full, newConnector).refused(http.StatusConflict, identity.RuleConnectorExists)
	again := w.post(path, full, strings.Replace(newConnector, "AD", "B", 1), "Idempotency-Key", "k")
	again.is(http.StatusCreated)
	require.Equal(t, again.body, w.post(path, full, strings.Replace(newConnector, "AD", "B", 1), "Idempotency-Key", "k").body)
	w.post(path, full, newConnector, "Idempotency-Key", "k").refused(http.StatusConflict, identity.RuleKeyReused)
	for name, body := range map[string]string{
		"no password":           `{"name":"B","kind":"ad","settings":{}}`,
		"a kind of files":       `{"name":"B","kind":"ldif","settings":{},"bindPassword":"x"}`,
		"a file of the server":  `{"name":"B","kind":"ad","settings":{"path":"/etc"},"bindPassword":"x"}`,
		"a setting of no kind":  `{"name":"B","kind":"ad","settings":{"pageSize":"x"},"bindPassword":"x"}`,
		"something else beside": `{"name":"B","kind":"ad","settings":{},"bindPassword":"x","org":"y"}`,
	} {
		t.Run(name, func(t *testing.T) {
			a := w.post(path, full, body)
			a.t = t
			a.refused(http.StatusBadRequest, "INVALID_REQUEST")
		})
	}

	patch := func(body string, header ...string) answer {
		return w.call(http.MethodPatch, one, full, body, append([]string{"Content-Type", "application/merge-patch+json"}, header...)...)
	}
	changed := patch(`{"settings":{"filter":null,"policy":{"maxLosses":null,"budgets":{"removals":null}},"bindDN":"CN=other"}}`, "If-Match", tag)
	changed.is(http.StatusOK)
	patch(`{"settings":{}}`, "If-Match", tag).refused(http.StatusPreconditionFailed, identity.RuleVersionMismatch)
	patch(`{"settings":{"caFile":null}}`).refused(http.StatusBadRequest, "INVALID_REQUEST")
	w.get(one, reader).is(http.StatusOK)
	w.call(http.MethodPatch, one, reader, `{}`).refused(http.StatusForbidden, identity.RuleForbiddenRole)
	require.Contains(t, w.post(one+"/test", full, `{}`).refused(http.StatusServiceUnavailable, directory.RuleUnreachable), "nobody answers")

	// A plan is a job for a worker; one at a time.
	job := w.post(one+"/plans", full, `{}`).is(http.StatusAccepted)
	require.Equal(t, "plan", job["kind"])
	require.Equal(t, n["id"], job["connector"])
	require.NotContains(t, job, "total")
	w.post(one+"/plans", full, `{"kind":"full"}`).refused(http.StatusConflict, identity.RuleJobRunning)
	w.post(one+"/plans", full, `{"kind":"half"}`).refused(http.StatusBadRequest, "INVALID_REQUEST")
	worker := directory.NewJobs(w.Service, directory.New(w.Service, madeUp{down}.Open), newLogger())
	done, err := worker.Work(w.ctx, 10)
	require.NoError(t, err)
	require.Equal(t, 1, done)
	job = w.get("/api/v1/organizations/"+string(org)+"/jobs/"+job["id"].(string), full).is(http.StatusOK)
	require.Equal(t, "done", job["state"])
	plan := "/api/v1/organizations/" + string(org) + "/plans/" + job["plan"].(string)
	require.Contains(t, w.get(plan, reader).is(http.StatusOK)["refused"], "Nobody answers.")
	require.Empty(t, w.get(plan+"/steps", reader).is(http.StatusOK)["steps"])
	w.post(plan+"/apply", full, `{}`).refused(http.StatusConflict, directory.RulePlanRefused)
	w.post(plan+"/apply", full, `{"first":0}`).refused(http.StatusBadRequest, "INVALID_REQUEST")
	w.get(plan+"/steps?cursor=AAAA", full).refused(http.StatusBadRequest, identity.RuleInvalidValue)

	// Another organization's administrators find none of it.
	other := w.org("Other")
	stranger := w.administrator(other, "stranger", identity.RoleFull)
	for _, path := range []string{"/connectors/" + n["id"].(string), "/plans/" + job["plan"].(string), "/jobs/" + job["id"].(string)} {
		w.get("/api/v1/organizations/"+string(other)+path, stranger).is(http.StatusNotFound)
	}
	w.call(http.MethodDelete, one, full, "")
	w.get(one, full).refused(http.StatusNotFound, identity.RuleUnknownConnector)
}

func TestWithoutDirectoriesNobodyConnectsOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	org := w.org("Corp")
	full := w.administrator(org, "full", identity.RoleFull)
	path := "/api/v1/organizations/" + string(org)
	w.post(path+"/connectors", full, newConnector).refused(http.StatusServiceUnavailable, identity.RuleUnavailable)
	require.Empty(t, w.get(path+"/connectors", full).is(http.StatusOK)["connectors"])
	require.Equal(t, "disabled", w.get(path+"/synchronization", full).is(http.StatusOK)["mode"])
	w.post(path+"/synchronization/enable", full, "").refused(http.StatusConflict, identity.RuleNoConnector)
}
