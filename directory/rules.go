package directory

import (
	"errors"
	"strings"

	"rollcall/identity"
)

// The codes that this package refuses with, and those of single steps.
const (
	RulePlanStale        identity.Rule = "PLAN_STALE"
	RulePlanHeld         identity.Rule = "PLAN_HELD"
	RulePlanRefused      identity.Rule = "PLAN_REFUSED"
	RulePlanApplied      identity.Rule = "PLAN_APPLIED"
	RulePlanNotHeld      identity.Rule = "PLAN_NOT_HELD"
	RulePlanDamaged      identity.Rule = "PLAN_DAMAGED"
	RuleFullSyncRequired               = identity.RuleFullSyncRequired
	RuleRunUnfinished    identity.Rule = "RUN_UNFINISHED"
	RuleRunPaused        identity.Rule = "RUN_PAUSED"
	RuleRunNotPaused     identity.Rule = "RUN_NOT_PAUSED"
	RuleSyncOff          identity.Rule = "SYNC_DISABLED"
	RuleSyncPaused       identity.Rule = "SYNC_PAUSED"
	RuleApproverNeeded   identity.Rule = "APPROVER_REQUIRED"

	RulePlanDropped identity.Rule = "PLAN_DROPPED"
	RuleRunUndoes   identity.Rule = "RUN_UNDOES"
	RuleNotPurged   identity.Rule = "NOT_PURGED"
	RuleNotUndoable identity.Rule = "NOT_UNDOABLE"

	RuleUnreachable identity.Rule = "DIRECTORY_UNREACHABLE"

	RuleNotConverted   identity.Rule = "USER_COULD_NOT_BE_CONVERTED"
	RuleEntryUnusable  identity.Rule = "ENTRY_UNUSABLE"
	RuleDuplicateEntry identity.Rule = "DUPLICATE_IN_DIRECTORY"
	RuleCaseMismatch   identity.Rule = "CASE_MISMATCH"
	RuleMismatched     identity.Rule = "MISMATCHED"
	RuleLossNotPlanned identity.Rule = "LOSS_NOT_PLANNED"
	RuleLossUnproven   identity.Rule = "LOSS_UNPROVEN"
	RuleRetained       identity.Rule = "RETAINED_OUT_OF_SCOPE"
	RuleClaimUndecided identity.Rule = "CLAIM_UNDECIDED"
	RuleAccountMovedOn identity.Rule = "ACCOUNT_CHANGED_SINCE"
	RuleSeveralEntries identity.Rule = "SEVERAL_ENTRIES_MATCH"
)

// sentence turns the detail of an error into a sentence for a plan.
func sentence(err error) string {
	var e *identity.Error
	if !errors.As(err, &e) || e.Kind == identity.Internal {
		return "Something went wrong inside the server; its log has the details."
	}
	text := e.Detail
	if text != "" {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	return strings.TrimSuffix(text, ".") + "."
}
