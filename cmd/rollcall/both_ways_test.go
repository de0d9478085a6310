package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// bothWays are commands that run one after the other, each on a database and against a server. FOLDER is where files are.
// A question mark before a command says that it is refused.
var bothWays = []string{
	"org show Acme",
	"org set Acme --retention-days 60 --only-verified-domains",
	"? org set Acme --retention-days 91",
	"org list",
	"domain token other.example",
	"domain list",
	"? domain token co.uk",
	"? domain verify new.example",
	"? domain claim other.example",
	"domain claim acme.example",
	"? domain token acme.example",
	"? domain remove acme.example",
	"domain release acme.example",
	"? domain release acme.example",
	"domain token acme.example",
	"domain verify acme.example",
	"domain remove other.example",
	"claim list",
	"claim list --sort domain --blocked",
	"claim preview pat@acme.example nobody@acme.example",
	"claim preview pat@acme.example --mode immediate",
	"? claim start pat@acme.example",
	"claim start pat@acme.example --mode immediate --yes",
	"? claim start pat@acme.example --yes",
	"claim made --state revocable",
	"user list --claim revocable",
	"claim show pat@acme.example",
	"claim revoke pat@acme.example",
	"? claim revoke pat@acme.example",
	"? claim show nobody@acme.example",
	"claim template -o FOLDER/claims-template.csv",
	"claim export -o FOLDER/candidates.csv",
	"? claim import FOLDER/candidates.csv",
	"? claim import FOLDER/people.csv --yes",
	"claim import FOLDER/candidates.csv --dry-run",
	"! claim import FOLDER/claims.csv --acknowledge --remove-services --results FOLDER/claim-results.csv",
	"claim revoke pat@acme.example",
	"domain claim acme.example",
	"domain release acme.example",
	"? domain remove other.example",
	"user add ada@acme.example --name Ada --title Countess --phone 123 --licence calling",
	"user add --file FOLDER/users.json",
	"? user add ada@acme.example",
	"? user add --file FOLDER/users.json",
	"user show ADA@acme.example",
	"? user show nobody@acme.example",
	"user list --limit 2 --status verified",
	"user list --search bela --source manual",
	"user change ada@acme.example --title= --alternate-email ada.l@acme.example",
	"? user change ada@acme.example --alternate-email ada@elsewhere.example",
	"user email set ada@acme.example ada.lovelace@acme.example",
	"user email cancel ada@acme.example",
	"user deactivate ada@acme.example",
	"? user deactivate ada@acme.example",
	"user why ada@acme.example",
	"user list --status inactive",
	"user reactivate ada@acme.example",
	"user invite bela@acme.example",
	"user invite --all-not-verified",
	"user licences add ada@acme.example chat",
	"user licences remove ada@acme.example calling",
	"? user licences set ada@acme.example parking",
	"user licences show ada@acme.example",
	"group create Support",
	"group members Support --add ada@acme.example --add bela@acme.example",
	"group members Support --remove ada@acme.example",
	"group rename Support First",
	"group list",
	"? group members Support",
	"user groups bela@acme.example",
	"template set calling",
	"template set --group First chat --existing",
	"template show",
	"template remove --group First",
	"? template remove --group First",
	"subscription list",
	"admin grant --issuer https://login.example --subject carol --role readonly",
	"? admin grant --user ada@acme.example --role user",
	"admin list",
	"admin revoke --issuer https://login.example --subject carol",
	"token log Entra",
	"token log Entra --failed --limit 1",
	"? token log Okta",
	"sso set https://login.acme.example --audience rollcall",
	"sso list",
	"sso remove https://login.acme.example",
	"? sso remove https://login.acme.example",
	"partner list",
	"partner managed",
	"! user import FOLDER/people.csv --dry-run",
	"! user import FOLDER/people.csv --results FOLDER/results.csv",
	"? user import FOLDER/users.json",
	"user import-template -o FOLDER/template.csv",
	"user export -o FOLDER/all.csv",
	"job list",
	"? job show 00000000-0000-7000-8000-000000000009",
	"user purge --all --yes",
	"! user purge ada@acme.example --yes",
	"group delete First --yes",
	"? user delete bela@acme.example",
	"user delete bela@acme.example --yes",
	"user events ada@acme.example",
	"audit list --category GROUPS --category LICENSES",
	"audit list --target ada@acme.example --limit 3",
	"audit export FOLDER/audit.ndjson",
	"? mail show 00000000-0000-7000-8000-000000000009",
	"? mail retry 00000000-0000-7000-8000-000000000009",
	"verify --org Acme",
	"# org delete Acme --check",
	"? org delete Acme --yes",
	"? org delete Acme --users delete --yes",
	"org delete Gone --check",
	"org delete Gone --users convert --yes",
}

// TestTheCommandsDoTheSameOnADatabaseAndOnAServer compares what people and programs read, and the files.
func TestTheCommandsDoTheSameOnADatabaseAndOnAServer(t *testing.T) {
	t.Parallel()
	issuer := newDemoIssuer(t)
	// Whoever calls the server is called as the operator, because answers name them.
	me := operator().Name
	token, err := issuer.Token(me, demoAudience, time.Now(), time.Hour)
	require.NoError(t, err)

	here, there := database(t), database(t)
	for _, db := range []string{here, there} {
		command(t, db, "org", "create", "Acme")
		command(t, db, "org", "create", "Gone")
		command(t, db, "user", "add", "--org", "Gone", "last@gone.example")
		command(t, db, "admin", "grant", "--org", "Gone", "--issuer", issuer.URL(), "--subject", me, "--role", "full")
		command(t, db, "domain", "attest", "--org", "Acme", "acme.example")
		command(t, db, "user", "add", "--org", "Personal accounts", "pat@acme.example", "--name", "Pat")
		command(t, db, "subscription", "set", "--org", "Acme", "Plan", "--licence", "calling=5", "--licence", "chat=unlimited")
		command(t, db, "admin", "grant", "--org", "Acme", "--issuer", issuer.URL(), "--subject", me, "--role", "full")
		logSomeExchanges(t, db, "Acme", "Entra")
	}
	s := serve(t, there, "--oidc-issuer", issuer.URL(), "--oidc-audience", demoAudience)
	local := way{t, t.TempDir(), []string{"--database", here}, "Acme", nil}
	remote := way{t, t.TempDir(), []string{"--server", s.url, "--token", token}, "Acme", nil}

	for _, line := range bothWays {
		want, got := local.run(line), remote.run(line)
		if strings.HasPrefix(line, "org list") {
			want.data = want.data.([]any)[1:] // a person has no role in the organization of personal accounts
		}
		require.Equal(t, want, got, line)
	}
	files := local.files()
	require.Equal(t, files, remote.files())
	require.Contains(t, files["results.csv"], "nonsense,failed,INVALID_EMAIL")
	require.Contains(t, files["all.csv"], "carl@acme.example")
	require.Contains(t, files["candidates.csv"], "pat@acme.example,Pat,not_verified,DEFERRED,FALSE")
	require.Contains(t, files["claim-results.csv"], "pat@acme.example,claimed,,IMMEDIATE")
}

// way is how commands reach the API.
type way struct {
	t      *testing.T
	folder string
	flags  []string
	org    string            // that commands are about
	kept   map[string]string // ids for later commands to name: of the last PLAN and RUN
}

// outcome is what a command came to, without what can be different.
type outcome struct {
	status int
	data   any
	talk   string
}

// expected are the statuses that the marks before commands stand for.
var expected = map[string]int{"?": 1, "!": 2, "#": 3}

func (w way) run(line string) outcome {
	w.t.Helper()
	w.prepare()
	mark, rest, marked := strings.Cut(line, " ")
	if expected[mark] == 0 {
		rest, marked = line, false
	}
	args := strings.Fields(strings.ReplaceAll(rest, "FOLDER", w.folder))
	for i, arg := range args {
		args[i] = cmp.Or(w.kept[arg], arg)
	}
	if args[0] != "org" && args[0] != "verify" {
		args = append(args, "--org", w.org)
	}
	var stdout, stderr bytes.Buffer
	status := run(w.t.Context(), append(append(args, "--output", "json"), w.flags...), &stdout, &stderr)
	if marked {
		require.Equal(w.t, expected[mark], status, "%s: %s", line, stderr.String())
	} else {
		require.Zero(w.t, status, "%s: %s", line, stderr.String())
	}
	o := outcome{status: status, talk: w.neutral(stderr.String())}
	if stdout.Len() > 0 {
		require.NoError(w.t, json.Unmarshal(stdout.Bytes(), &o.data), line)
		w.keep(args, o.data)
		o.data = w.withoutCaller(o.data)
	}
	return o
}

// keep notes the ids of a plan that was made and of a run.
func (w way) keep(args []string, data any) {
	shown, ok := data.(map[string]any)
	if !ok || args[0] != "sync" {
		return
	}
	if id, ok := shown["id"].(string); ok && (args[1] == "plan" || args[1] == "undo") {
		w.kept["PLAN"] = id
	}
	if id, ok := shown["run"].(string); ok {
		w.kept["RUN"] = id
	}
}

func (w way) prepare() {
	for name, text := range map[string]string{
		"users.json": `[{"email": "bela@acme.example"}, {"email": "dora@acme.example", "givenName": "Dora"}]`,
		"claims.csv": "User ID/Email (Required),Claim Mode\npat@acme.example,IMMEDIATE\nnobody@acme.example,\n",
		"people.csv": "User ID/Email (Required),First Name\nada@acme.example,Augusta\nnonsense,No\ncarl@acme.example,Carl\n",
	} {
		require.NoError(w.t, os.WriteFile(filepath.Join(w.folder, name), []byte(text), 0o600))
	}
}

var (
	differing = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z|[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]+ UTC|[0-9a-f]{64}|verification=[A-Z2-7]{26,}`)
	tracking  = regexp.MustCompile(` \(tracking id [^)]*\)`)
	place64   = regexp.MustCompile(`--after [A-Za-z0-9_-]+`)
	paces     = regexp.MustCompile(`(?m)^(import|export|invite|template|claim|users|everything else|plan|apply|applying|completed|completed_with_errors|paused|planning|reading .*|looking .*|asking .*)(: .*)?
`)
)

func (w way) neutral(text string) string {
	text = strings.ReplaceAll(text, w.folder, "FOLDER")
	for _, r := range []*regexp.Regexp{tracking, paces} {
		text = r.ReplaceAllString(text, "")
	}
	return differing.ReplaceAllString(place64.ReplaceAllString(text, "--after PLACE"), "X")
}

// withoutCaller takes away what tells how the caller came: by the command line or with a token, from an address; and how many
// events there are, because a server's mails are events too.
func (w way) withoutCaller(v any) any {
	switch v := v.(type) {
	case map[string]any:
		maps.DeleteFunc(v, func(name string, _ any) bool {
			switch name {
			case "actor", "by", "actorId", "actorOrgId", "actorOrgName", "actorKind", "actorIp", "actorUserAgent", "adminRoles", "trackingId", "issuer",
				"seq", "events":
				return true
			}
			return false
		})
		for name, inner := range v {
			v[name] = w.withoutCaller(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = w.withoutCaller(inner)
		}
	case string:
		return w.neutral(v)
	}
	return v
}

// files are those that commands wrote, by name.
func (w way) files() map[string]string {
	found := map[string]string{}
	for _, name := range []string{"results.csv", "template.csv", "all.csv", "claims-template.csv", "candidates.csv", "claim-results.csv"} {
		raw, err := os.ReadFile(filepath.Join(w.folder, name))
		require.NoError(w.t, err)
		found[name] = w.neutral(string(raw))
	}
	return found
}
