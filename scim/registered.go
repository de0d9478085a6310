package scim

import (
	"strings"

	"rollcall/identity"
)

// forget takes out of a new document what no schema has any longer: values outlive the definitions that they were written under.
func (x *index) forget(doc map[string]any) {
	for name, v := range doc {
		if x.core.attrs[name] != nil {
			continue
		}
		c := x.container(name)
		ext, _ := v.(map[string]any)
		if c == nil {
			delete(doc, name)
			continue
		}
		for name := range ext {
			if c.attrs[name] == nil {
				delete(ext, name)
			}
		}
	}
}

// mayForget reports whether a profile may have something of an extension that is not registered any longer.
func (x *index) mayForget(p identity.Profile) bool {
	urns := strings.Count(string(p), `"urn:`)
	for _, c := range x.extensions {
		if urns > 0 && strings.Contains(string(p), c.member) {
			urns--
		}
	}
	return urns > 0
}
