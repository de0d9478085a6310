package directory

import (
	"iter"
	"slices"
	"strings"

	"rollcall/identity"
)

// steps returns the steps that act, in the order in which they can be applied, and those that only report. Those that act are made as they
// are asked for, once: of a first import there are as many as there are people.
func (g *gains) steps() (acting iter.Seq[Step], idle []Step) {
	order, place := g.order(), 0
	for _, members := range order {
		for _, c := range members {
			place++
			c.place = place
		}
	}
	for _, c := range g.candidates {
		if c.reason != "" {
			g.rest(c, OpConflict, c.code, c.reason)
		}
	}
	var resting []Step
	for _, step := range g.idle {
		if step.Op.Acts() {
			resting = append(resting, step)
		} else {
			idle = append(idle, step)
		}
	}
	return func(yield func(Step) bool) {
		group := 0
		var last []Step
		for _, members := range order {
			if len(members) > 1 {
				group++
			}
			for _, c := range members {
				step := g.step(c)
				if len(members) > 1 {
					step.Exchange = group
				}
				if own, is := later(&step, c); is {
					last = append(last, own)
				}
				if !yield(step) {
					return
				}
			}
		}
		for _, step := range slices.Concat(resting, last) {
			if !yield(step) {
				return
			}
		}
	}, idle
}

// begin fills in what every step of an entry has.
func (g *gains) begin(c *candidate) Step {
	e := c.view.entry
	step := Step{Object: e.ID, DN: e.DN, UserName: e.UserName, Evidence: &Evidence{Finding: Present, DN: e.DN}}
	if c.account != none {
		a := g.Accounts.At(c.account)
		step.Account, step.Version = a.ID, a.Version
		if step.UserName == "" {
			step.UserName = a.UserName
		}
	}
	if step.UserName == "" && len(e.Emails) > 0 {
		step.UserName = e.Emails[0]
	}
	return step
}

func (g *gains) step(c *candidate) Step {
	v := c.view
	step := g.begin(c)
	if c.account == none {
		var err error
		if v, err = g.drafted(c); err != nil {
			step.Op, step.Code, step.Reason = OpSkip, RuleEntryUnusable, "The attributes of the account cannot be written."
			return step
		}
	}
	step.Op, step.Standing = c.op, standingOf(v.entry)
	step.Draft = stored(v.draft)
	var a identity.Account
	if c.account != none {
		a = g.Accounts.At(c.account)
	}
	step.Reason = g.reason(c, a)
	if status := statusChange(a, c.account != none, v.entry.Disabled); status != nil {
		step.Changes = append(step.Changes, *status)
	}
	step.Changes = append(step.Changes, v.changes...)
	if c.manager != nil {
		step.Manager = c.manager.view.entry.ID
	}
	step.Photo = v.photo
	if problem := v.entry.badPhoto(); problem != "" {
		step.Notes = append(step.Notes, noteBadPhoto(problem))
	}
	if v.stray {
		step.Notes = append(step.Notes, noteStrayManager(v.entry.Manager))
	}
	for _, change := range v.changes {
		if change.Before != change.After && strings.EqualFold(change.Before, change.After) && (change.Attribute == "emails" || change.Attribute == "userName") {
			step.Code = RuleCaseMismatch
			step.Notes = append(step.Notes, "CASE_MISMATCH: the two spellings differ in capital letters only and are the same address (DIR-12).")
			break
		}
	}
	return step
}

// drafted is the view of an entry that gets an account, with what it becomes.
func (g *gains) drafted(c *candidate) (*view, error) {
	v := *c.view
	if err := g.draftOf(&v, identity.Account{}); err != nil {
		return nil, err
	}
	v.stray = c.view.stray
	if c.manager != nil {
		v.changes = append(v.changes, Change{Attribute: ManagerPath, After: accountOf(c.manager.view.entry.DN)})
	}
	return &v, nil
}

// rest plans for an entry whose attributes cannot be taken over. What the entry says about the person's standing still counts if
// an account is linked to it: somebody who was disabled must not keep access because an address is missing.
func (g *gains) rest(c *candidate, op Op, code identity.Rule, reason string) {
	step := g.begin(c)
	step.Op, step.Code, step.Reason, step.Unsettled = op, code, reason, code != RuleEntryUnusable
	v := c.view
	if v.account != none && code != RuleClaimUndecided && code != RuleLossNotPlanned {
		a := g.Accounts.At(v.account)
		loses := v.entry.Disabled && a.Status != identity.Inactive
		if !g.standsRight(a, v.entry) && !(loses && g.noLosses != "") {
			c.op = OpDisable
			v.changes = nil
			c.account = v.account
			step.Op, step.Standing, step.Draft = g.opOf(c), standingOf(v.entry), stored(a.Draft())
			step.Code = ""
			step.Reason = g.reason(&candidate{view: v, account: v.account, op: step.Op}, a)
			step.Notes = []string{"The attributes stay as they are. " + reason}
			if status := statusChange(a, true, v.entry.Disabled); status != nil {
				step.Changes = []Change{*status}
			}
		}
	}
	g.idle = append(g.idle, step)
}

func (g *gains) reason(c *candidate, a identity.Account) string {
	disabled := c.view.entry.Disabled
	pick := func(condition bool, yes, no string) string {
		if condition {
			return yes
		}
		return no
	}
	switch c.op {
	case OpCreate:
		return pick(disabled, reasonCreateDisabled, reasonCreate)
	case OpAdopt:
		if a.Directory != nil {
			return reasonRecreated
		}
		return pick(disabled, reasonAdoptDisabled, reasonAdopt)
	case OpRestore:
		if c.view.account == none {
			return reasonRestoreNew
		}
		return pick(disabled, reasonRestoreOff, reasonRestore)
	case OpDisable:
		return pick(a.Status == identity.Inactive, reasonDisableAlready, reasonDisable)
	case OpEnable:
		return pick(a.State() == identity.StateInactive, reasonEnableOverride, reasonEnable)
	case OpRename:
		return reasonRename(c.view.changes)
	}
	return reasonUpdate
}

func standingOf(e *Entry) identity.Trigger {
	if e.Disabled {
		return identity.DirectoryBlocked
	}
	return identity.DirectoryPresent
}

// statusChange says how the status moves; nil if it does not. What a new account's status will be is the store's to say.
func statusChange(a identity.Account, exists, disabled bool) *Change {
	disabledNow := exists && a.State() == identity.StateDisabled
	switch {
	case disabled && !disabledNow:
		change := &Change{Attribute: "status", After: inactive(identity.DirectoryDisabled)}
		if exists {
			change.Before = standing(a)
		}
		return change
	case exists && !disabled && a.Status == identity.Inactive:
		back := a.PreviousStatus
		if back == "" {
			back = identity.NotVerified
		}
		return &Change{Attribute: "status", Before: standing(a), After: string(back)}
	}
	return nil
}

func stored(d identity.Draft) *Draft {
	return &Draft{UserName: d.UserName, ExternalID: d.ExternalID, Emails: d.Emails, Profile: d.Profile}
}
