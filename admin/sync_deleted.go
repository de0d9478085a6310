package admin

import (
	"context"
	"net/http"
	"slices"
	"time"

	"rollcall/directory"
	"rollcall/identity"
)

// DeletedUser is somebody who is gone from the directory and will be deleted for good.
type DeletedUser struct {
	User      string    `json:"user" format:"uuid"`
	UserName  string    `json:"userName"`
	Connector string    `json:"connector,omitempty" doc:"Absent: somebody whom no entry ever matched (DIR-04)"`
	DN        string    `json:"dn,omitempty" doc:"Where the entry was last seen"`
	Reason    string    `json:"reason" enum:"directory_deleted,directory_out_of_scope"`
	Since     time.Time `json:"since"`
	PurgeAt   time.Time `json:"purgeAt" doc:"Not deleted before that"`
}

type deletedList struct {
	Users      []DeletedUser `json:"users" nullable:"false" doc:"Whoever is deleted first first"`
	NextCursor string        `json:"nextCursor,omitempty" doc:"Absent on the last page"`
}

func (a *api) addSyncDeleted() {
	add(a, operation{
		id: "listDeletedUsers", method: http.MethodGet, path: syncPath + "/deleted-users", scope: scopeReadSync,
		summary: "List who is gone from the directory", about: "And when each is deleted for good. While synchronization is on, only the directory brings somebody back; a plan with purge " +
			"(makePlan) deletes somebody earlier.",
	}, a.listDeletedUsers)
}

func (a *api) listDeletedUsers(ctx context.Context, in *struct {
	OrgPath
	OfConnector
}) (*body[deletedList], error) {
	scope := []any{"deleted users", in.Org, in.Connector}
	after, err := in.after(scope...)
	if err != nil {
		return nil, err
	}
	all, err := a.syncer.Deleted(ctx, in.id(), identity.ConnectorID(in.Connector))
	if err != nil {
		return nil, err
	}
	first := slices.IndexFunc(all, func(d directory.Deleted) bool { return placeOf(d) > after })
	if first < 0 {
		first = len(all)
	}
	all = all[first:]
	list := deletedList{Users: make([]DeletedUser, 0, min(in.Limit, len(all)))}
	if len(all) > in.Limit {
		all = all[:in.Limit]
		list.NextCursor = nextCursor(placeOf(all[in.Limit-1]), scope...)
	}
	for _, d := range all {
		list.Users = append(list.Users, DeletedUser{User: string(d.Account), UserName: d.UserName, Connector: string(d.Connector), DN: d.DN, Reason: string(d.Reason),
			Since: d.Since, PurgeAt: d.PurgeAt})
	}
	return &body[deletedList]{list}, nil
}

// placeOf is where somebody stands in the list: texts in the order of the days, and of the ids within one.
func placeOf(d directory.Deleted) string {
	return d.PurgeAt.UTC().Format("20060102T150405.000000") + string(d.Account)
}
