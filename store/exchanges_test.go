package store

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestForgettingExchangesReadsNoOtherTokens(t *testing.T) {
	s := openTemp(t)
	plan := planOf(t, s, trimExchanges, identity.ConsumerOrgID, identity.TokenID("t"), 1000)
	require.Contains(t, plan, "PRIMARY KEY (org_id=? AND token_id=? AND (at,id)<(?,?))")
	require.Equal(t, 2, strings.Count(plan, "PRIMARY KEY (org_id=? AND token_id=?"), plan)
	require.NotContains(t, plan, "TEMP B-TREE")
}
