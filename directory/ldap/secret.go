package ldap

import (
	"slices"
	"strings"
)

// CheckSecret refuses settings that would send the bind password of the settings before to another server, or over a connection that is
// secured in another way, unless the password, or its file, was given again: whoever may change a connector need not know its password,
// and must not be able to have it sent to themselves. given says that it was.
func (s Settings) CheckSecret(before Settings, given bool) error {
	field := "bindPasswordFile"
	switch {
	case given:
		return nil
	case s.Password.given() && s.Password == before.Password:
		field = "bindPassword"
	case before.BindPasswordFile == "" || s.BindPasswordFile == "":
		return nil
	}
	changed := s.whereabouts(before)
	if len(changed) == 0 {
		return nil
	}
	return invalid(field, "%s changed, and the password of before is not sent to whoever answers now; give %s again", strings.Join(changed, ", "), field)
}

// whereabouts names the settings that say where a password is sent, and over what, and differ from those before.
func (s Settings) whereabouts(before Settings) []string {
	var changed []string
	for _, one := range []struct {
		field string
		same  bool
	}{
		{"urls", slices.Equal(s.URLs, before.URLs)},
		{"srv", strings.EqualFold(s.SRV, before.SRV)},
		{"startTLS", s.StartTLS == before.StartTLS},
		{"allowPlaintext", s.AllowPlaintext == before.AllowPlaintext},
		{"caFile", s.CAFile == before.CAFile},
		{"ca", s.CA == before.CA},
		{"serverName", s.ServerName == before.ServerName},
	} {
		if !one.same {
			changed = append(changed, one.field)
		}
	}
	return changed
}
