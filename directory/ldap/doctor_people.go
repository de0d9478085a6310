package ldap

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rollcall/directory"
	"rollcall/identity"
)

// examples is how many entries a check names.
const examples = 3

func checkReading(ctx context.Context, p *patient) []Check {
	r := &reading{source: p.source, conn: p.conn, progress: p.doctor.Progress, seen: map[identity.ObjectID]bool{}}
	if err := r.run(ctx); err != nil {
		return p.broke(err, "")
	}
	p.snapshot = r.snapshot
	n := len(p.snapshot.Entries)
	switch {
	case !p.snapshot.Complete:
		return []Check{{Result: CheckWarning, Seen: fmt.Sprintf("people: %d, and it is not proven that these are all: %s", n, strings.Join(p.snapshot.Gaps[:min(examples, len(p.snapshot.Gaps))], " ")),
			Remedy: "until the reading is complete nobody is removed; remove its gaps"}}
	case n == 0:
		return warn("nobody is in the base and matches the filter", "check the base DN, the filter and the account's rights")
	}
	return fine("people: %d; the reading is complete", n)
}

func checkUsable(_ context.Context, p *patient) []Check {
	var problems []string
	for _, e := range p.snapshot.Entries {
		if problem := problemOf(e); problem != "" {
			problems = append(problems, e.DN+": "+problem)
		}
	}
	if len(problems) == 0 {
		return fine("entries that can be used: all %d", len(p.snapshot.Entries))
	}
	return warn(fmt.Sprintf("entries that cannot be used and stay out: %d of %d%s", len(problems), len(p.snapshot.Entries), named(problems)),
		"give them what they lack, map another attribute, or narrow the filter")
}

// problemOf says what is wrong with an entry, its addresses included.
func problemOf(e directory.Entry) string {
	if e.Problem != "" {
		return e.Problem
	}
	for _, address := range e.Emails {
		if _, err := identity.ParseEmail(address, identity.EmailPolicy{}); err != nil {
			return sentenceOf(err)
		}
	}
	return ""
}

// named lists the first few of some texts.
func named(texts []string) string {
	more := ""
	if n := len(texts) - examples; n > 0 {
		more = fmt.Sprintf("; and %d more", n)
	}
	return ", such as " + strings.Join(texts[:min(examples, len(texts))], "; ") + more
}

func checkAddresses(_ context.Context, p *patient) []Check {
	type holder struct{ dn, spelling string }
	holders := map[identity.EmailKey][]holder{}
	for _, e := range p.snapshot.Entries {
		mine := map[identity.EmailKey]bool{}
		for _, address := range e.Emails {
			parsed, err := identity.ParseEmail(address, identity.EmailPolicy{})
			if err != nil || mine[parsed.Key] {
				continue
			}
			mine[parsed.Key] = true
			holders[parsed.Key] = append(holders[parsed.Key], holder{e.DN, address})
		}
	}
	var same, folded []string
	for _, key := range sortedKeys(holders) {
		who := holders[key]
		if len(who) < 2 {
			continue
		}
		dns := make([]string, len(who))
		for i, h := range who {
			dns[i] = h.dn
		}
		text := fmt.Sprintf("%s (%s)", key, strings.Join(dns, " | "))
		if slices.ContainsFunc(who, func(h holder) bool { return h.spelling != who[0].spelling }) {
			folded = append(folded, text)
		} else {
			same = append(same, text)
		}
	}
	if len(same)+len(folded) == 0 {
		return fine("addresses: %d, each of one entry", len(holders))
	}
	var seen []string
	if len(same) > 0 {
		seen = append(seen, fmt.Sprintf("addresses of several entries: %d%s", len(same), named(same)))
	}
	if len(folded) > 0 {
		seen = append(seen, fmt.Sprintf("addresses of several entries that differ in upper and lower case: %d%s", len(folded), named(folded)))
	}
	return warn(strings.Join(seen, "; "), "leave each address to one entry: an address is one person's, whatever its case, and until then neither is synchronized")
}

// checkSample shows how the first people come out of the mapping.
func checkSample(_ context.Context, p *patient) []Check {
	var made []Check
	for _, e := range p.snapshot.Entries {
		if len(made) == examples {
			break
		}
		if e.Problem != "" {
			continue
		}
		state := "enabled"
		if e.Disabled {
			state = "disabled"
		}
		values := []string{"userName=" + e.UserName, "emails=" + strings.Join(e.Emails, ",")}
		if e.ExternalID != "" {
			values = append(values, "externalId="+string(e.ExternalID))
		}
		for _, path := range p.snapshot.Owns {
			if text := e.Attribute(path); text != "" {
				values = append(values, path+"="+text)
			}
		}
		made = append(made, fine("%s (%s): %s", e.DN, state, strings.Join(values, "; "))...)
	}
	if len(made) == 0 {
		return untried("not tried, because no entry can be mapped")
	}
	return made
}
