package scim_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheTestsThatTheDocumentNamesExist reads docs/scim.md: each row of its tables about the RFCs and the profiles names a test.
func TestTheTestsThatTheDocumentNamesExist(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	more, err := filepath.Glob("filter/*_test.go")
	require.NoError(t, err)
	exist := map[string]bool{}
	for _, file := range append(files, more...) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(text), -1) {
			exist[m[1]] = true
		}
	}
	doc, err := os.ReadFile("../docs/scim.md")
	require.NoError(t, err)
	rows := 0
	for line := range strings.Lines(string(doc)) {
		if !strings.HasPrefix(line, "| RFC ") && !strings.Contains(line, "| yes |") {
			continue
		}
		rows++
		named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(line, -1)
		require.NotEmpty(t, named, "no test is named: %s", line)
		for _, n := range named {
			require.True(t, exist[n[1]], "there is no %s", n[1])
		}
	}
	require.Greater(t, rows, 170)
}

// TestTheDocumentNamesEverySwitch compares the switches of a dialect with those in docs/scim.md.
func TestTheDocumentNamesEverySwitch(t *testing.T) {
	source, err := os.ReadFile("dialect.go")
	require.NoError(t, err)
	doc, err := os.ReadFile("../docs/scim.md")
	require.NoError(t, err)
	var switches, documented []string
	for _, m := range regexp.MustCompile(`(?m)^\t(\w+) bool$`).FindAllStringSubmatch(string(source), -1) {
		switches = append(switches, m[1])
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|.*\\| (?:yes|no) \\|").FindAllStringSubmatch(string(doc), -1) {
		documented = append(documented, m[1])
	}
	slices.Sort(switches)
	slices.Sort(documented)
	require.Equal(t, switches, documented)
}
