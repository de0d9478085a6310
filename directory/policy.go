package directory

import (
	"encoding/json"
	"slices"

	"rollcall/identity"
)

// ScopePolicy says what becomes of people whose entry left the base or the filter (DIR-18).
type ScopePolicy string

// The policies.
const (
	ScopeRemove ScopePolicy = "remove" // like a deletion, with its own reason
	ScopeRetain ScopePolicy = "retain" // nothing happens
	ScopeHold   ScopePolicy = "hold"   // like remove, but the plan waits for an administrator's approval
)

// MismatchPolicy says what becomes of users whom no directory entry matches (DIR-04).
type MismatchPolicy string

// The policies.
const (
	MismatchRetain MismatchPolicy = "retain"
	MismatchDelete MismatchPolicy = "delete"
)

// Policy is the part of a connector's settings that planning depends on. The zero value stands for the defaults.
type Policy struct {
	OutOfScope ScopePolicy    `json:"outOfScope,omitempty"` // default remove
	Mismatched MismatchPolicy `json:"mismatched,omitempty"` // default retain
	// MaxLosses and MaxLossPercent hold a plan that loses more people than either (DIR-09). Defaults 500 and 20.
	MaxLosses      int `json:"maxLosses,omitempty"`
	MaxLossPercent int `json:"maxLossPercent,omitempty"`
	// MinBase is the least number of people that percentages are taken of, so that a handful in a small organization is
	// no alarm. Default 20.
	MinBase int `json:"minBase,omitempty"`
	// MinCountPercent is the least share of the last good reading that a reading must have for losses to be planned (DIR-19).
	// Default 50.
	MinCountPercent int `json:"minCountPercent,omitempty"`
	// MaxDropPercent refuses a plan in which a mapped attribute vanishes from more than this share of the people: rather
	// a right that the connector's account lost than a change of the people. Default 20.
	MaxDropPercent int `json:"maxDropPercent,omitempty"`
	// Budgets hold a plan that does too much of one kind, alone or together with earlier runs.
	Budgets Budgets `json:"budgets,omitzero"`
}

// PolicyOf reads the policy in a connector's settings, under the key "policy", and fills in the defaults.
func PolicyOf(settings json.RawMessage) (Policy, error) {
	var v struct {
		Policy Policy `json:"policy"`
	}
	if len(settings) > 0 {
		if err := json.Unmarshal(settings, &v); err != nil {
			return Policy{}, identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "the settings of the connector are not a JSON object").At("settings")
		}
	}
	if err := v.Policy.Validate(); err != nil {
		return Policy{}, err
	}
	return v.Policy.WithDefaults(), nil
}

// WithDefaults returns the policy with its zero values filled in.
func (p Policy) WithDefaults() Policy {
	if p.OutOfScope == "" {
		p.OutOfScope = ScopeRemove
	}
	if p.Mismatched == "" {
		p.Mismatched = MismatchRetain
	}
	fill := func(v *int, otherwise int) {
		if *v == 0 {
			*v = otherwise
		}
	}
	fill(&p.MaxLosses, 500)
	fill(&p.MaxLossPercent, 20)
	fill(&p.MinBase, 20)
	fill(&p.MinCountPercent, 50)
	fill(&p.MaxDropPercent, 20)
	return p
}

// Validate refuses what makes no policy; the error names the field.
func (p Policy) Validate() error {
	if !slices.Contains([]ScopePolicy{"", ScopeRemove, ScopeRetain, ScopeHold}, p.OutOfScope) {
		return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "outOfScope is %q; use remove, retain or hold", p.OutOfScope).At("policy.outOfScope")
	}
	if !slices.Contains([]MismatchPolicy{"", MismatchRetain, MismatchDelete}, p.Mismatched) {
		return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "mismatched is %q; use retain or delete", p.Mismatched).At("policy.mismatched")
	}
	for _, limit := range []struct {
		name string
		v    int
		most int
	}{
		{"maxLosses", p.MaxLosses, 1_000_000}, {"maxLossPercent", p.MaxLossPercent, 100}, {"minBase", p.MinBase, 1_000_000},
		{"minCountPercent", p.MinCountPercent, 100}, {"maxDropPercent", p.MaxDropPercent, 100},
	} {
		if limit.v < 0 || limit.v > limit.most {
			return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "%s is %d; use 1 to %d, or leave it out for the default",
				limit.name, limit.v, limit.most).At("policy." + limit.name)
		}
	}
	return p.Budgets.validate()
}
