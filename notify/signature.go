package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
)

// How Standard Webhooks writes a secret: the prefix, then 24 to 64 bytes in base64.
const (
	secretPrefix = "whsec_"
	leastSecret  = 24
	mostSecret   = 64
)

// secret is what a receiver knows work orders by.
type secret []byte

// readSecrets reads the file with the secrets, one in a line. While a secret is being replaced there are two, and receivers accept
// an order when one of its signatures is good. Nothing of the file is in an error.
func readSecrets(file string) ([]secret, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the secret for work orders cannot be read: %w", err)
	}
	var secrets []secret
	n := 0
	for line := range strings.Lines(string(raw)) {
		n++
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		s, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(line, secretPrefix))
		if err != nil || len(s) < leastSecret || len(s) > mostSecret {
			return nil, fmt.Errorf("line %d of %s is no secret for work orders; write %s and %d to %d random bytes in base64, such as openssl rand -base64 32 makes",
				n, file, secretPrefix, leastSecret, mostSecret)
		}
		secrets = append(secrets, s)
	}
	if len(secrets) == 0 {
		return nil, fmt.Errorf("the file %s with the secret for work orders is empty", file)
	}
	return secrets, nil
}

// signatures signs with every secret.
func signatures(secrets []secret, id, timestamp string, body []byte) string {
	all := make([]string, len(secrets))
	for i, s := range secrets {
		sum := hmac.New(sha256.New, s)
		fmt.Fprintf(sum, "%s.%s.%s", id, timestamp, body)
		all[i] = "v1," + base64.StdEncoding.EncodeToString(sum.Sum(nil))
	}
	return strings.Join(all, " ")
}
