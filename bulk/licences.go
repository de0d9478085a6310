package bulk

import (
	"context"
	"slices"
	"strings"

	"rollcall/identity"
)

// licenceColumn is the column of a licence.
func licenceColumn(l identity.Licence, header string) column {
	return column{id: licencePrefix + string(l), header: header, role: licenses, licence: l, show: func(v view) string {
		if v.licences[l] {
			return "TRUE"
		}
		return "FALSE"
	}}
}

// licencePrefix begins the id of a licence's column, which no fixed column's does.
const licencePrefix = "licence:"

// offer is one licence of an organization with the subscriptions that have it, the oldest first.
type offer struct {
	licence       identity.Licence
	subscriptions []identity.SubscriptionID
}

// offers lists an organization's licences in the order of their names.
func offers(ctx context.Context, read identity.Reader, org identity.OrgID) ([]offer, error) {
	subscriptions, err := read.Subscriptions(ctx, org)
	if err != nil {
		return nil, err
	}
	var all []offer
	for _, s := range subscriptions {
		for _, p := range s.Pools {
			i := slices.IndexFunc(all, func(o offer) bool { return o.licence == p.Licence })
			if i < 0 {
				i, all = len(all), append(all, offer{licence: p.Licence})
			}
			all[i].subscriptions = append(all[i].subscriptions, s.ID)
		}
	}
	slices.SortFunc(all, func(a, b offer) int { return strings.Compare(string(a.licence), string(b.licence)) })
	return all, nil
}

// offered prefers the licence of exactly this name to one that differs in case.
func offered(name string, all []offer) (offer, bool) {
	i := slices.IndexFunc(all, func(o offer) bool { return string(o.licence) == name })
	if i < 0 {
		i = slices.IndexFunc(all, func(o offer) bool { return strings.EqualFold(string(o.licence), name) })
	}
	if i < 0 {
		return offer{}, false
	}
	return all[i], true
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
