package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"rollcall/identity"
)

// NewUsers are people to add.
type NewUsers struct {
	Users []NewUser `json:"users" nullable:"false" doc:"1 to 25; one if the organization requires attributes"`
}

// NewUser is somebody to add.
type NewUser struct {
	UserName        string   `json:"userName,omitempty" maxLength:"256" doc:"The e-mail address if absent"`
	Email           string   `json:"email" maxLength:"320" example:"ada@example.com"`
	AlternateEmails []string `json:"alternateEmails,omitempty" nullable:"false" maxItems:"19" doc:"Other addresses of the user, in domains that the organization has verified"`
	Attributes
	ExternalID string    `json:"externalId,omitempty" maxLength:"256"`
	Licences   *[]string `json:"licences,omitempty" maxItems:"100" doc:"Exactly these, and none for an empty list; if absent, those of the organization's template"`
}

type addedUsers struct {
	Users []User `json:"users" nullable:"false" doc:"In the order given"`
}

func (a *api) addUserCreation() {
	add(a, operation{
		id: "addUsers", method: http.MethodPost, path: usersPath, scope: scopeWriteUsers, status: http.StatusCreated,
		summary: "Add users", about: "Adds 1 to 25 people: all of them, or none and every reason why not. Somebody whose address is in a domain that the organization " +
			"has verified starts as verified, everybody else as not_verified. Each gets an invitation, unless the organization wants no mails sent. " +
			"To add more at once, import a file.",
		refusals: []int{http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
	}, a.createUsers)
}

func (a *api) createUsers(ctx context.Context, in *struct {
	OrgPath
	Body NewUsers
}) (*body[addedUsers], error) {
	read := a.service.Reader()
	o, err := read.Organization(ctx, in.id())
	if err != nil {
		return nil, err
	}
	verified, err := a.verified(ctx, read, in.id())
	if err != nil {
		return nil, err
	}
	users := make([]identity.NewUser, 0, len(in.Body.Users))
	for n, u := range in.Body.Users {
		added, err := u.domain(verified)
		if err != nil {
			return nil, below(err, fmt.Sprintf("users[%d]", n))
		}
		users = append(users, added)
	}
	accounts, err := a.service.AddUsers(ctx, callerOf(ctx).actor(), in.id(), users)
	if err != nil {
		return nil, err
	}
	shown, err := a.showUsers(ctx, o, accounts)
	if err != nil {
		return nil, err
	}
	return &body[addedUsers]{addedUsers{shown}}, nil
}

// domain returns the user as identity knows one.
func (u NewUser) domain(verified addressTest) (identity.NewUser, error) {
	profile, err := u.patch().apply("")
	if err != nil {
		return identity.NewUser{}, err
	}
	d := identity.Draft{UserName: u.UserName, ExternalID: identity.ExternalID(u.ExternalID), Profile: profile, Active: true}
	if d.UserName == "" {
		d.UserName = u.Email
	}
	d.Emails = []identity.AccountEmail{{Value: u.Email, Type: "work", Primary: true}}
	if d.Emails, err = withAlternates(d.Emails, u.AlternateEmails, verified); err != nil {
		return identity.NewUser{}, err
	}
	added := identity.NewUser{Draft: d}
	if u.Licences != nil {
		added.Licences = licencesIn(*u.Licences)
	}
	return added, nil
}

// addressTest refuses an address that may not stand beside the primary one.
type addressTest func(address string) error

// verified returns a test for the other addresses of a user: here they are meant as addresses that the user can be found
// and reached by, so they have to be in a domain of the organization (EML-03).
func (a *api) verified(ctx context.Context, read identity.Reader, org identity.OrgID) (addressTest, error) {
	domains, err := read.Domains(ctx, org)
	if err != nil {
		return nil, err
	}
	return func(address string) error {
		e, err := identity.ParseEmail(address, a.service.EmailPolicy())
		if err != nil {
			return err
		}
		if slices.ContainsFunc(domains, func(d identity.Domain) bool { return d.Name == e.Domain }) {
			return nil
		}
		refusal := identity.Refuse(identity.Invalid, identity.RuleInvalidValue,
			"other addresses of a user have to be in a domain that the organization has verified, and %s is not one", e.Domain)
		refusal.Ways = []identity.Remedy{{Text: identity.RuleDomainNotVerified.Remedy()}, {Text: "Leave the address out."}}
		return refusal
	}, nil
}

// withAlternates returns the primary address of a list with these others. One that the list has already stays as it is there,
// whatever its domain: an identity provider may have put it there as something to know about the user.
func withAlternates(emails []identity.AccountEmail, others []string, verified addressTest) ([]identity.AccountEmail, error) {
	primary, found := identity.Draft{Emails: emails}.PrimaryEmail()
	var list []identity.AccountEmail
	if found {
		list = append(list, primary)
	}
	for n, address := range others {
		if found && address == primary.Value {
			continue
		}
		if at := slices.IndexFunc(emails, func(e identity.AccountEmail) bool { return e.Value == address }); at >= 0 {
			list = append(list, emails[at])
			continue
		}
		if err := verified(address); err != nil {
			return nil, below(err, fmt.Sprintf("alternateEmails[%d]", n))
		}
		list = append(list, identity.AccountEmail{Value: address, Type: "other"})
	}
	return list, nil
}

// licencesIn reads a list of licences. The free one alone means none: it is what somebody without any has, and what is shown
// can be sent back.
func licencesIn(names []string) []identity.Licence {
	list := make([]identity.Licence, 0, len(names))
	for _, name := range names {
		list = append(list, identity.Licence(name))
	}
	if len(list) == 1 && list[0] == identity.FreeLicence {
		return list[:0]
	}
	return list
}

// below puts a place before the one that an error names.
func below(err error, place string) error {
	var e *identity.Error
	if !errors.As(err, &e) {
		return err
	}
	told := *e
	told.Field = strings.TrimSuffix(place+"."+e.Field, ".")
	return &told
}

// showUsers shows accounts with their licences and the claims by which they came.
func (a *api) showUsers(ctx context.Context, o identity.Organization, accounts []identity.Account) ([]User, error) {
	shown := make([]User, 0, len(accounts))
	if len(accounts) == 0 {
		return shown, nil
	}
	ids := make([]identity.AccountID, 0, len(accounts))
	for _, account := range accounts {
		ids = append(ids, account.ID)
	}
	assignments, err := a.service.Reader().AssignmentsAmong(ctx, o.ID, ids)
	if err != nil {
		return nil, err
	}
	of := map[identity.AccountID][]identity.Assignment{}
	for _, as := range assignments {
		of[as.Account] = append(of[as.Account], as)
	}
	transient, err := a.service.Transients(ctx, a.service.Reader(), o)
	if err != nil {
		return nil, err
	}
	for _, account := range accounts {
		shown = append(shown, showUser(account, o, of[account.ID], transient))
	}
	if err := addPhotosTo(ctx, a.service.Reader(), o.ID, ids, shown); err != nil {
		return nil, err
	}
	return shown, a.addClaimsTo(ctx, a.service.Reader(), o.ID, accounts, shown)
}

// addClaimsTo shows with users who were claimed the latest claim that they came by.
func (a *api) addClaimsTo(ctx context.Context, read identity.Reader, org identity.OrgID, accounts []identity.Account, shown []User) error {
	var claimed []identity.AccountID
	for _, account := range accounts {
		if account.Source == identity.SourceClaim {
			claimed = append(claimed, account.ID)
		}
	}
	if len(claimed) == 0 {
		return nil
	}
	claims, err := read.ClaimsOf(ctx, org, claimed)
	if err != nil {
		return err
	}
	views, err := a.showClaims(ctx, org, claims...)
	if err != nil {
		return err
	}
	for _, view := range views {
		if i := slices.IndexFunc(shown, func(u User) bool { return u.ID == view.User }); i >= 0 {
			shown[i].Claim = &view
		}
	}
	return nil
}
