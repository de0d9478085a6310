package identity_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestAPhotoIsWrittenIfItIsAnother(t *testing.T) {
	w := newWorld(t)
	org := w.org("Corp")
	a := w.synchronized(org, "ada@corp.example", false)
	of := func(content string) identity.Photo {
		return identity.Photo{Digest: identity.DigestOf([]byte(content)), MediaType: "image/png", Width: 1, Height: 1, Size: len(content)}
	}
	set := func(by identity.Actor, p identity.Photo, content string) error {
		return w.Transact(w.ctx, org, by, func(c *identity.Acts) error { return c.SetPhoto(w.ctx, a.ID, p, []byte(content), nil) })
	}
	w.set(org, func(o *identity.Organization) { o.SyncMode = identity.SyncManual })
	version := func() int64 { return w.account(a).Version }
	for _, c := range []struct {
		name    string
		by      identity.Actor
		photo   identity.Photo
		content string
		rule    identity.Rule
		writes  bool
	}{
		{"none where there is none", connector, identity.Photo{}, "", "", false},
		{"by an administrator, while the directory owns the user", admin, of("one"), "one", identity.RuleManagedByDirectory, false},
		{"other bytes than announced", connector, of("one"), "two", identity.RuleInvalidValue, false},
		{"as large as can be", connector, of(string(make([]byte, identity.MaxPhotoBytes))), string(make([]byte, identity.MaxPhotoBytes)), "", true},
		{"a byte larger", connector, of(string(make([]byte, identity.MaxPhotoBytes+1))), string(make([]byte, identity.MaxPhotoBytes+1)), identity.RuleInvalidValue, false},
		{"the first", connector, of("one"), "one", "", true},
		{"the same", connector, of("one"), "one", "", false},
		{"another", connector, of("two"), "two", "", true},
		{"none", connector, identity.Photo{}, "", "", true},
		{"none again", connector, identity.Photo{}, "", "", false},
	} {
		before, told := version(), len(w.events(a))
		err := set(c.by, c.photo, c.content)
		if c.rule != "" {
			refusedWith(t, err, c.rule)
		} else {
			require.NoError(t, err, c.name)
		}
		require.Equal(t, c.writes, version() > before, c.name)
		if !c.writes {
			continue
		}
		kinds := w.events(a)
		require.Len(t, kinds, told+1, c.name)
		require.Contains(t, kinds, identity.PhotoChanged)
		events, err := w.Reader().Events(w.ctx, org, identity.EventQuery{Account: a.ID, Newest: true, Limit: 1})
		require.NoError(t, err)
		var evidence struct{ Photo identity.Photo }
		require.NoError(t, json.Unmarshal(events[0].Evidence, &evidence))
		require.Equal(t, c.photo, evidence.Photo, "which photo it is, and nothing else")
	}
}

func TestCLM22_APhotoDoesNotTravelWithAClaim(t *testing.T) {
	w := newWorld(t)
	old, _ := w.personal("ada@corp.example")
	org := w.claimant("Corp", "corp.example")
	content := []byte("photo")
	p := identity.AccountPhoto{Account: old.ID, UpdatedAt: w.Now(), Photo: identity.Photo{Digest: identity.DigestOf(content), MediaType: "image/png", Width: 1, Height: 1, Size: len(content)}}
	require.NoError(t, w.under.Do(w.ctx, identity.Shared(old.Org), func(tx identity.Tx) error { return tx.PutPhoto(w.ctx, old.Org, p, content) }))
	_, a := w.claimed(org, "ada@corp.example", identity.ClaimDeferred)
	photos, err := w.Reader().PhotosOf(w.ctx, org, []identity.AccountID{a.ID, old.ID})
	require.NoError(t, err)
	require.Empty(t, photos)
	photos, err = w.Reader().PhotosOf(w.ctx, old.Org, []identity.AccountID{old.ID})
	require.NoError(t, err)
	require.Len(t, photos, 1, "the old account keeps it for as long as it is there")
}
