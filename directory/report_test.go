package directory_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheReportOfARunThatAppliedNothingSaysSoWithoutNull(t *testing.T) {
	w := newWorld(t)
	w.source.set(entry("eve", mail("not an address")))
	report := w.sync()
	require.Equal(t, 1, report.Done)
	shown, err := json.Marshal(report)
	require.NoError(t, err)
	require.Contains(t, string(shown), `"applied":{}`)
	runs, err := w.syncer.History(t.Context(), w.org, w.connector, 1)
	require.NoError(t, err)
	require.Contains(t, string(runs[0].Report), `"applied":{}`, "the stored one as well")
}
