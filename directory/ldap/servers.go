package ldap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Resolver asks the DNS. A [net.Resolver] is one.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (cname string, addrs []*net.SRV, err error)
	LookupHost(ctx context.Context, host string) (addrs []string, err error)
}

// maxServers is how many servers of a directory are tried: a large domain has hundreds, and whoever waits wants to know why.
const maxServers = 8

// srvNames say where a domain names its servers: a domain controller (MS-ADTS 6.3.2.3), any LDAP server (RFC 2782).
var srvNames = map[string]string{AD: "_ldap._tcp.dc._msdcs.", OpenLDAP: "_ldap._tcp."}

// endpoint is one server of a directory.
type endpoint struct {
	scheme, host, port string
}

var defaultPorts = map[string]string{"ldap": "389", "ldaps": "636"}

// endpointOf takes a URL apart that has been validated.
func endpointOf(raw string) (endpoint, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return endpoint{}, err
	}
	e := endpoint{scheme: u.Scheme, host: u.Hostname(), port: u.Port()}
	if e.port == "" {
		e.port = defaultPorts[e.scheme]
	}
	return e, nil
}

func (e endpoint) address() string { return net.JoinHostPort(e.host, e.port) }

// name is the host, with the port unless that is the usual one.
func (e endpoint) name() string {
	switch {
	case e.port != defaultPorts[e.scheme]:
		return e.address()
	case strings.Contains(e.host, ":"):
		return "[" + e.host + "]"
	}
	return e.host
}

// String is the URL of the server.
func (e endpoint) String() string { return e.scheme + "://" + e.name() }

// endpoints are the servers to try, in order: those that are listed, or those that the DNS names.
func (s *Source) endpoints(ctx context.Context) ([]endpoint, error) {
	var found []endpoint
	for _, raw := range s.settings.URLs {
		e, err := endpointOf(raw)
		if err != nil {
			return nil, err
		}
		found = append(found, e)
	}
	if s.settings.SRV == "" {
		return found, nil
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	name := s.settings.srvName()
	_, records, err := s.resolver.LookupSRV(ctx, "", "", name+".") // the dot keeps search domains out of it
	if len(records) == 0 {
		return nil, &noServers{name: name, err: err}
	}
	var foreign []string
	for _, record := range records { // sorted by priority and weight
		host := strings.ToLower(strings.TrimSuffix(record.Target, "."))
		if within(host, s.settings.SRV) {
			found = append(found, s.settings.discovered(host, record.Port))
		} else {
			foreign = append(foreign, host)
		}
	}
	if len(found) == 0 {
		return nil, &noServers{name: name, foreign: foreign}
	}
	return found, nil
}

// srvName is the name that is asked for.
func (s Settings) srvName() string { return srvNames[s.Kind] + s.SRV }

// discovered is a server that the DNS named. Its record tells the port of LDAP; there is none for LDAPS.
func (s Settings) discovered(host string, port uint16) endpoint {
	if s.StartTLS || s.AllowPlaintext {
		return endpoint{scheme: "ldap", host: host, port: strconv.Itoa(int(port))}
	}
	return endpoint{scheme: "ldaps", host: host, port: defaultPorts["ldaps"]}
}

// within reports whether a host is in a domain. The DNS proves nothing: somebody who can write its answers must not be able to
// name a server of their own, with a good certificate for it, that would then be sent the password.
func within(host, domain string) bool {
	domain = strings.ToLower(domain)
	return host == domain || strings.HasSuffix(host, "."+domain)
}

// noServers is a look-up in the DNS that names no server.
type noServers struct {
	name    string
	foreign []string // servers outside the domain
	err     error
}

func (e *noServers) Error() string {
	if len(e.foreign) > 0 {
		return fmt.Sprintf("%s names servers outside the domain only: %s", e.name, strings.Join(e.foreign, ", "))
	}
	return fmt.Sprintf("%s names no server: %v", e.name, e.err)
}

func (e *noServers) Unwrap() error { return e.err }

// failures are what went wrong at the servers that were tried, in order.
type failures []failure

type failure struct {
	server string
	err    error
}

func (f failures) Error() string {
	texts := make([]string, len(f))
	for i, one := range f {
		texts[i] = one.server + ": " + one.err.Error()
	}
	return strings.Join(texts, "; ")
}

func (f failures) Unwrap() []error {
	errs := make([]error, len(f))
	for i, one := range f {
		errs[i] = one.err
	}
	return errs
}

// retry runs fn on a fresh connection to the first server that lets it come to its end; what fails on one begins anew on the next. When
// all have failed and one of them may well answer a little later, they are tried again, up to three times in all.
func (s *Source) retry(ctx context.Context, fn func(*connection) error) error {
	return s.retryAt(ctx, func() ([]endpoint, error) {
		servers, err := s.endpoints(ctx)
		servers = s.preferred(servers)
		return servers[:min(len(servers), maxServers)], err
	}, fn)
}

// retryThere is retry with the server that the last reading came from, and no other.
func (s *Source) retryThere(ctx context.Context, fn func(*connection) error) error {
	last := s.answered.Load()
	if last == nil {
		return s.retry(ctx, fn)
	}
	return s.retryAt(ctx, func() ([]endpoint, error) { return []endpoint{*last}, nil }, fn)
}

func (s *Source) retryAt(ctx context.Context, servers func() ([]endpoint, error), fn func(*connection) error) error {
	delay := time.Duration(s.settings.RetryDelay)
	for attempt := 1; ; attempt++ {
		again, err := s.round(ctx, servers, fn)
		if err == nil || ctx.Err() != nil || attempt == attempts || !again {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(delay):
		}
		delay *= 2
	}
}

// round tries each server once. again says that another round may end better.
func (s *Source) round(ctx context.Context, servers func() ([]endpoint, error), fn func(*connection) error) (again bool, err error) {
	all, err := servers()
	if err != nil {
		var temporary *net.DNSError
		return errors.As(err, &temporary) && temporary.Temporary(), err
	}
	var failed failures
	for _, e := range all {
		err := s.once(ctx, e, fn)
		if err == nil {
			return false, nil
		}
		failed = append(failed, failure{e.String(), err})
		again = again || passing(err)
		if ctx.Err() != nil || !elsewhere(err) {
			return again, failed
		}
	}
	return again, failed
}

func (s *Source) once(ctx context.Context, e endpoint, fn func(*connection) error) error {
	c, err := s.connect(ctx, e)
	if err != nil {
		return err
	}
	defer c.close()
	return fn(c)
}

// elsewhere reports whether another server may do better. One that answers no is believed: above all a refused password is not tried
// on the next server, because enough refusals lock the account.
func elsewhere(err error) bool {
	var handshake *noHandshake
	return passing(err) || errors.As(err, &handshake)
}

// prefer remembers the server that a reading came from, or is to come from: missing entries are looked up where they were missed, and
// changes asked for where they were counted.
func (s *Source) prefer(e endpoint) { s.answered.Store(&e) }

// preferred puts the server of the last reading first.
func (s *Source) preferred(servers []endpoint) []endpoint {
	last := s.answered.Load()
	if last == nil {
		return servers
	}
	i := slices.Index(servers, *last)
	if i < 0 {
		return servers
	}
	return slices.Concat(servers[i:i+1], servers[:i], servers[i+1:])
}
