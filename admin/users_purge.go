package admin

import (
	"context"
	"errors"
	"net/http"

	"rollcall/identity"
)

// maxPurge is how many users one call deletes.
const maxPurge = 100

// PurgeRequest names users who are gone from their directory.
type PurgeRequest struct {
	Users []string `json:"users,omitempty" nullable:"false" maxItems:"100" doc:"Ids of users"`
	All   bool     `json:"all,omitempty" doc:"Instead of ids: everybody who is gone from the directory, 100 in one call"`
}

// Purged is what came of one user.
type Purged struct {
	User     string `json:"user" format:"uuid"`
	UserName string `json:"userName,omitempty" doc:"Absent for a user who is not there"`
	Deleted  bool   `json:"deleted"`
	Code     string `json:"code,omitempty" doc:"Why not; a stable code"`
	Message  string `json:"message,omitempty" doc:"Why not, for people"`
}

type purge struct {
	Results []Purged `json:"results" nullable:"false" doc:"One for each user, in the order given"`
	More    bool     `json:"more" doc:"There are more users who are gone from the directory; call again"`
}

func (a *api) addUserPurge() {
	add(a, operation{
		id: "purgeUsers", method: http.MethodPost, path: usersPath + "/purge", scope: scopeWriteUsers,
		summary: "Delete users early who are gone from the directory", about: "They would be deleted 7 days after the synchronization that missed them; " +
			"this does it at once, and frees their licences and addresses. Other users are refused: delete those by themselves. " +
			"Each user is a step of its own: one that is refused keeps no other from being deleted.",
		refusals: []int{http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
	}, a.purgeUsers)
}

func (a *api) purgeUsers(ctx context.Context, in *struct {
	OrgPath
	Body PurgeRequest
}) (*body[purge], error) {
	if in.Body.All == (len(in.Body.Users) > 0) {
		return nil, identity.Refuse(identity.Invalid, codeInvalidInput, "give either the ids of users or all: true").At("body")
	}
	result := purge{Results: []Purged{}}
	ids := in.Body.Users
	if in.Body.All {
		gone, err := a.service.Reader().Accounts(ctx, in.id(), identity.AccountQuery{Where: goneFromDirectory, Limit: maxPurge + 1})
		if err != nil {
			return nil, err
		}
		if result.More = len(gone) > maxPurge; result.More {
			gone = gone[:maxPurge]
		}
		for _, account := range gone {
			ids = append(ids, string(account.ID))
		}
	}
	for _, id := range ids {
		p, err := a.purge(ctx, in.id(), identity.AccountID(id))
		if err != nil {
			return nil, err
		}
		result.Results = append(result.Results, p)
	}
	return &body[purge]{result}, nil
}

// goneFromDirectory is [identity.InactiveReason.GoneFromDirectory] as a store understands it.
var goneFromDirectory = identity.Or{
	&identity.Compare{Field: identity.FieldReason, Op: identity.Equal, Text: string(identity.DirectoryDeleted)},
	&identity.Compare{Field: identity.FieldReason, Op: identity.Equal, Text: string(identity.DirectoryOutOfScope)},
}

// purge deletes one user who is gone from the directory (USR-15). The error is one that ends the whole call.
func (a *api) purge(ctx context.Context, org identity.OrgID, id identity.AccountID) (Purged, error) {
	p := Purged{User: string(id)}
	err := a.service.Transact(ctx, org, callerOf(ctx).actor(), func(c *identity.Acts) error {
		return c.Delete(ctx, id, func(account identity.Account) error {
			p.UserName = account.UserName
			if account.State() == identity.StateDeleted {
				return nil
			}
			return identity.Refuse(identity.Conflict, identity.RuleInvalidTransition,
				"this user is not gone from the directory; only those who are can be deleted early, and the others with the ordinary delete")
		})
	})
	var refusal *identity.Error
	switch {
	case err == nil:
		p.Deleted = true
	case errors.As(err, &refusal) && (refusal.Kind == identity.Conflict || refusal.Kind == identity.NotFound):
		p.Code, p.Message = string(refusal.Rule), refusal.Detail
	default:
		return Purged{}, err
	}
	return p, nil
}
