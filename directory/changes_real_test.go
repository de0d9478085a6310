package directory_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/fixtures"
	"rollcall/identity"
)

// standing is what an account is to its directory, without ids and times.
type standing struct {
	userName, emails, profile, dn string
	photo                         identity.Photo
	status, previous              identity.Status
	reason                        identity.InactiveReason
}

// standings are the accounts of a world by the entry that they are linked to.
func (w *world) standings() map[identity.ObjectID]standing {
	all := map[identity.ObjectID]standing{}
	photos := map[identity.AccountID]identity.Photo{}
	list, err := w.store.Photos(w.t.Context(), w.org, "", 1000)
	require.NoError(w.t, err)
	for _, p := range list {
		photos[p.Account] = p.Photo
	}
	accounts := w.accounts()
	var entries []string // for the accounts that profiles name: the ids of two worlds are not the same
	for _, a := range accounts {
		require.NotNil(w.t, a.Directory)
		entries = append(entries, string(a.ID), string(a.Directory.Object))
	}
	named := strings.NewReplacer(entries...)
	for _, a := range accounts {
		all[a.Directory.Object] = standing{userName: a.UserName, emails: fmt.Sprint(a.Emails), profile: named.Replace(string(a.Profile)), dn: a.Directory.DN, photo: photos[a.ID],
			status: a.Status, previous: a.PreviousStatus, reason: a.InactiveReason}
	}
	return all
}

// syncChanges is sync of what changed.
func (w *world) syncChanges() (directory.Plan, directory.Report) {
	stored, plan, err := w.syncer.PlanChanges(w.t.Context(), w.org, w.connector, admin, nil)
	require.NoError(w.t, err)
	require.Empty(w.t, plan.Refused)
	if stored.State == identity.PlanHeld {
		_, err := w.syncer.Approve(w.t.Context(), w.org, stored.ID, admin)
		require.NoError(w.t, err)
	}
	return plan, w.apply(stored.ID)
}

// withGroups makes a connector mirror groups.
func withGroups(mode directory.GroupMode) func(*ldap.Settings) {
	return func(s *ldap.Settings) { s.Groups = &directory.GroupSettings{Members: mode} }
}

// withPhotos makes a connector take photos.
func withPhotos(s *ldap.Settings) { s.Photos = &directory.PhotoSettings{} }

// both are two organizations with the same directory: one reads what changed, the other everything.
type both struct {
	changes, full *world
}

func bothJoined(t *testing.T, d *fixtures.Directory, edit func(*ldap.Settings), bases ...string) both {
	b := both{changes: newWorld(t), full: newWorld(t)}
	for _, w := range []*world{b.changes, b.full} {
		w.joinedWith(t, d, edit, bases...)
		w.sync()
	}
	return b
}

// same lets the one read what changed and the other everything, and requires that they come to the same. full tells that everything must
// have been read, and why.
func (b both) same(t *testing.T, full string) {
	t.Helper()
	plan, report := b.changes.syncChanges()
	if full == "" {
		require.Equal(t, directory.ReadChanges, plan.Reading.Kind, plan.Reading.Why)
	} else {
		require.Equal(t, directory.ReadFull, plan.Reading.Kind)
		require.Contains(t, plan.Reading.Why, full)
	}
	b.full.sync()
	require.Equal(t, b.full.standings(), b.changes.standings())
	require.Equal(t, b.full.teams(), b.changes.teams())
	require.Zero(t, report.Stale)
	again, _ := b.changes.syncChanges()
	require.Empty(t, again.Steps, "the same changes are not told again")
	require.Equal(t, directory.ReadChanges, again.Reading.Kind, again.Reading.Why)
}

func TestDIR06_WhatChangesInActiveDirectoryIsTold(t *testing.T) {
	for _, c := range []struct {
		name       string
		recycleBin bool
		limits     bool // small ones, as Microsoft's domain controllers have them
		edit       func(*ldap.Settings)
	}{
		{"DirSync, tombstones, limits", false, true, withGroups(directory.NestedMembers)},
		{"DirSync, recycle bin", true, false, withGroups(directory.FlattenedMembers)},
		{"update sequence numbers, tombstones", false, false, func(s *ldap.Settings) {
			s.Changes, s.PageSize = ldap.ChangesUSN, 2
			withGroups(directory.DirectMembers)(s)
		}},
		{"update sequence numbers, recycle bin, limits", true, true, func(s *ldap.Settings) {
			s.Changes = ldap.ChangesUSN
			withGroups(directory.NestedMembers)(s)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := fixtures.StartSamba(t, fixtures.SambaOptions{RecycleBin: c.recycleBin})
			staff, outside := d.AddOU(t, "", "Staff"), d.AddOU(t, "", "Outside")
			sales := d.AddOU(t, staff, "Sales")
			add := func(ou, login string) string {
				return d.AddUser(t, fixtures.User{OU: ou, Login: login, Given: login, Surname: "Example", Mail: login + "@corp.example.com"})
			}
			ids := map[string]string{}
			for _, login := range []string{"ada", "bob", "cy", "dora", "eve"} {
				ids[login] = add(staff, login)
			}
			b := bothJoined(t, d, func(s *ldap.Settings) {
				withPhotos(s)
				if c.edit(s); c.limits {
					s.URLs, s.AllowPlaintext = []string{fixtures.Limited(t, d, fixtures.Limits{PageSize: 3, Values: 1, Round: 1})}, true
				}
			}, staff)
			for _, e := range []struct {
				name string
				do   func()
				full string
			}{
				{"nothing", func() {}, ""},
				{"a new person", func() { ids["zoe"] = add(sales, "zoe") }, ""},
				{"a person outside", func() { ids["out"] = add(outside, "out") }, ""},
				{"another department", func() { d.Set(t, ids["ada"], "department", "Engines") }, ""},
				{"no department", func() { d.Set(t, ids["ada"], "department") }, ""},
				{"an attribute that nobody reads", func() { d.Set(t, ids["ada"], "pager", "1") }, ""},
				{"a photo", func() { d.Set(t, ids["ada"], "thumbnailPhoto", picture(96)) }, ""},
				{"a new person with a photo", func() { ids["ivy"] = add(staff, "ivy"); d.Set(t, ids["ivy"], "thumbnailPhoto", picture(96)) }, ""},
				{"another photo", func() { d.Set(t, ids["ada"], "thumbnailPhoto", picture(97)) }, ""},
				{"a photo that is none", func() { d.Set(t, ids["ada"], "thumbnailPhoto", "GIF89a") }, ""},
				{"no photo", func() { d.Set(t, ids["ada"], "thumbnailPhoto") }, ""},
				{"disabled", func() { d.Disable(t, ids["bob"]) }, ""},
				{"enabled", func() { d.Enable(t, ids["bob"]) }, ""},
				{"renamed", func() { d.Rename(t, ids["cy"], "Cyrus, the Great") }, ""},
				{"another address", func() { d.SetMail(t, ids["cy"], "cyrus@corp.example.com") }, ""},
				{"moved within", func() { d.Move(t, ids["cy"], sales) }, ""},
				{"moved out", func() { d.Move(t, ids["cy"], outside) }, ""},
				{"moved back", func() { d.Move(t, ids["cy"], staff) }, ""},
				{"moved in", func() { d.Move(t, ids["out"], staff) }, ""},
				{"two addresses change places", func() {
					d.SetMail(t, ids["ada"], "x@corp.example.com")
					d.SetMail(t, ids["bob"], "ada@corp.example.com")
					d.SetMail(t, ids["ada"], "bob@corp.example.com")
				}, ""},
				{"deleted", func() { d.Delete(t, ids["dora"]) }, ""},
				{"restored", func() { d.Restore(t, ids["dora"]); d.Move(t, ids["dora"], staff) }, ""},
				{"deleted and made anew", func() { d.Delete(t, ids["eve"]); ids["eve"] = add(staff, "eve") }, ""},
				{"made and deleted meanwhile", func() { d.Delete(t, add(staff, "fay")) }, ""},
				{"disabled and moved out meanwhile", func() { d.Disable(t, ids["zoe"]); d.Move(t, ids["zoe"], outside) }, ""},
				{"a new unit with somebody in it", func() { ids["gil"] = add(d.AddOU(t, staff, "Lab"), "gil") }, ""},
				{"a group that somebody is in", func() { ids["readers"] = d.AddGroup(t, staff, "Readers", ids["ada"]) }, ""},
				{"somebody joins a group", func() { d.AddMember(t, ids["readers"], ids["gil"]) }, ""},
				{"somebody leaves a group", func() { d.RemoveMember(t, ids["readers"], ids["ada"]) }, ""},
				{"somebody from outside joins a group", func() { d.AddMember(t, ids["readers"], ids["zoe"]) }, ""},
				{"a member moves in", func() { d.Move(t, ids["zoe"], staff); d.Enable(t, ids["zoe"]) }, ""},
				{"a group with a group in it", func() { ids["all"] = d.AddGroup(t, staff, "All", ids["readers"], ids["cy"]) }, ""},
				{"a group with another name", func() { d.Rename(t, ids["readers"], "Lectors") }, ""},
				{"a member with another name", func() { d.Rename(t, ids["gil"], "Gilbert") }, ""},
				{"a member who is deleted", func() { d.Delete(t, ids["zoe"]) }, ""},
				{"a member who is restored", func() { d.Restore(t, ids["zoe"]); d.Move(t, ids["zoe"], staff) }, ""},
				{"a member who moves out", func() { d.Move(t, ids["gil"], outside) }, ""},
				{"a member who moves back", func() { d.Move(t, ids["gil"], staff) }, ""},
				{"a group in a group that moves out", func() { d.Move(t, ids["readers"], outside) }, ""},
				{"a group in a group that moves back", func() { d.Move(t, ids["readers"], staff) }, ""},
				{"a group that is deleted", func() { d.Delete(t, ids["readers"]) }, ""},
				{"a group that is restored", func() { d.Restore(t, ids["readers"]); d.Move(t, ids["readers"], staff) }, ""},
				{"a group that becomes a mailing list", func() { d.Set(t, ids["all"], "groupType", "2") }, ""},
				{"a unit with another name", func() { d.Rename(t, d.IDOf(t, sales), "Markets") }, "OU=Markets"},
				{"managers, one of them outside", func() {
					ids["max"], ids["nan"] = add(outside, "max"), add(staff, "nan")
					ids["ole"], ids["pat"], ids["quin"] = add(staff, "ole"), add(staff, "pat"), add(staff, "quin")
					d.Set(t, ids["ole"], "manager", d.ReadDN(t, ids["max"]))
					d.Set(t, ids["pat"], "manager", d.ReadDN(t, ids["nan"]))
					d.Set(t, ids["quin"], "manager", d.ReadDN(t, ids["pat"]))
				}, ""},
				{"a manager who moves in", func() { d.Move(t, ids["max"], staff) }, ""},
				{"a manager who moves out", func() { d.Move(t, ids["max"], outside) }, ""},
				{"a manager who moves back", func() { d.Move(t, ids["max"], staff) }, ""},
				{"a manager with another name", func() { d.Rename(t, ids["nan"], "Nancy") }, ""},
				{"a manager who is deleted", func() { d.Delete(t, ids["nan"]) }, ""},
				{"a manager who is restored", func() { d.Restore(t, ids["nan"]); d.Move(t, ids["nan"], staff) }, ""},
				{"a manager and somebody they manage, deleted", func() { d.Delete(t, ids["pat"]); d.Delete(t, ids["quin"]) }, ""},
				{"another manager", func() { d.Set(t, ids["ole"], "manager", d.ReadDN(t, ids["ada"])) }, ""},
				{"a manager outside", func() { d.Move(t, ids["max"], outside); d.Set(t, ids["ole"], "manager", d.ReadDN(t, ids["max"])) }, ""},
				{"no manager", func() { d.Set(t, ids["ole"], "manager") }, ""},
				{"a server that was stopped", func() { d.Stop(t); d.Start(t) }, ""},
				{"a change after that", func() { d.Set(t, ids["ada"], "title", "Countess") }, ""},
			} {
				t.Run(e.name, func(t *testing.T) {
					e.do()
					b.same(t, e.full)
				})
			}
			require.NotEmpty(t, b.full.teams())
			require.Equal(t, map[string]string{"ivy@corp.example.com": picture(96)}, b.changes.portraits())
		})
	}
}

func TestDIR06_WhatChangesInOpenLDAPIsTold(t *testing.T) {
	for _, c := range []struct {
		name    string
		options fixtures.SlapdOptions
		mode    directory.GroupMode
	}{
		{"by a session log", fixtures.SlapdOptions{}, directory.NestedMembers},
		{"by who is present", fixtures.SlapdOptions{NoSessionLog: true}, directory.FlattenedMembers},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := fixtures.StartSlapd(t, c.options)
			people := "ou=People," + d.BaseDN
			outside, sales := d.AddOU(t, "", "Outside"), d.AddOU(t, people, "Sales")
			add := func(ou, login string) string {
				return d.AddUser(t, fixtures.User{OU: ou, Login: login, Given: login, Surname: "Example", Mail: login + "@example.com"})
			}
			ids := map[string]string{}
			for _, login := range []string{"ada", "bob", "cy", "dora", "eve"} {
				ids[login] = add(people, login)
			}
			b := bothJoined(t, d, func(s *ldap.Settings) {
				withPhotos(s)
				withGroups(c.mode)(s)
			}, people)
			for _, e := range []struct {
				name string
				do   func()
				full string
			}{
				{"nothing", func() {}, ""},
				{"a new person", func() { ids["zoe"] = add(sales, "zoe") }, ""},
				{"a person outside", func() { ids["out"] = add(outside, "out") }, ""},
				{"another title", func() { d.Set(t, ids["ada"], "title", "Countess") }, ""},
				{"no title", func() { d.Set(t, ids["ada"], "title") }, ""},
				{"a photo", func() { d.Set(t, ids["ada"], "jpegPhoto", picture(96)) }, ""},
				{"two photos", func() { d.Set(t, ids["bob"], "jpegPhoto", picture(96), picture(97)) }, ""},
				{"another photo", func() { d.Set(t, ids["ada"], "jpegPhoto", picture(98)) }, ""},
				{"no photo", func() { d.Set(t, ids["ada"], "jpegPhoto") }, ""},
				{"locked", func() { d.Disable(t, ids["bob"]) }, ""},
				{"unlocked", func() { d.Enable(t, ids["bob"]) }, ""},
				{"renamed", func() { d.Rename(t, ids["cy"], "cyrus") }, ""},
				{"another address", func() { d.SetMail(t, ids["cy"], "cyrus@example.com") }, ""},
				{"moved within", func() { d.Move(t, ids["cy"], sales) }, ""},
				{"moved out", func() { d.Move(t, ids["cy"], outside) }, ""},
				{"moved back", func() { d.Move(t, ids["cy"], people) }, ""},
				{"moved in", func() { d.Move(t, ids["out"], people) }, ""},
				{"two addresses change places", func() {
					d.SetMail(t, ids["ada"], "x@example.com")
					d.SetMail(t, ids["bob"], "ada@example.com")
					d.SetMail(t, ids["ada"], "bob@example.com")
				}, ""},
				{"deleted", func() { d.Delete(t, ids["dora"]) }, ""},
				{"deleted and made anew", func() { d.Delete(t, ids["eve"]); ids["eve"] = add(people, "eve") }, ""},
				{"made and deleted meanwhile", func() { d.Delete(t, add(people, "fay")) }, ""},
				{"a group that somebody is in", func() { ids["readers"] = d.AddGroup(t, people, "Readers", ids["ada"]) }, ""},
				{"somebody joins a group", func() { d.AddMember(t, ids["readers"], ids["cy"]) }, ""},
				{"somebody leaves a group", func() { d.RemoveMember(t, ids["readers"], ids["ada"]) }, ""},
				{"somebody from outside joins a group", func() {
					ids["hal"] = add(outside, "hal")
					d.AddMember(t, ids["readers"], ids["hal"])
				}, ""},
				{"a member moves in", func() { d.Move(t, ids["hal"], people) }, ""},
				{"a group with a group in it", func() { ids["all"] = d.AddGroup(t, people, "All", ids["readers"], ids["bob"]) }, ""},
				{"a group with another name", func() { d.Rename(t, ids["readers"], "Lectors") }, ""},
				{"a member with another name", func() { d.Rename(t, ids["cy"], "cyrus2") }, ""},
				{"a member who is deleted", func() { d.Delete(t, ids["hal"]) }, ""},
				{"a member who moves out", func() { d.Move(t, ids["cy"], outside) }, ""},
				{"a member who moves back", func() { d.Move(t, ids["cy"], people) }, ""},
				{"a group in a group that moves out", func() { d.Move(t, ids["readers"], outside) }, ""},
				{"a group in a group that moves back", func() { d.Move(t, ids["readers"], people) }, ""},
				{"a group that is deleted", func() { d.Delete(t, ids["readers"]) }, ""},
				{"a unit with another name", func() { d.Rename(t, d.IDOf(t, sales), "Markets") }, "Markets"},
				{"managers, one of them outside", func() {
					ids["max"], ids["nan"] = add(outside, "max"), add(people, "nan")
					ids["ole"], ids["pat"], ids["quin"] = add(people, "ole"), add(people, "pat"), add(people, "quin")
					d.Set(t, ids["ole"], "manager", d.ReadDN(t, ids["max"]))
					d.Set(t, ids["pat"], "manager", d.ReadDN(t, ids["nan"]))
					d.Set(t, ids["quin"], "manager", d.ReadDN(t, ids["pat"]))
				}, ""},
				{"a manager who moves in", func() { d.Move(t, ids["max"], people) }, ""},
				{"a manager who moves out", func() { d.Move(t, ids["max"], outside) }, ""},
				{"a manager who moves back", func() { d.Move(t, ids["max"], people) }, ""},
				{"a manager with another name", func() { d.Rename(t, ids["nan"], "Nancy") }, ""},
				{"a manager who is deleted", func() { d.Delete(t, ids["nan"]) }, ""},
				{"a manager and somebody they manage, deleted", func() { d.Delete(t, ids["pat"]); d.Delete(t, ids["quin"]) }, ""},
				{"another manager", func() { d.Set(t, ids["ole"], "manager", d.ReadDN(t, ids["ada"])) }, ""},
				{"a manager outside", func() { d.Move(t, ids["max"], outside); d.Set(t, ids["ole"], "manager", d.ReadDN(t, ids["max"])) }, ""},
				{"no manager", func() { d.Set(t, ids["ole"], "manager") }, ""},
				{"a server that was stopped", func() { d.Stop(t); d.Start(t) }, ""},
				{"deleted after that", func() { d.Delete(t, ids["bob"]) }, ""},
			} {
				t.Run(e.name, func(t *testing.T) {
					e.do()
					b.same(t, e.full)
				})
			}
			require.NotEmpty(t, b.full.teams())
		})
	}
}

func TestDIR06_WhatAnAccountCannotHearOfIsReadInFull(t *testing.T) {
	d := fixtures.SharedSamba(t)
	staff := d.AddOU(t, "", "Whispers")
	ada := d.AddUser(t, fixtures.User{OU: staff, Login: "wada", Given: "Ada", Mail: "wada@corp.example.com"})
	bob := d.AddUser(t, fixtures.User{OU: staff, Login: "wbob", Given: "Bob", Mail: "wbob@corp.example.com"})
	for name, c := range map[string]struct {
		edit func(t *testing.T, s *ldap.Settings)
		why  string
	}{
		"no right to see deleted entries": {func(t *testing.T, s *ldap.Settings) {
			s.BindDN, s.BindPasswordFile = d.PlainDN, filepath.Join(t.TempDir(), "password")
			require.NoError(t, os.WriteFile(s.BindPasswordFile, []byte(d.PlainPassword), 0o600))
		}, "may not read CN=Deleted Objects"},
		"a filter over what is computed": {func(_ *testing.T, s *ldap.Settings) {
			s.Filter = "(&(objectClass=user)(!(memberOf=CN=Nobody," + d.BaseDN + ")))"
		}, "The filter mentions memberOf"},
		"switched off": {func(_ *testing.T, s *ldap.Settings) { s.Changes = ldap.ChangesOff }, `"changes" is "off"`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).joinedWith(t, d, func(s *ldap.Settings) { c.edit(t, s) }, staff)
			w.sync()
			plan, _ := w.syncChanges()
			require.Equal(t, directory.ReadFull, plan.Reading.Kind)
			require.Contains(t, plan.Reading.Why, c.why)
			require.Equal(t, 2, plan.Figures.Linked)
		})
	}
	require.NotEqual(t, ada, bob)
}
