package admin

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/identity"
)

// update has the committed documents written anew: go test ./admin -run 'OpenAPI|Policy' -update.
var update = flag.Bool("update", false, "write admin/openapi.yaml and the table in docs/administration.md")

func TestOpenAPIIsCommittedAsItIsServed(t *testing.T) {
	served, err := emptyAPI(t).huma.OpenAPI().YAML()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile("openapi.yaml", served, 0o600))
	}
	committed, err := os.ReadFile("openapi.yaml")
	require.NoError(t, err)
	require.True(t, string(committed) == string(served), "admin/openapi.yaml is not what the server answers; go test ./admin -run OpenAPI -update writes it")
}

// The table of the policy stands between these lines.
const (
	policyPage  = "../docs/administration.md"
	policyStart = "<!-- policy: written by go test ./admin -run Policy -update -->\n\n"
	policyEnd   = "\n<!-- end of policy -->\n"
)

func TestROL_ThePolicyIsPrintedAsItIs(t *testing.T) {
	page, err := os.ReadFile(policyPage)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(page), policyStart)
	require.True(t, found, "the page has the line %q", policyStart)
	printed, after, found := strings.Cut(rest, policyEnd)
	require.True(t, found, "the page has the line %q", policyEnd)
	if *update {
		printed = policyTable()
		require.NoError(t, os.WriteFile(policyPage, []byte(before+policyStart+printed+policyEnd+after), 0o600))
	}
	require.Equal(t, policyTable(), printed, "go test ./admin -run Policy -update writes it")
}

func TestROL_ThePolicyNamesEachScopeOnceAndNobodyHasMoreThanTheOrganizationsOwn(t *testing.T) {
	seen := map[Scope]bool{}
	for _, p := range policy {
		require.False(t, seen[p.scope], p.scope)
		seen[p.scope] = true
		require.NotEmpty(t, p.about, p.scope)
		require.Contains(t, p.own, identity.RoleFull, p.scope)
		for _, roles := range [][]identity.Role{p.external, p.partner} {
			require.Subset(t, p.own, roles, p.scope)
		}
	}
	for _, standing := range identity.Standings {
		require.NotEmpty(t, policy[0].roles(standing), standing)
	}
	require.Empty(t, policy[0].roles("made up"))
}

// TestEveryCodeSaysWhatToDo reads the codes out of the package's source, so that a new one cannot be forgotten.
func TestEveryCodeSaysWhatToDo(t *testing.T) {
	codes := map[identity.Rule]bool{}
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		source, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(source, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok {
				if kind, ok := spec.Type.(*ast.SelectorExpr); ok && kind.Sel.Name == "Rule" {
					text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
					require.NoError(t, err)
					codes[identity.Rule(text)] = true
				}
			}
			return true
		})
	}
	require.Contains(t, codes, codeRateLimited, "the source was read")
	for code := range codes {
		remedy := remedies[code]
		require.NotEmpty(t, remedy, "%s has no remedy", code)
		require.True(t, strings.HasSuffix(remedy, "."), remedy)
		require.Empty(t, code.Remedy(), "%s is identity's", code)
	}
	require.Equal(t, len(codes), len(remedies))
	for code, remedy := range directory.Remedies {
		require.True(t, strings.HasSuffix(remedy, "."), remedy)
		require.Empty(t, code.Remedy(), "%s is identity's", code)
	}
}
