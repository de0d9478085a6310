package main

import (
	"bufio"
	"errors"
	"net/http/httptest"
	"os/exec"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"rollcall/internal/demoissuer"
)

// storyIssuer is who people of one story sign in with.
type storyIssuer struct {
	*demoissuer.Issuer
}

type issuerKey struct{}

// startIssuer lets a story's people sign in; $ISSUER is its URL.
func startIssuer(env *testscript.Env) error {
	server := httptest.NewUnstartedServer(nil)
	issuer, err := demoissuer.New("http://" + server.Listener.Addr().String())
	if err != nil {
		return err
	}
	server.Config.Handler = issuer
	server.Start()
	env.Defer(server.Close)
	env.Values[issuerKey{}] = storyIssuer{issuer}
	env.Setenv("ISSUER", issuer.URL())
	return nil
}

// tokenOf puts a token of somebody into the environment.
func tokenOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: token NAME SUBJECT")
	}
	token, err := ts.Value(issuerKey{}).(storyIssuer).Token(args[1], demoAudience, time.Now(), time.Hour)
	ts.Check(err)
	ts.Setenv(args[0], token)
}

// startServer runs the real program on the story's database until the story ends; $SERVER is its URL.
func startServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: serve [FLAG…]")
	}
	cmd := exec.Command(binary, append([]string{"serve", "--database", ts.Getenv("ROLLCALL_DATABASE"), "--listen", "127.0.0.1:0",
		"--oidc-issuer", ts.Getenv("ISSUER"), "--oidc-audience", demoAudience}, args...)...)
	cmd.Dir = ts.Getenv("WORK") // mails are kept there if the database is no file beside which they could be
	talk, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ended := make(chan struct{})
	ts.Defer(func() {
		_ = cmd.Process.Kill() // if it has not ended by itself
		<-ended
		_ = cmd.Wait()
	})
	listening := make(chan string, 1)
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(talk); lines.Scan(); {
			if url, ok := strings.CutPrefix(lines.Text(), "Listening on "); ok {
				listening <- url
			}
		}
	}()
	select {
	case url := <-listening:
		ts.Setenv("SERVER", url)
	case <-ended:
		ts.Check(errors.New("the server ended before it listened"))
	case <-time.After(30 * time.Second):
		ts.Check(errors.New("the server did not begin to listen"))
	}
}
