package identity_test

import (
	"path"
	"strings"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// personal registers a person with a personal account, who signs in with it.
func (w *world) personal(address string) (identity.Account, identity.Person) {
	w.t.Helper()
	p := visitor(address)
	a, err := w.RegisterSelf(w.ctx, p, identity.Request{})
	require.NoError(w.t, err)
	return a, p
}

// claimant adds an organization that has verified a domain.
func (w *world) claimant(name, domain string) identity.OrgID {
	w.t.Helper()
	org := w.org(name)
	w.verify(org, domain)
	return org
}

func (w *world) claim(org identity.OrgID, address string, mode identity.ClaimMode) (identity.Claim, identity.Account, error) {
	return w.ClaimUser(w.ctx, admin, org, identity.ClaimRequest{Email: address, Mode: mode})
}

func (w *world) claimed(org identity.OrgID, address string, mode identity.ClaimMode) (identity.Claim, identity.Account) {
	w.t.Helper()
	claim, a, err := w.claim(org, address, mode)
	require.NoError(w.t, err)
	return claim, a
}

func (w *world) revoke(claim identity.Claim) error {
	_, err := w.RevokeClaim(w.ctx, admin, claim.Target, claim.ID)
	return err
}

// signInAs records that a person signs in, wherever they are at home.
func (w *world) signInAs(p identity.Person) identity.Account {
	w.t.Helper()
	a, err := w.SignInCaller(w.ctx, w.caller(p), identity.Request{})
	require.NoError(w.t, err)
	return a
}

func (w *world) choose(p identity.Person, option identity.ClaimOption, address string) (identity.MyClaim, error) {
	return w.ChooseClaim(w.ctx, w.caller(p), identity.Request{}, option, address)
}

func (w *world) stateOf(claim identity.Claim) identity.ClaimState {
	w.t.Helper()
	return w.claimNow(claim).State(w.Now())
}

// claimNow reads a claim again.
func (w *world) claimNow(claim identity.Claim) identity.Claim {
	w.t.Helper()
	now, err := w.Reader().Claim(w.ctx, claim.Target, claim.ID)
	require.NoError(w.t, err)
	return now
}

func (w *world) at(org identity.OrgID, id identity.AccountID) identity.Account {
	w.t.Helper()
	a, err := w.Reader().Account(w.ctx, org, id)
	require.NoError(w.t, err)
	return a
}

func (w *world) gone(org identity.OrgID, id identity.AccountID) {
	w.t.Helper()
	_, err := w.Reader().Account(w.ctx, org, id)
	require.True(w.t, identity.IsNotFound(err), "%v", err)
}

// mails lists the messages of an organization of one kind.
func (w *world) mails(org identity.OrgID, kind identity.MessageKind) []identity.Message {
	w.t.Helper()
	all, err := w.Reader().Messages(w.ctx, org, identity.MessageQuery{Limit: 100})
	require.NoError(w.t, err)
	var of []identity.Message
	for _, m := range all {
		if m.Kind == kind {
			of = append(of, m)
		}
	}
	return of
}

// reasonsAgainst returns the codes of everything that a preview says against a claim.
func (w *world) reasonsAgainst(org identity.OrgID, address string) []identity.Rule {
	w.t.Helper()
	p, err := w.PreviewClaim(w.ctx, org, address, "")
	require.NoError(w.t, err)
	require.Equal(w.t, len(p.Reasons) == 0, p.Eligible)
	return codesOf(p.Reasons)
}

func codesOf(reasons []identity.Reason) []identity.Rule {
	var codes []identity.Rule
	for _, r := range reasons {
		codes = append(codes, r.Code)
	}
	return codes
}

// claimableTo lists the addresses of everybody whom an organization can claim.
func (w *world) claimableTo(org identity.OrgID) []string {
	w.t.Helper()
	list, err := w.Claimable(w.ctx, org, identity.ClaimableQuery{})
	require.NoError(w.t, err)
	addresses := []string{}
	for _, u := range list.Users {
		addresses = append(addresses, u.Email)
	}
	return addresses
}

// secretOf returns the secret of the link in a message.
func secretOf(m identity.Message) string {
	return path.Base(strings.TrimSpace(m.Data["link"]))
}

// act1 runs one act of an administrator that has to succeed.
func act1[T any](w *world, org identity.OrgID, fn func(*identity.Acts) (T, error)) T {
	w.t.Helper()
	v, err := act(w, org, admin, fn)
	require.NoError(w.t, err)
	return v
}
