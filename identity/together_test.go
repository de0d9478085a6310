package identity_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// race runs functions at the same time and returns what came of each.
func race(all ...func() error) []error {
	var running sync.WaitGroup
	results := make([]error, len(all))
	start := make(chan struct{})
	for i, do := range all {
		running.Go(func() {
			<-start
			results[i] = do()
		})
	}
	close(start)
	running.Wait()
	return results
}

func succeeded(results []error) int {
	n := 0
	for _, err := range results {
		if err == nil {
			n++
		}
	}
	return n
}

func TestUSR26_AdministratorsWhoRemoveEachOtherAtOnceLeaveOne(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	var acts []func() error
	for i, address := range []string{"ada@example.com", "bob@example.com", "cyd@example.com"} {
		a, p := w.bound(org, address)
		w.grant(org, p, identity.RoleFull)
		acts = append(acts, []func() error{
			func() error { _, err := w.deactivate(admin, a); return err },
			func() error { return w.RevokeGrant(w.ctx, admin, org, p.Issuer, p.Subject) },
			func() error { return w.delete(admin, a) },
		}[i])
	}
	results := race(acts...)
	require.Equal(t, 2, succeeded(results))
	refusedWith(t, errors.Join(results...), identity.RuleLastFullAdmin)
}

func TestUSR04_OfManyWhoFollowALinkAtOnceOneDoes(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	a := w.byHand(org, "ada@example.com")
	secret := w.mailed(org, identity.MessageInvitation)
	var uses []func() error
	for i := range 8 {
		uses = append(uses, func() error {
			p := identity.Person{Issuer: issuer, Subject: string(rune('a' + i))}
			_, err := w.UseLink(w.ctx, secret, &p, identity.Request{})
			return err
		})
	}
	results := race(uses...)
	require.Equal(t, 1, succeeded(results))
	refusedWith(t, errors.Join(results...), identity.RuleLinkUsed)
	bindings, err := w.Reader().BindingsOf(w.ctx, org, a.ID)
	require.NoError(t, err)
	require.Len(t, bindings, 1)
}

func TestEML01_OfManyWhoRegisterOneAddressAtOnceOneDoes(t *testing.T) {
	w := newWorld(t)
	var tries []func() error
	for i := range 8 {
		tries = append(tries, func() error {
			p := visitor("ada@gmail.example")
			p.Subject = string(rune('a' + i))
			_, err := w.register(p)
			return err
		})
	}
	results := race(tries...)
	require.Equal(t, 1, succeeded(results))
	refusedWith(t, errors.Join(results...), identity.RuleEmailTaken)
}
