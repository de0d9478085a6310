package ldif

import (
	"context"
	"errors"

	"github.com/go-ldap/ldap/v3"

	"rollcall/directory/mapping"
)

// errEnough ends a reading of files that need not be read to their end.
var errEnough = errors.New("ldif: enough was read")

// Preview shows how the entry of a DN is mapped, or the first few in scope.
func (s *Source) Preview(ctx context.Context, dn string, most int) ([]mapping.Preview, error) {
	sought, err := ldap.ParseDN(dn)
	if err != nil {
		return nil, invalid("dn", "%q is not a distinguished name; give one like CN=Ada,OU=People,DC=corp,DC=example,DC=com", dn)
	}
	list := []mapping.Preview{}
	_, err = s.scan(ctx, func(rec record) error {
		if rec.referral != "" {
			return nil
		}
		in, _, err := s.inScope(rec)
		if err != nil || dn == "" && !in {
			return err
		}
		if own, err := ldap.ParseDN(rec.DN); dn != "" && (err != nil || !own.EqualFold(sought)) {
			return nil
		}
		v := s.mapper.Preview(rec.Raw)
		if !in {
			v.Skipped = mapping.OutOfScope
		}
		if list = append(list, v); dn != "" || len(list) >= most {
			return errEnough
		}
		return nil
	})
	switch {
	case err != nil && !errors.Is(err, errEnough):
		return nil, err
	case dn != "" && len(list) == 0:
		return nil, mapping.NoSuchEntry(dn)
	}
	return list, nil
}

var _ mapping.Previewer = (*Source)(nil)
