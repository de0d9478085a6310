package admin

import (
	"context"
	"net/http"
	"strings"
	"time"

	"rollcall/identity"
	"rollcall/internal/web"
)

// IdentityProvider is an OpenID Connect issuer that the organization registered as its own.
type IdentityProvider struct {
	ProviderSettings
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// ProviderSettings is what an organization says of its issuer.
type ProviderSettings struct {
	Issuer   string   `json:"issuer" maxLength:"1000" doc:"Exactly as in the \"iss\" of its tokens" example:"https://login.example.com/tenant"`
	Audience string   `json:"audience" maxLength:"1000" doc:"What its tokens for this server have in \"aud\"" example:"rollcall"`
	Clients  []string `json:"clients,omitempty" nullable:"false" maxItems:"50" doc:"The clients whose tokens are accepted (\"azp\"); none: any"`
	Active   bool     `json:"active" doc:"Whether its tokens are accepted. With an active one the organization uses single sign-on, which keeps others from claiming its users"`
}

type providerList struct {
	IdentityProviders []IdentityProvider `json:"identityProviders" nullable:"false"`
}

const providersPath = orgPath + "/identity-providers"

func (a *api) addIdentityProviders() {
	add(a, operation{
		id: "listIdentityProviders", method: http.MethodGet, path: providersPath, scope: scopeReadProviders,
		summary: "List identity providers", about: "The issuers that the organization registered as its own, active or not.",
	}, a.listIdentityProviders)
	add(a, operation{
		id: "putIdentityProvider", method: http.MethodPut, path: providersPath, scope: scopeWriteProviders,
		summary: "Register an identity provider", about: "Or change one. Its tokens speak for users of this organization only, and only for those with an address in one of its verified domains. " +
			"An issuer belongs to one organization. Nobody asks it anything before the first of its tokens comes.",
		refusals: []int{http.StatusConflict},
	}, a.putIdentityProvider)
	add(a, operation{
		id: "deleteIdentityProvider", method: http.MethodDelete, path: providersPath, scope: scopeWriteProviders,
		summary: "Remove an identity provider", about: "Its tokens are refused from then on. Whose account is tied to it stays so, should it be registered again.",
	}, a.deleteIdentityProvider)
}

func (a *api) listIdentityProviders(ctx context.Context, in *OrgPath) (*body[providerList], error) {
	all, err := a.service.Reader().IdentityProviders(ctx, in.id())
	if err != nil {
		return nil, err
	}
	list := providerList{IdentityProviders: []IdentityProvider{}}
	for _, p := range all {
		list.IdentityProviders = append(list.IdentityProviders, showProvider(p))
	}
	return &body[providerList]{list}, nil
}

func (a *api) putIdentityProvider(ctx context.Context, in *struct {
	OrgPath
	Body ProviderSettings
}) (*body[IdentityProvider], error) {
	by, n := callerOf(ctx).actor(), in.Body
	for _, client := range n.Clients {
		if client == "" || strings.ContainsAny(client, " \t\r\n") {
			return nil, identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "a client's id has no blanks and is not empty").At("clients")
		}
	}
	if err := a.mayRegister(n.Issuer); err != nil {
		// Recorded here because identity, which records what it refuses, does not know the operator's issuers.
		if identity.KindOf(err) == identity.Conflict {
			if broken := a.service.RecordRefusal(ctx, in.id(), by, identity.Target{Type: identity.TargetProvider, ID: n.Issuer}, err); broken != nil {
				a.logger.ErrorContext(ctx, "refusal not recorded", "request", web.RequestID(ctx), "error", broken)
			}
		}
		return nil, err
	}
	p, err := a.service.PutIdentityProvider(ctx, by, identity.IdentityProvider{
		Org: in.id(), Issuer: n.Issuer, Audience: n.Audience, Clients: strings.Join(n.Clients, " "), Active: n.Active,
	})
	if err != nil {
		return nil, err
	}
	return &body[IdentityProvider]{showProvider(p)}, nil
}

// mayRegister refuses issuers whose tokens would never be looked at as this organization's: those that everybody signs in
// through, and those that this server may not ask.
func (a *api) mayRegister(issuer string) error {
	if a.verifier.platform[issuer] != nil {
		return identity.Refuse(identity.Conflict, identity.RuleIssuerTaken, "this issuer is for the people of all organizations here; register one that has your organization's people only").At("issuer")
	}
	u, err := Issuer{URL: issuer}.parse()
	if err == nil {
		err = a.verifier.outside.permits(u)
	}
	if err != nil {
		return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "%s", err).At("issuer")
	}
	return nil
}

func (a *api) deleteIdentityProvider(ctx context.Context, in *struct {
	OrgPath
	Issuer string `query:"issuer" required:"true" maxLength:"1000"`
}) (*struct{}, error) {
	return nil, a.service.RemoveIdentityProvider(ctx, callerOf(ctx).actor(), in.id(), in.Issuer)
}

func showProvider(p identity.IdentityProvider) IdentityProvider {
	return IdentityProvider{
		ProviderSettings: ProviderSettings{Issuer: p.Issuer, Audience: p.Audience, Clients: strings.Fields(p.Clients), Active: p.Active},
		CreatedAt:        p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
}
