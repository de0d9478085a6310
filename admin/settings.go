package admin

import (
	"context"
	"net/http"
	"strings"

	"rollcall/identity"
)

// SettingsPatch changes settings: what is absent stays (RFC 7396). None of them can be taken away, so null is refused.
type SettingsPatch struct {
	Name                   *string  `json:"name,omitempty" nullable:"false" example:"Example Ltd"`
	RequireEmail           *bool    `json:"requireEmail,omitempty" nullable:"false" doc:"Every user needs an e-mail address, and it is the userName; users who are there already stay as they are"`
	ActivationEmails       *bool    `json:"activationEmails,omitempty" nullable:"false"`
	RetentionDays          *int     `json:"retentionDays,omitempty" nullable:"false" doc:"30 to 90; nobody is deleted within a day of making it smaller"`
	EnforceVerifiedDomains *bool    `json:"enforceVerifiedDomains,omitempty" nullable:"false"`
	SelfRegistration       *bool    `json:"selfRegistration,omitempty" nullable:"false"`
	RequiredAttributes     []string `json:"requiredAttributes,omitempty" nullable:"false" maxItems:"20" doc:"An empty list requires nothing"`
}

func (a *api) addSettings() {
	add(a, operation{
		id: "changeOrganization", method: http.MethodPatch, path: orgPath, scope: scopeWriteSettings,
		summary: "Change an organization's settings", about: "A JSON merge patch (RFC 7396): what is absent stays, a list replaces the whole list.",
		refusals: []int{http.StatusPreconditionFailed},
	}, a.changeOrganization)
}

func (a *api) changeOrganization(ctx context.Context, in *struct {
	OrgPath
	IfMatch string        `header:"If-Match" maxLength:"1000" doc:"The ETag that the change is bound to; 412 if the organization has changed since"`
	Body    SettingsPatch `contentType:"application/merge-patch+json"`
}) (*organization, error) {
	unchanged, err := ifUnchanged(in.IfMatch, "organization")
	if err != nil {
		return nil, err
	}
	for _, name := range in.Body.RequiredAttributes {
		if fields := strings.Fields(name); len(fields) != 1 || fields[0] != name {
			return nil, identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "an attribute's name is one word without blanks").At("requiredAttributes")
		}
	}
	c := callerOf(ctx)
	var expect func(identity.Organization) error
	if unchanged != nil {
		expect = func(o identity.Organization) error { return unchanged(o.Version) }
	}
	o, err := a.service.ChangeOrganizationIf(ctx, c.actor(), in.id(), expect, in.Body.apply)
	if err != nil {
		return nil, err
	}
	return &organization{etag(o.Version), showOrganization(o, c.access)}, nil
}

func (p SettingsPatch) apply(o identity.Organization) identity.Organization {
	set(&o.Name, p.Name)
	set(&o.RequireEmail, p.RequireEmail)
	set(&o.ActivationEmails, p.ActivationEmails)
	set(&o.RetentionDays, p.RetentionDays)
	set(&o.EnforceVerifiedDomains, p.EnforceVerifiedDomains)
	set(&o.SelfRegistration, p.SelfRegistration)
	if p.RequiredAttributes != nil {
		o.RequiredAttributes = strings.Join(p.RequiredAttributes, " ")
	}
	return o
}

// set puts a value in its place, if there is one.
func set[T any](place, value *T) {
	if value != nil {
		*place = *value
	}
}
