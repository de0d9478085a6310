package ldap

import (
	"github.com/go-ldap/ldap/v3"

	"rollcall/directory"
	"rollcall/directory/mapping"
	"rollcall/directory/photos"
)

// What says whether an entry is somebody at all.
const (
	attrClass   = "objectClass"
	attrState   = "userAccountControl"
	attrDeleted = "isDeleted"
)

// decoder turns the entries of a search into people by a mapping.
type decoder struct {
	mapper *mapping.Mapper
	wanted []string // the attributes to ask for
}

func newDecoder(s Settings, album *photos.Album) *decoder {
	m := mapping.New(s.Kind, s.Mapping, s.MaxEntryBytes)
	m.TakePhotos(s.Photos, album)
	return &decoder{mapper: m, wanted: m.Wanted()}
}

// decode maps an entry; see [mapping.Mapper.Entry].
func (d *decoder) decode(raw *ldap.Entry) (e directory.Entry, drop bool, gap string) {
	return d.mapper.Entry(rawOf(raw))
}

func rawOf(e *ldap.Entry) mapping.Raw {
	raw := mapping.Raw{DN: e.DN, Attributes: make([]mapping.Attribute, len(e.Attributes))}
	for i, a := range e.Attributes {
		raw.Attributes[i] = mapping.Attribute{Name: a.Name, Values: a.ByteValues}
	}
	return raw
}
