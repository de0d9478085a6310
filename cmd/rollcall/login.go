package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// loginServer names the server that a login is for. It is not in the file of settings: a token belongs to one server.
type loginServer struct {
	Server string `required:"" env:"ROLLCALL_SERVER" placeholder:"URL" help:"The server that the login is for, as other commands name it."`
}

type loginCmd struct {
	loginServer
	Issuer   string `required:"" env:"ROLLCALL_LOGIN_ISSUER" placeholder:"URL" help:"OpenID Connect issuer that the server trusts, exactly as in \"iss\"."`
	ClientID string `required:"" name:"client-id" env:"ROLLCALL_LOGIN_CLIENT_ID" placeholder:"ID" help:"What the issuer knows this program as: a public client with the device authorization grant."`
	Scope    string `default:"openid profile email offline_access" placeholder:"SCOPES" help:"What to ask for (${default}). Without offline_access the login ends with its first token."`
	CAFile   string `name:"ca-file" placeholder:"FILE" help:"Certificates in PEM to check the issuer's TLS certificate against, instead of the system's."`
	IDToken  bool   `name:"id-token" help:"Show the server the ID token instead of the access token."`
}

// Help says what happens.
func (loginCmd) Help() string {
	return "Shows a code and an address (RFC 8628). Whoever opens the address in a browser, anywhere, signs in there and enters the code, is logged in here. " +
		"Commands with the same --server then need no token. The login is kept in the folder of your settings, readable by you only, until rollcall logout."
}

// Run logs in.
func (c *loginCmd) Run(a *app) error {
	if err := checkServer(c.Server); err != nil {
		return err
	}
	l := login{Issuer: c.Issuer, ClientID: c.ClientID, Scopes: strings.Fields(c.Scope), CAFile: c.CAFile, IDToken: c.IDToken}
	ctx, config, err := l.client(a.ctx)
	if err != nil {
		return err
	}
	if config.Endpoint.DeviceAuthURL == "" {
		return fmt.Errorf("the issuer %s offers no device authorization; get a token another way and set ROLLCALL_TOKEN", c.Issuer)
	}
	code, err := config.DeviceAuth(ctx)
	if err != nil {
		return fmt.Errorf("the issuer gives no code: %w", told(err))
	}
	a.say("Open %s and enter the code %s", printable(code.VerificationURI), printable(code.UserCode))
	if code.VerificationURIComplete != "" {
		a.say("or open %s", printable(code.VerificationURIComplete))
	}
	token, err := config.DeviceAccessToken(ctx, code)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("nobody has entered the code in time; log in again")
	case err != nil:
		return fmt.Errorf("not logged in: %w", told(err))
	}
	l.keep(token)
	if _, err := l.bearer(); err != nil {
		return err
	}
	if err := changeLogins(func(all map[string]login) { all[serverKey(c.Server)] = l }); err != nil {
		return err
	}
	a.say("Logged in at %s.", c.Server)
	return nil
}

type logoutCmd struct{ loginServer }

// Run forgets the login.
func (c *logoutCmd) Run(a *app) error {
	known := false
	err := changeLogins(func(all map[string]login) {
		_, known = all[serverKey(c.Server)]
		delete(all, serverKey(c.Server))
	})
	switch {
	case err != nil:
		return err
	case known:
		a.say("The login at %s is forgotten.", c.Server)
	default:
		a.say("There was no login at %s.", c.Server)
	}
	return nil
}

// login is what is kept of one. Nothing of it is ever shown.
type login struct {
	Issuer   string    `json:"issuer"`
	ClientID string    `json:"clientId"`
	Scopes   []string  `json:"scopes"`
	CAFile   string    `json:"caFile,omitempty"`
	IDToken  bool      `json:"idToken,omitempty"` // the ID token is what the server is shown
	Access   string    `json:"accessToken"`
	ID       string    `json:"idTokenText,omitempty"`
	Refresh  string    `json:"refreshToken,omitempty"`
	Expiry   time.Time `json:"expiry,omitzero"`
}

// keep takes over what the issuer gave. A new ID token or refresh token is not given every time.
func (l *login) keep(t *oauth2.Token) {
	l.Access, l.Expiry = t.AccessToken, t.Expiry
	if id, _ := t.Extra("id_token").(string); id != "" {
		l.ID = id
	}
	if t.RefreshToken != "" {
		l.Refresh = t.RefreshToken
	}
}

// bearer is what the server is shown.
func (l *login) bearer() (string, error) {
	token, name, instead := l.Access, "access token", "--id-token"
	if l.IDToken {
		token, name, instead = l.ID, "ID token", "--scope openid"
	}
	if strings.Count(token, ".") != 2 {
		return "", fmt.Errorf("the issuer gave no %s that is a signed JSON Web Token, which is what servers check; try %s", name, instead)
	}
	return token, nil
}

// expired reports whether the token is over, or will be before it arrives.
func (l *login) expired(now time.Time) bool {
	const arrival = 10 * time.Second
	return !l.Expiry.IsZero() && now.Add(arrival).After(l.Expiry)
}

// loginTimeout bounds a call of the issuer.
const loginTimeout = 30 * time.Second

// client asks the issuer where things are and returns how to talk to it.
func (l *login) client(ctx context.Context) (context.Context, *oauth2.Config, error) {
	if err := checkIssuerURL(l.Issuer); err != nil {
		return nil, nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if l.CAFile != "" {
		pem, err := os.ReadFile(l.CAFile)
		if err != nil {
			return nil, nil, fmt.Errorf("--ca-file: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, nil, fmt.Errorf("--ca-file: there is no certificate in %s", l.CAFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	ctx = oidc.ClientContext(ctx, &http.Client{Transport: transport, Timeout: loginTimeout})
	provider, err := oidc.NewProvider(ctx, l.Issuer)
	if err != nil {
		return nil, nil, fmt.Errorf("the issuer cannot be asked: %w; check --issuer", err)
	}
	endpoint := provider.Endpoint()
	for _, address := range []string{endpoint.DeviceAuthURL, endpoint.TokenURL} {
		if address == "" {
			continue
		}
		if err := checkIssuerURL(address); err != nil {
			return nil, nil, err
		}
	}
	endpoint.AuthStyle = oauth2.AuthStyleInParams // a public client has no secret to show in a header
	return ctx, &oauth2.Config{ClientID: l.ClientID, Endpoint: endpoint, Scopes: l.Scopes}, nil
}

// checkIssuerURL refuses addresses that tokens could be read on the way from.
func checkIssuerURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%q is no URL of an issuer, such as https://login.example.org", address)
	case u.Scheme == "http" && overTheNetwork(net.JoinHostPort(u.Hostname(), "80")):
		return fmt.Errorf("the issuer's %s would send tokens in the clear; it has to be https", address)
	}
	return nil
}

// told is an error of the issuer in a few words. The answer's body stays unsaid: it could hold a token.
func told(err error) error {
	var answered *oauth2.RetrieveError
	if !errors.As(err, &answered) {
		return err
	}
	switch answered.ErrorCode {
	case "access_denied":
		return errors.New("it was refused at the issuer")
	case "expired_token":
		return errors.New("the code has expired; log in again")
	case "":
		return fmt.Errorf("it answers %s", answered.Response.Status)
	}
	return fmt.Errorf("it answers %s %s", printable(answered.ErrorCode), printable(answered.ErrorDescription))
}

// loggedIn returns where the token for a server comes from that nobody named one for.
func (a *app) loggedIn(server string) (func(context.Context) (string, error), error) {
	all, err := readLogins()
	if err != nil {
		return nil, err
	}
	l, known := all[serverKey(server)]
	if !known {
		return nil, errors.New("--server needs an administrator's token; log in with rollcall login, or set ROLLCALL_TOKEN or --token")
	}
	return func(ctx context.Context) (string, error) {
		if l.expired(time.Now()) {
			if err := l.renew(ctx, server); err != nil {
				return "", err
			}
		}
		return l.bearer()
	}, nil
}

// renew gets a new token for the one that is over, and keeps it.
func (l *login) renew(ctx context.Context, server string) error {
	again := fmt.Errorf("the login at %s is over; log in again: rollcall login --server %s --issuer %s --client-id %s", server, server, l.Issuer, l.ClientID)
	if l.Refresh == "" {
		return again
	}
	ctx, config, err := l.client(ctx)
	if err != nil {
		return err
	}
	token, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: l.Refresh}).Token()
	if err != nil {
		// Another command may have been faster, and a refresh token is often good for once.
		all, readErr := readLogins()
		if newer := all[serverKey(server)]; readErr == nil && newer.Refresh != l.Refresh && !newer.expired(time.Now()) {
			*l = newer
			return nil
		}
		return fmt.Errorf("%w (%w)", again, told(err))
	}
	l.keep(token)
	return changeLogins(func(all map[string]login) { all[serverKey(server)] = *l })
}
