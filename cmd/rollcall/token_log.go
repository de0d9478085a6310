package main

import (
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"rollcall/admin"
	"rollcall/identity"
)

type tokenLogCmd struct {
	apiFlags
	orgFlag
	ID     string `arg:"" help:"The token's id, or its name if only one has it."`
	Failed bool   `help:"Only requests that were refused or failed."`
	place
}

// Help says what is in the log.
func (tokenLogCmd) Help() string {
	return "The last 1,000 requests that came with the token, a few seconds after they came, the newest first. With --output json each has the " +
		"beginning of its body too, and the id under which the server's log has it. Of values that tell about people there is only the shape: " +
		"letters are x, digits 9."
}

// Run lists the exchanges.
func (c *tokenLogCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		id, err := o.scimToken(c.ID)
		if err != nil {
			return err
		}
		query := url.Values{}
		if c.Failed {
			query.Set("failed", "true")
		}
		exchanges, next, err := list[admin.Exchange](o.apiClient, o.at("scim-tokens", id, "exchanges"), "exchanges", query, c.place)
		if err != nil {
			return err
		}
		a.sayMore(next)
		return a.show(exchanges, func(w io.Writer) error {
			rows := make([][]string, len(exchanges))
			for i, e := range exchanges {
				v := e.is
				rows[i] = []string{instant(v.At), strconv.Itoa(v.Status), v.Method, o.endpoint(v), duration(v.DurationUs), reason(v)}
			}
			return table(w, []string{"AT", "STATUS", "METHOD", "ENDPOINT", "TOOK", "REASON"}, rows)
		})
	})
}

// scimToken finds a token by its id or name.
func (c *orgClient) scimToken(text string) (string, error) {
	var all struct{ Tokens []admin.SCIMToken }
	if err := c.get(c.at("scim-tokens"), nil, &all); err != nil {
		return "", err
	}
	var named []string
	for _, t := range all.Tokens {
		if t.ID == text {
			return t.ID, nil
		}
		if t.Name == text {
			named = append(named, t.ID)
		}
	}
	switch len(named) {
	case 0:
		return "", identity.Refuse(identity.NotFound, identity.RuleUnknownToken, "no token of this organization has the id or name %q", text)
	case 1:
		return named[0], nil
	}
	return "", identity.Refuse(identity.Invalid, identity.RuleUnknownToken, "%d tokens are called %q; use the id of one of them: %s",
		len(named), text, strings.Join(named, ", "))
}

// endpoint is what was asked for, without what all requests to the organization have in common.
func (c *orgClient) endpoint(e admin.Exchange) string {
	path := strings.TrimPrefix(strings.TrimPrefix(e.Path, "/scim/"+c.id), "/v2")
	if e.Query != "" {
		path += "?" + e.Query
	}
	return path
}

// reason is why a request failed.
func reason(e admin.Exchange) string {
	if e.SCIMType == "" {
		return e.Detail
	}
	return e.SCIMType + ": " + e.Detail
}

// duration writes microseconds as people read them.
func duration(micro int64) string {
	d := time.Duration(micro) * time.Microsecond
	if d >= time.Second {
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(100 * time.Microsecond).String()
}
