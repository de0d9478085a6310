package ldap

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"rollcall/directory"
	"rollcall/identity"
)

const (
	accountDisabled  = 0x2             // in userAccountControl (MS-ADTS 2.2.16)
	lockedForGood    = "000001010000Z" // in pwdAccountLockedTime: only an administrator unlocks it (draft-behera-ldap-password-policy)
	maxValueBytes    = 32 << 10
	attrState        = "userAccountControl"
	attrLocked       = "pwdAccountLockedTime"
	attrDeleted      = "isDeleted"
	attrClass        = "objectClass"
	computer         = "computer"
	noAddressProblem = "The entry has no e-mail address (attribute %s); it is synchronized once it has one."
)

// decoder turns entries into people by a mapping.
type decoder struct {
	kind     string
	maxBytes int
	wanted   []string            // the attributes to ask for
	slots    map[string][]string // lower-case source attribute to our paths
	mailFrom string
	nameFrom string
}

func newDecoder(s Settings) *decoder {
	d := &decoder{kind: s.Kind, maxBytes: s.MaxEntryBytes, slots: map[string][]string{}, mailFrom: s.Mapping["emails"], nameFrom: s.Mapping["userName"]}
	own := []string{idAttributes[s.Kind]}
	if s.Kind == AD {
		own = append(own, attrState, attrClass, attrDeleted)
	} else {
		own = append(own, attrLocked)
	}
	seen := map[string]bool{}
	ask := func(name string) {
		if key := strings.ToLower(name); !seen[key] {
			seen[key] = true
			d.wanted = append(d.wanted, name)
		}
	}
	for _, name := range own {
		ask(name)
	}
	for _, path := range s.owns() {
		source := s.Mapping[path]
		ask(source)
		key := strings.ToLower(source)
		d.slots[key] = append(d.slots[key], path)
	}
	return d
}

// decode maps an entry. drop says that it is nobody of ours (a computer, something deleted); gap says that it is somebody, but
// nobody can tell who or in what state, so that the reading is not complete.
func (d *decoder) decode(raw *ldap.Entry) (e directory.Entry, drop bool, gap string) {
	e = directory.Entry{DN: strings.ToValidUTF8(raw.DN, "�"), Attributes: make(map[string]string, len(d.slots))}
	size := len(raw.DN)
	state := ""
	for _, a := range raw.Attributes {
		for _, value := range a.ByteValues {
			size += len(value)
		}
		switch {
		case strings.EqualFold(a.Name, idAttributes[d.kind]) && len(a.ByteValues) == 1:
			e.ID, _ = idOf(d.kind, a.ByteValues[0])
		case d.kind == AD && strings.EqualFold(a.Name, attrDeleted) && len(a.Values) > 0 && strings.EqualFold(a.Values[0], "TRUE"):
			drop = true
		case d.kind == AD && strings.EqualFold(a.Name, attrClass):
			for _, class := range a.Values {
				drop = drop || strings.EqualFold(class, computer)
			}
		case d.kind == AD && strings.EqualFold(a.Name, attrState) && len(a.Values) == 1:
			state = a.Values[0]
		case d.kind == OpenLDAP && strings.EqualFold(a.Name, attrLocked):
			e.Disabled = len(a.Values) == 1 && a.Values[0] == lockedForGood
		}
		if problem := d.take(&e, a); problem != "" && e.Problem == "" {
			e.Problem = problem
		}
	}
	if drop {
		return directory.Entry{}, true, ""
	}
	if e.ID == "" {
		return directory.Entry{}, false, fmt.Sprintf("The entry %s came without a usable %s.", e.DN, idAttributes[d.kind])
	}
	if d.kind == AD {
		control, err := strconv.ParseInt(state, 10, 64)
		if err != nil {
			return directory.Entry{}, false, fmt.Sprintf("The entry %s came without a usable %s, so nobody can tell whether it is disabled; check the rights of the connector's account.", e.DN, attrState)
		}
		e.Disabled = control&accountDisabled != 0
	}
	d.judge(&e, size)
	return e, false, ""
}

func (d *decoder) judge(e *directory.Entry, size int) {
	switch {
	case size > d.maxBytes:
		e.Problem = fmt.Sprintf("The entry has %d bytes; at most %d are read (maxEntryBytes).", size, d.maxBytes)
	case e.Problem != "":
	case len(e.Emails) == 0:
		e.Problem = fmt.Sprintf(noAddressProblem, d.mailFrom)
	case e.UserName == "":
		e.Problem = fmt.Sprintf("The entry has no userName (attribute %s); it is synchronized once it has one.", d.nameFrom)
	}
	if e.Problem != "" {
		e.Attributes = nil
	}
}

// take puts an attribute's values where the mapping wants them. It returns what is wrong with them.
func (d *decoder) take(e *directory.Entry, a *ldap.EntryAttribute) string {
	name, option, _ := strings.Cut(a.Name, ";")
	paths := d.slots[strings.ToLower(name)]
	if len(paths) == 0 {
		return ""
	}
	if strings.HasPrefix(strings.ToLower(option), "range=") {
		return fmt.Sprintf("The attribute %s has so many values that the server sends only a part of them.", name)
	}
	if option != "" {
		return "" // a language or other variant, not the attribute itself
	}
	var values []string
	for _, value := range a.ByteValues {
		switch {
		case len(value) > maxValueBytes:
			return fmt.Sprintf("A value of the attribute %s has %d bytes; at most %d are read.", name, len(value), maxValueBytes)
		case !utf8.Valid(value) || strings.ContainsRune(string(value), 0):
			return fmt.Sprintf("A value of the attribute %s is not text (UTF-8).", name)
		}
		if text := strings.TrimSpace(string(value)); text != "" {
			values = append(values, text)
		}
	}
	if len(values) == 0 {
		return ""
	}
	for _, path := range paths {
		switch path {
		case "emails":
			e.Emails = values
		case "userName":
			e.UserName = values[0]
		case "externalId":
			e.ExternalID = identity.ExternalID(values[0])
		default:
			e.Attributes[path] = values[0]
		}
	}
	return ""
}
