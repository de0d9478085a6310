package directory_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/identity"
)

// ledBy names the manager's entry as a directory does.
func ledBy(id string) func(*directory.Entry) {
	return func(e *directory.Entry) { e.Manager = "CN=" + id + ",OU=People" }
}

// managerOf is the id in manager.value of an account.
func managerOf(a identity.Account) string {
	var v struct {
		Enterprise struct {
			Manager struct {
				Value string `json:"value"`
			} `json:"manager"`
		} `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
	}
	if a.Profile == "" {
		return ""
	}
	if err := json.Unmarshal([]byte(a.Profile), &v); err != nil {
		return err.Error()
	}
	return v.Enterprise.Manager.Value
}

// leads gives an account a manager.
func leads(boss string) func(*identity.Account) {
	return func(a *identity.Account) {
		a.Profile = identity.Profile(fmt.Sprintf(`%s,"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":%q}}}`,
			a.Profile[:len(a.Profile)-1], boss))
	}
}

// changesOf returns the changes of the manager in a plan, in the order of the steps.
func changesOf(p directory.Plan) []string {
	list := []string{}
	for _, s := range p.Steps {
		for _, c := range s.Changes {
			if c.Attribute == directory.ManagerPath {
				list = append(list, c.Before+">"+c.After)
			}
		}
	}
	return list
}

func TestTheManagerIsTheAccountOfTheEntry(t *testing.T) {
	boss := entry("boss")
	for name, c := range map[string]struct {
		in     directory.Input
		want   string
		change []string
		strays int
	}{
		"linked":     {input(entries{entry("ada", ledBy("boss")), boss}, accounts{account("ada"), account("boss")}), "update ada", []string{">account-boss"}, 0},
		"as it is":   {input(entries{entry("ada", ledBy("boss")), boss}, accounts{account("ada", leads("account-boss")), account("boss")}), "", []string{}, 0},
		"no manager": {input(entries{entry("ada"), boss}, accounts{account("ada", leads("account-boss")), account("boss")}), "update ada", []string{"account-boss>"}, 0},
		"another": {input(entries{entry("ada", ledBy("bob")), boss, entry("bob")}, accounts{account("ada", leads("account-boss")), account("bob"), account("boss")}),
			"update ada", []string{"account-boss>account-bob"}, 0},
		"outside":              {input(entries{entry("ada", ledBy("boss"))}, accounts{account("ada")}), "", []string{}, 1},
		"outside now":          {input(entries{entry("ada", ledBy("boss"))}, accounts{account("ada", leads("x"))}), "update ada", []string{"x>"}, 1},
		"outside of a new one": {input(entries{entry("ada", ledBy("boss"))}, nil), "create ada", []string{}, 1},
		"of another domain": {input(entries{entry("ada", ledBy("boss"))}, accounts{account("ada"), account("boss", func(a *identity.Account) { a.Directory.Connector = "other" })}),
			"update ada", []string{">account-boss"}, 0},
		"gone from another domain": {input(entries{entry("ada", ledBy("boss"))}, accounts{account("ada"), account("boss", lost(identity.DirectoryDeleted), func(a *identity.Account) { a.Directory.Connector = "other" })}),
			"", []string{}, 1},
		"adopted": {input(entries{entry("ada", ledBy("boss")), boss}, accounts{account("ada"), account("boss", unlinked)}), "adopt boss; update ada", []string{">account-boss"}, 0},
		"both new": {input(entries{entry("ada", ledBy("boss")), boss}, nil), "create boss; create ada",
			[]string{">the account of cn=boss,ou=people"}, 0},
		"a new one's new one's": {input(entries{entry("ada", ledBy("bob")), entry("bob", ledBy("cy")), entry("cy")}, nil), "create cy; create bob; create ada",
			[]string{">the account of cn=cy,ou=people", ">the account of cn=bob,ou=people"}, 0},
		"new for an old one": {input(entries{entry("ada", ledBy("boss")), boss}, accounts{account("ada", leads("x"))}), "create boss; update ada", []string{"x>the account of cn=boss,ou=people"}, 0},
		"new for a disabled one": {input(entries{entry("ada", ledBy("boss"), disabled), boss}, accounts{account("ada")}), "disable ada; create boss; update ada",
			[]string{">the account of cn=boss,ou=people"}, 0},
		"of each other": {input(entries{entry("ada", ledBy("bob")), entry("bob", ledBy("ada"))}, nil), "create ada; create bob; update ada",
			[]string{">the account of cn=ada,ou=people", ">the account of cn=bob,ou=people"}, 0},
		"of oneself":         {input(entries{entry("ada", ledBy("ada"))}, nil), "create ada; update ada", []string{">the account of cn=ada,ou=people"}, 0},
		"in conflict":        {input(entries{entry("ada", ledBy("bob")), entry("bob", mail("x@corp.example")), entry("cy", mail("x@corp.example"))}, accounts{account("ada")}), "conflict x DUPLICATE_IN_DIRECTORY; conflict x DUPLICATE_IN_DIRECTORY", []string{}, 1},
		"not usable":         {input(entries{entry("ada", ledBy("bob")), entry("bob", noMail)}, accounts{account("ada", leads("x"))}), "update ada; skip  ENTRY_UNUSABLE", []string{"x>"}, 1},
		"lost by this plan":  {input(entries{entry("ada", ledBy("boss"))}, accounts{account("ada", leads("account-boss")), account("boss")}, found("boss", directory.Tombstone)), "remove boss; update ada", []string{"account-boss>"}, 1},
		"missing, unproven":  {input(entries{entry("ada", ledBy("boss"))}, accounts{account("ada", leads("account-boss")), account("boss")}, found("boss", directory.Unknown)), "skip boss LOSS_UNPROVEN", []string{}, 0},
		"not read this time": {input(entries{entry("ada", ledBy("boss"))}, accounts{account("ada", leads("account-boss")), account("boss")}, incomplete), "", []string{}, 0},
		"no business of the mapping": {input(entries{entry("ada", ledBy("boss")), boss}, accounts{account("ada", leads("x")), account("boss")},
			func(in *directory.Input) { in.Snapshot.Owns = []string{"displayName", "emails"} }), "", []string{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := directory.Compute(c.in)
			require.Empty(t, p.Refused)
			require.Equal(t, c.want, said(p))
			require.Equal(t, c.change, changesOf(p))
			require.Equal(t, c.strays, p.Figures.StrayManagers)
		})
	}
}

func TestAManagerWhoLeavesIsNoAttributeThatVanishes(t *testing.T) {
	var list entries
	var before accounts
	for i := range 40 {
		id := fmt.Sprintf("p%d", i)
		list = append(list, entry(id, ledBy("boss")))
		before = append(before, account(id, leads("account-boss")))
	}
	before = append(before, account("boss"))
	p := directory.Compute(input(list, before, found("boss", directory.OutOfScope)))
	require.Empty(t, p.Refused)
	require.Equal(t, 40, p.Figures.StrayManagers)
	for i := range list {
		list[i].Manager = ""
	}
	p = directory.Compute(input(list, before, found("boss", directory.OutOfScope)))
	require.Contains(t, p.Refused, "manager.value vanished from 40 of 40 people")
}

func TestManagersThroughTheStore(t *testing.T) {
	w := newWorld(t)
	w.source.set(entry("ada", ledBy("bob")), entry("bob", ledBy("ada")), entry("cy", ledBy("ada")), entry("dan", ledBy("cy")), entry("eve", ledBy("nobody")), entry("fay", ledBy("fay")))
	report := w.sync()
	require.Equal(t, identity.RunCompleted, report.State, report.Items)
	id := func(name string) string { return string(w.user(name + "@corp.example").ID) }
	boss := func(name string) string { return managerOf(w.user(name + "@corp.example")) }
	require.Equal(t, []string{id("bob"), id("ada"), id("ada"), id("cy"), "", id("fay")}, []string{boss("ada"), boss("bob"), boss("cy"), boss("dan"), boss("eve"), boss("fay")})
	_, plan := w.plan()
	require.True(t, plan.Empty(), said(plan))
	require.Equal(t, 1, plan.Figures.StrayManagers)

	// Renamed is not another; a new manager for somebody who is there; the circle is broken.
	w.source.set(entry("ada", dn("CN=Lovelace,OU=People"), ledBy("gil")), entry("bob", ledBy("lovelace")), entry("cy", ledBy("lovelace")), entry("dan", ledBy("cy")),
		entry("eve"), entry("fay", ledBy("fay")), entry("gil"))
	w.sync()
	require.Equal(t, []string{id("gil"), id("ada"), id("ada")}, []string{boss("ada"), boss("bob"), boss("cy")})
	_, plan = w.plan()
	require.True(t, plan.Empty(), said(plan))
}

func TestDIR16_AManagerWhoseAccountDoesNotComeAboutKeepsNobodyWaiting(t *testing.T) {
	w := newWorld(t)
	w.source.set(entry("ada", ledBy("bob")), entry("bob"))
	stored, _ := w.plan()
	other, err := w.service.CreateOrganization(t.Context(), admin, identity.Organization{Name: "Other", Kind: identity.Customer})
	require.NoError(t, err)
	err = w.service.Transact(t.Context(), other.ID, admin, func(c *identity.Acts) error {
		_, err := c.Create(t.Context(), identity.Draft{UserName: "bob@corp.example", Emails: []identity.AccountEmail{{Value: "bob@corp.example", Primary: true}}, Active: true}, identity.Origin{Source: identity.SourceManual})
		return err
	})
	require.NoError(t, err)
	report := w.apply(stored.ID)
	require.Equal(t, 1, report.Failed)
	require.Empty(t, managerOf(w.user("ada@corp.example")))
	_, plan := w.plan()
	require.True(t, plan.Empty(), said(plan))
}

func TestDIR06_AManagerOfAnotherConnectorStaysOneInAReadingOfChanges(t *testing.T) {
	for name, elsewhere := range map[string][]directory.Entry{"of another directory": nil, "of another part of the directory": {entry("boss"), entry("bob")}} {
		t.Run(name, func(t *testing.T) { managedFromElsewhere(t, elsewhere) })
	}
}

// managedFromElsewhere has a second connector for people whose managers are the first one's.
func managedFromElsewhere(t *testing.T, elsewhere []directory.Entry) {
	w := newWorld(t)
	w.source.set(entry("boss"), entry("bob"))
	w.sync()
	second, err := w.service.CreateConnector(t.Context(), admin, identity.Connector{Org: w.org, Name: "other", Kind: "ad", Settings: []byte(`{}`)})
	require.NoError(t, err)
	w.connector = second.ID
	w.telling().elsewhere = elsewhere
	w.source.set(entry("ada", ledBy("boss")), entry("cy", ledBy("ada")))
	w.sync()
	boss := string(w.user("boss@corp.example").ID)
	require.Equal(t, boss, managerOf(w.user("ada@corp.example")))

	w.source.set(entry("ada", ledBy("boss"), called("Ada")), entry("cy", ledBy("ada")))
	plan, _ := w.syncChanges()
	require.Equal(t, "update ada", said(plan))
	require.Zero(t, plan.Figures.StrayManagers)
	require.Equal(t, boss, managerOf(w.user("ada@corp.example")))

	w.source.set(entry("ada", ledBy("bob"), called("Ada")), entry("cy", ledBy("ada")))
	plan, _ = w.syncChanges()
	require.Equal(t, 1, plan.Figures.StrayManagers, "a new manager of another connector is found by the next reading of everything")
	w.sync()
	require.Equal(t, string(w.user("bob@corp.example").ID), managerOf(w.user("ada@corp.example")))
}

func TestDIR06_AManagerWithAnotherNameIsTheManagerOfThoseWhoNameThemByIt(t *testing.T) {
	w := newWorld(t)
	w.telling()
	w.source.byName = true
	renamed := func(e *directory.Entry) { e.DN = "cn=adele,ou=people" }
	w.source.set(append(people(5), entry("ada"), entry("bob", ledBy("ada")), entry("cy", ledBy("adele")))...)
	w.sync()
	w.source.set(append(people(5), entry("ada", renamed), entry("bob", ledBy("ada")), entry("cy", ledBy("adele")))...)
	w.settleChanges()
}

func TestDIR06_AManagerWhoWasNotLostAfterAllComesBackToThoseTheyManage(t *testing.T) {
	w := newWorld(t)
	w.telling()
	everybody := append(people(5), entry("ada"), entry("bob", ledBy("ada")))
	w.source.set(everybody...)
	w.sync()
	w.source.set(slices.DeleteFunc(slices.Clone(everybody), func(e directory.Entry) bool { return e.ID == "object-ada" })...)
	stored, _, err := w.syncer.PlanChanges(t.Context(), w.org, w.connector, admin, nil)
	require.NoError(t, err)
	ada := w.user("ada@corp.example")
	require.NoError(t, w.store.Do(t.Context(), identity.OrgLock{Orgs: []identity.OrgID{w.org}}, func(tx identity.Tx) error {
		return tx.UpdateAccount(t.Context(), ada, []identity.Hold{{Key: "ada@corp.example", Org: w.org, Account: ada.ID, Kind: identity.HoldPrimary}})
	}))
	require.Equal(t, 1, w.apply(stored.ID).Stale)
	require.Empty(t, managerOf(w.user("bob@corp.example")))

	w.source.set(everybody...)
	w.settleChanges()
}

func TestDIR06_WhenMoreLeaveThanAreLookedForAmongManagersEverythingIsRead(t *testing.T) {
	w := newWorld(t)
	w.telling()
	crowd := people(260)
	w.source.set(crowd...)
	w.sync()
	for leaving, want := range map[int]directory.ReadingKind{200: directory.ReadChanges, 201: directory.ReadFull} {
		w.source.set(crowd[:len(crowd)-leaving]...)
		_, plan, err := w.syncer.PlanChanges(t.Context(), w.org, w.connector, admin, nil)
		require.NoError(t, err)
		require.Equal(t, want, plan.Reading.Kind, plan.Reading.Why)
		require.Equal(t, want == directory.ReadFull, strings.Contains(plan.Reading.Why, "So many people arrive or leave"))
	}
}

func TestDIR06_ManagersOfAReadingOfChanges(t *testing.T) {
	w := newWorld(t)
	d := w.telling()
	w.source.set(entry("ada"), entry("bob"), entry("cy", ledBy("ada")), entry("far", ledBy("stranger")))
	w.sync()
	id := func(name string) string { return string(w.user(name + "@corp.example").ID) }
	boss := func(name string) string { return managerOf(w.user(name + "@corp.example")) }

	w.source.set(entry("ada"), entry("bob", ledBy("ada")), entry("cy", ledBy("new")), entry("far", ledBy("stranger"), called("Far")), entry("new", ledBy("bob")))
	w.settleChanges()
	require.Equal(t, []string{id("ada"), id("new"), "", id("bob")}, []string{boss("bob"), boss("cy"), boss("far"), boss("new")})

	// One manager is outside the scope, one is lost, and one is nobody whom the directory has.
	d.elsewhere = []directory.Entry{entry("out")}
	w.source.set(entry("ada"), entry("bob", ledBy("out")), entry("cy", ledBy("new"), called("Cy")), entry("far", ledBy("stranger")))
	w.sync() // removes new
	require.Equal(t, []string{"", ""}, []string{boss("bob"), boss("cy")})
	w.source.set(entry("ada"), entry("bob", ledBy("ada")), entry("cy", ledBy("bob")), entry("far", ledBy("stranger")))
	w.syncChanges()
	w.source.set(entry("ada"), entry("bob", ledBy("out")), entry("cy", ledBy("nowhere")), entry("far", ledBy("stranger")))
	require.Equal(t, 2, w.settleChanges().Figures.StrayManagers)
	require.Equal(t, []string{"", ""}, []string{boss("bob"), boss("cy")})
}
