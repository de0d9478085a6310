package web

import (
	"encoding/json"
	"net/http"
)

// Problem is the error body of every surface that has none of its own (BEHAVIOUR 0.4).
type Problem struct {
	Code       string   `json:"code" doc:"Stable code; clients may depend on it" example:"MANAGED_BY_DIRECTORY"`
	Message    string   `json:"message" doc:"One sentence for people: what is wrong, where, and what to do"`
	Reasons    []Reason `json:"reasons,omitempty" nullable:"false" doc:"Every reason that holds, where there can be several"`
	TrackingID string   `json:"trackingId" doc:"Names this request in the server's log; give it to whoever runs the server"`
}

// Reason is one of several reasons.
type Reason struct {
	Code    string `json:"code" doc:"Stable code; clients may depend on it"`
	Message string `json:"message" doc:"One sentence for people"`
}

// Internal is the problem that tells nothing: what happened is in the log under the tracking id.
func Internal() Problem {
	return Problem{Code: "INTERNAL", Message: "something went wrong in the server; its log has the details under the tracking id"}
}

// WriteProblem answers with a problem, completed with the id of the request.
func WriteProblem(w http.ResponseWriter, r *http.Request, status int, p Problem) {
	p.TrackingID = RequestID(r.Context())
	writeJSON(w, status, p)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client is gone; there is nobody left to tell
}
