package directory

import (
	"context"
	"encoding/json"
	"fmt"

	"rollcall/identity"
)

// PhotoSettings say that photos are taken from a directory. Without them none are, and those there are stay. They stand in a connector's
// settings under the key "photos".
type PhotoSettings struct {
	Attributes []string `json:"attributes,omitempty" nullable:"false" maxItems:"4" doc:"The photo is that of the first one that has a photo that can be taken; default: thumbnailPhoto for ad, jpegPhoto for openldap"`
	MaxBytes   int      `json:"maxBytes,omitempty" minimum:"1024" maximum:"1048576" doc:"Larger photos are not taken; default: 102400"`
}

const (
	// DefaultPhotoBytes is how large a photo may be unless the settings say otherwise. It is what AD allows for thumbnailPhoto.
	DefaultPhotoBytes  = 100 << 10
	leastPhotoBytes    = 1 << 10
	maxPhotoAttributes = 4
)

// WithDefaults returns the settings filled in, given the attribute that holds photos in this kind of directory.
func (s PhotoSettings) WithDefaults(attribute string) PhotoSettings {
	if len(s.Attributes) == 0 {
		s.Attributes = []string{attribute}
	}
	if s.MaxBytes == 0 {
		s.MaxBytes = DefaultPhotoBytes
	}
	return s
}

// Validate refuses limits that cannot be meant. What only a kind of directory can judge, its package does.
func (s PhotoSettings) Validate() error {
	if s.MaxBytes != 0 && (s.MaxBytes < leastPhotoBytes || s.MaxBytes > identity.MaxPhotoBytes) {
		return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "photos.maxBytes is %d; use %d to %d, or leave it out for %d",
			s.MaxBytes, leastPhotoBytes, identity.MaxPhotoBytes, DefaultPhotoBytes).At("photos.maxBytes")
	}
	if len(s.Attributes) > maxPhotoAttributes {
		return identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "photos.attributes names %d attributes; name at most %d",
			len(s.Attributes), maxPhotoAttributes).At("photos.attributes")
	}
	return nil
}

// takesPhotos reads from a connector's settings whether photos are taken.
func takesPhotos(settings json.RawMessage) (bool, error) {
	var v struct{ Photos *PhotoSettings }
	if len(settings) > 0 {
		if err := json.Unmarshal(settings, &v); err != nil {
			return false, identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "photos is not an object of settings").At("settings")
		}
	}
	return v.Photos != nil, nil
}

// Photo is what a directory has for a person's photo.
type Photo struct {
	identity.Photo
	Problem string // why it cannot be taken, as a sentence; the person's photo stays as it is
}

// PhotoSource is a Source that keeps the photos of its readings until it is closed.
type PhotoSource interface {
	Source
	// KnowPhotos tells which photo each entry is known to have. What is the same need not be kept.
	KnowPhotos(digests map[identity.ObjectID]string)
	// PhotoContent returns the bytes of a photo.
	PhotoContent(digest string) ([]byte, error)
}

// photoAttribute names the photo in a change.
const photoAttribute = "photo"

// loadPhotos loads which photos there are, of everybody or, for a reading of changes, of the accounts that it concerns.
func (s *Syncer) loadPhotos(ctx context.Context, source Source, in *Input) error {
	takes, err := takesPhotos(in.Connector.Settings)
	if err != nil || !takes {
		return err
	}
	in.Photos = map[identity.AccountID]identity.Photo{}
	known := map[identity.ObjectID]string{}
	add := func(list []identity.AccountPhoto) {
		for _, p := range list {
			in.Photos[p.Account] = p.Photo
			if p.Connector == in.Connector.ID {
				known[p.Object] = p.Digest
			}
		}
	}
	read := s.service.Reader()
	if !in.full() {
		ids := make([]identity.AccountID, in.Accounts.Len())
		for i := range ids {
			ids[i] = in.Accounts.id(i)
		}
		some, err := read.PhotosOf(ctx, in.Org.ID, ids)
		add(some)
		return err
	}
	for after, more := identity.AccountID(""), true; more; {
		page, err := read.Photos(ctx, in.Org.ID, after, accountsPerPage)
		if err != nil {
			return err
		}
		if add(page); len(page) > 0 {
			after = page[len(page)-1].Account
		}
		more = len(page) == accountsPerPage
	}
	if from, ok := source.(PhotoSource); ok {
		from.KnowPhotos(known)
	}
	return nil
}

// notePhoto notes how the photo changes.
func (s *survey) notePhoto(v *view, account identity.AccountID) {
	v.photo = nil
	if !s.Snapshot.Photos || v.entry.badPhoto() != "" {
		return
	}
	before := s.Photos[account]
	var after identity.Photo
	if v.entry.Photo != nil {
		after = v.entry.Photo.Photo
	}
	if before.Digest == after.Digest {
		return
	}
	v.photo = &after
	c := Change{Attribute: photoAttribute, Before: before.String(), After: after.String()}
	if c.Before == c.After { // another picture of the same size
		c.Before, c.After = c.Before+" ("+before.Digest[:8]+")", c.After+" ("+after.Digest[:8]+")"
	}
	v.changes = append(v.changes, c)
}

// badPhoto says why the entry's photo cannot be taken; empty if it can, or if there is none.
func (e *Entry) badPhoto() string {
	if e.Photo == nil {
		return ""
	}
	return e.Photo.Problem
}

func noteBadPhoto(problem string) string {
	return problem + " The user's photo stays as it is."
}

// photoBatch is how many bytes of photos are staged in one transaction.
const photoBatch = 4 << 20

// staging are the photos that the steps of a plan are about, with their sizes.
type staging map[string]int

// watching is put, with a look at the photos of what is put.
func (w staging) watching(put func(Step)) func(Step) {
	return func(step Step) {
		if step.Photo != nil && step.Photo.Digest != "" {
			w[step.Photo.Digest] = step.Photo.Size
		}
		put(step)
	}
}

// stagePhotos keeps the photos that a plan is about until it is applied, under the id that the plan has to be stored with; none if there are no
// photos.
func (s *Syncer) stagePhotos(ctx context.Context, source Source, in Input, wanted staging, progress Progress) (identity.PlanID, error) {
	from, ok := source.(PhotoSource)
	if !ok || len(wanted) == 0 {
		return "", nil
	}
	id, staged := identity.PlanID(s.service.NewID()), map[string]bool{}
	for len(staged) < len(wanted) {
		progress.tell("keeping photos", len(staged), len(wanted))
		batch, size := map[string][]byte{}, 0
		for digest, bytes := range wanted {
			if staged[digest] || size+bytes > photoBatch && size > 0 {
				continue
			}
			content, err := from.PhotoContent(digest)
			if err != nil {
				return "", err
			}
			batch[digest], staged[digest] = content, true
			if size += bytes; size >= photoBatch {
				break
			}
		}
		err := s.service.Transact(ctx, in.Org.ID, actorOf(in.Connector), func(c *identity.Acts) error {
			for digest, content := range batch {
				photo := identity.PlanPhoto{Org: in.Org.ID, Connector: in.Connector.ID, Plan: id, Digest: digest, StagedAt: c.Now()}
				if err := c.Tx().StagePhoto(ctx, photo, content); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return "", err
		}
	}
	return id, nil
}

// setPhoto writes the photo of a step, if it has one to write.
func (a *application) setPhoto(ctx context.Context, c *identity.Acts, account identity.AccountID, s Step, evidence json.RawMessage) error {
	if s.Photo == nil {
		return nil
	}
	var content []byte
	if s.Photo.Digest != "" {
		var err error
		content, err = c.Tx().PlanPhoto(ctx, a.plan.Org, a.plan.ID, s.Photo.Digest)
		if identity.IsNotFound(err) {
			return identity.Refuse(identity.Conflict, RulePlanDamaged, "the photo that the plan shows is not kept any more; the next synchronization takes it")
		}
		if err != nil {
			return err
		}
	}
	return c.SetPhoto(ctx, account, *s.Photo, content, evidence)
}

// photoWeight is how much of a transaction the photo of a step takes, in steps without one.
func (s Step) photoWeight() int {
	if s.Photo == nil {
		return 0
	}
	return s.Photo.Size / (16 << 10)
}

// onlyPhoto reports whether a step changes nothing but the photo.
func (s Step) onlyPhoto() bool {
	return s.Photo != nil && len(s.Changes) == 1 && s.Changes[0].Attribute == photoAttribute
}

const (
	reasonUndoPhoto = "The run changed only the user's photo, and former photos are not kept. The next synchronization takes the directory's."
	noteUndoPhoto   = "The photo stays as the run left it: former photos are not kept."
)

// photos says how many photos could not be taken.
func (f Figures) photos() string {
	if f.BadPhotos == 0 {
		return ""
	}
	return fmt.Sprintf("Photos: %d people have a photo in the directory that cannot be taken, and keep the one they have here, if any. "+
		"Photos are JPEG or PNG within the connector's limits (rollcall connector preview shows why).\n", f.BadPhotos)
}
