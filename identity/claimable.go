package identity

import (
	"context"
	"slices"
	"strings"
)

// The orders of a list of users who can be claimed (CLM-31).
const (
	SortByEmail  = "email"
	SortByDomain = "domain"
)

// ClaimableQuery selects users whom an organization can claim.
type ClaimableQuery struct {
	Sort    string // SortByEmail, also if empty, or SortByDomain
	Blocked bool   // instead of them: whoever has an address in a domain that only the organization has verified and cannot be claimed, with the reasons
	Limit   int    // 0: [Rules.ClaimListLimit]; more is not shown
}

// ClaimableList is a list of users whom an organization can claim.
type ClaimableList struct {
	Users     []ClaimPreview
	Total     int  // how many there are
	Truncated bool // there are more than the list shows; a file has all of them (CLM-33)
}

// Claimable lists users whom an organization can claim: whoever is in it can be claimed, and whoever can be claimed is in it as long
// as there is room (CLM-10, CLM-30). It says nothing of warnings; [Service.PreviewClaim] does.
func (s *Service) Claimable(ctx context.Context, org OrgID, q ClaimableQuery) (ClaimableList, error) {
	list := ClaimableList{Users: []ClaimPreview{}}
	if q.Sort != "" && q.Sort != SortByEmail && q.Sort != SortByDomain {
		return list, Refuse(Invalid, RuleInvalidValue, "the order %s is not known; use email or domain", quoteShort(q.Sort)).At("sort")
	}
	if q.Limit == 0 || q.Limit > s.rules.ClaimListLimit {
		q.Limit = s.rules.ClaimListLimit
	}
	if q.Limit < 0 {
		return list, Refuse(Invalid, RuleInvalidValue, "the limit is %d; it must be at least 1", q.Limit).At("limit")
	}
	search, err := s.searchClaimable(ctx, org)
	if err != nil {
		return list, err
	}
	if q.Blocked {
		return s.blocked(ctx, search, q)
	}
	if list.Total, err = search.count(ctx); err != nil {
		return list, err
	}
	found, err := search.list(ctx, q)
	if err != nil {
		return list, err
	}
	for _, c := range found {
		preview, err := search.preview(ctx, c)
		if err != nil {
			return list, err
		}
		list.Users = append(list.Users, preview)
	}
	list.Truncated = list.Total > len(list.Users)
	return list, nil
}

// EachClaimable calls do with everybody whom an organization can claim, in the order of domains and addresses, however many there
// are; it holds a page of them at a time (CLM-33).
func (s *Service) EachClaimable(ctx context.Context, org OrgID, do func(ClaimPreview) error) error {
	search, err := s.searchClaimable(ctx, org)
	if err != nil {
		return err
	}
	for _, domain := range search.domains {
		for after := EmailKey(""); ; {
			page, err := search.page(ctx, domain, after, candidatesAtOnce)
			if err != nil {
				return err
			}
			for _, c := range page {
				preview, err := search.preview(ctx, c)
				if err != nil {
					return err
				}
				known := ClaimCase{Claimant: search.claimant, Source: search.sources[c.Account.Org], Account: c.Account}
				sites, err := search.sitesOf(ctx, c.Account.Org)
				if err != nil {
					return err
				}
				if preview.Warnings, err = claimWarnings(ctx, s.store, known, sites); err != nil {
					return err
				}
				if err := do(preview); err != nil {
					return err
				}
			}
			if len(page) < candidatesAtOnce {
				break
			}
			after = page[len(page)-1].Key
		}
	}
	return nil
}

// candidatesAtOnce is how many candidates are read at a time.
const candidatesAtOnce = 500

func emailOf(key EmailKey) Email {
	return Email{Display: string(key), Key: key, Domain: key.DomainOf()}
}

// claimSearch is where and how to look for users whom an organization can claim.
type claimSearch struct {
	read     Reader
	rules    Rules
	claimant Organization
	sources  map[OrgID]Organization
	sites    map[OrgID][]SiteLink
	alone    []string // domains that the organization alone has verified, in the order of their names
	domains  []string // those of which it can claim users: none while it synchronizes a directory
	without  []OrgID  // whose domains overlap with its own
	inCharge map[string]int
	stay     map[AccountID]bool // who has to hand an organization over first (CLM-10 h)
}

func (s *Service) searchClaimable(ctx context.Context, org OrgID) (claimSearch, error) {
	search := claimSearch{read: s.store, rules: s.rules, sources: map[OrgID]Organization{}, sites: map[OrgID][]SiteLink{}, inCharge: map[string]int{}, stay: map[AccountID]bool{}}
	claimant, err := s.store.Organization(ctx, org)
	if err != nil {
		return search, err
	}
	search.claimant = claimant
	own, err := s.store.Domains(ctx, claimant.ID)
	if err != nil {
		return search, err
	}
	overlapping := map[OrgID]bool{}
	for _, d := range own {
		around, err := s.store.DomainsAround(ctx, d.Name)
		if err != nil {
			return search, err
		}
		alone := true
		for _, other := range around {
			if other.Org == claimant.ID {
				continue
			}
			overlapping[other.Org] = true
			alone = alone && other.Name != d.Name
		}
		if alone {
			search.alone = append(search.alone, d.Name)
		}
	}
	if !claimant.ManagedByDirectory() {
		search.domains = search.alone
	}
	for org := range overlapping {
		search.without = append(search.without, org)
	}
	slices.Sort(search.without)
	for _, domain := range search.domains {
		if err := search.findOwners(ctx, domain); err != nil {
			return search, err
		}
	}
	return search, nil
}

// findOwners notes who in a domain has to hand an organization over first. There are as many as organizations have full
// administrators, which is few.
func (f *claimSearch) findOwners(ctx context.Context, domain string) error {
	for after := EmailKey(""); ; {
		q := f.query(domain, after, candidatesAtOnce)
		q.InCharge = true
		page, err := f.read.Candidates(ctx, q)
		if err != nil {
			return err
		}
		for _, c := range page {
			o, err := f.source(ctx, c.Account.Org)
			if err != nil {
				return err
			}
			owns, err := ownsOrganization(ctx, f.read, o, c.Account)
			if err != nil {
				return err
			}
			if owns {
				f.stay[c.Account.ID] = true
				f.inCharge[domain]++
			}
		}
		if len(page) < candidatesAtOnce {
			return nil
		}
		after = page[len(page)-1].Key
	}
}

func (f *claimSearch) query(domain string, after EmailKey, limit int) CandidateQuery {
	return CandidateQuery{Claimant: f.claimant.ID, Domain: domain, Without: f.without, After: after, Limit: limit}
}

// source returns an organization that candidates are in, asking for each once.
func (f *claimSearch) source(ctx context.Context, id OrgID) (Organization, error) {
	if o, known := f.sources[id]; known {
		return o, nil
	}
	o, err := f.read.Organization(ctx, id)
	if err == nil {
		f.sources[id] = o
	}
	return o, err
}

// sitesOf returns the sites of an organization that candidates are in, asking for each once.
func (f *claimSearch) sitesOf(ctx context.Context, id OrgID) ([]SiteLink, error) {
	if sites, known := f.sites[id]; known {
		return sites, nil
	}
	sites, err := f.read.SiteLinks(ctx, id)
	if err == nil {
		f.sites[id] = sites
	}
	return sites, err
}

// preview says what claiming a candidate would come to. Nothing speaks against it, or the search had not found them.
func (f *claimSearch) preview(ctx context.Context, c Candidate) (ClaimPreview, error) {
	source, err := f.source(ctx, c.Account.Org)
	if err != nil {
		return ClaimPreview{}, err
	}
	return ClaimCase{Claimant: f.claimant, Source: source, Account: c.Account}.predict(c.Account.PrimaryEmail(), "", f.rules)
}

// page returns the next candidates of a domain, without those who have to stay; fewer than limit only if there are no more.
func (f *claimSearch) page(ctx context.Context, domain string, after EmailKey, limit int) ([]Candidate, error) {
	var found []Candidate
	for {
		page, err := f.read.Candidates(ctx, f.query(domain, after, limit))
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			if !f.stay[c.Account.ID] {
				found = append(found, c)
			}
		}
		switch {
		case len(found) >= limit:
			return found[:limit], nil
		case len(page) < limit:
			return found, nil
		}
		after = page[len(page)-1].Key
	}
}

func (f *claimSearch) count(ctx context.Context) (int, error) {
	total := 0
	for _, domain := range f.domains {
		n, err := f.countIn(ctx, domain)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// countIn returns how many can be claimed who have an address in a domain.
func (f *claimSearch) countIn(ctx context.Context, domain string) (int, error) {
	if !slices.Contains(f.domains, domain) {
		return 0, nil
	}
	n, err := f.read.CountCandidates(ctx, f.query(domain, "", 0))
	return n - f.inCharge[domain], err
}

// list returns the first candidates in the wanted order.
func (f *claimSearch) list(ctx context.Context, q ClaimableQuery) ([]Candidate, error) {
	var all []Candidate
	for _, domain := range f.domains {
		limit := q.Limit
		if q.Sort == SortByDomain {
			limit -= len(all)
		}
		if limit == 0 {
			break
		}
		found, err := f.page(ctx, domain, "", limit)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	if q.Sort != SortByDomain {
		slices.SortFunc(all, func(a, b Candidate) int { return strings.Compare(string(a.Key), string(b.Key)) })
	}
	return all[:min(len(all), q.Limit)], nil
}

// blocked lists people elsewhere with an address in the organization's domains who cannot be claimed, with every reason. Of a domain that
// another organization has verified too it lists nobody: they may be that one's own people (EML-13).
func (s *Service) blocked(ctx context.Context, search claimSearch, q ClaimableQuery) (ClaimableList, error) {
	list := ClaimableList{Users: []ClaimPreview{}}
	for _, domain := range search.alone {
		n, err := s.store.CountCandidates(ctx, CandidateQuery{Claimant: search.claimant.ID, Domain: domain, Any: true})
		if err != nil {
			return list, err
		}
		claimable, err := search.countIn(ctx, domain)
		if err != nil {
			return list, err
		}
		list.Total += n - claimable
		found, err := s.blockedIn(ctx, search, domain, min(q.Limit, n-claimable))
		if err != nil {
			return list, err
		}
		list.Users = append(list.Users, found...)
	}
	if q.Sort != SortByDomain {
		slices.SortFunc(list.Users, func(a, b ClaimPreview) int { return strings.Compare(a.Email, b.Email) })
	}
	list.Users = list.Users[:min(len(list.Users), q.Limit)]
	list.Truncated = list.Total > len(list.Users)
	return list, nil
}

// blockedIn lists the first few of those in a domain who cannot be claimed. Most people of a domain can be, as a rule, and it takes several
// questions to find out why somebody cannot: only those are looked at whom the search does not find.
func (s *Service) blockedIn(ctx context.Context, search claimSearch, domain string, limit int) ([]ClaimPreview, error) {
	var blocked []ClaimPreview
	for after := EmailKey(""); len(blocked) < limit; {
		page, err := s.store.Candidates(ctx, CandidateQuery{Claimant: search.claimant.ID, Domain: domain, After: after, Any: true, Limit: candidatesAtOnce})
		if err != nil {
			return nil, err
		}
		claimable, err := search.keysBeyond(ctx, domain, after)
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			if claimable[c.Key] || len(blocked) == limit {
				continue
			}
			preview, err := s.previewClaim(ctx, s.store, search.claimant, emailOf(c.Key), "")
			if err != nil {
				return nil, err
			}
			if !preview.Eligible {
				blocked = append(blocked, preview)
			}
		}
		if len(page) < candidatesAtOnce {
			break
		}
		after = page[len(page)-1].Key
	}
	return blocked, nil
}

// keysBeyond returns the addresses beyond one of those in a domain who can be claimed: as many as there can be among the next candidates of
// any sort.
func (f *claimSearch) keysBeyond(ctx context.Context, domain string, after EmailKey) (map[EmailKey]bool, error) {
	if !slices.Contains(f.domains, domain) {
		return nil, nil
	}
	page, err := f.page(ctx, domain, after, candidatesAtOnce)
	keys := make(map[EmailKey]bool, len(page))
	for _, c := range page {
		keys[c.Key] = true
	}
	return keys, err
}
