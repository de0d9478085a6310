package identity

import (
	"context"
	"time"
)

// SiteStatus is where the link to a meeting site stands.
type SiteStatus string

// The statuses. A completed link cannot be undone by the organization (ORG-08).
const (
	SitePending   SiteStatus = "pending"
	SiteCompleted SiteStatus = "completed"
)

// SiteLink ties a meeting site that is administered elsewhere to an organization. While it is completed the organization cannot be
// deleted (ORG-07), and users with the site's licence should give it up before they are claimed (CLM-45).
type SiteLink struct {
	Org       OrgID      `json:"organization"`
	Site      string     `json:"site"`              // its host name
	Licence   Licence    `json:"licence,omitempty"` // what the site's users have; empty: none
	Status    SiteStatus `json:"status"`
	CreatedAt time.Time  `json:"createdAt"`
	UpdatedAt time.Time  `json:"updatedAt"`
}

// SiteReader reads links to sites. It is part of [Reader].
type SiteReader interface {
	// SiteLinks lists in the order of the sites' names.
	SiteLinks(ctx context.Context, org OrgID) ([]SiteLink, error)
}

// SiteTx writes links to sites. It is part of [Tx].
type SiteTx interface {
	// PutSiteLink stores a link or replaces the one to the same site.
	PutSiteLink(ctx context.Context, l SiteLink) error
	DeleteSiteLink(ctx context.Context, org OrgID, site string) error
}
