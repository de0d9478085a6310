package identity_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
)

// counting is a store that counts some of what it is asked.
type counting struct {
	identity.Store
	sites, holds int
}

func (c *counting) SiteLinks(ctx context.Context, org identity.OrgID) ([]identity.SiteLink, error) {
	c.sites++
	return c.Store.SiteLinks(ctx, org)
}

func (c *counting) Hold(ctx context.Context, key identity.EmailKey) (identity.Hold, error) {
	c.holds++
	return c.Store.Hold(ctx, key)
}

// crowded is an organization with a domain, people who can be claimed by it and as many more as are said who cannot.
func (w *world) crowded(blocked int) (identity.OrgID, *counting, *identity.Service) {
	w.t.Helper()
	org, source, closed := w.claimant("Corp", "corp.example"), w.org("Source"), w.org("Closed")
	for i := range 5 {
		w.must(source, provider, person(fmt.Sprintf("s%d@corp.example", i)))
		w.personal(fmt.Sprintf("p%d@corp.example", i))
	}
	for i := range blocked {
		w.must(closed, provider, person(fmt.Sprintf("b%d@corp.example", i)))
	}
	w.set(closed, func(o *identity.Organization) { o.SSOProvider = "https://idp.example" })
	c := &counting{Store: w.under}
	return org, c, identity.NewService(c, w.clock, system.IDs{}, identity.EmailPolicy{})
}

func TestCLM33_TheFileAsksOncePerOrganizationForItsSites(t *testing.T) {
	w := newWorld(t)
	org, c, service := w.crowded(0)
	rows := 0
	require.NoError(t, service.EachClaimable(w.ctx, org, func(identity.ClaimPreview) error {
		rows++
		return nil
	}))
	require.Equal(t, 10, rows)
	require.Equal(t, 2, c.sites)
}

func TestCLM10_OnlyWhoCannotBeClaimedIsLookedAtForReasons(t *testing.T) {
	for blocked, limit := range map[int]int{0: 100, 3: 100, 4: 2} {
		t.Run(fmt.Sprint(blocked, " of them, at most ", limit), func(t *testing.T) {
			w := newWorld(t)
			org, c, service := w.crowded(blocked)
			list, err := service.Claimable(w.ctx, org, identity.ClaimableQuery{Blocked: true, Limit: limit})
			require.NoError(t, err)
			require.Equal(t, blocked, list.Total)
			require.Len(t, list.Users, min(blocked, limit))
			require.Equal(t, min(blocked, limit), c.holds)
		})
	}
}
