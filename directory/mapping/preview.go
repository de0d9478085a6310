package mapping

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"rollcall/identity"
)

// Preview shows what becomes of one entry, attribute by attribute.
type Preview struct {
	DN         string            `json:"dn"`
	ID         identity.ObjectID `json:"id,omitempty"`
	Disabled   bool              `json:"disabled"`
	Skipped    string            `json:"skipped,omitempty"` // why the entry is not synchronized, as a sentence
	Attributes []Made            `json:"attributes"`
}

// Made is one attribute of ours with where it comes from.
type Made struct {
	Attribute string   `json:"attribute"`
	Source    Source   `json:"source"`
	From      []Given  `json:"from"`              // what the entry holds of the attributes that the source names
	Values    []string `json:"values"`            // the result; empty if there is none
	Problem   string   `json:"problem,omitempty"` // why there can be none, as a sentence
}

// Given is what an entry holds under one name.
type Given struct {
	Name   string   `json:"name"`
	Values []string `json:"values"` // as they are; of what is not text, only how much it is
}

// Preview maps an entry like [Mapper.Entry] and shows how.
func (p *Mapper) Preview(raw Raw) Preview {
	e, drop, gap := p.Entry(raw)
	v := Preview{DN: strings.ToValidUTF8(raw.DN, "�"), ID: e.ID, Disabled: e.Disabled, Skipped: e.Problem, Attributes: []Made{}}
	switch {
	case drop:
		v.Skipped = "The entry is a computer or what is left of a deleted entry, and nobody's account."
	case gap != "":
		v.Skipped = gap
	}
	record, _ := p.record(raw)
	for i := range p.made {
		m := Made{Attribute: p.made[i].path, Source: p.mapping[p.made[i].path], From: []Given{}, Values: []string{}}
		for _, slot := range p.made[i].from.slots() {
			m.From = append(m.From, Given{Name: p.names[slot], Values: shown(record[slot].raw)})
		}
		var values []string
		if values, m.Problem = p.made[i].from.values(record); m.Problem == "" && len(values) > 0 {
			if m.Attribute != "emails" {
				values = values[:1]
			}
			m.Values = values
		}
		v.Attributes = append(v.Attributes, m)
	}
	if p.photos != nil {
		v.Attributes = append(v.Attributes, p.photos.preview(raw))
	}
	return v
}

// OutOfScope is why an entry is skipped that the connector does not look at.
const OutOfScope = "The entry is outside the base DNs or the filter of the connector."

// slots returns the places of the attributes that the expression names, each once.
func (e *expression) slots() []int {
	if e.source.forms() == 0 {
		return []int{e.slot}
	}
	var all []int
	for i := range e.of {
		for _, slot := range e.of[i].slots() {
			if !slices.Contains(all, slot) {
				all = append(all, slot)
			}
		}
	}
	return all
}

func shown(values [][]byte) []string {
	list := []string{}
	for _, value := range values {
		if utf8.Valid(value) && len(value) <= maxValueBytes {
			list = append(list, string(value))
		} else {
			list = append(list, fmt.Sprintf("(%d bytes)", len(value)))
		}
	}
	return list
}

// Previewer is a source that can show how it maps.
type Previewer interface {
	// Preview shows the entry of a DN, in scope or not, or without one the first few in scope.
	Preview(ctx context.Context, dn string, most int) ([]Preview, error)
}

// NoSuchEntry refuses to show an entry that is not there.
func NoSuchEntry(dn string) error {
	return identity.Refuse(identity.NotFound, identity.RuleInvalidValue, "the directory shows no entry with the DN %q; check the spelling, and the rights of the connector's account", dn)
}
