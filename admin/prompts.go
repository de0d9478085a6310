package admin

import (
	"context"
	"net/http"

	"rollcall/identity"
)

// Prompt is something that the caller is asked.
type Prompt struct {
	ID           string     `json:"id" enum:"ORG_DELETE_REMINDER" doc:"ORG_DELETE_REMINDER: your organization has only free subscriptions, and you could delete it"`
	Organization Membership `json:"organization" doc:"The one that it is about"`
	Actions      []string   `json:"actions" nullable:"false" enum:"delete_organization,remind_later" doc:"delete_organization: see requestDeletion; remind_later: see remindLater"`
}

type promptList struct {
	Prompts []Prompt `json:"prompts" nullable:"false"`
}

const promptsPath = mePath + "/prompts"

func (a *api) addPrompts() {
	add(a, operation{
		id: "listPrompts", method: http.MethodGet, path: promptsPath, scope: scopeAny,
		summary: "List what you are asked", about: "To be shown after a sign-in. What was put off comes again with the next sign-in.",
	}, a.listPrompts)
	add(a, operation{
		id: "remindLater", method: http.MethodPost, path: promptsPath + "/{prompt}/remind-later", scope: scopeAny,
		summary: "Put a prompt off", about: "Until you sign in again.", refusals: []int{http.StatusNotFound},
	}, a.remindLater)
}

func (a *api) listPrompts(ctx context.Context, _ *struct{}) (*body[promptList], error) {
	all, err := a.service.Prompts(ctx, callerOf(ctx).Caller)
	if err != nil {
		return nil, err
	}
	list := promptList{Prompts: []Prompt{}}
	for _, p := range all {
		shown := Prompt{ID: string(p.Kind), Organization: Membership{string(p.Org.ID), p.Org.Name, string(p.Org.Kind)}}
		for _, action := range p.Actions {
			shown.Actions = append(shown.Actions, string(action))
		}
		list.Prompts = append(list.Prompts, shown)
	}
	return &body[promptList]{list}, nil
}

func (a *api) remindLater(ctx context.Context, in *struct {
	Prompt string `path:"prompt" doc:"The prompt's id"`
}) (*struct{}, error) {
	c := callerOf(ctx)
	return nil, a.service.RemindLater(ctx, c.Caller, c.request, identity.PromptKind(in.Prompt))
}
