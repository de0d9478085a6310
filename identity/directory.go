package identity

import (
	"encoding/json"
	"time"
)

// Connector is an organization's connection to a directory. Its settings are the connector's own business: identity
// stores them as they are. They name the file of the bind password, or the password is kept sealed beside them; they never hold it.
type Connector struct {
	ID             ConnectorID     `json:"id"`
	Org            OrgID           `json:"org"`
	Name           string          `json:"name"` // unique in the organization
	Kind           string          `json:"kind"` // ad or openldap
	Settings       json.RawMessage `json:"settings"`
	Domain         string          `json:"domain,omitempty"`         // of Active Directory that it reads; unique in the organization (DIR-02)
	Secret         string          `json:"-"`                        // sealed for this connector alone; empty: there is none
	LastGoodCount  int             `json:"lastGoodCount"`            // entries in scope at the last complete run
	LastGoodAt     time.Time       `json:"lastGoodAt,omitzero"`      // when that was
	LastGoodServer string          `json:"lastGoodServer,omitempty"` // which server answered
	Cursor         json.RawMessage `json:"-"`                        // since when changes are asked for; the connector's own business too
	CreatedAt      time.Time       `json:"createdAt"`
	UpdatedAt      time.Time       `json:"updatedAt"` // of the settings: a plan older than that is not applied (DIR-03)
	Version        int64           `json:"version"`
}

// PlanState is what became of a plan.
type PlanState string

// The states of a plan.
const (
	PlanReady    PlanState = "ready"    // may be applied
	PlanHeld     PlanState = "held"     // the loss guard holds it until an administrator approves it
	PlanRefused  PlanState = "refused"  // the directory's answer was not good enough to act on; never applied
	PlanApproved PlanState = "approved" // held before, approved by name
	PlanApplying PlanState = "applying" // a run has begun
	PlanApplied  PlanState = "applied"
)

// Plan is a stored synchronization plan: what was shown is what is applied.
type Plan struct {
	ID         PlanID          `json:"id"`
	Org        OrgID           `json:"org"`
	Connector  ConnectorID     `json:"connector"`
	CreatedAt  time.Time       `json:"createdAt"`
	Hash       string          `json:"hash"` // SHA-256 of the body, in hexadecimal
	State      PlanState       `json:"state"`
	Summary    json.RawMessage `json:"summary"`
	ApprovedBy string          `json:"approvedBy,omitempty"`
	Mismatched int             `json:"mismatched"`       // users whom no entry matches (DIR-04); -1: the plan does not tell
	Undoes     RunID           `json:"undoes,omitempty"` // the run that the plan takes back; it says nothing about the directory then
	Body       []byte          `json:"-"`
	DroppedAt  time.Time       `json:"droppedAt,omitzero"` // since when the body is not kept any more
	Version    int64           `json:"version"`
}

// RunState is how a run stands.
type RunState string

// The states of a run.
const (
	RunRunning   RunState = "running"
	RunPaused    RunState = "paused" // after its first steps, for somebody to look; it goes on or is ended
	RunEnded     RunState = "ended"  // by somebody who looked; the rest was not applied
	RunCompleted RunState = "completed"
	RunErrors    RunState = "completed_with_errors"
	RunFailed    RunState = "failed"
)

// Run is the application of a plan. NextStep is written with the steps it counts, so that a run that was cut short goes on
// where it stopped.
type Run struct {
	ID         RunID           `json:"id"`
	Org        OrgID           `json:"org"`
	Connector  ConnectorID     `json:"connector"`
	Plan       PlanID          `json:"plan"`
	State      RunState        `json:"state"`
	Actor      Actor           `json:"actor"`
	StartedAt  time.Time       `json:"startedAt"`
	FinishedAt time.Time       `json:"finishedAt,omitzero"`
	NextStep   int             `json:"nextStep"`
	Report     json.RawMessage `json:"report,omitempty"`
	Version    int64           `json:"version"`
}
