package admin

import (
	"context"
	"net/http"
	"time"

	"rollcall/identity"
)

// Site is a meeting site that is linked to the organization.
type Site struct {
	Name      string    `json:"name" doc:"Its host name" example:"meet.example.com"`
	Status    string    `json:"status" enum:"pending,completed" doc:"A completed link is undone by whoever runs the server only"`
	Licence   string    `json:"licence,omitempty" doc:"What the site's users have; they should give it up before they are claimed"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// SiteLink is what can be said of a link.
type SiteLink struct {
	Licence string `json:"licence,omitempty" maxLength:"64" doc:"What the site's users have"`
}

// SitePath is the site in the path.
type SitePath struct {
	OrgPath
	Site string `path:"site" doc:"Its host name"`
}

type siteList struct {
	Sites []Site `json:"sites" nullable:"false" doc:"In the order of their names"`
}

const sitesPath = orgPath + "/sites"

func (a *api) addSites() {
	add(a, operation{
		id: "listSites", method: http.MethodGet, path: sitesPath, scope: scopeReadSites,
		summary: "List meeting sites", about: "Those that are linked to the organization, or about to be.",
	}, a.listSites)
	add(a, operation{
		id: "putSite", method: http.MethodPut, path: sitesPath + "/{site}", scope: scopeWriteSites,
		summary: "Link a meeting site", about: "The link is pending until whoever runs the server completes it. One that is completed stays so.",
		refusals: []int{http.StatusConflict},
	}, a.putSite)
	add(a, operation{
		id: "unlinkSite", method: http.MethodDelete, path: sitesPath + "/{site}", scope: scopeWriteSites,
		summary: "End a pending link", about: "A completed link is undone by whoever runs the server only: 403 `SITE_LINK_COMPLETED`.",
		refusals: []int{http.StatusConflict},
	}, a.unlinkSite)
}

func (a *api) listSites(ctx context.Context, in *OrgPath) (*body[siteList], error) {
	all, err := a.service.SiteLinks(ctx, in.id())
	if err != nil {
		return nil, err
	}
	list := siteList{Sites: []Site{}}
	for _, l := range all {
		list.Sites = append(list.Sites, showSite(l))
	}
	return &body[siteList]{list}, nil
}

func (a *api) putSite(ctx context.Context, in *struct {
	SitePath
	Body SiteLink
}) (*body[Site], error) {
	l, err := a.service.AddSite(ctx, callerOf(ctx).actor(), in.id(), in.Site, identity.Licence(in.Body.Licence))
	if err != nil {
		return nil, err
	}
	return &body[Site]{showSite(l)}, nil
}

func (a *api) unlinkSite(ctx context.Context, in *SitePath) (*struct{}, error) {
	return nil, a.service.UnlinkSite(ctx, callerOf(ctx).actor(), in.id(), in.Site)
}

func showSite(l identity.SiteLink) Site {
	return Site{Name: l.Site, Status: string(l.Status), Licence: string(l.Licence), CreatedAt: l.CreatedAt, UpdatedAt: l.UpdatedAt}
}
