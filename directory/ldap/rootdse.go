package ldap

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// server is who answers: the root DSE (RFC 4512 section 5.1; MS-ADTS 3.1.1.3.2).
type server struct {
	name         string
	service      string // dsServiceName: which domain controller
	invocationID string
	highestUSN   int64
	contexts     []string
	controls     []string
}

const oidShowRecycled = "1.2.840.113556.1.4.2064"

func base(dn, filter string, attributes ...string) *ldap.SearchRequest {
	return ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, filter, attributes, nil)
}

// whoAnswers reads the root DSE. What a server does not tell stays empty.
func (s *Source) whoAnswers(ctx context.Context, c *connection) (server, error) {
	result, err := c.search(ctx, base("", "(objectClass=*)", "dnsHostName", "dsServiceName", "highestCommittedUSN", "namingContexts", "supportedControl"))
	if err != nil {
		return server{}, err
	}
	v := server{name: c.server.name()}
	if len(result.Entries) != 1 {
		return v, nil
	}
	root := result.Entries[0]
	if name := root.GetAttributeValue("dnsHostName"); name != "" {
		v.name = name
	}
	v.service = root.GetAttributeValue("dsServiceName")
	v.contexts = root.GetAttributeValues("namingContexts")
	v.controls = root.GetAttributeValues("supportedControl")
	if usn, err := strconv.ParseInt(root.GetAttributeValue("highestCommittedUSN"), 10, 64); err == nil {
		v.highestUSN = usn
	}
	if v.service == "" {
		return v, nil
	}
	// An ordinary account may not be allowed to see this one; the name of the service is enough then.
	if result, err := c.search(ctx, base(v.service, "(objectClass=*)", "invocationId")); err == nil && len(result.Entries) == 1 {
		if id, ok := idOf(AD, result.Entries[0].GetRawAttributeValue("invocationId")); ok {
			v.invocationID = string(id)
		}
	} else if ctx.Err() != nil {
		return server{}, ctx.Err()
	}
	return v, nil
}

// same reports whether another root DSE is of the same server with the same data.
func (v server) same(o server) bool {
	return v.name == o.name && v.service == o.service && v.invocationID == o.invocationID && o.highestUSN >= v.highestUSN
}

// contextOf returns the naming context that holds a DN; "" if none does.
func (v server) contextOf(dn string) string {
	found := ""
	for _, context := range v.contexts {
		if inside(dn, context) && len(context) > len(found) {
			found = context
		}
	}
	return found
}

// harmless reports whether a referral says nothing about the people below the bases: it was allowed by name, or it is AD's pointer
// to another partition of the same server, which a search of a domain's root always returns (MS-ADTS 3.1.1.3.1.3.4).
func (s *Source) harmless(referral string, v server) bool {
	if slices.Contains(s.settings.IgnoreReferrals, referral) {
		return true
	}
	u, err := url.Parse(referral)
	if err != nil || s.settings.Kind != AD {
		return false
	}
	target, err := ldap.ParseDN(strings.TrimPrefix(u.Path, "/"))
	if err != nil {
		return false
	}
	for _, context := range v.contexts {
		dn, err := ldap.ParseDN(context)
		if err != nil || !dn.EqualFold(target) {
			continue
		}
		return !slices.ContainsFunc(s.settings.BaseDNs, func(base string) bool {
			b, err := ldap.ParseDN(base)
			return err != nil || b.EqualFold(target)
		})
	}
	return false
}

// inside reports whether a DN is another one or below it.
func inside(dn, ancestor string) bool {
	a, err := ldap.ParseDN(dn)
	if err != nil {
		return false
	}
	b, err := ldap.ParseDN(ancestor)
	return err == nil && (b.EqualFold(a) || b.AncestorOfFold(a))
}
