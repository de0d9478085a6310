package directory

import (
	"context"
	"time"

	"rollcall/identity"
)

// Source reads a directory. It decides nothing.
type Source interface {
	// Snapshot reads every entry in scope. An answer that cannot be proven complete comes back with its Gaps; a directory
	// that did not answer is an error.
	Snapshot(ctx context.Context, progress Progress) (Snapshot, error)
	// Find looks entries up by their immutable ids, deleted ones included (DIR-18). known is an entry that exists: unless the
	// same look-up finds it, nothing that the look-up does not find counts as absent. There is one finding for each id.
	Find(ctx context.Context, ids []identity.ObjectID, known identity.ObjectID) ([]Finding, error)
	Close() error
}

// Progress is told how far long work has come. total is 0 while it is not known. It may be nil.
type Progress func(phase string, done, total int)

func (p Progress) tell(phase string, done, total int) {
	if p != nil {
		p(phase, done, total)
	}
}

// Snapshot is one reading of a directory.
type Snapshot struct {
	Entries []Entry
	Groups  []GroupEntry // if the connector mirrors groups
	Owns    []string     // the attribute paths that the mapping owns, sorted; "externalId" and "emails" among them
	Photos  bool         // the connector takes photos: an entry without one has none
	// MembersByName says that entries name others by DN: whoever gets another one may be in a group, or somebody's manager, no longer.
	MembersByName bool
	Complete      bool     // proven: see Gaps
	Gaps          []string // why it is not proven complete, one sentence each
	Server        string   // who answered
	InvocationID  string   // which copy of the directory's data answered, if the server tells
	HighestUSN    int64    // read before the search; 0 if the server has none
	ReadAt        time.Time
	// Cursor is where changes begin that the snapshot may not have; none if the directory cannot tell changes, or cannot be relied on to.
	Cursor Cursor
}

// FindingKind is what became of an entry that a complete reading does not have.
type FindingKind string

// The kinds of findings (DIR-18).
const (
	Tombstone  FindingKind = "tombstone"    // deleted, and the directory shows the remains
	Absent     FindingKind = "absent"       // not there, while a known entry was found by the same look-up
	OutOfScope FindingKind = "out_of_scope" // exists, outside the base or the filter
	Unknown    FindingKind = "unknown"      // the look-up failed or contradicts itself
)

// Finding is the evidence about one missing entry.
type Finding struct {
	ID     identity.ObjectID
	Kind   FindingKind
	DN     string // where the entry or its remains are, if anywhere
	Detail string // one sentence
}
