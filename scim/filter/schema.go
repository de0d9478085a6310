package filter

import "strings"

// Type is the data type of an attribute (RFC 7643 section 2.3).
type Type uint8

// The data types that compare differently.
const (
	TypeString Type = iota
	TypeBoolean
	TypeInteger
	TypeDecimal
	TypeDateTime
	TypeReference
	TypeBinary
	TypeComplex
	TypeAny // of an attribute that never has a value: it may be compared with anything
)

// Attribute is what the evaluator must know about an attribute.
type Attribute struct {
	Name      string // key in the decoded object
	Container string // key of the extension object that holds it; "" for the resource itself
	Type      Type
	Fold      func(string) string // what two texts that are the same have in common; nil: every byte counts
	Multi     bool
	Hidden    bool                  // never returned, so never answered about either
	Subs      map[string]*Attribute // by lower-cased name; nil unless Type is TypeComplex
}

// Sub finds a sub-attribute in any spelling of its case.
func (a *Attribute) Sub(name string) *Attribute { return a.Subs[strings.ToLower(name)] }

// Resolver finds the attribute a path names and, when the path goes on, its sub-attribute. It answers nil, nil for a
// name the schema does not have.
type Resolver func(AttrPath) (attr, sub *Attribute)
