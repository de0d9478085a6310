package admin_test

import (
	"encoding/json"
	"net/http"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func (w *world) patch(path, token, body string, header ...string) answer {
	w.t.Helper()
	return w.call(http.MethodPatch, path, token, body, append([]string{"Content-Type", "application/merge-patch+json"}, header...)...)
}

func (w *world) put(path, token, body string) answer {
	w.t.Helper()
	return w.call(http.MethodPut, path, token, body)
}

func (w *world) delete(path, token string, header ...string) answer {
	w.t.Helper()
	return w.call(http.MethodDelete, path, token, "", header...)
}

// nothing checks that the answer is 204 and empty.
func (a answer) nothing() {
	a.t.Helper()
	require.Equal(a.t, http.StatusNoContent, a.status, a.body)
	require.Empty(a.t, a.body)
}

// add adds one user over the API; more are members of the user beside the address.
func (w *world) add(org identity.OrgID, token, address string, more ...string) answer {
	w.t.Helper()
	user := map[string]any{"email": address}
	for i := 0; i < len(more); i += 2 {
		user[more[i]] = json.RawMessage(more[i+1])
	}
	text, err := json.Marshal(map[string]any{"users": []any{user}})
	require.NoError(w.t, err)
	return w.post(users(org), token, string(text))
}

// only returns the one user that was added.
func (a answer) only() map[string]any {
	a.t.Helper()
	list := a.is(http.StatusCreated)["users"].([]any)
	require.Len(a.t, list, 1)
	return list[0].(map[string]any)
}

func (w *world) account(org identity.OrgID, id any) identity.Account {
	w.t.Helper()
	a, err := w.Reader().Account(w.ctx, org, identity.AccountID(id.(string)))
	require.NoError(w.t, err)
	return a
}

// everybody returns all accounts of an organization.
func (w *world) everybody(org identity.OrgID) []identity.Account {
	w.t.Helper()
	all, err := w.Reader().Accounts(w.ctx, org, identity.AccountQuery{Limit: 1000})
	require.NoError(w.t, err)
	return all
}

// bound adds a user and ties a subject of the issuer to it; the token is that person's.
func (w *world) bound(org identity.OrgID, address, subject string) (identity.Account, string) {
	w.t.Helper()
	a := w.user(org, address)
	_, err := w.Bind(w.ctx, operator, identity.Binding{Org: org, Account: a.ID, Issuer: w.issuer.url(), Subject: subject})
	require.NoError(w.t, err)
	return a, w.token(subject)
}

// mails returns what was written to somebody, the newest first.
func (w *world) mails(org identity.OrgID, account any) []identity.Message {
	w.t.Helper()
	var id identity.AccountID
	switch v := account.(type) {
	case identity.Account:
		id = v.ID
	case string:
		id = identity.AccountID(v)
	}
	list, err := w.Reader().Messages(w.ctx, org, identity.MessageQuery{Account: id, Limit: 100})
	require.NoError(w.t, err)
	return list
}

// link returns the secret in the newest mail of a kind.
func (w *world) link(org identity.OrgID, account any, kind identity.MessageKind) string {
	w.t.Helper()
	for _, m := range w.mails(org, account) {
		if m.Kind == kind {
			require.NotEmpty(w.t, m.Data["link"])
			return m.Data["link"]
		}
	}
	require.Fail(w.t, "there is no mail of this kind", kind)
	return ""
}

func (w *world) subscribe(org identity.OrgID, licence identity.Licence, seats int) {
	w.t.Helper()
	_, err := w.PutSubscription(w.ctx, operator, identity.Subscription{
		Org: org, Name: string(licence), Type: identity.Paid, Status: identity.SubscriptionActive, Pools: []identity.Pool{{Licence: licence, Seats: seats}},
	})
	require.NoError(w.t, err)
}

// used tells how many seats of a licence are taken.
func (w *world) used(org identity.OrgID, licence identity.Licence) int {
	w.t.Helper()
	all, err := w.Reader().Subscriptions(w.ctx, org)
	require.NoError(w.t, err)
	used := 0
	for _, s := range all {
		for _, p := range s.Pools {
			if p.Licence == licence {
				used += p.Used
			}
		}
	}
	return used
}

// inactive makes an account inactive for a reason, as its pipe would have.
func (w *world) inactive(a identity.Account, why identity.InactiveReason) identity.Account {
	w.t.Helper()
	return w.rewrite(a, func(a *identity.Account) {
		a.PreviousStatus, a.Status, a.InactiveReason, a.StatusAt = a.Status, identity.Inactive, why, w.clock.Now()
	})
}

// rewriteDomain changes what an organization has to do with a domain in ways that only later features do.
func (w *world) rewriteDomain(org identity.OrgID, name string, state identity.DomainState) {
	w.t.Helper()
	err := w.Transact(w.ctx, org, operator, func(c *identity.Acts) error {
		return c.Tx().PutDomain(w.ctx, identity.Domain{Org: org, Name: name, State: state, UpdatedAt: c.Now()})
	})
	require.NoError(w.t, err)
}
