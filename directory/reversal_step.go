package directory

import (
	"fmt"

	"rollcall/identity"
)

// What a plan that takes back a run says.
const (
	reasonUndoCreated  = "The run added this user. The user becomes inactive and is deleted 7 days after this is applied, unless the entry is synchronized again before."
	reasonUndoLoss     = "The run removed or disabled this user, who gets back the status from before."
	reasonUndoReturn   = "The run gave this user the status back, and the user becomes inactive again for the former reason."
	reasonUndoReason   = "The run changed why this user is inactive. The former reason, and what follows from it, holds again."
	reasonUndoAdopted  = "The run tied this user to an entry of the directory. The user belongs to no entry any more and is as before."
	reasonUndoChanges  = "The run changed the user's attributes, and they are set back."
	reasonUndoGone     = "The user has been deleted for good since the run; nothing brings an account back. If the entry exists, a synchronization adds the person as a new user."
	reasonUndoClaimed  = "The user was claimed since the run and has not decided about the old account yet; the account is left alone until then (A30)."
	reasonUndoUnknown  = "The plan of the run does not say what the user was before."
	reasonUndoMadeAnew = "The user was added by another run, not by this one."
	reasonUndoMoved    = "The user has been tied to another entry since, or the entry has moved; what the run did is no longer what the user is."
	reasonUndoChanged  = "The user's attributes have changed since the run, and the later change stays."
	reasonUndoAsBefore = "The user is as before the run already."

	reasonUndoLostAgain = "The user has come back since the run and was lost again, and the later loss stays."
)

func undoOtherStatus(now string) string {
	return fmt.Sprintf("The user's status is %s by now and no longer what the run made it; the later change stays.", now)
}

// undoTaken says why attributes cannot be set back.
func undoTaken(n need) string {
	what, key := "userName", string(n.user)
	if n.email != "" {
		what, key = "address", string(n.email)
	}
	return fmt.Sprintf("The %s %s, which the user had before, belongs to somebody else by now or is reserved. A user whom the same run added keeps an address "+
		"until the user is deleted for good.", what, key)
}

// caution says what becomes of the undoing at the next synchronization.
func (u *undoing) caution() string {
	text := "The directory stays as it is: the next synchronization does the same again, unless what was wrong is set right first, in the directory or in the " +
		"connector's mapping, base or filter."
	if u.Connector.UpdatedAt.After(u.run.StartedAt) {
		text += " The connector's settings were changed after the run began."
	} else {
		text += " The connector's settings are still those of the run."
	}
	return text + " Nothing synchronizes by itself until somebody has made a plan again, and the next synchronization reads everything."
}

// op is what the step that takes the run's one back is.
func (r *reversal) op() Op {
	before, after := r.account.InactiveReason, r.reason()
	switch {
	case r.of.Op == OpCreate:
		return OpRemove
	case before == after && r.link() == nil && r.account.Directory != nil:
		return OpUntie
	case before == after && r.kept != "":
		return OpConflict
	case before == after && (r.account.UserName != r.draft.UserName || r.account.PrimaryEmail() != r.primary() || !sameEntry(r.account.Directory, r.link())):
		return OpRename
	case before == after:
		return OpUpdate
	case after.GoneFromDirectory():
		return OpRemove
	case before.GoneFromDirectory():
		return OpRestore
	case after != "":
		return OpDisable
	}
	return OpEnable
}

func (r *reversal) primary() string {
	e, _ := r.draft.PrimaryEmail()
	return e.Value
}

func sameEntry(a, b *identity.DirectoryLink) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// reason is why the account is inactive once the step is taken back; empty if it is not.
func (r *reversal) reason() identity.InactiveReason {
	if r.of.Was == nil {
		return identity.DirectoryDeleted // a user whom the run added
	}
	return r.of.Was.Reason
}

// link is the entry that the account belongs to once the step is taken back.
func (r *reversal) link() *identity.DirectoryLink {
	if r.of.Was == nil {
		return r.account.Directory
	}
	return r.of.Was.Link
}

// step takes the run's step back.
func (r *reversal) step() Step {
	a, op := r.account, r.op()
	step := Step{Op: op, Account: a.ID, Version: a.Version, UserName: a.UserName, Object: r.of.Object, DN: r.of.DN, Reason: r.why(op)}
	if op == OpConflict {
		step.Code, step.Reason = RuleNotUndoable, "The attributes stay as they are. "+r.kept
		return step
	}
	if r.of.Photo != nil && r.of.Op != OpCreate {
		step.Notes = append(step.Notes, noteUndoPhoto)
	}
	draft := r.draft
	if r.kept != "" {
		draft = a.Draft()
		step.Notes = append(step.Notes, "The attributes stay as they are. "+r.kept)
	}
	step.Draft, step.Standing, step.Loss = stored(draft), standingFor(r.reason()), ""
	if step.Standing == identity.DirectoryMissing {
		step.Loss = r.reason()
	}
	step.Back = &Former{Reason: r.reason(), Link: r.link()}
	step.Changes = r.changes(step.Standing)
	return step
}

// standingFor is the trigger that makes an account inactive for a reason, or not inactive.
func standingFor(reason identity.InactiveReason) identity.Trigger {
	switch {
	case reason == "":
		return identity.DirectoryPresent
	case reason == identity.DirectoryDisabled:
		return identity.DirectoryBlocked
	case reason.GoneFromDirectory():
		return identity.DirectoryMissing
	}
	return identity.Deactivate
}

func (r *reversal) why(op Op) string {
	before, after := r.account.InactiveReason, r.reason()
	switch {
	case r.of.Op == OpCreate:
		return reasonUndoCreated
	case r.link() == nil && r.account.Directory != nil:
		return reasonUndoAdopted
	case before == after:
		return reasonUndoChanges
	case before == "":
		return reasonUndoReturn
	case after == "":
		return reasonUndoLoss
	}
	return reasonUndoReason
}

// changes are those of the run, the other way round.
func (r *reversal) changes(to identity.Trigger) (list []Change) {
	a, reason := r.account, r.reason()
	switch {
	case reason == a.InactiveReason:
	case reason != "":
		list = append(list, Change{Attribute: "status", Before: standing(a), After: inactive(reason)})
	default:
		list = append(list, *statusChange(a, true, false))
	}
	if r.of.Op == OpCreate {
		return list
	}
	if r.kept == "" {
		for _, c := range append(append([]Change(nil), r.of.Changes...), r.late...) {
			if c.Attribute != "status" && c.Attribute != "directory.dn" && c.Attribute != photoAttribute {
				list = append(list, Change{Attribute: c.Attribute, Before: c.After, After: c.Before})
			}
		}
	}
	if link := r.link(); !sameEntry(a.Directory, link) {
		c := Change{Attribute: "directory.dn"}
		if a.Directory != nil {
			c.Before = a.Directory.DN
		}
		if link != nil {
			c.After = link.DN
		}
		list = append(list, c)
	}
	return list
}
