package admin

import (
	"context"
	"net/http"
	"time"

	"rollcall/identity"
	"rollcall/internal/web"
)

// Deletion is how far the deletion of an organization is.
type Deletion struct {
	ID           string     `json:"id" format:"uuid"`
	Organization string     `json:"organization" format:"uuid"`
	State        string     `json:"state" enum:"users,purge,deleted" doc:"users: its users are converted or deleted; purge: everything else is deleted. Once it is deleted there is no such organization any more, 404"`
	UserHandling string     `json:"userHandling,omitempty" enum:"convert,delete" doc:"What becomes of the users; absent if nothing was said because there was one at most, who is deleted"`
	By           Actor      `json:"by" doc:"Who asked for it"`
	RequestedAt  time.Time  `json:"requestedAt"`
	UsersAt      *time.Time `json:"usersAt,omitempty" doc:"When the last user was gone"`
	Converted    int        `json:"converted" doc:"Users who have a personal account now"`
	Removed      int        `json:"removed" doc:"Accounts that were deleted"`
	Left         int        `json:"left" doc:"Accounts that are still there"`
}

// DeletionRequest asks for an organization to be deleted.
type DeletionRequest struct {
	UserHandling            string `json:"userHandling" enum:"convert,delete" doc:"convert: the users become personal accounts with a free licence, and keep their content in spaces between two people only; delete: they are deleted with everything"`
	AcknowledgeUsers        string `json:"acknowledgeUsers,omitempty" maxLength:"100" doc:"What you know to happen to the users: the same as userHandling"`
	AcknowledgeIrreversible bool   `json:"acknowledgeIrreversible,omitempty" doc:"You know that it cannot be taken back"`
}

// Eligibility says whether an organization could be deleted now.
type Eligibility struct {
	Eligible     bool         `json:"eligible"`
	UserHandling string       `json:"userHandling,omitempty" enum:"convert,delete"`
	Users        int          `json:"users" doc:"How many there are, without shadows of claimed users and accounts of rooms and services"`
	Reasons      []web.Reason `json:"reasons" nullable:"false" doc:"Why not: every reason that holds, in a fixed order"`
}

const deletionPath = orgPath + "/deletion"

type newDeletion struct {
	Location string `header:"Location" doc:"Where to watch"`
	Body     Deletion
}

func (a *api) addDeletion() {
	add(a, operation{
		id: "deleteOrganization", method: http.MethodDelete, path: orgPath, scope: scopeWriteDeletion, whileDeleting: true,
		summary: "Delete an organization with one user at most", about: "The user is deleted too. If it can be deleted everything in it ends at once, and it is gone within ten minutes; " +
			"there is no way back. Otherwise 409, with every reason and what it is about. For one with more users see requestDeletion. Partners cannot delete organizations, whatever their role.",
		refusals: []int{http.StatusConflict},
	}, a.deleteOrganization)
	add(a, operation{
		id: "requestDeletion", method: http.MethodPost, path: deletionPath, scope: scopeWriteDeletion, status: http.StatusAccepted, whileDeleting: true,
		summary: "Delete an organization and say what becomes of its users", about: "Both acknowledgements are needed, else 400 `ACKNOWLEDGEMENT_REQUIRED`. Content is purged in either case. " +
			"If it is being deleted already nothing changes, and the answer shows how far it is.",
	}, a.requestDeletion)
	add(a, operation{
		id: "getDeletion", method: http.MethodGet, path: deletionPath, scope: scopeReadDeletion, whileDeleting: true,
		summary: "Show how far the deletion of an organization is", about: "404 `UNKNOWN_DELETION` if nobody has asked for one.",
	}, a.getDeletion)
	add(a, operation{
		id: "cancelDeletion", method: http.MethodDelete, path: deletionPath, scope: scopeWriteDeletion, whileDeleting: true,
		summary: "Take a deletion back", about: "Always refused with 409 `IRREVERSIBLE`.", refusals: []int{http.StatusConflict},
	}, a.cancelDeletion)
	add(a, operation{
		id: "checkDeletion", method: http.MethodGet, path: deletionPath + "/eligibility", scope: scopeWriteDeletion,
		summary: "See what stands in the way of a deletion", about: "Changes nothing.", refusals: []int{http.StatusConflict},
	}, a.checkDeletion)
}

func (a *api) deleteOrganization(ctx context.Context, in *OrgPath) (*struct{}, error) {
	_, err := a.service.DeleteOrganization(ctx, callerOf(ctx).actor(), in.id())
	return nil, err
}

func (a *api) requestDeletion(ctx context.Context, in *struct {
	OrgPath
	Body DeletionRequest
}) (*newDeletion, error) {
	d, err := a.service.RequestDeletion(ctx, callerOf(ctx).actor(), in.id(), identity.DeletionRequest{
		Handling: identity.UserHandling(in.Body.UserHandling), AcknowledgeUsers: identity.UserHandling(in.Body.AcknowledgeUsers),
		AcknowledgeIrreversible: in.Body.AcknowledgeIrreversible,
	})
	if err != nil {
		return nil, err
	}
	shown, err := a.showDeletion(ctx, d)
	return &newDeletion{Location: "/api/v1/organizations/" + string(d.Org) + "/deletion", Body: shown}, err
}

func (a *api) getDeletion(ctx context.Context, in *OrgPath) (*body[Deletion], error) {
	d, err := a.service.Deletion(ctx, in.id())
	if err != nil {
		return nil, err
	}
	shown, err := a.showDeletion(ctx, d)
	return &body[Deletion]{shown}, err
}

func (a *api) cancelDeletion(ctx context.Context, in *OrgPath) (*struct{}, error) {
	return nil, a.service.CancelDeletion(ctx, callerOf(ctx).actor(), in.id())
}

func (a *api) checkDeletion(ctx context.Context, in *struct {
	OrgPath
	UserHandling string `query:"userHandling" enum:"convert,delete" doc:"What is to become of the users; without it more than one stands in the way"`
}) (*body[Eligibility], error) {
	found, err := a.service.CheckDeletion(ctx, in.id(), identity.UserHandling(in.UserHandling))
	if err != nil {
		return nil, err
	}
	return &body[Eligibility]{Eligibility{Eligible: len(found.Reasons) == 0, UserHandling: string(found.Handling), Users: found.Users,
		Reasons: append([]web.Reason{}, showBlocks(found.Reasons)...)}}, nil
}

func (a *api) showDeletion(ctx context.Context, d identity.OrgDeletion) (Deletion, error) {
	left, err := a.service.Reader().CountAccounts(ctx, d.Org, nil)
	return Deletion{
		ID: string(d.ID), Organization: string(d.Org), State: string(d.State), UserHandling: string(d.Handling), By: showActor(d.By), RequestedAt: d.RequestedAt,
		UsersAt: instant(d.UsersAt), Converted: d.Converted, Removed: d.Removed, Left: left,
	}, err
}

// showBlocks shows what stands in the way of a deletion.
func showBlocks(all []identity.DeletionReason) []web.Reason {
	var shown []web.Reason
	for _, r := range all {
		reason := web.Reason{Code: string(r.Code), Message: r.Message, Detail: string(r.Detail), Count: r.Count, Remedy: r.Remedy}
		for _, o := range r.Objects {
			reason.Objects = append(reason.Objects, web.Object{Type: string(o.Type), ID: o.ID, Name: o.Name, Status: o.Status})
		}
		shown = append(shown, reason)
	}
	return shown
}
