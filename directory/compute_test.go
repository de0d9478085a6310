package directory_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/identity"
)

const (
	ourOrg    identity.OrgID       = "org-1"
	connector identity.ConnectorID = "connector-1"
)

var readAt = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// entry is a person of the directory with the id x and the address x@corp.example.
func entry(id string, edit ...func(*directory.Entry)) directory.Entry {
	mail := id + "@corp.example"
	e := directory.Entry{
		ID: identity.ObjectID("object-" + id), DN: "cn=" + id + ",ou=people", UserName: mail, Emails: []string{mail},
		Attributes: map[string]string{"displayName": strings.ToUpper(id)},
	}
	for _, f := range edit {
		f(&e)
	}
	return e
}

func mail(address string) func(*directory.Entry) {
	return func(e *directory.Entry) { e.UserName, e.Emails = address, []string{address} }
}

func disabled(e *directory.Entry)         { e.Disabled = true }
func dn(dn string) func(*directory.Entry) { return func(e *directory.Entry) { e.DN = dn } }
func noMail(e *directory.Entry) {
	e.UserName, e.Emails, e.Problem = "", nil, "The entry has no address (attribute mail)."
}
func called(name string) func(*directory.Entry) {
	return func(e *directory.Entry) { e.Attributes["displayName"] = name }
}

// account is the account that mirrors entry(id).
func account(id string, edit ...func(*identity.Account)) identity.Account {
	e := entry(id)
	a := identity.Account{
		ID: identity.AccountID("account-" + id), Org: ourOrg, UserName: e.UserName,
		Emails:  []identity.AccountEmail{{Value: e.Emails[0], Type: "work", Primary: true}},
		Profile: identity.Profile(fmt.Sprintf(`{"displayName":%q}`, strings.ToUpper(id))),
		Status:  identity.Active, Source: identity.SourceDirectory, Version: 7,
		Directory: &identity.DirectoryLink{Connector: connector, Object: e.ID, DN: e.DN},
	}
	for _, f := range edit {
		f(&a)
	}
	return a
}

func unlinked(a *identity.Account) { a.Directory = nil }
func lost(why identity.InactiveReason) func(*identity.Account) {
	return func(a *identity.Account) {
		a.Status, a.PreviousStatus, a.InactiveReason = identity.Inactive, identity.Active, why
	}
}

func address(address string) func(*identity.Account) {
	return func(a *identity.Account) {
		a.UserName, a.Emails = address, []identity.AccountEmail{{Value: address, Type: "work", Primary: true}}
	}
}

func input(entries []directory.Entry, accounts []identity.Account, edit ...func(*directory.Input)) directory.Input {
	in := directory.Input{
		Org:       identity.Organization{ID: ourOrg, Kind: identity.Customer, SyncMode: identity.SyncManual, RetentionDays: 30},
		Connector: identity.Connector{ID: connector, Org: ourOrg, Name: "corp"},
		Snapshot: directory.Snapshot{Entries: entries, Owns: []string{"displayName", "emails", "title", directory.ManagerPath}, Complete: true,
			Server: "dc1.corp.example", ReadAt: readAt},
		Accounts: directory.RosterOf(accounts...),
	}
	for _, f := range edit {
		f(&in)
	}
	return in
}

func found(id string, kind directory.FindingKind) func(*directory.Input) {
	return func(in *directory.Input) {
		if in.Findings == nil {
			in.Findings = map[identity.ObjectID]directory.Finding{}
		}
		object := identity.ObjectID("object-" + id)
		in.Findings[object] = directory.Finding{ID: object, Kind: kind, DN: "cn=" + id + ",ou=elsewhere", Detail: "Looked up."}
	}
}

func policy(p directory.Policy) func(*directory.Input) {
	return func(in *directory.Input) { in.Policy = p }
}

func held(address string, org identity.OrgID, kind identity.HoldKind) func(*directory.Input) {
	return func(in *directory.Input) {
		in.Held = map[identity.EmailKey]identity.Hold{identity.EmailKey(address): {Key: identity.EmailKey(address), Org: org, Kind: kind}}
	}
}

func incomplete(in *directory.Input) {
	in.Snapshot.Complete, in.Snapshot.Gaps = false, []string{"Page 2 came without the paging control."}
}

// said is a plan in short: one "op who code" a step, in the plan's order.
func said(p directory.Plan) string {
	var parts []string
	for _, s := range p.Steps {
		who, _, _ := strings.Cut(s.UserName, "@")
		text := string(s.Op) + " " + who
		if s.Code != "" {
			text += " " + string(s.Code)
		}
		if s.Exchange > 0 {
			text += fmt.Sprintf(" group %d", s.Exchange)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

type (
	entries  = []directory.Entry
	accounts = []identity.Account
)

func TestCompute(t *testing.T) {
	for name, c := range map[string]struct {
		in   directory.Input
		want string
		why  string // part of the first step's reason
	}{
		"new entry":                    {input(entries{entry("ada")}, nil), "create ada", "A new entry."},
		"new entry, disabled (USR-02)": {input(entries{entry("ada", disabled)}, nil), "create ada", "added as inactive"},
		"nothing changed":              {input(entries{entry("ada")}, accounts{account("ada")}), "", ""},
		"attribute changed (DIR-08)":   {input(entries{entry("ada", called("Ada"))}, accounts{account("ada")}), "update ada", "the directory's values win"},
		"address changed": {input(entries{entry("ada", mail("lovelace@corp.example"))}, accounts{account("ada")}), "rename lovelace",
			"The address changed from ada@corp.example to lovelace@corp.example."},
		"moved inside the scope": {input(entries{entry("ada", dn("cn=ada,ou=sales,ou=people"))}, accounts{account("ada")}), "rename ada", "the same entry"},
		"disabled (DIR-07)":      {input(entries{entry("ada", disabled)}, accounts{account("ada")}), "disable ada", "kept for as long as that lasts"},
		"disabled after an administrator deactivated": {input(entries{entry("ada", disabled)}, accounts{account("ada", lost(identity.ByAdministrator))}),
			"disable ada", "inactive for another reason"},
		"still disabled": {input(entries{entry("ada", disabled)}, accounts{account("ada", lost(identity.DirectoryDisabled))}), "", ""},
		"enabled again (USR-12)": {input(entries{entry("ada")}, accounts{account("ada", lost(identity.DirectoryDisabled))}),
			"enable ada", "enabled again"},
		"deactivated here, enabled there": {input(entries{entry("ada")}, accounts{account("ada", lost(identity.ByAdministrator))}), "enable ada", "the directory decides"},

		"deleted, tombstone seen (DIR-18)": {input(entries{entry("bob")}, accounts{account("ada"), account("bob")}, found("ada", directory.Tombstone)),
			"remove ada", "what is left of it"},
		"deleted, nothing left (DIR-18)": {input(entries{entry("bob")}, accounts{account("ada"), account("bob")}, found("ada", directory.Absent)),
			"remove ada", "finds nothing"},
		"disabled, then deleted (USR-13)": {input(entries{entry("bob")}, accounts{account("ada", lost(identity.DirectoryDisabled)), account("bob")}, found("ada", directory.Tombstone)),
			"remove ada", "what is left of it"},
		"gone before already": {input(entries{entry("bob")}, accounts{account("ada", lost(identity.DirectoryDeleted)), account("bob")}), "", ""},
		"moved out of scope": {input(entries{entry("bob")}, accounts{account("ada"), account("bob")}, found("ada", directory.OutOfScope)),
			"remove ada", "left the synchronized part"},
		"moved out of scope, policy retain": {input(entries{entry("bob")}, accounts{account("ada"), account("bob")}, found("ada", directory.OutOfScope),
			policy(directory.Policy{OutOfScope: directory.ScopeRetain})), "skip ada RETAINED_OUT_OF_SCOPE", "keeps such users"},
		"look-up failed (DIR-18)": {input(entries{entry("bob")}, accounts{account("ada"), account("bob")}, found("ada", directory.Unknown)),
			"skip ada LOSS_UNPROVEN", "nothing proves"},
		"not looked up at all": {input(entries{entry("bob")}, accounts{account("ada"), account("bob")}), "skip ada LOSS_UNPROVEN", "nothing proves"},

		"restored within 7 days (USR-12)": {input(entries{entry("ada")}, accounts{account("ada", lost(identity.DirectoryDeleted))}), "restore ada", "former status"},
		"restored, but disabled (USR-13)": {input(entries{entry("ada", disabled)}, accounts{account("ada", lost(identity.DirectoryDeleted))}),
			"restore ada", "stays inactive"},
		"back in scope": {input(entries{entry("ada")}, accounts{account("ada", lost(identity.DirectoryOutOfScope))}), "restore ada", "former status"},
		"restored without its address": {input(entries{entry("ada", noMail)}, accounts{account("ada", lost(identity.DirectoryDeleted))}),
			"restore ada", "former status"},
		"new entry with the address of a deleted one (DIR-10)": {input(entries{entry("new", mail("ada@corp.example"))}, accounts{account("ada", lost(identity.DirectoryDeleted))}),
			"restore ada", "recovered"},
		"deleted and created anew between two runs (DIR-10)": {input(entries{entry("new", mail("ada@corp.example"))}, accounts{account("ada")}, found("ada", directory.Tombstone)),
			"adopt ada", "tied to the new entry"},
		"new entry with the address of one that only left the scope (EML-04)": {
			input(entries{entry("new", mail("ada@corp.example"))}, accounts{account("ada", lost(identity.DirectoryOutOfScope))}), "conflict ada EMAIL_HELD", "reserved"},
		"new entry with the address of a deleted one, reading incomplete (DIR-19)": {
			input(entries{entry("new", mail("ada@corp.example"))}, accounts{account("ada", lost(identity.DirectoryDeleted))}, incomplete), "conflict ada EMAIL_HELD", "reserved"},
		"new entry with the address of one whose fate is unknown": {
			input(entries{entry("new", mail("ada@corp.example"))}, accounts{account("ada")}, found("ada", directory.Unknown)),
			"conflict ada EMAIL_TAKEN; skip ada LOSS_UNPROVEN", "belongs to the user"},

		"two new entries with one address": {input(entries{entry("ada"), entry("eve", mail("ADA@corp.example"))}, nil),
			"conflict ADA DUPLICATE_IN_DIRECTORY; conflict ada DUPLICATE_IN_DIRECTORY", "Neither is synchronized"},
		"a new entry with the address of a present one": {input(entries{entry("ada"), entry("eve", mail("ada@corp.example"))}, accounts{account("ada")}),
			"conflict ada DUPLICATE_IN_DIRECTORY", "cn=ada,ou=people"},
		"duplicate address on a disabled entry": {input(entries{entry("ada", disabled), entry("eve", mail("ada@corp.example"))}, accounts{account("ada")}),
			"disable ada; conflict ada DUPLICATE_IN_DIRECTORY", "kept for as long"},
		"no address":                       {input(entries{entry("ada", noMail)}, nil), "skip  ENTRY_UNUSABLE", "has no address"},
		"address gone":                     {input(entries{entry("ada", noMail)}, accounts{account("ada")}), "skip ada ENTRY_UNUSABLE", "has no address"},
		"address gone and disabled":        {input(entries{func() directory.Entry { e := entry("ada", noMail); e.Disabled = true; return e }()}, accounts{account("ada")}), "disable ada", "kept for as long"},
		"not an address":                   {input(entries{entry("ada", mail("ada at corp"))}, nil), "conflict ada at corp INVALID_EMAIL", "not an e-mail address"},
		"reserved domain (CLM-41)":         {input(entries{entry("ada", mail("ada@convert-user.local"))}, nil), "conflict ada RESERVED_DOMAIN", "reserved"},
		"held by another organization":     {input(entries{entry("ada")}, nil, held("ada@corp.example", "org-2", identity.HoldPrimary)), "conflict ada USER_COULD_NOT_BE_CONVERTED", "EML-12"},
		"reserved for 7 days elsewhere":    {input(entries{entry("ada")}, nil, held("ada@corp.example", "org-2", identity.HoldSoftDeleted)), "conflict ada EMAIL_HELD", "Nothing to do"},
		"in a claimed domain (DOM-10)":     {input(entries{entry("ada")}, nil, func(in *directory.Input) { in.Claimed = map[string]bool{"corp.example": true} }), "conflict ada DOMAIN_CLAIMED", "claimed"},
		"userName taken":                   {input(entries{entry("ada", func(e *directory.Entry) { e.UserName = "admin" })}, accounts{account("root", unlinked, func(a *identity.Account) { a.UserName = "Admin" })}), "conflict admin USER_NAME_TAKEN", "belongs to another user"},
		"rename to an address in use here": {input(entries{entry("ada", mail("bob@corp.example"))}, accounts{account("ada"), account("bob", unlinked)}), "conflict bob EMAIL_TAKEN", "Change one of the two"},
		"linked to another connector":      {input(entries{entry("ada")}, accounts{account("ada", func(a *identity.Account) { a.Directory.Connector = "connector-2" })}), "conflict ada EMAIL_TAKEN", "belongs to the user"},

		"adopt by address (DIR-04)":                      {input(entries{entry("ada")}, accounts{account("ada", unlinked)}), "adopt ada", "says what the user is"},
		"adopt in another spelling (DIR-12)":             {input(entries{entry("ada")}, accounts{account("ada", unlinked, address("Ada@Corp.example"))}), "adopt ada CASE_MISMATCH", "says what the user is"},
		"adopt a disabled entry":                         {input(entries{entry("ada", disabled)}, accounts{account("ada", unlinked)}), "adopt ada", "becomes inactive"},
		"two entries match one account":                  {input(entries{entry("x", mail("ada@corp.example")), entry("y", mail("ada2@corp.example"))}, accounts{account("ada", unlinked, func(a *identity.Account) { a.UserName = "ada2@corp.example" })}), "conflict ada2 SEVERAL_ENTRIES_MATCH; conflict ada SEVERAL_ENTRIES_MATCH", "More than one entry"},
		"unmatched, retained (DIR-04)":                   {input(entries{entry("bob")}, accounts{account("bob"), account("ada", unlinked)}), "skip ada MISMATCHED", "keeps such users"},
		"unmatched, deleted (DIR-04)":                    {input(entries{entry("bob")}, accounts{account("bob"), account("ada", unlinked)}, policy(directory.Policy{Mismatched: directory.MismatchDelete})), "remove ada MISMATCHED", "removes such users"},
		"unmatched, another connector is not synced":     {input(entries{entry("bob")}, accounts{account("bob"), account("ada", unlinked)}, policy(directory.Policy{Mismatched: directory.MismatchDelete}), func(in *directory.Input) { in.Others = []identity.Connector{{ID: "connector-2"}} }), "skip ada MISMATCHED", "every connector"},
		"an account wanted by duplicates is no mismatch": {input(entries{entry("x", mail("ada@corp.example")), entry("y", mail("ada@corp.example"))}, accounts{account("ada", unlinked)}, policy(directory.Policy{Mismatched: directory.MismatchDelete})), "conflict ada DUPLICATE_IN_DIRECTORY; conflict ada DUPLICATE_IN_DIRECTORY", "Neither"},

		"deferred claim, missing (A30)":  {input(entries{entry("bob")}, accounts{account("bob"), account("ada", func(a *identity.Account) { a.Status = identity.DeferredClaim })}, found("ada", directory.Tombstone)), "skip ada CLAIM_UNDECIDED", "not decided"},
		"deferred claim, disabled (A30)": {input(entries{entry("ada", disabled)}, accounts{account("ada", func(a *identity.Account) { a.Status = identity.DeferredClaim })}), "", ""},
		"shadow of a claimed user":       {input(entries{entry("bob")}, accounts{account("bob"), account("ada", func(a *identity.Account) { a.Shadow = true })}), "", ""},

		"a rename frees an address (EML-12)": {input(entries{entry("ada", mail("lovelace@corp.example")), entry("new", mail("ada@corp.example"))}, accounts{account("ada")}),
			"rename lovelace; create ada", "The address changed"},
		"a removal frees nothing (EML-04)": {input(entries{entry("bob"), entry("eve", mail("ada@corp.example"))}, accounts{account("ada"), account("bob"), account("eve")}, found("ada", directory.Tombstone)),
			"remove ada; conflict ada EMAIL_TAKEN", "what is left of it"},
		"a chain of renames": {input(entries{entry("a", mail("b@corp.example")), entry("b", mail("c@corp.example")), entry("c", mail("d@corp.example"))},
			accounts{account("a"), account("b"), account("c")}), "rename d; rename c; rename b", "to d@corp.example"},
		"a chain whose end is stuck": {input(entries{entry("a", mail("b@corp.example")), entry("b", mail("c@corp.example"))},
			accounts{account("a"), account("b")}, held("c@corp.example", "org-2", identity.HoldPrimary)),
			"conflict b EMAIL_TAKEN; conflict c USER_COULD_NOT_BE_CONVERTED", "belongs to the user"},
		"two people exchange addresses": {input(entries{entry("a", mail("b@corp.example")), entry("b", mail("a@corp.example"))}, accounts{account("a"), account("b")}),
			"rename a group 1; rename b group 1", "The address changed"},
	} {
		t.Run(name, func(t *testing.T) {
			p := directory.Compute(c.in)
			require.Empty(t, p.Refused)
			require.Equal(t, c.want, said(p))
			if c.why != "" {
				require.Contains(t, p.Steps[0].Reason, c.why)
			}
			for _, step := range p.Steps {
				require.NotEmpty(t, step.Reason)
				require.NotContains(t, step.Reason, "org-2", "EML-13: nobody learns whose address it is")
			}
		})
	}
}
