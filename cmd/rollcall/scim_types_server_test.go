package main

import (
	"net/http"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheServerServesTypesOfAFolder(t *testing.T) {
	db := database(t)
	n := newTenant(t, db, "A", "rfc")
	s := serve(t, db, "--scim-schemas", "../../fixtures/schemas")
	const schema, extension = "urn:example:params:scim:schemas:core:2.0:TestResource", "urn:example:params:scim:schemas:extension:test:2.0:TestResource"
	status, answer, err := n.request(http.MethodPost, n.base(s)+"/TestResources", map[string]any{
		"schemas": []string{schema, extension}, "name": "Anvil", extension: map[string]any{"category": "tool"}})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status, "%s", answer)
	status, answer, err = n.request(http.MethodGet, n.base(s)+"/ResourceTypes/TestResource", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, "%s", answer)
	told, err := exec.Command(binary, "audit", "list", "--org", n.org, "--category", "ITEMS", "--database", db, "--output", "json").Output()
	require.NoError(t, err)
	require.Contains(t, string(told), `"kind": "item.created"`)
}
