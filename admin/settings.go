package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"rollcall/identity"
)

// SettingsPatch changes settings: what is absent stays (RFC 7396). None of them can be taken away, so null is refused.
type SettingsPatch struct {
	Name                   setting[string]   `json:"name,omitempty" example:"Example Ltd"`
	RequireEmail           setting[bool]     `json:"requireEmail,omitempty" doc:"Every user needs an e-mail address, and it is the userName; users who are there already stay as they are"`
	ActivationEmails       setting[bool]     `json:"activationEmails,omitempty"`
	RetentionDays          setting[int]      `json:"retentionDays,omitempty" doc:"30 to 90; nobody is deleted within a day of making it smaller"`
	EnforceVerifiedDomains setting[bool]     `json:"enforceVerifiedDomains,omitempty"`
	SelfRegistration       setting[bool]     `json:"selfRegistration,omitempty"`
	AllowContentTransfer   setting[bool]     `json:"allowContentTransfer,omitempty" doc:"Let users whom the organization claims bring their content along"`
	RequiredAttributes     setting[[]string] `json:"requiredAttributes,omitempty" maxItems:"20" doc:"An empty list requires nothing"`
}

// setting is one member of a patch that cannot be taken away: absent, or a value.
type setting[T any] struct {
	value *T
	null  bool
}

// UnmarshalJSON is called for members that are there only.
func (s *setting[T]) UnmarshalJSON(text []byte) error {
	if s.null = string(text) == "null"; s.null {
		return nil
	}
	return json.Unmarshal(text, &s.value)
}

// Schema is that of the value.
func (setting[T]) Schema(r huma.Registry) *huma.Schema {
	s := *r.Schema(reflect.TypeFor[T](), true, "")
	s.Nullable = false
	return &s
}

// put puts the value in its place, if there is one.
func (s setting[T]) put(place *T) {
	if s.value != nil {
		*place = *s.value
	}
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
	if err := in.Body.check(); err != nil {
		return nil, err
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

// check refuses what the organization itself could not tell from something else any more.
func (p SettingsPatch) check() error {
	for name, null := range map[string]bool{
		"name": p.Name.null, "requireEmail": p.RequireEmail.null, "activationEmails": p.ActivationEmails.null, "retentionDays": p.RetentionDays.null,
		"enforceVerifiedDomains": p.EnforceVerifiedDomains.null, "selfRegistration": p.SelfRegistration.null,
		"allowContentTransfer": p.AllowContentTransfer.null, "requiredAttributes": p.RequiredAttributes.null,
	} {
		if null {
			return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "a setting can be changed but not taken away; give a value instead of null").At("body." + name)
		}
	}
	var required []string
	p.RequiredAttributes.put(&required)
	for _, name := range required {
		if fields := strings.Fields(name); len(fields) != 1 || fields[0] != name {
			return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "an attribute's name is one word without blanks").At("body.requiredAttributes")
		}
	}
	return nil
}

func (p SettingsPatch) apply(o identity.Organization) identity.Organization {
	p.Name.put(&o.Name)
	p.RequireEmail.put(&o.RequireEmail)
	p.ActivationEmails.put(&o.ActivationEmails)
	p.RetentionDays.put(&o.RetentionDays)
	p.EnforceVerifiedDomains.put(&o.EnforceVerifiedDomains)
	p.SelfRegistration.put(&o.SelfRegistration)
	p.AllowContentTransfer.put(&o.AllowContentTransfer)
	if p.RequiredAttributes.value != nil {
		o.RequiredAttributes = strings.Join(*p.RequiredAttributes.value, " ")
	}
	return o
}
