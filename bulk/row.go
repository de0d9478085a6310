package bulk

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"rollcall/identity"
)

// The outcomes of rows.
const (
	Created    = "created"
	Claimed    = "claimed" // moved here from another organization (CLM-33)
	Changed    = "changed"
	Unchanged  = "unchanged"
	Sent       = "sent"
	Suppressed = "suppressed" // an invitation less than 24 hours after the last one (USR-23)
	Failed     = "failed"
)

// input is what the store keeps of a row: its cells, in the order of the job's columns, until the row is done; from then on the
// name of the user alone, for the results.
type input struct {
	Cells []string `json:"c,omitempty"`
	Name  string   `json:"n,omitempty"`
	Twin  int      `json:"t,omitempty"` // an earlier row about the same user
}

func (in input) encode() json.RawMessage {
	raw, err := json.Marshal(in)
	if err != nil {
		panic("bulk: strings and numbers can always be encoded: " + err.Error())
	}
	return raw
}

// read returns the cells of a row as they were meant, and notes whom it is about. A row that is about nobody, or about somebody whom
// an earlier one is about, is refused.
func (in input) read(columns []column, r *result) ([]string, error) {
	cells := make([]string, len(columns))
	for i := range min(len(cells), len(in.Cells)) {
		cells[i] = plain(in.Cells[i])
		if columns[i].id == userColumn {
			r.name = strings.TrimSpace(cells[i])
		}
	}
	switch {
	case r.name == "":
		return nil, identity.Refuse(identity.Invalid, identity.RuleInvalidEmail, "the column %q is empty; every row needs it", userHeader)
	case in.Twin > 0:
		return nil, identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "row %d is about the same user; keep one of the two", in.Twin)
	}
	return cells, nil
}

// result is what came of a row. With an error, wrote says that the row had changed something before it was refused, so that
// nothing of its transaction can be kept.
type result struct {
	name    string
	outcome string
	note    string // what else there is to say about it
	account identity.AccountID
	wrote   bool
}

// people is how import judges a row (CSV-02 to CSV-05).
type people struct {
	columns []column
	options ImportOptions
	policy  identity.EmailPolicy
	earlier *rehearsal // in a dry run: who would be there; nil otherwise
}

// row does one row in the transaction of c. A row that says what is so already changes nothing.
func (p people) row(ctx context.Context, c *identity.Acts, in input) (result, error) {
	var r result
	cells, err := in.read(p.columns, &r)
	if err != nil {
		return r, err
	}
	if err := p.overlaps(c.Org(), cells); err != nil {
		return r, err
	}
	a, found, err := member(ctx, c.Tx(), c.Org().ID, p.policy, r.name)
	if err != nil {
		return r, err
	}
	v := view{account: a, now: c.Now(), licences: map[identity.Licence]bool{}}
	if v.profile, err = a.Profile.Object(); err != nil {
		return r, err
	}
	if found {
		r.account = a.ID
		if err := p.look(ctx, c, &v); err != nil {
			return r, err
		}
	}
	want, err := p.apply(ctx, c, v, cells)
	if err != nil {
		return r, err
	}
	if !found {
		return p.add(ctx, c, r, v, want)
	}
	return p.change(ctx, c, r, v, want)
}

// look reads what the columns show of a user besides the account, as far as there are columns for it.
func (p people) look(ctx context.Context, c *identity.Acts, v *view) (err error) {
	if slices.ContainsFunc(p.columns, func(c column) bool { return c.id == managerColumn }) {
		if v.manager, err = managerName(ctx, c.Tx(), c.Org().ID, v.profile); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(p.columns, func(c column) bool { return c.role == licenses }) {
		return assigned(ctx, c.Tx(), *v)
	}
	return nil
}

// overlaps holds CSV-05: while the directory manages the organization, a file can change licences only.
func (p people) overlaps(org identity.Organization, cells []string) error {
	if !org.ManagedByDirectory() {
		return nil
	}
	for i, c := range p.columns {
		if c.role == changes && strings.TrimSpace(cells[i]) != "" {
			return identity.Refuse(identity.Conflict, identity.RuleManagedByDirectory,
				"the column %s must be empty while the directory manages the people of this organization; licences can be changed", c.header)
		}
	}
	return nil
}

// wanted is what a row asks for.
type wanted struct {
	edited bool // the profile of the view has been changed
	licenceWish
}

// apply brings the cells into the view's profile and collects the licences. Empty cells leave everything as it is.
func (p people) apply(ctx context.Context, c *identity.Acts, v view, cells []string) (wanted, error) {
	var w wanted
	for i, col := range p.columns {
		cell := cells[i]
		if col.role == names || strings.TrimSpace(cell) == "" || col.role != licenses && cell == asRead(col.show(v)) {
			continue
		}
		switch col.role {
		case tells:
			if err := looksOld(col, v, strings.TrimSpace(cell)); err != nil {
				return w, err
			}
		case licenses:
			if err := w.read(col, cell); err != nil {
				return w, err
			}
		case changes:
			text, err := p.value(ctx, c, col, cell)
			if err != nil {
				return w, err
			}
			col.set(v.profile, text)
			w.edited = true
		}
	}
	return w, nil
}

// looksOld holds CSV-04. Days go by: a file that has been made some days ago says a smaller number, and nobody has changed it.
func looksOld(col column, v view, cell string) error {
	now := col.show(v)
	if col.id == "days" && now != "" {
		was, err := strconv.ParseUint(cell, 10, 31)
		is, _ := strconv.ParseUint(now, 10, 31)
		if err == nil && was <= is {
			return nil
		}
	}
	if cell == now {
		return nil
	}
	is := quoted(now)
	if now == "" {
		is = "empty"
	}
	return identity.Refuse(identity.Invalid, identity.RuleInvalidValue,
		"the column %s cannot be changed by a file; it says %s, and for this user it is %s; leave it empty", col.header, quoted(cell), is)
}

// value checks a new value. A manager is named like any user and stored by id.
func (p people) value(ctx context.Context, c *identity.Acts, col column, cell string) (string, error) {
	text := strings.TrimSpace(cell)
	switch {
	case len(text) > MaxCellBytes:
		return "", identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "the column %s has %d bytes; at most %d are allowed", col.header, len(text), MaxCellBytes)
	case strings.ContainsFunc(text, unicode.IsControl):
		return "", identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "the column %s has control characters or more than one line", col.header)
	case col.id != managerColumn:
		return text, nil
	}
	manager, found, err := member(ctx, c.Tx(), c.Org().ID, p.policy, text)
	if err != nil {
		return "", err
	}
	if !found && p.earlier.knows(text) {
		return text, nil // there is no id yet, and there will not be one
	}
	if !found {
		return "", identity.Refuse(identity.Invalid, identity.RuleUnknownAccount,
			"the manager %s is no user of this organization; add the manager first, in an earlier row or file", quoted(text))
	}
	return string(manager.ID), nil
}

func (p people) add(ctx context.Context, c *identity.Acts, r result, v view, w wanted) (result, error) {
	address, err := identity.ParseEmail(r.name, p.policy)
	if err != nil {
		return r, err
	}
	u := identity.NewUser{Draft: identity.Draft{UserName: address.Display, Active: true,
		Emails: []identity.AccountEmail{{Value: address.Display, Type: "work", Primary: true}}}}
	if u.Draft.Profile, err = identity.ProfileOf(v.profile); err != nil {
		return r, err
	}
	if u.Licences, err = w.first(ctx, c); err != nil {
		return r, err
	}
	a, err := c.Add(ctx, u, identity.SourceCSV)
	if err != nil {
		return r, err
	}
	r.outcome, r.account = Created, a.ID
	return r, nil
}

func (p people) change(ctx context.Context, c *identity.Acts, r result, v view, w wanted) (result, error) {
	r.outcome = Unchanged
	if w.edited {
		profile, err := identity.ProfileOf(v.profile)
		if err != nil {
			return r, err
		}
		a, err := c.Update(ctx, v.account.ID, nil, func(d identity.Draft) (identity.Draft, error) {
			d.Profile = profile
			return d, nil
		})
		if err != nil {
			return r, err
		}
		if r.wrote = a.Version != v.account.Version; r.wrote {
			r.outcome, v.account = Changed, a
		}
	}
	changed, err := w.bring(ctx, c, v, p.options.RemoveServices)
	if changed {
		r.outcome = Changed
	}
	return r, err
}
