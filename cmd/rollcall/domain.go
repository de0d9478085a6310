package main

import (
	"io"

	"rollcall/identity"
)

type domainCmd struct {
	Attest domainAttestCmd `cmd:"" help:"Vouch that a domain belongs to an organization."`
	Remove domainRemoveCmd `cmd:"" help:"Forget that a domain belongs to an organization."`
	List   domainListCmd   `cmd:"" help:"List an organization's domains."`
}

type domainAttestCmd struct {
	storeFlag
	orgFlag
	Name string `arg:"" placeholder:"DOMAIN" help:"The domain, such as example.org."`
}

// Help says what attesting means.
func (domainAttestCmd) Help() string {
	return "Attesting is the operator's word that the organization owns the domain; nothing is looked up in the DNS. From then on new users " +
		"with addresses there count as verified, and the organization may claim users who have an account elsewhere, as long as no " +
		"other organization has the domain too. Attest only what you have checked yourself."
}

// Run attests the domain.
func (c *domainAttestCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		d, err := s.service.AttestDomain(s.ctx, s.by, o.ID, c.Name)
		if err != nil {
			return err
		}
		return s.show(d, func(w io.Writer) error {
			return properties(w, "domain", d.Name, "organization", o.Name, "state", string(d.State))
		})
	})
}

type domainRemoveCmd struct {
	storeFlag
	orgFlag
	Name string `arg:"" placeholder:"DOMAIN" help:"The domain."`
}

// Run removes the domain.
func (c *domainRemoveCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		if err := s.service.RemoveDomain(s.ctx, s.by, o.ID, c.Name); err != nil {
			return err
		}
		s.say("%s has nothing to do with %s any more.", o.Name, c.Name)
		return nil
	})
}

type domainListCmd struct {
	storeFlag
	orgFlag
}

// Run lists the domains.
func (c *domainListCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) error {
		o, err := s.org(c.orgFlag)
		if err != nil {
			return err
		}
		domains, err := s.read.Domains(s.ctx, o.ID)
		if err != nil {
			return err
		}
		return s.show(listOf[identity.Domain](domains), func(w io.Writer) error {
			rows := make([][]string, len(domains))
			for i, d := range domains {
				rows[i] = []string{d.Name, string(d.State), instant(d.UpdatedAt)}
			}
			return table(w, []string{"DOMAIN", "STATE", "SINCE"}, rows)
		})
	})
}
