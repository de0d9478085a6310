package admin

import (
	"context"
	"net/http"

	"rollcall/identity"
)

// Licences are what a user may use.
type Licences struct {
	Licences []string `json:"licences" nullable:"false" maxItems:"100" doc:"In the order of the names; free alone if nothing is assigned" example:"[\"calling\"]"`
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
