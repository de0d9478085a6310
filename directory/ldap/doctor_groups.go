package ldap

import (
	"context"
	"fmt"

	"rollcall/identity"
)

// checkGroups says which groups are mirrored, whether all of their members could be read, and how many of these are nobody who is read.
func checkGroups(_ context.Context, p *patient) []Check {
	if p.source.settings.Groups == nil {
		return fine("groups are not mirrored")
	}
	known := map[identity.ObjectID]bool{}
	for _, e := range p.snapshot.Entries {
		known[e.ID] = true
	}
	for _, g := range p.snapshot.Groups {
		known[g.ID] = true
	}
	memberships, strangers := 0, 0
	var problems []string
	for _, g := range p.snapshot.Groups {
		if g.Problem != "" {
			problems = append(problems, g.DN+": "+g.Problem)
		}
		for _, m := range g.Members {
			memberships++
			if !known[m.ID] {
				strangers++
			}
		}
	}
	seen := fmt.Sprintf("groups: %d with %d memberships, %d of them of somebody who is not read", len(p.snapshot.Groups), memberships, strangers)
	switch {
	case len(p.snapshot.Groups) == 0:
		return warn("no group is below the base DNs and matches the filter", "check groups.baseDNs, groups.filter and the account's rights")
	case len(problems) > 0:
		return warn(fmt.Sprintf("%s; groups that could not be read and stay as they are: %d%s", seen, len(problems), named(problems)),
			"give the account the right to read their members, or narrow the filter of groups")
	}
	return fine("%s", seen)
}
