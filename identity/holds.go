package identity

import (
	"errors"
	"slices"
	"strings"
)

// HoldKind is why an address is taken.
type HoldKind string

// The kinds of holds. One table holds them all, and its uniqueness is the only judge (EML-01).
const (
	HoldPrimary     HoldKind = "primary"
	HoldUserName    HoldKind = "user_name"
	HoldAlternate   HoldKind = "alternate"
	HoldSoftDeleted HoldKind = "soft_deleted" // of an account gone from its directory, for 7 days (EML-04)
	HoldPending     HoldKind = "pending"
	HoldClaim       HoldKind = "claim" // the primary address of somebody who is claimed and has not decided
)

// Hold is one address held by one account, across all organizations.
type Hold struct {
	Key     EmailKey
	Org     OrgID
	Account AccountID
	Kind    HoldKind
}

// Holds returns the addresses that an account with this draft holds (EML-16), for whoever plans ahead. The holds name no
// account and no organization yet.
func (d Draft) Holds(verified func(domain string) bool, policy EmailPolicy) ([]Hold, error) {
	return d.addresses(func(domain string) (bool, error) { return verified(domain), nil }, policy)
}

// addresses returns what the draft would hold (EML-16): its primary address, its userName if that is an address, and its
// other addresses in domains that the organization verified. Every address in emails must be one, held or not. verified is
// asked only about domains that decide something.
func (d Draft) addresses(verified func(domain string) (bool, error), policy EmailPolicy) ([]Hold, error) {
	primary, given := d.PrimaryEmail()
	holds := make([]Hold, 0, len(d.Emails)+1)
	held := func(key EmailKey) bool {
		return slices.ContainsFunc(holds, func(h Hold) bool { return h.Key == key })
	}
	if given {
		e, err := ParseEmail(primary.Value, policy)
		if err != nil {
			return nil, atField(err, "emails")
		}
		holds = append(holds, Hold{Key: e.Key, Kind: HoldPrimary})
	}
	if strings.Contains(d.UserName, "@") {
		if e, err := ParseEmail(d.UserName, policy); err == nil && !held(e.Key) {
			holds = append(holds, Hold{Key: e.Key, Kind: HoldUserName})
		}
	}
	for i, alternate := range d.Emails {
		if alternate.Value == primary.Value {
			continue
		}
		e, err := ParseEmail(alternate.Value, policy)
		if err != nil {
			return nil, atField(err, indexed("emails", i, "value"))
		}
		if held(e.Key) {
			continue
		}
		ok, err := verified(e.Domain)
		if err != nil {
			return nil, err
		}
		if ok {
			holds = append(holds, Hold{Key: e.Key, Kind: HoldAlternate})
		}
	}
	return holds, nil
}

// holds completes the addresses of an account as it now stands.
func (a Account) holds(addresses []Hold) []Hold {
	for i := range addresses {
		addresses[i].Org, addresses[i].Account = a.Org, a.ID
		if addresses[i].Kind == HoldPrimary && a.Status == DeferredClaim {
			addresses[i].Kind = HoldClaim
		}
		if addresses[i].Kind != HoldPending && a.Status == Inactive && a.InactiveReason.GoneFromDirectory() {
			addresses[i].Kind = HoldSoftDeleted
		}
	}
	return addresses
}

func atField(err error, field string) error {
	var e *Error
	if errors.As(err, &e) {
		return e.At(field)
	}
	return err
}
