package admin

import (
	"time"

	"rollcall/identity"
)

// User is an account.
type User struct {
	ID           string  `json:"id" format:"uuid" doc:"Never changes and is never used again"`
	UserName     string  `json:"userName" example:"ada@example.com"`
	PrimaryEmail string  `json:"primaryEmail,omitempty" example:"ada@example.com"`
	Emails       []Email `json:"emails" nullable:"false"`
	Attributes
	ExternalID     string        `json:"externalId,omitempty" doc:"The identity provider's own id"`
	Licences       []string      `json:"licences" nullable:"false" doc:"What the user may use, in the order of the names; free alone if nothing is assigned"`
	Status         string        `json:"status" enum:"not_verified,verified,active,inactive,deferred_claim"`
	Reason         string        `json:"reason,omitempty" enum:"deactivated,deactivated_by_provider,inactive_when_claimed,directory_disabled,directory_deleted,directory_out_of_scope" doc:"Why the user is inactive"`
	PreviousStatus string        `json:"previousStatus,omitempty" doc:"The status that reactivation leads back to"`
	StatusSince    time.Time     `json:"statusSince"`
	PurgeAt        *time.Time    `json:"purgeAt,omitempty" doc:"When the user is deleted for good if nothing changes; absent if never"`
	PendingEmail   *PendingEmail `json:"pendingEmail,omitempty" doc:"The address that the user has been asked to confirm"`
	Shadow         bool          `json:"shadow,omitempty" doc:"The old account of a user whom another organization has claimed; nothing can be changed until the user has decided"`
	Transient      bool          `json:"transient,omitempty" doc:"The address is in none of the organization's verified domains, though it wants its users there only (enforceVerifiedDomains)"`
	Claim          *Claim        `json:"claim,omitempty" doc:"The claim by which the user came"`
	Source         string        `json:"source" enum:"manual,csv,scim,directory,self,claim" doc:"The pipe through which the user came"`
	ManagedBy      string        `json:"managedBy" enum:"directory,organization" doc:"Who may change the user"`
	Directory      *Entry        `json:"directory,omitempty" doc:"The directory entry that the user mirrors"`
	Photo          *UserPhoto    `json:"photo,omitempty" doc:"Of the user's photo, if there is one"`
	InvitedAt      *time.Time    `json:"invitedAt,omitempty" doc:"When the last invitation was sent"`
	FirstSignInAt  *time.Time    `json:"firstSignInAt,omitempty"`
	LastSignInAt   *time.Time    `json:"lastSignInAt,omitempty"`
	CreatedAt      time.Time     `json:"createdAt"`
	UpdatedAt      time.Time     `json:"updatedAt"`
	Version        int64         `json:"version" doc:"Counts changes; the ETag shows it"`
}

// Email is one address of a user.
type Email struct {
	Value   string `json:"value" example:"ada@example.com"`
	Type    string `json:"type,omitempty" example:"work"`
	Primary bool   `json:"primary,omitempty"`
}

// PendingEmail is a primary address that its owner has not confirmed yet.
type PendingEmail struct {
	Address string    `json:"address" example:"ada.lovelace@example.com"`
	Since   time.Time `json:"since" doc:"When it was asked for"`
	Until   time.Time `json:"until" doc:"When the change is taken back if nobody confirms it"`
}

// Entry is a directory entry.
type Entry struct {
	Connector string `json:"connector" format:"uuid"`
	Object    string `json:"object" doc:"The entry's immutable id (objectGUID or entryUUID)"`
	DN        string `json:"dn" doc:"Where the entry was last seen"`
}

// UserDetail is a user with the reason for being so.
type UserDetail struct {
	User
	Why Explanation `json:"why"`
}

// showUser shows an account of an organization with what is assigned to it. transient tells whether it is out of place there.
func showUser(a identity.Account, o identity.Organization, assigned []identity.Assignment, transient func(identity.Account) bool) User {
	u := User{
		ID: string(a.ID), UserName: a.UserName, PrimaryEmail: a.PrimaryEmail(), Emails: []Email{}, Attributes: attributesOf(a.Profile),
		ExternalID: string(a.ExternalID), Licences: texts(identity.LicencesIn(assigned)), Status: string(a.Status),
		Reason: string(a.InactiveReason), PreviousStatus: string(a.PreviousStatus),
		StatusSince: a.StatusAt, Source: string(a.Source), Shadow: a.Shadow, Transient: transient(a), ManagedBy: managedBy(o), InvitedAt: instant(a.InvitedAt),
		FirstSignInAt: instant(a.FirstSignInAt), LastSignInAt: instant(a.LastSignInAt),
		CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt, Version: a.Version,
	}
	for _, e := range a.Emails {
		u.Emails = append(u.Emails, Email{Value: e.Value, Type: e.Type, Primary: e.Primary})
	}
	if at, ok := a.PurgeAt(o); ok {
		u.PurgeAt = &at
	}
	if a.PendingEmail != "" {
		u.PendingEmail = &PendingEmail{Address: a.PendingEmail, Since: a.PendingSince, Until: a.PendingSince.Add(identity.EmailChangeDays * identity.Day)}
	}
	if d := a.Directory; d != nil {
		u.Directory = &Entry{Connector: string(d.Connector), Object: string(d.Object), DN: d.DN}
	}
	return u
}

func texts[T ~string](list []T) []string {
	all := make([]string, 0, len(list))
	for _, v := range list {
		all = append(all, string(v))
	}
	return all
}
