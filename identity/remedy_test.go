package identity_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// declaredRules reads the constants of type Rule out of the package's source, so that a new one cannot be forgotten.
func declaredRules(t *testing.T) map[string]identity.Rule {
	t.Helper()
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	rules := map[string]identity.Rule{}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		source, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(source, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "Rule" {
				return true
			}
			for i, name := range spec.Names {
				text, err := strconv.Unquote(spec.Values[i].(*ast.BasicLit).Value)
				require.NoError(t, err)
				rules[name.Name] = identity.Rule(text)
			}
			return true
		})
	}
	return rules
}

func TestEveryRuleSaysWhatToDo(t *testing.T) {
	rules := declaredRules(t)
	require.Contains(t, rules, "RuleEmailTaken", "the source was read")
	codes := map[identity.Rule]string{}
	for name, rule := range rules {
		require.Empty(t, codes[rule], "%s and %s are the same code", name, codes[rule])
		codes[rule] = name
		remedy := rule.Remedy()
		require.NotEmpty(t, remedy, "%s (%s) has no remedy: add one to remedies", name, rule)
		require.True(t, strings.HasSuffix(remedy, "."), "%s: a sentence ends with a full stop: %q", name, remedy)
		require.Equal(t, strings.ToUpper(remedy[:1]), remedy[:1], "%s: a sentence begins with a capital: %q", name, remedy)
		require.Equal(t, 1, strings.Count(remedy+" ", ". "), "%s: one sentence: %q", name, remedy)
	}
	require.Empty(t, identity.Rule("NOBODY_KNOWS").Remedy())
}

func TestEML09_TheWaysOfTheCaseWinOverTheRules(t *testing.T) {
	e := identity.Refuse(identity.Conflict, identity.RuleEmailTaken, "taken")
	require.Equal(t, []identity.Remedy{{Text: identity.RuleEmailTaken.Remedy()}}, e.Remedies())
	e.Ways = []identity.Remedy{{Text: "Use another address."}, {Text: "Delete the personal account.", DataLoss: true}}
	require.Equal(t, e.Ways, e.Remedies())
	require.Empty(t, identity.Refuse(identity.Conflict, "NOBODY_KNOWS", "x").Remedies())
}
