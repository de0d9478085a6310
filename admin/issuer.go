package admin

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"
)

// Issuer is an OpenID Connect provider whose tokens are accepted.
type Issuer struct {
	URL      string   // exactly as the provider spells it in "iss" (OpenID Connect Discovery 1.0 section 3)
	Audience string   // what its tokens for this server have in "aud"
	Clients  []string // the values of "azp" that are accepted; empty: any
	CAFile   string   // certificates in PEM that its TLS certificate is checked against; empty: the system's
}

// issuerTimeout bounds every request to an issuer.
const issuerTimeout = 5 * time.Second

func (i Issuer) check() error {
	if i.Audience == "" {
		return errors.New("the audience is missing; give the value that the issuer's tokens for this server have in \"aud\"")
	}
	u, err := i.parse()
	if err != nil {
		return err
	}
	return encrypted(u)
}

func (i Issuer) parse() (*url.URL, error) {
	u, err := url.Parse(i.URL)
	switch {
	case err != nil:
		return nil, errors.New("the URL cannot be read")
	case u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%q is not an issuer URL; it has scheme, host and path only, such as https://login.example.com/tenant", i.URL)
	}
	return u, nil
}

// encrypted refuses plain HTTP anywhere but on this machine: whoever can answer for the issuer can be anybody.
func encrypted(u *url.URL) error {
	if u.Scheme == "https" {
		return nil
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()) {
		return nil
	}
	return fmt.Errorf("%q must be an https URL", u.Redacted())
}

// client returns the way to the issuer, with its own trust.
func (i Issuer) client() (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if i.CAFile != "" {
		pem, err := os.ReadFile(i.CAFile)
		if err != nil {
			return nil, fmt.Errorf("the CA file cannot be read: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("the CA file %s has no certificate in PEM", i.CAFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return clientOver(transport), nil
}

// clientOver asks issuers: short time, bounded answers, no redirects.
func clientOver(transport *http.Transport) *http.Client {
	transport.MaxResponseHeaderBytes = 64 << 10
	return &http.Client{
		Timeout:   issuerTimeout,
		Transport: wholeJSON{transport},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("the issuer answered with a redirect, which is not followed")
		},
	}
}
