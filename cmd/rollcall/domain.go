package main

import (
	"io"
	"net/http"

	"rollcall/admin"
)

type domainCmd struct {
	List    domainListCmd    `cmd:"" help:"List an organization's domains."`
	Token   domainTokenCmd   `cmd:"" help:"Begin to prove a domain: show the TXT record to publish."`
	Verify  domainVerifyCmd  `cmd:"" help:"Look for a domain's TXT record in the DNS."`
	Claim   domainClaimCmd   `cmd:"" help:"Keep other organizations out of a verified domain."`
	Release domainReleaseCmd `cmd:"" help:"End a claim; the domain stays verified."`
	Remove  domainRemoveCmd  `cmd:"" help:"Forget that a domain belongs to an organization."`
	Attest  domainAttestCmd  `cmd:"" help:"Vouch that a domain belongs to an organization, without a proof."`
}

// domainFlag names a domain.
type domainFlag struct {
	Name string `arg:"" placeholder:"DOMAIN" help:"The domain, such as example.org."`
}

type domainListCmd struct {
	apiFlags
	orgFlag
}

// Run lists the domains.
func (c *domainListCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		var all struct{ Domains []seen[admin.Domain] }
		if err := o.get(o.at("domains"), nil, &all); err != nil {
			return err
		}
		return a.show(all.Domains, func(w io.Writer) error {
			rows := make([][]string, len(all.Domains))
			for i, d := range all.Domains {
				rows[i] = []string{d.is.Name, d.is.State, instant(d.is.Since)}
			}
			return table(w, []string{"DOMAIN", "STATE", "SINCE"}, rows)
		})
	})
}

type domainTokenCmd struct {
	apiFlags
	orgFlag
	domainFlag
}

// Help says how a proof goes.
func (domainTokenCmd) Help() string {
	return "An organization proves a domain by a TXT record that only its owner can publish. This command shows the record; publish it, then run " +
		"\"rollcall domain verify\". Asked again, it shows the same record until the domain is verified or removed."
}

// Run shows the record.
func (c *domainTokenCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		var d seen[admin.Domain]
		if err := o.post(o.at("domains"), admin.NewDomain{Name: c.Name}, &d); err != nil {
			return err
		}
		if h := d.is.Challenge; h != nil {
			a.say("Publish this TXT record in the DNS of %s; as a line of a zone file:", d.is.Name)
			a.say("  %s. IN TXT %q", h.RecordName, h.RecordValue)
			a.say("Then run: rollcall domain verify --org %s %s", o.id, d.is.Name)
		} else {
			a.say("%s is verified already; there is nothing to publish.", d.is.Name)
		}
		return o.showDomain(d)
	})
}

func (c *orgClient) showDomain(d seen[admin.Domain]) error {
	return c.show(d, func(w io.Writer) error {
		pairs := []string{"domain", d.is.Name, "organization", c.name, "state", d.is.State, "since", instant(d.is.Since)}
		if h := d.is.Challenge; h != nil {
			pairs = append(pairs, "TXT record at", h.RecordName, "that says", h.RecordValue)
		}
		return properties(w, pairs...)
	})
}

type domainVerifyCmd struct {
	apiFlags
	orgFlag
	domainFlag
	dnsFlag
	Claim bool `help:"Claim the domain too; all or nothing."`
}

// Help says what verifying does.
func (domainVerifyCmd) Help() string {
	return "Once the record is found new users with addresses in the domain count as verified, and the record can be taken away. " +
		"Name servers may remember for a while that it was not there yet. On a server it is the server that asks the DNS."
}

// Run looks for the record.
func (c *domainVerifyCmd) Run(a *app) error {
	flags := c.apiFlags
	var err error
	if flags.resolver, err = c.dnsFlag.resolver(); err != nil {
		return a.settings.place(err)
	}
	return a.actOnDomain(flags, c.orgFlag, c.domainFlag, "verify", admin.DomainProof{Claim: c.Claim})
}

type domainClaimCmd struct {
	apiFlags
	orgFlag
	domainFlag
}

// Help says what claiming does and what it does not.
func (domainClaimCmd) Help() string {
	return "Nobody else can create users in a claimed domain, and who registers with an address there gets an account in the organization. Users who " +
		"have an account elsewhere stay where they are. It is possible only while no other organization has verified the domain."
}

// Run claims the domain.
func (c *domainClaimCmd) Run(a *app) error {
	return a.actOnDomain(c.apiFlags, c.orgFlag, c.domainFlag, "claim", nil)
}

type domainReleaseCmd struct {
	apiFlags
	orgFlag
	domainFlag
}

// Run releases the domain.
func (c *domainReleaseCmd) Run(a *app) error {
	return a.actOnDomain(c.apiFlags, c.orgFlag, c.domainFlag, "release", nil)
}

// actOnDomain does something to a domain and shows where it stands then.
func (a *app) actOnDomain(f apiFlags, org orgFlag, domain domainFlag, act string, body any) error {
	return a.onOrg(f, org, func(o *orgClient) error {
		var d seen[admin.Domain]
		if err := o.post(o.at("domains", domain.Name, act), body, &d); err != nil {
			return err
		}
		return o.showDomain(d)
	})
}

type domainRemoveCmd struct {
	apiFlags
	orgFlag
	domainFlag
}

// Run removes the domain.
func (c *domainRemoveCmd) Run(a *app) error {
	return a.onOrg(c.apiFlags, c.orgFlag, func(o *orgClient) error {
		if err := o.do(call{method: http.MethodDelete, path: o.at("domains", c.Name)}, nil); err != nil {
			return err
		}
		a.say("%s has nothing to do with %s any more.", o.name, c.Name)
		return nil
	})
}

type domainAttestCmd struct {
	storeFlag
	orgFlag
	domainFlag
}

// Help says what attesting means.
func (domainAttestCmd) Help() string {
	return "Attesting is the operator's word that the organization owns the domain; nothing is looked up in the DNS. From then on new users " +
		"with addresses there count as verified, and the organization may claim users who have an account elsewhere, as long as no " +
		"other organization has the domain too. Attest only what you have checked yourself. Organizations prove their domains themselves with " +
		"\"rollcall domain token\" and \"rollcall domain verify\"."
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
