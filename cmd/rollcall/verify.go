package main

import (
	"errors"
	"io"
	"strconv"

	"rollcall/admin"
)

type verifyCmd struct {
	apiFlags
	Org string `env:"ROLLCALL_ORG" placeholder:"ID|NAME" help:"Organization: its id, or its name if only one has it; without it, all of them."`
}

// Help says what is proven.
func (verifyCmd) Help() string {
	return "Every event of an organization carries a hash over itself and the one before. Whoever changes, removes or puts in an event behind the program's back " +
		"breaks the chain there. Write down the last hash elsewhere, and cutting off the end shows too. Ends with 1 if a chain is broken."
}

// errBrokenChain says that the audit is not what it was.
var errBrokenChain = errors.New("the audit was changed; do not trust it from the event named above on, and compare with a backup")

// chain is what was found about one organization's events.
type chain struct {
	Organization string `json:"organization"`
	Name         string `json:"name"`
	admin.AuditVerification
}

// Run verifies the chains.
func (c *verifyCmd) Run(a *app) error {
	return a.onAPI(c.apiFlags, func(api *apiClient) error {
		orgs, err := api.audited(c.Org)
		if err != nil {
			return err
		}
		chains := make([]chain, len(orgs))
		rows := make([][]string, len(orgs))
		intact := true
		for i, o := range orgs {
			chains[i] = chain{Organization: o.id, Name: o.name}
			found := &chains[i].AuditVerification
			if err := o.get(o.at("audit", "verification"), nil, found); err != nil {
				return err
			}
			rows[i] = []string{o.name, strconv.FormatInt(found.Events, 10), or(found.Fault, "good"), or(found.Event, "-"), or(found.Head, "-")}
			intact = intact && found.Intact
		}
		if err := a.show(chains, func(w io.Writer) error {
			return table(w, []string{"ORGANIZATION", "EVENTS", "CHAIN", "EVENT", "LAST HASH"}, rows)
		}); err != nil {
			return err
		}
		if !intact {
			return errBrokenChain
		}
		return nil
	})
}

// audited are the organizations whose chains are wanted: one, or all whose audit may be read.
func (c *apiClient) audited(name string) ([]*orgClient, error) {
	if name != "" {
		o, err := c.org(orgFlag{name})
		return []*orgClient{o}, err
	}
	all, _, err := list[admin.Organization](c, "/organizations", "organizations", nil, everything)
	if err != nil {
		return nil, err
	}
	var found []*orgClient
	for _, o := range all {
		if o.is.Settings == nil { // shown to the roles that may read the audit
			c.say("%s is left out: your role there does not let you read its audit.", printable(o.is.Name))
			continue
		}
		found = append(found, c.orgWith(o.is.ID, o.is.Name))
	}
	if c.local == nil {
		return found, nil
	}
	stones, err := everyOrganization(c.ctx, c.local.read.Tombstones)
	for _, o := range stones {
		found = append(found, c.orgWith(string(o.ID), o.Name+" (deleted)"))
	}
	return found, err
}
