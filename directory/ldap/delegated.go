package ldap

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"rollcall/identity"
)

// delegated are the settings that are an organization's own to decide. The others name files of the server, lift limits that protect it, or
// let a password travel in clear text: they are for whoever runs it.
var delegated = []string{"urls", "srv", "startTLS", "serverName", "ca", "bindDN", "baseDNs", "filter", "groups", "photos", "mapping", "policy", "reportTo", "changes", "ignoreReferrals", "pageSize"}

// Delegated lays a merge patch (RFC 7396) over the settings, as an administrator of the connector's organization may, who is not trusted with
// the server and the network around it. password is a new one; nil leaves things as they are. The settings of a new connector are its
// kind.
func (s Settings) Delegated(patch json.RawMessage, password *string) (Settings, error) {
	after, err := s.patched(patch)
	if err != nil {
		return s, err
	}
	if password != nil {
		if *password == "" {
			return s, invalid("bindPassword", "the password is empty, which would be an anonymous bind")
		}
		after.Password, after.BindPasswordFile = NewPassword(*password), ""
	}
	if after.CA != "" {
		after.CAFile = ""
	}
	if len(after.whereabouts(s)) > 0 {
		if err := after.goesWhereOthersSay(); err != nil {
			return s, err
		}
	}
	if !slices.Equal(after.URLs, s.URLs) || after.SRV != s.SRV {
		after.PublicOnly = true
	}
	if err := after.Validate(); err != nil {
		return s, err
	}
	return after, after.CheckSecret(s, password != nil)
}

// goesWhereOthersSay refuses what is kept from clear text, and from showing the operator's certificate to a server of somebody else's.
func (s *Settings) goesWhereOthersSay() error {
	s.AllowPlaintext = false
	if s.ClientCertFile != "" || s.ClientKeyFile != "" {
		return identity.Refuse(identity.Forbidden, identity.RuleForbiddenRole, "whoever runs the server gave the connector a client certificate, which is for the servers "+
			"that they named; have them change where the directory is").At("urls")
	}
	for i, url := range s.URLs {
		if clearText(url) && !s.StartTLS {
			return invalid(fmt.Sprintf("urls[%d]", i), "%q sends the password in clear text; use ldaps://, or set startTLS", url)
		}
	}
	return nil
}

// patched decodes the settings with a merge patch laid over them. The sources of the mapping are replaced one by one and each as a whole.
func (s Settings) patched(patch json.RawMessage) (Settings, error) {
	var changes map[string]json.RawMessage
	if err := json.Unmarshal(patch, &changes); err != nil {
		return s, invalid("settings", "the settings are a JSON object")
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return s, err
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &all); err != nil {
		return s, err
	}
	for name, value := range changes {
		if !slices.Contains(delegated, name) {
			return s, invalid("settings."+name, "there is no setting %q, or it is for whoever runs the server", name)
		}
		depth := map[string]int{"groups": 1, "photos": 1, "mapping": 1, "policy": 3}[name]
		if all[name], err = merged(all[name], value, depth); err != nil {
			return s, invalid("settings."+name, "%v", err)
		}
		if all[name] == nil {
			delete(all, name)
		}
	}
	if raw, err = json.Marshal(all); err != nil {
		return s, err
	}
	after, err := ReadSettings(raw)
	after.Password = s.Password
	return after, err
}

// merged lays a patch over a value, down to a depth; below, it takes the value's place. null takes a value away.
func merged(value, patch json.RawMessage, depth int) (json.RawMessage, error) {
	if bytes.Equal(bytes.TrimSpace(patch), []byte("null")) {
		return nil, nil
	}
	var changes map[string]json.RawMessage
	if depth == 0 || json.Unmarshal(patch, &changes) != nil {
		return patch, nil
	}
	all := map[string]json.RawMessage{}
	if value != nil {
		if err := json.Unmarshal(value, &all); err != nil {
			return nil, err
		}
	}
	for name, change := range changes {
		under, err := merged(all[name], change, depth-1)
		if err != nil {
			return nil, err
		}
		if all[name] = under; under == nil {
			delete(all, name)
		}
	}
	return json.Marshal(all)
}

// Shown are the settings that are an organization's own, and the names of those that are not and are set.
func (s Settings) Shown() (own json.RawMessage, others []string, err error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, nil, err
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, nil, err
	}
	for name := range all {
		if name != "kind" && !slices.Contains(delegated, name) {
			others = append(others, name)
		}
		if !slices.Contains(delegated, name) {
			delete(all, name)
		}
	}
	slices.Sort(others)
	own, err = json.Marshal(all)
	return own, others, err
}
