package identity

import (
	"slices"
	"strings"
)

// MachineTypes are the values of userType that stand for no person (ORG-14).
var MachineTypes = []string{"room", "external_calling", "calling_service"}

// Machine reports whether an account stands for no person. The profile is canonical, so its text tells.
func (a Account) Machine() bool {
	return slices.ContainsFunc(MachineTypes, func(kind string) bool { return strings.Contains(string(a.Profile), `"userType":"`+kind+`"`) })
}
