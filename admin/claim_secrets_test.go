package admin_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// everyAnswer is what an administrator can read of an organization: every GET for every user and claim in it.
func (w *world) everyAnswer(org identity.OrgID, token string, claims ...string) string {
	w.t.Helper()
	var all strings.Builder
	for _, r := range w.routes() {
		if r.method != http.MethodGet || !strings.Contains(r.path, "{org}") {
			continue
		}
		ids := []identity.AccountID{noPerson}
		for _, a := range w.everybody(org) {
			ids = append(ids, a.ID)
		}
		for _, id := range claims {
			ids = append(ids, identity.AccountID(id))
		}
		for _, id := range ids {
			said := w.get(r.at(org, id), token).body
			if r.id == "getDomain" {
				said = strings.ReplaceAll(said, string(id), "") // what was asked for
			}
			all.WriteString(r.id + " " + said + "\n")
		}
	}
	for _, path := range []string{"/users?claim=revocable", "/users?q=example", "/claims/candidates?blocked=true", "/claims?state=open"} {
		all.WriteString(path + " " + w.get(of(org, path), token).body + "\n")
	}
	return all.String()
}

func TestI11_NeitherOrganizationOfAClaimLearnsOfTheOther(t *testing.T) {
	for name, goOn := range map[string]func(w *world, org identity.OrgID, token string, claim map[string]any, person string){
		"the claim is open": func(*world, identity.OrgID, string, map[string]any, string) {},
		"revoked": func(w *world, org identity.OrgID, token string, claim map[string]any, _ string) {
			w.revokeClaim(org, token, claim).is(http.StatusOK)
		},
		"not revoked": func(w *world, org identity.OrgID, token string, claim map[string]any, person string) {
			w.post(me+"/sign-in", person, "").is(http.StatusOK)
			w.revokeClaim(org, token, claim).is(http.StatusConflict)
		},
		"claimed once more": func(w *world, org identity.OrgID, token string, claim map[string]any, _ string) {
			w.revokeClaim(org, token, claim).is(http.StatusOK)
			w.claimOf(org, token, "ada@example.com", "")
		},
		"the old account kept": func(w *world, _ identity.OrgID, _ string, _ map[string]any, person string) {
			w.chooses(person, "KEEP", "ada@home.example").is(http.StatusOK)
		},
		"kept and confirmed": func(w *world, org identity.OrgID, _ string, claim map[string]any, person string) {
			w.chooses(person, "KEEP", "ada@home.example").is(http.StatusOK)
			c, err := w.Reader().ClaimOf(w.ctx, org, identity.AccountID(claim["user"].(string)))
			require.NoError(w.t, err)
			link := w.link(c.Source, string(c.OldAccount), identity.MessageKeepConfirm)
			w.post(me+"/links", person, `{"link":"`+link+`"}`).is(http.StatusOK)
		},
		"the old account deleted": func(w *world, _ identity.OrgID, _ string, _ map[string]any, person string) {
			w.chooses(person, "DELETE", "").is(http.StatusOK)
		},
		"the new account deleted": func(w *world, org identity.OrgID, token string, claim map[string]any, _ string) {
			w.delete(users(org)+"/"+claim["user"].(string), token).nothing()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org, token := w.claimant(identity.RoleFull)
			source := w.org("Source Ltd")
			theirs := w.administrator(source, "theirs", identity.RoleFull)
			old, ada := w.bound(source, "ada@example.com", "ada")
			w.user(source, "stays@example.com")
			w.administrator(source, "ada", identity.RoleUser)
			w.administrator(org, "ada", identity.RoleReadOnly)
			claim := w.claimOf(org, token, "ada@example.com", "")
			goOn(w, org, token, claim, ada)

			here, there := w.everyAnswer(org, token, claim["id"].(string)), w.everyAnswer(source, theirs, claim["id"].(string))
			require.Contains(t, here, "ada@example.com")
			require.Contains(t, there, "ada")
			for _, secret := range []string{string(source), "Source Ltd", string(old.ID), "theirs", "convert-user.local"} {
				silent(t, here, secret)
			}
			for _, secret := range []string{string(org), "Claimant", claim["id"].(string), claim["user"].(string), "|administrator", "Ada administrator"} {
				silent(t, there, secret)
			}
		})
	}
}

// silent checks that a secret is in none of the answers, and names the one that it is in.
func silent(t *testing.T, answers, secret string) {
	t.Helper()
	for answer := range strings.Lines(answers) {
		if at := strings.Index(answer, secret); at >= 0 {
			require.Fail(t, "a secret came out", "%s tells %s: %s", strings.Fields(answer)[0], secret, answer[max(0, at-300):min(len(answer), at+100)])
		}
	}
}
