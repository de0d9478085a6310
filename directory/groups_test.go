package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/directory"
	"rollcall/identity"
	"rollcall/store/fresh"
)

// teamEntry is a group of the directory; members are written as [objectOf] reads them.
func teamEntry(name string, members ...string) directory.GroupEntry {
	e := directory.GroupEntry{ID: objectOf("@" + name), DN: "cn=" + name + ",ou=groups", Name: name}
	for _, m := range members {
		e.Members = append(e.Members, directory.GroupMember{ID: objectOf(m), DN: "cn=" + m})
	}
	return e
}

// linkedTeam is the group that mirrors teamEntry(name). A member "!x" is set apart, "#x" is tied to nothing.
func linkedTeam(name string, members ...string) directory.LinkedGroup {
	e := teamEntry(name)
	g := directory.LinkedGroup{Group: identity.Group{ID: identity.GroupID("team-" + name), Org: ourOrg, Name: name,
		Directory: &identity.DirectoryLink{Connector: connector, Object: e.ID, DN: e.DN}}}
	for _, m := range members {
		plain := strings.TrimLeft(m, "!#")
		member := identity.LinkedMember{Account: identity.AccountID("account-" + plain), Connector: connector, Object: objectOf(plain), Name: plain, SetApart: m[0] == '!'}
		switch m[0] {
		case '@':
			member.Account, member.Group = "", identity.GroupID("team-"+plain[1:])
		case '#':
			member.Connector, member.Object = "", ""
		}
		g.Members = append(g.Members, member)
	}
	return g
}

func groups(mode directory.GroupMode, linked ...directory.LinkedGroup) func(*directory.Input) {
	return func(in *directory.Input) { in.Groups.Mode, in.Groups.Linked = mode, linked }
}

func read(groups ...directory.GroupEntry) func(*directory.Input) {
	return func(in *directory.Input) { in.Snapshot.Groups = groups }
}

func unread(e directory.GroupEntry) directory.GroupEntry {
	e.Problem = "Its members could not be read."
	return e
}

func renamed(e directory.GroupEntry, name string) directory.GroupEntry {
	e.Name = name
	return e
}

// saidOfGroups is what a plan does to groups, in short.
func saidOfGroups(p directory.Plan) string {
	var parts []string
	for _, s := range p.Steps {
		if !s.Op.OfGroup() {
			continue
		}
		text := strings.TrimPrefix(string(s.Op), "group_") + " " + s.Name
		for _, id := range s.Join {
			text += " +" + strings.Replace(strings.TrimPrefix(string(id), "object-"), "group-", "@", 1)
		}
		for _, m := range s.Leave {
			if s.Op == directory.OpGroupDelete {
				break // everybody
			}
			text += " -" + strings.TrimPrefix(string(m.Account), "account-") + strings.Replace(string(m.Group), "team-", "@", 1)
		}
		if s.Code != "" {
			text += " " + string(s.Code)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

func TestDIR13_Groups(t *testing.T) {
	const direct, nested, flattened = directory.DirectMembers, directory.NestedMembers, directory.FlattenedMembers
	crew := entries{entry("ada"), entry("bob")}
	here := accounts{account("ada"), account("bob")}
	for name, c := range map[string]struct {
		in   directory.Input
		want string
		says string // in the first step, or about the plan
	}{
		"off by default":            {input(crew, here, read(teamEntry("sales", "ada"))), "", ""},
		"a new group":               {input(crew, here, groups(direct), read(teamEntry("sales", "bob", "ada"))), "create sales +ada +bob", "A new group."},
		"an empty one":              {input(crew, here, groups(direct), read(teamEntry("sales"))), "create sales", ""},
		"as it should be":           {input(crew, here, groups(direct, linkedTeam("sales", "ada")), read(teamEntry("sales", "ada"))), "", ""},
		"somebody joins and leaves": {input(crew, here, groups(direct, linkedTeam("sales", "ada")), read(teamEntry("sales", "bob"))), "update sales +bob -ada", "Joining (1): bob@corp.example."},
		"renamed":                   {input(crew, here, groups(direct, linkedTeam("sales")), read(renamed(teamEntry("sales"), "Vertrieb"))), "update Vertrieb", "renamed or moved"},
		"a name that no group can have": {input(crew, here, groups(direct, linkedTeam("sales")), read(renamed(teamEntry("sales"), strings.Repeat("n", 257)))),
			"skip " + strings.Repeat("n", 257) + " GROUP_NOT_READ", "257 bytes"},
		"members not wholly read (DIR-19)": {input(crew, here, groups(direct, linkedTeam("sales", "ada")), read(unread(teamEntry("sales", "bob")))), "skip sales GROUP_NOT_READ", "could not be read"},
		"somebody whom nobody synchronizes": {input(crew, here, groups(direct, linkedTeam("sales", "ada")), read(teamEntry("sales", "ada", "bob", "eve"))), "update sales +bob",
			"Nobody who is synchronized, so no members here (1): cn=eve."},
		"somebody of another connector": {input(crew, here, groups(direct), read(teamEntry("sales", "far")), func(in *directory.Input) {
			in.Groups.People = map[identity.ObjectID]identity.LinkedMember{"object-far": {Account: "account-far", Connector: "other", Object: "object-far", Name: "far"}}
		}), "create sales +far", ""},
		"somebody who is added by the same plan":      {input(append(slices.Clone(crew), entry("new")), here, groups(direct), read(teamEntry("sales", "new"))), "create sales +new", ""},
		"somebody who is adopted and was in it":       {input(crew, accounts{account("ada"), account("bob", unlinked)}, groups(direct, linkedTeam("sales", "#bob")), read(teamEntry("sales", "bob"))), "", ""},
		"somebody who is nobody's and was in it":      {input(crew, here, groups(direct, linkedTeam("sales", "#guest")), read(teamEntry("sales"))), "update sales -guest", ""},
		"somebody lost by the same plan stays in":     {input(crew[:1], here, found("bob", directory.Tombstone), groups(direct, linkedTeam("sales", "bob")), read(teamEntry("sales"))), "", ""},
		"somebody whose loss is not proven stays in":  {input(crew[:1], here, found("bob", directory.Unknown), groups(direct, linkedTeam("sales", "bob")), read(teamEntry("sales"))), "", ""},
		"somebody who is retained follows":            {input(crew[:1], here, found("bob", directory.OutOfScope), policy(directory.Policy{OutOfScope: directory.ScopeRetain}), groups(direct, linkedTeam("sales", "bob")), read(teamEntry("sales"))), "update sales -bob", ""},
		"somebody lost before stays in (USR-12)":      {input(crew[:1], accounts{account("ada"), account("bob", lost(identity.DirectoryDeleted))}, groups(direct, linkedTeam("sales", "!bob")), read(teamEntry("sales"))), "", ""},
		"somebody who is back without it leaves":      {input(crew, accounts{account("ada"), account("bob", lost(identity.DirectoryDeleted))}, groups(direct, linkedTeam("sales", "!bob")), read(teamEntry("sales"))), "update sales -bob", ""},
		"a reading with gaps lets nobody leave":       {input(crew, here, incomplete, groups(direct, linkedTeam("sales", "ada"), linkedTeam("gone", "ada")), read(teamEntry("sales", "bob"))), "update sales +bob", "Members who stay"},
		"deleted":                                     {input(crew, here, groups(direct, linkedTeam("sales", "ada")), finding("sales", directory.Tombstone)), "delete sales", "deleted in the directory"},
		"gone without a trace":                        {input(crew, here, groups(direct, linkedTeam("sales", "ada")), finding("sales", directory.Absent)), "delete sales", ""},
		"missing for no known reason":                 {input(crew, here, groups(direct, linkedTeam("sales", "ada")), finding("sales", directory.Unknown)), "skip sales LOSS_UNPROVEN", "stays as before"},
		"missing and not looked up":                   {input(crew, here, groups(direct, linkedTeam("sales", "ada"))), "skip sales LOSS_UNPROVEN", ""},
		"out of scope":                                {input(crew, here, groups(direct, linkedTeam("sales", "ada")), finding("sales", directory.OutOfScope)), "delete sales", "has left the synchronized part"},
		"out of scope, retained":                      {input(crew, here, groups(direct, linkedTeam("sales", "ada")), finding("sales", directory.OutOfScope), policy(directory.Policy{OutOfScope: directory.ScopeRetain})), "skip sales RETAINED_OUT_OF_SCOPE", ""},
		"out of scope, held":                          {input(crew, here, groups(direct, linkedTeam("sales", "ada")), finding("sales", directory.OutOfScope), policy(directory.Policy{OutOfScope: directory.ScopeHold})), "delete sales", "asks an administrator first"},
		"switched off":                                {input(crew, here, groups("", linkedTeam("sales", "ada"))), "release sales", "administrators' own"},
		"direct: a group in a group is passed over":   {input(crew, here, groups(direct), read(teamEntry("all", "@sales", "ada"), teamEntry("sales", "bob"))), "create all +ada; create sales +bob", ""},
		"nested: a group in a group is one":           {input(crew, here, groups(nested, linkedTeam("sales", "bob")), read(teamEntry("all", "@sales", "ada"), teamEntry("sales", "bob"))), "create all +ada; update all +@sales", ""},
		"nested: both are new":                        {input(crew, here, groups(nested), read(teamEntry("all", "@sales"), teamEntry("sales", "@all"))), "create all; create sales; update all +@sales; update sales +@all", ""},
		"nested: a group in itself":                   {input(crew, here, groups(nested), read(teamEntry("sales", "@sales", "ada"))), "create sales +ada", ""},
		"nested before, direct now":                   {input(crew, here, groups(direct, linkedTeam("all", "@sales"), linkedTeam("sales")), read(teamEntry("all", "@sales"), teamEntry("sales"))), "update all -@sales", ""},
		"flattened: everybody by way of others, once": {input(crew, here, groups(flattened), read(teamEntry("all", "@sales", "bob"), teamEntry("sales", "ada", "bob", "@all"))), "create all +ada +bob; create sales +ada +bob", ""},
		"flattened: a group in it was not read":       {input(crew, here, groups(flattened, linkedTeam("all", "ada")), read(teamEntry("all", "@sales"), unread(teamEntry("sales")))), "skip all GROUP_NOT_READ; skip sales GROUP_NOT_READ", "is in this group and could not be read"},
		"flattened: a group in it is missing":         {input(crew, here, groups(flattened, linkedTeam("all", "ada"), linkedTeam("sales")), read(teamEntry("all", "@sales"))), "skip all GROUP_NOT_READ; skip sales LOSS_UNPROVEN", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := directory.Compute(c.in)
			require.Equal(t, c.want, saidOfGroups(p))
			var all strings.Builder
			require.NoError(t, p.Print(&all))
			require.Contains(t, all.String(), c.says)
			slices.Reverse(c.in.Snapshot.Groups)
			slices.Reverse(c.in.Groups.Linked)
			require.Equal(t, p, directory.Compute(c.in), "in any order")
		})
	}
}

func finding(team string, kind directory.FindingKind) func(*directory.Input) {
	return func(in *directory.Input) {
		id := objectOf("@" + team)
		in.Findings = map[identity.ObjectID]directory.Finding{id: {ID: id, Kind: kind}}
	}
}

func TestDIR13_AWholeLifeOfAGroup(t *testing.T) {
	w := newWorld(t).mirroring(directory.DirectMembers)
	w.source.set(people(5)...)
	w.source.group("sales", "p0000", "p0001", "p0002")
	report := w.sync()
	require.Equal(t, map[directory.Op]int{directory.OpCreate: 5, directory.OpGroupCreate: 1}, report.Applied)
	require.Equal(t, map[string][]string{"sales": {"p0000", "p0001", "p0002"}}, w.teams())
	_, plan := w.plan()
	require.Empty(t, plan.Steps, "applying settles")

	w.source.group("sales", "p0002", "p0003").name = "Vertrieb"
	require.Equal(t, map[directory.Op]int{directory.OpGroupUpdate: 1}, w.sync().Applied)
	require.Equal(t, map[string][]string{"Vertrieb": {"p0002", "p0003"}}, w.teams())

	w.source.set(people(5)[:3]...)
	w.source.forget()
	w.sync()
	require.Equal(t, map[string][]string{"Vertrieb": {"p0002", "p0003"}}, w.teams(), "whoever was deleted stays in until the account goes (USR-12)")

	w.source.group("Vertrieb") // a second group with the same name
	w.source.disband("sales")
	w.source.findings["group-sales"] = directory.Tombstone
	require.Equal(t, map[directory.Op]int{directory.OpGroupCreate: 1, directory.OpGroupDelete: 1}, w.sync().Applied)
	require.Equal(t, map[string][]string{"Vertrieb": {}}, w.teams())

	w.configure(`{}`)
	require.Equal(t, map[directory.Op]int{directory.OpGroupRelease: 1}, w.sync().Applied)
	all, err := w.store.Groups(t.Context(), w.org, identity.GroupQuery{Limit: 10})
	require.NoError(t, err)
	require.Nil(t, all[0].Directory)
	require.Equal(t, identity.SourceManual, all[0].Source)
}

func TestALargeGroupIsAppliedInParts(t *testing.T) {
	w := newWorld(t).mirroring(directory.DirectMembers)
	crowd := people(1201)
	w.source.set(crowd...)
	var names []string
	for i := range crowd {
		names = append(names, fmt.Sprintf("p%04d", i))
	}
	w.source.group("everybody", names...)
	_, plan := w.plan()
	var parts []int
	for _, s := range plan.Steps {
		if s.Op.OfGroup() {
			parts = append(parts, len(s.Join))
		}
	}
	require.Equal(t, []int{500, 500, 201}, parts)
	w.sync()
	require.Len(t, w.teams()["everybody"], 1201)
	w.source.group("everybody", names[:501]...)
	_, plan = w.plan()
	require.Equal(t, 700, plan.Steps[0].Ends+plan.Steps[1].Ends)
	require.NotEmpty(t, plan.Guard.Why, "700 of 1201 memberships are more than half")
	w.source.group("everybody", names[:602]...)
	stored, plan := w.plan()
	require.Equal(t, identity.PlanReady, stored.State, plan.Guard.Why)
}

func TestLIC01_WhoeverJoinsAGroupOfTheDirectoryGetsItsTemplate(t *testing.T) {
	w := newWorld(t).mirroring(directory.NestedMembers)
	w.source.set(people(3)...)
	w.source.group("all", "@sales", "p0000")
	w.source.group("sales", "p0001")
	w.sync()
	require.Equal(t, map[string][]string{"all": {"@sales", "p0000"}, "sales": {"p0001"}}, w.teams())
	_, err := w.service.PutSubscription(t.Context(), admin, identity.Subscription{Org: w.org, Name: "S", Type: identity.Paid, Status: identity.SubscriptionActive,
		Pools: []identity.Pool{{Licence: "calling", Seats: 10}}})
	require.NoError(t, err)
	all, err := w.store.Groups(t.Context(), w.org, identity.GroupQuery{Name: "all", Limit: 1})
	require.NoError(t, err)
	_, err = w.service.PutTemplate(t.Context(), admin, w.org, all[0].ID, []identity.Licence{"calling"})
	require.NoError(t, err)
	w.source.group("all", "@sales", "p0000", "p0002")
	w.sync()
	licensed := map[string]int{}
	for _, name := range []string{"p0000", "p0001", "p0002"} {
		got, err := w.store.Assignments(t.Context(), w.org, w.user(name+"@corp.example").ID)
		require.NoError(t, err)
		licensed[name] = len(got)
	}
	require.Equal(t, map[string]int{"p0000": 0, "p0001": 0, "p0002": 1}, licensed, "whoever joins, and nobody who is only in a group that is in it (DIR-13)")
}

func TestUndo_WhatARunDidToGroupsIsTakenBack(t *testing.T) {
	w := newWorld(t).mirroring(directory.DirectMembers)
	w.source.set(people(5)...)
	w.source.group("sales", "p0000", "p0001")
	w.source.group("lab", "p0002")
	w.sync()
	before := w.teams()

	w.source.group("sales", "p0001", "p0003", "p0004").name = "Vertrieb"
	w.source.group("new", "p0000")
	w.source.disband("lab")
	run := w.sync()
	require.NotEqual(t, before, w.teams())
	require.NoError(t, w.service.Transact(t.Context(), w.org, identity.Actor{Kind: identity.System}, func(c *identity.Acts) error {
		g, err := c.Tx().LinkedGroups(t.Context(), w.org, w.connector, []identity.ObjectID{"group-sales"})
		require.NoError(t, err)
		_, err = c.RemoveMember(t.Context(), g[0].ID, nil, w.user("p0003@corp.example").ID)
		return err
	}))
	stored, plan := w.undo(run.Run)
	require.Equal(t, map[directory.Op]int{directory.OpGroupUpdate: 1, directory.OpGroupCreate: 1, directory.OpGroupDelete: 1}, plan.Figures.Ops)
	var text strings.Builder
	require.NoError(t, plan.Print(&text))
	require.Contains(t, text.String(), "Members who leave again: 1; who are back: 1.")
	require.Contains(t, text.String(), "made again, with a new id and without the licence template")
	w.approved(stored)
	require.Equal(t, before, w.teams())

	w.source.groups = nil
	w.configure(`{}`)
	w.plan()
	released := w.sync()
	require.Equal(t, 2, released.Applied[directory.OpGroupRelease])
	stored, _ = w.undo(released.Run)
	w.approved(stored)
	linked, err := w.store.Groups(t.Context(), w.org, identity.GroupQuery{Connector: w.connector, Limit: 10})
	require.NoError(t, err)
	require.Len(t, linked, 2)
}

func TestAGroupThatWasRenamedHereAfterThePlan(t *testing.T) {
	w := newWorld(t).mirroring(directory.DirectMembers)
	w.source.set(people(2)...)
	w.source.group("sales", "p0000")
	w.sync()
	w.source.group("sales", "p0000", "p0001").name = "Vertrieb"
	stored, _ := w.plan()
	all, err := w.store.Groups(t.Context(), w.org, identity.GroupQuery{Limit: 1})
	require.NoError(t, err)
	require.NoError(t, w.service.Transact(t.Context(), w.org, identity.Actor{Kind: identity.System}, func(c *identity.Acts) error {
		_, err := c.RenameGroup(t.Context(), all[0].ID, nil, "Mine")
		return err
	}))
	report := w.apply(stored.ID)
	require.Equal(t, 1, report.Stale)
	require.Contains(t, report.Items[0].Detail, "The group was changed")
	require.Equal(t, map[string][]string{"Mine": {"p0000"}}, w.teams())
	w.sync()
	require.Equal(t, map[string][]string{"Vertrieb": {"p0000", "p0001"}}, w.teams())
}

// TestDIR13_ReadingChangesOfGroupsComesToTheSameAsReadingEverything lets random directories with groups follow each other.
func TestDIR13_ReadingChangesOfGroupsComesToTheSameAsReadingEverything(t *testing.T) {
	var stores [2]identity.Store
	for i := range stores {
		stores[i] = fresh.Open(t)
	}
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		domain := fmt.Sprintf("corp%d", n)
		mode := rapid.SampledFrom([]directory.GroupMode{directory.DirectMembers, directory.NestedMembers, directory.FlattenedMembers}).Draw(rt, "mode")
		binned := rapid.Bool().Draw(rt, "deleted entries keep their memberships")
		var worlds [2]*world
		for i, s := range stores {
			worlds[i] = worldOver(rt, s, &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}).mirroring(mode)
		}
		changes, full := worlds[0], worlds[1]
		changes.telling()
		for step := range rapid.IntRange(2, 5).Draw(rt, "steps") {
			people := append(directoryOf(rt, domain), entry(domain+"-always", mail("always@"+domain+".example")))
			changes.source.set(people...)
			full.source.set(people...)
			changes.source.drawTeams(rt, domain)
			full.source.groups, full.source.touched = nil, nil
			for _, g := range changes.source.groups {
				again := *g
				again.members = slices.Clone(g.members)
				full.source.groups = append(full.source.groups, &again)
			}
			for _, w := range worlds {
				if !binned {
					w.source.forget()
				}
			}
			if step == 0 {
				changes.sync()
			} else {
				changes.syncChanges()
			}
			full.sync()
			require.Equal(rt, full.standings(), changes.standings())
			require.Equal(rt, full.teams(), changes.teams())
			_, plan := full.plan()
			for _, s := range plan.Steps {
				require.False(rt, s.Op.OfGroup() && s.Op.Acts(), "applying settles: %v", s)
			}
		}
	})
}
