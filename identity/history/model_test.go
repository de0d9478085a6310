package history_test

import (
	"regexp"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// told is an act with its answer, from one instant to another.
func told(from, to int64, r request, a answer) porcupine.Operation {
	if a.unknown {
		to = never
	}
	return porcupine.Operation{Input: r, Output: a, Call: from, Return: to}
}

// TestHistories asks of short histories whether they can have happened.
func TestHistories(t *testing.T) {
	addInNorth, addInSouth := request{act: create, org: north}, request{act: create, org: south}
	whoHas, list := request{act: readHolder}, request{act: readAll, org: north}
	delete1 := request{act: remove, org: north, id: "1"}
	one := sighting{at: north, id: "1", version: 1, status: identity.NotVerified}
	two := sighting{at: south, id: "2", version: 1, status: identity.Verified}
	inactive := sighting{at: north, id: "1", version: 2, status: identity.Inactive}
	moved := sighting{at: north, seat: 1, id: "1", version: 2, status: identity.NotVerified}
	claimed := answer{seen: []sighting{{at: south, id: "3", version: 1, status: identity.NotVerified}}, claim: "c"}
	shadow := sighting{at: north, id: "1", version: 2, status: identity.NotVerified, shadow: true}
	free, lost := refused(identity.RuleNoHold), answer{unknown: true}

	for name, test := range map[string]struct {
		history []porcupine.Operation
		want    porcupine.CheckResult
	}{
		"one of two creators wins": {[]porcupine.Operation{
			told(1, 5, addInNorth, saw(one)), told(2, 3, addInSouth, refused(identity.RuleEmailClaimable))}, porcupine.Ok},
		"two creators win": {[]porcupine.Operation{
			told(1, 5, addInNorth, saw(one)), told(2, 3, addInSouth, saw(two))}, porcupine.Illegal},
		"the second wins after the first was deleted": {[]porcupine.Operation{
			told(1, 2, addInNorth, saw(one)), told(3, 6, addInSouth, saw(two)), told(4, 5, delete1, answer{})}, porcupine.Ok},
		"a loser and no winner": {[]porcupine.Operation{
			told(1, 2, addInNorth, refused(identity.RuleEmailTaken))}, porcupine.Illegal},
		"read while it is deleted": {[]porcupine.Operation{
			told(1, 2, addInNorth, saw(one)), told(3, 6, delete1, answer{}), told(4, 5, list, saw(one))}, porcupine.Ok},
		"read after it was deleted": {[]porcupine.Operation{
			told(1, 2, addInNorth, saw(one)), told(3, 4, delete1, answer{}), told(5, 6, list, saw(one))}, porcupine.Illegal},
		"gone for one reader and there for a later one": {[]porcupine.Operation{
			told(1, 2, addInNorth, saw(one)), told(3, 9, delete1, answer{}), told(4, 5, list, saw()), told(6, 7, list, saw(one))}, porcupine.Illegal},
		"read as it was before a change": {[]porcupine.Operation{
			told(1, 2, addInNorth, saw(one)), told(3, 4, request{act: deactivate, org: north, id: "1"}, saw(inactive)),
			told(5, 6, list, saw(one))}, porcupine.Illegal},
		"the old address is still somebody's": {[]porcupine.Operation{
			told(1, 2, addInNorth, saw(one)), told(3, 4, request{act: move, org: north, id: "1", seat: 1}, saw(moved)),
			told(5, 6, whoHas, saw(sighting{at: north, id: "1"}))}, porcupine.Illegal},
		"an act of which nobody heard has happened": {[]porcupine.Operation{
			told(1, 2, addInNorth, lost), told(8, 9, list, saw(one))}, porcupine.Ok},
		"an act of which nobody heard has not happened": {[]porcupine.Operation{
			told(1, 2, addInNorth, lost), told(8, 9, whoHas, free)}, porcupine.Ok},
		"an act of which nobody heard has happened and then it has not": {[]porcupine.Operation{
			told(1, 2, addInNorth, lost), told(3, 4, list, saw(one)), told(8, 9, whoHas, free)}, porcupine.Illegal},
		"a claimed user is in two places": {[]porcupine.Operation{
			told(1, 2, addInNorth, saw(one)), told(3, 4, request{act: claim}, claimed), told(5, 6, list, saw(one))}, porcupine.Illegal},
		"a claimed user is a shadow where they were": {[]porcupine.Operation{
			told(1, 2, addInNorth, saw(one)), told(3, 4, request{act: claim}, claimed), told(5, 6, list, saw(shadow))}, porcupine.Ok},
		"added in a domain that somebody else has claimed": {[]porcupine.Operation{
			told(1, 2, request{act: claimDomain}, answer{}), told(3, 4, addInNorth, saw(one))}, porcupine.Illegal},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, check(test.history)) })
	}
}

func TestWhatCannotHaveHappenedIsToldAndDrawn(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	one := sighting{at: north, id: "1", version: 1, status: identity.NotVerified}
	two := sighting{at: north, id: "2", version: 1, status: identity.NotVerified}
	err := unexplained("two winners", []porcupine.Operation{
		told(1, 2, request{act: create, org: north}, saw(one)), told(3, 4, request{act: create, org: north}, saw(two))})
	require.ErrorContains(t, err, "create a@ in north: [a@ …2 of north, not_verified, version 1], and should be EMAIL_TAKEN")
	require.FileExists(t, regexp.MustCompile(`open (\S+)`).FindStringSubmatch(err.Error())[1])
}
