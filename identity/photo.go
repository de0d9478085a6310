package identity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// MaxPhotoBytes is how large a photo may be at most, whatever a connector allows.
const MaxPhotoBytes = 1 << 20

// Photo tells of a user's photo what can be said without its bytes.
type Photo struct {
	Digest    string `json:"digest"`    // SHA-256 of the bytes, in hexadecimal; empty: there is no photo
	MediaType string `json:"mediaType"` // image/jpeg or image/png
	Width     int    `json:"width"`
	Height    int    `json:"height"`
	Size      int    `json:"size"` // in bytes
}

// String says what people see in a plan: "JPEG 96x96, 4 KiB"; nothing if there is no photo.
func (p Photo) String() string {
	if p.Digest == "" {
		return ""
	}
	name, size := strings.ToUpper(strings.TrimPrefix(p.MediaType, "image/")), fmt.Sprintf("%d bytes", p.Size)
	if p.Size >= 1<<10 {
		size = fmt.Sprintf("%d KiB", (p.Size+1<<10-1)>>10)
	}
	return fmt.Sprintf("%s %dx%d, %s", name, p.Width, p.Height, size)
}

// DigestOf is how a photo's bytes are known.
func DigestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// AccountPhoto is the photo of an account, with the entry that the account is linked to, if any.
type AccountPhoto struct {
	Account AccountID
	Photo
	UpdatedAt time.Time
	Connector ConnectorID
	Object    ObjectID
}

// PlanPhoto is a photo that waits for its plan to be applied. The plan tells only its digest.
type PlanPhoto struct {
	Org       OrgID
	Connector ConnectorID
	Plan      PlanID
	Digest    string
	StagedAt  time.Time
}

// PhotoReader reads photos. Bytes are read one photo at a time.
type PhotoReader interface {
	// Photos lists what there is of an organization's accounts, in the order of their ids, at most limit beyond the given one.
	Photos(ctx context.Context, org OrgID, after AccountID, limit int) ([]AccountPhoto, error)
	// PhotosOf lists the photos of some accounts, in any order. Whoever has none is not among them.
	PhotosOf(ctx context.Context, org OrgID, accounts []AccountID) ([]AccountPhoto, error)
	// PhotoContent returns the bytes of an account's photo.
	PhotoContent(ctx context.Context, org OrgID, account AccountID) ([]byte, error)
	// PlanPhoto returns the bytes of a photo that waits for its plan.
	PlanPhoto(ctx context.Context, org OrgID, plan PlanID, digest string) ([]byte, error)
}

// PhotoTx writes photos.
type PhotoTx interface {
	// PutPhoto writes an account's photo in place of the one before; the entry in it is not written.
	PutPhoto(ctx context.Context, org OrgID, p AccountPhoto, content []byte) error
	DeletePhoto(ctx context.Context, org OrgID, account AccountID) error
	// StagePhoto keeps a photo for a plan that need not be there yet. The same photo twice is one.
	StagePhoto(ctx context.Context, p PlanPhoto, content []byte) error
	// DropPlanPhotos forgets the photos that wait for a plan.
	DropPlanPhotos(ctx context.Context, org OrgID, plan PlanID) error
	// DropStrayPhotos is crossing: it forgets photos that were staged at or before an instant for a plan that was never stored, or whose
	// steps are not kept any more.
	DropStrayPhotos(ctx context.Context, staged time.Time) error
}

// SetPhoto makes the photo of an account what its directory says; without a digest the account has none from then on. A photo that is the
// same is not written. The event tells which photo it is, and the bytes are nowhere but with the account. It is for connectors only.
func (c *Acts) SetPhoto(ctx context.Context, id AccountID, p Photo, content []byte, evidence json.RawMessage) error {
	a, err := c.load(ctx, id, nil)
	if err != nil {
		return err
	}
	if err := c.mayTouch(a); err != nil {
		return err
	}
	before, err := c.tx.PhotosOf(ctx, a.Org, []AccountID{a.ID})
	if err != nil {
		return err
	}
	switch {
	case len(before) == 0 && p.Digest == "", len(before) > 0 && before[0].Digest == p.Digest:
		return nil
	case p.Digest == "":
		err = c.tx.DeletePhoto(ctx, a.Org, a.ID)
	case len(content) > MaxPhotoBytes || len(content) != p.Size || DigestOf(content) != p.Digest:
		err = Refuse(Invalid, RuleInvalidValue, "the bytes of the photo are not those that were announced, or more than %d", MaxPhotoBytes).At("photo")
	default:
		err = c.tx.PutPhoto(ctx, a.Org, AccountPhoto{Account: a.ID, Photo: p, UpdatedAt: c.now}, content)
	}
	if err != nil {
		return err
	}
	e := a.event(PhotoChanged, "", c.now)
	if e.Evidence = evidence; evidence == nil {
		if e.Evidence, err = json.Marshal(map[string]any{"photo": p}); err != nil {
			return err
		}
	}
	if _, err := c.record(ctx, e); err != nil {
		return err
	}
	a.UpdatedAt = c.now
	return c.tx.UpdateAccount(ctx, a, nil)
}
