package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"rollcall/identity"
)

// Open connects to the directory of a connector.
type Open func(ctx context.Context, c identity.Connector) (Source, error)

// accountsPerPage is how many accounts are read at a time.
const accountsPerPage = 2000

// Syncer plans and applies synchronizations. It may be used by several goroutines, and several may work on one store.
type Syncer struct {
	service *identity.Service
	open    Open
}

// New returns a Syncer over a service.
func New(service *identity.Service, open Open) *Syncer { return &Syncer{service: service, open: open} }

// Plan reads the directory, plans what to do and stores the plan; it changes nobody (DIR-03), so it is possible while synchronization is
// off. A directory that does not answer, or
// answers with nobody, gives a plan that is refused and says so. by may be anybody; who applies the plan is recorded. The
// connector's receivers of reports are told of a plan that is held.
func (s *Syncer) Plan(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, by identity.Actor, progress Progress) (identity.Plan, Plan, error) {
	return s.plan(ctx, org, connector, by, asked{kind: ReadFull}, progress)
}

// PlanChanges is [Syncer.Plan] of what changed since the connector's last run that was applied to its end (DIR-06). It needs as long as
// there are changes, however many people there are. Where the directory cannot tell all changes, everything is read, and the plan
// says why.
func (s *Syncer) PlanChanges(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, by identity.Actor, progress Progress) (identity.Plan, Plan, error) {
	return s.plan(ctx, org, connector, by, asked{kind: ReadChanges}, progress)
}

// asked is what a plan shall be.
type asked struct {
	kind    ReadingKind
	toApply bool // at once
	purge   Purging
}

// plan is what [Syncer.Plan] and its like have in common.
func (s *Syncer) plan(ctx context.Context, org identity.OrgID, connector identity.ConnectorID, by identity.Actor, ask asked, progress Progress) (identity.Plan, Plan, error) {
	in, last, err := s.begun(ctx, org, connector)
	if err != nil {
		return identity.Plan{}, Plan{}, err
	}
	if in.Purge, err = s.purged(ctx, in.Connector, ask.purge); err != nil {
		return identity.Plan{}, Plan{}, err
	}
	var since bookmark
	if ask.kind == ReadChanges {
		if since, err = bookmarkOf(in.Connector); err != nil {
			return identity.Plan{}, Plan{}, err
		}
	}
	var steps encoder
	plan, err := s.compute(ctx, in, ask.kind, since, steps.put, progress)
	if err != nil {
		return identity.Plan{}, Plan{}, err
	}
	stored, err := s.storePlan(ctx, in, plan, &steps, last, by, ask.toApply)
	if err != nil {
		return stored, plan, err
	}
	plan, err = plan.keptIn(stored)
	return stored, plan, err
}

// begun is what every plan begins with, and whom the organization claimed last.
func (s *Syncer) begun(ctx context.Context, org identity.OrgID, connector identity.ConnectorID) (in Input, last identity.Claim, err error) {
	read := s.service.Reader()
	in.EmailPolicy = s.service.EmailPolicy()
	if in.Org, err = read.Organization(ctx, org); err != nil {
		return in, last, err
	}
	if in.Connector, err = read.Connector(ctx, org, connector); err != nil {
		return in, last, err
	}
	if in.Policy, err = PolicyOf(in.Connector.Settings); err != nil {
		return in, last, err
	}
	if in.Groups.Mode, err = groupMode(in.Connector.Settings); err != nil {
		return in, last, err
	}
	if _, err := receiversOf(in.Connector.Settings); err != nil {
		return in, last, err
	}
	in.Now = s.service.Now()
	if in.Past, err = s.past(ctx, in.Connector, in.Now); err != nil {
		return in, last, err
	}
	last, _, err = identity.LastClaim(ctx, read, org)
	return in, last, err
}

func (s *Syncer) compute(ctx context.Context, in Input, kind ReadingKind, since bookmark, put func(Step), progress Progress) (plan Plan, err error) {
	source, err := s.open(ctx, in.Connector)
	if err == nil {
		defer source.Close()
		photos := staging{}
		if plan, err = s.planFrom(ctx, source, in, kind, since, photos.watching(put), progress); err == nil {
			if plan.id, err = s.stagePhotos(ctx, source, in, photos, progress); err != nil {
				return Plan{}, err // the directory did answer
			}
		}
	}
	switch {
	case err == nil:
		return plan, nil
	case ctx.Err() != nil:
		return Plan{}, ctx.Err()
	case identity.KindOf(err) == identity.Unavailable:
		return unreachable(in, kind, s, err), nil
	}
	return Plan{}, err
}

func (s *Syncer) planFrom(ctx context.Context, source Source, in Input, kind ReadingKind, since bookmark, put func(Step), progress Progress) (Plan, error) {
	if kind == ReadChanges {
		plan, err := s.planFromChanges(ctx, source, in, since, put, progress)
		var owed *errFullReading
		if !errors.As(err, &owed) {
			return plan, err
		}
		in.Why = owed.why
	}
	if err := s.loadPhotos(ctx, source, &in); err != nil {
		return Plan{}, err
	}
	if err := s.gather(ctx, source, &in, progress); err != nil {
		return Plan{}, err
	}
	view := surveyOf(in)
	if err := s.lookUp(ctx, source, view, progress); err != nil {
		return Plan{}, err
	}
	progress.tell("planning", len(in.Snapshot.Entries), len(in.Snapshot.Entries))
	return view.plan(put), nil
}

// gather reads the directory and, meanwhile, the accounts. What changes between the two is caught by the versions that the steps
// are bound to.
func (s *Syncer) gather(ctx context.Context, source Source, in *Input, progress Progress) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	loaded := make(chan error, 1)
	go func() { loaded <- s.load(ctx, in) }()
	snapshot, err := source.Snapshot(ctx, progress)
	if err != nil {
		cancel()
		return errors.Join(err, ignoreCanceled(<-loaded))
	}
	in.Snapshot = snapshot
	return <-loaded
}

// ignoreCanceled drops the error of work that was told to stop.
func ignoreCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (s *Syncer) load(ctx context.Context, in *Input) error {
	read, org := s.service.Reader(), in.Org.ID
	n, err := read.CountAccounts(ctx, org, nil)
	if err != nil {
		return err
	}
	in.Accounts.grow(n + accountsPerPage)
	var after identity.AccountID
	for {
		page, err := read.Accounts(ctx, org, identity.AccountQuery{After: after, Limit: accountsPerPage})
		if err != nil {
			return err
		}
		in.Accounts.Add(page...)
		if len(page) < accountsPerPage {
			break
		}
		after = page[len(page)-1].ID
	}
	if err := s.loadGroups(ctx, in); err != nil {
		return err
	}
	return s.loadSurroundings(ctx, in)
}

// loadSurroundings loads what a plan must know besides accounts.
func (s *Syncer) loadSurroundings(ctx context.Context, in *Input) error {
	read, org := s.service.Reader(), in.Org.ID
	domains, err := read.Domains(ctx, org)
	if err != nil {
		return err
	}
	in.Verified = make(map[string]bool, len(domains))
	for _, d := range domains {
		in.Verified[d.Name] = true
	}
	connectors, err := read.Connectors(ctx, org)
	if err != nil {
		return err
	}
	for _, c := range connectors {
		if c.ID != in.Connector.ID {
			in.Others = append(in.Others, c)
		}
	}
	return nil
}

// lookUp adds what the plan needs to know of the missing entries and of the addresses that may be wanted.
func (s *Syncer) lookUp(ctx context.Context, source Source, view *survey, progress Progress) error {
	if ids, known := view.lookUps(); len(ids) > 0 {
		progress.tell("looking up missing entries", 0, len(ids))
		findings, err := source.Find(ctx, ids, known)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil: // no evidence: nobody is lost
			for _, id := range ids {
				findings = append(findings, Finding{ID: id, Kind: Unknown, Detail: sentence(err)})
			}
		}
		view.Findings = make(map[identity.ObjectID]Finding, len(findings))
		for _, f := range findings {
			view.Findings[f.ID] = f
		}
	}
	read := s.service.Reader()
	view.Held, view.Claimed = map[identity.EmailKey]identity.Hold{}, map[string]bool{}
	asked := map[string]bool{}
	wanted := view.wanted()
	held, err := read.HoldsAmong(ctx, wanted)
	if err != nil {
		return err
	}
	for _, hold := range held {
		view.Held[hold.Key] = hold
	}
	for _, key := range wanted {
		domain := key.DomainOf()
		if asked[domain] {
			continue
		}
		asked[domain] = true
		holders, err := read.DomainHolders(ctx, domain)
		if err != nil {
			return err
		}
		for _, d := range holders {
			if d.State == identity.DomainClaimed && d.Org != view.Org.ID {
				view.Claimed[domain] = true
			}
		}
	}
	return nil
}

// unreachable is the plan of a directory that did not answer (DIR-16).
func unreachable(in Input, kind ReadingKind, s *Syncer, err error) Plan {
	why := sentence(err)
	plan := Plan{Connector: in.Connector.ID, ConnectorName: in.Connector.Name, Steps: []Step{},
		Reading: Reading{Kind: kind, ReadAt: s.service.Now(), Gaps: []string{why}},
		Figures: Figures{Ops: map[Op]int{}},
		Refused: "The directory could not be read, so nothing is planned. " + why}
	policy := in.Policy.WithDefaults()
	plan.Guard = Guard{Base: policy.MinBase, MaxLosses: policy.MaxLosses, MaxPercent: policy.MaxLossPercent}
	return plan
}

// storePlan stores a plan unless what it was made from is no longer so: the connector's settings, and whom the organization claimed last
// before its users were read.
func (s *Syncer) storePlan(ctx context.Context, in Input, plan Plan, steps *encoder, last identity.Claim, by identity.Actor, toApply bool) (identity.Plan, error) {
	body, hash, err := steps.body(plan)
	if err != nil {
		return identity.Plan{}, fmt.Errorf("directory: encode plan: %w", err)
	}
	summary, err := encodeSummary(plan)
	if err != nil {
		return identity.Plan{}, err
	}
	stored := identity.Plan{ID: cmp.Or(plan.id, identity.PlanID(s.service.NewID())), Org: in.Org.ID, Connector: in.Connector.ID,
		Hash: hash, State: plan.State(), Mismatched: plan.mismatched(), Summary: summary, Body: body, Version: 1}
	if plan.Reading.Undoes != nil {
		stored.Undoes = plan.Reading.Undoes.Run
	}
	err = s.service.Transact(ctx, in.Org.ID, by, func(c *identity.Acts) error {
		now, err := c.Tx().Connector(ctx, in.Org.ID, in.Connector.ID)
		if err != nil {
			return err
		}
		if !now.UpdatedAt.Equal(in.Connector.UpdatedAt) {
			return identity.Refuse(identity.Conflict, RulePlanStale, "the settings of the connector were changed while the directory was read; plan again")
		}
		switch newer, _, err := identity.LastClaim(ctx, c.Tx(), in.Org.ID); {
		case err != nil:
			return err
		case newer.ID != last.ID:
			return identity.Refuse(identity.Conflict, RulePlanStale, "users were claimed while the directory was read; plan again")
		}
		stored.CreatedAt = c.Now()
		if err := c.Tx().InsertPlan(ctx, stored); err != nil || !tellsOfPlan(stored.State, toApply) {
			return err
		}
		if stored.State == identity.PlanRefused && by == schedule {
			s, err := c.Tx().Schedule(ctx, in.Org.ID, in.Connector.ID)
			if err != nil || s.Failures > 0 {
				return err // the first of several in a row is news, and so is the quarantine that ends them
			}
		}
		return tellOfPlan(ctx, c, now, stored, plan)
	})
	return stored, err
}

// actorOf is who changes people on a connector's behalf.
func actorOf(c identity.Connector) identity.Actor {
	return identity.Actor{Kind: identity.ConnectorRun, ID: string(c.ID), Name: c.Name, Org: c.Org}
}

// refusal reports whether err is a rule's or the store's judgement about one step, so that the others can go on.
func refusal(err error) bool {
	var e *identity.Error
	return errors.As(err, &e) && e.Kind != identity.Internal && e.Kind != identity.Unavailable
}
