// Command rollcall-bench measures SCIM servers, and Rollcall beside others.
//
// Its one idea: a figure says something only beside another one that was taken in the same minute on the same machine. So the report starts
// everything that it compares, asks all of them the same in turn, round by round, checks every answer, and shows ratios of medians. What a
// control is and what it leaves out is told in docs/performance.md.
//
// It knows of Rollcall what everybody sees: the program, its flags, and SCIM. Only to fill databases, and to leave out group commit, it calls
// the service itself.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is the command line.
type cli struct {
	Report  reportCmd  `cmd:"" help:"Measure Rollcall on SQLite and PostgreSQL beside the controls, and say what is reached."`
	Load    loadCmd    `cmd:"" help:"Ask one SCIM server from many clients, check every answer, and say how fast it was."`
	Render  renderCmd  `cmd:"" help:"Write the table and the plots of a report that was saved."`
	Profile profileCmd `cmd:"" help:"Say what the server's time goes to while it is asked one thing."`
	Control controlCmd `cmd:"" hidden:"" help:"Serve as one of the controls; the report starts them itself."`
}

// app is what every command gets.
type app struct {
	ctx            context.Context
	stdout, stderr io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is main without the process around it: it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c cli
	helped := false
	parser, err := kong.New(&c, kong.Name("rollcall-bench"), kong.Writers(stdout, stderr), kong.Exit(func(int) { helped = true }),
		kong.Description("Measures SCIM servers, and Rollcall beside others."), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Vars{"parts": strings.Join(partNames(), ", "), "begin": beginMark, "end": endMark})
	if err == nil {
		var parsed *kong.Context
		parsed, err = parser.Parse(args)
		if helped {
			return 0
		}
		if err == nil {
			err = parsed.Run(&app{ctx: ctx, stdout: stdout, stderr: stderr})
		}
	}
	if err != nil {
		fmt.Fprintf(stderr, "rollcall-bench: %v\n", err)
		return 1
	}
	return 0
}

// say tells on standard error how far it is.
func (a *app) say(format string, args ...any) { fmt.Fprintf(a.stderr, format+"\n", args...) }

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
