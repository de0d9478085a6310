package identity

import (
	"context"
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
	Profile   string    `json:"profile"`      // the provider's dialect; the provisioning surface knows which there are
	Me        AccountID `json:"me,omitempty"` // the account that the bearer stands for; empty: none
	Hash      string    `json:"-"`            // see HashSecret
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
	RoleDevice   Role = "device"
)

// Roles lists the roles; one that may do all that another may stands before it.
var Roles = []Role{RoleFull, RoleUser, RoleGroup, RoleReadOnly, RoleDevice}

// Grant gives a person a role in an organization. The person is who an issuer says: (issuer, subject), never an e-mail
// (ROL-04).
type Grant struct {
	Org       OrgID     `json:"org"`
	Issuer    string    `json:"issuer"`
	Subject   string    `json:"subject"`
	Role      Role      `json:"role"`
	CreatedAt time.Time `json:"createdAt"`
}

// Binding ties a person whom an issuer knows to the one account that is theirs (ROL-04). An account can have several, one for
// each issuer through which its owner signs in.
type Binding struct {
	Issuer    string    `json:"issuer"`
	Subject   string    `json:"subject"`
	Org       OrgID     `json:"org"`
	Account   AccountID `json:"account"`
	CreatedAt time.Time `json:"createdAt"`
}

// Relationship lets the administrators of one organization work in another (BEHAVIOUR 11, partners). Role is the most that
// they may be there.
type Relationship struct {
	Managing  OrgID     `json:"managing"`
	Managed   OrgID     `json:"managed"`
	Role      Role      `json:"role"`
	CreatedAt time.Time `json:"createdAt"`
}

// IdentityProvider is an OpenID Connect issuer that an organization registered as its own. It speaks only for people of that
// organization whose addresses are in its verified domains. An active one makes the organization one with single sign-on.
type IdentityProvider struct { //nolint:revive // the field's term; a provider alone is whoever provisions
	Org       OrgID     `json:"org"`
	Issuer    string    `json:"issuer"`            // exactly as in "iss"; one organization only has it
	Audience  string    `json:"audience"`          // what its tokens for this server have in "aud"
	Clients   string    `json:"clients,omitempty"` // the values of "azp" that are accepted, separated by blanks; empty: any
	Active    bool      `json:"active"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// AccessReader reads who may do what. It is part of [Reader].
type AccessReader interface {
	// TokenByHash is crossing: a bearer token says which organization it is for.
	TokenByHash(ctx context.Context, hash string) (Token, error)
	Tokens(ctx context.Context, org OrgID) ([]Token, error)
	// GrantsOf is crossing: what a person may do, in all organizations.
	GrantsOf(ctx context.Context, issuer, subject string) ([]Grant, error)
	Grants(ctx context.Context, org OrgID) ([]Grant, error)
	// Binding is crossing: whose account a person's is, in whatever organization.
	Binding(ctx context.Context, issuer, subject string) (Binding, error)
	BindingsOf(ctx context.Context, org OrgID, account AccountID) ([]Binding, error)
	// FullAdministrators lists the organization's own accounts to whom somebody with the role full in it is bound, once for each such person.
	FullAdministrators(ctx context.Context, org OrgID) ([]AccountID, error)
	// ManagedBy lists the organizations that manage one, in the order of their ids.
	ManagedBy(ctx context.Context, managed OrgID) ([]Relationship, error)
	// Manages lists the organizations that one manages, in the order of their ids.
	Manages(ctx context.Context, managing OrgID) ([]Relationship, error)
	IdentityProviders(ctx context.Context, org OrgID) ([]IdentityProvider, error)
	// IdentityProviderOf is crossing: a token names its issuer, and that says whose people it speaks for.
	IdentityProviderOf(ctx context.Context, issuer string) (IdentityProvider, error)
}

// AccessTx writes who may do what. It is part of [Tx].
type AccessTx interface {
	InsertToken(ctx context.Context, t Token) error
	RevokeToken(ctx context.Context, org OrgID, id TokenID, at time.Time) error
	// PutGrant stores a grant or replaces the role of the same issuer, subject and organization.
	PutGrant(ctx context.Context, g Grant) error
	DeleteGrant(ctx context.Context, org OrgID, issuer, subject string) error
	// InsertBinding refuses a person who is bound already with Conflict and ALREADY_BOUND. Bindings go with their account.
	InsertBinding(ctx context.Context, b Binding) error
	// DeleteBinding frees a person from an account of the organization.
	DeleteBinding(ctx context.Context, org OrgID, issuer, subject string) error
	// PutRelationship stores a relationship or replaces its role.
	PutRelationship(ctx context.Context, r Relationship) error
	DeleteRelationship(ctx context.Context, managing, managed OrgID) error
	// PutIdentityProvider stores a provider or replaces the settings of one that the same organization has. An issuer that
	// another organization registered is Conflict and ISSUER_TAKEN.
	PutIdentityProvider(ctx context.Context, p IdentityProvider) error
	DeleteIdentityProvider(ctx context.Context, org OrgID, issuer string) error
}
