package ldap

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// rootFacts are what a check wants to know of a root DSE beyond what a reading does.
type rootFacts struct {
	product       string
	kind          string // as far as the server tells
	currentTime   string
	configuration string // the naming context of AD's configuration
}

// Capabilities that tell what a server is (MS-ADTS 3.1.1.3.4.3).
const (
	capabilityAD  = "1.2.840.113556.1.4.800"
	capabilityLDS = "1.2.840.113556.1.4.1851"
)

func checkRoot(ctx context.Context, p *patient) []Check {
	var err error
	if p.server, err = p.source.whoAnswers(ctx, p.conn); err != nil {
		return p.broke(err, "")
	}
	result, err := p.conn.search(ctx, base("", "(objectClass=*)", "objectClass", "vendorName", "vendorVersion", "supportedCapabilities", "currentTime",
		"isSynchronized", "configurationNamingContext"))
	if err != nil {
		return p.broke(err, "")
	}
	if len(result.Entries) != 1 {
		return failed("the server shows no root DSE", "let the connector's account read it (RFC 4512 section 5.1)")
	}
	root := result.Entries[0]
	p.root = factsOf(root)
	for _, dn := range p.settings.bases() {
		if found := p.server.contextOf(dn); found != "" && !slices.Contains(p.contexts, found) {
			p.contexts = append(p.contexts, found)
		}
	}
	seen := fmt.Sprintf("%s is %s; it holds %s", p.server.name, p.root.product, strings.Join(p.server.contexts, " | "))
	switch {
	case p.root.kind != "" && p.root.kind != p.settings.Kind:
		return failed(seen, fmt.Sprintf("kind is %s, and this server is %s: create the connector with the kind that it is", p.settings.Kind, p.root.product))
	case p.root.kind == "":
		return warn(seen, "make sure that kind is right: the server does not tell")
	case p.conn.server.port == "3268" || p.conn.server.port == "3269":
		return warn(seen+"; the port is that of the global catalog, which has only some of the attributes", "use the port 636, or 389 with startTLS")
	case strings.EqualFold(root.GetAttributeValue("isSynchronized"), "FALSE"):
		return warn(seen+"; it has not caught up with the other domain controllers yet", "wait, or use another domain controller")
	}
	return fine("%s", seen)
}

func factsOf(root *ldap.Entry) rootFacts {
	f := rootFacts{currentTime: root.GetAttributeValue("currentTime"), configuration: root.GetAttributeValue("configurationNamingContext")}
	capabilities := root.GetAttributeValues("supportedCapabilities")
	has := func(value string) func(string) bool {
		return func(v string) bool { return strings.EqualFold(v, value) }
	}
	vendor := strings.TrimSpace(root.GetAttributeValue("vendorName") + " " + root.GetAttributeValue("vendorVersion"))
	switch {
	case slices.ContainsFunc(capabilities, has(capabilityAD)):
		f.kind, f.product = AD, "Active Directory"
	case slices.ContainsFunc(capabilities, has(capabilityLDS)):
		f.kind, f.product = AD, "Active Directory Lightweight Directory Services"
	case slices.ContainsFunc(root.GetAttributeValues("objectClass"), has("OpenLDAProotDSE")):
		f.kind, f.product = OpenLDAP, "OpenLDAP"
	case vendor != "":
		return rootFacts{product: vendor, currentTime: f.currentTime}
	default:
		f.product = "a server that does not say what it is"
	}
	if vendor != "" {
		f.product += " (" + vendor + ")"
	}
	return f
}

func checkBases(ctx context.Context, p *patient) []Check {
	for _, dn := range p.settings.bases() {
		found, err := p.conn.search(ctx, base(dn, "(objectClass=*)", "1.1"))
		if err != nil {
			made := p.broke(err, "check the base DN and the account's rights")
			made[0].Seen = dn + ": " + made[0].Seen
			return made
		}
		if len(found.Entries) != 1 {
			return failed(dn+": the server does not show it", "check the base DN and the account's rights")
		}
		if p.server.contextOf(dn) == "" {
			return warn(dn+" is in none of the naming contexts, so missing entries cannot be looked up", "let the account read namingContexts in the root DSE")
		}
	}
	return fine("%s", strings.Join(p.settings.bases(), " | "))
}

// pageOfOne asks for the first of the people.
func (p *patient) pageOfOne(ctx context.Context) (*ldap.SearchResult, error) {
	return p.conn.search(ctx, ldap.NewSearchRequest(p.settings.BaseDNs[0], ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
		p.settings.Filter, []string{"1.1"}, []ldap.Control{ldap.NewControlPaging(1)}))
}

func checkPaging(ctx context.Context, p *patient) []Check {
	const remedy = "use a server that pages results (RFC 2696): without it nobody can tell whether everybody was read, and nobody is ever removed"
	result, err := p.pageOfOne(ctx)
	if err != nil {
		return p.broke(err, remedy)
	}
	if ldap.FindControl(result.Controls, ldap.ControlTypePaging) == nil {
		return failed("the server ignores the paging control", remedy)
	}
	if !slices.Contains(p.server.controls, ldap.ControlTypePaging) {
		return fine("a page of one comes as asked, though the root DSE does not list the control")
	}
	return fine("a page of one comes as asked")
}

// checkPolicyLimits reads the limits of a domain, which hold for everybody.
func checkPolicyLimits(ctx context.Context, p *patient) []Check {
	const policy = "CN=Default Query Policy,CN=Query-Policies,CN=Directory Service,CN=Windows NT,CN=Services,"
	result, err := p.conn.search(ctx, base(policy+p.root.configuration, "(objectClass=*)", "lDAPAdminLimits"))
	if err != nil || len(result.Entries) != 1 {
		return fine("a page of one comes; the domain's limits cannot be seen")
	}
	limits := map[string]string{}
	for _, value := range result.Entries[0].GetAttributeValues("lDAPAdminLimits") {
		name, limit, _ := strings.Cut(value, "=")
		limits[name] = limit
	}
	seen := fmt.Sprintf("MaxPageSize %s, MaxValRange %s, MaxQueryDuration %s s", or(limits["MaxPageSize"], "unknown"), or(limits["MaxValRange"], "unknown"), or(limits["MaxQueryDuration"], "unknown"))
	if most, err := strconv.Atoi(limits["MaxPageSize"]); err == nil && most < p.settings.PageSize {
		seen += fmt.Sprintf("; pages of %d come instead of %d", most, p.settings.PageSize)
	}
	return fine("%s", seen)
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// countedAtOnce is small, because what comes with an error is not counted.
const countedAtOnce = 100

// checkAccountLimits counts, because OpenLDAP's limits hold for all pages of an account together and are told to nobody.
func checkAccountLimits(ctx context.Context, p *patient) []Check {
	n := 0
	for _, dn := range p.settings.BaseDNs {
		err := p.pages(ctx, dn, p.settings.Filter, countedAtOnce, []string{"1.1"}, func(page []*ldap.Entry) bool { n += len(page); return true })
		if ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) {
			return failed(fmt.Sprintf("the server cuts the account off after about %d entries", n),
				fmt.Sprintf("lift the limit of the account: limits dn.exact=%q size=unlimited time=unlimited", or(p.settings.BindDN, "DN OF THE ACCOUNT")))
		}
		if err != nil {
			return p.broke(err, "raise the limits of the account")
		}
	}
	return fine("entries that come without being cut off: %d", n)
}

// pages reads what matches a filter until there is no more or each has seen enough.
func (p *patient) pages(ctx context.Context, dn, filter string, size int, attributes []string, each func([]*ldap.Entry) bool) error {
	paging := ldap.NewControlPaging(uint32(size))
	for range maxPages {
		result, err := p.conn.search(ctx, ldap.NewSearchRequest(dn, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, filter, attributes, []ldap.Control{paging}))
		if err != nil {
			return err
		}
		control, ok := ldap.FindControl(result.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
		if !each(result.Entries) || !ok || len(control.Cookie) == 0 {
			return nil
		}
		paging = ldap.NewControlPaging(uint32(size))
		paging.SetCookie(control.Cookie)
	}
	return nil
}

// maxPages ends a check that a server would never let end.
const maxPages = 10_000

// clockTolerance is what two clocks may differ: Kerberos allows as much.
const clockTolerance = 5 * time.Minute

func checkClock(_ context.Context, p *patient) []Check {
	if p.root.currentTime == "" {
		return untried("not tried, because the server does not tell its time")
	}
	theirs, err := time.Parse("20060102150405Z0700", strings.Replace(p.root.currentTime, ".0Z", "Z", 1))
	if err != nil {
		return untried(fmt.Sprintf("not tried, because the server tells its time as %q", p.root.currentTime))
	}
	skew := p.doctor.Now().Sub(theirs).Abs().Round(time.Second)
	seen := fmt.Sprintf("the server's clock says %s, %s from ours", theirs.UTC().Format("2006-01-02 15:04:05 MST"), skew)
	if skew > clockTolerance {
		return warn(seen, "set both clocks by NTP: certificates and the dates of deletions depend on ours")
	}
	return fine("%s", seen)
}
