package admin

import (
	"context"
	"net/http"
	"strings"

	"rollcall/identity"
)

// Me is who the caller is here.
type Me struct {
	Issuer        string         `json:"issuer" doc:"Issuer and subject together are who you are"`
	Subject       string         `json:"subject"`
	Name          string         `json:"name,omitempty" doc:"As the token says"`
	Email         string         `json:"email,omitempty" doc:"As the token says"`
	EmailVerified bool           `json:"emailVerified" doc:"As the token says"`
	Account       *MyAccount     `json:"account,omitempty" doc:"Your account; absent if none is known to be yours"`
	Organizations []Organization `json:"organizations" nullable:"false" doc:"The organizations in which you have a role, at most 100"`
	More          bool           `json:"more,omitempty" doc:"There are more; list the organizations to see all"`
}

// maxMine is how many organizations are shown beside their administrator: enough for everybody but large partners.
const maxMine = 100

// MyAccount is an account as its owner sees it.
type MyAccount struct {
	Organization Membership `json:"organization"`
	User
	Choice bool `json:"choice,omitempty" doc:"An organization has claimed you, and you have to decide about your old account: see /api/v1/me/claim"`
}

// Membership is the organization that an account belongs to.
type Membership struct {
	ID   string `json:"id" format:"uuid"`
	Name string `json:"name"`
	Kind string `json:"kind" enum:"consumer,customer,partner" doc:"consumer: it is a personal account"`
}

// LinkUse is a link from a mail.
type LinkUse struct {
	Link string `json:"link" minLength:"1" maxLength:"2000" doc:"The link as it was mailed, or only the part that is different in every mail"`
}

// LinkView is what a link was for.
type LinkView struct {
	Purpose      string `json:"purpose" enum:"invitation,change_email,cancel_change,keep_address"`
	Organization string `json:"organization" doc:"The name of the organization that sent it"`
	User         string `json:"user" format:"uuid"`
	Address      string `json:"address" doc:"The mailbox that it was sent to"`
}

const mePath = "/api/v1/me"

func (a *api) addMe() {
	add(a, operation{
		id: "me", method: http.MethodGet, path: mePath, scope: scopeAny, undecided: true,
		summary: "Show who you are", about: "Who the token says you are, your account, and the organizations in which you have a role.",
	}, a.me)
	add(a, operation{
		id: signInID, method: http.MethodPost, path: mePath + "/sign-in", scope: scopeAny, undecided: true,
		summary: "Sign in", about: "Records that you signed in. A user who was not verified or verified is active from then on. Whoever was claimed and has to decide about the old account is told so by `choice`.",
	}, a.signIn)
	add(a, operation{
		id: "verifyMe", method: http.MethodPost, path: mePath + "/verification", scope: scopeAny, status: http.StatusAccepted,
		summary: "Have the verification mail sent again", about: "To your own primary address; at most once in 24 hours. Refused with 409 if there is nothing left to verify.",
	}, a.verifyMe)
	add(a, operation{
		id: "registerMe", method: http.MethodPost, path: mePath + "/account", scope: scopeAny, status: http.StatusCreated,
		summary: "Create your own account", about: "With the address in the token: in the organization that claimed its domain, if it lets people register, " +
			"and else a personal account. An address that the issuer has not verified gets a mail first.",
	}, a.registerMe)
	add(a, operation{
		id: "deleteMe", method: http.MethodDelete, path: mePath + "/account", scope: scopeAny,
		summary: "Delete your own personal account", about: "At once and for good, with everything that belongs to it. The address is free from then on. " +
			"An account of an organization is deleted by its administrators.",
		refusals: []int{http.StatusConflict},
	}, a.deleteMe)
	add(a, operation{
		id: "useLink", method: http.MethodPost, path: mePath + "/links", scope: scopeAny, undecided: true,
		summary: "Use a link from a mail", about: "Each works once. The link of an invitation makes its account yours, because it shows that the mailbox is, and signs you in.",
		refusals: []int{http.StatusNotFound, http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
	}, a.useLink)
}

// signInID is the operation that tells people with an inactive account that they may not sign in, where the others say that
// they are not signed in (USR-05).
const signInID = "signIn"

func (a *api) me(ctx context.Context, _ *struct{}) (*body[Me], error) {
	c := callerOf(ctx)
	m := Me{
		Issuer: c.Issuer, Subject: c.Subject, Name: c.Name, Email: c.Email, EmailVerified: c.EmailVerified,
		Organizations: []Organization{},
	}
	read := a.service.Reader()
	if c.Account != nil {
		mine, err := a.myAccount(ctx, *c.Account)
		if err != nil {
			return nil, err
		}
		m.Account = &mine
	}
	all, err := a.service.AccessList(ctx, c.Caller)
	if err != nil {
		return nil, err
	}
	m.More = len(all) > maxMine
	for _, access := range all[:min(len(all), maxMine)] {
		o, err := read.Organization(ctx, access.Org)
		if identity.IsNotFound(err) { // deleted since
			continue
		}
		if err != nil {
			return nil, err
		}
		m.Organizations = append(m.Organizations, showOrganization(o, access))
	}
	return &body[Me]{m}, nil
}

func (a *api) myAccount(ctx context.Context, account identity.Account) (MyAccount, error) {
	read := a.service.Reader()
	o, err := read.Organization(ctx, account.Org)
	if err != nil {
		return MyAccount{}, err
	}
	assigned, err := read.Assignments(ctx, account.Org, account.ID)
	if err != nil {
		return MyAccount{}, err
	}
	transient, err := a.service.Transients(ctx, read, o)
	if err != nil {
		return MyAccount{}, err
	}
	mine := MyAccount{Organization: Membership{string(o.ID), o.Name, string(o.Kind)}, User: showUser(account, o, assigned, transient)}
	if account.Source != identity.SourceClaim {
		return mine, nil
	}
	claim, err := read.ClaimOf(ctx, account.Org, account.ID)
	if err != nil && !identity.IsNotFound(err) {
		return MyAccount{}, err
	}
	mine.Choice = err == nil && claim.Open() && !claim.Due(a.service.Now())
	return mine, nil
}

// mine answers with the caller's account as an act has left it.
func (a *api) mine(ctx context.Context, account identity.Account, err error) (*body[MyAccount], error) {
	if err != nil {
		return nil, err
	}
	shown, err := a.myAccount(ctx, account)
	return &body[MyAccount]{shown}, err
}

func (a *api) signIn(ctx context.Context, _ *struct{}) (*body[MyAccount], error) {
	c := callerOf(ctx)
	account, err := a.service.SignInCaller(ctx, c.Caller, c.request)
	return a.mine(ctx, account, err)
}

func (a *api) registerMe(ctx context.Context, _ *struct{}) (*body[MyAccount], error) {
	c := callerOf(ctx)
	account, err := a.service.RegisterSelf(ctx, c.Person, c.request)
	return a.mine(ctx, account, err)
}

func (a *api) deleteMe(ctx context.Context, _ *struct{}) (*struct{}, error) {
	c := callerOf(ctx)
	return nil, a.service.DeleteSelf(ctx, c.Caller, c.request)
}

func (a *api) verifyMe(ctx context.Context, _ *struct{}) (*body[Invitation], error) {
	c := callerOf(ctx)
	if c.Binding == nil {
		return nil, identity.Refuse(identity.Conflict, identity.RuleNotBound, "no account is known to be yours, so there is no address to verify")
	}
	var sent bool
	err := a.service.Transact(ctx, c.Binding.Org, c.actor(), func(acts *identity.Acts) error {
		var err error
		sent, err = acts.Invite(ctx, c.Binding.Account, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &body[Invitation]{Invitation{sent}}, nil
}

func (a *api) useLink(ctx context.Context, in *struct{ Body LinkUse }) (*body[LinkView], error) {
	c := callerOf(ctx)
	v, err := a.service.UseLink(ctx, secretIn(in.Body.Link), &c.Person, c.request)
	if err != nil {
		return nil, err
	}
	return &body[LinkView]{LinkView{Purpose: string(v.Purpose), Organization: v.Organization, User: string(v.Account), Address: v.Address}}, nil
}

// secretIn returns the secret of a link: what stands behind the last sign that separates the parts of a URL.
func secretIn(link string) string {
	link = strings.TrimRight(strings.TrimSpace(link), "/")
	return link[strings.LastIndexAny(link, "/?#=&")+1:]
}
