package identity

import (
	"context"
	"slices"
)

// mayEdit holds USR-22: while the directory owns the organization, only its connector and the server itself change people.
func (c *Acts) mayEdit() error {
	if !c.org.ManagedByDirectory() || c.by.Kind == ConnectorRun || c.by.Kind == System {
		return nil
	}
	return Refuse(Conflict, RuleManagedByDirectory,
		"the people of this organization are managed by its directory; make the change there and synchronize")
}

func (c *Acts) mayTouch(a Account) error {
	if err := c.settled(a); err != nil {
		return err
	}
	return c.mayEdit()
}

// settled refuses accounts of a claim that is under way: the person decides first (CLM-40, SCM-12).
func (c *Acts) settled(a Account) error {
	if a.Shadow && c.by.Kind != System {
		return a.refusal("", refused)
	}
	if a.Status == DeferredClaim && c.by.Kind != System {
		return Refuse(Conflict, RuleInvalidTransition, "this user has been claimed and has not decided yet; nothing can be changed until then")
	}
	return nil
}

func (c *Acts) activeTrigger(active bool) Trigger {
	switch {
	case c.by.Kind == Provider && active:
		return ProviderReactivate
	case c.by.Kind == Provider:
		return ProviderDeactivate
	case active:
		return Reactivate
	default:
		return Deactivate
	}
}

func (c *Acts) inactiveReason() InactiveReason {
	if c.by.Kind == Provider {
		return ByProvider
	}
	return ByAdministrator
}

// domainStanding is what a domain means to the organization.
type domainStanding struct {
	verifiedHere     bool
	claimedElsewhere bool
}

// domain tells how a domain stands; the store is asked once in a transaction.
func (c *Acts) domain(ctx context.Context, name string) (domainStanding, error) {
	if d, known := c.domains[name]; known {
		return d, nil
	}
	holders, err := c.tx.DomainHolders(ctx, name)
	if err != nil {
		return domainStanding{}, err
	}
	var d domainStanding
	for _, h := range holders {
		if h.Org == c.org.ID {
			d.verifiedHere = true
		} else if h.State == DomainClaimed {
			d.claimedElsewhere = true
		}
	}
	if c.domains == nil {
		c.domains = map[string]domainStanding{}
	}
	c.domains[name] = d
	return d, nil
}

func (c *Acts) addresses(ctx context.Context, d Draft) ([]Hold, error) {
	return d.addresses(func(domain string) (bool, error) {
		standing, err := c.domain(ctx, domain)
		return standing.verifiedHere, err
	}, c.service.policy)
}

func (c *Acts) userNameFree(ctx context.Context, userName string, own AccountID) error {
	other, err := c.tx.AccountByUserName(ctx, c.org.ID, KeyOfUserName(userName))
	if IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if other.ID == own {
		return nil
	}
	return Refuse(Conflict, RuleUserNameTaken, "another user of this organization has the userName %s", quoteShort(userName)).At("userName")
}

// mayTake is [Acts.addressFree] for a new account. The store's uniqueness judges in any case, so as long as it finds nothing
// to refuse only the domain is looked at; if it does, the transaction runs again, carefully, to find out what to say.
func (c *Acts) mayTake(ctx context.Context, h Hold) error {
	if !c.careful {
		standing, err := c.domain(ctx, h.Key.DomainOf())
		if err != nil || !standing.claimedElsewhere && !c.org.EnforceVerifiedDomains {
			return err
		}
	}
	return c.addressFree(ctx, h, "")
}

// addressFree is the decision table of EML-15 for one address. What it refuses says nothing about which organization
// holds the address (EML-13).
func (c *Acts) addressFree(ctx context.Context, h Hold, own AccountID) error {
	held, err := c.tx.Hold(ctx, h.Key)
	if IsNotFound(err) {
		return c.domainOpen(ctx, h)
	}
	if err != nil {
		return err
	}
	switch {
	case held.Account == own && own != "":
		return nil
	case held.Kind == HoldSoftDeleted || held.Kind == HoldPending || held.Kind == HoldClaim:
		return Refuse(Conflict, RuleEmailHeld, "the address %s is reserved for the moment; try again when the reservation is over", h.Key).At("emails")
	case held.Org == c.org.ID:
		return Refuse(Conflict, RuleEmailTaken, "another user of this organization has the address %s", h.Key).At("emails")
	}
	owns, err := ownsTrial(ctx, c.tx, held)
	if err != nil {
		return err
	}
	if owns {
		return Refuse(Conflict, RuleUserOwnsTrialOrg, "the address %s belongs to somebody who runs a trial organization; it can be added once that person has deleted the trial", h.Key).At("emails")
	}
	_, against, err := findClaim(ctx, c.tx, c.org, emailOf(h.Key))
	if err != nil {
		return err
	}
	switch {
	case len(against) == 0:
		return Refuse(Conflict, RuleEmailClaimable, "an account with the address %s exists; claim the user instead of adding it", h.Key).At("emails")
	case held.Org == ConsumerOrgID:
		refusal := Refuse(Conflict, RuleDomainNotAvailable, "a personal account has the address %s and its domain is not yours to claim", h.Key).At("emails")
		refusal.Ways = []Remedy{
			{Text: "Add the user with another address; the personal account stays as it is, and the two share nothing."},
			{Text: "Let the owner delete the personal account, and add the user then. Warn the owner: all files and messages of the personal account are lost.", DataLoss: true},
		}
		return refusal
	}
	return Refuse(Conflict, RuleEmailTaken, "the address %s belongs to another account", h.Key).At("emails")
}

// domainOpen holds DOM-10 (nobody else creates users in a claimed domain) and DOM-17 (an organization can insist on its own
// domains, once it has one).
func (c *Acts) domainOpen(ctx context.Context, h Hold) error {
	name := h.Key.DomainOf()
	standing, err := c.domain(ctx, name)
	if err != nil {
		return err
	}
	if standing.claimedElsewhere {
		return Refuse(Conflict, RuleDomainClaimed, "the domain %s is claimed by an organization, and only it can add users there", name).At("emails")
	}
	if !c.org.EnforceVerifiedDomains || standing.verifiedHere || h.Kind == HoldPending && c.by.Kind == System {
		return nil
	}
	own, err := c.tx.Domains(ctx, c.org.ID)
	if err != nil || len(own) == 0 {
		return err
	}
	return Refuse(Conflict, RuleDomainNotVerified, "this organization takes users in its verified domains only, and %s is not one of them", name).At("emails")
}

// ownsTrial reports whether whoever holds an address created a trial organization or is its last full administrator (ORG-23).
func ownsTrial(ctx context.Context, r Reader, held Hold) (bool, error) {
	if held.Org == ConsumerOrgID {
		return false, nil
	}
	o, err := r.Organization(ctx, held.Org)
	if err != nil {
		return false, err
	}
	subscriptions, err := r.Subscriptions(ctx, held.Org)
	if err != nil || !slices.ContainsFunc(subscriptions, Subscription.isTrial) {
		return false, err
	}
	if o.Creator == held.Account {
		return true, nil
	}
	a, err := r.Account(ctx, held.Org, held.Account)
	if err != nil {
		return false, err
	}
	return lastFullAdmin(ctx, r, a)
}
