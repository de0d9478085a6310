package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"rollcall/admin"
)

// attributeFlags are a user's attributes. One that is not given stays as it is; an empty text takes it away.
type attributeFlags struct {
	DisplayName *string   `name:"name" placeholder:"NAME" help:"The name to show."`
	GivenName   *string   `placeholder:"NAME" help:"Given name."`
	FamilyName  *string   `placeholder:"NAME" help:"Family name."`
	Title       *string   `placeholder:"TITLE" help:"Title, such as Engineer."`
	Department  *string   `placeholder:"NAME" help:"Department."`
	Phone       []string  `placeholder:"NUMBER" help:"Telephone number; repeatable."`
	Language    *string   `placeholder:"TAG" help:"Preferred language, such as en-GB."`
	Timezone    *string   `placeholder:"ZONE" help:"Time zone, such as Europe/London."`
	ExternalID  *string   `name:"external-id" placeholder:"ID" help:"The identity provider's own id."`
	UserName    *string   `placeholder:"NAME" help:"The userName; for a new user the address if it is not given."`
	Alternate   *[]string `name:"alternate-email" placeholder:"E-MAIL" help:"Another address of the user; repeatable. All of them are set together."`
}

// body is what was given, as the API wants it. An empty text becomes null, which takes the attribute away (RFC 7396).
func (f *attributeFlags) body() map[string]any {
	b := map[string]any{}
	for name, text := range map[string]*string{
		"displayName": f.DisplayName, "givenName": f.GivenName, "familyName": f.FamilyName, "title": f.Title, "department": f.Department,
		"preferredLanguage": f.Language, "timezone": f.Timezone, "externalId": f.ExternalID, "userName": f.UserName,
	} {
		switch {
		case text != nil && *text == "":
			b[name] = nil
		case text != nil:
			b[name] = *text
		}
	}
	if f.Phone != nil {
		phones := []admin.Phone{}
		for _, number := range f.Phone {
			if number != "" {
				phones = append(phones, admin.Phone{Value: number, Type: "work"})
			}
		}
		b["phoneNumbers"] = phones
	}
	if f.Alternate != nil {
		addresses := []string{}
		for _, address := range *f.Alternate {
			if address != "" {
				addresses = append(addresses, address)
			}
		}
		b["alternateEmails"] = addresses
	}
	return b
}

type userAddCmd struct {
	apiFlags
	orgFlag
	Email string `arg:"" optional:"" placeholder:"E-MAIL" help:"The primary address; unless there is a --file."`
	attributeFlags
	Licence    []string `placeholder:"NAME" help:"A licence for the user, instead of those of the organization's template; repeatable."`
	NoLicences bool     `help:"No licences, whatever the template says."`
	File       string   `placeholder:"FILE" help:"JSON with up to 25 users, as {\"users\": […]} or a list, in the words of the API; - for standard input."`
}

// Validate wants either an address or a file.
func (c *userAddCmd) Validate() error {
	switch {
	case (c.Email == "") == (c.File == ""):
		return errors.New("give either the user's address or --file")
	case c.File != "" && (len(c.attributeFlags.body()) > 0 || c.Licence != nil || c.NoLicences):
		return errors.New("with --file the attributes and licences stand in the file")
	case c.NoLicences && c.Licence != nil:
		return errors.New("give either --licence or --no-licences")
	}
	return nil
}

// Run adds the users: all, or none.
func (c *userAddCmd) Run(a *app) error {
	users, err := c.users(a)
	if err != nil {
		return err
	}
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		var added struct{ Users []seen[admin.User] }
		if err := o.post(o.at("users"), map[string]any{"users": users}, &added); err != nil {
			return err
		}
		if c.File == "" {
			return a.showUser(added.Users[0])
		}
		return a.show(added.Users, func(w io.Writer) error {
			rows := make([][]string, len(added.Users))
			for i, u := range added.Users {
				rows[i] = []string{u.is.ID, statusOf(u.is), u.is.UserName}
			}
			return table(w, []string{"ID", "STATUS", "USERNAME"}, rows)
		})
	})
}

// users is what to send.
func (c *userAddCmd) users(a *app) (any, error) {
	if c.File != "" {
		return usersIn(a, c.File)
	}
	user := c.attributeFlags.body()
	for name, value := range user {
		if value == nil {
			delete(user, name) // a new user has nothing to take away
		}
	}
	user["email"] = c.Email
	if c.NoLicences {
		user["licences"] = []string{}
	}
	if c.Licence != nil {
		user["licences"] = c.Licence
	}
	return []any{user}, nil
}

// maxUsersFile is the length of a file with 25 users in bytes, generously.
const maxUsersFile = 1 << 20

func usersIn(a *app, path string) (json.RawMessage, error) {
	in := a.stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("--file: %w", err)
		}
		defer file.Close()
		in = file
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxUsersFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("--file: %w", err)
	case len(raw) > maxUsersFile:
		return nil, fmt.Errorf("--file: %s has more than %d bytes; for many users there is rollcall user import", path, maxUsersFile)
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		return raw, nil
	}
	var object struct{ Users json.RawMessage }
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, fmt.Errorf("--file: %s is not JSON: %w", path, err)
	}
	if object.Users == nil {
		return nil, fmt.Errorf(`--file: %s has no "users"; write {"users": [{"email": "ada@example.org"}]}`, path)
	}
	return object.Users, nil
}

type userChangeCmd struct {
	apiFlags
	orgFlag
	userFlag
	attributeFlags
}

// Help says how attributes are taken away.
func (userChangeCmd) Help() string {
	return "What is not given stays. An empty text takes an attribute away: --title=. The primary address is changed with rollcall user email, " +
		"because its owner has to confirm another one."
}

// Validate refuses a change of nothing.
func (c *userChangeCmd) Validate() error {
	if len(c.attributeFlags.body()) == 0 {
		return errors.New("there is nothing to change; give at least one attribute, such as --title Engineer")
	}
	return nil
}

// Run changes the user.
func (c *userChangeCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		path, _, err := o.userPath(c.User)
		if err != nil {
			return err
		}
		var u seen[admin.User]
		if err := o.do(call{method: http.MethodPatch, path: path, body: c.attributeFlags.body(), patch: true}, &u); err != nil {
			return err
		}
		return a.showUser(u)
	})
}
