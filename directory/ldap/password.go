package ldap

import "encoding/json"

// Password is a bind password that comes out of no file. It does not show itself in logs and JSON.
type Password struct {
	text string
	kept bool // one is kept sealed, and has not been opened
}

// NewPassword returns the password.
func NewPassword(text string) Password { return Password{text: text} }

// KeptPassword stands for a password that is kept sealed, where it is not needed itself.
func KeptPassword() Password { return Password{kept: true} }

func (p Password) given() bool { return p.text != "" || p.kept }

// String tells nothing.
func (p Password) String() string { return "(password)" }

// GoString tells nothing either.
func (p Password) GoString() string { return "(password)" }

// MarshalJSON tells nothing either.
func (p Password) MarshalJSON() ([]byte, error) { return json.Marshal(p.String()) }
