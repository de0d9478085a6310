package identity

import (
	"fmt"
	"strings"
)

// table prints a state machine as a Markdown table: a row for each of rows, with its cells in the order of columns.
func table[R, C ~string](corner string, rows []R, columns []C, cells func(R) []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |", corner)
	for _, c := range columns {
		fmt.Fprintf(&b, " %s |", c)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s |", r)
		for _, cell := range cells(r) {
			fmt.Fprintf(&b, " %s |", cell)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
