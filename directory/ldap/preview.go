package ldap

import (
	"context"
	"time"

	"github.com/go-ldap/ldap/v3"

	"rollcall/directory/mapping"
)

// Preview shows how the entry of a DN is mapped, or the first few in scope.
func (s *Source) Preview(ctx context.Context, dn string, most int) ([]mapping.Preview, error) {
	if _, err := ldap.ParseDN(dn); err != nil {
		return nil, invalid("dn", "%q is not a distinguished name; give one like CN=Ada,OU=People,DC=corp,DC=example,DC=com", dn)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(s.settings.TotalTimeout))
	defer cancel()
	var list []mapping.Preview
	err := s.retry(ctx, func(c *connection) (err error) {
		if dn != "" {
			list, err = s.previewOf(ctx, c, dn)
		} else {
			list, err = s.previewFirst(ctx, c, most)
		}
		return err
	})
	return list, s.explain(ctx, "reading sample entries", err)
}

func (s *Source) previewOf(ctx context.Context, c *connection, dn string) ([]mapping.Preview, error) {
	result, err := c.search(ctx, base(dn, "(objectClass=*)", s.decoder.wanted...))
	if ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject) || err == nil && len(result.Entries) != 1 {
		return nil, mapping.NoSuchEntry(dn)
	}
	if err != nil {
		return nil, err
	}
	v := s.decoder.mapper.Preview(rawOf(result.Entries[0]))
	inScope := false
	for _, root := range s.settings.BaseDNs {
		inScope = inScope || inside(dn, root)
	}
	if inScope {
		if result, err = c.search(ctx, base(dn, s.settings.Filter, "1.1")); err != nil {
			return nil, err
		}
		inScope = len(result.Entries) == 1
	}
	if !inScope {
		v.Skipped = mapping.OutOfScope
	}
	return []mapping.Preview{v}, nil
}

// previewFirst asks for one page of each base, until there are enough.
func (s *Source) previewFirst(ctx context.Context, c *connection, most int) ([]mapping.Preview, error) {
	list := []mapping.Preview{}
	for _, dn := range s.settings.BaseDNs {
		left := most - len(list)
		if left <= 0 {
			break
		}
		result, err := c.search(ctx, ldap.NewSearchRequest(dn, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
			s.settings.Filter, s.decoder.wanted, []ldap.Control{ldap.NewControlPaging(uint32(min(left, s.settings.PageSize)))}))
		if err != nil {
			return nil, err
		}
		for _, e := range result.Entries[:min(left, len(result.Entries))] {
			list = append(list, s.decoder.mapper.Preview(rawOf(e)))
		}
	}
	return list, nil
}

var _ mapping.Previewer = (*Source)(nil)
