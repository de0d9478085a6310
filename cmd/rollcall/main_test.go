package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"rollcall/fixtures"
	"rollcall/identity"
	"rollcall/internal/demodirectory"
	"rollcall/internal/system"
	"rollcall/store/fresh"
)

// binary is the program as operators run it, built once for the tests that start, stop and kill it.
var binary string

// stories is the folder of the program that stories tell of: this one, which knows what only tests ask of it. Under the race detector it is built
// once more without: a story is many short processes, each of which takes five times as long with it, and hardly anything happens at the same
// time in them.
var stories string

// withBinary builds the programs before the tests run.
type withBinary struct{ *testing.M }

func (m withBinary) Run() int {
	folder, err := os.MkdirTemp("", "rollcall-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	binary = filepath.Join(folder, "rollcall")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	if raced {
		stories = filepath.Join(folder, "stories")
		if out, err := exec.Command("go", "test", "-c", "-buildvcs=false", "-o", filepath.Join(stories, "rollcall"), ".").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
			return 1
		}
	}
	return m.M.Run()
}

func TestMain(m *testing.M) {
	testscript.Main(withBinary{m}, map[string]func(){"rollcall": inStory, killedProgram: untilKilled})
}

// inStory is main by a clock that is as many days ahead as $DAYS_LATER says.
func inStory() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	days, _ := strconv.Atoi(os.Getenv("DAYS_LATER"))
	status := runIn(ctx, world{clock: ahead(days)}, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// ahead is the machine's clock, so many days later.
type ahead int

func (days ahead) Now() time.Time {
	return system.Clock{}.Now().Add(time.Duration(days) * identity.Day)
}

// TestStories runs the stories of the command line. Beside testscript's own commands they know:
//
//	until TEXT COMMAND…           runs a command again and again until its standard output has the text
//	exits STATUS COMMAND…         runs a command that must end with that status
//	keep NAME FIELD               puts a field of the JSON on the last standard output into the environment; FIELD.INNER one within
//	serve [FLAG…]                 runs a server on the database until the story ends; $SERVER is its URL
//	token NAME SUBJECT            puts a token that the issuer at $ISSUER made for somebody into the environment
//	people N DOMAIN FILE          writes a file of so many people; drop FROM TO FILE takes rows out of it again
//	dns publish NAME TEXT         puts a TXT record into the DNS that $DNS_SERVER answers for; dns withdraw NAME takes the name away
//	directory WHAT [N]            changes the directory at $LDAP_URL: add N people; disable, enable, delete or move the N-th;
//	                              blind or sight
//
// What follows [file] is about the database's file, which a story on PostgreSQL does not have.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("ROLLCALL_DATABASE", "sqlite:"+filepath.Join(env.WorkDir, "data", "rollcall.db"))
			if fresh.OnPostgres() {
				env.Setenv("ROLLCALL_DATABASE", fresh.Postgres(t))
			}
			if raced {
				env.Setenv("PATH", stories+string(filepath.ListSeparator)+env.Getenv("PATH"))
			}
			if err := startNameServer(env); err != nil {
				return err
			}
			if err := startIssuer(env); err != nil {
				return err
			}
			return startDirectory(env)
		},
		Condition: func(name string) (bool, error) {
			if name != "file" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return !fresh.OnPostgres(), nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"until": until, "serve": startServer, "token": tokenOf, "exits": exits, "keep": keep,
			"people": writePeople, "drop": dropRows, "dns": changeDNS, "directory": changeDirectory},
	})
}

func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until TEXT COMMAND…")
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		ts.Check(ts.Exec(args[1], args[2:]...))
		switch {
		case strings.Contains(ts.ReadFile("stdout"), args[0]):
			return
		case time.Now().After(deadline):
			ts.Fatalf("%q does not appear", args[0])
		}
	}
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND…")
	}
	status := 0
	err := ts.Exec(args[1], args[2:]...)
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		status = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(status) != args[0] {
		ts.Fatalf("it ended with %d, not %s", status, args[0])
	}
}

func keep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: keep NAME FIELD")
	}
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &object))
	outer, inner, within := strings.Cut(args[1], ".")
	found := object[outer]
	if members, ok := found.(map[string]any); ok && within {
		found = members[inner]
	}
	value, ok := found.(string)
	if !ok {
		ts.Fatalf("there is no text %q in %v", args[1], object)
	}
	ts.Setenv(args[0], value)
}

type nameServerKey struct{}

func startNameServer(env *testscript.Env) error {
	server, err := fixtures.StartNameServer()
	if err != nil {
		return err
	}
	env.Defer(func() { _ = server.Close() })
	env.Values[nameServerKey{}] = server
	env.Setenv("DNS_SERVER", server.Address())
	return nil
}

func changeDNS(ts *testscript.TestScript, neg bool, args []string) {
	server := ts.Value(nameServerKey{}).(*fixtures.NameServer)
	switch {
	case !neg && len(args) == 3 && args[0] == "publish":
		server.Publish(args[1], args[2])
	case !neg && len(args) == 2 && args[0] == "withdraw":
		server.Withdraw(args[1])
	default:
		ts.Fatalf("usage: dns publish NAME TEXT, or dns withdraw NAME")
	}
}

// cast is the directory of one story with the people who were added.
type cast struct {
	directory *demodirectory.Directory
	people    []demodirectory.ID
}

type castKey struct{}

func startDirectory(env *testscript.Env) error {
	const password = "the directory's password"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c := &cast{directory: demodirectory.New()}
	server := demodirectory.Serve(l, c.directory, password, slog.New(slog.DiscardHandler))
	env.Defer(func() { _ = server.Close() })
	env.Values[castKey{}] = c
	env.Setenv("LDAP_URL", server.URL())
	env.Setenv("BIND_DN", demodirectory.BindDN)
	env.Setenv("BASE_DN", demodirectory.PeopleDN)
	return os.WriteFile(filepath.Join(env.WorkDir, "password"), []byte(password), 0o600)
}

func changeDirectory(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: directory WHAT [N]")
	}
	c := ts.Value(castKey{}).(*cast)
	n := 0
	if len(args) > 1 {
		var err error
		n, err = strconv.Atoi(args[1])
		ts.Check(err)
	}
	switch args[0] {
	case "add":
		for range n {
			i := len(c.people)
			c.people = append(c.people, c.directory.Add(demodirectory.Person{GivenName: "Person", FamilyName: strconv.Itoa(i), Mail: fmt.Sprintf("p%d@corp.example", i)}))
		}
	case "disable", "enable":
		ts.Check(c.directory.SetDisabled(c.people[n], args[0] == "disable"))
	case "delete":
		ts.Check(c.directory.Delete(c.people[n]))
	case "move":
		ts.Check(c.directory.Move(c.people[n], demodirectory.FormerDN))
	case "blind", "sight":
		c.directory.Blind(args[0] == "blind")
	default:
		ts.Fatalf("the directory cannot %s", args[0])
	}
}
