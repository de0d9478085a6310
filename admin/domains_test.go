package admin_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"rollcall/admin"
	"rollcall/fixtures"
	"rollcall/identity"
	"rollcall/internal/system"
)

// dnsWorld is a world with a name server.
func dnsWorld(t *testing.T) (*world, *fixtures.NameServer) {
	t.Helper()
	server, err := fixtures.StartNameServer()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	w := newWorldOf(t, newIssuer(t), func(o *admin.Options) { o.Resolver = system.Resolver{Server: server.Address()} })
	return w, server
}

func domains(org identity.OrgID, below string) string { return of(org, "/domains"+below) }

// record returns the TXT record that a domain's proof wants.
func record(domain map[string]any) (name, value string) {
	h := domain["challenge"].(map[string]any)
	return h["recordName"].(string), h["recordValue"].(string)
}

// prove verifies a domain over the API.
func (w *world) prove(dns *fixtures.NameServer, org identity.OrgID, token, domain string) {
	w.t.Helper()
	name, value := record(w.post(domains(org, ""), token, `{"name":"`+domain+`"}`).is(http.StatusCreated))
	dns.Publish(name, value)
	require.Equal(w.t, "verified", w.post(domains(org, "/"+domain+"/verify"), token, "").is(http.StatusOK)["state"])
}

func TestDOM01_AnAdministratorProvesADomain(t *testing.T) {
	w, dns := dnsWorld(t)
	org := w.org("Example")
	ada := w.administrator(org, "ada", identity.RoleFull)
	a := w.post(domains(org, ""), ada, `{"name":"Bücher.Example"}`)
	pending := a.is(http.StatusCreated)
	require.Equal(t, []any{"xn--bcher-kva.example", "pending", "2026-03-01T12:00:00Z"}, []any{pending["name"], pending["state"], pending["since"]})
	require.Equal(t, domains(org, "/xn--bcher-kva.example"), a.header.Get("Location"))
	name, value := record(pending)
	require.Equal(t, "_rollcall-challenge.xn--bcher-kva.example", name)
	require.Regexp(t, `^rollcall-domain-verification=[A-Z2-7]{26,}$`, value)
	require.Equal(t, pending, w.post(domains(org, ""), ada, `{"name":"bücher.example"}`).is(http.StatusOK), "the same record while it waits")
	require.Equal(t, pending, w.get(a.header.Get("Location"), ada).is(http.StatusOK))
	require.Equal(t, []any{pending}, w.get(domains(org, ""), ada).is(http.StatusOK)["domains"])

	verify := domains(org, "/"+url.PathEscape("bücher.example")+"/verify")
	require.Contains(t, w.post(verify, ada, "").refused(http.StatusBadRequest, identity.RuleDomainTXTNotFound), "there is no TXT record at "+name)
	dns.Publish(name, "v=spf1 -all")
	require.Contains(t, w.post(verify, ada, "").refused(http.StatusBadRequest, identity.RuleDomainTXTNotFound), value)
	half := len(value) / 2
	dns.Set(name, fixtures.DNSAnswer{Texts: [][]string{{"v=spf1 -all"}, {value[:half], value[half:]}}})
	verified := w.post(verify, ada, `{"claim":false}`).is(http.StatusOK) // DOM-16
	require.Equal(t, "verified", verified["state"])
	require.NotContains(t, verified, "challenge")
	asked := dns.Asked(name)
	dns.Withdraw(name)
	require.Equal(t, verified, w.post(verify, ada, "").is(http.StatusOK), "afterwards the record may be taken away")
	require.Equal(t, verified, w.post(domains(org, ""), ada, `{"name":"bücher.example"}`).is(http.StatusOK))
	require.Equal(t, asked, dns.Asked(name))
}

func TestDOM02_VerifyingWithoutATokenOrADNSThatAnswers(t *testing.T) {
	w, dns := dnsWorld(t)
	org, other := w.org("Example"), w.org("Other")
	ada := w.administrator(org, "ada", identity.RoleFull)
	verify := domains(org, "/example.com/verify")
	w.post(verify, ada, "").refused(http.StatusBadRequest, identity.RuleDomainTokenMissing)
	name, value := record(w.post(domains(org, ""), ada, `{"name":"example.com"}`).is(http.StatusCreated))
	dns.Set(name, fixtures.DNSAnswer{Code: dnsmessage.RCodeServerFailure})
	a := w.post(verify, ada, "")
	a.refused(http.StatusServiceUnavailable, identity.RuleDNSUnavailable)
	require.Empty(t, a.header.Get("Retry-After"), "nobody knows when")
	require.NotContains(t, a.body, "127.0.0.1", "what the server asks is its operator's business")
	dns.Set(name, fixtures.DNSAnswer{Texts: [][]string{{value}}})
	w.rewriteDomain(other, "example.com", identity.DomainClaimed)
	message := w.post(verify, ada, "").refused(http.StatusConflict, identity.RuleDomainClaimed)
	require.NotContains(t, message, "Other")
}

func TestDOM02_AServerWithoutADNSProvesNothing(t *testing.T) {
	w := newWorld(t)
	org := w.org("Example")
	ada := w.administrator(org, "ada", identity.RoleFull)
	w.post(domains(org, ""), ada, `{"name":"example.com"}`).is(http.StatusCreated)
	w.post(domains(org, "/example.com/verify"), ada, "").refused(http.StatusServiceUnavailable, identity.RuleDNSUnavailable)
}

func TestDOM03_NoTokenForAClaimedDomain(t *testing.T) {
	w, dns := dnsWorld(t)
	org, other := w.org("Example"), w.org("Other")
	ada, eve := w.administrator(org, "ada", identity.RoleFull), w.administrator(other, "eve", identity.RoleFull)
	w.prove(dns, org, ada, "example.com")
	w.post(domains(org, "/example.com/claim"), ada, "").is(http.StatusOK)
	for org, token := range map[identity.OrgID]string{org: ada, other: eve} {
		w.post(domains(org, ""), token, `{"name":"example.com"}`).refused(http.StatusConflict, identity.RuleDomainClaimed)
	}
	require.Empty(t, w.get(domains(other, ""), eve).is(http.StatusOK)["domains"])
}

// The matrix tests every other role and standing (DOM-04).
func TestDOM04_OnlyFullAdministratorsManageDomainsAndOnlyTheySeeTheRecord(t *testing.T) {
	w, _ := dnsWorld(t)
	org := w.org("Example")
	ada, uma := w.administrator(org, "ada", identity.RoleFull), w.administrator(org, "uma", identity.RoleUser)
	rob := w.administrator(org, "rob", identity.RoleReadOnly)
	w.post(domains(org, ""), ada, `{"name":"example.com"}`).is(http.StatusCreated)
	w.get(domains(org, ""), uma).refused(http.StatusForbidden, identity.RuleForbiddenRole)
	for _, token := range []string{uma, rob} {
		w.post(domains(org, ""), token, `{"name":"example.org"}`).refused(http.StatusForbidden, identity.RuleForbiddenRole)
		for _, act := range []string{"verify", "claim", "release"} {
			w.post(domains(org, "/example.com/"+act), token, "").refused(http.StatusForbidden, identity.RuleForbiddenRole)
		}
		w.delete(domains(org, "/example.com"), token).refused(http.StatusForbidden, identity.RuleForbiddenRole)
	}
	for _, path := range []string{domains(org, ""), domains(org, "/example.com")} {
		seen := w.get(path, rob)
		seen.is(http.StatusOK)
		require.Contains(t, seen.body, `"pending"`)
		require.NotContains(t, seen.body, "verification=")
	}
}

func TestDOM05_TheDomainOfTheAdministratorComesFirst(t *testing.T) {
	w, dns := dnsWorld(t)
	org := w.org("Example")
	_, ada := w.bound(org, "ada@own.example.com", "ada")
	w.administrator(org, "ada", identity.RoleFull)
	message := w.post(domains(org, ""), ada, `{"name":"other.example.com"}`).refused(http.StatusConflict, identity.RuleAdminDomainFirst)
	require.Contains(t, message, "own.example.com")
	w.prove(dns, org, ada, "own.example.com")
	w.prove(dns, org, ada, "other.example.com")
}

func TestDOM08_WhatTwoHaveVerifiedNeitherCanClaim(t *testing.T) {
	w, dns := dnsWorld(t)
	org, other := w.org("Example"), w.org("Other")
	tokens := map[identity.OrgID]string{org: w.administrator(org, "ada", identity.RoleFull), other: w.administrator(other, "eve", identity.RoleFull)}
	claim := "/example.com/claim"
	w.post(domains(org, claim), tokens[org], "").refused(http.StatusBadRequest, identity.RuleDomainNotVerifiedYet) // DOM-07
	w.prove(dns, org, tokens[org], "example.com")
	name, value := record(w.post(domains(other, ""), tokens[other], `{"name":"example.com"}`).is(http.StatusCreated))
	dns.Publish(name, value)
	verify := domains(other, "/example.com/verify")
	w.post(verify, tokens[other], `{"claim":true}`).refused(http.StatusConflict, identity.RuleDomainVerifiedElsewhere)
	require.Equal(t, "pending", w.get(domains(other, "/example.com"), tokens[other]).is(http.StatusOK)["state"], "all or nothing")
	w.post(verify, tokens[other], "").is(http.StatusOK) // DOM-06
	for org, token := range tokens {
		message := w.post(domains(org, claim), token, "").refused(http.StatusConflict, identity.RuleDomainVerifiedElsewhere)
		require.NotContains(t, message, "Example")
		require.NotContains(t, message, "Other")
	}
	w.delete(domains(other, "/example.com"), tokens[other]).nothing()
	require.Equal(t, "claimed", w.post(domains(org, claim), tokens[org], "").is(http.StatusOK)["state"])
	w.post(domains(org, claim), tokens[org], "").is(http.StatusOK)
	w.post(verify, tokens[other], "").refused(http.StatusBadRequest, identity.RuleDomainTokenMissing)
}

func TestDOM09_AProofThatWaitedIsNothingOnceAnotherClaimed(t *testing.T) {
	w, dns := dnsWorld(t)
	org, other := w.org("Example"), w.org("Other")
	ada, eve := w.administrator(org, "ada", identity.RoleFull), w.administrator(other, "eve", identity.RoleFull)
	name, value := record(w.post(domains(other, ""), eve, `{"name":"example.com"}`).is(http.StatusCreated))
	dns.Publish(name, value)
	name, value = record(w.post(domains(org, ""), ada, `{"name":"example.com"}`).is(http.StatusCreated))
	dns.Publish(name, value)
	require.Equal(t, "claimed", w.post(domains(org, "/example.com/verify"), ada, `{"claim":true}`).is(http.StatusOK)["state"])
	w.post(domains(other, "/example.com/verify"), eve, "").refused(http.StatusConflict, identity.RuleDomainClaimed)
}

func TestDOM13_ReleaseThenRemove(t *testing.T) {
	w, dns := dnsWorld(t)
	org := w.org("Example")
	ada := w.administrator(org, "ada", identity.RoleFull)
	w.prove(dns, org, ada, "example.com")
	u := w.user(org, "u@example.com")
	path := domains(org, "/example.com")
	w.post(path+"/release", ada, "").refused(http.StatusBadRequest, identity.RuleDomainNotClaimed)
	w.post(path+"/claim", ada, "").is(http.StatusOK)
	w.delete(path, ada).refused(http.StatusBadRequest, identity.RuleDomainStillClaimed)
	require.Equal(t, "verified", w.post(path+"/release", ada, "").is(http.StatusOK)["state"])
	w.delete(path, ada).nothing()
	w.delete(path, ada).refused(http.StatusNotFound, identity.RuleUnknownDomain)
	w.get(path, ada).refused(http.StatusNotFound, identity.RuleUnknownDomain)
	require.Equal(t, u, w.account(org, string(u.ID)), "users stay as they are")
}

func TestDOM14_ASubdomainIsProvenByItself(t *testing.T) {
	w, dns := dnsWorld(t)
	org := w.org("Example")
	ada := w.administrator(org, "ada", identity.RoleFull)
	w.prove(dns, org, ada, "example.com")
	w.get(domains(org, "/sub.example.com"), ada).refused(http.StatusNotFound, identity.RuleUnknownDomain)
	w.post(domains(org, "/sub.example.com/claim"), ada, "").refused(http.StatusBadRequest, identity.RuleDomainNotVerifiedYet)
	w.prove(dns, org, ada, "sub.example.com")
}

func TestDOM15_FiftyDomainsAreNotTooMany(t *testing.T) {
	w, dns := dnsWorld(t)
	org, other := w.org("Example"), w.org("Other")
	ada, eve := w.administrator(org, "ada", identity.RoleFull), w.administrator(other, "eve", identity.RoleFull)
	for i := range 50 {
		name := fmt.Sprintf("d%02d.example", i)
		w.prove(dns, org, ada, name)
		w.post(domains(org, "/"+name+"/claim"), ada, "").is(http.StatusOK)
	}
	all := w.get(domains(org, ""), ada).is(http.StatusOK)["domains"].([]any)
	require.Len(t, all, 50)
	require.Equal(t, "d00.example", all[0].(map[string]any)["name"])
	require.Equal(t, "d49.example", all[49].(map[string]any)["name"])
	w.add(other, eve, "u@d49.example").refused(http.StatusConflict, identity.RuleDomainClaimed)
	require.Equal(t, "verified", w.add(org, ada, "u@d49.example").only()["status"])
}

func TestCLM41_WhatNobodyCanProve(t *testing.T) {
	w, _ := dnsWorld(t)
	org := w.org("Example")
	ada := w.administrator(org, "ada", identity.RoleFull)
	for body, rule := range map[string]identity.Rule{
		`{"name":"convert-user.local"}`:   identity.RuleReservedDomain,
		`{"name":"a.convert-user.local"}`: identity.RuleReservedDomain,
		`{"name":"co.uk"}`:                identity.RulePublicSuffix,
		`{"name":"example"}`:              identity.RuleInvalidValue,
		`{"name":""}`:                     identity.RuleInvalidValue,
		`{}`:                              "INVALID_REQUEST",
	} {
		w.post(domains(org, ""), ada, body).refused(http.StatusBadRequest, rule)
	}
	require.Empty(t, w.get(domains(org, ""), ada).is(http.StatusOK)["domains"])
}

func TestDOM01_TheAuditTellsWhoProvedADomainAndHow(t *testing.T) {
	w, dns := dnsWorld(t)
	org := w.org("Example")
	ada := w.administrator(org, "ada", identity.RoleFull)
	w.prove(dns, org, ada, "example.com")
	events, err := w.Reader().Events(w.ctx, org, identity.EventQuery{Newest: true, Limit: 2})
	require.NoError(t, err)
	require.Equal(t, identity.DomainAttested, events[0].Kind)
	require.JSONEq(t, `{"domain":"example.com","state":"verified","proof":"dns"}`, string(events[0].Evidence))
	require.Equal(t, w.issuer.url()+"|ada", events[0].Actor.ID)
	require.Equal(t, identity.DomainChallenged, events[1].Kind)
	require.NotContains(t, string(events[1].Evidence), "verification=")
}
