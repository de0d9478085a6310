package main

import (
	"errors"
	"fmt"
	"io"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/directory/ldif"
	"rollcall/identity"
)

type connectorTestCmd struct {
	storeFlag
	orgFlag
	connectorArg
	accessFlags
}

// trial is what a connector's test found out.
type trial struct {
	Server     string   `json:"server"`
	Encryption string   `json:"encryption,omitempty"`
	Entries    int      `json:"entries"`
	Groups     int      `json:"groups,omitempty"`
	Complete   bool     `json:"complete"`
	Gaps       []string `json:"gaps,omitempty"`
	Unusable   int      `json:"unusable"`           // entries that could not be mapped
	Problems   []string `json:"problems,omitempty"` // why, for the first of them
	LookUp     string   `json:"lookUp,omitempty"`   // what looking up an id that does not exist came to
}

// problemsShown is how many unusable entries a test names.
const problemsShown = 5

// Run reads the directory as a synchronization would, and looks up an id that nobody has, which shows whether the account may
// see deleted entries.
func (c *connectorTestCmd) Run(a *app) error {
	return a.onStore(c.storeFlag, func(s *session) (err error) {
		_, n, err := s.orgAndConnector(c.orgFlag, c.Connector)
		if err != nil {
			return err
		}
		d, err := c.directories(s.service.Now)
		if err != nil {
			return err
		}
		source, err := d.Open(s.ctx, n)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, source.Close()) }()
		var t trial
		err = s.watched(func(p directory.Progress) error {
			var err error
			t, err = s.try(source, n, p)
			return err
		})
		if err != nil {
			return err
		}
		return s.show(t, func(w io.Writer) error { return t.print(w) })
	})
}

func (s *session) try(source directory.Source, n identity.Connector, p directory.Progress) (trial, error) {
	var t trial
	var err error
	if t.Encryption, err = encryptionOf(n); err != nil {
		return t, err
	}
	snapshot, err := source.Snapshot(s.ctx, p)
	if err != nil {
		return t, err
	}
	t.Server, t.Entries, t.Groups, t.Complete, t.Gaps = snapshot.Server, len(snapshot.Entries), len(snapshot.Groups), snapshot.Complete, snapshot.Gaps
	for _, e := range snapshot.Entries {
		if e.Problem == "" {
			continue
		}
		if t.Unusable++; t.Unusable <= problemsShown {
			t.Problems = append(t.Problems, e.DN+": "+e.Problem)
		}
	}
	if len(snapshot.Entries) == 0 {
		t.LookUp = "Not tried, as nobody was found to compare with. If there are people, check the base DN, the filter and the rights of the connector's account."
		return t, nil
	}
	found, err := source.Find(s.ctx, []identity.ObjectID{identity.ObjectID(s.service.NewID())}, snapshot.Entries[0].ID)
	if err != nil {
		return t, err
	}
	t.LookUp = found[0].Detail
	return t, nil
}

// encryptionOf says how a connection is kept secret; nothing if there is none.
func encryptionOf(n identity.Connector) (string, error) {
	if n.Kind == ldif.Kind {
		return "", nil
	}
	settings, err := ldap.SettingsOf(n)
	if err != nil {
		return "", err
	}
	return settings.Encryption(), nil
}

func (t trial) print(w io.Writer) error {
	pairs := []string{"server", t.Server, "encryption", t.Encryption, "people", fmt.Sprint(t.Entries), "complete", yesNo(t.Complete)}
	for _, gap := range t.Gaps {
		pairs = append(pairs, "  gap", gap)
	}
	if t.Unusable > 0 {
		pairs = append(pairs, "unusable", fmt.Sprint(t.Unusable))
	}
	if t.Groups > 0 {
		pairs = append(pairs, "groups", fmt.Sprint(t.Groups))
	}
	for _, problem := range t.Problems {
		pairs = append(pairs, "  for example", problem)
	}
	return properties(w, append(pairs, "look-up of a missing id", t.LookUp)...)
}
