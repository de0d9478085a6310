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

// columnsOf returns the columns of an organization's files: the fixed ones and one a licence.
func columnsOf(all []offer) []column {
	columns := slices.Clone(fixedColumns)
	for _, o := range all {
		header := string(o.licence)
		if slices.ContainsFunc(columns, func(c column) bool { return strings.EqualFold(c.header, header) }) {
			header += " (" + string(o.subscriptions[0]) + ")"
		}
		columns = append(columns, licenceColumn(o.licence, header))
	}
	return columns
}

// find returns the column that a header names, in whatever case: a fixed one, a licence, or a licence with the id of one of its
// subscriptions in parentheses (CSV-02).
func find(header string, all []offer) (column, bool) {
	for _, c := range fixedColumns {
		if strings.EqualFold(c.header, header) {
			return c, true
		}
	}
	if o, found := offered(header, all); found {
		return licenceColumn(o.licence, header), true
	}
	name, rest, found := cutLast(header, "(")
	id, closed := strings.CutSuffix(rest, ")")
	if !found || !closed {
		return column{}, false
	}
	o, found := offered(strings.TrimSpace(name), all)
	if !found || !slices.Contains(o.subscriptions, identity.SubscriptionID(strings.ToLower(strings.TrimSpace(id)))) {
		return column{}, false
	}
	return licenceColumn(o.licence, header), true
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

// columnOf is the way back from a column's id.
func columnOf(id string) (column, bool) {
	if l, found := strings.CutPrefix(id, licencePrefix); found {
		return licenceColumn(identity.Licence(l), l), true
	}
	i := slices.IndexFunc(fixedColumns, func(c column) bool { return c.id == id })
	if i < 0 {
		return column{}, false
	}
	return fixedColumns[i], true
}
