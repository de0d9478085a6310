package history_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/internal/system"
)

var (
	operator = identity.Actor{Kind: identity.Operator, Name: "the operator"}
	admin    = identity.Actor{Kind: identity.Administrator, ID: "https://issuer|ada", Name: "Ada"}
)

// world is one of many in a database: its organizations, its domain, and the services through which its clients work.
type world struct {
	services []*identity.Service
	orgs     [south + 1]identity.OrgID
	domain   string
}

// newWorld makes the organizations of a world over some stores of one database.
func newWorld(t testing.TB, number int, stores ...identity.Store) *world {
	t.Helper()
	w := &world{domain: fmt.Sprintf("world%d.example", number)}
	for _, s := range stores {
		w.services = append(w.services, identity.NewService(s, system.Clock{}, system.IDs{}, identity.EmailPolicy{}))
	}
	for _, p := range []place{north, south} {
		o, err := w.services[0].CreateOrganization(t.Context(), operator, identity.Organization{Name: fmt.Sprint(p, number), Kind: identity.Customer})
		require.NoError(t, err)
		w.orgs[p] = o.ID
	}
	_, err := w.services[0].AttestDomain(t.Context(), operator, w.orgs[south], w.domain)
	require.NoError(t, err)
	return w
}

func (w *world) address(seat int) string { return string(rune('a'+seat)) + "@" + w.domain }

// seatOf is the seat that an address names, or the one that a shadow had (CLM-40).
func (w *world) seatOf(address string) int {
	name, domain, _ := strings.Cut(strings.TrimSuffix(address, "."+identity.ReservedDomain), "@")
	if domain != w.domain || len(name) != 1 {
		return -1
	}
	return int(name[0] - 'a')
}

func (w *world) see(a identity.Account) sighting {
	return sighting{at: w.placeOf(a.Org), seat: w.seatOf(a.PrimaryEmail()), id: a.ID, version: a.Version, status: a.Status, shadow: a.Shadow}
}

func (w *world) placeOf(org identity.OrgID) place { return place(slices.Index(w.orgs[:], org)) }

// do asks a service and returns what it answered.
func (w *world) do(ctx context.Context, s *identity.Service, r request) (answer, error) {
	switch r.act {
	case create, move, deactivate, reactivate, remove:
		return w.edit(ctx, s, r)
	case claim:
		c, a, err := s.ClaimUser(ctx, admin, w.orgs[south], identity.ClaimRequest{Email: w.address(r.seat), Mode: identity.ClaimImmediate})
		if err != nil {
			return answer{}, err
		}
		return answer{seen: []sighting{w.see(a)}, claim: c.ID}, nil
	case revoke:
		_, err := s.RevokeClaim(ctx, admin, w.orgs[south], r.claim)
		return answer{}, err
	case claimDomain:
		_, err := s.ClaimDomain(ctx, admin, w.orgs[south], w.domain)
		return answer{}, err
	case releaseDomain:
		_, err := s.ReleaseDomain(ctx, admin, w.orgs[south], w.domain)
		return answer{}, err
	}
	return w.read(ctx, s.Reader(), r)
}

// edit is one act on one account in a transaction of its own.
func (w *world) edit(ctx context.Context, s *identity.Service, r request) (answer, error) {
	var result answer
	expect := func(a identity.Account) error {
		if r.version != 0 && a.Version != r.version {
			return identity.Refuse(identity.Stale, identity.RuleVersionMismatch, "version %d", a.Version)
		}
		return nil
	}
	err := s.Transact(ctx, w.orgs[r.org], admin, func(c *identity.Acts) error {
		a, err := w.act(ctx, c, r, expect)
		if result = (answer{}); err == nil && r.act != remove {
			result.seen = []sighting{w.see(a)}
		}
		return err
	})
	return result, err
}

func (w *world) act(ctx context.Context, c *identity.Acts, r request, expect func(identity.Account) error) (identity.Account, error) {
	called := w.address(r.seat)
	emails := []identity.AccountEmail{{Value: called, Type: "work", Primary: true}}
	switch r.act {
	case create:
		return c.Create(ctx, identity.Draft{UserName: called, Emails: emails, Active: true}, identity.Origin{Source: identity.SourceSCIM})
	case move:
		return c.Update(ctx, r.id, expect, func(d identity.Draft) (identity.Draft, error) {
			d.UserName, d.Emails = called, emails
			return d, nil
		})
	case deactivate:
		return c.Deactivate(ctx, r.id, expect)
	case reactivate:
		return c.Reactivate(ctx, r.id, expect)
	}
	return identity.Account{}, c.Delete(ctx, r.id, expect)
}

func (w *world) read(ctx context.Context, from identity.Reader, r request) (answer, error) {
	switch r.act {
	case readUser:
		a, err := from.Account(ctx, w.orgs[r.org], r.id)
		return saw(w.see(a)), err
	case readName:
		a, err := from.AccountByUserName(ctx, w.orgs[r.org], identity.KeyOfUserName(w.address(r.seat)))
		return saw(w.see(a)), err
	case readHolder:
		h, err := from.Hold(ctx, identity.EmailKey(w.address(r.seat)))
		return saw(sighting{at: w.placeOf(h.Org), seat: r.seat, id: h.Account}), err
	case readDomain:
		holders, err := from.DomainHolders(ctx, w.domain)
		return answer{claimed: len(holders) == 1 && holders[0].State == identity.DomainClaimed}, err
	}
	all, err := from.Accounts(ctx, w.orgs[r.org], identity.AccountQuery{Limit: 100})
	var seen []sighting
	for _, a := range all {
		seen = append(seen, w.see(a))
	}
	slices.SortFunc(seen, func(a, b sighting) int { return cmp.Compare(a.seat, b.seat) })
	return saw(seen...), err
}
