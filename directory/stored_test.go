package directory

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// planOf returns a plan with so many steps. The two at the first border between parts change places.
func planOf(steps int) Plan {
	p := Plan{ConnectorName: "corp", Reading: Reading{Kind: ReadFull, Count: steps}, Figures: Figures{Ops: map[Op]int{}}, Steps: []Step{}}
	for i := range steps {
		step := Step{Op: OpCreate, Object: identity.ObjectID(fmt.Sprint(i)), Draft: &Draft{UserName: fmt.Sprint("user-", i)}}
		if i == stepsPerPart-1 || i == stepsPerPart {
			step.Op, step.Exchange = OpRename, 1
		}
		p.Steps = append(p.Steps, step)
	}
	return p
}

func opened(t *testing.T, p Plan) *storedPlan {
	body, hash, err := p.Encode()
	require.NoError(t, err)
	require.Equal(t, hashOf(body), hash)
	s, err := openStored(identity.Plan{Body: body})
	require.NoError(t, err)
	return s
}

func TestAStoredPlanIsReadBackAsItWas(t *testing.T) {
	for _, steps := range []int{0, 1, stepsPerPart, stepsPerPart + 1, 2*stepsPerPart + 3} {
		p := planOf(steps)
		s := opened(t, p)
		require.Equal(t, steps, s.Count)
		again, err := s.whole()
		require.NoError(t, err)
		require.Equal(t, p, again)
	}
}

func TestStepsOfAStoredPlanAreFoundInAnyOrder(t *testing.T) {
	p := planOf(3 * stepsPerPart)
	s := opened(t, p)
	for _, i := range []int{3*stepsPerPart - 1, 0, 2 * stepsPerPart, stepsPerPart + 1, 1, 3*stepsPerPart - 1} {
		step, err := s.at(i)
		require.NoError(t, err)
		require.Equal(t, p.Steps[i], step)
	}
}

func TestStepsOfAStoredPlanAreFoundInTheirOrderOverMorePartsThanAreReadAhead(t *testing.T) {
	p := planOf((2*partsAhead + 1) * stepsPerPart)
	s := opened(t, p)
	var prepared atomic.Int64
	s.prepare = func(*Step) { prepared.Add(1) }
	for i, want := range p.Steps {
		step, err := s.at(i)
		require.NoError(t, err)
		require.Equal(t, want, step)
	}
	require.EqualValues(t, len(p.Steps), prepared.Load(), "each step once")
	step, err := s.at(1)
	require.NoError(t, err)
	require.Equal(t, p.Steps[1], step)
}

func TestAPartThatCannotBeReadIsToldWhoeverComesToIt(t *testing.T) {
	p := planOf(4 * stepsPerPart)
	s := opened(t, p)
	_, err := s.at(2 * stepsPerPart) // so that it is known where the third part begins
	require.NoError(t, err)
	body := slices.Clone(s.body)
	body[s.offsets[2]+20] ^= 0xff
	s = &storedPlan{body: body, part: none}
	require.NoError(t, s.open())
	for i := range 2 * stepsPerPart {
		step, err := s.at(i)
		require.NoError(t, err)
		require.Equal(t, p.Steps[i], step)
	}
	for _, i := range []int{2 * stepsPerPart, 2 * stepsPerPart, 3 * stepsPerPart} {
		_, err := s.at(i)
		require.ErrorContains(t, err, fmt.Sprintf("decode step %d", i))
		require.NotErrorIs(t, err, errPartBefore)
	}
	step, err := s.at(7)
	require.NoError(t, err)
	require.Equal(t, p.Steps[7], step)
}

func TestAnExchangeIsNotPartedWhereAPartOfThePlanEnds(t *testing.T) {
	p := planOf(2 * stepsPerPart)
	s := opened(t, p)
	unit, err := s.unit(stepsPerPart - 1)
	require.NoError(t, err)
	require.Equal(t, p.Steps[stepsPerPart-1:stepsPerPart+1], unit)
	unit, err = s.unit(stepsPerPart - 2)
	require.NoError(t, err)
	require.Len(t, unit, 1)
}

func TestAPlanThatWasStoredAsOneTextIsRead(t *testing.T) {
	p := planOf(stepsPerPart + 1)
	p.Steps[7].Op, p.Steps[7].Unsettled, p.Steps[7].Code = OpSkip, true, RuleLossUnproven
	text, err := json.Marshal(p)
	require.NoError(t, err)
	s, err := openStored(identity.Plan{Body: text})
	require.NoError(t, err)
	again, err := s.whole()
	require.NoError(t, err)
	require.Equal(t, p, again)
	require.Equal(t, unsettled{Again: []identity.ObjectID{"7"}}, s.Unsettled)
}

func TestAPlanPrintsTheSameWhereverItsStepsAre(t *testing.T) {
	p := planOf(stepsInMemory + 1)
	p.Steps[3].Op, p.Steps[3].Claimed, p.Steps[3].UserName = OpSkip, true, "claimed"
	p.Steps[4].Op, p.Steps[4].Then = OpDisable, "Kept."
	for _, s := range p.Steps {
		p.Figures.Ops[s.Op]++
		p.Fates.add(s)
	}
	p.Figures.ClaimedUnknown = 1
	var want strings.Builder
	require.NoError(t, p.Print(&want))
	require.Equal(t, 2, strings.Count(want.String(), "  claimed"))
	require.Contains(t, want.String(), "kept for as long as their entry is disabled: 1.")
	body, _, err := p.Encode()
	require.NoError(t, err)
	kept, err := p.keptIn(identity.Plan{Body: body})
	require.NoError(t, err)
	require.Nil(t, kept.Steps)
	print := func() string {
		var got strings.Builder
		require.NoError(t, kept.Print(&got))
		return got.String()
	}
	require.Equal(t, want.String(), print())
	kept.kept.Runs = nil
	require.Equal(t, want.String(), print(), "as plans were stored before")
	whole, err := kept.Whole()
	require.NoError(t, err)
	require.Equal(t, p.Steps, whole.Steps)

	p.Steps = p.Steps[:stepsInMemory]
	body, _, err = p.Encode()
	require.NoError(t, err)
	few, err := p.keptIn(identity.Plan{Body: body})
	require.NoError(t, err)
	require.Equal(t, p.Steps, few.Steps)
}
