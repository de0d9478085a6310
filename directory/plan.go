package directory

import (
	"cmp"
	"time"

	"rollcall/identity"
)

// Op is what a step does.
type Op string

// The operations.
const (
	OpPurge    Op = "purge"   // gone for less than 7 days, and deleted for good all the same, because somebody asked for it
	OpRemove   Op = "remove"  // gone from the directory: inactive, deleted 7 days later
	OpDisable  Op = "disable" // disabled in the directory: inactive and kept
	OpCreate   Op = "create"
	OpAdopt    Op = "adopt"   // an account that nobody mirrored is tied to an entry
	OpRestore  Op = "restore" // was gone, is back
	OpEnable   Op = "enable"  // was disabled, is enabled
	OpRename   Op = "rename"  // address, userName or place in the directory
	OpUpdate   Op = "update"  // other attributes
	OpUntie    Op = "untie"   // a run is taken back that tied an account to an entry
	OpConflict Op = "conflict"
	OpSkip     Op = "skip"

	OpGroupCreate  Op = "group_create"
	OpGroupUpdate  Op = "group_update"  // name, place in the directory, members
	OpGroupDelete  Op = "group_delete"  // gone from the directory
	OpGroupRelease Op = "group_release" // groups are mirrored no longer: it becomes the administrators' own
	OpGroupSkip    Op = "group_skip"
)

// Ops lists the operations in the order in which plans show them.
var Ops = []Op{OpPurge, OpRemove, OpDisable, OpRestore, OpEnable, OpCreate, OpAdopt, OpRename, OpUpdate, OpUntie, OpConflict, OpSkip,
	OpGroupCreate, OpGroupUpdate, OpGroupDelete, OpGroupRelease, OpGroupSkip}

// Acts reports whether steps of this kind change anything.
func (o Op) Acts() bool { return o != OpConflict && o != OpSkip && o != OpGroupSkip }

// OfGroup reports whether steps of this kind are about a group.
func (o Op) OfGroup() bool { return rank(o) >= rank(OpGroupCreate) }

// Change is one attribute's way from before to after.
type Change struct {
	Attribute string `json:"attribute"`
	Before    string `json:"before,omitempty"`
	After     string `json:"after,omitempty"`
}

// Evidence is what the directory showed about one entry.
type Evidence struct {
	Finding FindingKind `json:"finding"` // "present" for an entry that was read
	DN      string      `json:"dn,omitempty"`
	Detail  string      `json:"detail,omitempty"`
}

// Present is the finding of an entry that was read.
const Present FindingKind = "present"

// Step is one person's or one group's part of a plan.
type Step struct {
	Op       Op                 `json:"op"`
	Account  identity.AccountID `json:"account,omitempty"`
	Version  int64              `json:"version,omitempty"` // the account must still have it when the step is applied
	Object   identity.ObjectID  `json:"object,omitempty"`
	DN       string             `json:"dn,omitempty"`
	UserName string             `json:"userName,omitempty"`
	Reason   string             `json:"reason"` // one or two sentences
	Code     identity.Rule      `json:"code,omitempty"`
	Notes    []string           `json:"notes,omitempty"`
	Changes  []Change           `json:"changes,omitempty"`
	Evidence *Evidence          `json:"evidence,omitempty"`
	// Exchange ties steps whose addresses change places: they are applied in one transaction or not at all. 0 is none.
	Exchange int `json:"exchange,omitempty"`
	// Loses says that somebody who is not lost yet is removed or disabled.
	Loses bool `json:"loses,omitempty"`
	// Unsettled says that what the entry says could not all be taken over, for a reason that lies elsewhere and may pass without the entry
	// being changed. The next reading of changes looks at it again.
	Unsettled bool `json:"unsettled,omitempty"`
	// Move is who can settle what the step leaves open; Then and PurgeAt are what becomes of somebody whom it makes inactive.
	Move    Mover     `json:"move,omitempty"`
	Then    string    `json:"then,omitempty"`
	PurgeAt time.Time `json:"purgeAt,omitzero"` // if the plan were applied as soon as it was made; zero: never by itself
	// Claimed says that the user was claimed and that no entry of the directory matches (CLM-03).
	Claimed bool `json:"claimed,omitempty"`

	// Was is what the account was before, for taking the step back; nil for a new one. Back, in a plan that takes back a run, is what it
	// becomes again.
	Was  *Former `json:"was,omitempty"`
	Back *Former `json:"back,omitempty"`

	// What is written: the account's new values, its standing in the directory, and why it is lost.
	Draft    *Draft                  `json:"draft,omitempty"`
	Standing identity.Trigger        `json:"standing,omitempty"`
	Loss     identity.InactiveReason `json:"loss,omitempty"`
	// Manager is the entry of a manager whose account the same plan makes: whoever is linked to it by then is written. A step
	// without a draft writes nothing else.
	Manager identity.ObjectID `json:"manager,omitempty"`

	// Photo is which one the user gets; without a digest: none. nil: it stays as it is. The bytes wait in the store until then.
	Photo *identity.Photo `json:"photo,omitempty"`

	// Of a group: which it is here, if it is, what it is called, the entries of those who join, and who leaves.
	Group  identity.GroupID    `json:"groupId,omitempty"`
	Name   string              `json:"name,omitempty"`
	Join   []identity.ObjectID `json:"join,omitempty"`
	Leave  []MemberID          `json:"leave,omitempty"`
	Return []MemberID          `json:"return,omitempty"` // of those whom a run that is taken back let leave, who joins again
	Ends   int                 `json:"ends,omitempty"`   // memberships that end
	// Within are the entries of the groups that a group is in that goes; whoever wants it back wants it there.
	Within []identity.ObjectID `json:"within,omitempty"`

	// ready is what a run has made of the step beforehand; see [application.prepare].
	ready *ready
}

// title is what the person or the group of a step is called.
func (s Step) title() string { return cmp.Or(s.Name, s.UserName) }

// Draft is [identity.Draft] as it is stored in a plan.
type Draft struct {
	UserName   string                  `json:"userName"`
	ExternalID identity.ExternalID     `json:"externalId,omitempty"`
	Emails     []identity.AccountEmail `json:"emails,omitempty"`
	Profile    identity.Profile        `json:"profile,omitempty"`
}

// Reading is what a plan remembers of the snapshot that it was made from.
type Reading struct {
	Kind         ReadingKind `json:"kind"`
	Undoes       *Undone     `json:"undoes,omitempty"` // of a plan that takes back a run: nothing was read
	Why          string      `json:"why,omitempty"`    // everything was read though changes were asked for
	Server       string      `json:"server"`
	InvocationID string      `json:"invocationId,omitempty"`
	HighestUSN   int64       `json:"highestUSN,omitempty"`
	ReadAt       time.Time   `json:"readAt"`
	Count        int         `json:"count"` // entries in scope that were read
	Complete     bool        `json:"complete"`
	Gaps         []string    `json:"gaps,omitempty"`
	// Cursor is where the next reading of changes begins once the plan is applied; none: where this one began.
	Cursor Cursor `json:"cursor,omitempty"`
	// Waiting are entries that wait for somebody else, as earlier plans said, and about which nothing is new.
	Waiting []identity.ObjectID `json:"waiting,omitempty"`
}

// kind is the kind of the reading; what was stored before there were two kinds is full.
func (r Reading) kind() ReadingKind { return cmp.Or(r.Kind, ReadFull) }

// ReadingKind says how much of a directory was read.
type ReadingKind = identity.SyncKind

// The kinds of readings.
const (
	ReadFull    = identity.SyncFull
	ReadChanges = identity.SyncIncremental // what changed since the last one

	ReadUndo ReadingKind = "undo" // nothing: the plan takes back a run
)

// Figures counts the people of a plan.
type Figures struct {
	Ops       map[Op]int `json:"ops"`
	Unchanged int        `json:"unchanged"`
	Linked    int        `json:"linked"`  // accounts of this connector
	Missing   int        `json:"missing"` // of those, without an entry in the reading and not known to be gone
	// Mismatched counts the users whom no entry matches, whatever the plan does to them (DIR-04); an incremental reading cannot tell.
	Mismatched int `json:"mismatched,omitempty"`
	// ClaimedUnknown counts the users who were claimed and whom no entry matches, whatever the plan does to them (CLM-03).
	ClaimedUnknown int `json:"claimedUnknown,omitempty"`
	// StrayManagers counts the entries whose manager is nobody who is synchronized; those people have no manager here.
	StrayManagers int `json:"strayManagers,omitempty"`
	// BadPhotos counts the entries whose photo cannot be taken; those people keep the one they have here.
	BadPhotos int `json:"badPhotos,omitempty"`
	Groups    int `json:"groups,omitempty"` // that were read
	// StrayMembers counts the memberships of whom nobody synchronizes.
	StrayMembers int `json:"strayMembers,omitempty"`
}

// Guard is the loss guard's account of a plan (DIR-09).
type Guard struct {
	Losses     int     `json:"losses"` // people who would be removed or disabled
	Base       int     `json:"base"`   // of so many
	Percent    float64 `json:"percent"`
	MaxLosses  int     `json:"maxLosses"`
	MaxPercent int     `json:"maxPercent"`
	// Budgets are those that the plan draws on, with what earlier runs took from them.
	Budgets []BudgetFigure `json:"budgets,omitempty"`
	Why     string         `json:"why,omitempty"` // why the plan is held; empty if it is not
}

// Plan is everything that a synchronization would do, with the reasons.
type Plan struct {
	Connector     identity.ConnectorID `json:"connector"`
	ConnectorName string               `json:"connectorName"`
	Reading       Reading              `json:"reading"`
	Figures       Figures              `json:"figures"`
	Guard         Guard                `json:"guard"`
	Refused       string               `json:"refused,omitempty"`      // why the directory's answer is not good enough to act on at all
	NoLosses      string               `json:"noLosses,omitempty"`     // why nobody's loss was planned
	Steps         []Step               `json:"steps"`                  // nil if there are so many that a new plan leaves them where they are stored; see [Plan.Each]
	EmailChanges  []EmailChange        `json:"emailChanges,omitempty"` // those of the steps
	Fates         Fates                `json:"fates,omitzero"`         // of those who become inactive
	DroppedAt     time.Time            `json:"droppedAt,omitzero"`     // since when the steps are not kept any more

	kept *storedPlan     // has the steps if Steps is nil; nil if nothing has
	id   identity.PlanID // that it will be stored with, if its photos wait already
}

// stepsInMemory is how many steps a plan that was just made has at most in memory.
const stepsInMemory = 2000

// keptIn is the plan with its steps, or, if they are many, with the steps left where they are stored.
func (p Plan) keptIn(stored identity.Plan) (Plan, error) {
	kept, err := openStored(stored)
	if err != nil {
		return Plan{}, err
	}
	p.Steps, p.kept = nil, kept
	if kept.Count <= stepsInMemory {
		return p.Whole()
	}
	return p, nil
}

// Each goes through the steps, in order, until want returns an error. Those that are not in memory are decoded on the way, a few at a time.
func (p Plan) Each(want func(Step) error) error {
	if p.kept == nil {
		for _, step := range p.Steps {
			if err := want(step); err != nil {
				return err
			}
		}
		return nil
	}
	return p.kept.each(0, p.kept.Count, want)
}

// each goes through the steps of one kind.
func (p Plan) each(op Op, want func(Step) error) error {
	if p.kept == nil || p.kept.Runs == nil {
		return p.Each(func(step Step) error {
			if step.Op != op {
				return nil
			}
			return want(step)
		})
	}
	from := 0
	for _, run := range p.kept.Runs {
		if run.Op == op {
			if err := p.kept.each(from, from+run.Count, want); err != nil {
				return err
			}
		}
		from += run.Count
	}
	return nil
}

// Whole is the plan with all of its steps in memory.
func (p Plan) Whole() (Plan, error) {
	if p.kept == nil {
		return p, nil
	}
	p.Steps = make([]Step, 0, p.kept.Count)
	err := p.Each(func(step Step) error {
		p.Steps = append(p.Steps, step)
		return nil
	})
	p.kept = nil
	return p, err
}

// State is the state that a plan begins in.
func (p Plan) State() identity.PlanState {
	switch {
	case p.Refused != "":
		return identity.PlanRefused
	case p.Guard.Why != "":
		return identity.PlanHeld
	}
	return identity.PlanReady
}

// mismatched is how many users no entry matches; -1 if the plan does not tell.
func (p Plan) mismatched() int {
	if p.Refused != "" || p.Reading.kind() != ReadFull {
		return -1
	}
	return p.Figures.Mismatched
}

// Empty reports whether applying the plan would change nobody.
func (p Plan) Empty() bool {
	for op, n := range p.Figures.Ops {
		if n > 0 && op.Acts() {
			return false
		}
	}
	return true
}

// Summary is the part of a plan that lists show.
type Summary struct {
	Reading  Reading `json:"reading"`
	Figures  Figures `json:"figures"`
	Guard    Guard   `json:"guard"`
	Refused  string  `json:"refused,omitempty"`
	NoLosses string  `json:"noLosses,omitempty"`
}

// Summary returns the plan without its steps.
func (p Plan) Summary() Summary {
	p.Reading.Cursor, p.Reading.Waiting = nil, nil // they are for the next reading, not for people
	return Summary{Reading: p.Reading, Figures: p.Figures, Guard: p.Guard, Refused: p.Refused, NoLosses: p.NoLosses}
}
