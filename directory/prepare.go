package directory

import (
	"encoding/json"
	"strings"
	"time"

	"rollcall/identity"
)

// ready is what of a step can be made before its transaction, because it needs nothing but the plan. It is made beside the writing of the
// steps before it, which hardly any of a run's time but the store's own is left for.
type ready struct {
	evidence json.RawMessage
	around   *profileAround // of a new manager; nil if the profile has to be taken apart again
	err      error
}

// proof is stored with every event that a run causes: what the directory showed, and by which plan and run.
type proof struct {
	Finding      FindingKind     `json:"finding,omitempty"`
	DN           string          `json:"dn,omitempty"`
	Detail       string          `json:"detail,omitempty"`
	Server       string          `json:"server,omitempty"`
	InvocationID string          `json:"invocationId,omitempty"`
	HighestUSN   int64           `json:"highestUSN,omitempty"`
	ReadAt       time.Time       `json:"readAt"`
	Plan         identity.PlanID `json:"plan"`
	Run          identity.RunID  `json:"run"`
	StartedBy    string          `json:"startedBy,omitempty"`
	Reason       string          `json:"reason"`
	Changes      []Change        `json:"changes,omitempty"`
	Photo        *identity.Photo `json:"photo,omitempty"`
}

// prepare makes a step ready. It runs beside everything else and changes nothing but the step.
func (a *application) prepare(s *Step) {
	r := ready{}
	if s.Op.Acts() {
		r.evidence, r.err = a.proof(*s)
	}
	if s.Manager != "" && s.Draft != nil {
		r.around = aroundManager(s.Draft.Profile)
	}
	s.ready = &r
}

func (a *application) proof(s Step) (json.RawMessage, error) {
	p := proof{Server: a.stored.Reading.Server, InvocationID: a.stored.Reading.InvocationID, HighestUSN: a.stored.Reading.HighestUSN, ReadAt: a.stored.Reading.ReadAt,
		Plan: a.plan.ID, Run: a.run, StartedBy: a.startedBy.Name, Reason: s.Reason, Changes: s.Changes, Photo: s.Photo}
	if p.StartedBy == "" {
		p.StartedBy = string(a.startedBy.Kind)
	}
	if s.Evidence != nil {
		p.Finding, p.DN, p.Detail = s.Evidence.Finding, s.Evidence.DN, s.Evidence.Detail
	}
	return json.Marshal(p)
}

// profileAround is the text of a profile before and behind the account of a manager who is not known yet.
type profileAround struct{ before, behind string }

// nobodysAccount stands where the manager's account is to be. Like every account's id it is a text that JSON has as it is.
const nobodysAccount identity.AccountID = "ffffffff-ffff-ffff-ffff-ffffffffffff"

// aroundManager returns what is around the manager of a profile; nil if that cannot be told.
func aroundManager(p identity.Profile) *profileAround {
	managed, err := managedBy(p, nobodysAccount)
	if err != nil || strings.Count(string(managed), string(nobodysAccount)) != 1 {
		return nil
	}
	before, behind, _ := strings.Cut(string(managed), string(nobodysAccount))
	return &profileAround{before, behind}
}

func (p profileAround) with(boss identity.AccountID) identity.Profile {
	return identity.Profile(p.before + string(boss) + p.behind)
}

// managedBy returns a profile with another manager.
func managedBy(p identity.Profile, boss identity.AccountID) (identity.Profile, error) {
	managed, _, err := overlay(p, []string{ManagerPath}, texts{manager: boss})
	return managed, err
}
