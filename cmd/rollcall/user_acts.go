package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"rollcall/admin"
)

// userAct is a command that does one thing to one user and shows the user then.
type userAct struct {
	apiFlags
	orgFlag
	userFlag
}

func (c *userAct) run(a *app, method string, body any, below ...string) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		path, _, err := o.userPath(c.User, below...)
		if err != nil {
			return err
		}
		var u seen[admin.User]
		if err := o.do(call{method: method, path: path, body: body}, &u); err != nil {
			return err
		}
		return a.showUser(u)
	})
}

type userDeactivateCmd struct{ userAct }

// Run deactivates the user.
func (c *userDeactivateCmd) Run(a *app) error { return c.run(a, http.MethodPost, nil, "deactivate") }

type userReactivateCmd struct{ userAct }

// Run reactivates the user.
func (c *userReactivateCmd) Run(a *app) error { return c.run(a, http.MethodPost, nil, "reactivate") }

type userEmailCmd struct {
	Set    userEmailSetCmd    `cmd:"" help:"Ask the user to confirm another primary address."`
	Cancel userEmailCancelCmd `cmd:"" help:"Take back a change that is not confirmed yet."`
}

type userEmailSetCmd struct {
	userAct
	Email string `arg:"" placeholder:"E-MAIL" help:"The address that the user shall have."`
}

// Run begins the change.
func (c *userEmailSetCmd) Run(a *app) error {
	return c.run(a, http.MethodPost, admin.NewEmail{Email: c.Email}, "email")
}

type userEmailCancelCmd struct{ userAct }

// Run ends the change.
func (c *userEmailCancelCmd) Run(a *app) error { return c.run(a, http.MethodDelete, nil, "email") }

// yesFlag is for what cannot be undone.
type yesFlag struct {
	Yes bool `short:"y" help:"Do not ask."`
}

// confirm asks on a terminal whether something shall be done that cannot be undone. Where nobody can be asked, it has to have
// been said before.
func (a *app) confirm(f yesFlag, format string, args ...any) error {
	if f.Yes {
		return nil
	}
	if !isTerminal(a.stdin) {
		return errors.New("this cannot be undone, and nobody can be asked here; say --yes if you mean it")
	}
	fmt.Fprintf(a.stderr, format+" This cannot be undone. Type yes: ", args...)
	var answer string
	if _, err := fmt.Fscanln(a.stdin, &answer); err != nil || answer != "yes" {
		return errors.New("not confirmed, so nothing was changed; where nobody can answer, say --yes")
	}
	return nil
}

type userDeleteCmd struct {
	apiFlags
	orgFlag
	userFlag
	yesFlag
}

// Run deletes the user.
func (c *userDeleteCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		path, u, err := o.userPath(c.User)
		if err != nil {
			return err
		}
		if err := a.confirm(c.yesFlag, "Delete %s (%s) of %s with everything that belongs to the account?", printable(u.is.UserName), u.is.ID, printable(o.name)); err != nil {
			return err
		}
		if err := o.do(call{method: http.MethodDelete, path: path}, nil); err != nil {
			return err
		}
		a.say("%s is deleted.", printable(u.is.UserName))
		return nil
	})
}

type userPurgeCmd struct {
	apiFlags
	orgFlag
	Users []string `arg:"" optional:"" name:"user" placeholder:"ID|USERNAME|E-MAIL" help:"The users."`
	All   bool     `help:"Instead of users: everybody who is gone from the directory."`
	yesFlag
}

// Validate wants either users or all of them.
func (c *userPurgeCmd) Validate() error {
	if c.All == (len(c.Users) > 0) {
		return errors.New("give either users or --all")
	}
	return nil
}

// purgesACall is how many users the API deletes in one call.
const purgesACall = 100

// Run deletes the users. Status 2 says that some were refused.
func (c *userPurgeCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		ids := make([]string, 0, len(c.Users))
		for _, text := range c.Users {
			u, err := o.user(text)
			if err != nil {
				return err
			}
			ids = append(ids, u.is.ID)
		}
		whom := strings.Join(c.Users, ", ")
		if c.All {
			whom = "everybody who is gone from the directory"
		}
		if err := a.confirm(c.yesFlag, "Delete %s from %s?", printable(whom), printable(o.name)); err != nil {
			return err
		}
		results, err := o.purge(ids)
		if err != nil {
			return err
		}
		refused := 0
		rows := make([][]string, len(results))
		for i, r := range results {
			rows[i] = []string{r.is.User, "deleted", r.is.UserName}
			if !r.is.Deleted {
				refused++
				rows[i] = []string{r.is.User, r.is.Code, strings.TrimSpace(r.is.UserName + " " + r.is.Message)}
			}
		}
		if err := a.show(results, func(w io.Writer) error { return table(w, []string{"ID", "OUTCOME", "USER"}, rows) }); err != nil {
			return err
		}
		if refused > 0 {
			return exit(2)
		}
		return nil
	})
}

// purge deletes users who are gone from the directory, all of them if none is named.
func (c *orgClient) purge(ids []string) ([]seen[admin.Purged], error) {
	results := []seen[admin.Purged]{}
	call := func(body admin.PurgeRequest) (more, progress bool, err error) {
		var answer struct {
			Results []seen[admin.Purged]
			More    bool
		}
		if err := c.post(c.at("users", "purge"), body, &answer); err != nil {
			return false, false, err
		}
		results = append(results, answer.Results...)
		deleted := slices.ContainsFunc(answer.Results, func(r seen[admin.Purged]) bool { return r.is.Deleted })
		return answer.More, deleted, nil
	}
	if len(ids) == 0 {
		// Who is refused is there again the next time, so a call that deleted nobody is the last one.
		for more, progress := true, true; more && progress; {
			var err error
			if more, progress, err = call(admin.PurgeRequest{All: true}); err != nil {
				return nil, err
			}
		}
		return results, nil
	}
	for part := range slices.Chunk(ids, purgesACall) {
		if _, _, err := call(admin.PurgeRequest{Users: part}); err != nil {
			return nil, err
		}
	}
	return results, nil
}

type userEventsCmd struct {
	apiFlags
	orgFlag
	User string `arg:"" placeholder:"ID|USERNAME|E-MAIL" help:"The user; somebody who was deleted, as for rollcall user why."`
	place
}

// Run lists the user's events, the newest first.
func (c *userEventsCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		id, err := o.userOrDeleted(c.User)
		if err != nil {
			return err
		}
		events, next, err := list[admin.Event](o.apiClient, o.at("users", id, "events"), "events", url.Values{}, c.place)
		if err != nil {
			return err
		}
		a.sayMore(next)
		return a.show(events, func(w io.Writer) error {
			rows := make([][]string, len(events))
			for i, e := range events {
				rows[i] = []string{instant(e.is.At), e.is.Kind, e.is.Rule, or(e.is.Actor.Name, or(e.is.Actor.ID, e.is.Actor.Kind))}
			}
			return table(w, []string{"AT", "WHAT", "RULE", "BY"}, rows)
		})
	})
}
