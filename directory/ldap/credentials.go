package ldap

import (
	"crypto/tls"
	"os"
	"slices"
	"strings"
)

// credentials are who a connector is to a server.
type credentials struct {
	certificate *tls.Certificate // shown while TLS begins; nil: none
	external    bool             // the certificate is the account (SASL EXTERNAL, RFC 4422 appendix A)
	dn          string
	password    string
}

// credentials reads the files, anew for every connection: replacing a file is all that a new password or certificate takes.
func (s Settings) credentials() (credentials, error) {
	c := credentials{dn: s.BindDN, external: s.external()}
	var err error
	if c.certificate, err = s.certificate(); err != nil {
		return c, err
	}
	switch {
	case s.Password.given() && s.BindPasswordFile != "":
		return c, invalid("bindPasswordFile", "the bind password is given, and a file of it too; use one of the two")
	case c.external && (s.BindPasswordFile != "" || s.Password.given()):
		return c, invalid("bindDN", "there is a password, but no bind DN that it belongs to; give bindDN, or leave the password to the client's certificate")
	case c.external:
		return c, nil
	case s.BindDN == "":
		return c, invalid("bindDN", "the bind DN is missing; give the account that reads the directory, or clientCertFile and clientKeyFile if a certificate is the account")
	}
	c.password, err = s.password()
	return c, err
}

// external reports whether the client's certificate is the account.
func (s Settings) external() bool { return s.BindDN == "" && s.ClientCertFile != "" }

// account is who binds, in words.
func (s Settings) account() string {
	if s.external() {
		return "the certificate in " + s.ClientCertFile
	}
	return s.BindDN
}

// certificate reads the client's certificate and its key; nil if there is none.
func (s Settings) certificate() (*tls.Certificate, error) {
	switch {
	case s.ClientCertFile == "" && s.ClientKeyFile == "":
		return nil, nil
	case s.ClientCertFile == "":
		return nil, invalid("clientCertFile", "there is a client key without its certificate; give clientCertFile too")
	case s.ClientKeyFile == "":
		return nil, invalid("clientKeyFile", "there is a client certificate without its key; give clientKeyFile too")
	case s.SRV != "" && s.AllowPlaintext && !s.StartTLS, !s.StartTLS && slices.ContainsFunc(s.URLs, clearText):
		return nil, invalid("clientCertFile", "a certificate can be shown over an encrypted connection only; use ldaps://, or set startTLS")
	}
	cert, err := os.ReadFile(s.ClientCertFile)
	if err != nil {
		return nil, invalid("clientCertFile", "the client's certificate cannot be read: %v", err)
	}
	key, err := os.ReadFile(s.ClientKeyFile)
	if err != nil {
		return nil, invalid("clientKeyFile", "the key of the client's certificate cannot be read: %v", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, invalid("clientKeyFile", "the files of the client's certificate and its key do not belong together, or are not in PEM form: %v", err)
	}
	return &pair, nil
}

// checkCredentials checks them as far as that is possible without opening what is sealed.
func (s Settings) checkCredentials() error {
	if s.Password.kept {
		s.Password = NewPassword("sealed")
	}
	_, err := s.credentials()
	return err
}

func clearText(url string) bool { return strings.HasPrefix(url, "ldap:") }

// password reads the bind password. An empty one is refused, because a server takes it for an anonymous bind and says that all is
// well (RFC 4513 section 5.1.2).
func (s Settings) password() (string, error) {
	if s.Password.text != "" {
		return s.Password.text, nil
	}
	if s.Password.kept {
		return "", invalid("bindPassword", "the bind password is kept sealed, and was not opened")
	}
	if s.BindPasswordFile == "" {
		return "", invalid("bindPasswordFile", "the bind password is missing; give it, or name its file")
	}
	raw, err := os.ReadFile(s.BindPasswordFile)
	if err != nil {
		return "", invalid("bindPasswordFile", "the file of the bind password cannot be read: %v", err)
	}
	password := strings.TrimRight(string(raw), "\r\n")
	if password == "" {
		return "", invalid("bindPasswordFile", "the file %s is empty; an empty password would be an anonymous bind", s.BindPasswordFile)
	}
	return password, nil
}
