package bulk

import (
	"context"
	"slices"
	"strings"

	"rollcall/identity"
)

// licenceWish is what the licence columns of a row ask for (CSV-03).
type licenceWish struct {
	give []identity.Licence
	take []identity.Licence
}

// read adds what the cell of a licence's column says. An empty one says nothing.
func (l *licenceWish) read(col column, cell string) error {
	switch strings.ToUpper(strings.TrimSpace(cell)) {
	case "":
	case "TRUE":
		l.give = append(l.give, col.licence)
	case "FALSE":
		l.take = append(l.take, col.licence)
	default:
		return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "the column %s has %s; write TRUE, FALSE or nothing", col.header, quoted(cell))
	}
	return nil
}

// first holds CSV-03 for new users: those that say TRUE; without any what the template says (nil), less those that say FALSE.
func (l licenceWish) first(ctx context.Context, c *identity.Acts) ([]identity.Licence, error) {
	if l.give != nil || l.take == nil || c.Org().LicenceTemplates == 0 {
		return l.give, nil
	}
	templates, err := c.Tx().Templates(ctx, c.Org().ID)
	if err != nil {
		return nil, err
	}
	for _, t := range templates {
		if t.Group != "" || !slices.ContainsFunc(t.Licences, func(had identity.Licence) bool { return slices.Contains(l.take, had) }) {
			continue
		}
		rest := []identity.Licence{} // not nil: the template has been answered
		for _, had := range t.Licences {
			if !slices.Contains(l.take, had) {
				rest = append(rest, had)
			}
		}
		return rest, nil
	}
	return nil, nil
}

// bring makes the licences of an existing user what the row asks for, and reports whether that was something new.
func (l licenceWish) bring(ctx context.Context, c *identity.Acts, v view, remove bool) (changed bool, err error) {
	want, differs := l.after(v, remove)
	if !differs {
		return false, nil
	}
	_, err = c.SetLicences(ctx, v.account, want)
	return err == nil, err
}

// after is CLM-35's choice for existing users: TRUE adds, FALSE is ignored or removes.
func (l licenceWish) after(v view, remove bool) (want []identity.Licence, differs bool) {
	for had := range v.licences {
		if remove && slices.Contains(l.take, had) {
			differs = true
			continue
		}
		want = append(want, had)
	}
	for _, give := range l.give {
		if !v.licences[give] {
			want, differs = append(want, give), true
		}
	}
	slices.Sort(want)
	return want, differs
}
