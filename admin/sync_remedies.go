package admin

import (
	"rollcall/directory"
	"rollcall/identity"
)

// syncRemedies says for the codes of package directory that refuse a call what to do. Those of single steps are in plans and reports, with
// their reasons.
var syncRemedies = map[identity.Rule]string{
	directory.RulePlanStale:      "Make a new plan and look at it.",
	directory.RulePlanHeld:       "Look at the plan, and have a full administrator approve it if it is right.",
	directory.RulePlanRefused:    "Put right what the plan says of the directory, and plan again.",
	directory.RulePlanApplied:    "Make a new plan to see what differs now.",
	directory.RulePlanNotHeld:    "Nothing has to be done: only a plan that is held needs an approval.",
	directory.RulePlanDamaged:    "Make a new plan.",
	directory.RuleRunUnfinished:  "Apply the plan of that run again, which finishes it.",
	directory.RuleRunPaused:      "Apply the plan of the paused run again to go on with it, or end it.",
	directory.RuleRunNotPaused:   "Look at the run: only one that is paused can be ended.",
	directory.RuleSyncOff:        "Switch synchronization on.",
	directory.RuleSyncPaused:     "Set the mode to manual or auto.",
	directory.RuleApproverNeeded: "Approve it as a person, with a token of your own.",
	directory.RulePlanDropped:    "Correct what was wrong, and synchronize.",
	directory.RuleRunUndoes:      "Make a plan: synchronizing does again what was taken back.",
	directory.RuleUnreachable:    "Correct what the message names in the connector or at the directory, and try again.",
	directory.RuleNotQuarantined: "Nothing has to be done: the connector goes on by itself.",
}
