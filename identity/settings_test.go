package identity_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

func TestCSV08_WhatAnOrganizationCanRequireOfNewUsers(t *testing.T) {
	for name, c := range map[string]struct {
		required string
		says     string // of the error; empty: it is fine
	}{
		"nothing":                  {"", ""},
		"one attribute":            {"department", ""},
		"several":                  {"department givenName phoneNumbers", ""},
		"one that nobody can give": {"department shoeSize", `the attribute "shoeSize" cannot be required; use some of addresses, department`},
		"one in other letters":     {"Department", "cannot be required"},
		"one twice":                {"title department title", "the attribute title is listed twice"},
		"one that is very long":    {strings.Repeat("x", 5000), "cannot be required"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			org := w.org("A")
			o, err := w.ChangeOrganization(w.ctx, admin, org, func(o identity.Organization) identity.Organization {
				o.RequiredAttributes = c.required
				return o
			})
			if c.says == "" {
				require.NoError(t, err)
				require.Equal(t, c.required, o.RequiredAttributes)
				return
			}
			require.Equal(t, identity.Invalid, identity.KindOf(err))
			require.ErrorContains(t, err, c.says)
			require.Less(t, len(err.Error()), 500)
		})
	}
}

func TestSettingsCanBeBoundToTheVersionThatWasSeen(t *testing.T) {
	w := newWorld(t)
	org := w.org("A")
	stale := identity.Refuse(identity.Stale, identity.RuleVersionMismatch, "it has changed")
	rename := func(o identity.Organization) identity.Organization {
		o.Name = "B"
		return o
	}
	_, err := w.ChangeOrganizationIf(w.ctx, admin, org, func(o identity.Organization) error {
		require.EqualValues(t, 1, o.Version)
		return stale
	}, rename)
	require.ErrorIs(t, err, stale)
	o, err := w.Reader().Organization(w.ctx, org)
	require.NoError(t, err)
	require.Equal(t, "A", o.Name)
	o, err = w.ChangeOrganizationIf(w.ctx, admin, org, func(identity.Organization) error { return nil }, rename)
	require.NoError(t, err)
	require.Equal(t, "B", o.Name)
	require.EqualValues(t, 2, o.Version)
}
