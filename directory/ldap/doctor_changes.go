package ldap

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

const noContext = "not tried, because the server does not tell which naming context the base DNs are in"

// nobodysGUID matches nothing, whatever the domain holds.
var nobodysGUID = "(objectGUID=" + strings.Repeat(`\00`, 16) + ")"

func checkDirSync(ctx context.Context, p *patient) []Check {
	if len(p.contexts) == 0 {
		return untried(noContext)
	}
	const remedy = `give the account the right "Replicating Directory Changes" on the domain; without it a full reading finds the changes`
	if !slices.Contains(p.server.controls, ldap.ControlTypeDirSync) {
		return warn("the server does not offer the control", "use a domain controller that does; without it a full reading finds the changes")
	}
	for _, root := range p.contexts {
		replicates, err := p.dirSync(ctx, root, 0)
		if err != nil {
			return p.broke(err, remedy)
		}
		reads, err := p.dirSync(ctx, root, dirSyncFlags)
		switch {
		case err != nil:
			return p.broke(err, remedy)
		case !replicates && !reads:
			return warn(root+": the account may not ask for changes", remedy)
		case !replicates:
			return fine("%s: the account may ask for changes of what it may read (object security); it has no right to replicate", root)
		case !reads:
			return fine("%s: the account has the right to replicate; object security is not offered", root)
		}
	}
	return fine("the account has the right to replicate, and may ask for changes of what it may read (object security)")
}

// dirSync reports whether the account may ask for changes, by a question that nothing is the answer to.
func (p *patient) dirSync(ctx context.Context, root string, flags int64) (bool, error) {
	_, err := p.conn.search(ctx, ldap.NewSearchRequest(root, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, nobodysGUID,
		[]string{"objectGUID"}, []ldap.Control{ldap.NewRequestControlDirSync(flags, dirSyncBytes, nil)}))
	if answerOf(err) != nil {
		return false, nil
	}
	return err == nil, err
}

// checkDeletedObjects looks for what a server hides without a word: whoever may not see deleted entries is shown none, and no error.
func checkDeletedObjects(ctx context.Context, p *patient) []Check {
	if len(p.contexts) == 0 {
		return untried(noContext)
	}
	shows := []ldap.Control{ldap.NewControlMicrosoftShowDeleted()}
	if slices.Contains(p.server.controls, oidShowRecycled) {
		shows = append(shows, ldap.NewControlString(oidShowRecycled, false, ""))
	}
	seen := make([]string, 0, len(p.contexts))
	for _, root := range p.contexts {
		dn := "CN=Deleted Objects," + root
		sees, err := seesDeleted(ctx, p.conn, root)
		if err != nil {
			return p.broke(err, "")
		}
		if !sees {
			what := "PEOPLE"
			if p.settings.Groups != nil {
				what += " AND GROUPS"
			}
			return warn("DELETED "+what+" CANNOT BE SEEN: the account may not read "+dn+". A deleted entry looks like one that was hidden from the account, and only a full reading notices that it is gone",
				fmt.Sprintf(`let the account list and read it, as a domain administrator: dsacls "%s" /takeownership, then dsacls "%s" /G ACCOUNT:LCRP`, dn, dn))
		}
		below, err := p.conn.search(ctx, ldap.NewSearchRequest(dn, ldap.ScopeSingleLevel, ldap.NeverDerefAliases, 0, 0, false, "(isDeleted=TRUE)",
			[]string{"1.1"}, append([]ldap.Control{ldap.NewControlPaging(1)}, shows...)))
		switch {
		case err != nil:
			return p.broke(err, "")
		case len(below.Entries) == 0:
			seen = append(seen, dn+" can be read; nothing is in it yet")
		default:
			seen = append(seen, dn+" can be read, and what was deleted is seen")
		}
	}
	return fine("%s", strings.Join(seen, "; "))
}

// checkIncremental says how a synchronization will learn what changed, as the reading found out.
func checkIncremental(_ context.Context, p *patient) []Check {
	var c cursor
	if err := json.Unmarshal(p.snapshot.Cursor, &c); err != nil {
		return failed("the reading left nothing to go on from", "")
	}
	if c.Way == byNothing {
		return warn("every synchronization reads everything: "+c.Why, "remove the reason, or leave it so: a full reading finds every change, and takes longer")
	}
	return fine("changes are told by %s since %s", wayTexts[c.Way], p.snapshot.ReadAt.UTC().Format("2006-01-02 15:04:05 MST"))
}

var wayTexts = map[way]string{byDirSync: "the DirSync control", byUSN: "update sequence numbers", bySyncrepl: "syncrepl (RFC 4533)"}

func checkSyncrepl(ctx context.Context, p *patient) []Check {
	if len(p.contexts) == 0 {
		return untried(noContext)
	}
	if !slices.Contains(p.server.controls, oidSyncRequest) {
		return warn("the server does not offer the control", "load the overlay syncprov, last of all overlays; without it a full reading finds the changes")
	}
	for _, root := range p.contexts {
		result, err := p.conn.search(ctx, base(root, "(objectClass=*)", attrContextCSN))
		if err != nil {
			return p.broke(err, "let the account read the entry "+root)
		}
		if len(result.Entries) != 1 || result.Entries[0].GetAttributeValue(attrContextCSN) == "" {
			return warn("contextCSN of "+root+" cannot be read", "load the overlay syncprov on that database, and let the account read contextCSN")
		}
	}
	return fine("offered, and contextCSN can be read")
}

// How many groups are looked at, and how many values a domain controller sends at most at once.
const (
	groupsLookedAt = 1000
	groupsAtOnce   = 100
	usualRange     = 1500
)

// checkRanges says whether there are groups whose members do not come in one answer.
func checkRanges(ctx context.Context, p *patient) []Check {
	looked, large := 0, 0
	for _, dn := range p.settings.bases() {
		err := p.pages(ctx, dn, "(objectClass=group)", groupsAtOnce, []string{"member"}, func(page []*ldap.Entry) bool {
			looked += len(page)
			large += countLarge(page)
			return looked < groupsLookedAt
		})
		if err != nil {
			return p.broke(err, "")
		}
	}
	more := ""
	if looked >= groupsLookedAt {
		more = "; there may be more, and they were not looked at"
	}
	if large == 0 {
		return fine("groups with more than %d members: none of %d%s", usualRange, looked, more)
	}
	return fine("groups with more than %d members: %d of %d, which are read in parts%s", usualRange, large, looked, more)
}

func countLarge(groups []*ldap.Entry) int {
	n := 0
	for _, g := range groups {
		if slices.ContainsFunc(g.Attributes, func(a *ldap.EntryAttribute) bool {
			return len(a.Values) > usualRange || strings.Contains(strings.ToLower(a.Name), ";range=0-") && !strings.HasSuffix(a.Name, "-*")
		}) {
			n++
		}
	}
	return n
}
