package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// writePeople makes a file of so many people, which can be imported.
func writePeople(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: people N DOMAIN FILE")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	var b strings.Builder
	b.WriteString("User ID/Email (Required),First Name,Display Name\n")
	for i := range n {
		fmt.Fprintf(&b, "p%03d@%s,Person,Person %d\n", i, args[1], i)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(b.String()), 0o600))
}

// dropRows deletes rows from a file that has a header; the first row behind it is row 1.
func dropRows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: drop FROM TO FILE")
	}
	from, err := strconv.Atoi(args[0])
	ts.Check(err)
	to, err := strconv.Atoi(args[1])
	ts.Check(err)
	lines := strings.SplitAfter(ts.ReadFile(args[2]), "\n")
	rest := strings.Join(append(lines[:from:from], lines[to+1:]...), "")
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(rest), 0o600))
}
