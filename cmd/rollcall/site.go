package main

import (
	"io"

	"rollcall/identity"
)

type siteCmd struct {
	List     siteListCmd     `cmd:"" help:"List the meeting sites of an organization."`
	Link     siteLinkCmd     `cmd:"" help:"Begin to link a meeting site; the link is pending."`
	Complete siteCompleteCmd `cmd:"" help:"Complete the link to a site; from then on only unlink undoes it."`
	Unlink   siteUnlinkCmd   `cmd:"" help:"End the link to a site, also a completed one; the operator's alone."`
}

// siteArg names a meeting site.
type siteArg struct {
	Site string `arg:"" placeholder:"HOST" help:"The site's host name, such as meet.example.org."`
}

type siteListCmd struct {
	storeFlag
	orgFlag
}

// Run lists the sites.
func (c *siteListCmd) Run(a *app) error {
	return a.onStoreOrg(c.storeFlag, c.orgFlag, func(s *session, org identity.OrgID) error {
		sites, err := s.service.SiteLinks(s.ctx, org)
		if err != nil {
			return err
		}
		return s.show(append([]identity.SiteLink{}, sites...), func(w io.Writer) error {
			rows := make([][]string, len(sites))
			for i, l := range sites {
				rows[i] = []string{l.Site, string(l.Status), or(string(l.Licence), "-"), instant(l.UpdatedAt)}
			}
			return table(w, []string{"SITE", "STATUS", "LICENCE", "SINCE"}, rows)
		})
	})
}

// onStoreOrg is onStore for a command about an organization.
func (a *app) onStoreOrg(f storeFlag, org orgFlag, do func(*session, identity.OrgID) error) error {
	return a.onStore(f, func(s *session) error {
		o, err := s.org(org)
		if err != nil {
			return err
		}
		return do(s, o.ID)
	})
}

func (s *session) showSite(l identity.SiteLink, err error) error {
	if err != nil {
		return err
	}
	return s.show(l, func(w io.Writer) error {
		return properties(w, "site", l.Site, "status", string(l.Status), "licence", string(l.Licence), "changed", instant(l.UpdatedAt))
	})
}

type siteLinkCmd struct {
	storeFlag
	orgFlag
	siteArg
	Licence string `placeholder:"NAME" help:"What the site's users have; they should give it up before they are claimed."`
}

// Run links the site.
func (c *siteLinkCmd) Run(a *app) error {
	return a.onStoreOrg(c.storeFlag, c.orgFlag, func(s *session, org identity.OrgID) error {
		return s.showSite(s.service.AddSite(s.ctx, s.by, org, c.Site, identity.Licence(c.Licence)))
	})
}

type siteCompleteCmd struct {
	storeFlag
	orgFlag
	siteArg
}

// Run completes the link.
func (c *siteCompleteCmd) Run(a *app) error {
	return a.onStoreOrg(c.storeFlag, c.orgFlag, func(s *session, org identity.OrgID) error {
		return s.showSite(s.service.CompleteSite(s.ctx, s.by, org, c.Site))
	})
}

type siteUnlinkCmd struct {
	storeFlag
	orgFlag
	siteArg
}

// Run ends the link.
func (c *siteUnlinkCmd) Run(a *app) error {
	return a.onStoreOrg(c.storeFlag, c.orgFlag, func(s *session, org identity.OrgID) error {
		if err := s.service.UnlinkSite(s.ctx, s.by, org, c.Site); err != nil {
			return err
		}
		a.say("%s is linked no more.", printable(c.Site))
		return nil
	})
}
