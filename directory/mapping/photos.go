package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"rollcall/directory"
	"rollcall/directory/photos"
)

// PhotoAttributes name the attribute that holds photos unless settings name others (MS-ADA3, RFC 2798).
var PhotoAttributes = map[string]string{AD: "thumbnailPhoto", OpenLDAP: "jpegPhoto"}

// CheckPhotos refuses settings of photos that cannot work; none are fine.
func CheckPhotos(s *directory.PhotoSettings) error {
	if s == nil {
		return nil
	}
	for i, name := range s.Attributes {
		if !attributeName(name) {
			return invalid(fmt.Sprintf("photos.attributes[%d]", i), "%q is not the name of an LDAP attribute", name)
		}
	}
	return s.Validate()
}

// photoMapper finds people's photos in entries.
type photoMapper struct {
	settings directory.PhotoSettings
	album    *photos.Album
}

// TakePhotos makes the mapper take photos, too, by settings that were checked and are filled in. Their bytes go into the album. It is called
// before the mapper is used.
func (p *Mapper) TakePhotos(s *directory.PhotoSettings, album *photos.Album) {
	if s == nil {
		return
	}
	p.photos = &photoMapper{settings: *s, album: album}
	for _, name := range s.Attributes {
		if !slices.ContainsFunc(p.wanted, func(other string) bool { return strings.EqualFold(name, other) }) {
			p.wanted = append(p.wanted, name)
		}
	}
}

// TakesPhotos reports whether the mapper takes photos.
func (p *Mapper) TakesPhotos() bool { return p.photos != nil }

// holds reports whether an attribute is one that photos are in.
func (m *photoMapper) holds(name string) bool {
	return m != nil && slices.ContainsFunc(m.settings.Attributes, func(other string) bool { return strings.EqualFold(name, other) })
}

// values are what an entry holds under a name.
func (r Raw) values(name string) [][]byte {
	for _, a := range r.Attributes {
		if strings.EqualFold(a.Name, name) {
			return a.Values
		}
	}
	return nil
}

// found is the photo of an entry, with its bytes: that of the first attribute with one that can be taken. A directory's values have no order
// of their own (RFC 4512 section 2.2), so that of several the one with the lowest digest is taken, which is the same every time.
func (m *photoMapper) found(raw Raw) (p *directory.Photo, content []byte) {
	problem := ""
	for _, name := range m.settings.Attributes {
		for _, value := range raw.values(name) {
			if len(value) == 0 {
				continue
			}
			photo, why := photos.Judge(value, m.settings.MaxBytes)
			if why != "" {
				problem = cmp.Or(problem, strings.TrimSuffix(why, ".")+" (attribute "+name+").")
			} else if p == nil || photo.Digest < p.Digest {
				p, content = &directory.Photo{Photo: photo}, value
			}
		}
		if p != nil {
			return p, content
		}
	}
	if problem != "" {
		p = &directory.Photo{Problem: problem}
	}
	return p, nil
}

// take gives an entry its photo and keeps the bytes.
func (m *photoMapper) take(e *directory.Entry, raw Raw) {
	if m == nil || e.Problem != "" {
		return
	}
	var content []byte
	if e.Photo, content = m.found(raw); content != nil {
		m.album.Keep(e.ID, e.Photo.Digest, content)
	}
}

// preview shows where an entry's photo comes from.
func (m *photoMapper) preview(raw Raw) Made {
	made := Made{Attribute: "photo", From: []Given{}, Values: []string{}}
	for _, name := range m.settings.Attributes {
		made.Source.First = append(made.Source.First, From(name))
		given := Given{Name: name, Values: []string{}}
		for _, value := range raw.values(name) {
			given.Values = append(given.Values, fmt.Sprintf("(%d bytes)", len(value)))
		}
		made.From = append(made.From, given)
	}
	if len(made.Source.First) == 1 {
		made.Source = made.Source.First[0]
	}
	switch p, _ := m.found(raw); {
	case p == nil:
	case p.Problem != "":
		made.Problem = p.Problem
	default:
		made.Values = append(made.Values, p.String())
	}
	return made
}
