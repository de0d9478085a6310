package scim

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"rollcall/identity"
)

// append appends the user as JSON. Without a projection the stored profile, canonical JSON already, is copied as it
// is, which saves decoding and encoding it again. What is told on request only is not in it.
func (u *user) append(b []byte, v view) ([]byte, error) {
	a := u.Account
	if v.shown != nil || u.index.unaskedInProfile || u.index.mayForget(a.Profile) {
		return v.appendDocument(b, u.index, u)
	}
	b = append(b, `{"schemas":["`+UserSchema+`"`...)
	for _, c := range u.index.extensions {
		if strings.Contains(string(a.Profile), c.member) {
			b = append(append(append(b, `,"`...), c.urn...), '"')
		}
	}
	b = append(b, `],"id":`...)
	b = appendString(b, string(a.ID))
	if a.ExternalID != "" {
		b = appendString(append(b, `,"externalId":`...), string(a.ExternalID))
	}
	b = appendString(append(b, `,"userName":`...), a.UserName)
	b = strconv.AppendBool(append(b, `,"active":`...), a.Status != identity.Inactive)
	b = appendEmails(b, a.Emails)
	if inner := strings.TrimSuffix(strings.TrimPrefix(string(a.Profile), "{"), "}"); inner != "" {
		b = append(append(b, ','), inner...)
	}
	b = appendGroups(b, v, u.groups)
	b = appendTime(append(b, `,"meta":{"resourceType":"User","created":`...), a.CreatedAt)
	b = appendTime(append(b, `,"lastModified":`...), a.UpdatedAt)
	b = appendString(append(b, `,"location":`...), v.location("Users", u.id()))
	b = appendString(append(b, `,"version":`...), etag(a.Version))
	return append(b, "}}"...), nil
}

func appendEmails(b []byte, emails []identity.AccountEmail) []byte {
	if len(emails) == 0 {
		return b
	}
	b = append(b, `,"emails":[`...)
	for i, e := range emails {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"value":`...), e.Value)
		if e.Type != "" {
			b = appendString(append(b, `,"type":`...), e.Type)
		}
		if e.Display != "" {
			b = appendString(append(b, `,"display":`...), e.Display)
		}
		if e.Primary || e.NotPrimary {
			b = strconv.AppendBool(append(b, `,"primary":`...), e.Primary)
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

func appendGroups(b []byte, v view, groups []identity.Membership) []byte {
	if len(groups) == 0 {
		return b
	}
	b = append(b, `,"groups":[`...)
	for i, m := range groups {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"value":`...), string(m.Group))
		b = appendString(append(b, `,"$ref":`...), v.location("Groups", string(m.Group)))
		b = appendString(append(b, `,"display":`...), m.Name)
		b = append(append(append(b, `,"type":"`...), directness(m)...), `"}`...)
	}
	return append(b, ']')
}

// directness says whether somebody is in a group by themselves or by way of another.
func directness(m identity.Membership) string {
	if m.Direct {
		return "direct"
	}
	return "indirect"
}

func appendTime(b []byte, t time.Time) []byte {
	b = t.UTC().AppendFormat(append(b, '"'), time.RFC3339Nano)
	return append(b, '"')
}

// appendString appends a text as a JSON string.
func appendString(b []byte, s string) []byte {
	start := 0
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += n - 1
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		default:
			const hex = "0123456789abcdef"
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(b, s[start:]...), '"')
}

// appendJSON appends any value as JSON, without the escapes that only HTML needs.
func appendJSON(b []byte, v any) ([]byte, error) {
	buf := bytes.NewBuffer(b)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), err
}
