package scim

import (
	"strconv"
	"strings"
	"time"

	"rollcall/identity"
)

// draftDocument is the part of a user that clients write, as a new document that may be changed.
func draftDocument(id identity.AccountID, d identity.Draft) (map[string]any, error) {
	doc := map[string]any{}
	if d.Profile != "" {
		var err error
		if doc, err = decodeObject([]byte(d.Profile)); err != nil {
			return nil, err
		}
	}
	doc["id"], doc["userName"], doc["active"] = string(id), d.UserName, d.Active
	if d.ExternalID != "" {
		doc["externalId"] = string(d.ExternalID)
	}
	if len(d.Emails) > 0 {
		doc["emails"] = emailValues(d.Emails)
	}
	return doc, nil
}

func emailValues(emails []identity.AccountEmail) []any {
	list := make([]any, len(emails))
	for i, e := range emails {
		m := map[string]any{"value": e.Value}
		if e.Type != "" {
			m["type"] = e.Type
		}
		if e.Display != "" {
			m["display"] = e.Display
		}
		if e.Primary || e.NotPrimary {
			m["primary"] = e.Primary
		}
		list[i] = m
	}
	return list
}

// draftOf is the way back. The document must be canonical; it is used up. A document without "active" leaves that as it
// is given here.
func draftOf(doc map[string]any, active bool) (identity.Draft, error) {
	d := identity.Draft{Active: active}
	d.UserName, _ = doc["userName"].(string)
	external, _ := doc["externalId"].(string)
	d.ExternalID = identity.ExternalID(external)
	if a, ok := doc["active"].(bool); ok {
		d.Active = a
	}
	if list, ok := doc["emails"].([]any); ok {
		d.Emails = make([]identity.AccountEmail, 0, len(list))
		for _, el := range list {
			m, _ := el.(map[string]any)
			_, said := m["primary"]
			e := identity.AccountEmail{Primary: isPrimary(el), NotPrimary: said && !isPrimary(el)}
			value, _ := m["value"].(string)
			e.Value = strings.TrimSpace(value) // as it is compared (EML-02), so that a filter finds what a create conflicts with
			e.Type, _ = m["type"].(string)
			e.Display, _ = m["display"].(string)
			if e.Value != "" { // a type or a mark alone is no e-mail; it may have waited for its address during a PATCH
				d.Emails = append(d.Emails, e)
			}
		}
	}
	for _, own := range []string{"id", "userName", "externalId", "active", "emails"} {
		delete(doc, own)
	}
	var err error
	d.Profile, err = identity.ProfileOf(doc)
	return d, err
}

// document is the whole user as clients see it.
func (u *user) document(v view) (map[string]any, error) {
	a := u.Account
	doc, err := draftDocument(a.ID, a.Draft())
	if err != nil {
		return nil, err
	}
	u.index.forget(doc)
	account, _ := doc[AccountSchema].(map[string]any)
	if account == nil {
		account = map[string]any{}
	}
	account["accountStatus"], account["source"], account["statusChangedAt"] = string(a.Status), string(a.Source), formatTime(a.StatusAt)
	if a.InactiveReason != "" {
		account["inactiveReason"] = string(a.InactiveReason)
	}
	if at, ok := a.PurgeAt(u.org); ok {
		account["purgeAt"] = formatTime(at)
	}
	doc[AccountSchema] = account
	doc["schemas"] = u.index.schemasOf(doc)
	if len(u.groups) > 0 {
		list := make([]any, len(u.groups))
		for i, m := range u.groups {
			list[i] = map[string]any{"value": string(m.Group), "$ref": v.location("Groups", string(m.Group)), "display": m.Name, "type": directness(m)}
		}
		doc["groups"] = list
	}
	doc["meta"] = map[string]any{
		"resourceType": "User", "created": formatTime(a.CreatedAt), "lastModified": formatTime(a.UpdatedAt),
		"location": v.location("Users", u.id()), "version": etag(a.Version),
	}
	return doc, nil
}

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// etag is the weak entity tag of a version (RFC 7644 section 3.14).
func etag(version int64) string { return `W/"` + strconv.FormatInt(version, 10) + `"` }
