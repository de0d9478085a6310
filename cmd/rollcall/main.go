// Command rollcall is the identity server and everything an operator does with it.
//
// Its one idea: main joins the parts and decides nothing. Each command is one file: it reads flags, calls the services that
// the server calls too, and shows what came back. Data goes to standard output, talk to standard error.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"rollcall/directory"
	"rollcall/identity"
	"rollcall/internal/system"
)

// globalFlags are those of every command. The environment and the configuration file set the same flags.
type globalFlags struct {
	Output string `enum:"text,json" default:"text" env:"ROLLCALL_OUTPUT" placeholder:"text|json" help:"Form of the data on standard output: text or json."`
	Config string `placeholder:"FILE" env:"ROLLCALL_CONFIG" help:"JSON object with settings; its keys are names of flags. Flags and environment win over it."`

	rulesFlags
}

// commands are what the program can do. Each is a command, which has a Run, or has commands in it.
type commands struct {
	Demo         demoCmd         `cmd:"" help:"Show the whole story on embedded parts: nothing to install, nothing left behind."`
	Serve        serveCmd        `cmd:"" help:"Run the server."`
	Org          orgCmd          `cmd:"" help:"Organizations."`
	Token        tokenCmd        `cmd:"" help:"Bearer tokens of identity providers."`
	Admin        adminCmd        `cmd:"" help:"Administrators and their roles."`
	Domain       domainCmd       `cmd:"" help:"Mail domains of organizations."`
	Connector    connectorCmd    `cmd:"" help:"Connections to directories."`
	Key          keyCmd          `cmd:"" help:"Keys that passwords of connectors are kept sealed with."`
	Sync         syncCmd         `cmd:"" help:"Synchronize an organization with its directory."`
	Doctor       doctorCmd       `cmd:"" help:"Look at what the server depends on, line by line."`
	User         userCmd         `cmd:"" help:"Users, and why they are as they are."`
	Group        groupCmd        `cmd:"" help:"Groups of users."`
	Template     templateCmd     `cmd:"" help:"Licences that users get by themselves."`
	SSO          ssoCmd          `cmd:"" name:"sso" help:"Identity providers of organizations."`
	Partner      partnerCmd      `cmd:"" help:"Organizations that manage others."`
	Site         siteCmd         `cmd:"" help:"Meeting sites that are linked to organizations."`
	Subscription subscriptionCmd `cmd:"" help:"What organizations have bought or are trying."`
	Me           meCmd           `cmd:"" help:"Yourself, on a server."`
	Job          jobCmd          `cmd:"" help:"Imports, exports and other work in the background."`
	Retention    retentionCmd    `cmd:"" help:"Who is about to be deleted, and whether the clock lets it happen."`
	Mail         mailCmd         `cmd:"" help:"Mails and work orders on their way, and those that were given up."`
	Claim        claimCmd        `cmd:"" help:"Claims of users who have an account elsewhere."`
	Audit        auditCmd        `cmd:"" help:"What was done, by whom, and what was refused."`
	Verify       verifyCmd       `cmd:"" help:"Check that nobody has changed the audit."`
	Login        loginCmd        `cmd:"" help:"Log in at a server's issuer, for commands with --server."`
	Logout       logoutCmd       `cmd:"" help:"Forget a login."`
	Migrate      migrateCmd      `cmd:"" help:"Bring the database to the schema of this program."`
	Export       exportCmd       `cmd:"" help:"Write everything that a database has into a file, which can be imported elsewhere."`
	Import       importCmd       `cmd:"" help:"Fill an empty database from such a file, also one of the other kind."`
	ConfigCmd    configCmd       `cmd:"" name:"config" help:"The configuration file."`
	Version      versionCmd      `cmd:"" help:"Say which version this is."`
}

// app is what every command gets.
type app struct {
	ctx    context.Context
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	json   bool
	world
	rules    identity.Rules // as the flags say
	settings *settingsFile
}

// world is what the program finds around itself. Tests put other things there.
type world struct {
	clock identity.Clock
	over  func(identity.Store) identity.Store // stands between a command's services and its store; nil for nothing
}

// exit ends the program with a status that is no failure: "sync plan" has several.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	limitHeap()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is main without the process around it: it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return runIn(ctx, world{clock: system.Clock{}}, args, stdout, stderr)
}

// heapLimit is how many bytes a process makes do with, if it can: collecting more often costs less than what a machine has to have in
// reserve for the moments in which 100,000 people are synchronized. Whoever has more people, or more memory, sets GOMEMLIMIT.
const heapLimit = 217 << 20

// limitHeap keeps the heap below heapLimit for as long as what is alive is, unless GOMEMLIMIT says otherwise.
func limitHeap() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(heapLimit)
	}
}

// runIn is run in another world.
func runIn(ctx context.Context, w world, args []string, stdout, stderr io.Writer) int {
	settings, err := configFile(args)
	if err != nil {
		return complain(stderr, err)
	}
	var flags globalFlags
	run, err := flags.parse(args, settings, stdout, stderr)
	if err != nil || run == nil {
		return complain(stderr, err)
	}
	rules, err := flags.rules()
	if err != nil {
		return complain(stderr, settings.place(err))
	}
	return complain(stderr, run(&app{ctx: ctx, stdin: os.Stdin, stdout: stdout, stderr: stderr, json: flags.Output == "json", settings: settings,
		world: w, rules: rules}))
}

// complain tells what went wrong and returns the exit status for it.
func complain(stderr io.Writer, err error) int {
	var status exit
	var refusal *identity.Error
	var inTheWay *blocked
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, &inTheWay):
		fmt.Fprintln(stderr, inTheWay)
	case errors.As(err, &refusal):
		fmt.Fprintf(stderr, "%s: %s\n", refusal.Rule, refusal.Detail)
		for _, why := range refusal.Why {
			fmt.Fprintf(stderr, "  %s: %s\n", why.Code, why.Detail)
		}
		ways := refusal.Remedies()
		if text := directory.Remedies[refusal.Rule]; text != "" && len(ways) == 0 {
			ways = []identity.Remedy{{Text: text}}
		}
		for _, way := range ways {
			if way.DataLoss {
				way.Text += " This loses data for good."
			}
			fmt.Fprintf(stderr, "  %s\n", way.Text)
		}
		if refusal.Err != nil {
			fmt.Fprintf(stderr, "  cause: %v\n", refusal.Err)
		}
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "rollcall: interrupted")
	default:
		fmt.Fprintf(stderr, "rollcall: %v\n", err)
	}
	return 1
}
