package ldap

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"rollcall/directory"
	"rollcall/directory/photos"
	"rollcall/identity"
)

// FuzzEntry feeds the decoder attributes of arbitrary bytes. Whatever comes, an entry has an id and valid text, or it says what is
// wrong with it.
func FuzzEntry(f *testing.F) {
	guid := []byte{0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	f.Add(true, "CN=Ada", "objectGUID", guid, "mail", []byte("ada@corp.example"), "userAccountControl", []byte("512"))
	f.Add(true, "CN=Ada", "objectGUID", guid, "displayName", []byte("\xff"), "userAccountControl", []byte("514"))
	f.Add(true, "CN=PC", "objectClass", []byte("computer"), "isDeleted", []byte("TRUE"), "objectGUID", guid[:15])
	f.Add(false, "uid=ada", "entryUUID", []byte("00112233-4455-6677-8899-aabbccddeeff"), "mail", []byte(" ada@corp.example "), "pwdAccountLockedTime", []byte("000001010000Z"))
	f.Add(false, "uid=\x00", "entryUUID", []byte("{00112233-4455-6677-8899-aabbccddeeff}"), "mail;range=0-1", []byte(""), "sn;lang-de", []byte("x"))
	decoders := map[bool]*decoder{
		true:  newDecoder(Settings{Kind: AD, Photos: &directory.PhotoSettings{}}.WithDefaults(), &photos.Album{}),
		false: newDecoder(Settings{Kind: OpenLDAP, Photos: &directory.PhotoSettings{}}.WithDefaults(), &photos.Album{}),
	}
	f.Fuzz(func(t *testing.T, ad bool, dn, name1 string, value1 []byte, name2 string, value2 []byte, name3 string, value3 []byte) {
		raw := &ldap.Entry{DN: dn}
		for name, value := range map[string][]byte{name1: value1, name2: value2, name3: value3} {
			raw.Attributes = append(raw.Attributes, &ldap.EntryAttribute{Name: name, Values: []string{string(value)}, ByteValues: [][]byte{value}})
		}
		e, drop, gap := decoders[ad].decode(raw)
		if drop || gap != "" {
			if e.ID != "" {
				t.Fatalf("an entry that is dropped or a gap came back: %+v", e)
			}
			return
		}
		if id, ok := idOf(OpenLDAP, []byte(e.ID)); !ok || id != e.ID {
			t.Fatalf("the id %q is not canonical", e.ID)
		}
		if e.Problem == "" && (e.UserName == "" || len(e.Emails) == 0) {
			t.Fatalf("an entry without address or userName has no problem: %+v", e)
		}
		for path, text := range e.Attributes {
			if !utf8.ValidString(text) || text == "" {
				t.Fatalf("%s is %q", path, text)
			}
		}
		if !utf8.ValidString(e.DN) || !utf8.ValidString(e.UserName) || !utf8.ValidString(string(e.ExternalID)) {
			t.Fatalf("not UTF-8: %+v", e)
		}
		if _, err := json.Marshal(e); err != nil {
			t.Fatal(err)
		}
	})
}

func TestIDsOfBothKinds(t *testing.T) {
	const text = "00112233-4455-6677-8899-aabbccddeeff"
	guid := []byte{0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	for name, c := range map[string]struct {
		kind  string
		value []byte
		want  identity.ObjectID
	}{
		"objectGUID is in mixed order": {AD, guid, text},
		"objectGUID cut short":         {AD, guid[:15], ""},
		"objectGUID too long":          {AD, append(guid, 0), ""},
		"entryUUID is text":            {OpenLDAP, []byte(text), text},
		"entryUUID in capitals":        {OpenLDAP, []byte("00112233-4455-6677-8899-AABBCCDDEEFF"), text},
		"entryUUID in braces":          {OpenLDAP, []byte("{" + text + "}"), ""},
		"entryUUID as bytes":           {OpenLDAP, guid, ""},
		"nothing":                      {OpenLDAP, nil, ""},
	} {
		got, ok := idOf(c.kind, c.value)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%s: got %q", name, got)
		}
	}
	filter, err := idFilter(AD, text)
	if err != nil || filter != `(objectGUID=\33\22\11\00\55\44\77\66\88\99\aa\bb\cc\dd\ee\ff)` {
		t.Errorf("filter: %s, %v", filter, err)
	}
	if _, err := idFilter(OpenLDAP, "*)(uid=*"); err == nil {
		t.Error("an id that is none must not become a filter")
	}
}
