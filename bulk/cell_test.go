package bulk

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCSV07_WhatTheExportPutsInFrontTheImportTakesAway(t *testing.T) {
	cells := rapid.OneOf(rapid.String(), rapid.StringMatching(`'{0,4}[=+\-@\t\r\n0-9 ]{0,4}.{0,3}`))
	rapid.Check(t, func(t *rapid.T) {
		text := cells.Draw(t, "text")
		for _, cell := range []string{neutral(text), neutralPhone(text)} {
			require.Equal(t, text, plain(cell))
			if cell != "" && strings.ContainsRune("=-@\t\r\n", rune(cell[0])) {
				require.Fail(t, "a cell that a spreadsheet may run", "%q", cell)
			}
		}
		if cell := neutral(text); strings.HasPrefix(cell, "+") {
			require.Fail(t, "a cell that a spreadsheet may run", "%q", cell)
		}
	})
}
