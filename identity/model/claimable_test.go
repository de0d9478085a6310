package model_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/identity"
)

// family are domains of which some lie in others.
var family = []string{"big.example", "part.big.example", "deep.part.big.example", "small.example"}

// TestCLM10_WhoIsListedIsWhoCanBeClaimed asks of random worlds whether the list, which the store answers in one look, says the same as
// trying to claim everybody.
func TestCLM10_WhoIsListedIsWhoCanBeClaimed(t *testing.T) {
	o := newOrigin(t)
	dir := t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		x, end := o.begin(t, r, filepath.Join(dir, "one"))
		defer end()
		w := &crowd{actual: x, r: r, orgs: []identity.OrgID{identity.ConsumerOrgID}}
		for i := range rapid.IntRange(2, 4).Draw(r, "organizations") {
			w.organization(i)
		}
		for i := range rapid.IntRange(4, 14).Draw(r, "users") {
			w.user(i)
		}
		w.someClaims()
		for _, org := range w.orgs[1:] {
			w.settings(org)
		}
		for _, org := range w.orgs[1:] {
			w.check(org)
		}
	})
}

// crowd is a random world.
type crowd struct {
	*actual
	r         *rapid.T
	orgs      []identity.OrgID
	linked    map[identity.OrgID]identity.ConnectorID
	addresses []string
}

func (w *crowd) no(err error) { require.NoError(w.r, err) }

func (w *crowd) organization(i int) {
	region := some(w.r, "region", []string{"", "far"})
	o, err := w.CreateOrganization(w.ctx, operator, identity.Organization{Name: fmt.Sprint("Crowd ", i), Kind: identity.Customer, Region: region})
	w.no(err)
	w.orgs = append(w.orgs, o.ID)
	if coin(w.r, "directory") {
		if w.linked == nil {
			w.linked = map[identity.OrgID]identity.ConnectorID{}
		}
		c, err := w.CreateConnector(w.ctx, operator, identity.Connector{Org: o.ID, Name: "AD", Kind: "ad", Settings: []byte(`{}`)})
		w.no(err)
		w.linked[o.ID] = c.ID
		_, err = w.DisableSync(w.ctx, operator, o.ID)
		w.no(err)
	}
	for _, name := range family {
		if rarely(w.r, "verifies "+name) {
			_, err := w.AttestDomain(w.ctx, operator, o.ID, name)
			w.no(err)
		}
	}
	if rarely(w.r, "trial") {
		_, err := w.PutSubscription(w.ctx, operator, identity.Subscription{Org: o.ID, Name: "trial", Type: identity.OnlineTrial, Status: identity.SubscriptionActive})
		w.no(err)
	}
}

// user adds somebody of some sort.
func (w *crowd) user(i int) {
	org := some(w.r, "home", w.orgs)
	address := fmt.Sprintf("u%d@%s", i, some(w.r, "domain", family))
	w.addresses = append(w.addresses, address)
	if rarely(w.r, "capitals") {
		address = strings.ToUpper(address)
	}
	d := draft(address)
	sort := some(w.r, "sort", []string{"", "", "name only", "alternate", "inactive", "lost", "disabled", "administrator", "creator"})
	switch sort {
	case "name only":
		d.Emails = nil
	case "alternate":
		d = draft(fmt.Sprintf("u%d@far.example", i), address)
	}
	from := identity.Origin{Source: identity.SourceSCIM}
	if link := w.linked[org]; link != "" && (sort == "lost" || sort == "disabled") {
		from = identity.Origin{Source: identity.SourceDirectory, Link: &identity.DirectoryLink{Connector: link, Object: identity.ObjectID(w.NewID()), DN: "CN=x"}}
	}
	var a identity.Account
	w.no(w.Transact(w.ctx, org, operator, func(c *identity.Acts) error {
		var err error
		a, err = c.Create(w.ctx, d, from)
		return err
	}))
	w.no(w.become(a, sort, from.Link, i))
}

func (w *crowd) become(a identity.Account, sort string, link *identity.DirectoryLink, i int) error {
	mirror := func(standing identity.Trigger) error {
		if link == nil {
			return nil
		}
		return w.Transact(w.ctx, a.Org, run, func(c *identity.Acts) error {
			_, err := c.Mirror(w.ctx, a.ID, nil, identity.Mirror{Draft: a.Draft(), Link: *link, Standing: standing, Loss: identity.DirectoryDeleted})
			return err
		})
	}
	switch sort {
	case "inactive":
		return w.Transact(w.ctx, a.Org, operator, func(c *identity.Acts) error {
			_, err := c.Deactivate(w.ctx, a.ID, nil)
			return err
		})
	case "lost":
		return mirror(identity.DirectoryMissing)
	case "disabled":
		return mirror(identity.DirectoryBlocked)
	case "administrator":
		w.tie(a.Org, a.ID, 1000+i)
		if a.Org == identity.ConsumerOrgID {
			return nil
		}
		_, err := w.GrantTo(w.ctx, operator, a.Org, a.ID, identity.RoleFull)
		return err
	case "creator":
		if a.Org == identity.ConsumerOrgID {
			return nil
		}
		return w.set(a.Org, func(o *identity.Organization) { o.Creator = a.ID })
	}
	return nil
}

// someClaims leaves some of those who can be claimed claimed, in several ways.
func (w *crowd) someClaims() {
	for _, org := range w.orgs[1:] {
		for _, address := range w.addresses {
			if !rarely(w.r, "claimed") {
				continue
			}
			c, _, err := w.ClaimUser(w.ctx, admin, org, identity.ClaimRequest{Email: address})
			if err != nil {
				require.NotEqual(w.r, identity.Internal, identity.KindOf(err), "%v", err)
				continue
			}
			if rarely(w.r, "revoked") {
				_, err = w.RevokeClaim(w.ctx, admin, org, c.ID)
				w.no(err)
			}
		}
	}
}

// settings makes an organization one that claims or is claimed from, or neither.
func (w *crowd) settings(org identity.OrgID) {
	if rarely(w.r, "sso") {
		w.no(w.set(org, func(o *identity.Organization) { o.SSOProvider = "https://idp.example" }))
	}
	switch link := w.linked[org]; {
	case !rarely(w.r, "synchronizes"):
	case link == "":
		w.no(w.set(org, func(o *identity.Organization) { o.ProviderAuthoritative = true }))
	default:
		_, err := w.EnableSync(w.ctx, operator, org)
		require.Contains(w.r, []identity.Rule{"", identity.RuleDryRunRequired}, map[bool]identity.Rule{true: "", false: identity.RuleOf(err)}[err == nil])
	}
	if rarely(w.r, "loses a domain") {
		standing, err := w.DomainList(w.ctx, org)
		w.no(err)
		if len(standing) > 0 {
			_ = w.RemoveDomain(w.ctx, operator, org, standing[0].Name) // or it is needed for a claim
		}
	}
	if rarely(w.r, "no content") {
		w.no(w.set(org, func(o *identity.Organization) { o.AllowContentTransfer = false }))
	}
}

// check compares what an organization is shown with what it can do.
func (w *crowd) check(org identity.OrgID) {
	var can []string
	for _, address := range w.addresses {
		var refusal error
		err := w.TransactClaims(w.ctx, admin, org, []string{address}, func(c *identity.Acts) error {
			_, _, refusal = c.Claim(w.ctx, identity.ClaimRequest{Email: address, Licences: []identity.Licence{}})
			return errUndo
		})
		require.ErrorIs(w.r, err, errUndo)
		if refusal == nil {
			can = append(can, address)
		}
	}
	slices.Sort(can)
	w.lists(org, false, can)
	w.lists(org, true, w.rest(org, can))
	var each []string
	w.no(w.EachClaimable(w.ctx, org, func(p identity.ClaimPreview) error {
		each = append(each, strings.ToLower(p.Email))
		return nil
	}))
	require.Equal(w.r, byDomain(can), each)
}

// rest lists everybody elsewhere whose primary address is in a domain that only one organization has verified, without those whom it can
// claim; also who is being claimed, or is gone from a directory and about to be deleted. Of a domain that others have verified too nothing
// is said about people (EML-13).
func (w *crowd) rest(org identity.OrgID, can []string) []string {
	blockable := []identity.HoldKind{identity.HoldPrimary, identity.HoldClaim, identity.HoldSoftDeleted}
	verified := map[string]bool{}
	own, err := w.Reader().Domains(w.ctx, org)
	w.no(err)
	for _, d := range own {
		holders, err := w.Reader().DomainHolders(w.ctx, d.Name)
		w.no(err)
		verified[d.Name] = len(holders) == 1
	}
	var rest []string
	for _, address := range w.addresses {
		h, err := w.Reader().Hold(w.ctx, identity.EmailKey(address))
		if err == nil && h.Org != org && slices.Contains(blockable, h.Kind) && verified[domainOf(address)] && !slices.Contains(can, address) {
			rest = append(rest, address)
		}
	}
	slices.Sort(rest)
	return rest
}

func byDomain(addresses []string) []string {
	sorted := slices.Clone(addresses)
	slices.SortFunc(sorted, func(a, b string) int {
		if c := strings.Compare(domainOf(a), domainOf(b)); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return sorted
}

// lists compares a list in both orders and for every limit with what has to be in it.
func (w *crowd) lists(org identity.OrgID, blocked bool, want []string) {
	for sort, all := range map[string][]string{"": want, identity.SortByEmail: want, identity.SortByDomain: byDomain(want)} {
		for limit := range len(want) + 2 {
			list, err := w.Claimable(w.ctx, org, identity.ClaimableQuery{Sort: sort, Limit: limit, Blocked: blocked})
			w.no(err)
			most := len(all)
			if limit > 0 {
				most = min(limit, most)
			}
			var got []string
			for _, p := range list.Users {
				got = append(got, strings.ToLower(p.Email))
				require.Equal(w.r, !blocked, p.Eligible)
				require.Equal(w.r, blocked, len(p.Reasons) > 0)
			}
			require.Equal(w.r, slices.Clone(all[:most]), got, "sorted by %q, at most %d, blocked: %v", sort, limit, blocked)
			require.Equal(w.r, len(all), list.Total)
			require.Equal(w.r, len(all) > most, list.Truncated)
		}
	}
}
