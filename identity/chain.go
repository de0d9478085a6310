package identity

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
)

// Digest returns the hash of an event in its organization's chain: the SHA-256, in hexadecimal, of the hash of the event before
// it (empty for the first) and of everything that the event says, each part preceded by its length so that no two events can
// read the same. Whoever changes, removes or puts in an event has to change every hash after it.
func (e Event) Digest(before string) string {
	parts := [...]string{
		before, strconv.FormatInt(e.Seq, 10), string(e.ID), string(e.Org), strconv.FormatInt(e.At.UnixMicro(), 10), string(e.Kind), string(e.Rule),
		string(e.Actor.Kind), e.Actor.ID, e.Actor.Name, string(e.Actor.Org), string(e.Actor.Account), e.Actor.Request.Email,
		string(e.Actor.Request.Role), e.Actor.Request.IP, e.Actor.Request.UserAgent, e.Actor.Request.TrackingID, e.Actor.Request.Operation,
		string(e.Account), e.AccountName, string(e.Target.Type), e.Target.ID, e.Target.Name, string(e.Reason), string(e.Evidence),
		string(e.Error), e.Message,
	}
	size := 0
	for _, p := range parts {
		size += 4 + len(p)
	}
	b := make([]byte, 0, size)
	for _, p := range parts {
		b = binary.BigEndian.AppendUint32(b, uint32(len(p)))
		b = append(b, p...)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// ChainReport says what [Service.VerifyChain] found.
type ChainReport struct {
	Org    OrgID  `json:"org"`
	Events int64  `json:"events"` // how many were good before the first fault, if there is one
	Head   string `json:"head"`   // the hash of the last good one; written down elsewhere, it proves all of them
	Fault  string `json:"fault,omitempty"`
	Event  string `json:"event,omitempty"` // the first event that does not fit
}

// Broken reports whether a fault was found.
func (r ChainReport) Broken() bool { return r.Fault != "" }

// chainPage is how many events are read at a time.
const chainPage = 1000

// VerifyChain computes every hash of an organization's events again and tells the first that does not fit.
func (s *Service) VerifyChain(ctx context.Context, org OrgID) (ChainReport, error) {
	return VerifyChain(ctx, s.store, org)
}

// Chains is where events are read in the order of their chains.
type Chains interface {
	ChainHead(ctx context.Context, org OrgID) (seq int64, hash string, err error)
	Chain(ctx context.Context, org OrgID, after int64, limit int) ([]Event, error)
}

// VerifyChain is the service's, wherever the events are.
func VerifyChain(ctx context.Context, events Chains, org OrgID) (ChainReport, error) {
	report := ChainReport{Org: org}
	// The head is read first: what is recorded meanwhile is beyond it and does not count.
	last, head, err := events.ChainHead(ctx, org)
	if err != nil {
		return report, err
	}
	for report.Events < last {
		page, err := events.Chain(ctx, org, report.Events, chainPage)
		if err != nil {
			return report, err
		}
		for _, e := range page {
			switch {
			case e.Seq != report.Events+1:
				report.Fault = fmt.Sprintf("event %d is missing; the next one is %d", report.Events+1, e.Seq)
			case e.Hash != e.Digest(report.Head):
				report.Fault = fmt.Sprintf("event %d was changed, or the ones before it were", e.Seq)
			}
			if report.Fault != "" {
				report.Event = string(e.ID)
				return report, nil
			}
			report.Events, report.Head = e.Seq, e.Hash
			if report.Events == last {
				break
			}
		}
		if len(page) == 0 {
			report.Fault = fmt.Sprintf("the last %d of %d events are missing", last-report.Events, last)
			return report, nil
		}
	}
	if report.Head != head {
		report.Fault = fmt.Sprintf("the chain ends with another hash than was noted for its %d events", last)
	}
	return report, nil
}
