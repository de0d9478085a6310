package identity

import (
	"context"
	"slices"
)

// PutTemplate says which licences users get by themselves: all new users of the organization, or for a group its direct members
// when they join (LIC-01). Nobody who is there already is touched: that is a job of kind [JobTemplate], see
// [Acts.ApplyTemplate]. A licence that no subscription has is Invalid with UNKNOWN_LICENCE.
func (s *Service) PutTemplate(ctx context.Context, by Actor, org OrgID, group GroupID, licences []Licence) (Template, error) {
	return s.PutTemplateAnd(ctx, by, org, group, licences, nil)
}

// PutTemplateAnd is [Service.PutTemplate] with something else in the same transaction, so that both happen or neither. then, if
// not nil, learns which licences the template has lost; it is called for a template that was like this already, too.
func (s *Service) PutTemplateAnd(ctx context.Context, by Actor, org OrgID, group GroupID, licences []Licence, then func(c *Acts, lost []Licence) error) (Template, error) {
	t := Template{Org: org, Group: group, Licences: licenceSet(licences)}
	if len(licences) == 0 {
		return Template{}, Refuse(Invalid, RuleInvalidValue, "a template without licences gives nothing; name some or delete the template").At("licences")
	}
	if err := assignable(licences); err != nil {
		return Template{}, err
	}
	var stored Template
	err := s.transact(ctx, Exclusive(org), org, by, func(c *Acts) error {
		before, err := c.template(ctx, group)
		if err != nil {
			return err
		}
		if stored, err = c.putTemplate(ctx, before, t); err != nil || then == nil {
			return err
		}
		return then(c, slices.DeleteFunc(slices.Clone(before.Licences), func(l Licence) bool { return slices.Contains(t.Licences, l) }))
	})
	return stored, err
}

// putTemplate stores a template in the place of the one before, unless it says the same.
func (c *Acts) putTemplate(ctx context.Context, before, t Template) (Template, error) {
	target, err := c.templateTarget(ctx, t.Group)
	if err != nil {
		return Template{}, err
	}
	if err := c.licencesKnown(ctx, t.Licences); err != nil {
		return Template{}, err
	}
	if slices.Equal(before.Licences, t.Licences) {
		return before, nil
	}
	t.UpdatedAt = c.now
	if err := c.tx.PutTemplate(ctx, t); err != nil {
		return Template{}, err
	}
	if err := c.countTemplates(ctx); err != nil {
		return Template{}, err
	}
	return t, c.tellOf(ctx, TemplatePut, target, map[string]any{"before": before.Licences, "after": t.Licences})
}

// DeleteTemplate ends a template. Nobody loses anything by it (LIC-03).
func (s *Service) DeleteTemplate(ctx context.Context, by Actor, org OrgID, group GroupID) error {
	return s.transact(ctx, Exclusive(org), org, by, func(c *Acts) error {
		target, err := c.templateTarget(ctx, group)
		if err != nil {
			return err
		}
		before, err := c.template(ctx, group)
		if err != nil {
			return err
		}
		if err := c.tx.DeleteTemplate(ctx, org, group); err != nil {
			return err
		}
		if err := c.countTemplates(ctx); err != nil {
			return err
		}
		return c.tellOf(ctx, TemplateDeleted, target, map[string]any{"before": before.Licences})
	})
}

// ApplyTemplate brings one existing account to the templates that there are now: it gets what it lacks of the organization's
// and its groups' templates, and, unless preserve is set, loses those of the removed licences that no template gives any more
// (LIC-03). A licence without a free seat refuses all of it with NO_LICENSES: an administrator asked for this and can get more
// seats and ask again.
func (c *Acts) ApplyTemplate(ctx context.Context, account AccountID, removed []Licence, preserve bool) error {
	a, err := c.load(ctx, account, nil)
	if err != nil {
		return err
	}
	had, err := c.mayLicense(ctx, a, removed)
	if err != nil {
		return err
	}
	groups, err := c.tx.GroupsOf(ctx, c.org.ID, a.ID)
	if err != nil {
		return err
	}
	template, err := c.templateFor(ctx, groups)
	if err != nil {
		return err
	}
	change := licensing{add: lacking(had, template), rule: "LIC-03"}
	if !preserve {
		change.remove = slices.DeleteFunc(licenceSet(removed), func(l Licence) bool { return slices.Contains(template, l) })
	}
	return c.relicense(ctx, a, had, change)
}

// templateFor returns the union of the organization's own template and those of groups (LIC-01).
func (c *Acts) templateFor(ctx context.Context, groups []Group) ([]Licence, error) {
	templates, err := c.tx.Templates(ctx, c.org.ID)
	if err != nil {
		return nil, err
	}
	var union []Licence
	for _, t := range templates {
		if t.Group == "" || slices.ContainsFunc(groups, func(g Group) bool { return g.ID == t.Group }) {
			union = append(union, t.Licences...)
		}
	}
	return licenceSet(union), nil
}

// template returns the template of a group, or the organization's own; one without licences if there is none.
func (c *Acts) template(ctx context.Context, group GroupID) (Template, error) {
	templates, err := c.tx.Templates(ctx, c.org.ID)
	if err != nil {
		return Template{}, err
	}
	if i := slices.IndexFunc(templates, func(t Template) bool { return t.Group == group }); i >= 0 {
		return templates[i], nil
	}
	return Template{Org: c.org.ID, Group: group, Licences: []Licence{}}, nil
}

// templateTarget names a template in events, and refuses groups that do not exist.
func (c *Acts) templateTarget(ctx context.Context, group GroupID) (Target, error) {
	if group == "" {
		return Target{Type: TargetTemplate, ID: string(c.org.ID), Name: c.org.Name}, nil
	}
	g, err := c.tx.Group(ctx, c.org.ID, group)
	return Target{Type: TargetTemplate, ID: string(group), Name: g.Name}, err
}

// countTemplates brings the organization's count to the templates that there are.
func (c *Acts) countTemplates(ctx context.Context) error {
	templates, err := c.tx.Templates(ctx, c.org.ID)
	if err != nil {
		return err
	}
	_, err = c.changeOrganization(ctx, func(o Organization) Organization {
		o.LicenceTemplates = len(templates)
		return o
	})
	return err
}
