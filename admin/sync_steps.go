package admin

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"rollcall/directory"
	"rollcall/identity"
)

// SyncStep is one person's or one group's part of a plan.
type SyncStep struct {
	Number   int                 `json:"number" doc:"From 0, in the order in which they are applied"`
	Op       string              `json:"op" enum:"purge,remove,disable,restore,enable,create,adopt,rename,update,untie,conflict,skip,group_create,group_update,group_delete,group_release,group_skip"`
	User     string              `json:"user,omitempty"`
	UserName string              `json:"userName,omitempty"`
	Object   string              `json:"object,omitempty" doc:"The entry's own id"`
	DN       string              `json:"dn,omitempty"`
	Loses    bool                `json:"loses" doc:"Whether somebody is lost who is not lost yet"`
	Reason   string              `json:"reason"`
	Code     string              `json:"code,omitempty"`
	Notes    []string            `json:"notes" nullable:"false"`
	Changes  []directory.Change  `json:"changes" nullable:"false"`
	Evidence *directory.Evidence `json:"evidence,omitempty" doc:"What the directory showed"`
	Exchange int                 `json:"exchange,omitempty" doc:"Steps with the same number are applied together or not at all: their addresses change places"`
	Move     string              `json:"move,omitempty" enum:"directory,rollcall,organization,nobody" doc:"Of a step that does nothing: who can settle it. directory: whoever administers the directory; rollcall: an administrator of the organization here; organization: the other organization; nobody: it passes by itself, or stays so on purpose"`
	Then     string              `json:"then,omitempty" doc:"What becomes of somebody whom the step makes inactive"`
	PurgeAt  *time.Time          `json:"purgeAt,omitempty" doc:"When the user is deleted for good, if the plan had been applied as soon as it was made"`
	Claimed  bool                `json:"claimed,omitempty" doc:"The user was claimed, and no entry of the directory matches (CLM-03)"`

	Group  string       `json:"group,omitempty" doc:"Of a step about a group that is here: the group"`
	Name   string       `json:"name,omitempty" doc:"What the group is called"`
	Join   []string     `json:"join,omitempty" nullable:"false" doc:"The entries of those who join the group"`
	Leave  []SyncMember `json:"leave,omitempty" nullable:"false" doc:"Who leaves it"`
	Return []SyncMember `json:"return,omitempty" nullable:"false" doc:"Who joins again of those whom a run that is taken back let leave"`
	Ends   int          `json:"ends,omitempty" doc:"How many memberships end"`
}

// SyncMember is a member of a group: a user or another group.
type SyncMember struct {
	User  string `json:"user,omitempty"`
	Group string `json:"group,omitempty"`
}

type stepList struct {
	Steps      []SyncStep `json:"steps" nullable:"false"`
	NextCursor string     `json:"nextCursor,omitempty" doc:"Absent on the last page"`
}

type emailChangeList struct {
	EmailChanges []directory.EmailChange `json:"emailChanges" nullable:"false"`
	NextCursor   string                  `json:"nextCursor,omitempty" doc:"Absent on the last page"`
}

func (a *api) addSyncSteps() {
	add(a, operation{
		id: "listPlanSteps", method: http.MethodGet, path: planPath + "/steps", scope: scopeReadSync,
		summary: "List the steps of a plan", about: "In the order in which they are applied: losses first.",
	}, a.listPlanSteps)
	add(a, operation{
		id: "listPlanEmailChanges", method: http.MethodGet, path: planPath + "/email-changes", scope: scopeReadSync,
		summary: "List whose address a plan changes", about: "Apart from everything else: by the address people sign in and are found.",
	}, a.listPlanEmailChanges)
	document := operation{
		id: "getPlanDocument", method: http.MethodGet, path: planPath + "/document", scope: scopeReadSync,
		summary: "Download a plan", about: "The whole plan, with everything that is stored of every step. Once its steps are not kept any more, what is left of it.",
	}
	add(a, document, a.getPlanDocument)
	for _, op := range operationsOf(a.huma.OpenAPI().Paths[document.path]) {
		op.Responses["200"] = &huma.Response{Description: "The plan", Content: map[string]*huma.MediaType{jsonType: {Schema: &huma.Schema{Type: huma.TypeObject}}}}
	}
}

func (a *api) listPlanSteps(ctx context.Context, in *struct {
	PlanPath
	Page
	Op string `query:"op" enum:"purge,remove,disable,restore,enable,create,adopt,rename,update,untie,conflict,skip,group_create,group_update,group_delete,group_release,group_skip" doc:"Only steps of this kind"`
}) (*body[stepList], error) {
	scope := []any{"steps", in.Org, in.Plan, in.Op}
	from, err := in.from(scope...)
	if err != nil {
		return nil, err
	}
	_, plan, err := a.syncer.Show(ctx, in.id(), in.plan())
	if err != nil {
		return nil, err
	}
	list := stepList{Steps: []SyncStep{}}
	for i := from; i < len(plan.Steps); i++ {
		if in.Op != "" && plan.Steps[i].Op != directory.Op(in.Op) {
			continue
		}
		if len(list.Steps) == in.Limit {
			list.NextCursor = nextCursor(strconv.Itoa(list.Steps[in.Limit-1].Number), scope...)
			break
		}
		list.Steps = append(list.Steps, showStep(i, plan.Steps[i]))
	}
	return &body[stepList]{list}, nil
}

func (a *api) listPlanEmailChanges(ctx context.Context, in *struct {
	PlanPath
	Page
}) (*body[emailChangeList], error) {
	scope := []any{"email changes", in.Org, in.Plan}
	from, err := in.from(scope...)
	if err != nil {
		return nil, err
	}
	_, plan, err := a.syncer.Show(ctx, in.id(), in.plan())
	if err != nil {
		return nil, err
	}
	all := plan.EmailChanges[min(from, len(plan.EmailChanges)):]
	list := emailChangeList{EmailChanges: append([]directory.EmailChange{}, all[:min(in.Limit, len(all))]...)}
	if len(all) > in.Limit {
		list.NextCursor = nextCursor(strconv.Itoa(from+in.Limit-1), scope...)
	}
	return &body[emailChangeList]{list}, nil
}

// from returns the number to go on from in a list whose cursors are numbers from 0.
func (p Page) from(scope ...any) (int, error) {
	after, err := p.after(scope...)
	if err != nil || after == "" {
		return 0, err
	}
	last, err := strconv.Atoi(after)
	if err != nil || last < 0 {
		return 0, identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "this is no cursor of this list").At("query.cursor")
	}
	return last + 1, nil
}

func (a *api) getPlanDocument(_ context.Context, in *PlanPath) (*download, error) {
	return a.file("plan-"+in.Plan+".json", func(ctx context.Context, w io.Writer) error {
		_, plan, err := a.syncer.Show(ctx, in.id(), in.plan())
		if err != nil {
			return err
		}
		return json.NewEncoder(w).Encode(plan)
	}), nil
}

func showStep(n int, s directory.Step) SyncStep {
	shown := SyncStep{Number: n, Op: string(s.Op), User: string(s.Account), UserName: s.UserName, Object: string(s.Object), DN: s.DN, Loses: s.Loses, Reason: s.Reason,
		Code: string(s.Code), Notes: append([]string{}, s.Notes...), Changes: append([]directory.Change{}, s.Changes...), Evidence: s.Evidence, Exchange: s.Exchange,
		Move: string(s.Move), Then: s.Then, PurgeAt: instant(s.PurgeAt), Claimed: s.Claimed, Group: string(s.Group), Name: s.Name, Leave: showMembers(s.Leave),
		Return: showMembers(s.Return), Ends: s.Ends}
	for _, object := range s.Join {
		shown.Join = append(shown.Join, string(object))
	}
	return shown
}

func showMembers(all []directory.MemberID) []SyncMember {
	shown := make([]SyncMember, 0, len(all))
	for _, m := range all {
		shown = append(shown, SyncMember{User: string(m.Account), Group: string(m.Group)})
	}
	return shown
}
