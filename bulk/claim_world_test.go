package bulk_test

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/stretchr/testify/require"

	"rollcall/bulk"
	"rollcall/identity"
)

// corp is the domain that the organization of a world of claims has verified.
const corp = "corp.example"

// acknowledged are the options of somebody who only claims.
var acknowledged = bulk.ClaimOptions{Acknowledged: true}

func (w *world) verify(org identity.OrgID, domain string) {
	w.t.Helper()
	_, err := w.service.AttestDomain(w.ctx, operator, org, domain)
	require.NoError(w.t, err)
}

// personal adds personal accounts, in as few transactions as is decent.
func (w *world) personal(addresses ...string) {
	w.t.Helper()
	w.people(identity.ConsumerOrgID, addresses...)
}

func (w *world) people(org identity.OrgID, addresses ...string) {
	w.t.Helper()
	for len(addresses) > 0 {
		n := min(len(addresses), 500)
		require.NoError(w.t, w.service.Transact(w.ctx, org, provider, func(c *identity.Acts) error {
			for _, address := range addresses[:n] {
				if _, err := c.Create(w.ctx, draft(address, `{"displayName":"`+strings.Split(address, "@")[0]+`"}`), identity.Origin{Source: identity.SourceSelf}); err != nil {
					return err
				}
			}
			return nil
		}))
		addresses = addresses[n:]
	}
}

// somebody returns addresses of so many people, in the order of a file.
func somebody(n int) []string {
	addresses := make([]string, n)
	for i := range addresses {
		addresses[i] = fmt.Sprintf("p%05d@%s", i, corp)
	}
	return addresses
}

// claimable returns the file of everybody who can be claimed.
func (w *world) claimable() string {
	w.t.Helper()
	var b bytes.Buffer
	require.NoError(w.t, w.WriteClaimable(w.ctx, &b, w.org))
	return b.String()
}

// claimFile claims the users of a file and returns the job and what came of each row.
func (w *world) claimFile(text string, o bulk.ClaimOptions) (identity.Job, []string) {
	w.t.Helper()
	j, err := w.StartClaims(w.ctx, admin, w.org, strings.NewReader(text), o)
	require.NoError(w.t, err)
	w.work()
	j = w.job(j.ID)
	require.Equal(w.t, identity.JobDone, j.State, j.Error)
	return j, w.outcomes(j)
}

// claimsMade lists the claims that the organization made, the newest first.
func (w *world) claimsMade() []identity.Claim {
	w.t.Helper()
	list, err := w.service.Reader().Claims(w.ctx, w.org, identity.ClaimQuery{Limit: 30_000})
	require.NoError(w.t, err)
	return list
}

// transfer lets people bring their content along, or not.
func (w *world) transfer(allowed bool) {
	w.t.Helper()
	w.set(func(o *identity.Organization) { o.AllowContentTransfer = allowed })
}
