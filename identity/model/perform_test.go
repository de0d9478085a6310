package model_test

import (
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// actors are who comes through each pipe.
var actors = map[pipe]identity.Actor{byHand: admin, byFeed: feed, bySync: run}

// perform lets an event happen over the real store. fresh is the number of a person whom nobody has seen yet. It returns what was
// made.
func (x *actual) perform(e event, fresh int) (identity.AccountID, identity.ClaimID, error) {
	switch e.what {
	case "add":
		return x.add(e, fresh)
	case "register":
		p := identity.Person{Issuer: issuer, Subject: subject(fresh), Email: e.address, EmailVerified: true}
		a, err := x.RegisterSelf(x.ctx, p, identity.Request{})
		return a.ID, "", err
	case "claim":
		claim, a, err := x.claim(e)
		return a.ID, claim.ID, err
	case "time":
		x.pass(e)
		return "", "", nil
	}
	if err, done := x.performAsOwner(e, fresh); done {
		return "", "", err
	}
	if err, done := x.performOnAccount(e); done {
		return "", "", err
	}
	return "", "", x.performOnOrganization(e)
}

func (x *actual) add(e event, fresh int) (identity.AccountID, identity.ClaimID, error) {
	d, from := draft(e.address, e.others...), identity.Origin{Source: identity.SourceSCIM, Licences: e.licences}
	switch e.by {
	case byHand:
		from.Source, from.Invite = identity.SourceManual, true
	case bySync:
		from.Source, from.Disabled = identity.SourceDirectory, !e.active
		from.Link = &identity.DirectoryLink{Connector: x.links[e.org], Object: identity.ObjectID(x.NewID()), DN: "CN=" + e.address}
	default:
		d.Active = e.active
	}
	var a identity.Account
	err := x.Transact(x.ctx, x.orgs[e.org], actors[e.by], func(c *identity.Acts) error {
		var err error
		a, err = c.Create(x.ctx, d, from)
		return err
	})
	if err == nil {
		x.tie(a.Org, a.ID, fresh)
	}
	return a.ID, "", err
}

func (x *actual) claim(e event) (identity.Claim, identity.Account, error) {
	var old *identity.Account
	if h, err := x.Reader().Hold(x.ctx, identity.EmailKey(e.address)); err == nil {
		a, err := x.Reader().Account(x.ctx, h.Org, h.Account)
		require.NoError(x.t, err)
		old = &a
	}
	claim, a, err := x.ClaimUser(x.ctx, admin, x.orgs[e.org], identity.ClaimRequest{Email: e.address, Mode: e.mode, Licences: e.licences})
	if err == nil {
		x.before[len(x.claims)] = *old
	}
	return claim, a, err
}

// performAsOwner is what people do with their own account.
func (x *actual) performAsOwner(e event, fresh int) (err error, done bool) {
	switch e.what {
	case "confirm address":
		return x.follow(e, fresh), true
	case "sign in", "remove own", "choose", "keep under":
	default:
		return nil, false
	}
	caller, err := x.Caller(x.ctx, identity.Person{Issuer: issuer, Subject: subject(e.person)})
	if err != nil {
		return err, true
	}
	switch e.what {
	case "sign in":
		_, err = x.SignInCaller(x.ctx, caller, identity.Request{})
	case "remove own":
		err = x.DeleteSelf(x.ctx, caller, identity.Request{})
	case "choose":
		_, err = x.ChooseClaim(x.ctx, caller, identity.Request{}, e.option, e.address)
	case "keep under":
		_, err = x.KeepAddress(x.ctx, caller, identity.Request{}, e.address)
	}
	return err, true
}

// follow uses the link that was mailed last to the address that an account waits for.
func (x *actual) follow(e event, fresh int) error {
	org, id := x.orgs[e.org], x.accounts[e.who]
	messages, err := x.Reader().Messages(x.ctx, org, identity.MessageQuery{Account: id, Limit: 100})
	require.NoError(x.t, err)
	i := slices.IndexFunc(messages, func(m identity.Message) bool {
		return m.Kind == identity.MessageChangeConfirm || m.Kind == identity.MessageKeepConfirm
	})
	require.GreaterOrEqual(x.t, i, 0, "an account that waits for an address has been sent a mail")
	if _, err := x.UseLink(x.ctx, path.Base(strings.TrimSpace(messages[i].Data["link"])), nil, identity.Request{}); err != nil {
		return err
	}
	if messages[i].Kind == identity.MessageKeepConfirm {
		x.tie(org, id, fresh)
	}
	return nil
}

// onAccounts are the events that are done to an account.
var onAccounts = []string{"remove", "set active", "directory", "readdress", "ask address", "drop address", "set licences", "join"}

// performOnAccount is what is done to somebody's account.
func (x *actual) performOnAccount(e event) (err error, done bool) {
	if !slices.Contains(onAccounts, e.what) {
		return nil, false
	}
	id, by := x.accounts[e.who], actors[e.by]
	if e.by == "" {
		by = admin
	}
	if e.what == "directory" {
		by = run
	}
	a, err := x.Reader().Account(x.ctx, x.orgs[e.org], id)
	require.NoError(x.t, err)
	return x.Transact(x.ctx, x.orgs[e.org], by, func(c *identity.Acts) error {
		switch e.what {
		case "remove":
			return c.Delete(x.ctx, id, nil)
		case "set active":
			return x.setActive(c, e, id)
		case "directory":
			link := identity.DirectoryLink{Connector: x.links[e.org], Object: identity.ObjectID(id), DN: "CN=" + string(id)}
			if a.Directory != nil {
				link = *a.Directory
			}
			_, err := c.Mirror(x.ctx, id, nil, identity.Mirror{Draft: a.Draft(), Link: link, Standing: e.standing, Loss: e.loss, Evidence: []byte(`{}`)})
			return err
		case "readdress":
			_, err := c.Update(x.ctx, id, nil, func(d identity.Draft) (identity.Draft, error) {
				d.UserName, d.Emails = e.address, slices.Clone(d.Emails)
				d.Emails[slices.IndexFunc(d.Emails, func(m identity.AccountEmail) bool { return m.Primary })].Value = e.address
				return d, nil
			})
			return err
		case "ask address":
			_, err := c.ChangeEmail(x.ctx, id, nil, e.address)
			return err
		case "drop address":
			_, err := c.CancelEmailChange(x.ctx, id, nil)
			return err
		case "set licences":
			_, err := c.SetLicences(x.ctx, a, e.licences)
			return err
		case "join":
			_, err := c.AddMember(x.ctx, x.groups[e.org], nil, id)
			return err
		}
		panic("no such event: " + e.what)
	}), true
}

func (x *actual) setActive(c *identity.Acts, e event, id identity.AccountID) error {
	var err error
	switch {
	case e.by == byFeed:
		_, err = c.Update(x.ctx, id, nil, func(d identity.Draft) (identity.Draft, error) {
			d.Active = e.active
			return d, nil
		})
	case e.active:
		_, err = c.Reactivate(x.ctx, id, nil)
	default:
		_, err = c.Deactivate(x.ctx, id, nil)
	}
	return err
}

// performOnOrganization is what administrators and operators do with settings, domains, roles and claims.
func (x *actual) performOnOrganization(e event) error {
	org := x.orgs[e.org]
	set := func(edit func(*identity.Organization)) error { return x.set(org, edit) }
	var err error
	switch e.what {
	case "revoke":
		_, err = x.RevokeClaim(x.ctx, admin, org, x.claims[e.claim])
	case "grant":
		_, err = x.Grant(x.ctx, operator, identity.Grant{Org: org, Issuer: issuer, Subject: subject(e.person), Role: e.role})
	case "ungrant":
		err = x.RevokeGrant(x.ctx, admin, org, issuer, subject(e.person))
	case "attest":
		_, err = x.AttestDomain(x.ctx, operator, org, e.domain)
	case "challenge":
		_, _, err = x.ChallengeDomain(x.ctx, admin, org, e.domain)
	case "claim domain":
		_, err = x.ClaimDomain(x.ctx, admin, org, e.domain)
	case "release domain":
		_, err = x.ReleaseDomain(x.ctx, admin, org, e.domain)
	case "remove domain":
		err = x.RemoveDomain(x.ctx, admin, org, e.domain)
	case "paid":
		err = x.pay(e)
	case "dry run":
		err = x.dryRun(e.org)
	case "sync on":
		_, err = x.EnableSync(x.ctx, admin, org)
	case "sync off":
		_, err = x.DisableSync(x.ctx, admin, org)
	case "site":
		err = x.site(e)
	case "partner":
		if e.active {
			_, err = x.PutPartner(x.ctx, operator, x.orgs[e.who], org, identity.RoleFull)
		} else {
			err = x.RemovePartner(x.ctx, operator, org, x.orgs[e.who], org)
		}
	case "delete org":
		if e.handling == identity.HandleNone {
			_, err = x.DeleteOrganization(x.ctx, operator, org)
		} else {
			_, err = x.RequestDeletion(x.ctx, operator, org,
				identity.DeletionRequest{Handling: e.handling, AcknowledgeUsers: e.handling, AcknowledgeIrreversible: true})
		}
	case "finish deletions":
		for n := 1; n > 0 && err == nil; {
			n, err = x.ContinueDeletions(x.ctx, 7)
		}
	case "sso":
		err = set(func(o *identity.Organization) { o.SSOProvider = map[bool]string{true: "https://idp.example"}[e.active] })
	case "authoritative":
		err = set(func(o *identity.Organization) { o.ProviderAuthoritative = e.active })
	case "transfer":
		err = set(func(o *identity.Organization) { o.AllowContentTransfer = e.active })
	case "registers":
		err = set(func(o *identity.Organization) { o.SelfRegistration = e.active })
	case "creator":
		err = set(func(o *identity.Organization) { o.Creator = x.accounts[e.who] })
	default:
		panic("no such event: " + e.what)
	}
	return err
}

// pass lets time go by at once, and lets the workers find out afterwards. They run in any order, and once more than there is
// something for them to do (I8).
func (x *actual) pass(e event) {
	x.clock.move(e.time)
	x.work(e.order)
}

func (x *actual) work(order int) {
	settle := func() (int, error) { return x.SettleDueClaims(x.ctx, 1000) }
	purge := func() (int, error) { return x.PurgeDue(x.ctx, 1000) }
	revert := func() (int, error) { return x.RevertEmailChanges(x.ctx, 1000) }
	workers := [][]func() (int, error){{settle, purge, revert}, {settle, revert, purge}, {purge, settle, revert}, {purge, revert, settle},
		{revert, settle, purge}, {revert, purge, settle}}[order]
	for {
		did := 0
		for _, work := range workers {
			n, err := work()
			require.NoError(x.t, err)
			did += n
		}
		if did == 0 {
			return
		}
	}
}

// rulesOf lists the codes of a refusal: every reason that it gives, or the one.
func rulesOf(err error) []identity.Rule {
	var refusal *identity.Error
	if !errors.As(err, &refusal) {
		return nil
	}
	if len(refusal.Why) == 0 || refusal.Rule == identity.RuleClaimNotRevocable {
		return []identity.Rule{refusal.Rule}
	}
	var codes []identity.Rule
	for _, r := range refusal.Why {
		codes = append(codes, r.Code)
	}
	return codes
}

// dryRun notes that somebody has looked what a directory would do, as a plan does.
func (x *actual) dryRun(org int) error {
	return x.Transact(x.ctx, x.orgs[org], admin, func(c *identity.Acts) error {
		if x.links[org] == "" {
			return nil
		}
		return c.Tx().InsertPlan(x.ctx, identity.Plan{ID: identity.PlanID(x.NewID()), Org: x.orgs[org], Connector: x.links[org], CreatedAt: c.Now(), Hash: "-",
			State: identity.PlanReady, Summary: []byte(`{}`), Body: []byte(`{}`), Version: 1})
	})
}

// site links a site, up to a status; without one it ends the link.
func (x *actual) site(e event) error {
	org := x.orgs[e.org]
	if e.site == "" {
		return x.UnlinkSite(x.ctx, operator, org, e.address)
	}
	_, err := x.AddSite(x.ctx, operator, org, e.address, "")
	if err == nil && e.site == identity.SiteCompleted {
		_, err = x.CompleteSite(x.ctx, operator, org, e.address)
	}
	return err
}

// pay changes the status of the subscription that is paid for.
func (x *actual) pay(e event) error {
	s, err := x.Reader().Subscription(x.ctx, x.orgs[e.org], x.paid[e.org])
	if identity.IsNotFound(err) {
		_, err = x.Reader().Organization(x.ctx, x.orgs[e.org])
	}
	if err != nil {
		return err
	}
	s.Status = e.paid
	_, err = x.PutSubscription(x.ctx, operator, s)
	return err
}
