package admin

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"rollcall/directory"
	"rollcall/identity"
)

// Synchronization is where an organization stands with its directories.
type Synchronization struct {
	Mode       string             `json:"mode" enum:"disabled,registered,manual,auto,paused" doc:"registered: a directory is connected and has not synchronized yet; auto: what is scheduled runs by itself"`
	ManagedBy  string             `json:"managedBy" enum:"directory,organization" doc:"Who may change the organization's users"`
	PlansOwed  []string           `json:"plansOwed" nullable:"false" doc:"Connectors of which a plan is owed before synchronization can be switched on, because users were claimed (CLM-03)"`
	Connectors []directory.Status `json:"connectors" nullable:"false" doc:"What every connector did last, what comes next, and what stands in the way"`
}

// SyncModeChange says how synchronization shall go on.
type SyncModeChange struct {
	Mode string `json:"mode" enum:"manual,auto,paused" doc:"auto: what is scheduled runs by itself, after a first synchronization and if every user has an entry (DIR-05); paused: nothing is applied"`
}

// ScheduleChange says how often a connector synchronizes by itself; what is absent stays.
type ScheduleChange struct {
	Full        string `json:"full,omitempty" maxLength:"20" doc:"How often everything is read, such as 24h, or off" example:"24h"`
	Incremental string `json:"incremental,omitempty" maxLength:"20" doc:"How often what changed is read, such as 4h, or off" example:"4h"`
}

const syncPath = orgPath + "/synchronization"

func (a *api) addSyncState() {
	a.addSyncDeleted()
	add(a, operation{
		id: "getSynchronization", method: http.MethodGet, path: syncPath, scope: scopeReadSync,
		summary: "Show where synchronization stands", about: "Of the organization and of each of its connectors.",
	}, a.getSynchronization)
	add(a, operation{
		id: "changeSynchronization", method: http.MethodPatch, path: syncPath, scope: scopeWriteSync,
		summary: "Synchronize by hand, by schedule or not for now", about: "While synchronization is on; it is refused if what it needs is not there.",
		refusals: []int{http.StatusConflict},
	}, a.changeSynchronization)
	add(a, operation{
		id: "enableSynchronization", method: http.MethodPost, path: syncPath + "/enable", scope: scopeWriteSync,
		summary: "Switch synchronization on", about: "The directory owns the organization's people from then on. After users were claimed a plan of every connector is owed first (CLM-03).",
		refusals: []int{http.StatusConflict},
	}, a.enableSynchronization)
	add(a, operation{
		id: "disableSynchronization", method: http.MethodPost, path: syncPath + "/disable", scope: scopeWriteSync,
		summary: "Switch synchronization off", about: "Connectors, links and dates of deletion stay. A run that has not finished ends where it is.",
	}, a.disableSynchronization)
	add(a, operation{
		id: "changeSchedule", method: http.MethodPatch, path: connectorPath + "/schedule", scope: scopeWriteSync,
		summary: "Change how often a connector synchronizes by itself", about: "It counts while the organization's mode is auto.",
	}, a.changeSchedule)
	add(a, operation{
		id: "resumeConnector", method: http.MethodPost, path: connectorPath + "/resume", scope: scopeWriteSync,
		summary: "Let a connector go on that has stopped", about: "After many failures in a row nothing runs by itself any more. The next attempt is due at once.",
		refusals: []int{http.StatusConflict},
	}, a.resumeConnector)
}

func (a *api) getSynchronization(ctx context.Context, in *OrgPath) (*body[Synchronization], error) {
	o, err := a.service.Reader().Organization(ctx, in.id())
	if err != nil {
		return nil, err
	}
	all, err := a.syncer.Status(ctx, in.id())
	if err != nil {
		return nil, err
	}
	shown := Synchronization{Mode: string(o.SyncMode), ManagedBy: managedBy(o), PlansOwed: []string{}, Connectors: all}
	if !o.ManagedByDirectory() {
		owed, err := a.service.DryRunsOwed(ctx, o.ID)
		if err != nil {
			return nil, err
		}
		for _, n := range owed {
			shown.PlansOwed = append(shown.PlansOwed, string(n.ID))
		}
	}
	return &body[Synchronization]{shown}, nil
}

func (a *api) changeSynchronization(ctx context.Context, in *struct {
	OrgPath
	Body SyncModeChange `contentType:"application/merge-patch+json"`
}) (*body[Synchronization], error) {
	on := func(o identity.Organization) error {
		if o.SyncMode == identity.SyncDisabled {
			return identity.Refuse(identity.Conflict, directory.RuleSyncOff, "synchronization is off for this organization; switch it on first")
		}
		return nil
	}
	_, err := a.service.ChangeOrganizationIf(ctx, callerOf(ctx).actor(), in.id(), on, func(o identity.Organization) identity.Organization {
		o.SyncMode = identity.SyncMode(in.Body.Mode)
		return o
	})
	if err != nil {
		return nil, err
	}
	return a.getSynchronization(ctx, &in.OrgPath)
}

func (a *api) enableSynchronization(ctx context.Context, in *OrgPath) (*body[Synchronization], error) {
	if _, err := a.service.EnableSync(ctx, callerOf(ctx).actor(), in.id()); err != nil {
		return nil, err
	}
	return a.getSynchronization(ctx, in)
}

func (a *api) disableSynchronization(ctx context.Context, in *OrgPath) (*body[Synchronization], error) {
	if _, err := a.service.DisableSync(ctx, callerOf(ctx).actor(), in.id()); err != nil {
		return nil, err
	}
	return a.getSynchronization(ctx, in)
}

func (a *api) changeSchedule(ctx context.Context, in *struct {
	ConnectorPath
	Body ScheduleChange `contentType:"application/merge-patch+json"`
}) (*body[directory.Status], error) {
	full, err := interval("full", in.Body.Full)
	if err != nil {
		return nil, err
	}
	incremental, err := interval("incremental", in.Body.Incremental)
	if err != nil {
		return nil, err
	}
	if err := a.syncer.Reschedule(ctx, in.id(), in.connector(), callerOf(ctx).actor(), full, incremental); err != nil {
		return nil, err
	}
	return a.status(ctx, in.ConnectorPath)
}

func (a *api) resumeConnector(ctx context.Context, in *ConnectorPath) (*body[directory.Status], error) {
	if err := a.syncer.Resume(ctx, in.id(), in.connector(), callerOf(ctx).actor()); err != nil {
		return nil, err
	}
	return a.status(ctx, *in)
}

func (a *api) status(ctx context.Context, in ConnectorPath) (*body[directory.Status], error) {
	all, err := a.syncer.Status(ctx, in.id())
	if err != nil {
		return nil, err
	}
	for _, st := range all {
		if st.Connector == in.connector() {
			return &body[directory.Status]{st}, nil
		}
	}
	return nil, fmt.Errorf("admin: connector %s is gone again", in.Connector)
}

// interval reads how often something happens: nil for what is not said, zero for off.
func interval(name, text string) (*time.Duration, error) {
	var d time.Duration
	switch text {
	case "":
		return nil, nil
	case "off":
		return &d, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return nil, identity.Refuse(identity.Invalid, identity.RuleInvalidValue, "%q is no interval; use one such as 24h or 30m, or off", text).At("body." + name)
	}
	return &d, nil
}
