package identity

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
)

// The limits of an address, in octets of its key (RFC 5321 section 4.5.3.1; 254 by erratum 1690 of RFC 3696).
const (
	MaxLocalPart = 64
	MaxEmail     = 254
)

// ReservedDomain holds the renamed addresses of claimed users. Nobody else may use it or anything below it (CLM-41).
const ReservedDomain = "convert-user.local"

// EmailPolicy is what the operator decided about addresses.
type EmailPolicy struct {
	// NonASCIILocalParts admits local parts beyond ASCII (RFC 6531), compared under the PRECIS UsernameCaseMapped
	// profile (RFC 8265 section 3.3).
	NonASCIILocalParts bool
}

// Email is an address that can belong to one account only.
type Email struct {
	Display string   // as it was given, white space around it removed
	Key     EmailKey // what two spellings of the same address have in common
	Domain  string   // the domain of the key, as A-labels
}

// ParseEmail decides what "the same e-mail" is (EML-02): white space around it is trimmed, ASCII letters of the local
// part are folded, the domain becomes A-labels by IDNA2008 (RFC 5891), and nothing else is folded: dots and plus tags
// stay, whatever the provider. An address in [ReservedDomain] is refused (CLM-41).
//
// A mapping that changes the structure of the address (another number of labels, a new "@") is refused, because it would
// let one address pass for another. Quoted local parts and address literals are refused.
func ParseEmail(text string, policy EmailPolicy) (Email, error) {
	display := strings.TrimSpace(text)
	bad := func(format string, args ...any) (Email, error) {
		return Email{}, Refuse(Invalid, RuleInvalidEmail, "%s is not an e-mail address: %s", quoteShort(display), fmt.Sprintf(format, args...))
	}
	switch {
	case display == "":
		return bad("it is empty")
	case len(display) > 4*MaxEmail:
		return bad("it has %d bytes; at most %d are allowed", len(display), MaxEmail)
	case !utf8.ValidString(display):
		return bad("it is not valid UTF-8")
	}
	local, domain, found := strings.Cut(display, "@")
	switch {
	case !found:
		return bad(`it has no "@"`)
	case strings.Contains(domain, "@"):
		return bad(`it has more than one "@"`)
	}
	localKey, err := foldLocalPart(local, policy)
	if err != nil {
		return bad("%s", err)
	}
	ascii, err := ParseDomain(domain)
	if err != nil {
		return bad("%s", detailOf(err))
	}
	key := localKey + "@" + ascii
	if len(key) > MaxEmail {
		return bad("it has %d bytes; at most %d are allowed", len(key), MaxEmail)
	}
	if InReservedDomain(ascii) {
		return Email{}, Refuse(Invalid, RuleReservedDomain, "%s is in the domain %s, which is reserved for claimed users; use another address",
			quoteShort(display), ReservedDomain)
	}
	return Email{Display: display, Key: EmailKey(key), Domain: ascii}, nil
}

func foldLocalPart(local string, policy EmailPolicy) (string, error) {
	if local == "" {
		return "", fmt.Errorf(`nothing stands before the "@"`)
	}
	var key string
	if isASCII(local) {
		key = Fold(local)
	} else {
		if !policy.NonASCIILocalParts {
			return "", fmt.Errorf(`the part before the "@" has characters beyond ASCII, which this server does not accept`)
		}
		if structure(norm.NFKC.String(local)) != structure(local) {
			return "", fmt.Errorf(`the part before the "@" has characters that stand for "@", "." or another separator`)
		}
		mapped, err := precis.UsernameCaseMapped.String(local)
		if err != nil {
			return "", fmt.Errorf(`the part before the "@" has characters that are not allowed there`)
		}
		key = mapped
	}
	if len(key) > MaxLocalPart {
		return "", fmt.Errorf(`the part before the "@" has %d bytes; at most %d are allowed`, len(key), MaxLocalPart)
	}
	for i, r := range key {
		if r < utf8.RuneSelf && !isAtext(byte(r)) && r != '.' {
			return "", fmt.Errorf(`the character %q at position %d is not allowed before the "@"`, r, i+1)
		}
	}
	if strings.HasPrefix(key, ".") || strings.HasSuffix(key, ".") || strings.Contains(key, "..") {
		return "", fmt.Errorf(`a dot before the "@" must stand between two other characters`)
	}
	return key, nil
}

// registration is IDNA2008 with the mapping of RFC 5895 for what people type (case, width), every label validated.
var registration = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(true),
	idna.ValidateLabels(true), idna.CheckHyphens(false), idna.BidiRule(), idna.VerifyDNSLength(true))

// ParseDomain returns a domain name as A-labels in lower case. It wants at least two labels and no trailing dot.
func ParseDomain(name string) (string, error) {
	bad := func(format string, args ...any) (string, error) {
		return "", Refuse(Invalid, RuleInvalidValue, "%s", fmt.Sprintf(format, args...))
	}
	switch {
	case name == "":
		return bad("the domain is empty")
	case strings.HasPrefix(name, "["):
		return bad("an address literal such as %s is not a domain name", quoteShort(name))
	case strings.HasSuffix(name, "."):
		return bad("the domain %s ends with a dot", quoteShort(name))
	case !strings.Contains(name, "."):
		return bad("the domain %s has one label only; give the full name", quoteShort(name))
	}
	ascii, err := registration.ToASCII(name)
	if err != nil {
		return bad("%s is not a domain name", quoteShort(name))
	}
	if strings.Count(ascii, ".") != strings.Count(name, ".") {
		return bad("the domain %s has characters that stand for a dot", quoteShort(name))
	}
	if last := ascii[strings.LastIndexByte(ascii, '.')+1:]; strings.Trim(last, "0123456789") == "" {
		return bad("the domain %s ends with a number; an IP address is not a domain name", quoteShort(name))
	}
	return ascii, nil
}

// sameAddress reports whether two texts are the same address, in whatever spelling (EML-02).
func sameAddress(a, b string, policy EmailPolicy) bool {
	if a == b {
		return true
	}
	x, err := ParseEmail(a, policy)
	if err != nil {
		return false
	}
	y, err := ParseEmail(b, policy)
	return err == nil && x.Key == y.Key
}

// InReservedDomain reports whether a domain (as A-labels) is [ReservedDomain] or below it.
func InReservedDomain(domain string) bool {
	return within(domain, ReservedDomain)
}

// DomainOf returns the domain of a key.
func (k EmailKey) DomainOf() string {
	return string(k[strings.LastIndexByte(string(k), '@')+1:])
}

func structure(s string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && !isAtext(byte(r)) {
			return r
		}
		return -1
	}, s)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isAtext is RFC 5322 section 3.2.3.
func isAtext(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", b) >= 0
}

func quoteShort(s string) string {
	const most = 80
	if len(s) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return fmt.Sprintf("%q", s)
}

func detailOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Detail
	}
	return err.Error()
}

// within reports whether a domain is another one or below it; both as A-labels.
func within(domain, other string) bool {
	return domain == other || strings.HasSuffix(domain, "."+other)
}
