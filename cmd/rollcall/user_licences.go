package main

import (
	"io"
	"net/http"
	"strings"

	"rollcall/admin"
)

type userLicencesCmd struct {
	Show   userLicencesShowCmd   `cmd:"" help:"Show a user's licences."`
	Set    userLicencesSetCmd    `cmd:"" help:"Give a user exactly these licences; none takes all away."`
	Add    userLicencesAddCmd    `cmd:"" help:"Give a user more licences."`
	Remove userLicencesRemoveCmd `cmd:"" help:"Take licences away from a user."`
}

type userLicencesShowCmd struct{ userAct }

// Run shows the licences.
func (c *userLicencesShowCmd) Run(a *app) error {
	return c.licences(a, func(o *orgClient, path string) (l seen[admin.Licences], err error) {
		err = o.get(path, nil, &l)
		return l, err
	})
}

// named are the licences of a command.
type named struct {
	Licences []string `arg:"" name:"licence" help:"Names of licences."`
}

type userLicencesSetCmd struct {
	userAct
	Licences []string `arg:"" optional:"" name:"licence" help:"Names of licences."`
}

// Run sets the licences.
func (c *userLicencesSetCmd) Run(a *app) error {
	return c.write(a, http.MethodPut, admin.Licences{Licences: listOf(c.Licences)})
}

type userLicencesAddCmd struct {
	userAct
	named
}

// Run adds the licences to those that the user has.
func (c *userLicencesAddCmd) Run(a *app) error {
	return c.write(a, http.MethodPatch, admin.LicenceChange{Add: c.Licences})
}

type userLicencesRemoveCmd struct {
	userAct
	named
}

// Run takes the licences away.
func (c *userLicencesRemoveCmd) Run(a *app) error {
	return c.write(a, http.MethodPatch, admin.LicenceChange{Remove: c.Licences})
}

// write changes the licences of a user and shows what came of it.
func (c *userAct) write(a *app, method string, body any) error {
	return c.licences(a, func(o *orgClient, path string) (now seen[admin.Licences], err error) {
		err = o.do(call{method: method, path: path, body: body}, &now)
		return now, err
	})
}

func (c *userAct) licences(a *app, do func(o *orgClient, path string) (seen[admin.Licences], error)) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		path, _, err := o.userPath(c.User, "licences")
		if err != nil {
			return err
		}
		l, err := do(o, path)
		if err != nil {
			return err
		}
		return a.show(l, func(w io.Writer) error {
			_, err := io.WriteString(w, strings.Join(l.is.Licences, "\n")+"\n")
			return err
		})
	})
}
