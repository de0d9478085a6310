package identity

import (
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// Where and how an organization shows in the DNS that a domain is its own (DOM-01).
const (
	ChallengeLabel  = "_rollcall-challenge" // the TXT record stands at this label below the domain
	ChallengePrefix = "rollcall-domain-verification="
)

// Challenge is a proof that was asked for and not brought yet. Its token is bound to the organization, the domain and the
// attempt, because it is random and belongs to this row only.
type Challenge struct {
	Org       OrgID     `json:"org"`
	Name      string    `json:"name"` // of the domain, as A-labels
	Token     string    `json:"token"`
	CreatedAt time.Time `json:"createdAt"`
}

// Record returns the name and the value of the TXT record that answers the challenge.
func (h Challenge) Record() (name, value string) {
	return ChallengeLabel + "." + h.Name, ChallengePrefix + h.Token
}

// Resolver asks the DNS. Nothing is remembered between two calls (DOM-16).
type Resolver interface {
	// TXT returns the texts at a name, each record's strings joined. A name without any is an *Error of kind NotFound; a DNS that
	// does not answer properly is one of kind Unavailable.
	TXT(ctx context.Context, name string) ([]string, error)
}

// DomainStanding is where an organization stands with a domain.
type DomainStanding struct {
	Domain
	Challenge *Challenge // while State is DomainPending
}

// ChallengeReader reads challenges. It is part of [Reader].
type ChallengeReader interface {
	Challenge(ctx context.Context, org OrgID, name string) (Challenge, error)
	Challenges(ctx context.Context, org OrgID) ([]Challenge, error)
}

// ChallengeTx writes challenges. It is part of [Tx].
type ChallengeTx interface {
	PutChallenge(ctx context.Context, h Challenge) error
	// DeleteChallenge is no error if there is none.
	DeleteChallenge(ctx context.Context, org OrgID, name string) error
}

// DomainList tells where an organization stands with all its domains, in the order of their names.
func (s *Service) DomainList(ctx context.Context, org OrgID) ([]DomainStanding, error) {
	domains, err := s.store.Domains(ctx, org)
	if err != nil {
		return nil, err
	}
	challenges, err := s.store.Challenges(ctx, org)
	if err != nil {
		return nil, err
	}
	var all []DomainStanding
	for _, d := range domains {
		all = append(all, DomainStanding{Domain: d})
	}
	for _, h := range challenges {
		if !slices.ContainsFunc(domains, func(d Domain) bool { return d.Name == h.Name }) {
			all = append(all, h.standing())
		}
	}
	slices.SortFunc(all, func(a, b DomainStanding) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// Domain tells where an organization stands with one domain. A domain that it has nothing to do with is NotFound.
func (s *Service) Domain(ctx context.Context, org OrgID, name string) (DomainStanding, error) {
	domain, err := ParseDomain(name)
	if err != nil {
		return DomainStanding{}, err
	}
	all, err := s.DomainList(ctx, org)
	if err != nil {
		return DomainStanding{}, err
	}
	for _, d := range all {
		if d.Name == domain {
			return d, nil
		}
	}
	return DomainStanding{}, Refuse(NotFound, RuleUnknownDomain, "the organization has nothing to do with %s", domain)
}

func (h Challenge) standing() DomainStanding {
	return DomainStanding{Domain: Domain{Org: h.Org, Name: h.Name, State: DomainPending, UpdatedAt: h.CreatedAt}, Challenge: &h}
}

// ChallengeDomain begins to prove that a domain is the organization's: the token is to be published in the DNS. While it waits, the
// same token comes back; created is false then, and for a domain that is verified already. Public suffixes and the reserved
// namespace are refused; so is, as the first one, a domain other than that of the administrator who acts, so that nobody locks
// themselves out (DOM-05).
func (s *Service) ChallengeDomain(ctx context.Context, by Actor, org OrgID, name string) (now DomainStanding, created bool, err error) {
	domain, err := provable(name)
	if err != nil {
		return now, false, err
	}
	err = s.transact(ctx, Exclusive(org), org, by, func(c *Acts) error {
		created = false
		now, err = c.standing(ctx, domain)
		if err != nil {
			return err
		}
		if err := c.unclaimed(ctx, domain); err != nil {
			return err
		}
		next, err := now.State.after(DomainChallengeAct, domain)
		if err != nil || next == now.State {
			return err
		}
		if err := c.ownDomainFirst(ctx, domain); err != nil {
			return err
		}
		h := Challenge{Org: org, Name: domain, Token: c.service.ids.Secret(), CreatedAt: c.now}
		now, created = h.standing(), true
		if err := c.tx.PutChallenge(ctx, h); err != nil {
			return err
		}
		return c.tellOf(ctx, DomainChallenged, domainTarget(domain), map[string]any{"domain": domain})
	})
	return now, created, err
}

// VerifyDomain looks for the challenge's answer in the DNS and, if it is there, notes that the domain is verified; with claim also
// that it is claimed. A domain that is verified already is not looked up again (BEHAVIOUR 14.4).
func (s *Service) VerifyDomain(ctx context.Context, resolver Resolver, by Actor, org OrgID, name string, claim bool) (DomainStanding, error) {
	domain, err := ParseDomain(name)
	if err != nil {
		return DomainStanding{}, err
	}
	found, asked, err := s.askDNS(ctx, resolver, org, domain)
	if err != nil {
		return DomainStanding{}, err
	}
	var now DomainStanding
	err = s.transact(ctx, Everybody(org), org, by, func(c *Acts) error {
		if now, err = c.standing(ctx, domain); err != nil {
			return err
		}
		next, err := now.State.after(DomainVerifyAct, domain)
		if err != nil {
			return err
		}
		if next != now.State {
			if err := c.unclaimed(ctx, domain); err != nil {
				return err
			}
			if asked != *now.Challenge {
				return Refuse(Stale, RuleVersionMismatch, "the token was replaced while the DNS was asked; try again")
			}
			if err := answered(*now.Challenge, found); err != nil {
				return err
			}
			if now, err = c.putDomain(ctx, domain, next, "dns"); err != nil {
				return err
			}
			if err := c.tx.DeleteChallenge(ctx, org, domain); err != nil {
				return err
			}
		}
		if claim {
			now, err = c.claimDomain(ctx, now)
		}
		return err
	})
	return now, err
}

// askDNS asks outside of the transaction, which must not wait for the network. Only a pending domain is asked for.
func (s *Service) askDNS(ctx context.Context, resolver Resolver, org OrgID, domain string) (found []string, h Challenge, err error) {
	h, err = s.store.Challenge(ctx, org, domain)
	if IsNotFound(err) {
		return nil, Challenge{}, nil // verified already, or no token was fetched: the state tells
	}
	if err != nil {
		return nil, h, err
	}
	name, _ := h.Record()
	found, err = resolver.TXT(ctx, name)
	if IsNotFound(err) {
		err = nil
	}
	return found, h, err
}

// answered compares what the DNS has with what was asked for.
func answered(h Challenge, found []string) error {
	name, value := h.Record()
	if slices.Contains(found, value) {
		return nil
	}
	if len(found) == 0 {
		return Refuse(Invalid, RuleDomainTXTNotFound, "there is no TXT record at %s; publish one that says %s, and allow for the time until it is seen", name, value)
	}
	return Refuse(Invalid, RuleDomainTXTNotFound, "the TXT record at %s says something else; it has to say %s", name, value)
}

// ClaimDomain makes a verified domain the organization's alone: nobody else can create users in it (DOM-10). It converts nobody
// (DOM-12), and it is possible only while no other organization has verified the domain (DOM-08).
func (s *Service) ClaimDomain(ctx context.Context, by Actor, org OrgID, name string) (DomainStanding, error) {
	return s.changeDomain(ctx, by, org, name, func(c *Acts, now DomainStanding) (DomainStanding, error) { return c.claimDomain(ctx, now) })
}

// ReleaseDomain ends a claim; the domain stays verified, and the organization's users stay as they are (DOM-13).
func (s *Service) ReleaseDomain(ctx context.Context, by Actor, org OrgID, name string) (DomainStanding, error) {
	return s.changeDomain(ctx, by, org, name, func(c *Acts, now DomainStanding) (DomainStanding, error) {
		next, err := now.State.after(DomainReleaseAct, now.Name)
		if err != nil {
			return now, err
		}
		return c.putDomain(ctx, now.Name, next, "")
	})
}

// RemoveDomain forgets what an organization has to do with a domain, also a challenge that waits. A claimed one has to be released
// first (DOM-13).
func (s *Service) RemoveDomain(ctx context.Context, by Actor, org OrgID, name string) error {
	_, err := s.changeDomain(ctx, by, org, name, func(c *Acts, now DomainStanding) (DomainStanding, error) {
		if _, err := now.State.after(DomainRemoveAct, now.Name); err != nil {
			return now, err
		}
		if err := c.tx.DeleteChallenge(ctx, org, now.Name); err != nil {
			return now, err
		}
		if now.State == DomainVerified {
			if err := c.nobodyDecides(ctx, now.Name); err != nil {
				return now, err
			}
			if err := c.tx.DeleteDomain(ctx, org, now.Name); err != nil {
				return now, err
			}
		}
		return now, c.tellOf(ctx, DomainRemoved, domainTarget(now.Name), map[string]any{"domain": now.Name, "state": now.State})
	})
	return err
}

// nobodyDecides refuses to give a domain up while users who were claimed by it have time to decide (DOM-18). The newest claim tells for
// all: if its time is over, so is that of every other.
func (c *Acts) nobodyDecides(ctx context.Context, domain string) error {
	open, err := c.tx.Claims(ctx, c.org.ID, ClaimQuery{Open: true, Mode: ClaimDeferred, Domain: domain, Limit: 1})
	if err != nil || len(open) == 0 || open[0].Due(c.now) {
		return err
	}
	return Refuse(Conflict, RuleDomainHasOpenClaims, "users of %s have been claimed and have not decided yet; the domain stays until they have, at %s for the last of them",
		domain, open[0].Deadline().Format(time.RFC3339))
}

func (s *Service) changeDomain(ctx context.Context, by Actor, org OrgID, name string, change func(*Acts, DomainStanding) (DomainStanding, error)) (DomainStanding, error) {
	domain, err := ParseDomain(name)
	if err != nil {
		return DomainStanding{}, err
	}
	var now DomainStanding
	err = s.transact(ctx, Everybody(org), org, by, func(c *Acts) error {
		if now, err = c.standing(ctx, domain); err != nil {
			return err
		}
		now, err = change(c, now)
		return err
	})
	return now, err
}

// standing tells where the organization stands with a domain.
func (c *Acts) standing(ctx context.Context, name string) (DomainStanding, error) {
	holders, err := c.tx.DomainHolders(ctx, name)
	if err != nil {
		return DomainStanding{}, err
	}
	for _, d := range holders {
		if d.Org == c.org.ID {
			return DomainStanding{Domain: d}, nil
		}
	}
	h, err := c.tx.Challenge(ctx, c.org.ID, name)
	if IsNotFound(err) {
		return DomainStanding{Domain: Domain{Org: c.org.ID, Name: name, State: DomainNone}}, nil
	}
	return h.standing(), err
}

func (c *Acts) putDomain(ctx context.Context, name string, state DomainState, proof string) (DomainStanding, error) {
	d := Domain{Org: c.org.ID, Name: name, State: state, UpdatedAt: c.now}
	if err := c.tx.PutDomain(ctx, d); err != nil {
		return DomainStanding{}, err
	}
	kind, evidence := DomainChanged, map[string]any{"domain": name, "state": state}
	if proof != "" {
		kind, evidence["proof"] = DomainAttested, proof
	}
	return DomainStanding{Domain: d}, c.tellOf(ctx, kind, domainTarget(name), evidence)
}

func (c *Acts) claimDomain(ctx context.Context, now DomainStanding) (DomainStanding, error) {
	next, err := now.State.after(DomainClaimAct, now.Name)
	if err != nil || next == now.State {
		return now, err
	}
	holders, err := c.tx.DomainHolders(ctx, now.Name)
	if err != nil {
		return now, err
	}
	if slices.ContainsFunc(holders, func(d Domain) bool { return d.Org != c.org.ID }) {
		return now, Refuse(Conflict, RuleDomainVerifiedElsewhere, "another organization has verified %s too, so neither can claim it", now.Name)
	}
	return c.putDomain(ctx, now.Name, next, "")
}

// unclaimed refuses a domain that another organization claimed (DOM-02, DOM-03, DOM-09).
func (c *Acts) unclaimed(ctx context.Context, name string) error {
	holders, err := c.tx.DomainHolders(ctx, name)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(holders, func(d Domain) bool { return d.Org != c.org.ID && d.State == DomainClaimed }) {
		return Refuse(Conflict, RuleDomainClaimed, "the domain %s is claimed by another organization", name)
	}
	return nil
}

// ownDomainFirst holds DOM-05. Whoever has no account here, such as an operator, has no domain to be locked out of.
func (c *Acts) ownDomainFirst(ctx context.Context, name string) error {
	if c.by.Kind != Administrator || c.by.Account == "" || c.by.Org != c.org.ID {
		return nil
	}
	own, err := c.tx.Domains(ctx, c.org.ID)
	if err != nil || len(own) > 0 {
		return err
	}
	a, err := c.tx.Account(ctx, c.org.ID, c.by.Account)
	if err != nil {
		return err
	}
	email, err := ParseEmail(a.PrimaryEmail(), c.service.policy)
	if err != nil || email.Domain == name {
		return nil // somebody without an address has no domain either
	}
	return Refuse(Conflict, RuleAdminDomainFirst, "verify the domain of your own address, %s, first, so that you cannot lock yourself out", email.Domain)
}

// provable refuses what cannot be anybody's own: the namespace of claimed users, and names under which others register theirs.
func provable(name string) (string, error) {
	domain, err := ParseDomain(name)
	if err != nil {
		return "", err
	}
	if InReservedDomain(domain) {
		return "", Refuse(Invalid, RuleReservedDomain, "the domain %s is reserved for claimed users", domain).At("name")
	}
	if suffix, _ := publicsuffix.PublicSuffix(domain); suffix == domain {
		return "", Refuse(Invalid, RulePublicSuffix, "%s is a name under which others register their domains; nobody can prove to own it", domain).At("name")
	}
	return domain, nil
}

func domainTarget(name string) Target { return Target{Type: TargetDomain, ID: name, Name: name} }
