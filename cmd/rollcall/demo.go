package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

type demoCmd struct {
	Listen string `default:"127.0.0.1:0" placeholder:"ADDR" help:"Where the demonstration's server answers (${default}); port 0 takes a free one."`
	Data   string `placeholder:"DIR" help:"Keep the data in this folder, instead of a temporary one that goes away at the end."`
	Exit   bool   `help:"End after the story, with 1 if any of it came out otherwise, instead of staying up to be tried."`
}

// Run tells the story and checks every step of it.
func (c *demoCmd) Run(a *app) (err error) {
	folder, remove, err := c.folder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	stage, err := newStage(a.ctx, c.Listen, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.close()) }()

	out := a.stdout
	if a.json {
		out = io.Discard
	}
	t := &teller{w: out}
	t.say("Rollcall at %s, its database in %s", stage.url, filepath.Join(folder, demoDatabase))
	t.say("A directory answers at %s and an OpenID Connect issuer at %s; all of it is inside this program.", stage.ldap.URL(), stage.issuer.URL())
	told := &story{stage: stage, teller: t}
	failed := told.tell(a.ctx)
	if failed != nil {
		t.fail("the story could not go on: %v", failed)
	}
	t.conclude()
	if a.json {
		if err := a.show(t.result(), nil); err != nil {
			return err
		}
	}
	if !c.Exit && a.ctx.Err() == nil {
		told.invite(a.stderr, folder)
		<-a.ctx.Done()
	}
	if !t.good() {
		return exit(1)
	}
	return nil
}

const demoDatabase = "rollcall.db"

// folder makes the folder for the data and returns what takes it away again.
func (c *demoCmd) folder() (folder string, remove func() error, err error) {
	if c.Data == "" {
		folder, err = os.MkdirTemp("", "rollcall-demo-")
		return folder, func() error { return os.RemoveAll(folder) }, err
	}
	if folder, err = filepath.Abs(c.Data); err != nil {
		return "", nil, err
	}
	if _, err := os.Stat(filepath.Join(folder, demoDatabase)); err == nil {
		return "", nil, fmt.Errorf("%s has a database already, and the story begins with an empty one; choose another folder with --data", folder)
	}
	return folder, func() error { return nil }, os.MkdirAll(folder, 0o700)
}

// tell goes through the story. Every chapter leaves behind what the next ones build on.
func (s *story) tell(ctx context.Context) error {
	for _, chapter := range []func(context.Context) error{
		s.prepare, s.push, s.refuseTwice, s.firstSync, s.secondSync, s.aWeekLater, s.emptyAnswer, s.claims, s.administrators,
	} {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	return nil
}

// invite says what can be tried while the demonstration stays up.
func (s *story) invite(w io.Writer, folder string) {
	fmt.Fprintf(w, `
It stays up until you press Ctrl-C. Things to try:

  export ROLLCALL_DATABASE=sqlite:%[1]s
  rollcall org list
  rollcall user list --org %[2]s --status inactive
  rollcall user why --org %[2]s %[3]s
  rollcall sync plan --org %[2]s

  curl -H 'Authorization: Bearer %[4]s' '%[5]s/scim/%[6]s/v2/Users?count=2'
  curl -H 'Authorization: Bearer %[7]s' %[5]s/api/v1/organizations/%[2]s/users
  ROLLCALL_TOKEN=%[7]s rollcall user why --server %[5]s --org %[2]s %[3]s
  curl %[5]s/metrics

  SCIM base URL       %[5]s/scim/%[6]s/v2
  SCIM token          %[4]s
  administrator       %[7]s
  issuer              %[8]s
  directory           %[9]s

The server's clock is 7 days ahead; the command line's is not.
`, filepath.Join(folder, demoDatabase), s.synced.ID, s.disabled.userName, s.pushedToken, s.stage.url, s.pushed.ID, s.adminToken, s.stage.issuer.URL(), s.stage.ldap.URL())
}
