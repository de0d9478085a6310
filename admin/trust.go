package admin

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"rollcall/identity"
)

// maxProviders is how many issuers of organizations the verifier remembers the keys of.
const maxProviders = 1000

// providers finds the organization whose issuer one is. It is a part of identity.Reader.
type providers interface {
	IdentityProviderOf(ctx context.Context, issuer string) (identity.IdentityProvider, error)
}

// verifier checks tokens of several issuers: those that the operator trusts, and those that organizations registered as their
// own.
type verifier struct {
	clock    identity.Clock
	platform map[string]*keysOf
	store    providers
	outside  way // to the issuers of organizations

	mu     sync.Mutex // guards what follows
	others map[string]registered
}

// registered is an issuer of an organization with the registration that it was made from.
type registered struct {
	*keysOf
	from identity.IdentityProvider
}

// still reports whether nothing about the registration has changed.
func (r registered) still(p identity.IdentityProvider) bool {
	return r.from.Org == p.Org && r.from.Audience == p.Audience && r.from.Clients == p.Clients && r.from.UpdatedAt.Equal(p.UpdatedAt)
}

func newVerifier(o Options) (*verifier, error) {
	v := &verifier{clock: o.Clock, platform: map[string]*keysOf{}, outside: wayOutside(o.AllowPrivateIssuers),
		others: map[string]registered{}}
	for n, i := range o.Issuers {
		if err := i.check(); err != nil {
			return nil, fmt.Errorf("admin: issuers[%d]: %w", n, err)
		}
		if v.platform[i.URL] != nil {
			return nil, fmt.Errorf("admin: issuers[%d]: %s is there twice", n, i.URL)
		}
		client, err := i.client()
		if err != nil {
			return nil, fmt.Errorf("admin: issuers[%d]: %w", n, err)
		}
		v.platform[i.URL] = &keysOf{Issuer: i, way: way{client: client, permits: encrypted}, clock: o.Clock}
	}
	return v, nil
}

// trusted returns the issuer of this name, and the organization's registration unless it is one of the operator's. The
// registration is read every time, so that a change of it counts at once; the keys are kept for as long as it stays.
func (v *verifier) trusted(ctx context.Context, issuer string) (*keysOf, *identity.IdentityProvider, error) {
	if k := v.platform[issuer]; k != nil {
		return k, nil, nil
	}
	p, err := v.store.IdentityProviderOf(ctx, issuer)
	switch {
	case identity.IsNotFound(err):
		return nil, nil, tokenIssuer
	case err != nil:
		return nil, nil, err
	case !p.Active:
		return nil, nil, tokenIssuer
	}
	k, err := v.registered(p)
	return k, &p, err
}

func (v *verifier) registered(p identity.IdentityProvider) (*keysOf, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	known, ok := v.others[p.Issuer]
	if ok && known.still(p) {
		return known.keysOf, nil
	}
	i := Issuer{URL: p.Issuer, Audience: p.Audience, Clients: strings.Fields(p.Clients)}
	u, err := i.parse()
	if err == nil {
		err = v.outside.permits(u)
	}
	if err != nil {
		return nil, &unreachable{cause: err}
	}
	if !ok && len(v.others) >= maxProviders {
		for name := range v.others { // any of them: its keys are fetched again when they are needed
			delete(v.others, name)
			break
		}
	}
	k := &keysOf{Issuer: i, way: v.outside, clock: v.clock}
	v.others[p.Issuer] = registered{keysOf: k, from: p}
	return k, nil
}
