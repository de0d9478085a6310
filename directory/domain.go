package directory

import (
	"strings"

	"rollcall/identity"
)

// DomainOf returns the Active Directory domain that base DNs are in, as "dc=corp,dc=example"; empty if they name none. One connector
// reads one domain (DIR-02): a domain controller has the whole of its own, and changes are told for each domain by itself.
func DomainOf(bases []string) (domain string, err error) {
	for i, base := range bases {
		of := ""
		key := DNKey(base)
		if at := strings.Index(","+key, ",dc="); at >= 0 {
			of = key[at:]
		}
		if i > 0 && of != domain {
			return "", identity.Refuse(identity.Invalid, identity.RuleInvalidValue,
				"the base DNs are in two domains, %q and %q; a connector reads one: create another connector for the other", domain, of).At("baseDNs")
		}
		domain = of
	}
	return domain, nil
}
