package ldap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// expiryNotice is how long before its end a certificate is worth a warning.
const expiryNotice = 21 * 24 * time.Hour

// visit is how far one server let us in.
type visit struct {
	endpoint
	lost   string // the check that it failed at; empty: none so far
	raw    net.Conn
	budget *budgetConn
	wire   net.Conn
}

// leave closes everything that is open.
func (p *patient) leave() {
	if p.conn != nil {
		p.conn.close()
	}
	for _, v := range p.visits {
		if v.raw != nil {
			_ = v.raw.Close() // the other side may be gone already
		}
	}
}

// atEach makes a check at every server that has passed those before.
func (p *patient) atEach(name string, check func(*visit) []Check) []Check {
	var all []Check
	for _, v := range p.visits {
		made := untried(fmt.Sprintf("not tried, because of %s", v.lost))
		if v.lost == "" {
			made = check(v)
		}
		for _, c := range made {
			if c.Result == CheckFailed && v.lost == "" {
				v.lost = name
			}
			c.Server = v.String()
			all = append(all, c)
		}
	}
	return all
}

func checkServers(ctx context.Context, p *patient) []Check {
	servers, err := p.source.endpoints(ctx)
	if err != nil {
		return p.broke(err, "list the servers in urls")
	}
	servers = servers[:min(len(servers), maxServers)]
	names := make([]string, len(servers))
	for i, e := range servers {
		p.visits = append(p.visits, &visit{endpoint: e})
		names[i] = e.String()
	}
	if p.settings.SRV != "" {
		return fine("%s names %s", p.settings.srvName(), strings.Join(names, ", "))
	}
	return fine("listed: %s", strings.Join(names, ", "))
}

func checkDNS(ctx context.Context, p *patient) []Check {
	return p.atEach("DNS", func(v *visit) []Check {
		if net.ParseIP(v.host) != nil {
			return fine("the URL has an address, no name")
		}
		ctx, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		found, err := p.doctor.Resolver.LookupHost(ctx, v.host)
		if err != nil {
			return p.broke(err, "check the URL and the machine's name servers")
		}
		return fine("%s is %s", v.host, strings.Join(found, ", "))
	})
}

func checkTCP(ctx context.Context, p *patient) []Check {
	return p.atEach("TCP", func(v *visit) []Check {
		began := time.Now()
		raw, err := p.source.dial(ctx, v.endpoint)
		if err != nil {
			return p.broke(err, "check the host, the port and the firewalls between")
		}
		v.raw, v.budget = raw, newBudgetConn(raw, int64(p.settings.MaxPageBytes))
		v.wire = v.budget
		return fine("%s answers after %d ms", raw.RemoteAddr(), time.Since(began).Milliseconds())
	})
}

func checkTLS(ctx context.Context, p *patient) []Check {
	return p.atEach("TLS", func(v *visit) []Check {
		if !p.settings.encrypts(v.endpoint) {
			return warn("none: the password travels in clear text", "use ldaps://, or set startTLS")
		}
		who, err := p.settings.credentials()
		if err != nil {
			return failed(sentenceOf(err), "correct the client's certificate")
		}
		config, err := p.source.tlsConfig(v.host, who)
		if err != nil {
			return failed(sentenceOf(err), "correct caFile")
		}
		secure, err := encrypt(ctx, v.budget, config, p.settings.StartTLS)
		if err != nil {
			return p.broke(err, "check the server's certificate")
		}
		v.wire = secure
		return p.judgeCertificate(secure)
	})
}

// judgeCertificate says what the server showed, and when that ends.
func (p *patient) judgeCertificate(secure net.Conn) []Check {
	encrypted, ok := secure.(*tls.Conn)
	if !ok {
		return fine("encrypted")
	}
	state := encrypted.ConnectionState()
	chain := state.PeerCertificates
	if len(state.VerifiedChains) > 0 {
		chain = state.VerifiedChains[0]
	}
	first := chain[0]
	names := make([]string, len(chain))
	for i, c := range chain {
		names[i] = c.Subject.String()
		if c.NotAfter.Before(first.NotAfter) {
			first = c
		}
	}
	left := first.NotAfter.Sub(p.doctor.Now())
	seen := fmt.Sprintf("%s; the certificate is for %s, its chain is %s, and it holds until %s (%d days)", tls.VersionName(state.Version),
		certificateNames(chain[0]), strings.Join(names, " < "), first.NotAfter.UTC().Format("2006-01-02"), int(left.Hours()/24))
	if left < expiryNotice {
		return warn(seen, "renew "+whose(first, chain[0])+" before it ends: nobody is synchronized from then on")
	}
	return fine("%s", seen)
}

func whose(ending, server *x509.Certificate) string {
	if ending == server {
		return "the server's certificate"
	}
	return "the certificate of the authority " + ending.Subject.String()
}

// checkBind binds at each server, but not again after a refusal: enough of them lock the account.
func checkBind(ctx context.Context, p *patient) []Check {
	who, err := p.settings.credentials()
	if err != nil {
		return failed(sentenceOf(err), "correct the file of the password or of the certificate")
	}
	refusedBy := ""
	return p.atEach("bind", func(v *visit) []Check {
		if refusedBy != "" {
			return untried(fmt.Sprintf("not tried, because %s refused the password, and enough refusals lock the account", refusedBy))
		}
		c := p.source.speak(ctx, v.endpoint, v.budget, v.wire)
		if err := c.bind(ctx, who); err != nil {
			c.close()
			if ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials) {
				refusedBy = v.String()
			}
			return p.broke(err, "check bindDN and the file of the password, and that the account is neither locked nor expired")
		}
		if p.conn == nil {
			p.conn = c
		} else {
			c.close()
		}
		return fine("as %s", p.settings.account())
	})
}
