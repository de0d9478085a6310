package admin

import (
	"context"
	"strings"
	"time"

	"rollcall/identity"
)

// AuditEvent is something that was done in the organization, or refused (AUD-01).
type AuditEvent struct {
	ID         string       `json:"id" format:"uuid"`
	Seq        int64        `json:"seq" doc:"Counts the organization's events from 1, without a gap"`
	Hash       string       `json:"hash" doc:"Covers the event and the hash of the one before it"`
	Created    time.Time    `json:"created"`
	Kind       string       `json:"kind" example:"account.deactivated"`
	Rule       string       `json:"rule,omitempty" doc:"The rule that decided it"`
	Reason     string       `json:"reason,omitempty" doc:"Why a user became inactive"`
	Evidence   any          `json:"evidence,omitempty" doc:"What a directory showed, or what was changed"`
	ActorID    string       `json:"actorId,omitempty"`
	ActorOrgID string       `json:"actorOrgId,omitempty" doc:"The actor's own organization"`
	Data       AuditDetails `json:"data"`
}

// AuditDetails is an event for people to read.
type AuditDetails struct {
	ActorKind        string   `json:"actorKind" enum:"administrator,provider,connector,operator,system,person"`
	ActorName        string   `json:"actorName,omitempty"`
	ActorEmail       string   `json:"actorEmail,omitempty"`
	ActorOrgName     string   `json:"actorOrgName,omitempty" doc:"Of this organization and of its partners"`
	ActorIP          string   `json:"actorIp,omitempty"`
	ActorUserAgent   string   `json:"actorUserAgent,omitempty"`
	AdminRoles       []string `json:"adminRoles" nullable:"false" doc:"The actor's role in this organization"`
	EventCategory    string   `json:"eventCategory" example:"USERS"`
	EventDescription string   `json:"eventDescription" example:"A user was deactivated"`
	ActionText       string   `json:"actionText" doc:"Who did what to whom, in one line"`
	TargetType       string   `json:"targetType" example:"user"`
	TargetID         string   `json:"targetId"`
	TargetName       string   `json:"targetName,omitempty" doc:"As it was at the time"`
	TargetOrgID      string   `json:"targetOrgId" format:"uuid"`
	TargetOrgName    string   `json:"targetOrgName"`
	TrackingID       string   `json:"trackingId,omitempty" doc:"Of the request"`
	Operation        string   `json:"operation,omitempty" doc:"What was asked for: the id of an operation of this API" example:"deactivateUser"`
	ErrorCode        string   `json:"errorCode,omitempty" doc:"Of a refusal"`
	ErrorMessage     string   `json:"errorMessage,omitempty" doc:"Of a refusal"`
}

// auditor shows the events of one organization.
type auditor struct {
	org   identity.Organization
	names map[identity.OrgID]string // of the organizations that may be named here
}

// auditor reads which organizations may be named: the names of others are nothing that this one learns from its audit.
func (a *api) auditor(ctx context.Context, org identity.OrgID) (auditor, error) {
	read := a.service.Reader()
	o, err := read.Organization(ctx, org)
	if identity.IsNotFound(err) {
		o, err = read.Tombstone(ctx, org) // who may see it is decided by now
	}
	if err != nil {
		return auditor{}, err
	}
	partners, err := read.ManagedBy(ctx, org)
	if err != nil {
		return auditor{}, err
	}
	show := auditor{org: o, names: map[identity.OrgID]string{org: o.Name}}
	for _, p := range partners {
		partner, err := read.Organization(ctx, p.Managing)
		if err != nil {
			return auditor{}, err
		}
		show.names[p.Managing] = partner.Name
	}
	return show, nil
}

func (s auditor) event(e identity.Event) AuditEvent {
	by, target := e.Actor, s.target(e)
	shown := AuditEvent{
		ID: string(e.ID), Seq: e.Seq, Hash: e.Hash, Created: e.At, Kind: string(e.Kind), Rule: string(e.Rule), Reason: string(e.Reason),
		Evidence: evidence(e.Evidence), ActorID: by.ID, ActorOrgID: string(by.Org),
		Data: AuditDetails{
			ActorKind: string(by.Kind), ActorName: by.Name, ActorEmail: by.Request.Email, ActorOrgName: s.names[by.Org],
			ActorIP: by.Request.IP, ActorUserAgent: by.Request.UserAgent, AdminRoles: []string{}, TrackingID: by.Request.TrackingID, Operation: by.Request.Operation,
			EventCategory: string(e.Kind.Category()), EventDescription: e.Kind.Description(),
			TargetType: string(target.Type), TargetID: target.ID, TargetName: target.Name, TargetOrgID: string(s.org.ID), TargetOrgName: s.org.Name,
			ErrorCode: string(e.Error), ErrorMessage: e.Message,
		},
	}
	if by.Request.Role != "" {
		shown.Data.AdminRoles = append(shown.Data.AdminRoles, string(by.Request.Role))
	}
	shown.Data.ActionText = actionText(shown.Data)
	return shown
}

// target is what an event is about: a thing, an account, or the organization as a whole.
func (s auditor) target(e identity.Event) identity.Target {
	switch {
	case e.Target != identity.Target{}:
		return e.Target
	case e.Account != "":
		return identity.Target{Type: identity.TargetUser, ID: string(e.Account), Name: e.AccountName}
	}
	return identity.Target{Type: identity.TargetOrganization, ID: string(s.org.ID), Name: s.org.Name}
}

func actionText(d AuditDetails) string {
	text := d.EventDescription
	name := d.TargetName
	if d.TargetType == string(identity.TargetAdministrator) { // named after the role
		name = strings.TrimPrefix(name+", "+d.TargetID, ", ")
	}
	if d.EventCategory == string(identity.CategoryRefusals) && d.Operation != "" && d.Operation != d.TargetID {
		text += ", " + d.Operation
	}
	if name != "" {
		text += " (" + name + ")"
	}
	if d.ActorName != "" {
		text += " by " + d.ActorName
	}
	if d.ErrorMessage != "" {
		text += ": " + d.ErrorMessage
	}
	return text
}
