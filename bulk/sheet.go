package bulk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rollcall/identity"
)

// sheet is what files of one kind look like in an organization: the columns that every organization has, and one for each of its
// licences.
type sheet struct {
	fixed    []column
	licences []offer
}

// sheetOf completes the fixed columns with the licences that an organization has now.
func sheetOf(ctx context.Context, read identity.Reader, org identity.OrgID, fixed []column) (sheet, error) {
	if _, err := read.Organization(ctx, org); err != nil {
		return sheet{}, err
	}
	licences, err := offers(ctx, read, org)
	return sheet{fixed: fixed, licences: licences}, err
}

// columns returns all columns, in the order of a file that the server writes.
func (s sheet) columns() []column {
	columns := slices.Clone(s.fixed)
	for _, o := range s.licences {
		header := string(o.licence)
		if slices.ContainsFunc(columns, func(c column) bool { return strings.EqualFold(c.header, header) }) {
			header += " (" + string(o.subscriptions[0]) + ")"
		}
		columns = append(columns, licenceColumn(o.licence, header))
	}
	return columns
}

// headers names the columns that every organization has.
func (s sheet) headers() string {
	names := make([]string, len(s.fixed))
	for i, c := range s.fixed {
		names[i] = quoted(c.header)
	}
	return strings.Join(names, ", ")
}

// find returns the column that a header names, in whatever case: a fixed one, a licence, or a licence with the id of one of its
// subscriptions in parentheses (CSV-02).
func (s sheet) find(header string) (column, bool) {
	for _, c := range s.fixed {
		if strings.EqualFold(c.header, header) {
			return c, true
		}
	}
	if o, found := offered(header, s.licences); found {
		return licenceColumn(o.licence, header), true
	}
	name, rest, found := cutLast(header, "(")
	id, closed := strings.CutSuffix(rest, ")")
	if !found || !closed {
		return column{}, false
	}
	o, found := offered(strings.TrimSpace(name), s.licences)
	if !found || !slices.Contains(o.subscriptions, identity.SubscriptionID(strings.ToLower(strings.TrimSpace(id)))) {
		return column{}, false
	}
	return licenceColumn(o.licence, header), true
}

// columnsOf is the way back from the ids that a job's options have. Licences are found without being looked up: whether the
// organization still has them is for the rows to see.
func columnsOf(fixed []column, ids []string) ([]column, error) {
	columns := make([]column, 0, len(ids))
	for _, id := range ids {
		if l, found := strings.CutPrefix(id, licencePrefix); found {
			columns = append(columns, licenceColumn(identity.Licence(l), l))
			continue
		}
		i := slices.IndexFunc(fixed, func(c column) bool { return c.id == id })
		if i < 0 {
			return nil, fmt.Errorf("the column %q is not known to this version", id)
		}
		columns = append(columns, fixed[i])
	}
	return columns, nil
}

// header is the first line of a file with these columns.
func header(columns []column) []string {
	cells := make([]string, 0, len(columns))
	for _, c := range columns {
		cells = append(cells, neutral(c.header))
	}
	return cells
}
