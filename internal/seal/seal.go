// Package seal keeps secrets so that a copy of the store opens nothing.
//
// Its one idea: what is sealed says by which key, and opens only for what it was sealed for. The keys are in a file beside the store,
// never in it. The first key seals and all of them open, so that a new key can be put before the old one without anything coming to a stop.
//
// It must not know what the secrets are for.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"rollcall/identity"
)

// The codes that this package refuses with.
const (
	RuleNoKey      identity.Rule = "SECRET_KEY_NEEDED"
	RuleUnknownKey identity.Rule = "SECRET_KEY_UNKNOWN"
	RuleDamaged    identity.Rule = "SECRET_DAMAGED"
)

// keySize is that of AES-256.
const keySize = 32

// version begins everything that is sealed this way: AES-256 in Galois/Counter Mode with a random nonce (NIST SP 800-38D).
const version = "1"

// Keys seal and open. A nil *Keys has none, and refuses both.
type Keys struct {
	all []key // the first one seals
}

type key struct {
	id   string
	aead cipher.AEAD
}

func newKey(raw []byte) (key, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return key{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return key{id: idOf(raw), aead: aead}, err
}

// idOf names a key by a checksum of it, so that no name can stand beside the wrong key. It tells nothing about the key.
func idOf(raw []byte) string {
	sum := sha256.Sum256(append([]byte("rollcall secret key\x00"), raw...))
	return hex.EncodeToString(sum[:4])
}

// IDs names the keys; the first one seals.
func (k *Keys) IDs() []string {
	if k == nil {
		return nil
	}
	ids := make([]string, len(k.all))
	for i, one := range k.all {
		ids[i] = one.id
	}
	return ids
}

// Seal seals a secret for what belongs to it: only the same words in the same order open it again.
func (k *Keys) Seal(secret string, belongsTo ...string) (string, error) {
	if k == nil || len(k.all) == 0 {
		return "", refuse(RuleNoKey, "Have whoever runs the server set --secret-key-file.", "there is no key to keep the secret with; whoever runs "+
			"the server makes one with rollcall key create FILE and names the file with --secret-key-file")
	}
	first := k.all[0]
	text := first.aead.Seal(nil, nil, []byte(secret), bound(first.id, belongsTo))
	return strings.Join([]string{version, first.id, base64.RawURLEncoding.EncodeToString(text)}, "."), nil
}

// Open returns what was sealed for the same words.
func (k *Keys) Open(sealed string, belongsTo ...string) (string, error) {
	id, text, err := parts(sealed)
	if err != nil {
		return "", err
	}
	if k == nil || len(k.all) == 0 {
		return "", refuse(RuleNoKey, "Have whoever runs the server set --secret-key-file.", "the secret is sealed with the key %s, and the program has "+
			"no keys; name the file that has it with --secret-key-file", id)
	}
	for _, one := range k.all {
		if one.id != id {
			continue
		}
		secret, err := one.aead.Open(nil, nil, text, bound(id, belongsTo))
		if err != nil {
			return "", damaged()
		}
		return string(secret), nil
	}
	return "", refuse(RuleUnknownKey, "Put the key back into the file, or give the secret again.", "the secret is sealed with the key %s, which is not "+
		"in the file of --secret-key-file (there: %s)", id, strings.Join(k.IDs(), ", "))
}

// Current reports whether something is sealed with the key that seals now.
func (k *Keys) Current(sealed string) bool {
	id, _, err := parts(sealed)
	return err == nil && k != nil && len(k.all) > 0 && k.all[0].id == id
}

// KeyOf names the key that something is sealed with; empty if it cannot be told.
func KeyOf(sealed string) string {
	id, _, err := parts(sealed)
	if err != nil {
		return ""
	}
	return id
}

// parts takes apart what was sealed.
func parts(sealed string) (id string, text []byte, err error) {
	fields := strings.Split(sealed, ".")
	if len(fields) != 3 || fields[0] != version {
		return "", nil, damaged()
	}
	if text, err = base64.RawURLEncoding.DecodeString(fields[2]); err != nil {
		return "", nil, damaged()
	}
	return fields[1], text, nil
}

func damaged() error {
	return refuse(RuleDamaged, "Give the secret again.", "the sealed secret is damaged or belongs to something else")
}

// refuse says what is wrong with a key or a secret: nothing that the caller could put right in the call.
func refuse(rule identity.Rule, remedy, format string, args ...any) error {
	e := identity.Refuse(identity.Unavailable, rule, format, args...)
	e.Ways = []identity.Remedy{{Text: remedy}}
	return e
}

// bound is what a secret is tied to. Lengths keep two lists of words from being spelt the same.
func bound(id string, words []string) []byte {
	b := fmt.Appendf(nil, "rollcall seal %s %s\x00", version, id)
	for _, word := range words {
		b = binary.BigEndian.AppendUint64(b, uint64(len(word)))
		b = append(b, word...)
	}
	return b
}
