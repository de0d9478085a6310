package identity

import (
	"context"
	"net/netip"
	"net/url"
	"strings"
)

// MaxIssuer is the length of an issuer, an audience or a list of clients in bytes.
const MaxIssuer = 1000

// PutIdentityProvider registers an OpenID Connect issuer as an organization's own, or changes it. With an active one the
// organization is one with single sign-on, which keeps others from claiming its users (CLM-10 a).
func (s *Service) PutIdentityProvider(ctx context.Context, by Actor, p IdentityProvider) (IdentityProvider, error) {
	if err := p.validate(); err != nil {
		return IdentityProvider{}, err
	}
	err := s.transact(ctx, Exclusive(p.Org), p.Org, by, func(c *Acts) error {
		if c.org.Kind == Consumer {
			return Refuse(Forbidden, RuleForbiddenRole, "the organization of personal accounts has no identity provider of its own")
		}
		p.CreatedAt, p.UpdatedAt = c.now, c.now
		all, err := c.tx.IdentityProviders(ctx, p.Org)
		if err != nil {
			return err
		}
		for _, known := range all {
			if known.Issuer != p.Issuer {
				continue
			}
			if p.CreatedAt = known.CreatedAt; known.Audience == p.Audience && known.Clients == p.Clients && known.Active == p.Active {
				p = known
				return nil
			}
		}
		if err := c.tx.PutIdentityProvider(ctx, p); err != nil {
			return err
		}
		if err := c.tellOf(ctx, ProviderPut, Target{Type: TargetProvider, ID: p.Issuer}, p); err != nil {
			return err
		}
		return c.countProviders(ctx)
	})
	return p, err
}

// RemoveIdentityProvider forgets an organization's issuer. Its people stay bound, and can sign in through it again once it is
// registered again.
func (s *Service) RemoveIdentityProvider(ctx context.Context, by Actor, org OrgID, issuer string) error {
	return s.transact(ctx, Exclusive(org), org, by, func(c *Acts) error {
		if err := c.tx.DeleteIdentityProvider(ctx, org, issuer); err != nil {
			return err
		}
		if err := c.tellOf(ctx, ProviderDeleted, Target{Type: TargetProvider, ID: issuer}, map[string]any{"issuer": issuer}); err != nil {
			return err
		}
		return c.countProviders(ctx)
	})
}

func (c *Acts) countProviders(ctx context.Context) error {
	all, err := c.tx.IdentityProviders(ctx, c.org.ID)
	if err != nil {
		return err
	}
	active := 0
	for _, p := range all {
		if p.Active {
			active++
		}
	}
	_, err = c.changeOrganization(ctx, func(o Organization) Organization {
		o.ActiveProviders = active
		return o
	})
	return err
}

func (p IdentityProvider) validate() error {
	u, err := url.Parse(p.Issuer)
	loopback := err == nil && (u.Hostname() == "localhost" || isLoopback(u.Hostname()))
	switch {
	case len(p.Issuer) > MaxIssuer || len(p.Audience) > MaxIssuer || len(p.Clients) > MaxIssuer:
		return Refuse(Invalid, RuleInvalidValue, "issuer, audience and clients have at most %d bytes each", MaxIssuer)
	case err != nil, u.Host == "", u.User != nil, u.RawQuery != "", u.Fragment != "", u.Scheme != "https" && u.Scheme != "http":
		return Refuse(Invalid, RuleInvalidValue, "%s is no issuer; it has scheme, host and path only, such as https://login.example.com/tenant", quoteShort(p.Issuer)).At("issuer")
	case u.Scheme == "http" && !loopback:
		return Refuse(Invalid, RuleInvalidValue, "the issuer must be an https URL: whoever can answer for it can be anybody").At("issuer")
	case p.Audience == "":
		return Refuse(Invalid, RuleInvalidValue, "the audience is missing; give what the issuer's tokens for this server have in \"aud\"").At("audience")
	case !printable(p.Audience) || !printable(p.Clients):
		return Refuse(Invalid, RuleInvalidValue, "audience and clients must be text without control characters")
	}
	return nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.IsLoopback()
}
