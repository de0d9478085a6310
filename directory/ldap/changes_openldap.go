package ldap

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/uuid"

	"rollcall/identity"
)

const (
	oidSyncRequest  = "1.3.6.1.4.1.4203.1.9.1.1"
	attrContextCSN  = "contextCSN"
	attrCreateTime  = "createTimestamp"
	syncBuffer      = 256
	generalizedTime = "20060102150405Z"
)

// startSyncrepl returns a cookie for each base DN that tells of whatever changes from now on: the sequence numbers of the latest changes
// that the server knows, in the form of its cookies.
func (s *Source) startSyncrepl(ctx context.Context, c *connection, v server, start cursor) (cursor, error) {
	none := func(format string, args ...any) (cursor, error) {
		return cursor{Way: byNothing, Why: fmt.Sprintf(format, args...)}, nil
	}
	if !slices.Contains(v.controls, oidSyncRequest) {
		return none("The server does not offer to tell what changed (RFC 4533); load and configure the overlay syncprov.")
	}
	start.Way, start.Cookies = bySyncrepl, map[string][]byte{}
	for _, dn := range s.settings.bases() {
		root := v.contextOf(dn)
		found, err := c.search(ctx, base(root, "(objectClass=*)", attrContextCSN))
		if err != nil && !answered(err) {
			return cursor{}, err
		}
		if err != nil || len(found.Entries) != 1 || len(found.Entries[0].GetAttributeValues(attrContextCSN)) == 0 {
			return none("The connector's account cannot read contextCSN of %s, so nobody knows up to where it has read; give it that right, or configure the overlay syncprov.", root)
		}
		csns := found.Entries[0].GetAttributeValues(attrContextCSN)
		slices.Sort(csns)
		start.Cookies[dn] = []byte("rid=000,csn=" + strings.Join(csns, ";"))
	}
	return start, nil
}

// askSyncrepl collects what changed since the cookies, and returns the next ones.
func (s *Source) askSyncrepl(ctx context.Context, c *connection, since map[string][]byte, linked func() ([]identity.ObjectID, error), t *told) (map[string][]byte, error) {
	next := map[string][]byte{}
	for dn, cookie := range since {
		r := &refresh{source: s, since: timeOf(cookie), told: t, present: map[identity.ObjectID]bool{}}
		after, err := r.run(ctx, c, dn, cookie)
		if err != nil {
			return nil, err
		}
		if next[dn] = cookie; len(after) > 0 {
			next[dn] = after
		}
		if r.deletes {
			continue
		}
		// The server told who is there. Whoever else we know of below this base is gone, or below another one.
		ids, err := linked()
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if !r.present[id] {
				t.ids[id] = true
			}
		}
	}
	return next, nil
}

// refresh is one answer to a request for changes (RFC 4533 section 3.3).
type refresh struct {
	source  *Source
	since   time.Time // entries made later have no history
	told    *told
	present map[identity.ObjectID]bool
	deletes bool // the server told who went; otherwise who is there
}

func (r *refresh) run(ctx context.Context, c *connection, dn string, cookie []byte) (next []byte, err error) {
	c.budget.refill()
	began := time.Now()
	request := ldap.NewSearchRequest(dn, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
		"(|"+strings.Join(r.source.settings.filters(), "")+containerFilter()+")", []string{attrClass, attrCreateTime}, nil)
	answer := c.Syncrepl(ctx, request, syncBuffer, ldap.SyncRequestModeRefreshOnly, cookie, false)
	done := false
	for answer.Next() {
		if answer.Referral() != "" && !r.source.harmless(answer.Referral(), server{}) {
			r.told.full = fmt.Sprintf("The server refers to %q for a part of %s.", answer.Referral(), dn)
		}
		for _, control := range answer.Controls() {
			switch control := control.(type) {
			case *ldap.ControlSyncState:
				r.entry(answer.Entry(), control)
			case *ldap.ControlSyncInfo:
				r.info(control)
			case *ldap.ControlSyncDone:
				done, r.deletes, next = true, control.RefreshDeletes, control.Cookie
			}
		}
	}
	if err := c.judge(ctx, began, answer.Err()); err != nil {
		return nil, err
	}
	if !done {
		r.told.full = "The server ended its answer without saying that it was complete."
	}
	return next, nil
}

func (r *refresh) entry(e *ldap.Entry, state *ldap.ControlSyncState) {
	id := identity.ObjectID(state.EntryUUID.String())
	r.present[id] = state.State != ldap.SyncStateDelete
	if state.State == ldap.SyncStatePresent {
		return
	}
	r.told.ids[id] = true
	if e == nil || state.State == ldap.SyncStateDelete {
		return
	}
	if made, err := time.Parse(generalizedTime, e.GetAttributeValue(attrCreateTime)); err == nil && !r.since.IsZero() && made.After(r.since) {
		return
	}
	for _, class := range e.GetAttributeValues(attrClass) {
		if slices.ContainsFunc(containers, func(c string) bool { return strings.EqualFold(c, class) }) {
			r.told.full = movedContainer(e.DN)
		}
	}
}

func (r *refresh) info(info *ldap.ControlSyncInfo) {
	if info.SyncIdSet == nil {
		return
	}
	for _, u := range info.SyncIdSet.SyncUUIDs {
		if id := identity.ObjectID(uuid.UUID(u).String()); info.SyncIdSet.RefreshDeletes {
			r.told.ids[id] = true
		} else {
			r.present[id] = true
		}
	}
}

// timeOf is when the latest change was that a cookie knows.
func timeOf(cookie []byte) (latest time.Time) {
	_, csns, _ := strings.Cut(string(cookie), "csn=")
	csns, _, _ = strings.Cut(csns, ",")
	for csn := range strings.SplitSeq(csns, ";") {
		digits, _, _ := strings.Cut(csn, ".")
		if at, err := time.Parse("20060102150405", digits); err == nil && at.After(latest) {
			latest = at
		}
	}
	return latest
}
