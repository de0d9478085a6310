// Package rollcall has no code of its own: this file holds the house together by checking who imports whom.
package rollcall

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// arrows says which packages of the project each one may import. What is not listed may import nothing of the project.
// Tests may import more: a surface is tested over a real store.
var arrows = map[string][]string{
	"rollcall/identity":          {},
	"rollcall/store":             {"rollcall/identity"},
	"rollcall/scim/filter":       {},
	"rollcall/scim":              {"rollcall/identity", "rollcall/scim/filter", "rollcall/internal/web"},
	"rollcall/directory":         {"rollcall/identity"},
	"rollcall/directory/photos":  {"rollcall/identity"},
	"rollcall/directory/mapping": {"rollcall/identity", "rollcall/directory", "rollcall/directory/photos"},
	"rollcall/directory/ldap":    {"rollcall/identity", "rollcall/directory", "rollcall/directory/mapping", "rollcall/directory/photos", "rollcall/internal/outside"},
	"rollcall/directory/ldif":    {"rollcall/identity", "rollcall/directory", "rollcall/directory/mapping", "rollcall/directory/photos"},
	"rollcall/bulk":              {"rollcall/identity"},
	"rollcall/admin":             {"rollcall/identity", "rollcall/bulk", "rollcall/directory", "rollcall/directory/mapping", "rollcall/internal/outside", "rollcall/internal/web"},
	"rollcall/console":           {"rollcall/identity", "rollcall/internal/web"},
	"rollcall/notify":            {"rollcall/identity"},
	// Suites and starters that only tests import.
	"rollcall/store/storetest": {"rollcall/identity", "rollcall/internal/system"},
	"rollcall/store/fresh":     {"rollcall/identity", "rollcall/store", "rollcall/fixtures"},
	"rollcall/fixtures":        {},
}

// owners says which package alone may import a third-party module. "identity" below rollcall/ owns none of them.
var owners = map[string][]string{
	"github.com/elimity-com/scim":         {"rollcall/scim", "rollcall/cmd/rollcall-bench"},
	"github.com/go-ldap/ldap":             {"rollcall/directory/ldap", "rollcall/directory/ldif", "rollcall/fixtures", "rollcall/cmd/rollcall-bench"},
	"github.com/go-json-experiment/json":  {"rollcall/directory"},
	"github.com/danielgtaylor/huma":       {"rollcall/admin"},
	"github.com/coreos/go-oidc":           {"rollcall/admin", "rollcall/cmd/rollcall"},
	"golang.org/x/oauth2":                 {"rollcall/cmd/rollcall"},
	"github.com/mattn/go-sqlite3":         {"rollcall/store", "rollcall/cmd/rollcall-bench"},
	"github.com/jackc/pgx":                {"rollcall/store", "rollcall/fixtures", "rollcall/cmd/rollcall-bench"},
	"github.com/pressly/goose":            {"rollcall/store"},
	"github.com/alecthomas/kong":          {"rollcall/cmd/rollcall", "rollcall/cmd/rollcall-bench"},
	"github.com/prometheus/client_golang": {"rollcall/internal/web"},
	"github.com/wneessen/go-mail":         {"rollcall/notify"},
	"golang.org/x/time":                   {"rollcall/internal/web"},
}

// identityMayImport is what the domain knows besides the standard library.
var identityMayImport = []string{"golang.org/x/text/", "golang.org/x/net/idna", "golang.org/x/net/publicsuffix"}

// identityMustNotKnow are the parts of the standard library that are somebody else's business.
var identityMustNotKnow = []string{"net/http", "database/sql", "log", "log/slog", "os"}

type listed struct {
	ImportPath string
	Imports    []string
}

func TestTheArrowsPointAtIdentity(t *testing.T) {
	for _, p := range list(t) {
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, "rollcall/") {
				require.True(t, mayImport(p.ImportPath, imported), "%s must not import %s", p.ImportPath, imported)
			}
			for module, packages := range owners {
				if imported == module || strings.HasPrefix(imported, module+"/") {
					require.True(t, slices.ContainsFunc(packages, func(owner string) bool {
						return p.ImportPath == owner || strings.HasPrefix(p.ImportPath, owner+"/")
					}), "%s must not import %s; only %v may", p.ImportPath, imported, packages)
				}
			}
		}
	}
}

func TestIdentityKnowsNoHTTPSQLLDAPOrSCIM(t *testing.T) {
	for _, p := range list(t) {
		if p.ImportPath != "rollcall/identity" {
			continue
		}
		for _, imported := range p.Imports {
			require.NotContains(t, identityMustNotKnow, imported)
			if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
				require.True(t, slices.ContainsFunc(identityMayImport, func(prefix string) bool { return strings.HasPrefix(imported, prefix) }),
					"identity must not import %s", imported)
			}
		}
		return
	}
	t.Fatal("rollcall/identity was not listed")
}

func mayImport(from, to string) bool {
	if strings.HasPrefix(from, "rollcall/cmd/") {
		return true
	}
	if strings.HasPrefix(from, "rollcall/internal/") {
		return strings.HasPrefix(to, "rollcall/internal/") || to == "rollcall/identity"
	}
	return slices.Contains(arrows[from], to)
}

// list returns the project's packages with what their non-test files import.
func list(t *testing.T) []listed {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	require.NoError(t, err, "go list")
	var packages []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		packages = append(packages, p)
	}
	require.NotEmpty(t, packages)
	return packages
}
