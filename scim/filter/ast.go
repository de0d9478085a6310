// Package filter reads the SCIM filter language (RFC 7644 section 3.4.2.2) and the PATCH paths built on it (section
// 3.5.2), and decides whether a resource matches.
//
// Its one idea: text becomes a small tree under fixed limits before anything recurses, and a tree bound to a schema
// becomes a function over decoded JSON that looks up no names. It knows neither HTTP nor storage nor which attributes
// exist: the caller's Resolver tells it.
package filter

import (
	"encoding/json"
	"strings"
)

// Limits of one filter or path. They are checked while reading, before anything recurses.
const (
	MaxLength = 8 << 10 // bytes of text
	MaxDepth  = 32      // nested parentheses, brackets and negations
	MaxNodes  = 512     // attribute expressions and logical operators
)

// Op is a comparison operator.
type Op uint8

// The operators of RFC 7644 table 3. None marks an Element that has no comparison after its brackets.
const (
	None Op = iota
	Eq
	Ne
	Co
	Sw
	Ew
	Gt
	Ge
	Lt
	Le
	Pr
)

var opNames = [...]string{None: "", Eq: "eq", Ne: "ne", Co: "co", Sw: "sw", Ew: "ew", Gt: "gt", Ge: "ge", Lt: "lt", Le: "le", Pr: "pr"}

func (o Op) String() string { return opNames[o] }

func parseOp(word string) (Op, bool) {
	if len(word) != 2 {
		return None, false
	}
	for op := Eq; op <= Pr; op++ {
		if strings.EqualFold(opNames[op], word) {
			return op, true
		}
	}
	return None, false
}

// Kind is the JSON type of a literal.
type Kind uint8

// The literals a comparison may have.
const (
	Null Kind = iota
	Bool
	Number
	String
)

// Value is a literal. Text holds a string's decoded text or a number exactly as it was written; Bool holds a boolean.
type Value struct {
	Kind Kind
	Text string
	Bool bool
}

func (v Value) String() string {
	switch v.Kind {
	case Bool:
		if v.Bool {
			return "true"
		}
		return "false"
	case Number:
		return v.Text
	case String:
		return quote(v.Text)
	}
	return "null"
}

func quote(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return `""` // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// AttrPath names an attribute: an optional schema URN, a name and an optional sub-attribute, as the client spelled
// them. A path that is nothing but a schema URN reads as URN plus Name, because only the schema can tell them apart:
// Whole puts them together again.
type AttrPath struct {
	URN  string
	Name string
	Sub  string
}

func (p AttrPath) String() string {
	s := p.Name
	if p.URN != "" {
		s = p.URN + ":" + s
	}
	if p.Sub != "" {
		s += "." + p.Sub
	}
	return s
}

// Whole is the text of a path that may be a schema URN by itself, "" when it cannot be one.
func (p AttrPath) Whole() string {
	if p.URN == "" || p.Sub != "" {
		return ""
	}
	return p.URN + ":" + p.Name
}

// Node is an expression: *Compare, *Element, *And, *Or or *Not.
type Node interface {
	String() string
	node()
}

// Compare is `userName eq "x"` or `title pr`.
type Compare struct {
	Path  AttrPath
	Op    Op
	Value Value
}

// Element is `emails[type eq "work"]`: one element of a multi-valued attribute satisfies Where. With a comparison after
// the brackets (`emails[type eq "work"].value eq "x"`) that same element satisfies it too.
type Element struct {
	Path  AttrPath
	Where Node
	Sub   string
	Op    Op
	Value Value
}

// And holds when all of its two or more terms do. No term is itself an *And.
type And struct{ Terms []Node }

// Or holds when one of its two or more terms does. No term is itself an *Or.
type Or struct{ Terms []Node }

// Not negates.
type Not struct{ Term Node }

func (*Compare) node() {}
func (*Element) node() {}
func (*And) node()     {}
func (*Or) node()      {}
func (*Not) node()     {}

func (c *Compare) String() string { return comparison(c.Path.String(), c.Op, c.Value) }

func (e *Element) String() string {
	s := e.Path.String() + "[" + e.Where.String() + "]"
	if e.Sub != "" {
		s += "." + e.Sub
	}
	if e.Op == None {
		return s
	}
	return comparison(s, e.Op, e.Value)
}

func comparison(left string, op Op, v Value) string {
	if op == Pr {
		return left + " pr"
	}
	return left + " " + op.String() + " " + v.String()
}

func (a *And) String() string {
	var b strings.Builder
	for i, t := range a.Terms {
		if i > 0 {
			b.WriteString(" and ")
		}
		if _, or := t.(*Or); or {
			b.WriteString("(" + t.String() + ")")
			continue
		}
		b.WriteString(t.String())
	}
	return b.String()
}

func (o *Or) String() string {
	parts := make([]string, len(o.Terms))
	for i, t := range o.Terms {
		parts[i] = t.String()
	}
	return strings.Join(parts, " or ")
}

func (n *Not) String() string { return "not (" + n.Term.String() + ")" }

// Path is the target of a PATCH operation: an attribute, the elements of it that satisfy Where (nil: no brackets), and
// the sub-attribute of those elements. Without brackets the sub-attribute stands in Attr.
type Path struct {
	Attr  AttrPath
	Where Node
	Sub   string
}

func (p Path) String() string {
	if p.Where == nil {
		return p.Attr.String()
	}
	return (&Element{Path: p.Attr, Where: p.Where, Sub: p.Sub}).String()
}
