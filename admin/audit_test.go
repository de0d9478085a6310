package admin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// audit returns the events that a query finds, the newest first.
func (w *world) audit(org identity.OrgID, token, query string) []map[string]any {
	w.t.Helper()
	return events(w.get(orgOf(org)+"/audit?"+query, token).is(http.StatusOK))
}

func events(page map[string]any) []map[string]any {
	var all []map[string]any
	for _, e := range page["events"].([]any) {
		all = append(all, e.(map[string]any))
	}
	return all
}

func kindsOf(all []map[string]any) []string {
	kinds := []string{}
	for _, e := range all {
		kinds = append(kinds, e["kind"].(string))
	}
	return kinds
}

func TestAUD01_AnEventTellsWhoDidWhatToWhomAndFromWhere(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	ada, _ := w.bound(org, "ada@example.com", "ada")
	w.administrator(org, "ada", identity.RoleFull)
	claims := w.claims("ada")
	claims["email"] = "ada@mail.example"
	token := w.issuer.token(claims)
	u := w.user(org, "grace@example.com")
	w.post(userOf(u)+"/deactivate", token, "", "User-Agent", "a browser").is(http.StatusOK)

	e := w.audit(org, token, "limit=1")[0]
	require.Equal(t, map[string]any{
		"actorKind": "administrator", "actorName": "Ada ada", "actorEmail": "ada@mail.example", "actorOrgName": "Example", "actorIp": "127.0.0.1",
		"actorUserAgent": "a browser", "adminRoles": []any{"full"}, "eventCategory": "USERS", "eventDescription": "A user was deactivated",
		"actionText": "A user was deactivated (grace@example.com) by Ada ada", "targetType": "user", "targetId": string(u.ID),
		"targetName": "grace@example.com", "targetOrgId": string(org), "targetOrgName": "Example", "trackingId": "test", "operation": "deactivateUser",
	}, e["data"])
	require.Equal(t, []any{w.issuer.url() + "|ada", string(org), "account.deactivated", "deactivated", "USR-10", t0.Format(time.RFC3339)},
		[]any{e["actorId"], e["actorOrgId"], e["kind"], e["reason"], e["rule"], e["created"]})
	require.NotEmpty(t, e["id"])
	require.Len(t, e["hash"], 64)
	require.NotEqual(t, string(ada.ID), e["actorId"])

	w.delete(userOf(ada), token).refused(http.StatusConflict, identity.RuleLastFullAdmin)
	data := w.audit(org, token, "limit=1")[0]["data"].(map[string]any)
	require.Equal(t, []any{"REFUSALS", "LAST_FULL_ADMIN", string(ada.ID)}, []any{data["eventCategory"], data["errorCode"], data["targetId"]})
	require.Contains(t, data["errorMessage"], "last full administrator")
	require.Contains(t, data["actionText"], "An act was refused, deleteUser (ada@example.com) by Ada ada: this is the organization's last")
}

func TestAUD01_TheLineOfARoleTellsWhoGotAndWhoLostIt(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	grace := w.issuer.url() + "|grace"
	w.put(of(org, "/administrators"), token, person(w.issuer, "grace", "user")).is(http.StatusOK)
	w.takeAway(org, token, "grace").nothing()
	events := w.audit(org, token, "limit=2")
	require.Equal(t, "An administrator's role was taken away ("+grace+") by Ada ada", events[0]["data"].(map[string]any)["actionText"])
	require.Equal(t, "An administrator's role was granted (user, "+grace+") by Ada ada", events[1]["data"].(map[string]any)["actionText"])
}

func TestAUD02_TheAuditIsNarrowedByTimeActorCategoryAndTarget(t *testing.T) {
	w := newWorld(t)
	org, other := w.org("Example"), w.org("Other")
	w.user(other, "eve@other.example")
	w.administrator(org, "ada", identity.RoleFull)
	w.clock.move(time.Hour)
	u := w.user(org, "grace@example.com")
	w.clock.move(time.Hour)
	token := w.token("ada")
	w.post(userOf(u)+"/deactivate", token, "").is(http.StatusOK)
	w.post(orgOf(org)+"/groups", token, `{"name":"Support"}`).is(http.StatusCreated)

	at := func(d time.Duration) string { return url.QueryEscape(t0.Add(d).Format(time.RFC3339)) }
	for name, c := range map[string]struct {
		query string
		want  []string
	}{
		"everything":          {"", []string{"group.created", "account.deactivated", "account.created", "administrator.granted", "organization.created"}},
		"from, at it":         {"from=" + at(2*time.Hour), []string{"group.created", "account.deactivated"}},
		"to, not at it":       {"to=" + at(time.Hour), []string{"administrator.granted", "organization.created"}},
		"an actor":            {"actor=" + url.QueryEscape(w.issuer.url()+"|ada"), []string{"group.created", "account.deactivated"}},
		"a category":          {"category=GROUPS", []string{"group.created"}},
		"several categories":  {"category=GROUPS,USERS", []string{"group.created", "account.deactivated", "account.created"}},
		"a target":            {"target=" + string(u.ID), []string{"account.deactivated", "account.created"}},
		"some of it together": {"target=" + string(u.ID) + "&actor=t1", []string{"account.created"}},
		"by position":         {"limit=2&offset=1", []string{"account.deactivated", "account.created"}},
		"beyond the last":     {"offset=5", []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, kindsOf(w.audit(org, token, c.query)))
		})
	}
	var paged []string
	for cursor := ""; ; {
		page := w.get(orgOf(org)+"/audit?limit=2&category=GROUPS,USERS&cursor="+url.QueryEscape(cursor), token).is(http.StatusOK)
		paged = append(paged, kindsOf(events(page))...)
		next, more := page["nextCursor"].(string)
		if !more {
			break
		}
		cursor = next
		w.get(orgOf(org)+"/audit?limit=2&category=USERS&cursor="+url.QueryEscape(cursor), token).refused(http.StatusBadRequest, identity.RuleInvalidValue)
		w.get(orgOf(org)+"/audit?limit=2&offset=1&category=GROUPS,USERS&cursor="+url.QueryEscape(cursor), token).refused(http.StatusBadRequest, "INVALID_REQUEST")
	}
	require.Equal(t, []string{"group.created", "account.deactivated", "account.created"}, paged)
}

func TestAUD02_AtMost200EventsAndOneYearInOneCall(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	end := t0.Add(time.Hour)
	span := func(d time.Duration) string {
		return "from=" + url.QueryEscape(end.Add(-d).Format(time.RFC3339Nano)) + "&to=" + url.QueryEscape(end.Format(time.RFC3339Nano))
	}
	for query, status := range map[string]int{
		"limit=200": http.StatusOK, "limit=201": http.StatusBadRequest, "limit=1": http.StatusOK, "limit=0": http.StatusBadRequest,
		span(identity.MaxAuditRange): http.StatusOK, span(identity.MaxAuditRange + time.Microsecond): http.StatusBadRequest,
		span(-time.Second): http.StatusBadRequest, "category=USERS,GOSSIP": http.StatusBadRequest, "from=yesterday": http.StatusBadRequest,
		"offset=-1": http.StatusBadRequest,
	} {
		a := w.get(orgOf(org)+"/audit?"+query, token)
		require.Contains(t, a.is(status), map[bool]string{true: "events", false: "remedies"}[status == http.StatusOK], query)
		if status != http.StatusOK {
			require.Contains(t, a.body, "query.", "%s says where", query)
		}
	}
}

func TestAUD03_EveryCategoryCanBeAskedFor(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	token := w.administrator(org, "ada", identity.RoleFull)
	for _, c := range identity.Categories {
		w.get(orgOf(org)+"/audit?category="+string(c), token).is(http.StatusOK)
	}
}

func TestAUD04_OneEventForEveryAct(t *testing.T) {
	w := newWorld(t)
	org, partner := w.org("Example"), w.partner("Helpers")
	token := w.administrator(org, "ada", identity.RoleFull)
	w.subscribe(org, "calling", 5)
	g := w.group(org, token, "Support")
	own := strings.Replace(w.issuer.url(), "http://127.0.0.1", "https://login.example.com", 1)
	for _, c := range []struct{ method, path, body, kind, target string }{
		{"PATCH", "", `{"retentionDays":60}`, "organization.changed", string(org)},
		{"PUT", "/administrators", person(w.issuer, "bela", "user"), "administrator.granted", w.issuer.url() + "|bela"},
		{"DELETE", "/administrators?issuer=" + url.QueryEscape(w.issuer.url()) + "&subject=bela", "", "administrator.revoked", w.issuer.url() + "|bela"},
		{"PUT", "/partners/" + string(partner), `{"role":"full"}`, "partner.changed", string(partner)},
		{"DELETE", "/partners/" + string(partner), "", "partner.removed", string(partner)},
		{"PUT", "/identity-providers", `{"issuer":"` + own + `","audience":"a","active":false}`, "identity_provider.changed", own},
		{"DELETE", "/identity-providers?issuer=" + url.QueryEscape(own), "", "identity_provider.removed", own},
		{"PATCH", "/groups/" + g, `{"name":"Help"}`, "group.changed", g},
		{"DELETE", "/groups/" + g, "", "group.deleted", g},
	} {
		before, _, err := w.Reader().ChainHead(w.ctx, org)
		require.NoError(t, err)
		a := w.call(c.method, orgOf(org)+c.path, token, c.body)
		require.Less(t, a.status, 300, a.body)
		after, _, err := w.Reader().ChainHead(w.ctx, org)
		require.NoError(t, err)
		require.Equal(t, before+1, after, c.kind)
		e := w.audit(org, token, "limit=1")[0]
		require.Equal(t, []any{c.kind, c.target}, []any{e["kind"], e["data"].(map[string]any)["targetId"]})
	}
}

func TestI11_TheAuditTellsOfOtherOrganizationsOnlyWhoActedHere(t *testing.T) {
	w := newWorld(t)
	org, home := w.org("Example"), w.org("Elsewhere")
	own := w.administrator(org, "ada", identity.RoleFull)
	eve, token := w.bound(home, "eve@elsewhere.example", "eve")
	w.administrator(org, "eve", identity.RoleFull)
	w.user(home, "other@elsewhere.example")
	u := w.user(org, "grace@example.com")
	w.post(userOf(u)+"/deactivate", token, "").is(http.StatusOK)

	a := w.get(orgOf(org)+"/audit", own)
	e := events(a.is(http.StatusOK))[0]
	require.Equal(t, []any{w.issuer.url() + "|eve", string(home)}, []any{e["actorId"], e["actorOrgId"]})
	require.Equal(t, "Ada eve", e["data"].(map[string]any)["actorName"])
	for _, foreign := range []string{"Elsewhere", "elsewhere.example", string(eve.ID)} {
		require.NotContains(t, a.body, foreign)
	}
}

// exported is a line of an export as somebody else reads it.
type exported struct {
	ID, Org, Hash, PreviousHash, Kind, Rule, Reason, ActorID, ActorOrgID, ActorAccountID, AccountID, AccountName string
	Seq                                                                                                          int64
	Created                                                                                                      time.Time
	Evidence                                                                                                     json.RawMessage
	Target                                                                                                       identity.Target
	Data                                                                                                         struct {
		ActorKind, ActorName, ActorEmail, ActorIP, ActorUserAgent, TrackingID, Operation, ErrorCode, ErrorMessage string
		AdminRoles                                                                                                []identity.Role
	}
}

func (e exported) event() identity.Event {
	event := identity.Event{
		ID: identity.EventID(e.ID), Org: identity.OrgID(e.Org), At: e.Created, Kind: identity.EventKind(e.Kind), Rule: identity.Rule(e.Rule),
		Account: identity.AccountID(e.AccountID), AccountName: e.AccountName, Target: e.Target, Reason: identity.InactiveReason(e.Reason),
		Evidence: e.Evidence, Error: identity.Rule(e.Data.ErrorCode), Message: e.Data.ErrorMessage, Seq: e.Seq,
		Actor: identity.Actor{Kind: identity.ActorKind(e.Data.ActorKind), ID: e.ActorID, Name: e.Data.ActorName, Org: identity.OrgID(e.ActorOrgID),
			Account: identity.AccountID(e.ActorAccountID), Request: identity.Request{Email: e.Data.ActorEmail, IP: e.Data.ActorIP,
				UserAgent: e.Data.ActorUserAgent, TrackingID: e.Data.TrackingID, Operation: e.Data.Operation}},
	}
	for _, role := range e.Data.AdminRoles {
		event.Actor.Request.Role = role
	}
	return event
}

func (w *world) export(org identity.OrgID, token, query string) []exported {
	w.t.Helper()
	a := w.get(orgOf(org)+"/audit/export?"+query, token)
	require.Equal(w.t, http.StatusOK, a.status, a.body)
	require.Equal(w.t, "application/x-ndjson", a.header.Get("Content-Type"))
	var all []exported
	for line := range strings.Lines(a.body) {
		var e exported
		require.NoError(w.t, json.Unmarshal([]byte(line), &e), line)
		all = append(all, e)
	}
	return all
}

func TestAUD04_TheExportCanBeCheckedElsewhere(t *testing.T) {
	w := newWorld(t)
	org := w.org("Müller & Söhne <GmbH>")
	token := w.administrator(org, "ada", identity.RoleFull)
	reader := w.administrator(org, "bela", identity.RoleReadOnly)
	for i := range 300 {
		w.set(org, func(o *identity.Organization) { o.Name = fmt.Sprintf("M & <%d> \u2028", i) })
	}
	w.post(orgOf(org)+"/groups", reader, "{}").refused(http.StatusForbidden, identity.RuleForbiddenRole)
	w.clock.move(time.Hour)
	u := w.user(org, "grace@example.com")
	w.post(userOf(u)+"/deactivate", w.token("ada"), "").is(http.StatusOK)
	for i := range 300 {
		w.set(org, func(o *identity.Organization) { o.RetentionDays = 31 + i%2 })
	}

	whole := w.export(org, token, "")
	seq, head, err := w.Reader().ChainHead(w.ctx, org)
	require.NoError(t, err)
	require.Len(t, whole, int(seq))
	before := ""
	for i, e := range whole {
		require.EqualValues(t, i+1, e.Seq)
		require.Equal(t, before, e.PreviousHash)
		require.Equal(t, e.Hash, e.event().Digest(before), "event %d", e.Seq)
		before = e.Hash
	}
	require.Equal(t, head, before)
	report := w.get(orgOf(org)+"/audit/verification", token).is(http.StatusOK)
	require.Equal(t, map[string]any{"intact": true, "events": float64(seq), "head": head}, report)

	from := url.QueryEscape(t0.Add(time.Minute).Format(time.RFC3339))
	part := w.export(org, token, "from="+from)
	require.Equal(t, "account.created", part[0].Kind)
	require.Equal(t, whole[len(whole)-len(part):], part)
	require.Equal(t, whole[:len(whole)-len(part)], w.export(org, token, "to="+from))
	require.Empty(t, w.export(org, token, "from="+url.QueryEscape(t0.Add(2*time.Hour).Format(time.RFC3339))))
	w.get(orgOf(org)+"/audit/export?to=2026-01-01T00:00:00Z&from=2026-01-02T00:00:00Z", token).refused(http.StatusBadRequest, identity.RuleInvalidValue)
}
