package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"rollcall/directory"
	"rollcall/identity"
)

// Connector is an organization's connection to a directory.
type Connector struct {
	ID             string            `json:"id" format:"uuid"`
	Name           string            `json:"name" doc:"Unique in the organization"`
	Kind           string            `json:"kind" enum:"ad,openldap,ldif" doc:"ldif: files that a directory was exported to, which only the operator can set up"`
	Settings       DirectorySettings `json:"settings"`
	OthersSettings []string          `json:"othersSettings" nullable:"false" doc:"Names of settings that whoever runs the server made; they alone see and change them"`
	PasswordKept   bool              `json:"passwordKept" doc:"Whether the password of the bind DN is kept here, sealed. It is never shown"`
	LastGoodAt     *time.Time        `json:"lastGoodAt,omitempty" doc:"When everything was last read and applied"`
	LastGoodCount  int               `json:"lastGoodCount" doc:"How many people were in scope then"`
	CreatedAt      time.Time         `json:"createdAt"`
	UpdatedAt      time.Time         `json:"updatedAt" doc:"Of the settings: plans older than that are not applied (DIR-03)"`
	Version        int64             `json:"version"`
}

// DirectorySettings say where a directory is and what is read in it.
type DirectorySettings struct {
	URLs            []string                 `json:"urls,omitempty" nullable:"false" maxItems:"8" doc:"With the scheme ldaps, or ldap together with startTLS, and a host; in the order in which they are tried" example:"[\"ldaps://dc1.corp.example\"]"`
	SRV             string                   `json:"srv,omitempty" maxLength:"255" doc:"Instead of urls: the domain whose servers the DNS names"`
	StartTLS        bool                     `json:"startTLS,omitempty"`
	ServerName      string                   `json:"serverName,omitempty" maxLength:"255" doc:"The name in the server's certificate, if there is one URL and it is not its host"`
	CA              string                   `json:"ca,omitempty" maxLength:"65536" doc:"Certificates in PEM to check the servers' against, instead of the well-known authorities"`
	BindDN          string                   `json:"bindDN,omitempty" maxLength:"1000" doc:"The account that reads the directory" example:"CN=svc-sync,CN=Users,DC=corp,DC=example"`
	BaseDNs         []string                 `json:"baseDNs,omitempty" nullable:"false" maxItems:"100" doc:"Where the people are" example:"[\"OU=People,DC=corp,DC=example\"]"` //nolint:staticcheck // several DNs, not the DNS
	Filter          string                   `json:"filter,omitempty" maxLength:"10000" doc:"Which entries are people (RFC 4515); by default everybody of the kind's class"`
	Groups          *directory.GroupSettings `json:"groups,omitempty" doc:"Which groups are mirrored; absent: none (DIR-13)"`
	Photos          *directory.PhotoSettings `json:"photos,omitempty" doc:"Whether photos are taken, and which; absent: none are, and those there are stay"`
	Mapping         map[string]any           `json:"mapping,omitempty" doc:"What attributes are made from: the name of a directory's attribute, or an expression; what is not named keeps its default"`
	Policy          *directory.Policy        `json:"policy,omitempty" doc:"What becomes of people who leave, and what needs an approval"`
	ReportTo        []string                 `json:"reportTo,omitempty" nullable:"false" maxItems:"30" doc:"Addresses that get a mail about every full run, and about plans that wait"`
	Changes         string                   `json:"changes,omitempty" enum:"usn,off" doc:"How the directory tells what changed; absent: by what it has"`
	IgnoreReferrals []string                 `json:"ignoreReferrals,omitempty" nullable:"false" maxItems:"100" doc:"Referrals that say nothing about the people"`
	PageSize        int                      `json:"pageSize,omitempty" minimum:"1" maximum:"100000"`
}

// DirectoryPatch changes settings of a directory: what is absent stays, null takes a setting away (RFC 7396).
type DirectoryPatch struct{ raw json.RawMessage }

// UnmarshalJSON keeps the patch as it is.
func (p *DirectoryPatch) UnmarshalJSON(text []byte) error {
	p.raw = append(json.RawMessage(nil), text...)
	return nil
}

// Schema is that of the settings, each of which may be null.
func (DirectoryPatch) Schema(r huma.Registry) *huma.Schema {
	s := *huma.SchemaFromType(r, reflect.TypeFor[DirectorySettings]())
	properties := make(map[string]*huma.Schema, len(s.Properties))
	for name, property := range s.Properties {
		if property.Ref != "" { // a part of its own, of which parts may be null again
			properties[name] = &huma.Schema{Description: property.Description}
			continue
		}
		nullable := *property
		nullable.Nullable = true
		properties[name] = &nullable
	}
	s.Properties = properties
	s.PrecomputeMessages()
	return &s
}

// NewConnector is a connector that shall be.
type NewConnector struct {
	Name         string         `json:"name" maxLength:"256"`
	Kind         string         `json:"kind" enum:"ad,openldap"`
	Settings     DirectoryPatch `json:"settings"`
	BindPassword string         `json:"bindPassword" minLength:"1" maxLength:"4096" writeOnly:"true" doc:"Of the bind DN. It is kept sealed and never shown"`
}

// ConnectorPatch changes a connector.
type ConnectorPatch struct {
	Settings     DirectoryPatch `json:"settings,omitempty"`
	BindPassword *string        `json:"bindPassword,omitempty" nullable:"false" minLength:"1" maxLength:"4096" writeOnly:"true" doc:"A new one. It has to be given again when where it is sent changes, or how the connection is secured"`
}

// ConnectorPath is the connector in the path.
type ConnectorPath struct {
	OrgPath
	Connector string `path:"connector" doc:"The connector's id"`
}

func (p ConnectorPath) connector() identity.ConnectorID { return identity.ConnectorID(p.Connector) }

type connector struct {
	ETag     string `header:"ETag" doc:"The connector's version, for If-Match"`
	Location string `header:"Location" doc:"Of a new connector: where it is"`
	Body     Connector
}

type connectorList struct {
	Connectors []Connector `json:"connectors" nullable:"false" doc:"In the order of their names"`
}

const (
	connectorsPath = orgPath + "/connectors"
	connectorPath  = connectorsPath + "/{connector}"
)

func (a *api) addConnectors() {
	add(a, operation{
		id: "listConnectors", method: http.MethodGet, path: connectorsPath, scope: scopeReadSync,
		summary: "List connectors", about: "The organization's connections to directories.",
	}, a.listConnectors)
	add(a, operation{
		id: "createConnector", method: http.MethodPost, path: connectorsPath, scope: scopeWriteConnectors, status: http.StatusCreated, secret: "bindPassword",
		summary: "Connect a directory", about: "From then on the directory owns the organization's people, unless it has claimed users; nobody is changed before a plan is applied. " +
			"The servers need certificates and public addresses, unless whoever runs this server allows private ones.",
		refusals: []int{http.StatusConflict},
	}, a.createConnector)
	add(a, operation{
		id: "getConnector", method: http.MethodGet, path: connectorPath, scope: scopeReadSync,
		summary: "Show a connector", about: "The ETag is for If-Match.",
	}, a.getConnector)
	add(a, operation{
		id: "changeConnector", method: http.MethodPatch, path: connectorPath, scope: scopeWriteConnectors,
		summary: "Change a connector", about: "A JSON merge patch (RFC 7396). Plans of before are not applied any more, and a plan has to be looked at before anything runs again, " +
			"unless it is only the password that changes.",
		refusals: []int{http.StatusConflict, http.StatusPreconditionFailed},
	}, a.changeConnector)
	add(a, operation{
		id: "deleteConnector", method: http.MethodDelete, path: connectorPath, scope: scopeWriteConnectors,
		summary: "Forget a connector", about: "With its plans and runs. Its users stay as they are, and who was going to be deleted still is.",
	}, a.deleteConnector)
	a.addSamples()
}

func (a *api) listConnectors(ctx context.Context, in *OrgPath) (*body[connectorList], error) {
	all, err := a.service.Reader().Connectors(ctx, in.id())
	if err != nil {
		return nil, err
	}
	list := connectorList{Connectors: make([]Connector, 0, len(all))}
	for _, n := range all {
		shown, err := a.showConnector(n)
		if err != nil {
			return nil, err
		}
		list.Connectors = append(list.Connectors, shown)
	}
	return &body[connectorList]{list}, nil
}

func (a *api) createConnector(ctx context.Context, in *struct {
	OrgPath
	Body NewConnector
}) (*connector, error) {
	n := identity.Connector{ID: identity.ConnectorID(a.service.NewID()), Org: in.id(), Name: in.Body.Name, Kind: in.Body.Kind}
	n, err := a.directories.Delegated(n, in.Body.Settings.raw, &in.Body.BindPassword)
	if err != nil {
		return nil, err
	}
	if n, err = a.service.CreateConnector(ctx, callerOf(ctx).actor(), n); err != nil {
		return nil, err
	}
	made, err := a.connectorBody(n)
	if err != nil {
		return nil, err
	}
	made.Location = "/api/v1/organizations/" + in.Org + "/connectors/" + made.Body.ID
	return made, nil
}

func (a *api) getConnector(ctx context.Context, in *ConnectorPath) (*connector, error) {
	n, err := a.service.Reader().Connector(ctx, in.id(), in.connector())
	if err != nil {
		return nil, err
	}
	return a.connectorBody(n)
}

func (a *api) changeConnector(ctx context.Context, in *struct {
	ConnectorPath
	IfMatch string         `header:"If-Match" maxLength:"1000" doc:"The ETag that the change is bound to; 412 if the connector has changed since"`
	Body    ConnectorPatch `contentType:"application/merge-patch+json"`
}) (*connector, error) {
	unchanged, err := ifUnchanged(in.IfMatch, "connector")
	if err != nil {
		return nil, err
	}
	n, err := a.service.Reader().Connector(ctx, in.id(), in.connector())
	if err != nil {
		return nil, err
	}
	if unchanged != nil {
		if err := unchanged(n.Version); err != nil {
			return nil, err
		}
	}
	patch := in.Body.Settings.raw
	if patch == nil {
		patch = json.RawMessage(`{}`)
	}
	if n, err = a.directories.Delegated(n, patch, in.Body.BindPassword); err != nil {
		return nil, err
	}
	if n, err = a.service.ChangeConnector(ctx, callerOf(ctx).actor(), n); err != nil {
		return nil, err
	}
	return a.connectorBody(n)
}

func (a *api) deleteConnector(ctx context.Context, in *ConnectorPath) (*struct{}, error) {
	return nil, a.service.RemoveConnector(ctx, callerOf(ctx).actor(), in.id(), in.connector())
}

func (a *api) connectorBody(n identity.Connector) (*connector, error) {
	shown, err := a.showConnector(n)
	if err != nil {
		return nil, err
	}
	return &connector{ETag: etag(n.Version), Body: shown}, nil
}

func (a *api) showConnector(n identity.Connector) (Connector, error) {
	shown := Connector{ID: string(n.ID), Name: n.Name, Kind: n.Kind, OthersSettings: []string{}, PasswordKept: n.Secret != "", LastGoodAt: instant(n.LastGoodAt),
		LastGoodCount: n.LastGoodCount, CreatedAt: n.CreatedAt, UpdatedAt: n.UpdatedAt, Version: n.Version}
	own, others, err := a.directories.Shown(n)
	if err != nil {
		return shown, err
	}
	shown.OthersSettings = append(shown.OthersSettings, others...)
	return shown, json.Unmarshal(own, &shown.Settings)
}
