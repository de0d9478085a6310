package web

import (
	"encoding/json"
	"net/http"
	"strings"
)

// ProblemType is the media type of a [Problem] (RFC 9457 section 3).
const ProblemType = "application/problem+json"

// problemURN begins the type of every problem; its code follows.
const problemURN = "urn:rollcall:problem:"

// Problem is the error body of every surface that has none of its own: RFC 9457, with what BEHAVIOUR 0.4 asks for as
// extension members.
type Problem struct {
	Type       string   `json:"type" doc:"The kind of problem: urn:rollcall:problem: and the code" example:"urn:rollcall:problem:MANAGED_BY_DIRECTORY"`
	Title      string   `json:"title" doc:"The kind of problem, for people" example:"Managed by directory"`
	Status     int      `json:"status" doc:"The HTTP status"`
	Detail     string   `json:"detail" doc:"One sentence for people: what is wrong here, and where"`
	Code       string   `json:"code" doc:"Stable code; clients may depend on it" example:"MANAGED_BY_DIRECTORY"`
	Message    string   `json:"message" doc:"The same as detail"`
	Remedies   []Remedy `json:"remedies,omitempty" nullable:"false" doc:"What can be done about it; each is a way of its own"`
	Reasons    []Reason `json:"reasons,omitempty" nullable:"false" doc:"Every reason that holds, where there can be several"`
	TrackingID string   `json:"trackingId" doc:"Names this request in the server's log; give it to whoever runs the server"`
}

// Reason is one of several reasons.
type Reason struct {
	Code    string `json:"code" doc:"Stable code; clients may depend on it"`
	Message string `json:"message" doc:"One sentence for people"`

	Detail  string   `json:"detail,omitempty" doc:"Stable code; says more than the first one where that covers several cases"`
	Count   int      `json:"count,omitempty" doc:"How many things it is about"`
	Objects []Object `json:"objects,omitempty" nullable:"false" doc:"What it is about, as far as that can be named"`
	Remedy  string   `json:"remedy,omitempty" doc:"One sentence for people: what to do"`
}

// Object is a thing that stands in the way.
type Object struct {
	Type   string `json:"type" example:"subscription"`
	ID     string `json:"id"`
	Name   string `json:"name,omitempty"`
	Status string `json:"status,omitempty"`
}

// Remedy is one way out.
type Remedy struct {
	Text     string `json:"text" doc:"One sentence for people: what to do"`
	DataLoss bool   `json:"dataLoss,omitempty" doc:"Somebody's data is lost for good by it; they have to be told before"`
}

// NewProblem returns a problem of the kind that code names. remedy says what to do; it may be empty.
func NewProblem(status int, code, detail, remedy string) Problem {
	p := Problem{Type: problemURN + code, Title: title(code), Status: status, Detail: detail, Code: code, Message: detail}
	if remedy != "" {
		p.Remedies = []Remedy{{Text: remedy}}
	}
	return p
}

// title spells a code out: it is the same for every occurrence, as RFC 9457 section 3.1.4 wants it.
func title(code string) string {
	words := strings.ToLower(strings.ReplaceAll(code, "_", " "))
	return strings.ToUpper(words[:min(1, len(words))]) + words[min(1, len(words)):]
}

// Say replaces the sentence of a problem.
func (p *Problem) Say(detail string) { p.Detail, p.Message = detail, detail }

// Internal is the problem that tells nothing: what happened is in the log under the tracking id.
func Internal() Problem {
	return NewProblem(http.StatusInternalServerError, "INTERNAL", "something went wrong in the server; its log has the details under the tracking id",
		"Give the tracking id to whoever runs the server.")
}

// WriteProblem answers with a problem, completed with the id of the request.
func WriteProblem(w http.ResponseWriter, r *http.Request, p Problem) {
	p.TrackingID = RequestID(r.Context())
	write(w, ProblemType, p.Status, p)
}

func writeJSON(w http.ResponseWriter, status int, v any) { write(w, "application/json", status, v) }

func write(w http.ResponseWriter, mediaType string, status int, v any) {
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client is gone; there is nobody left to tell
}
