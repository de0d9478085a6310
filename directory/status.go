package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"rollcall/identity"
)

// RuleNotQuarantined refuses to resume what goes on anyway.
const RuleNotQuarantined identity.Rule = "NOT_QUARANTINED"

// Status is where a connector stands: what it did last, what it will do next, and what stands in the way.
type Status struct {
	Org       identity.OrgID       `json:"org"`
	Connector identity.ConnectorID `json:"connector"`
	Name      string               `json:"name"`
	Mode      identity.SyncMode    `json:"mode"` // of the organization
	Success   *Success             `json:"lastSuccess,omitempty"`
	Attempt   *Attempt             `json:"lastAttempt,omitempty"`
	Failures  int                  `json:"failures"` // in a row

	FullEvery        string     `json:"fullEvery"` // "off" or a duration
	IncrementalEvery string     `json:"incrementalEvery"`
	NextFull         time.Time  `json:"nextFull,omitzero"` // only while something runs by itself
	NextIncremental  time.Time  `json:"nextIncremental,omitzero"`
	Idle             string     `json:"idle,omitempty"` // why nothing runs by itself, as a sentence
	QuarantinedAt    time.Time  `json:"quarantinedAt,omitzero"`
	Waiting          *Waiting   `json:"waiting,omitempty"`
	RunningUntil     *time.Time `json:"runningUntil,omitempty"` // a server is at it, and renews this as long as it lives
}

// Success is the last run of a complete reading that ended.
type Success struct {
	At      time.Time         `json:"at"`
	Kind    identity.SyncKind `json:"kind"`
	Run     identity.RunID    `json:"run,omitempty"`
	Applied map[Op]int        `json:"applied,omitempty"`
	Failed  int               `json:"failed"`
	Stale   int               `json:"stale"`
}

// Attempt is the last attempt, whatever came of it.
type Attempt struct {
	At      time.Time         `json:"at"`
	Kind    identity.SyncKind `json:"kind"`
	Trouble string            `json:"trouble,omitempty"`
}

// Waiting is a plan that somebody has to deal with before anything runs by itself.
type Waiting struct {
	Plan    identity.PlanID    `json:"plan"`
	State   identity.PlanState `json:"state"`
	MadeAt  time.Time          `json:"madeAt"`
	Why     string             `json:"why,omitempty"`
	Command string             `json:"command"` // what lets it be applied
}

// Status returns where every connector of an organization stands, in the order of their names.
func (s *Syncer) Status(ctx context.Context, org identity.OrgID) ([]Status, error) {
	read := s.service.Reader()
	o, err := read.Organization(ctx, org)
	if err != nil {
		return nil, err
	}
	connectors, err := read.Connectors(ctx, org)
	if err != nil {
		return nil, err
	}
	all := make([]Status, 0, len(connectors))
	for _, n := range connectors {
		one, err := s.status(ctx, o, n)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func (s *Syncer) status(ctx context.Context, o identity.Organization, n identity.Connector) (Status, error) {
	read := s.service.Reader()
	schedule, err := read.Schedule(ctx, o.ID, n.ID)
	if err != nil {
		return Status{}, err
	}
	st := Status{Org: o.ID, Connector: n.ID, Name: n.Name, Mode: o.SyncMode, Failures: schedule.Failures,
		FullEvery: interval(schedule.FullEvery), IncrementalEvery: interval(schedule.IncrementalEvery), QuarantinedAt: schedule.QuarantinedAt}
	if !schedule.SuccessAt.IsZero() {
		st.Success = &Success{At: schedule.SuccessAt, Kind: schedule.SuccessKind, Run: schedule.SuccessRun}
		if schedule.SuccessRun != "" {
			run, err := read.Run(ctx, o.ID, schedule.SuccessRun)
			if err != nil {
				return st, err
			}
			report, err := reportOf(run)
			if err != nil {
				return st, err
			}
			st.Success.Applied, st.Success.Failed, st.Success.Stale = report.Applied, report.Failed, report.Stale
		}
	}
	if !schedule.AttemptAt.IsZero() {
		st.Attempt = &Attempt{At: schedule.AttemptAt, Kind: schedule.AttemptKind, Trouble: schedule.Trouble}
	}
	now, err := s.service.SharedNow(ctx)
	if err != nil {
		return st, err
	}
	if schedule.LeaseUntil.After(now) {
		st.RunningUntil = &schedule.LeaseUntil
	}
	plans, err := read.Plans(ctx, o.ID, n.ID, "", 1)
	if err != nil {
		return st, err
	}
	if len(plans) > 0 && awaits(plans[0]) {
		if st.Waiting, err = waiting(plans[0]); err != nil {
			return st, err
		}
	}
	if st.Idle = idle(o, schedule); st.Idle == "" {
		st.NextFull, st.NextIncremental = schedule.NextFullAt, schedule.NextIncrementalAt
	}
	return st, nil
}

// waiting describes a plan that waits for somebody.
func waiting(p identity.Plan) (*Waiting, error) {
	var summary Summary
	if err := json.Unmarshal(p.Summary, &summary); err != nil {
		return nil, fmt.Errorf("directory: decode summary of plan %s: %w", p.ID, err)
	}
	w := &Waiting{Plan: p.ID, State: p.State, MadeAt: p.CreatedAt, Why: summary.Guard.Why, Command: fmt.Sprintf("rollcall sync apply --org %s %s", p.Org, p.ID)}
	if p.State == identity.PlanHeld {
		w.Command += " --approve --by NAME"
	}
	return w, nil
}

// idle says why nothing of a schedule runs by itself; empty if it does.
func idle(o identity.Organization, s identity.Schedule) string {
	switch {
	case o.SyncMode != identity.SyncAuto:
		return fmt.Sprintf("The organization's mode is %s; nothing runs by itself unless it is auto (rollcall org set %s --sync-mode auto).", o.SyncMode, o.ID)
	case !s.QuarantinedAt.IsZero():
		return whyQuarantined(s) + fmt.Sprintf(" To go on once that is mended: rollcall sync resume --org %s --connector %s", o.ID, s.Connector)
	case s.DueAt().IsZero():
		return fmt.Sprintf("Both kinds are off (rollcall sync schedule --org %s --connector %s --full 24h --incremental 4h).", o.ID, s.Connector)
	}
	return ""
}

func interval(d time.Duration) string {
	if d == 0 {
		return "off"
	}
	text := d.String()
	for _, nothing := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, nothing) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// Reschedule changes how often a connector synchronizes by itself: nil leaves an interval alone, zero switches it off.
func (s *Syncer) Reschedule(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, by identity.Actor, full, incremental *time.Duration) error {
	return s.service.Transact(ctx, org, by, func(c *identity.Acts) error {
		before, err := c.Tx().Schedule(ctx, org, connector)
		if err != nil {
			return err
		}
		after := before
		for kind, every := range map[identity.SyncKind]*time.Duration{identity.SyncFull: full, identity.SyncIncremental: incremental} {
			if every != nil && *every != before.Every(kind) {
				after = after.WithEvery(kind, *every, c.Now())
			}
		}
		if after == before {
			return nil
		}
		if err := after.Validate(); err != nil {
			return err
		}
		if err := c.Tx().UpdateSchedule(ctx, after); err != nil {
			return err
		}
		return c.Tell(ctx, identity.ScheduleChanged, map[string]any{"connector": connector, "fullEvery": interval(after.FullEvery),
			"incrementalEvery": interval(after.IncrementalEvery)})
	})
}

// Resume ends a quarantine: the next attempt is due at once.
func (s *Syncer) Resume(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, by identity.Actor) error {
	return s.service.Transact(ctx, org, by, func(c *identity.Acts) error {
		before, err := c.Tx().Schedule(ctx, org, connector)
		if err != nil {
			return err
		}
		if before.QuarantinedAt.IsZero() {
			return identity.Refuse(identity.Conflict, RuleNotQuarantined, "the connector has not stopped synchronizing by itself, so there is nothing to resume")
		}
		after := before
		after.Failures, after.FailingSince, after.QuarantinedAt = 0, time.Time{}, time.Time{}
		kind := identity.SyncFull
		if after.FullEvery == 0 {
			kind = identity.SyncIncremental
		}
		if err := c.Tx().UpdateSchedule(ctx, after.WithNext(kind, c.Now())); err != nil {
			return err
		}
		return c.Tell(ctx, identity.SyncResumed, map[string]any{"connector": connector, "stoppedAt": before.QuarantinedAt, "why": before.Trouble})
	})
}

// Print writes the status for people: what went well first, then what did not, then what comes.
func (s Status) Print(w io.Writer) error {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-17s %s\n", name, printable(fmt.Sprintf(format, args...)))
	}
	fmt.Fprintf(&b, "%s (%s)\n", printable(s.Name), s.Connector)
	line("mode", "%s", s.Mode)
	if s.Success == nil {
		line("last success", "never")
	} else {
		line("last success", "%s, %s%s", at(s.Success.At), s.Success.Kind, s.Success.figures())
	}
	switch {
	case s.Attempt == nil:
	case s.Attempt.Trouble == "":
		line("last attempt", "%s, %s, without trouble", at(s.Attempt.At), s.Attempt.Kind)
	default:
		line("last attempt", "%s, %s: %s", at(s.Attempt.At), s.Attempt.Kind, s.Attempt.Trouble)
	}
	if s.Failures > 0 {
		line("failures", "%d in a row", s.Failures)
	}
	if s.RunningUntil != nil {
		line("now", "a server synchronizes")
	}
	next := func(name, every string, at time.Time) {
		if text := instantOr(at, every); text != "" {
			line(name, "%s", text)
		}
	}
	next("next full", s.FullEvery, s.NextFull)
	next("next incremental", s.IncrementalEvery, s.NextIncremental)
	if s.Idle != "" {
		line("by itself", "nothing. %s", s.Idle)
	}
	if p := s.Waiting; p != nil {
		line("waits", "plan %s of %s is %s, and nothing runs by itself before it is dealt with. %s", p.Plan, at(p.MadeAt), p.State, p.Why)
		line("", "To read it: rollcall sync show --org %s %s", s.Org, p.Plan)
		line("", "To apply it: %s", p.Command)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func instantOr(t time.Time, every string) string {
	switch {
	case every == "off":
		return "off"
	case t.IsZero():
		return "every " + every + " once something runs by itself"
	}
	return at(t) + ", every " + every
}

func (s Success) figures() string {
	var parts []string
	for _, op := range Ops {
		if n := s.Applied[op]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, op))
		}
	}
	switch {
	case s.Run == "":
		return ""
	case len(parts) == 0:
		parts = append(parts, "nothing to do")
	}
	if n := s.Failed + s.Stale; n > 0 {
		parts = append(parts, fmt.Sprintf("%d not possible", n))
	}
	return ": " + strings.Join(parts, ", ")
}
