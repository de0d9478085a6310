package mapping_test

import (
	"bytes"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/mapping"
	"rollcall/directory/photos"
	"rollcall/identity"
)

// picture is a PNG of so many pixels in each direction.
func picture(t testing.TB, side int) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))))
	return b.String()
}

func photoMapper(s directory.PhotoSettings, album *photos.Album) *mapping.Mapper {
	m := mapping.New(mapping.OpenLDAP, mapping.Defaults(mapping.OpenLDAP), 2<<10)
	s = s.WithDefaults(mapping.PhotoAttributes[mapping.OpenLDAP])
	m.TakePhotos(&s, album)
	return m
}

func TestTheAttributeOfPhotosIsAskedForOnlyIfTheyAreTaken(t *testing.T) {
	m := mapping.New(mapping.AD, mapping.Defaults(mapping.AD), 1<<20)
	m.TakePhotos(nil, nil)
	require.NotContains(t, m.Wanted(), "thumbnailPhoto")
	require.False(t, m.TakesPhotos())
	m.TakePhotos(&directory.PhotoSettings{Attributes: []string{"thumbnailPhoto", "TITLE"}}, nil)
	require.Contains(t, m.Wanted(), "thumbnailPhoto")
	require.NotContains(t, m.Wanted(), "TITLE", "it is asked for already")
	require.True(t, m.TakesPhotos())
	require.NotContains(t, m.Owns(), "thumbnailPhoto")
}

func TestThePhotoOfAnEntry(t *testing.T) {
	small, other, wide := picture(t, 8), picture(t, 9), picture(t, 4097)
	large := small + strings.Repeat("\x00", 4<<10)
	two := []string{small, other}
	slices.SortFunc(two, func(a, b string) int {
		return strings.Compare(identity.DigestOf([]byte(a)), identity.DigestOf([]byte(b)))
	})
	both := []string{"jpegPhoto", "thumbnailPhoto"}
	for name, c := range map[string]struct {
		values   values
		settings directory.PhotoSettings
		want     string
		problem  string
	}{
		"none":                          {nil, directory.PhotoSettings{}, "", ""},
		"an empty value":                {values{"jpegPhoto": {""}}, directory.PhotoSettings{}, "", ""},
		"one":                           {values{"jpegPhoto": {small}}, directory.PhotoSettings{}, small, ""},
		"one in another case":           {values{"JPEGPHOTO": {small}}, directory.PhotoSettings{}, small, ""},
		"one that nobody asked for":     {values{"thumbnailPhoto": {small}}, directory.PhotoSettings{}, "", ""},
		"one in the second attribute":   {values{"thumbnailPhoto": {small}}, directory.PhotoSettings{Attributes: both}, small, ""},
		"one in each":                   {values{"thumbnailPhoto": {small}, "jpegPhoto": {other}}, directory.PhotoSettings{Attributes: both}, other, ""},
		"a bad one in the first":        {values{"thumbnailPhoto": {small}, "jpegPhoto": {"GIF89a"}}, directory.PhotoSettings{Attributes: both}, small, ""},
		"several":                       {values{"jpegPhoto": two}, directory.PhotoSettings{}, two[0], ""},
		"several in another order":      {values{"jpegPhoto": {two[1], two[0]}}, directory.PhotoSettings{}, two[0], ""},
		"a bad one beside":              {values{"jpegPhoto": {"GIF89a", small}}, directory.PhotoSettings{}, small, ""},
		"not a picture":                 {values{"jpegPhoto": {"GIF89a"}}, directory.PhotoSettings{}, "", "neither JPEG nor PNG (attribute jpegPhoto)."},
		"too many pixels":               {values{"jpegPhoto": {wide}}, directory.PhotoSettings{}, "", "4097 times 4097 pixels"},
		"larger than an entry may be":   {values{"jpegPhoto": {large}}, directory.PhotoSettings{}, large, ""},
		"as large as is allowed":        {values{"jpegPhoto": {large}}, directory.PhotoSettings{MaxBytes: len(large)}, large, ""},
		"a byte larger than is allowed": {values{"jpegPhoto": {large}}, directory.PhotoSettings{MaxBytes: len(large) - 1}, "", "by its setting photos.maxBytes (attribute jpegPhoto)."},
	} {
		t.Run(name, func(t *testing.T) {
			var album photos.Album
			defer album.Close()
			m := photoMapper(c.settings, &album)
			e, drop, gap := m.Entry(raw(c.values))
			require.False(t, drop)
			require.Empty(t, gap)
			require.Empty(t, e.Problem, "a photo loses nobody")
			made := attribute(t, m.Preview(raw(c.values)), "photo")
			require.Equal(t, c.want != "", len(made.Values) > 0)
			switch {
			case c.problem != "":
				require.Contains(t, e.Photo.Problem, c.problem)
				require.Empty(t, e.Photo.Digest)
				require.Contains(t, made.Problem, c.problem)
			case c.want == "":
				require.Nil(t, e.Photo)
			default:
				require.Equal(t, identity.DigestOf([]byte(c.want)), e.Photo.Digest)
				content, err := album.PhotoContent(e.Photo.Digest)
				require.NoError(t, err)
				require.Equal(t, c.want, string(content), "untouched")
			}
		})
	}
}

func TestSettingsOfPhotosSayWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		settings *directory.PhotoSettings
		field    string
	}{
		"none":                 {nil, ""},
		"by default":           {&directory.PhotoSettings{}, ""},
		"the smallest limit":   {&directory.PhotoSettings{MaxBytes: 1024}, ""},
		"a byte less":          {&directory.PhotoSettings{MaxBytes: 1023}, "photos.maxBytes"},
		"a negative limit":     {&directory.PhotoSettings{MaxBytes: -1}, "photos.maxBytes"},
		"the largest limit":    {&directory.PhotoSettings{MaxBytes: 1 << 20}, ""},
		"a byte more":          {&directory.PhotoSettings{MaxBytes: 1<<20 + 1}, "photos.maxBytes"},
		"four attributes":      {&directory.PhotoSettings{Attributes: []string{"a", "b", "c", "d"}}, ""},
		"five attributes":      {&directory.PhotoSettings{Attributes: []string{"a", "b", "c", "d", "e"}}, "photos.attributes"},
		"a name that is none":  {&directory.PhotoSettings{Attributes: []string{"photo", "a)(b"}}, "photos.attributes[1]"},
		"a name that is empty": {&directory.PhotoSettings{Attributes: []string{""}}, "photos.attributes[0]"},
	} {
		err := mapping.CheckPhotos(c.settings)
		if c.field == "" {
			require.NoError(t, err, name)
			continue
		}
		var e *identity.Error
		require.ErrorAs(t, err, &e, name)
		require.Equal(t, c.field, e.Field, name)
		require.Equal(t, identity.RuleInvalidValue, e.Rule, name)
	}
}
