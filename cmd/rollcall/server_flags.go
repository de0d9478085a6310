package main

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"rollcall/admin"
	"rollcall/internal/system"
	"rollcall/internal/web"
	"rollcall/scim"
)

// serverFlags are the settings of the server: flags, environment and configuration file in one.
type serverFlags struct {
	storeFlag
	Listen  string `default:"127.0.0.1:8080" env:"ROLLCALL_LISTEN" placeholder:"ADDR" help:"Address and port to answer on (${default}); port 0 takes a free one."`
	BaseURL string `name:"base-url" env:"ROLLCALL_BASE_URL" placeholder:"URL" help:"How clients reach the server, if a proxy stands before it."`
	TLSCert string `name:"tls-cert" env:"ROLLCALL_TLS_CERT" placeholder:"FILE" help:"Certificate chain in PEM; together with --tls-key."`
	TLSKey  string `name:"tls-key" env:"ROLLCALL_TLS_KEY" placeholder:"FILE" help:"Private key in PEM."`

	SCIMSchemas string `name:"scim-schemas" env:"ROLLCALL_SCIM_SCHEMAS" placeholder:"FILE|FOLDER" help:"Resource types and extensions that SCIM serves besides its own: JSON as at /Schemas and /ResourceTypes."`

	OIDCIssuer   []string `name:"oidc-issuer" env:"ROLLCALL_OIDC_ISSUER" placeholder:"URL" help:"Issuer whose tokens administrators bring, exactly as in \"iss\"; repeatable."`
	OIDCAudience []string `name:"oidc-audience" env:"ROLLCALL_OIDC_AUDIENCE" placeholder:"AUD" help:"What the issuer's tokens for this server have in \"aud\"; one for each --oidc-issuer, in the same order."`
	OIDCClient   []string `name:"oidc-client" env:"ROLLCALL_OIDC_CLIENT" placeholder:"ID" help:"Client whose tokens are accepted, as in \"azp\"; repeatable. Without any, every client of an issuer is."`
	OIDCCAFile   string   `name:"oidc-ca-file" env:"ROLLCALL_OIDC_CA_FILE" placeholder:"FILE" help:"Certificates in PEM to check the issuers' TLS certificates against, instead of the system's."`

	TrustedProxy        []string `name:"trusted-proxy" env:"ROLLCALL_TRUSTED_PROXY" placeholder:"CIDR" help:"Network of proxies that are believed when they say in X-Forwarded-For for whom they ask; repeatable."`
	AllowPrivateIssuers bool     `name:"allow-private-issuers" env:"ROLLCALL_ALLOW_PRIVATE_ISSUERS" help:"Let organizations register issuers on this machine and in private networks. Their administrators can then have the server ask any machine that it reaches."`
	dnsFlag
	RateLimit     float64 `name:"rate-limit" default:"50" env:"ROLLCALL_RATE_LIMIT" placeholder:"N" help:"Calls of the API that each caller may make a second (${default}), four times as many at once."`
	SCIMRateLimit float64 `name:"scim-rate-limit" default:"100" env:"ROLLCALL_SCIM_RATE_LIMIT" placeholder:"N" help:"Requests of SCIM that each token may make a second (${default}), twenty times as many at once."`

	LogLevel       string        `enum:"debug,info,warn,error" default:"info" env:"ROLLCALL_LOG_LEVEL" placeholder:"LEVEL" help:"What to log on standard error: debug, info (default), warn or error."`
	LogFormat      string        `enum:"text,json" default:"text" env:"ROLLCALL_LOG_FORMAT" placeholder:"text|json" help:"Form of the log."`
	RetentionEvery time.Duration `default:"1m" env:"ROLLCALL_RETENTION_EVERY" placeholder:"DURATION" help:"How often users whose retention is over are deleted (${default})."`
	ShutdownDelay  time.Duration `default:"0s" env:"ROLLCALL_SHUTDOWN_DELAY" placeholder:"DURATION" help:"How long /readyz says no before connections are refused, so that load balancers notice (${default})."`
	ShutdownGrace  time.Duration `default:"20s" env:"ROLLCALL_SHUTDOWN_GRACE" placeholder:"DURATION" help:"How long requests under way may take to finish (${default})."`

	accessFlags
	mailFlags
	ordersFlags
}

// check refuses settings that the server could not run with. It reads files and reaches for nothing else.
func (f *serverFlags) check() error {
	if _, err := netip.ParseAddrPort(f.Listen); err != nil {
		host, port, splitErr := net.SplitHostPort(f.Listen)
		if splitErr != nil || strings.Trim(port, "0123456789") != "" || port == "" || strings.ContainsAny(host, "/ ") {
			return bad("listen", "%q is no address with a port; use 127.0.0.1:8080, or :8080 for all addresses", f.Listen)
		}
	}
	if f.BaseURL != "" {
		u, err := url.Parse(f.BaseURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return bad("base-url", "%q must have scheme and host only, such as https://id.example.org", f.BaseURL)
		}
	}
	for _, d := range []struct {
		name string
		v    time.Duration
		most time.Duration
	}{{"retention-every", f.RetentionEvery, 24 * time.Hour}, {"shutdown-grace", f.ShutdownGrace, time.Hour}} {
		if d.v <= 0 || d.v > d.most {
			return bad(d.name, "%s is out of range; use more than 0s and at most %s", d.v, d.most)
		}
	}
	if f.RateLimit < 1 || f.RateLimit > 100_000 {
		return bad("rate-limit", "%v is out of range; use 1 to 100000", f.RateLimit)
	}
	if !(f.SCIMRateLimit >= scim.MinRate && f.SCIMRateLimit <= 100_000) { // so that NaN is refused too
		return bad("scim-rate-limit", "%v is out of range; use %d to 100000: identity providers count on no less", f.SCIMRateLimit, scim.MinRate)
	}
	if f.ShutdownDelay < 0 || f.ShutdownDelay > time.Hour {
		return bad("shutdown-delay", "%s is out of range; use 0s to 1h", f.ShutdownDelay)
	}
	if _, err := f.tls(); err != nil {
		return err
	}
	if _, err := f.types(); err != nil {
		return err
	}
	if _, err := f.directories(system.Clock{}.Now); err != nil {
		return err
	}
	if err := f.mailFlags.check(f.BaseURL); err != nil {
		return err
	}
	if err := f.ordersFlags.check(); err != nil {
		return err
	}
	options, err := f.api()
	if err != nil {
		return err
	}
	options.Clock, options.Logger = system.Clock{}, slog.New(slog.DiscardHandler)
	if err := admin.Check(options); err != nil {
		return bad("oidc-issuer oidc-audience", "%w", err)
	}
	return nil
}

// scimLimit is what each token may ask.
func (f *serverFlags) scimLimit() web.Limit {
	return scim.LimitOf(f.SCIMRateLimit)
}

// tls returns the server's side of TLS; nil for none.
func (f *serverFlags) tls() (*tls.Config, error) {
	switch {
	case f.TLSCert == "" && f.TLSKey == "":
		return nil, nil
	case f.TLSCert == "" || f.TLSKey == "":
		return nil, bad("tls-cert tls-key", "they go together; give both or neither")
	}
	pair, err := tls.LoadX509KeyPair(f.TLSCert, f.TLSKey)
	if err != nil {
		return nil, bad("tls-cert tls-key", "the pair cannot be used: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}, nil
}

// types reads the resource types and extensions of SCIM; none without the flag.
func (f *serverFlags) types() (scim.Types, error) {
	if f.SCIMSchemas == "" {
		return scim.Types{}, nil
	}
	types, err := scim.ReadTypes(f.SCIMSchemas)
	if err != nil {
		return scim.Types{}, bad("scim-schemas", "%w", err)
	}
	return types, nil
}

// api returns what the flags say of the API. Issuers and audiences come as two lists in the same order.
func (f *serverFlags) api() (admin.Options, error) {
	resolver, err := f.resolver()
	if err != nil {
		return admin.Options{}, err
	}
	o := admin.Options{Resolver: resolver, AllowPrivateIssuers: f.AllowPrivateIssuers, Limit: web.Limit{Rate: f.RateLimit, Burst: int(4 * f.RateLimit)}}
	for _, network := range f.TrustedProxy {
		prefix, err := netip.ParsePrefix(network)
		if err != nil {
			return o, bad("trusted-proxy", "%q is no network; use one such as 10.0.0.0/8, or 192.0.2.7/32 for a single machine", network)
		}
		o.Proxies = append(o.Proxies, prefix.Masked())
	}
	if len(f.OIDCIssuer) != len(f.OIDCAudience) {
		return o, bad("oidc-issuer oidc-audience", "there are %d issuers and %d audiences; give one audience for each issuer, in the same order",
			len(f.OIDCIssuer), len(f.OIDCAudience))
	}
	for i, issuer := range f.OIDCIssuer {
		o.Issuers = append(o.Issuers, admin.Issuer{URL: issuer, Audience: f.OIDCAudience[i], Clients: f.OIDCClient, CAFile: f.OIDCCAFile})
	}
	return o, nil
}

// overTheNetwork reports whether others than this machine can reach the address.
func overTheNetwork(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil || host == "localhost" {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err != nil || !ip.IsLoopback()
}
