package scim_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// trio is a group of three people.
func (w *world) trio() (group string, people []string) {
	w.t.Helper()
	people = []string{w.create("ada"), w.create("bob"), w.create("cyd")}
	return w.newGroup("Trio", people...), people
}

func TestPitfall01_RemovingOneMemberLeavesTheOthers(t *testing.T) {
	for name, op := range map[string]string{
		"by filter": `{"op":"remove","path":"members[value eq \"%s\"]"}`,
		"by list":   `{"op":"Remove","path":"members","value":[{"value":"%s"}]}`,
	} {
		for _, dialect := range []string{"rfc", "entra", "okta"} {
			w := newWorld(t).as(dialect)
			id, people := w.trio()
			require.Contains(t, []int{200, 204}, w.patchGroup(id, fmt.Sprintf(op, people[1])).status)
			require.Equal(t, []string{people[0], people[2]}, w.members(id), "%s, %s", name, dialect)
		}
	}
}

func TestPitfall02_ARemovalMayListValues(t *testing.T) {
	w := newWorld(t)
	id, people := w.trio()
	w.patchGroup(id, `{"op":"remove","path":"members","value":[`+memberList(people[0])+`]}`).is(200)
}

func TestPitfall03_AFilteredRemovalHappensOrIsRefused(t *testing.T) {
	w := newWorld(t)
	id, people := w.trio()
	w.patchGroup(id, `{"op":"remove","path":"members[display eq \"bob\"]"}`).is(200)
	require.Equal(t, []string{people[0], people[2]}, w.members(id))
	w.patchGroup(id, `{"op":"remove","path":"members[colour eq \"red\"]"}`).fails(400, "invalidFilter")
}

func TestPitfall04_SeveralRemovalsRemoveTheRightOnes(t *testing.T) {
	w := newWorld(t)
	id, people := w.trio()
	remove := func(who string) string { return fmt.Sprintf(`{"op":"remove","path":"members[value eq \"%s\"]"}`, who) }
	w.patchGroup(id, remove(people[0]), remove(people[1])).is(200)
	require.Equal(t, people[2:], w.members(id))
}

func TestPitfall05_AddingMembersKeepsTheOthersAndAddsNobodyTwice(t *testing.T) {
	w := newWorld(t)
	id, people := w.trio()
	dan := w.create("dan")
	for range 2 {
		w.patchGroup(id, `{"op":"add","path":"members","value":[`+memberList(dan, people[0])+`]}`).is(200)
	}
	require.ElementsMatch(t, append(people, dan), w.members(id))
}

func TestPitfall06_MoreMembersThanAPageAreAllPushed(t *testing.T) {
	w := newWorld(t)
	var people []string
	for i := range 120 {
		people = append(people, w.create(fmt.Sprint("u", i)))
	}
	id := w.newGroup("Many", people...)
	require.ElementsMatch(t, people, w.members(id))
	w.call("PUT", "/Groups/"+id, group("Many", `"members":[`+memberList(people[:110]...)+`]`)).is(200)
	require.ElementsMatch(t, people[:110], w.members(id))
}

func TestPitfall07_MembersAreChangedByPatchAndByPut(t *testing.T) {
	w := newWorld(t)
	id, people := w.trio()
	w.patchGroup(id, `{"op":"replace","path":"members","value":[`+memberList(people[0])+`]}`).is(200)
	require.Equal(t, people[:1], w.members(id))
	w.call("PUT", "/Groups/"+id, group("Trio", `"members":[`+memberList(people[1])+`]`)).is(200)
	require.Equal(t, people[1:2], w.members(id))
}

func TestPitfall09_MembersAreLeftOutWhereTheClientSaysSo(t *testing.T) {
	w := newWorld(t).as("entra")
	id, _ := w.trio()
	require.NotContains(t, w.get("/Groups/"+id+"?excludedAttributes=members").is(200).body, "members")
	list := w.get("/Groups?excludedAttributes=members&filter=" + url.QueryEscape(`displayName eq "Trio"`)).is(200).total(1)
	require.Nil(t, list.at("Resources", 0, "members"))
}

func TestPitfall10_AGroupNeedsNoMoreThanAName(t *testing.T) {
	for _, dialect := range []string{"rfc", "entra", "okta"} {
		w := newWorld(t).as(dialect)
		ada := w.create("ada")
		id := w.call("POST", "/Groups", group("G", `"members":[`+memberList(ada)+`]`)).is(201).str("id")
		w.call("PUT", "/Groups/"+id, group("H", `"members":[`+memberList(ada)+`]`)).is(200)
		w.get("/ServiceProviderConfig").is(200)
	}
}

func TestPitfall11_GroupsCanBePatched(t *testing.T) {
	w := newWorld(t)
	id := w.newGroup("G")
	require.Equal(t, "H", w.patchGroup(id, `{"op":"replace","path":"displayName","value":"H"}`).is(200).str("displayName"))
}

func TestPitfall12_AGroupAndItsMembersAreFoundAgain(t *testing.T) {
	w := newWorld(t).as("okta")
	ada := w.create("ada")
	id := w.newGroup("Sales Team", ada)
	require.Equal(t, id, w.get("/Groups?filter="+url.QueryEscape(`displayName eq "Sales Team"`)).is(200).total(1).str("Resources", 0, "id"))
	w.call("DELETE", "/Users/"+ada, "").is(204)
	again := w.create("ada")
	w.patchGroup(id, `{"op":"replace","path":"members","value":[`+memberList(again)+`]}`).is(204)
	require.Equal(t, []string{again}, w.members(id))
	w.patchGroup(id, fmt.Sprintf(`{"op":"replace","value":{"id":%q,"displayName":"Sales"}}`, id)).is(204)
}

func TestPitfall13_WhatAClientGetsWrongAboutMembersIsItsError(t *testing.T) {
	w := newWorld(t)
	id, _ := w.trio()
	for _, op := range []string{
		`{"op":"add","path":"members","value":"x"}`, `{"op":"add","path":"members","value":[1]}`, `{"op":"add","path":"members","value":[{"value":7}]}`,
		`{"op":"add","path":"members","value":[[]]}`, `{"op":"remove","path":"members[value eq 5]"}`,
		`{"op":"remove","path":"members[value"}`, `{"op":"add","path":"members.value","value":"x"}`, `{"op":"add","path":"members","value":[{"value":"nobody"}]}`,
		`{"op":"add","value":{"members":"x"}}`,
	} {
		a := w.patchGroup(id, op)
		require.Equal(t, 400, a.status, "%s: %s", op, a.text)
	}
	require.Equal(t, `W/"2"`, w.get("/Groups/"+id).header.Get("ETag"))
	w.call("PATCH", "/Groups/nobody", patch(`{"op":"remove","path":"members"}`)).fails(404, "")
}

func TestPitfall33_AGroupHasAnExternalIDOrNone(t *testing.T) {
	w := newWorld(t)
	none := w.call("POST", "/Groups", group("None")).is(201)
	require.NotContains(t, none.body, "externalId")
	some := w.call("POST", "/Groups", group("Some", `"externalId":"Ä-1"`)).is(201)
	require.Equal(t, some.str("id"), w.get("/Groups?filter="+url.QueryEscape(`externalId eq "Ä-1"`)).is(200).total(1).str("Resources", 0, "id"))
	w.patchGroup(none.str("id"), `{"op":"add","path":"externalId","value":"B"}`).is(200)
	w.patchGroup(some.str("id"), `{"op":"remove","path":"externalId"}`).is(200)
	w.get("/Groups?filter=" + url.QueryEscape(`externalId pr`)).is(200).total(1)
}

func TestPitfall35_GroupsOfOtherTenantsDoNotExist(t *testing.T) {
	w := newWorld(t)
	theirs := w.in(w.newOrg("Theirs"))
	foreign, eve := theirs.newGroup("Theirs"), theirs.create("eve")
	own := w.newGroup("Ours")
	for _, a := range []answer{
		w.get("/Groups/" + foreign), w.call("PATCH", "/Groups/"+foreign, patch(`{"op":"remove","path":"members"}`)),
		w.call("PUT", "/Groups/"+foreign, group("x")), w.call("DELETE", "/Groups/"+foreign, ""),
	} {
		require.Equal(t, w.get("/Groups/nobody").text, a.fails(404, "").text, "the same bytes as for one that is nowhere")
	}
	refused := w.patchGroup(own, `{"op":"add","path":"members","value":[`+memberList(eve)+`]}`).fails(400, "invalidValue")
	nobody := w.patchGroup(own, `{"op":"add","path":"members","value":[{"value":"`+w.create("gone")+`x"}]}`).fails(400, "invalidValue")
	require.Equal(t, len(nobody.text)-1, len(refused.text), "nor do their users")
	w.get("/Groups?filter=" + url.QueryEscape(`members eq "`+eve+`"`)).is(200).total(0)
}
