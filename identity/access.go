package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// TokenPrefix begins every bearer token, so that people and scanners know one when they see it.
const TokenPrefix = "rollcall_"

// Token lets an identity provider act in one organization. The secret is shown once; only its hash is kept.
type Token struct {
	ID        TokenID   `json:"id"`
	Org       OrgID     `json:"org"`
	Name      string    `json:"name"`
	Profile   string    `json:"profile"` // the provider's dialect; the provisioning surface knows which there are
	Hash      string    `json:"-"`       // see HashSecret
	CreatedAt time.Time `json:"createdAt"`
	RevokedAt time.Time `json:"revokedAt,omitzero"`
}

// HashSecret returns the SHA-256 of a secret in hexadecimal. Secrets are random and long, so a plain hash is enough.
func HashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Role is what an administrator may do (BEHAVIOUR 11).
type Role string

// The roles.
const (
	RoleFull     Role = "full"
	RoleUser     Role = "user"
	RoleGroup    Role = "group"
	RoleReadOnly Role = "readonly"
)

// Roles lists the roles.
var Roles = []Role{RoleFull, RoleUser, RoleGroup, RoleReadOnly}

// Grant gives a person a role in an organization. The person is who an issuer says: (issuer, subject), never an e-mail
// (ROL-04).
type Grant struct {
	Org       OrgID     `json:"org"`
	Issuer    string    `json:"issuer"`
	Subject   string    `json:"subject"`
	Role      Role      `json:"role"`
	CreatedAt time.Time `json:"createdAt"`
}
