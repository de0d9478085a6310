package directory_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/photos"
	"rollcall/identity"
)

// picture is a JPEG of so many pixels in each direction.
func picture(side int) string {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, side, side)), nil); err != nil {
		panic(err)
	}
	return b.String()
}

// portrayed is a made-up directory with photos.
type portrayed struct {
	*madeUp
	photos.Album
	pictures map[identity.ObjectID]string
	kept     int // pictures that a plan asked for
}

func (p *portrayed) Snapshot(ctx context.Context, progress directory.Progress) (directory.Snapshot, error) {
	s, err := p.madeUp.Snapshot(ctx, progress)
	s.Photos = true
	for i := range s.Entries {
		e := &s.Entries[i]
		e.Photo = nil
		if content := p.pictures[e.ID]; content != "" {
			photo, problem := photos.Judge([]byte(content), directory.DefaultPhotoBytes)
			e.Photo = &directory.Photo{Photo: photo, Problem: problem}
			if problem == "" {
				p.Keep(e.ID, photo.Digest, []byte(content))
			}
		}
	}
	return s, err
}

func (p *portrayed) PhotoContent(digest string) ([]byte, error) {
	p.kept++
	return p.Album.PhotoContent(digest)
}

func (p *portrayed) Close() error { return p.Album.Close() }

// portrayedWorld is a world whose connector takes photos.
func portrayedWorld(t *testing.T) (*world, *portrayed) {
	w := newWorld(t)
	p := &portrayed{madeUp: w.source, pictures: map[identity.ObjectID]string{}}
	w.syncer = directory.New(w.service, func(context.Context, identity.Connector) (directory.Source, error) { return p, nil })
	require.NoError(t, w.store.Do(t.Context(), identity.Shared(w.org), func(tx identity.Tx) error {
		n, err := tx.Connector(t.Context(), w.org, w.connector)
		if err != nil {
			return err
		}
		n.Settings = json.RawMessage(`{"photos":{}}`)
		return tx.UpdateConnector(t.Context(), n)
	}))
	return w, p
}

// portraits are the photos of the organization by the userName of who has one.
func (w *world) portraits() map[string]string {
	all := map[string]string{}
	for _, a := range w.accounts() {
		content, err := w.store.PhotoContent(w.t.Context(), w.org, a.ID)
		if !identity.IsNotFound(err) {
			require.NoError(w.t, err)
			all[strings.TrimSuffix(a.UserName, "@corp.example")] = string(content)
		}
	}
	return all
}

// photoChanges are the changes of photos in a plan.
func photoChanges(p directory.Plan) []string {
	var list []string
	for _, s := range p.Steps {
		for _, c := range s.Changes {
			if c.Attribute == "photo" {
				list = append(list, fmt.Sprintf("%s %s: %s -> %s", s.Op, strings.TrimSuffix(s.UserName, "@corp.example"), cmp.Or(c.Before, "none"), cmp.Or(c.After, "none")))
			}
		}
	}
	return list
}

func TestDIR08_ThePhotoIsTheDirectorys(t *testing.T) {
	t.Parallel()
	w, p := portrayedWorld(t)
	p.set(append(people(20), entry("ada"), entry("bob"), entry("cy"))...)
	one, two, bad := picture(96), picture(97), "GIF89a"
	p.pictures = map[identity.ObjectID]string{"object-ada": one, "object-bob": one, "object-cy": bad}
	stored, plan := w.plan()
	size := fmt.Sprintf("%d bytes", len(one))
	require.Equal(t, []string{"create ada: none -> JPEG 96x96, " + size, "create bob: none -> JPEG 96x96, " + size}, photoChanges(plan))
	require.Equal(t, 1, plan.Figures.BadPhotos)
	require.Equal(t, 1, p.kept, "the same photo is kept once")
	report := w.apply(stored.ID)
	require.Equal(t, 23, report.Applied[directory.OpCreate])
	require.Equal(t, map[string]string{"ada": one, "bob": one}, w.portraits())
	ada := w.user("ada@corp.example")

	t.Run("a photo that is the same costs nothing", func(t *testing.T) {
		_, plan := w.plan()
		require.Empty(t, plan.Steps)
		require.Equal(t, 1, p.kept)
	})
	t.Run("what waited for the plan is forgotten", func(t *testing.T) {
		_, err := w.store.PlanPhoto(t.Context(), w.org, stored.ID, identity.DigestOf([]byte(one)))
		require.True(t, identity.IsNotFound(err))
	})
	t.Run("another photo, none, and one that cannot be taken", func(t *testing.T) {
		p.pictures = map[identity.ObjectID]string{"object-ada": two, "object-p0000": "<svg/>"}
		_, plan := w.plan()
		require.Equal(t, []string{"update ada: JPEG 96x96, " + size + " -> JPEG 97x97, " + fmt.Sprintf("%d bytes", len(two)), "update bob: JPEG 96x96, " + size + " -> none"},
			photoChanges(plan))
		require.Contains(t, plan.Guard.Budgets, directory.BudgetFigure{What: directory.Blanked, Window: directory.InRun, Count: 1, Limit: 11})
		var text bytes.Buffer
		require.NoError(t, plan.Print(&text))
		require.Contains(t, text.String(), "photo: JPEG 96x96, "+size+" -> (none)")
		require.Contains(t, text.String(), "Photos: 1 people have a photo in the directory that cannot be taken")
		p.pictures["object-ada"] = bad
		p.set(append(people(20), entry("ada", called("Countess")), entry("bob"), entry("cy"))...)
		_, plan = w.plan()
		require.Len(t, plan.Steps, 2)
		require.Equal(t, []string{"The photo is neither JPEG nor PNG. The user's photo stays as it is."}, plan.Steps[0].Notes)
		w.sync()
		require.Equal(t, map[string]string{"ada": one}, w.portraits(), "left as it was")
	})
	t.Run("the event tells which photo it is, and its bytes are nowhere", func(t *testing.T) {
		p.pictures["object-ada"] = two
		w.sync()
		require.Equal(t, map[string]string{"ada": two}, w.portraits())
		events, err := w.store.Events(t.Context(), w.org, identity.EventQuery{Account: ada.ID, Newest: true, Limit: 10})
		require.NoError(t, err)
		require.Equal(t, identity.PhotoChanged, events[0].Kind)
		var told struct{ Photo identity.Photo }
		require.NoError(t, json.Unmarshal(events[0].Evidence, &told))
		require.Equal(t, identity.Photo{Digest: identity.DigestOf([]byte(two)), MediaType: "image/jpeg", Width: 97, Height: 97, Size: len(two)}, told.Photo)
		require.NotContains(t, string(events[0].Evidence), base64.StdEncoding.EncodeToString([]byte(two))[:40])
		require.Greater(t, w.user("ada@corp.example").Version, ada.Version, "its ETag changes")
	})
	t.Run("a run's photos are not taken back, and the plan says so", func(t *testing.T) {
		p.pictures["object-ada"] = one
		run := w.sync()
		_, undo := w.undo(run.Run)
		require.Len(t, undo.Steps, 1)
		require.Equal(t, directory.OpSkip, undo.Steps[0].Op)
		require.Contains(t, undo.Steps[0].Reason, "former photos are not kept")
		p.pictures["object-ada"] = two
		p.set(append(people(20), entry("ada", called("Lady")), entry("bob"), entry("cy"))...)
		run = w.sync()
		stored, undo := w.undo(run.Run)
		require.Contains(t, undo.Steps[0].Notes, "The photo stays as the run left it: former photos are not kept.")
		require.Empty(t, photoChanges(undo))
		w.approved(stored)
		require.Equal(t, map[string]string{"ada": two}, w.portraits())
	})
}

func TestDIR19_PhotosThatVanishFromManyRefuseThePlan(t *testing.T) {
	t.Parallel()
	w, p := portrayedWorld(t)
	p.set(people(60)...)
	for i := range 30 {
		p.pictures[identity.ObjectID(fmt.Sprintf("object-p%04d", i))] = picture(i + 1)
	}
	w.sync()
	require.Len(t, w.portraits(), 30)
	clear(p.pictures)
	_, plan := w.plan()
	require.Contains(t, plan.Refused, "The attribute photo vanished from 30 of 60 people")
}

func TestAPhotoThatIsNotKeptAnyMoreFailsItsStepAlone(t *testing.T) {
	t.Parallel()
	w, p := portrayedWorld(t)
	p.set(entry("ada"), entry("bob"))
	p.pictures["object-ada"] = picture(96)
	stored, _ := w.plan()
	require.NoError(t, w.store.Do(t.Context(), identity.Shared(w.org), func(tx identity.Tx) error {
		return tx.DropPlanPhotos(t.Context(), w.org, stored.ID)
	}))
	report := w.apply(stored.ID)
	require.Equal(t, 1, report.Failed)
	require.Equal(t, directory.RulePlanDamaged, report.Items[0].Code)
	require.Equal(t, []identity.ObjectID{"object-ada"}, report.Again)
	w.sync()
	require.Equal(t, map[string]string{"ada": picture(96)}, w.portraits())
}

func TestPhotosThatAreSwitchedOffStayAsTheyAre(t *testing.T) {
	t.Parallel()
	w, p := portrayedWorld(t)
	p.set(entry("ada"), entry("bob"))
	p.pictures["object-ada"] = picture(96)
	w.sync()
	w.syncer = w.syncerOver(w.store)
	_, plan := w.plan()
	require.Empty(t, plan.Steps)
	require.Len(t, w.portraits(), 1)
}
