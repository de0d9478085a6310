package bulk

import (
	"slices"

	"rollcall/identity"
)

// MaxFilterText is the length of the text that a [Filter] looks for, in bytes.
const MaxFilterText = 256

// Filter says which users of an organization are meant. What is empty does not narrow.
type Filter struct {
	Status identity.Status         `json:"status,omitempty"`
	Reason identity.InactiveReason `json:"reason,omitempty"`
	Source identity.Source         `json:"source,omitempty"`
	Q      string                  `json:"q,omitempty"` // in the userName or an address, in whatever case
}

var (
	statuses = []identity.Status{"", identity.NotVerified, identity.Verified, identity.Active, identity.Inactive, identity.DeferredClaim}
	reasons  = []identity.InactiveReason{"", identity.ByAdministrator, identity.ByProvider, identity.ClaimedInactive, identity.DirectoryDisabled,
		identity.DirectoryDeleted, identity.DirectoryOutOfScope}
	sources = []identity.Source{"", identity.SourceManual, identity.SourceCSV, identity.SourceSCIM, identity.SourceDirectory, identity.SourceSelf,
		identity.SourceClaim}
)

func (f Filter) check() error {
	unknown := func(field, value string, known any) error {
		return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "the %s %q is not known; use one of %v", field, value, known).At(field)
	}
	switch {
	case !slices.Contains(statuses, f.Status):
		return unknown("status", string(f.Status), statuses[1:])
	case !slices.Contains(reasons, f.Reason):
		return unknown("reason", string(f.Reason), reasons[1:])
	case !slices.Contains(sources, f.Source):
		return unknown("source", string(f.Source), sources[1:])
	case len(f.Q) > MaxFilterText:
		return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "the text to look for has %d bytes; at most %d are allowed", len(f.Q), MaxFilterText).At("q")
	}
	return nil
}

// condition is the filter as a store understands it; nil for everybody.
func (f Filter) condition() identity.Condition {
	var all identity.And
	add := func(field identity.Field, text string) {
		if text != "" {
			all = append(all, &identity.Compare{Field: field, Op: identity.Equal, Text: text})
		}
	}
	add(identity.FieldStatus, string(f.Status))
	add(identity.FieldReason, string(f.Reason))
	add(identity.FieldSource, string(f.Source))
	if f.Q != "" {
		text := identity.Fold(f.Q)
		all = append(all, identity.Or{
			&identity.Compare{Field: identity.FieldUserName, Op: identity.Contains, Text: text},
			&identity.Compare{Field: identity.FieldEmail, Op: identity.Contains, Text: text},
		})
	}
	if len(all) == 0 {
		return nil
	}
	return all
}
