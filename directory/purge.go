package directory

import (
	"context"
	"slices"
	"time"

	"rollcall/identity"
)

// Purging names users who are to be deleted for good at once, of those who are gone from the directory (DIR-10).
type Purging struct {
	All   bool                 `json:"all,omitempty"` // instead of Users: everybody
	Users []identity.AccountID `json:"users,omitempty"`
}

// check refuses everybody beside somebody: whoever names users does not mean all of them.
func (p Purging) check() error {
	if p.All && len(p.Users) > 0 {
		return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "all is everybody who is gone; name nobody beside it").At("purge")
	}
	return nil
}

// PlanPurging is [Syncer.Plan], or of changes [Syncer.PlanChanges], of a synchronization that also deletes users for good who are gone from
// the directory: their addresses and licences are free at once, for others of the same plan too. Whose entry is back is not deleted.
func (s *Syncer) PlanPurging(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, by identity.Actor, kind ReadingKind, purge Purging, progress Progress) (identity.Plan, Plan, error) {
	return s.plan(ctx, org, connector, by, asked{kind: kind, purge: purge}, progress)
}

// goneFromDirectory is [identity.InactiveReason.GoneFromDirectory] as a store understands it.
var goneFromDirectory = identity.Or{
	&identity.Compare{Field: identity.FieldReason, Op: identity.Equal, Text: string(identity.DirectoryDeleted)},
	&identity.Compare{Field: identity.FieldReason, Op: identity.Equal, Text: string(identity.DirectoryOutOfScope)},
}

// purged loads who is to be deleted, in the order of their ids.
func (s *Syncer) purged(ctx context.Context, n identity.Connector, p Purging) ([]identity.Account, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if p.All {
		var all []identity.Account
		err := s.eachGone(ctx, n.Org, func(a identity.Account) {
			if purgeable(a, n) {
				all = append(all, a)
			}
		})
		return all, err
	}
	var named []identity.Account
	for _, id := range slices.Compact(slices.Sorted(slices.Values(p.Users))) {
		a, err := s.service.Reader().Account(ctx, n.Org, id)
		switch {
		case err != nil:
			return nil, err
		case a.State() != identity.StateDeleted:
			return nil, identity.Refuse(identity.Conflict, identity.RuleInvalidTransition, "the user %s is %s and not gone from the directory; only users who are can be "+
				"deleted early, and the directory decides who is", a.UserName, standing(a))
		case !purgeable(a, n):
			return nil, identity.Refuse(identity.Conflict, identity.RuleInvalidTransition, "the user %s belongs to another connector; name it in a plan of that one", a.UserName)
		}
		named = append(named, a)
	}
	return named, nil
}

// purgeable reports whether a connector may delete somebody early: its own people, and those whom no entry ever matched (DIR-04).
func purgeable(a identity.Account, n identity.Connector) bool {
	return a.State() == identity.StateDeleted && (a.Directory == nil || a.Directory.Connector == n.ID)
}

// eachGone calls visit for everybody who is gone from the directory, in the order of their ids.
func (s *Syncer) eachGone(ctx context.Context, org identity.OrgID, visit func(identity.Account)) error {
	var after identity.AccountID
	for {
		page, err := s.service.Reader().Accounts(ctx, org, identity.AccountQuery{Where: goneFromDirectory, After: after, Limit: accountsPerPage})
		if err != nil {
			return err
		}
		for _, a := range page {
			if a.State() == identity.StateDeleted {
				visit(a)
			}
		}
		if len(page) < accountsPerPage {
			return nil
		}
		after = page[len(page)-1].ID
	}
}

// judgePurges decides who of those who are to be deleted early is deleted: nobody whose entry may be back.
func (s *survey) judgePurges() {
	s.purged = map[identity.AccountID]bool{}
	for _, a := range s.Purge {
		step := Step{Op: OpPurge, Account: a.ID, Version: a.Version, UserName: a.UserName, Reason: reasonPurge}
		if a.Directory != nil {
			step.Object, step.DN = a.Directory.Object, a.Directory.DN
		}
		switch {
		case step.Object != "" && s.present[step.Object]:
			step.Op, step.Code, step.Reason = OpSkip, RuleNotPurged, reasonPurgeBack
		case s.noLosses != "":
			step.Op, step.Code, step.Reason = OpSkip, RuleNotPurged, reasonPurgeUnproven
		default:
			s.purged[a.ID] = true
			step.Changes = []Change{{Attribute: "status", Before: standing(a), After: "deleted for good"}}
		}
		s.purges = append(s.purges, step)
	}
}

// Deleted is somebody who is gone from the directory and will be deleted for good.
type Deleted struct {
	Account   identity.AccountID      `json:"account"`
	UserName  string                  `json:"userName"`
	Connector identity.ConnectorID    `json:"connector,omitempty"` // none: somebody whom no entry matched
	DN        string                  `json:"dn,omitempty"`        // where the entry was last seen
	Reason    identity.InactiveReason `json:"reason"`
	Since     time.Time               `json:"since"`
	PurgeAt   time.Time               `json:"purgeAt"`
}

// Deleted lists who is gone from the directory, whoever goes first first; of one connector unless it is empty.
func (s *Syncer) Deleted(ctx context.Context, org identity.OrgID, connector identity.ConnectorID) ([]Deleted, error) {
	o, err := s.service.Reader().Organization(ctx, org)
	if err != nil {
		return nil, err
	}
	list := []Deleted{}
	err = s.eachGone(ctx, org, func(a identity.Account) {
		d := Deleted{Account: a.ID, UserName: a.UserName, Reason: a.InactiveReason, Since: a.StatusAt}
		d.PurgeAt, _ = a.PurgeAt(o)
		if a.Directory != nil {
			d.Connector, d.DN = a.Directory.Connector, a.Directory.DN
		}
		if connector == "" || d.Connector == connector {
			list = append(list, d)
		}
	})
	slices.SortStableFunc(list, func(a, b Deleted) int { return a.PurgeAt.Compare(b.PurgeAt) })
	return list, err
}
