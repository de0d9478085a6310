package admin

import (
	"encoding/json"
	"strings"
	"time"

	"rollcall/identity"
)

// The JSON of this surface. It is its own: a change in identity does not change what clients see.

// Organization is an organization as an administrator of it sees it.
type Organization struct {
	ID        string    `json:"id" format:"uuid" doc:"Never changes and is never used again"`
	Name      string    `json:"name" example:"Example Ltd"`
	Kind      string    `json:"kind" enum:"consumer,customer,partner"`
	State     string    `json:"state" enum:"active,deleting" doc:"deleting: nothing but its deletion goes on in it"`
	Role      string    `json:"role" enum:"full,user,group,readonly,device" doc:"Your role in it"`
	Standing  string    `json:"standing" enum:"own,external,partner" doc:"Whose administrator you are: the organization's own, one from outside, or one of a partner that manages it"`
	ManagedBy string    `json:"managedBy" enum:"directory,organization" doc:"Who may change its users: its directory only, or its administrators and identity providers"`
	Settings  *Settings `json:"settings,omitempty" doc:"Only for the roles full and readonly"`
}

// Settings is what an organization has decided.
type Settings struct {
	SyncMode               string    `json:"syncMode" enum:"disabled,registered,manual,auto,paused" doc:"Where it stands with directory synchronization"`
	SingleSignOn           bool      `json:"singleSignOn" doc:"Whether it has an active single-sign-on provider: an identity provider of its own, or one that the operator named"`
	SSOProvider            string    `json:"ssoProvider,omitempty" doc:"The one that the operator named; absent if there is none"`
	RequireEmail           bool      `json:"requireEmail" doc:"Every user needs an e-mail address, and it is the userName"`
	ActivationEmails       bool      `json:"activationEmails" doc:"New users get an activation mail"`
	RetentionDays          int       `json:"retentionDays" doc:"How many days an inactive user is kept, if nothing else decides"`
	EnforceVerifiedDomains bool      `json:"enforceVerifiedDomains" doc:"New users need an address in one of its verified domains, as soon as it has one"`
	SelfRegistration       bool      `json:"selfRegistration" doc:"People with an address in one of its claimed domains can create their own account in it"`
	AllowContentTransfer   bool      `json:"allowContentTransfer" doc:"Users whom it claims can bring their content along: whoever can is claimed deferred"`
	ProviderAuthoritative  bool      `json:"providerAuthoritative" doc:"Its identity provider is the authority about its users: nobody else can claim them, and no directory is synchronized beside it; the operator decides"`
	Region                 string    `json:"region,omitempty" doc:"Where its content is kept, as the operator says; absent: where content is kept if nothing else is said. Content does not move between regions"`
	RequiredAttributes     []string  `json:"requiredAttributes" nullable:"false" doc:"What an administrator has to give for a new user; with any, users are added one at a time"`
	CreatedAt              time.Time `json:"createdAt"`
	UpdatedAt              time.Time `json:"updatedAt"`
}

// Explanation says why a user is as they are, and what comes next.
type Explanation struct {
	User      string    `json:"user" format:"uuid"`
	UserName  string    `json:"userName"`
	Status    string    `json:"status" enum:"not_verified,verified,active,inactive,deferred_claim,deleted"`
	Reason    string    `json:"reason,omitempty"`
	Since     time.Time `json:"since"`
	Rule      string    `json:"rule,omitempty" doc:"The rule that decided it" example:"USR-11a"`
	Because   string    `json:"because" doc:"One sentence"`
	Event     string    `json:"event,omitempty" doc:"The event that made it so"`
	Actor     Actor     `json:"actor" doc:"Who did it"`
	Evidence  any       `json:"evidence,omitempty" doc:"What a directory showed, or what was changed"`
	ManagedBy string    `json:"managedBy" enum:"directory,organization"`
	Next      Next      `json:"next" doc:"What happens by itself"`
	Notes     []string  `json:"notes,omitempty" nullable:"false" doc:"What else there is to know, a sentence each"`
}

// Next is what happens if nobody does anything.
type Next struct {
	What string     `json:"what" enum:"nothing,deleted,settled" doc:"settled: a claim ends by itself"`
	At   *time.Time `json:"at,omitempty"`
	Rule string     `json:"rule,omitempty"`
	Text string     `json:"text" doc:"One sentence"`
}

// Actor is who did something.
type Actor struct {
	Kind string `json:"kind" enum:"administrator,provider,connector,operator,system,person"`
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// Event is one change.
type Event struct {
	ID       string    `json:"id" format:"uuid"`
	At       time.Time `json:"at"`
	Kind     string    `json:"kind" example:"account.deactivated"`
	Rule     string    `json:"rule,omitempty"`
	Actor    Actor     `json:"actor"`
	UserName string    `json:"userName,omitempty" doc:"As it was at the time"`
	Reason   string    `json:"reason,omitempty"`
	Evidence any       `json:"evidence,omitempty" doc:"What a directory showed, or what was changed"`
}

func showOrganization(o identity.Organization, in identity.Access) Organization {
	shown := Organization{ID: string(o.ID), Name: o.Name, Kind: string(o.Kind), State: string(o.State), Role: string(in.Role), Standing: string(in.Standing), ManagedBy: managedBy(o)}
	if scopeReadSettings.allows(in) {
		shown.Settings = &Settings{
			SyncMode: string(o.SyncMode), SingleSignOn: o.UsesSSO(), SSOProvider: o.SSOProvider, RequireEmail: o.RequireEmail, ActivationEmails: o.ActivationEmails,
			RetentionDays: o.RetentionDays, EnforceVerifiedDomains: o.EnforceVerifiedDomains, SelfRegistration: o.SelfRegistration,
			AllowContentTransfer: o.AllowContentTransfer, ProviderAuthoritative: o.ProviderAuthoritative, Region: o.Region,
			RequiredAttributes: append([]string{}, strings.Fields(o.RequiredAttributes)...), CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt,
		}
	}
	return shown
}

func managedBy(o identity.Organization) string {
	if o.ManagedByDirectory() {
		return "directory"
	}
	return "organization"
}

func showExplanation(x identity.Explanation) Explanation {
	return Explanation{
		User: string(x.Account), UserName: x.UserName, Status: x.Status, Reason: string(x.Reason), Since: x.Since, Rule: string(x.Rule),
		Because: x.Because, Event: string(x.Event), Actor: showActor(x.Actor), Evidence: evidence(x.Evidence), ManagedBy: x.ManagedBy,
		Next: Next{What: x.Next.What, At: instant(x.Next.At), Rule: string(x.Next.Rule), Text: x.Next.Text}, Notes: x.Notes,
	}
}

func showActor(a identity.Actor) Actor { return Actor{Kind: string(a.Kind), ID: a.ID, Name: a.Name} }

func showEvent(e identity.Event) Event {
	return Event{ID: string(e.ID), At: e.At, Kind: string(e.Kind), Rule: string(e.Rule), Actor: showActor(e.Actor),
		UserName: e.AccountName, Reason: string(e.Reason), Evidence: evidence(e.Evidence)}
}

// evidence returns nil for no evidence. It is JSON already and shown as it is.
func evidence(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	return raw
}

// instant returns nil for the zero time, which stands for "never".
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
