package directory

import (
	"context"
	"encoding/json"
	"slices"

	"rollcall/identity"
)

// applyUnit applies one step, or the steps of one exchange.
func (a *application) applyUnit(ctx context.Context, c *identity.Acts, unit []Step, r *Report, at int) error {
	if !unit[0].Op.Acts() {
		r.rest(at, unit[0])
		return nil
	}
	parked := map[identity.AccountID]bool{}
	if len(unit) > 1 {
		for _, step := range unit {
			if err := a.park(ctx, c, step, parked); err != nil {
				return err
			}
		}
	}
	for _, step := range unit {
		if err := a.applyStep(ctx, c, step, parked[step.Account]); err != nil {
			return err
		}
	}
	for _, step := range unit {
		r.applied(step)
	}
	return nil
}

func (a *application) applyStep(ctx context.Context, c *identity.Acts, s Step, parked bool) error {
	if s.ready.err != nil {
		return s.ready.err
	}
	evidence := s.ready.evidence
	if s.Op.OfGroup() {
		return a.applyGroup(ctx, c, s, evidence)
	}
	link := identity.DirectoryLink{Connector: a.plan.Connector, Object: s.Object, DN: s.DN}
	if s.Manager != "" && s.Draft == nil {
		return a.setManager(ctx, c, s, evidence)
	}
	s, err := a.withManager(ctx, c, s)
	if err != nil {
		return err
	}
	if s.Op == OpPurge {
		return c.Delete(ctx, s.Account, unchangedSince(s.Version))
	}
	if s.Op == OpCreate {
		made, err := c.Create(ctx, s.Draft.identity(), identity.Origin{Source: identity.SourceDirectory, Link: &link,
			Disabled: s.Standing == identity.DirectoryBlocked, Evidence: evidence})
		if err == nil {
			a.now[s.Object] = made.ID
			err = a.setPhoto(ctx, c, made.ID, s, evidence)
		}
		return a.orNotConverted(ctx, c, s, err)
	}
	version := s.Version
	if parked {
		version++
	}
	if s.Back != nil {
		_, err = c.TakeBack(ctx, s.Account, unchangedSince(version), identity.Former{Draft: s.Draft.identity(), Link: s.Back.Link, Reason: s.Back.Reason}, evidence)
		return err
	}
	m := identity.Mirror{Link: link, Standing: s.Standing, Loss: s.Loss, Evidence: evidence}
	if s.Draft != nil {
		m.Draft = s.Draft.identity()
	}
	if _, err = c.Mirror(ctx, s.Account, unchangedSince(version), m); err == nil {
		err = a.setPhoto(ctx, c, s.Account, s, evidence)
	}
	return a.orNotConverted(ctx, c, s, err)
}

// foreign are the refusals that an address can meet with because somebody elsewhere has it.
var foreign = []identity.Rule{identity.RuleEmailTaken, identity.RuleEmailClaimable, identity.RuleDomainNotAvailable, identity.RuleUserOwnsTrialOrg}

// orNotConverted says what a plan would have said if somebody elsewhere took the address after the plan was made: a connector neither
// claims nor converts (EML-12). Other errors stay as they are.
func (a *application) orNotConverted(ctx context.Context, c *identity.Acts, s Step, err error) error {
	if err == nil || s.Draft == nil || !slices.Contains(foreign, identity.RuleOf(err)) {
		return err
	}
	// If it was the store that refused, the transaction is over and runs again: then the first answer stands.
	domains, failed := c.Tx().Domains(ctx, a.plan.Org)
	if failed != nil {
		return err
	}
	verified := func(name string) bool {
		return slices.ContainsFunc(domains, func(d identity.Domain) bool { return d.Name == name })
	}
	holds, failed := s.Draft.identity().Holds(verified, a.service.EmailPolicy())
	if failed != nil {
		return err
	}
	for _, h := range holds {
		if held, failed := c.Tx().Hold(ctx, h.Key); failed == nil && held.Org != a.plan.Org {
			return identity.Refuse(identity.Conflict, RuleNotConverted, "%s", conflictForeign(string(h.Key)))
		}
	}
	return err
}

// park takes an account's addresses and userName off the board, so that others of the exchange can have them before the account
// gets its new ones in the same transaction. Nobody ever sees the account so.
func (a *application) park(ctx context.Context, c *identity.Acts, s Step, parked map[identity.AccountID]bool) error {
	account, err := c.Tx().Account(ctx, a.plan.Org, s.Account)
	if err != nil {
		return err
	}
	if err := unchangedSince(s.Version)(account); err != nil {
		return err
	}
	if err := c.Release(ctx, s.Account); err != nil {
		return err
	}
	if identity.KeyOfUserName(account.UserName) == identity.KeyOfUserName(s.Draft.UserName) {
		return nil
	}
	account.UserName = "parked " + string(account.ID)
	parked[s.Account] = true
	return c.Tx().UpdateAccount(ctx, account, nil)
}

// unchangedSince refuses an account that is no longer the one that the plan is about.
func unchangedSince(version int64) func(identity.Account) error {
	return func(a identity.Account) error {
		if a.Version != version {
			return identity.Refuse(identity.Stale, RuleAccountMovedOn, "the user %s was changed after the plan was made", a.UserName)
		}
		return nil
	}
}

func (d Draft) identity() identity.Draft {
	return identity.Draft{UserName: d.UserName, ExternalID: d.ExternalID, Emails: d.Emails, Profile: d.Profile, Active: true}
}

// withManager puts the account of the manager into a step whose manager the same plan made. If that did not come about, the next plan
// looks again.
func (a *application) withManager(ctx context.Context, c *identity.Acts, s Step) (Step, error) {
	if s.Manager == "" {
		return s, nil
	}
	boss, err := a.boss(ctx, c, s.Manager)
	if err != nil || boss == "" {
		return s, err
	}
	draft := *s.Draft
	if around := s.ready.around; around != nil {
		draft.Profile = around.with(boss)
	} else {
		draft.Profile, err = managedBy(draft.Profile, boss)
	}
	s.Draft = &draft
	return s, err
}

// boss is the account of a manager's entry; none if no account is linked to it.
func (a *application) boss(ctx context.Context, c *identity.Acts, object identity.ObjectID) (identity.AccountID, error) {
	for _, known := range []map[identity.ObjectID]identity.AccountID{a.now, a.made} {
		if id, ok := known[object]; ok {
			return id, nil
		}
	}
	linked, err := c.Tx().LinkedPeople(ctx, a.plan.Org, a.plan.Connector, []identity.ObjectID{object})
	if err != nil || len(linked) == 0 {
		return "", err
	}
	a.now[object] = linked[0].Account
	return linked[0].Account, nil
}

// setManager applies a step that writes nothing but the manager, of an account that the same plan may have made.
func (a *application) setManager(ctx context.Context, c *identity.Acts, s Step, evidence json.RawMessage) error {
	own, err := a.linkedTo(ctx, c, s.Object)
	if err != nil {
		return err
	}
	s.Draft = stored(own.Draft())
	if s, err = a.withManager(ctx, c, s); err != nil {
		return err
	}
	link := identity.DirectoryLink{Connector: a.plan.Connector, Object: s.Object, DN: s.DN}
	_, err = c.Mirror(ctx, own.ID, nil, identity.Mirror{Draft: s.Draft.identity(), Link: link, Standing: s.Standing, Evidence: evidence})
	return err
}

// linkedTo finds the account that is linked to an entry by now.
func (a *application) linkedTo(ctx context.Context, c *identity.Acts, object identity.ObjectID) (identity.Account, error) {
	linked, err := c.Tx().LinkedAccounts(ctx, a.plan.Org, a.plan.Connector, []identity.ObjectID{object})
	if err == nil && len(linked) == 0 {
		err = identity.Refuse(identity.NotFound, RuleAccountMovedOn, "no user is linked to the entry %s", object)
	}
	if err != nil {
		return identity.Account{}, err
	}
	return linked[0], nil
}
