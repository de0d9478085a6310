package admin

import (
	"context"
	"net/http"
	"time"

	"rollcall/identity"
)

// Subscription is what the organization has bought, is trying or gets for nothing.
type Subscription struct {
	ID        string        `json:"id" format:"uuid"`
	Name      string        `json:"name"`
	Type      string        `json:"type" enum:"paid,partner_trial,online_trial,free"`
	Status    string        `json:"status" enum:"active,suspended,expired,cancelled" doc:"Seats are given from active ones only; seats that are taken stay taken"`
	Pools     []LicencePool `json:"pools" nullable:"false" doc:"In the order of the licences' names"`
	StartedAt time.Time     `json:"startedAt"`
	UpdatedAt time.Time     `json:"updatedAt"`
}

// LicencePool is the seats that a subscription has for one licence.
type LicencePool struct {
	Licence string `json:"licence" example:"calling"`
	Seats   *int   `json:"seats,omitempty" doc:"Absent: as many as wanted"`
	Used    int    `json:"used" doc:"Also by inactive users"`
}

// LicenceTemplate says which licences users get by themselves.
type LicenceTemplate struct {
	Group     string    `json:"group,omitempty" format:"uuid" doc:"Whose direct members get them; absent: all new users of the organization do"`
	Licences  []string  `json:"licences" nullable:"false" doc:"In the order of the names"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// NewTemplate is a licence template as it shall be.
type NewTemplate struct {
	Licences []string `json:"licences" nullable:"false" maxItems:"100" example:"[\"calling\"]"`
	Scope    string   `json:"scope,omitempty" enum:"new,existing" default:"new" doc:"existing: a job also brings it to the users who are there already"`
	Preserve *bool    `json:"preserve,omitempty" default:"true" doc:"With existing: nobody loses a licence that the template has lost"`
}

// SavedTemplate is a template with the job that brings it to existing users.
type SavedTemplate struct {
	LicenceTemplate
	Job *Job `json:"job,omitempty"`
}

type subscriptionList struct {
	Subscriptions []Subscription `json:"subscriptions" nullable:"false" doc:"The oldest first, which is the order in which seats are taken"`
}

type templateList struct {
	Templates []LicenceTemplate `json:"templates" nullable:"false" doc:"The organization's own first"`
}

const templatesPath = orgPath + "/licence-templates"

func (a *api) addLicences() {
	add(a, operation{
		id: "listSubscriptions", method: http.MethodGet, path: orgPath + "/subscriptions", scope: scopeReadLicences,
		summary: "List subscriptions", about: "With the seats that there are and those that are used. The operator of this server changes them.",
	}, a.listSubscriptions)
	add(a, operation{
		id: "listLicenceTemplates", method: http.MethodGet, path: templatesPath, scope: scopeReadLicences,
		summary: "List licence templates", about: "New users get what the organization's own has; members of a group what the group's has, when they join.",
	}, a.listTemplates)
	const about = "Users who are there already are touched with the scope existing only: then a job starts in the same step, and one runs at a time. Without a free seat a new user goes without."
	add(a, operation{
		id: "putOrganizationTemplate", method: http.MethodPut, path: templatesPath + "/organization", scope: scopeWriteTemplates,
		summary: "Set the organization's licence template", about: about, refusals: []int{http.StatusConflict},
	}, func(ctx context.Context, in *struct {
		OrgPath
		Body NewTemplate
	}) (*body[SavedTemplate], error) {
		return a.putTemplate(ctx, GroupPath{OrgPath: in.OrgPath}, in.Body)
	})
	add(a, operation{
		id: "putGroupTemplate", method: http.MethodPut, path: templatesPath + "/groups/{group}", scope: scopeWriteTemplates,
		summary: "Set a group's licence template", about: about, refusals: []int{http.StatusConflict},
	}, func(ctx context.Context, in *struct {
		GroupPath
		Body NewTemplate
	}) (*body[SavedTemplate], error) {
		return a.putTemplate(ctx, in.GroupPath, in.Body)
	})
	add(a, operation{
		id: "deleteOrganizationTemplate", method: http.MethodDelete, path: templatesPath + "/organization", scope: scopeWriteTemplates,
		summary: "Delete the organization's licence template", about: "Nobody loses a licence by it.",
	}, func(ctx context.Context, in *OrgPath) (*struct{}, error) {
		return nil, a.service.DeleteTemplate(ctx, callerOf(ctx).actor(), in.id(), "")
	})
	add(a, operation{
		id: "deleteGroupTemplate", method: http.MethodDelete, path: templatesPath + "/groups/{group}", scope: scopeWriteTemplates,
		summary: "Delete a group's licence template", about: "Nobody loses a licence by it.",
	}, func(ctx context.Context, in *GroupPath) (*struct{}, error) {
		return nil, a.service.DeleteTemplate(ctx, callerOf(ctx).actor(), in.id(), in.group())
	})
}

func (a *api) listSubscriptions(ctx context.Context, in *OrgPath) (*body[subscriptionList], error) {
	all, err := a.service.Reader().Subscriptions(ctx, in.id())
	if err != nil {
		return nil, err
	}
	list := subscriptionList{Subscriptions: []Subscription{}}
	for _, s := range all {
		list.Subscriptions = append(list.Subscriptions, showSubscription(s))
	}
	return &body[subscriptionList]{list}, nil
}

func (a *api) listTemplates(ctx context.Context, in *OrgPath) (*body[templateList], error) {
	all, err := a.service.Reader().Templates(ctx, in.id())
	if err != nil {
		return nil, err
	}
	list := templateList{Templates: []LicenceTemplate{}}
	for _, t := range all {
		list.Templates = append(list.Templates, showTemplate(t))
	}
	return &body[templateList]{list}, nil
}

// putTemplate sets a template and starts the job in one transaction: a template that could not be brought to the users who are
// there already is not set either.
func (a *api) putTemplate(ctx context.Context, in GroupPath, n NewTemplate) (*body[SavedTemplate], error) {
	by := callerOf(ctx).actor()
	var saved SavedTemplate
	t, err := a.service.PutTemplateAnd(ctx, by, in.id(), in.group(), licencesIn(n.Licences), func(c *identity.Acts, lost []identity.Licence) error {
		if n.Scope != "existing" {
			return nil
		}
		job, err := a.jobs.StartTemplate(ctx, c, by, in.group(), lost, n.Preserve == nil || *n.Preserve)
		shown := showJob(job)
		saved.Job = &shown
		return err
	})
	if err != nil {
		return nil, err
	}
	saved.LicenceTemplate = showTemplate(t)
	return &body[SavedTemplate]{saved}, nil
}

func showSubscription(s identity.Subscription) Subscription {
	shown := Subscription{ID: string(s.ID), Name: s.Name, Type: string(s.Type), Status: string(s.Status), Pools: []LicencePool{},
		StartedAt: s.StartedAt, UpdatedAt: s.UpdatedAt}
	for _, p := range s.Pools {
		pool := LicencePool{Licence: string(p.Licence), Used: p.Used}
		if p.Seats != identity.Unlimited {
			pool.Seats = &p.Seats
		}
		shown.Pools = append(shown.Pools, pool)
	}
	return shown
}

func showTemplate(t identity.Template) LicenceTemplate {
	return LicenceTemplate{Group: string(t.Group), Licences: texts(t.Licences), UpdatedAt: t.UpdatedAt}
}
