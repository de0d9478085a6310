package directory

import "rollcall/identity"

// Remedies say for the codes of this package that refuse a call what to do, as [identity.Rule.Remedy] does for others. Those of single steps
// are in plans and reports, with their reasons.
var Remedies = map[identity.Rule]string{
	RulePlanStale:      "Make a new plan and look at it.",
	RulePlanHeld:       "Look at the plan, and have a full administrator approve it if it is right.",
	RulePlanRefused:    "Put right what the plan says of the directory, and plan again.",
	RulePlanApplied:    "Make a new plan to see what differs now.",
	RulePlanNotHeld:    "Nothing has to be done: only a plan that is held needs an approval.",
	RulePlanDamaged:    "Make a new plan.",
	RuleRunUnfinished:  "Apply the plan of that run again, which finishes it.",
	RuleRunPaused:      "Apply the plan of the paused run again to go on with it, or end it.",
	RuleRunNotPaused:   "Look at the run: only one that is paused can be ended.",
	RuleSyncOff:        "Switch synchronization on.",
	RuleSyncPaused:     "Set the mode to manual or auto.",
	RuleApproverNeeded: "Approve it as a person, with a token of your own.",
	RulePlanDropped:    "Correct what was wrong, and synchronize.",
	RuleRunUndoes:      "Make a plan: synchronizing does again what was taken back.",
	RuleUnreachable:    "Correct what the message names in the connector or at the directory, and try again.",
	RuleNotQuarantined: "Nothing has to be done: the connector goes on by itself.",
}
