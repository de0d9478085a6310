package admin

import (
	"context"
	"net/http"
	"time"

	"rollcall/identity"
)

// Message is a mail or a work order that waits, was sent or was given up. What it says is not shown: a mail may hold a link that is
// for its recipient only, and an order names the organization that a user comes from.
type Message struct {
	ID        string     `json:"id" format:"uuid"`
	Kind      string     `json:"kind" enum:"invitation,activation,change_confirm,change_notice,change_done,account_deleted,sync_report,claim,claim_revoked,keep_confirm,content.transfer,content.purge" doc:"content.transfer and content.purge: a work order for the services that have people's content; the others are mails"`
	To        string     `json:"to,omitempty" doc:"The recipient's address; absent for a work order"`
	User      string     `json:"user,omitempty" format:"uuid" doc:"Whom it is about; may be deleted meanwhile"`
	State     string     `json:"state" enum:"waiting,sent,parked,dropped" doc:"parked: given up; dropped: what it was about was over"`
	Attempts  int        `json:"attempts"`
	LastError string     `json:"lastError,omitempty" doc:"Why the last attempt failed"`
	NextAt    *time.Time `json:"nextAt,omitempty" doc:"When it is tried next, if it waits"`
	CreatedAt time.Time  `json:"createdAt"`
	SentAt    *time.Time `json:"sentAt,omitempty"`
}

type messageList struct {
	Messages   []Message `json:"messages" nullable:"false" doc:"The newest first"`
	NextCursor string    `json:"nextCursor,omitempty" doc:"Absent on the last page"`
}

const messagesPath = orgPath + "/messages"

func (a *api) addMessages() {
	add(a, operation{
		id: "listMessages", method: http.MethodGet, path: messagesPath, scope: scopeReadMail,
		summary: "List messages", about: "Mails and work orders that the organization's acts caused, the newest first. They are forgotten 30 days after they were sent.",
	}, a.listMessages)
	add(a, operation{
		id: "retryMessage", method: http.MethodPost, path: messagesPath + "/{message}/retry", scope: scopeWriteMail,
		summary: "Try a message again", about: "One that was given up, with all of its attempts.",
	}, a.retryMessage)
}

func (a *api) listMessages(ctx context.Context, in *struct {
	OrgPath
	Page
	State string `query:"state" enum:"waiting,sent,parked,dropped" doc:"Only messages in this state"`
	User  string `query:"user" maxLength:"36" doc:"Only messages about this user"`
}) (*body[messageList], error) {
	scope := []any{"messages", in.Org, in.State, in.User}
	after, err := in.after(scope...)
	if err != nil {
		return nil, err
	}
	messages, err := a.service.Reader().Messages(ctx, in.id(), identity.MessageQuery{
		State: identity.MessageState(in.State), Account: identity.AccountID(in.User), After: identity.MessageID(after), Limit: in.Limit + 1,
	})
	if err != nil {
		return nil, err
	}
	list := messageList{Messages: []Message{}}
	if len(messages) > in.Limit {
		messages = messages[:in.Limit]
		list.NextCursor = nextCursor(string(messages[in.Limit-1].ID), scope...)
	}
	for _, m := range messages {
		list.Messages = append(list.Messages, showMessage(m))
	}
	return &body[messageList]{list}, nil
}

func (a *api) retryMessage(ctx context.Context, in *struct {
	OrgPath
	Message string `path:"message" doc:"The message's id"`
}) (*body[Message], error) {
	m, err := a.service.RetryMessage(ctx, callerOf(ctx).actor(), in.id(), identity.MessageID(in.Message))
	if err != nil {
		return nil, err
	}
	return &body[Message]{showMessage(m)}, nil
}

func showMessage(m identity.Message) Message {
	shown := Message{ID: string(m.ID), Kind: string(m.Kind), To: m.To, User: string(m.Account), State: string(m.State), Attempts: m.Attempts,
		LastError: m.LastError, CreatedAt: m.CreatedAt, SentAt: instant(m.SentAt)}
	if m.State == identity.MessageWaiting {
		shown.NextAt = instant(m.NextAt)
		if m.NextAt.IsZero() { // at once
			shown.NextAt = instant(m.CreatedAt)
		}
	}
	return shown
}
