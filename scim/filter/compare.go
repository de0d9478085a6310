package filter

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// comparer makes the test of one value. For Ne it answers the test of Eq: the caller negates it over all values, so
// that "ne" holds when no value is equal, an absent one included.
func (b *binder) comparer(attr *Attribute, name string, op Op, v Value) (func(any) bool, error) {
	if op == Pr {
		return present, nil
	}
	if v.Kind == Null {
		if op != Eq && op != Ne {
			return nil, misfit("%s %s null: null can only be compared with eq and ne", name, op)
		}
		return func(x any) bool { return !present(x) }, nil
	}
	switch attr.Type {
	case TypeAny:
		return func(any) bool { return false }, nil
	case TypeBoolean:
		return b.boolComparer(name, op, v)
	case TypeInteger, TypeDecimal:
		return numberComparer(name, op, v)
	case TypeDateTime:
		return timeComparer(name, op, v)
	case TypeBinary:
		if op != Eq && op != Ne {
			return nil, misfit("%s is binary and knows only eq, ne and pr", name)
		}
	}
	if v.Kind != String {
		return nil, misfit("%s is a text; compare it with a text in double quotes, not with %s", name, v)
	}
	return textComparer(op, v.Text, attr.Fold), nil
}

func (b *binder) boolComparer(name string, op Op, v Value) (func(any) bool, error) {
	want := v.Bool
	if v.Kind == String && b.opts.StringBooleans {
		parsed, err := strconv.ParseBool(strings.ToLower(v.Text))
		if err != nil {
			return nil, misfit("%s is a boolean; compare it with true or false", name)
		}
		want = parsed
	} else if v.Kind != Bool {
		return nil, misfit("%s is a boolean; compare it with true or false, without quotes", name)
	}
	if op != Eq && op != Ne {
		return nil, misfit("%s is a boolean and knows only eq, ne and pr", name)
	}
	return func(x any) bool { got, ok := x.(bool); return ok && got == want }, nil
}

func ordered(op Op, c int) bool {
	switch op {
	case Eq, Ne:
		return c == 0
	case Gt:
		return c > 0
	case Ge:
		return c >= 0
	case Lt:
		return c < 0
	case Le:
		return c <= 0
	}
	return false
}

func isSubstringOp(op Op) bool { return op == Co || op == Sw || op == Ew }

func timeComparer(name string, op Op, v Value) (func(any) bool, error) {
	if isSubstringOp(op) {
		return nil, misfit("%s is a time and does not know %s", name, op)
	}
	want, err := time.Parse(time.RFC3339Nano, v.Text)
	if v.Kind != String || err != nil {
		return nil, misfit("%s is a time; compare it with one like \"2024-01-31T12:00:00Z\"", name)
	}
	return func(x any) bool {
		s, ok := x.(string)
		if !ok {
			return false
		}
		got, err := time.Parse(time.RFC3339Nano, s)
		return err == nil && ordered(op, got.Compare(want))
	}, nil
}

func textComparer(op Op, want string, fold func(string) string) func(any) bool {
	if fold == nil {
		fold = func(s string) string { return s }
	}
	want = fold(want)
	return func(x any) bool {
		s, ok := x.(string)
		if !ok {
			return false
		}
		s = fold(s)
		switch op {
		case Co:
			return strings.Contains(s, want)
		case Sw:
			return strings.HasPrefix(s, want)
		case Ew:
			return strings.HasSuffix(s, want)
		}
		return ordered(op, strings.Compare(s, want))
	}
}

func numberComparer(name string, op Op, v Value) (func(any) bool, error) {
	if v.Kind != Number {
		return nil, misfit("%s is a number; compare it with one, without quotes", name)
	}
	if isSubstringOp(op) {
		return nil, misfit("%s is a number and does not know %s", name, op)
	}
	want := parseDecimal(v.Text)
	return func(x any) bool {
		n, ok := x.(json.Number)
		return ok && ordered(op, parseDecimal(n.String()).compare(want))
	}, nil
}

// CompareNumbers compares two numbers of JSON exactly, however large or fine they are.
func CompareNumbers(a, b string) int { return parseDecimal(a).compare(parseDecimal(b)) }

// NumberKey is the one spelling of all numbers that are equal.
func NumberKey(number string) string {
	d := parseDecimal(number)
	return strconv.Itoa(d.sign) + " " + d.digits + " " + strconv.Itoa(d.exp)
}

// decimal is a number as 0.digits × 10^exp, so that any JSON number compares exactly and in time linear in its text:
// 1e1000000000 is never written out.
type decimal struct {
	sign   int // -1, 0, 1
	digits string
	exp    int
}

// maxExponent stands for every exponent too long to count: no text of MaxLength bytes can bridge it with digits.
const maxExponent = 1 << 40

func parseDecimal(s string) decimal {
	d := decimal{sign: 1}
	if strings.HasPrefix(s, "-") {
		d.sign, s = -1, s[1:]
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e, err := strconv.Atoi(strings.TrimPrefix(s[i+1:], "+"))
		if err != nil || e > maxExponent || e < -maxExponent {
			e = maxExponent
			if s[i+1] == '-' {
				e = -maxExponent
			}
		}
		d.exp, s = e, s[:i]
	}
	whole, frac, _ := strings.Cut(s, ".")
	d.exp += len(whole)
	all := whole + frac
	d.digits = strings.TrimLeft(all, "0")
	d.exp -= len(all) - len(d.digits)
	d.digits = strings.TrimRight(d.digits, "0")
	if d.digits == "" {
		return decimal{}
	}
	return d
}

func (d decimal) compare(o decimal) int {
	if d.sign != o.sign {
		return cmp.Compare(d.sign, o.sign)
	}
	magnitude := cmp.Or(cmp.Compare(d.exp, o.exp), strings.Compare(d.digits, o.digits))
	return d.sign * magnitude
}
