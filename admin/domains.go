package admin

import (
	"context"
	"net/http"
	"time"

	"rollcall/identity"
)

// Domain is where the organization stands with a mail domain.
type Domain struct {
	Name      string     `json:"name" doc:"As A-labels" example:"example.com"`
	State     string     `json:"state" enum:"pending,verified,claimed" doc:"pending: the proof is missing; verified: it is the organization's, perhaps another one's too; claimed: nobody else can create users in it"`
	Since     time.Time  `json:"since"`
	Challenge *Challenge `json:"challenge,omitempty" doc:"Only while the domain is pending, and only for those who may prove it"`
}

// Challenge is the TXT record that proves a domain. It has to stand in the DNS until the domain is verified.
type Challenge struct {
	RecordName  string `json:"recordName" example:"_rollcall-challenge.example.com"`
	RecordValue string `json:"recordValue" doc:"The record's whole text; other TXT records may stand beside it" example:"rollcall-domain-verification=TOKEN"`
}

// NewDomain is a domain that the organization wants to prove.
type NewDomain struct {
	Name string `json:"name" maxLength:"1000" example:"example.com"`
}

// DomainProof says what to do once the proof is found.
type DomainProof struct {
	Claim bool `json:"claim,omitempty" doc:"Claim the domain too; all or nothing"`
}

// DomainPath is the domain in the path.
type DomainPath struct {
	OrgPath
	Domain string `path:"domain" doc:"Its name"`
}

type domainList struct {
	Domains []Domain `json:"domains" nullable:"false" doc:"In the order of their names"`
}

type newDomain struct {
	Status   int
	Location string `header:"Location" doc:"Where the domain is"`
	Body     Domain
}

// noDNS is the resolver of a server that has none.
type noDNS struct{}

func (noDNS) TXT(context.Context, string) ([]string, error) {
	return nil, identity.Refuse(identity.Unavailable, identity.RuleDNSUnavailable, "this server is not set up to ask the DNS")
}

const (
	domainsPath = orgPath + "/domains"
	domainPath  = domainsPath + "/{domain}"
)

func (a *api) addDomains() {
	add(a, operation{
		id: "listDomains", method: http.MethodGet, path: domainsPath, scope: scopeReadDomains,
		summary: "List domains", about: "Those that are verified or claimed, and those whose proof is missing. The record that is to be published is shown to the role full.",
	}, a.listDomains)
	add(a, operation{
		id: "addDomain", method: http.MethodPost, path: domainsPath, scope: scopeWriteDomains, status: http.StatusCreated,
		summary: "Begin to prove a domain", about: "The answer has the TXT record to publish in the DNS. If the proof is missing since an earlier call the answer is 200 with the same record; " +
			"for a domain that is verified already it is 200 without one. The domain of your own address comes first. Refused with 409 for a domain that is claimed, be it yours.",
	}, a.addDomain)
	add(a, operation{
		id: "getDomain", method: http.MethodGet, path: domainPath, scope: scopeReadDomains,
		summary: "Show a domain", about: "With the record that is to be published, as in the list.",
	}, a.getDomain)
	add(a, operation{
		id: "verifyDomain", method: http.MethodPost, path: domainPath + "/verify", scope: scopeWriteDomains,
		summary: "Look for a domain's proof in the DNS", about: "The DNS is asked anew with every call, but name servers may remember for a while that a record was not there. Once the domain is verified " +
			"the record can be taken away. A domain that is verified is not looked up again. 503 `DNS_UNAVAILABLE` means that the DNS gave no answer, neither yes nor no.",
	}, a.verifyDomain)
	add(a, operation{
		id: "claimDomain", method: http.MethodPost, path: domainPath + "/claim", scope: scopeWriteDomains,
		summary: "Claim a domain", about: "From then on no other organization can create users in it, and who registers with an address there gets an account in this one. It moves nobody. " +
			"Refused with 409 while another organization has verified the domain too.",
	}, a.claimDomain)
	add(a, operation{
		id: "releaseDomain", method: http.MethodPost, path: domainPath + "/release", scope: scopeWriteDomains,
		summary: "Release a claimed domain", about: "It stays verified, and its users stay as they are.",
	}, a.releaseDomain)
	add(a, operation{
		id: "removeDomain", method: http.MethodDelete, path: domainPath, scope: scopeWriteDomains,
		summary: "Remove a domain", about: "Or give its proof up. Its users stay as they are. A claimed domain has to be released first. Refused with 409 while users of it who were claimed have time to decide.",
	}, a.removeDomain)
	// huma knows one status of success only.
	responses := a.huma.OpenAPI().Paths[domainsPath].Post.Responses
	known := *responses["201"]
	known.Description = http.StatusText(http.StatusOK)
	responses["200"] = &known
}

func (a *api) listDomains(ctx context.Context, in *OrgPath) (*body[domainList], error) {
	all, err := a.service.DomainList(ctx, in.id())
	if err != nil {
		return nil, err
	}
	list := domainList{Domains: []Domain{}}
	for _, d := range all {
		list.Domains = append(list.Domains, showDomain(d, callerOf(ctx).access))
	}
	return &body[domainList]{list}, nil
}

func (a *api) addDomain(ctx context.Context, in *struct {
	OrgPath
	Body NewDomain
}) (*newDomain, error) {
	c := callerOf(ctx)
	d, created, err := a.service.ChallengeDomain(ctx, c.actor(), in.id(), in.Body.Name)
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return &newDomain{Status: status, Location: "/api/v1/organizations/" + string(d.Org) + "/domains/" + d.Name, Body: showDomain(d, c.access)}, nil
}

func (a *api) getDomain(ctx context.Context, in *DomainPath) (*body[Domain], error) {
	return standing(ctx)(a.service.Domain(ctx, in.id(), in.Domain))
}

func (a *api) verifyDomain(ctx context.Context, in *struct {
	DomainPath
	Body *DomainProof
}) (*body[Domain], error) {
	claim := in.Body != nil && in.Body.Claim
	return standing(ctx)(a.service.VerifyDomain(ctx, a.resolver, callerOf(ctx).actor(), in.id(), in.Domain, claim))
}

func (a *api) claimDomain(ctx context.Context, in *DomainPath) (*body[Domain], error) {
	return standing(ctx)(a.service.ClaimDomain(ctx, callerOf(ctx).actor(), in.id(), in.Domain))
}

func (a *api) releaseDomain(ctx context.Context, in *DomainPath) (*body[Domain], error) {
	return standing(ctx)(a.service.ReleaseDomain(ctx, callerOf(ctx).actor(), in.id(), in.Domain))
}

func (a *api) removeDomain(ctx context.Context, in *DomainPath) (*struct{}, error) {
	return nil, a.service.RemoveDomain(ctx, callerOf(ctx).actor(), in.id(), in.Domain)
}

// standing returns what shows the caller where the organization stands with a domain, unless there is an error.
func standing(ctx context.Context) func(identity.DomainStanding, error) (*body[Domain], error) {
	return func(d identity.DomainStanding, err error) (*body[Domain], error) {
		if err != nil {
			return nil, err
		}
		return &body[Domain]{showDomain(d, callerOf(ctx).access)}, nil
	}
}

func showDomain(d identity.DomainStanding, to identity.Access) Domain {
	shown := Domain{Name: d.Name, State: string(d.State), Since: d.UpdatedAt}
	if d.Challenge != nil && scopeWriteDomains.allows(to) {
		name, value := d.Challenge.Record()
		shown.Challenge = &Challenge{RecordName: name, RecordValue: value}
	}
	return shown
}
