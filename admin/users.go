package admin

import (
	"context"
	"net/http"

	"rollcall/identity"
)

// UserPath is the user in the path.
type UserPath struct {
	OrgPath
	ID string `path:"id" doc:"The user's id"`
}

func (u UserPath) account() identity.AccountID { return identity.AccountID(u.ID) }

const (
	usersPath = "/api/v1/organizations/{org}/users"
	userPath  = usersPath + "/{id}"
)

func (a *api) addUsers() {
	add(a, operation{
		id: "listUsers", method: http.MethodGet, path: usersPath, scope: scopeReadUsers,
		summary: "List users", about: "In the order in which they were created. Filters narrow the list together.",
	}, a.listUsers)
	add(a, operation{
		id: "getUser", method: http.MethodGet, path: userPath, scope: scopeReadUsers,
		summary: "Show a user", about: "The user, when it will be deleted if at all, and why it is as it is. The ETag is for If-Match.",
	}, a.getUser)
	add(a, operation{
		id: "whyUser", method: http.MethodGet, path: userPath + "/why", scope: scopeReadUsers,
		summary: "Explain a user", about: "Which rule and which event made the user what it is, who did it, and what happens next. Also for users who have been deleted.",
	}, a.whyUser)
	add(a, operation{
		id: "listUserEvents", method: http.MethodGet, path: userPath + "/events", scope: scopeReadUsers,
		summary: "List what happened to a user", about: "The newest first. Also for users who have been deleted.",
	}, a.listUserEvents)
	add(a, operation{
		id: "deactivateUser", method: http.MethodPost, path: userPath + "/deactivate", scope: scopeWriteUsers,
		summary: "Deactivate a user", about: "The user becomes inactive and is deleted when the organization's retention is over, unless somebody reactivates it first. " +
			"Refused with 409 while the directory manages the organization's users.",
		refusals: []int{http.StatusPreconditionFailed},
	}, a.deactivateUser)
	add(a, operation{
		id: "reactivateUser", method: http.MethodPost, path: userPath + "/reactivate", scope: scopeWriteUsers,
		summary: "Reactivate a user", about: "The user gets back the status from before the deactivation. Refused with 409 while the directory manages the organization's users.",
		refusals: []int{http.StatusPreconditionFailed},
	}, a.reactivateUser)
	a.addUserCreation()
	a.addUserChanges()
	a.addUserMail()
	a.addUserLicences()
	a.addUserPurge()
	a.addUserPhoto()
}

type userDetail struct {
	ETag string `header:"ETag" doc:"The user's version, for If-Match"`
	Body UserDetail
}

func (a *api) getUser(ctx context.Context, in *UserPath) (*userDetail, error) {
	read := a.service.Reader()
	o, err := read.Organization(ctx, in.id())
	if err != nil {
		return nil, err
	}
	account, err := read.Account(ctx, in.id(), in.account())
	if err != nil {
		return nil, err
	}
	shown, err := a.showUsers(ctx, o, []identity.Account{account})
	if err != nil {
		return nil, err
	}
	why, err := a.service.Why(ctx, in.id(), account.ID)
	if err != nil {
		return nil, err
	}
	return &userDetail{ETag: etag(account.Version), Body: UserDetail{User: shown[0], Why: showExplanation(why)}}, nil
}

func (a *api) whyUser(ctx context.Context, in *UserPath) (*body[Explanation], error) {
	x, err := a.service.Why(ctx, in.id(), in.account())
	if err != nil {
		return nil, err
	}
	return &body[Explanation]{showExplanation(x)}, nil
}

type eventList struct {
	Events     []Event `json:"events" nullable:"false" doc:"The newest first"`
	NextCursor string  `json:"nextCursor,omitempty" doc:"Absent on the last page"`
}

func (a *api) listUserEvents(ctx context.Context, in *struct {
	UserPath
	Page
}) (*body[eventList], error) {
	after, err := in.after("events", in.Org, in.ID)
	if err != nil {
		return nil, err
	}
	read := a.service.Reader()
	events, err := read.Events(ctx, in.id(), identity.EventQuery{Account: in.account(), Newest: true, After: identity.EventID(after), Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	if len(events) == 0 && after == "" {
		// Everybody who ever was has an event: without one there is nobody, which is not the same as an empty list.
		if _, err := read.Account(ctx, in.id(), in.account()); err != nil {
			return nil, err
		}
	}
	list := eventList{Events: []Event{}}
	if len(events) > in.Limit {
		events = events[:in.Limit]
		list.NextCursor = nextCursor(string(events[in.Limit-1].ID), "events", in.Org, in.ID)
	}
	for _, e := range events {
		list.Events = append(list.Events, showEvent(e))
	}
	return &body[eventList]{list}, nil
}
