package admin

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"rollcall/identity"
)

// Page is the part of a list that is asked for.
type Page struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"At most so many"`
	Cursor string `query:"cursor" maxLength:"400" doc:"nextCursor of the page before; with the same filter and organization"`
}

// sumLength is how much of the checksum a cursor carries.
const sumLength = 12

// nextCursor returns the cursor that continues after a key in the list that scope describes. It carries a checksum over
// both, so that it is of no use in another list. The checksum needs no secret: a cursor gives no right, it only says where
// to go on among what its user may see anyway, and it must mean the same on every instance and after a restart.
func nextCursor(after string, scope ...any) string {
	return base64.RawURLEncoding.EncodeToString(append(checksum(after, scope), after...))
}

// after returns the key to go on after; the empty string for the first page.
func (p Page) after(scope ...any) (string, error) {
	if p.Cursor == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(p.Cursor)
	if err != nil || len(raw) <= sumLength || !bytes.Equal(raw[:sumLength], checksum(string(raw[sumLength:]), scope)) {
		return "", identity.Refuse(identity.Invalid, identity.RuleInvalidValue,
			"this cursor is not from this list; use nextCursor of the page before with the same filter, or start without one").At("query.cursor")
	}
	return string(raw[sumLength:]), nil
}

func checksum(after string, scope []any) []byte {
	text, err := json.Marshal(append(scope, after))
	if err != nil {
		panic(err) // scopes are made of strings
	}
	sum := sha256.Sum256(text)
	return sum[:sumLength]
}
