package store

import (
	"encoding/json"

	"rollcall/identity"
)

// structured scans a JSON column into a value; NULL leaves the value as it is.
type structured struct{ to any }

func (s structured) Scan(src any) error {
	var raw json.RawMessage
	if err := (document{&raw}).Scan(src); err != nil || raw == nil {
		return err
	}
	return json.Unmarshal(raw, s.to)
}

// encode returns the JSON of a list or map; NULL for an empty one.
func encode(v any, length int) (json.RawMessage, error) {
	if length == 0 {
		return nil, nil
	}
	return json.Marshal(v)
}

// storedActor is an actor with all that a job needs to act in its name later. Its JSON is this package's own; what an actor
// shows elsewhere leaves out most of it.
type storedActor struct {
	Kind     identity.ActorKind `json:"kind"`
	ID       string             `json:"id,omitempty"`
	Name     string             `json:"name,omitempty"`
	Org      identity.OrgID     `json:"org,omitempty"`
	Standing identity.Standing  `json:"standing,omitempty"`
	Account  identity.AccountID `json:"account,omitempty"`
	Request  identity.Request   `json:"request,omitzero"`
}
