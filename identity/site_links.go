package identity

import (
	"context"
	"slices"
)

// SiteLinks lists the meeting sites that are linked to an organization, in the order of their names.
func (s *Service) SiteLinks(ctx context.Context, org OrgID) ([]SiteLink, error) {
	return s.store.SiteLinks(ctx, org)
}

// AddSite begins to link a meeting site, or changes the licence that its users have. A link that is completed stays so.
func (s *Service) AddSite(ctx context.Context, by Actor, org OrgID, site string, licence Licence) (SiteLink, error) {
	host, err := siteName(site)
	if err != nil {
		return SiteLink{}, err
	}
	if licence != "" && !licence.wellFormed() {
		return SiteLink{}, Refuse(Invalid, RuleUnknownLicence, "%s is no name of a licence", quoteShort(string(licence))).At("licence")
	}
	return s.putSite(ctx, by, org, host, func(l SiteLink) SiteLink {
		if l.Status == "" {
			l.Status = SitePending
		}
		l.Licence = licence
		return l
	})
}

// CompleteSite notes that the link to a site is complete. It is the operator's word: from then on only the operator can undo it (ORG-08).
func (s *Service) CompleteSite(ctx context.Context, by Actor, org OrgID, site string) (SiteLink, error) {
	host, err := siteName(site)
	if err != nil {
		return SiteLink{}, err
	}
	if by.Kind != Operator {
		return SiteLink{}, Refuse(Forbidden, RuleForbiddenRole, "only whoever runs the server completes the link to a site")
	}
	return s.putSite(ctx, by, org, host, func(l SiteLink) SiteLink {
		l.Status = SiteCompleted
		return l
	})
}

// UnlinkSite ends the link to a site. The organization itself can do so while the link is pending (ORG-08).
func (s *Service) UnlinkSite(ctx context.Context, by Actor, org OrgID, site string) error {
	host, err := siteName(site)
	if err != nil {
		return err
	}
	return s.transact(ctx, Exclusive(org), org, by, func(c *Acts) error {
		l, found, err := c.site(ctx, host)
		switch {
		case err != nil:
			return err
		case !found:
			return Refuse(NotFound, RuleUnknownSite, "the site %s is not linked to this organization", host)
		case l.Status == SiteCompleted && by.Kind != Operator:
			return Refuse(Forbidden, RuleSiteCompleted, "the link to %s is completed; only whoever runs the server can undo it", host)
		}
		if err := c.tx.DeleteSiteLink(ctx, org, host); err != nil {
			return err
		}
		return c.tellOf(ctx, SiteDeleted, l.target(), l)
	})
}

// putSite stores what edit makes of a link; one that there is not begins empty. Nothing happens if nothing is different.
func (s *Service) putSite(ctx context.Context, by Actor, org OrgID, host string, edit func(SiteLink) SiteLink) (SiteLink, error) {
	var l SiteLink
	err := s.transact(ctx, Exclusive(org), org, by, func(c *Acts) error {
		if c.org.Kind == Consumer {
			return Refuse(Forbidden, RuleForbiddenRole, "the organization of personal accounts has no sites")
		}
		before, found, err := c.site(ctx, host)
		if err != nil {
			return err
		}
		if !found {
			before = SiteLink{Org: org, Site: host, CreatedAt: c.now, UpdatedAt: c.now}
		}
		if l = edit(before); l == before {
			return nil
		}
		l.UpdatedAt = c.now
		if err := c.tx.PutSiteLink(ctx, l); err != nil {
			return err
		}
		return c.tellOf(ctx, SitePut, l.target(), l)
	})
	return l, err
}

func (c *Acts) site(ctx context.Context, host string) (l SiteLink, found bool, err error) {
	all, err := c.tx.SiteLinks(ctx, c.org.ID)
	i := slices.IndexFunc(all, func(l SiteLink) bool { return l.Site == host })
	if err != nil || i < 0 {
		return SiteLink{}, false, err
	}
	return all[i], true, nil
}

// siteName is the one spelling of a site: its host name.
func siteName(site string) (string, error) {
	host, err := ParseDomain(site)
	return host, atField(err, "site")
}

func (l SiteLink) target() Target { return Target{Type: TargetSite, ID: l.Site, Name: l.Site} }
