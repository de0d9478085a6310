package store

import (
	"math/bits"
	"slices"
	"strings"
	"time"

	"rollcall/identity"
)

// The limits of a condition. Engines have limits of their own, with errors that help nobody.
const (
	maxComparisons    = 1000
	maxConditionDepth = 100
)

// column is how a field is stored.
type column struct {
	name     string
	kind     valueKind
	nullable bool
}

type valueKind int

const (
	textValue valueKind = iota
	timeValue
	activeValue // a truth that is told from the status
	emailValue  // a text in a table of its own, any number of them
	keyValue    // an identifier
)

// columns is everything that a condition can compare. Nothing else of a condition becomes SQL.
var columns = map[identity.Field]column{
	identity.FieldID:         {name: "id", kind: keyValue},
	identity.FieldUserName:   {name: "user_name_key"},
	identity.FieldExternalID: {name: "external_id", nullable: true},
	identity.FieldEmail:      {name: "email", kind: emailValue},
	identity.FieldActive:     {name: "status", kind: activeValue},
	identity.FieldStatus:     {name: "status"},
	identity.FieldReason:     {name: "inactive_reason", nullable: true},
	identity.FieldSource:     {name: "source"},
	identity.FieldCreated:    {name: "created_at", kind: timeValue},
	identity.FieldUpdated:    {name: "updated_at", kind: timeValue},
	identity.FieldConnector:  {name: "connector_id", kind: keyValue, nullable: true},
}

var operators = map[identity.Op]string{
	identity.Equal: " = ", identity.NotEqual: " <> ",
	identity.Greater: " > ", identity.AtLeast: " >= ", identity.Less: " < ", identity.AtMost: " <= ",
}

// The constant conditions, in a form that every engine knows.
const (
	always = "1 = 1"
	never  = "1 = 0"
)

// compiler turns a condition into SQL over the table accounts, whose values are all bound. Everything that it writes is true
// or false, never NULL, so that NOT means what it says.
type compiler struct {
	dialect     *dialect
	org         identity.OrgID
	args        []any
	comparisons int
}

// arg binds a value and returns its placeholder.
func (c *compiler) arg(v any) string {
	c.args = append(c.args, v)
	return c.dialect.placeholder(len(c.args))
}

// listed binds values and returns their placeholders with commas between them. The last value stands several times, so that there are
// few different statements.
func listed[T any](c *compiler, values []T) string {
	var b strings.Builder
	for i := range 1 << bits.Len(uint(len(values)-1)) {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c.arg(values[min(i, len(values)-1)]))
	}
	return b.String()
}

func (c *compiler) condition(where identity.Condition, depth int) (string, error) {
	if depth > maxConditionDepth {
		return "", identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "the condition is nested more than %d deep; simplify it", maxConditionDepth)
	}
	switch v := where.(type) {
	case nil:
		return always, nil
	case identity.And:
		return c.joined(v, " AND ", always, depth)
	case identity.Or:
		return c.joined(v, " OR ", never, depth)
	case identity.Not:
		inner, err := c.condition(v.Condition, depth+1)
		return "NOT (" + inner + ")", err
	case *identity.Compare:
		if c.comparisons++; c.comparisons > maxComparisons {
			return "", tooManyComparisons()
		}
		return c.compare(v)
	case identity.Mentions:
		if c.comparisons++; c.comparisons > maxComparisons {
			return "", tooManyComparisons()
		}
		return c.mentions("profile", v), nil
	}
	return "", identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "a condition of the type %T is not known", where)
}

func tooManyComparisons() error {
	return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "the condition has more than %d comparisons; ask in parts", maxComparisons)
}

// mentions looks for a text in a column of JSON. Engines lower ASCII letters alike; of a text with others they are not asked.
func (c *compiler) mentions(column string, m identity.Mentions) string {
	if m == "" {
		return always
	}
	return "(" + c.dialect.contains("lower("+column+")", identity.Fold(string(m)), c.arg) + " OR length(" + column + ") <> octet_length(" + column + "))"
}

func (c *compiler) joined(list []identity.Condition, operator, empty string, depth int) (string, error) {
	parts := make([]string, 0, len(list))
	for _, part := range list {
		s, err := c.condition(part, depth+1)
		if err != nil {
			return "", err
		}
		parts = append(parts, s)
	}
	if len(parts) == 0 {
		return empty, nil
	}
	return balanced(parts, operator), nil
}

// balanced joins in halves, because engines limit how deep an expression may be and read a long row as a deep one.
func balanced(parts []string, operator string) string {
	if len(parts) == 1 {
		return "(" + parts[0] + ")"
	}
	half := len(parts) / 2
	return "(" + balanced(parts[:half], operator) + operator + balanced(parts[half:], operator) + ")"
}

func (c *compiler) compare(v *identity.Compare) (string, error) {
	column, ok := columns[v.Field]
	if !ok {
		return "", identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "accounts cannot be selected by %q", v.Field)
	}
	if !column.kind.allows(v.Op) {
		return "", identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "%s cannot be compared by %q", v.Field, v.Op)
	}
	switch column.kind {
	case activeValue:
		return c.active(v), nil
	case timeValue:
		return c.instant(column.name, v), nil
	case emailValue:
		return c.email(v), nil
	}
	return c.text(column, v), nil
}

func (k valueKind) allows(op identity.Op) bool {
	_, ordered := operators[op]
	switch k {
	case activeValue:
		return op == identity.Equal || op == identity.NotEqual || op == identity.Present
	case timeValue:
		return ordered || op == identity.Present
	default:
		return ordered || slices.Contains([]identity.Op{identity.Contains, identity.HasPrefix, identity.HasSuffix, identity.Present}, op)
	}
}

func (c *compiler) active(v *identity.Compare) string {
	switch {
	case v.Op == identity.Present:
		return always
	case (v.Op == identity.Equal) == v.Bool:
		return "status <> " + c.arg(identity.Inactive)
	default:
		return "status = " + c.arg(identity.Inactive)
	}
}

// instant compares with whole microseconds, which is all that is stored, and rounds so that the answer stays exact.
func (c *compiler) instant(name string, v *identity.Compare) string {
	op, at := v.Op, v.Time.Truncate(time.Microsecond)
	if op == identity.Present {
		return always
	}
	if between := !at.Equal(v.Time); between {
		switch op {
		case identity.Equal:
			return never
		case identity.NotEqual:
			return always
		case identity.AtLeast:
			op = identity.Greater
		case identity.Less:
			op = identity.AtMost
		}
	}
	return name + operators[op] + c.arg(at.UnixMicro())
}

func (c *compiler) text(column column, v *identity.Compare) string {
	matches := c.matches
	if column.kind == keyValue {
		matches = c.matchesKey
	}
	if !column.nullable {
		return matches(column.name, v.Op, v.Text)
	}
	if v.Op == identity.NotEqual {
		return "(" + column.name + " IS NULL OR " + matches(column.name, v.Op, v.Text) + ")"
	}
	return "(" + column.name + " IS NOT NULL AND " + matches(column.name, v.Op, v.Text) + ")"
}

// matchesKey compares an identifier: a whole one as it is stored, which an index can find, and anything else as text.
func (c *compiler) matchesKey(name string, op identity.Op, value string) string {
	if op == identity.Equal || op == identity.NotEqual {
		return name + operators[op] + c.arg(keyOf(value))
	}
	return c.matches(c.dialect.keyText(name), op, value)
}

// matches compares a column that is not NULL.
func (c *compiler) matches(name string, op identity.Op, value string) string {
	if value == "" && (op == identity.Contains || op == identity.HasPrefix || op == identity.HasSuffix) {
		return always
	}
	switch op {
	case identity.Present:
		return always
	case identity.Contains:
		return c.dialect.contains(name, value, c.arg)
	case identity.HasPrefix:
		return c.dialect.hasPrefix(name, value, c.arg)
	case identity.HasSuffix:
		return c.dialect.hasSuffix(name, value, c.arg)
	default:
		return name + operators[op] + c.arg(value)
	}
}

// email looks into the account's addresses. What an index on addresses can find is found there first; the rest is looked up
// account by account, so that a page is filled without reading all of the organization's addresses.
func (c *compiler) email(v *identity.Compare) string {
	op, not := v.Op, ""
	if op == identity.NotEqual {
		op, not = identity.Equal, "NOT "
	}
	matches := c.matches("e.email", op, v.Text)
	if op == identity.Equal || op == identity.HasPrefix && v.Text != "" {
		return "id " + not + "IN (SELECT e.account_id FROM account_emails e WHERE e.org_id = " + c.arg(c.org) + " AND " + matches + ")"
	}
	return "EXISTS (SELECT 1 FROM account_emails e WHERE e.org_id = accounts.org_id AND e.account_id = accounts.id AND " + matches + ")"
}
