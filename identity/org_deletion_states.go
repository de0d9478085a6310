package identity

import (
	"context"
	"slices"
)

// DeletionStage is how far an organization is on its way out: the rows of BEHAVIOUR 14.5.
type DeletionStage string

// The stages.
const (
	StageActive  DeletionStage = "active"
	StageUsers   DeletionStage = "deleting, users" // its users are converted or deleted
	StagePurge   DeletionStage = "deleting, purge" // everything else is deleted
	StageDeleted DeletionStage = "deleted"
)

// DeletionStages lists the stages in the order of the table.
var DeletionStages = []DeletionStage{StageActive, StageUsers, StagePurge, StageDeleted}

// DeletionAct is what can happen to an organization on its way out: the columns of the table.
type DeletionAct string

// The acts.
const (
	DeletionRequested DeletionAct = "request"
	DeletionNoUsers   DeletionAct = "users disposed"
	DeletionPurged    DeletionAct = "data purged"
	DeletionOther     DeletionAct = "any other write"
	DeletionTakenBack DeletionAct = "cancel or restore"
)

// DeletionActs lists the acts in the order of the table.
var DeletionActs = []DeletionAct{DeletionRequested, DeletionNoUsers, DeletionPurged, DeletionOther, DeletionTakenBack}

// deletionMachine is BEHAVIOUR 14.5: for each stage what each act leads to, or the rule that refuses it. Who may request a deletion, what
// has to be acknowledged and what stands in the way is looked at besides (ORG-01 to ORG-18).
var deletionMachine = map[DeletionStage][5]string{
	//             request                 users disposed     data purged           any other write            cancel or restore
	StageActive:  {string(StageUsers), never, never, stays, string(RuleUnknownDeletion)},
	StageUsers:   {stays, string(StagePurge), never, string(RuleOrgDeleting), string(RuleIrreversible)},
	StagePurge:   {stays, stays, string(StageDeleted), string(RuleOrgDeleting), string(RuleIrreversible)},
	StageDeleted: {string(RuleUnknownOrg), never, never, string(RuleUnknownOrg), string(RuleUnknownOrg)},
}

// deletionRefusals says what the refusals in the table are.
var deletionRefusals = map[Rule]struct {
	kind Kind
	text string
}{
	RuleUnknownDeletion: {NotFound, "nobody has asked for this organization to be deleted"},
	RuleOrgDeleting:     {Conflict, "the organization is being deleted, and nothing else can be done in it any more"},
	RuleIrreversible:    {Conflict, "the deletion of an organization cannot be taken back"},
	RuleUnknownOrg:      {NotFound, "there is no such organization"},
}

// stage returns how far an organization is on its way out. A deletion that was never asked for is the zero OrgDeletion.
func (o Organization) stage(d OrgDeletion) DeletionStage {
	switch {
	case o.State == OrgDeleted:
		return StageDeleted
	case o.State == OrgDeleting && d.State == DeletionUsers:
		return StageUsers
	case o.State == OrgDeleting:
		return StagePurge
	}
	return StageActive
}

// after returns the stage that an act leads to, or the refusal.
func (s DeletionStage) after(act DeletionAct) (DeletionStage, error) {
	cell := deletionMachine[s][slices.Index(DeletionActs, act)]
	if refusal, refused := deletionRefusals[Rule(cell)]; refused {
		return s, Refuse(refusal.kind, Rule(cell), "%s", refusal.text)
	}
	switch cell {
	case stays:
		return s, nil
	case never:
		return s, Refuse(Internal, RuleInternal, "an organization that is %s cannot be at %q", s, act)
	}
	return DeletionStage(cell), nil
}

// open refuses whatever somebody wants to do in an organization that is being deleted. What goes on by itself goes on: its end is part
// of the deletion.
func (o Organization) open(by Actor) error {
	if by.Kind == System {
		return nil
	}
	// Which of the two deleting stages it is makes no difference here.
	_, err := o.stage(OrgDeletion{State: DeletionUsers}).after(DeletionOther)
	return err
}

// Open refuses an organization that is being deleted, for whoever only wants to read: nothing but its deletion is shown any more
// (ORG-19).
func (s *Service) Open(ctx context.Context, org OrgID) error {
	o, err := s.store.Organization(ctx, org)
	if err != nil {
		return err
	}
	return o.open(Actor{})
}

// DeletionTable prints the state machine as a Markdown table, one row a stage.
func DeletionTable() string {
	return table("State", DeletionStages, DeletionActs, func(s DeletionStage) []string { row := deletionMachine[s]; return row[:] })
}
