package admin

import (
	"context"
	"net/http"
	"slices"

	"rollcall/identity"
)

// Licences are what a user may use.
type Licences struct {
	Licences []string `json:"licences" nullable:"false" maxItems:"100" doc:"In the order of the names; free alone if nothing is assigned" example:"[\"calling\"]"`
}

// LicenceChange is what a user gets and loses; what is not named stays, whoever else changes something at the same time.
type LicenceChange struct {
	Add    []string `json:"add,omitempty" nullable:"false" maxItems:"100" doc:"Those that the user has already stay as they are"`
	Remove []string `json:"remove,omitempty" nullable:"false" maxItems:"100" doc:"Those that the user has not are no error"`
}

func (a *api) addUserLicences() {
	add(a, operation{
		id: "getUserLicences", method: http.MethodGet, path: userPath + "/licences", scope: scopeReadLicences,
		summary: "Show a user's licences", about: "What the user may use, whatever the status.",
	}, a.getUserLicences)
	add(a, operation{
		id: "setUserLicences", method: http.MethodPut, path: userPath + "/licences", scope: scopeWriteLicences,
		summary: "Set a user's licences", about: "The user then has exactly these, whatever the status; an empty list takes all away. " +
			"Each takes a seat of the oldest active subscription that has one left.",
		refusals: []int{http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
	}, a.setUserLicences)
	add(a, operation{
		id: "changeUserLicences", method: http.MethodPatch, path: userPath + "/licences", scope: scopeWriteLicences,
		summary: "Give a user licences and take some away", about: "All of it or nothing. What is not named stays.",
		refusals: []int{http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
	}, a.changeUserLicences)
}

func (a *api) getUserLicences(ctx context.Context, in *UserPath) (*body[Licences], error) {
	list, err := a.service.LicencesOf(ctx, in.id(), in.account())
	if err != nil {
		return nil, err
	}
	return &body[Licences]{Licences{texts(list)}}, nil
}

func (a *api) setUserLicences(ctx context.Context, in *struct {
	UserPath
	Body Licences
}) (*body[Licences], error) {
	var list []identity.Licence
	err := a.service.Transact(ctx, in.id(), callerOf(ctx).actor(), func(c *identity.Acts) error {
		account, err := c.Tx().Account(ctx, in.id(), in.account())
		if err != nil {
			return err
		}
		list, err = c.SetLicences(ctx, account, licencesIn(in.Body.Licences))
		return err
	})
	if err != nil {
		return nil, err
	}
	return &body[Licences]{Licences{texts(list)}}, nil
}

func (a *api) changeUserLicences(ctx context.Context, in *struct {
	UserPath
	Body LicenceChange
}) (*body[Licences], error) {
	gain, lose := licencesIn(in.Body.Add), licencesIn(in.Body.Remove)
	for _, l := range gain {
		if slices.Contains(lose, l) {
			return nil, identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "the licence %s is in add and in remove; name it in one of them", l).At("body")
		}
	}
	err := a.service.Transact(ctx, in.id(), callerOf(ctx).actor(), func(c *identity.Acts) error {
		account, err := c.Tx().Account(ctx, in.id(), in.account())
		if err != nil {
			return err
		}
		if err := c.RemoveLicences(ctx, account, lose); err != nil {
			return err
		}
		return c.AddLicences(ctx, account, gain)
	})
	if err != nil {
		return nil, err
	}
	return a.getUserLicences(ctx, &in.UserPath)
}
