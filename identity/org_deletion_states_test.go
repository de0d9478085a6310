package identity_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// section14_5 is the table of the rule book, written out a second time by hand.
const section14_5 = `
| State | request | users disposed | data purged | any other write | cancel or restore |
|---|---|---|---|---|---|
| active | deleting, users | – | – | = | UNKNOWN_DELETION |
| deleting, users | = | deleting, purge | – | ORG_DELETING | IRREVERSIBLE |
| deleting, purge | = | = | deleted | ORG_DELETING | IRREVERSIBLE |
| deleted | UNKNOWN_ORGANIZATION | – | – | UNKNOWN_ORGANIZATION | UNKNOWN_ORGANIZATION |
`

func TestTheTableOfDeletionsIsThatOfTheRuleBook(t *testing.T) {
	require.Equal(t, strings.TrimPrefix(section14_5, "\n"), identity.DeletionTable())
}

func TestTheDocumentedDeletionTableIsTheOneInForce(t *testing.T) {
	page, err := os.ReadFile("../docs/organization-deletion.md")
	require.NoError(t, err)
	require.Contains(t, string(page), identity.DeletionTable(), "docs/organization-deletion.md shows another table than the code has:\n%s", identity.DeletionTable())
}
