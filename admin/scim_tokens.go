package admin

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rollcall/identity"
)

// SCIMToken lets an identity provider write users and groups. Its secret is not known any more.
type SCIMToken struct {
	ID        string     `json:"id" format:"uuid"`
	Name      string     `json:"name" doc:"What the token is for"`
	Profile   string     `json:"profile" doc:"The provider's dialect of SCIM"`
	Me        string     `json:"me,omitempty" format:"uuid" doc:"The user that it stands for at /Me"`
	CreatedAt time.Time  `json:"createdAt"`
	RevokedAt *time.Time `json:"revokedAt,omitempty" doc:"Absent as long as it is good"`
}

type tokenList struct {
	Tokens []SCIMToken `json:"tokens" nullable:"false"`
}

// Exchange is one request of an identity provider and how it was answered.
type Exchange struct {
	ID         string    `json:"id" format:"uuid"`
	At         time.Time `json:"at" doc:"When the request came"`
	Method     string    `json:"method"`
	Path       string    `json:"path"`
	Query      string    `json:"query,omitempty" doc:"Decoded. Values of people's attributes have only their shape: letters are x, digits 9"`
	Status     int       `json:"status" doc:"Of the answer; 499: the client hung up before it"`
	SCIMType   string    `json:"scimType,omitempty" doc:"What kind of error (RFC 7644 section 3.12)"`
	Detail     string    `json:"detail,omitempty" doc:"Why it was refused, as the client was told; of a bulk request why its operations were"`
	DurationUs int64     `json:"durationUs" doc:"Microseconds until it was answered"`
	Body       string    `json:"body,omitempty" doc:"The beginning of the request's body. Values of people's attributes have only their shape, and secrets not even that"`
	RequestID  string    `json:"requestId,omitempty" doc:"Of the request in the server's log, and X-Request-Id of the answer"`
	UserAgent  string    `json:"userAgent,omitempty"`
}

type exchangeList struct {
	Exchanges  []Exchange `json:"exchanges" nullable:"false" doc:"The newest first"`
	NextCursor string     `json:"nextCursor,omitempty" doc:"Absent on the last page"`
}

const tokensPath = orgPath + "/scim-tokens"

func (a *api) addSCIMTokens() {
	add(a, operation{
		id: "listScimTokens", method: http.MethodGet, path: tokensPath, scope: scopeReadProvisioning,
		summary: "List SCIM tokens", about: "The tokens of identity providers, good or revoked, without their secrets.",
	}, a.listSCIMTokens)
	add(a, operation{
		id: "listScimExchanges", method: http.MethodGet, path: tokensPath + "/{token}/exchanges", scope: scopeReadProvisioning,
		summary: "List exchanges of a SCIM token",
		about: "The last 1,000 requests that came with the token and how they were answered, the newest first, a few seconds after they came. " +
			"Requests without a good token (401) are nobody's and not among them.",
	}, a.listSCIMExchanges)
}

func (a *api) listSCIMTokens(ctx context.Context, in *OrgPath) (*body[tokenList], error) {
	all, err := a.service.Reader().Tokens(ctx, in.id())
	if err != nil {
		return nil, err
	}
	list := tokenList{Tokens: []SCIMToken{}}
	for _, t := range all {
		list.Tokens = append(list.Tokens, SCIMToken{ID: string(t.ID), Name: t.Name, Profile: t.Profile, Me: string(t.Me), CreatedAt: t.CreatedAt, RevokedAt: instant(t.RevokedAt)})
	}
	return &body[tokenList]{list}, nil
}

func (a *api) listSCIMExchanges(ctx context.Context, in *struct {
	OrgPath
	Page
	Token  string `path:"token" doc:"The token's id"`
	Failed bool   `query:"failed" doc:"Only those that were answered with 400 or above, and bulk requests of which an operation was"`
}) (*body[exchangeList], error) {
	scope := []any{"exchanges", in.Org, in.Token, in.Failed}
	after, err := in.after(scope...)
	if err != nil {
		return nil, err
	}
	all, err := a.service.Exchanges(ctx, in.id(), identity.ExchangeQuery{
		Token: identity.TokenID(in.Token), Failed: in.Failed, After: readPlace(after), Limit: in.Limit + 1,
	})
	if err != nil {
		return nil, err
	}
	list := exchangeList{Exchanges: []Exchange{}}
	if len(all) > in.Limit {
		all = all[:in.Limit]
		list.NextCursor = nextCursor(writePlace(all[in.Limit-1].Place()), scope...)
	}
	for _, e := range all {
		list.Exchanges = append(list.Exchanges, Exchange{
			ID: string(e.ID), At: e.At, Method: e.Method, Path: e.Path, Query: e.Query, Status: e.Status, SCIMType: e.Code, Detail: e.Detail,
			DurationUs: e.Took.Microseconds(), Body: e.Body, RequestID: e.RequestID, UserAgent: e.UserAgent,
		})
	}
	return &body[exchangeList]{list}, nil
}

// writePlace spells a place for a cursor.
func writePlace(p identity.ExchangePlace) string {
	return strconv.FormatInt(p.At.UnixMicro(), 10) + "." + string(p.ID)
}

// readPlace reads what writePlace wrote; nothing is the beginning. A cursor that was made up has been refused before.
func readPlace(text string) identity.ExchangePlace {
	at, id, _ := strings.Cut(text, ".")
	micro, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return identity.ExchangePlace{}
	}
	return identity.ExchangePlace{At: time.UnixMicro(micro).UTC(), ID: identity.ExchangeID(id)}
}
