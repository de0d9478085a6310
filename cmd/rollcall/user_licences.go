package main

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"rollcall/admin"
	"rollcall/identity"
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
	return c.licences(a, func(o *orgClient, path string, had seen[admin.Licences]) (seen[admin.Licences], error) {
		return had, nil
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
	return c.setLicences(a, func([]string) []string { return listOf(c.Licences) })
}

type userLicencesAddCmd struct {
	userAct
	named
}

// Run adds the licences to those that the user has.
func (c *userLicencesAddCmd) Run(a *app) error {
	return c.setLicences(a, func(had []string) []string { return append(had, c.Licences...) })
}

type userLicencesRemoveCmd struct {
	userAct
	named
}

// Run takes the licences away.
func (c *userLicencesRemoveCmd) Run(a *app) error {
	return c.setLicences(a, func(had []string) []string {
		return slices.DeleteFunc(had, func(name string) bool { return slices.Contains(c.Licences, name) })
	})
}

// setLicences changes the licences of a user. Whoever has none has the free one, which is not assigned (LIC-04).
func (c *userAct) setLicences(a *app, change func(had []string) []string) error {
	return c.licences(a, func(o *orgClient, path string, had seen[admin.Licences]) (now seen[admin.Licences], err error) {
		assigned := slices.DeleteFunc(had.is.Licences, func(name string) bool { return name == string(identity.FreeLicence) })
		want := change(assigned)
		slices.Sort(want)
		err = o.do(call{method: http.MethodPut, path: path, body: admin.Licences{Licences: listOf(slices.Compact(want))}}, &now)
		return now, err
	})
}

func (c *userAct) licences(a *app, do func(o *orgClient, path string, had seen[admin.Licences]) (seen[admin.Licences], error)) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		path, _, err := o.userPath(c.User, "licences")
		if err != nil {
			return err
		}
		var l seen[admin.Licences]
		if err := o.get(path, nil, &l); err != nil {
			return err
		}
		if l, err = do(o, path, l); err != nil {
			return err
		}
		return a.show(l, func(w io.Writer) error {
			_, err := io.WriteString(w, strings.Join(l.is.Licences, "\n")+"\n")
			return err
		})
	})
}
