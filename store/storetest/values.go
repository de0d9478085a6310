package storetest

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
)

// testValues writes every field and reads it back.
func testValues(t *testing.T, w world) {
	n := w.connector(t, w.own, "Head office")
	full := identity.Account{
		ID: identity.AccountID(w.ids.New()), Org: w.own, UserName: "Ada@Example.com", ExternalID: "00uX'; --",
		Emails:  []identity.AccountEmail{{Value: "Ada@Example.com", Type: "work", Primary: true}, {Value: "ada@home.example", Display: "at home"}},
		Profile: `{"displayName":"Ada <&> \"Löve\" ☃","n":12345678901234567890.10}`,
		Status:  identity.Inactive, PreviousStatus: identity.Active, InactiveReason: identity.DirectoryDeleted,
		StatusAt: start, StatusEvent: identity.EventID(w.ids.New()), Source: identity.SourceDirectory,
		Directory: &identity.DirectoryLink{Connector: n.ID, Object: "0b7e", DN: `CN=Ada\, Countess,DC=example`},
		Shadow:    true, PendingEmail: "Ada@New.example", PendingSince: start.Add(2 * time.Hour), InvitedAt: start.Add(3 * time.Hour),
		FirstSignInAt: start.Add(time.Microsecond), LastSignInAt: start.Add(time.Hour),
		CreatedAt: start.Add(-time.Hour), UpdatedAt: start.Add(time.Minute), Version: 1,
	}
	long := w.account(w.own, dense(identity.MaxUserName))
	long.ExternalID = identity.ExternalID(dense(identity.MaxExternalID))
	long.Profile = identity.Profile(`{"x":"` + strings.Repeat("y", identity.MaxProfile-8) + `"}`)
	many := w.account(w.own, "many")
	for _, value := range numbered("many-%d@example.com", 3*identity.MaxEmails) {
		many.Emails = append(many.Emails, identity.AccountEmail{Value: value})
	}
	for name, a := range map[string]identity.Account{
		"every field set":                 full,
		"nothing that can be left out":    w.account(w.own, "bare"),
		"the longest values":              long,
		"more addresses than are allowed": many,
		"the same address twice": func() identity.Account {
			a := many
			a.ID, a.UserName = identity.AccountID(w.ids.New()), "twice"
			a.Emails = append(a.Emails[:1:1], a.Emails[0])
			return a
		}(),
		"an instant before the year 1970": func() identity.Account {
			a := w.account(w.own, "old")
			a.CreatedAt = time.Date(1931, 1, 1, 0, 0, 0, 1000, time.UTC)
			return a
		}(),
		"an instant in another time zone": func() identity.Account {
			a := w.account(w.own, "zone")
			a.CreatedAt = start.In(time.FixedZone("", 3600))
			return a
		}(),
	} {
		t.Run("account: "+name, func(t *testing.T) {
			w.add(t, a)
			got, err := w.store.Account(ctx, w.own, a.ID)
			require.NoError(t, err)
			a.CreatedAt = a.CreatedAt.UTC()
			require.Equal(t, a, got)
			got, err = w.store.AccountByUserName(ctx, w.own, identity.KeyOfUserName(a.UserName))
			require.NoError(t, err)
			require.Equal(t, a, got)
		})
	}
	t.Run("binding: the longest values", func(t *testing.T) {
		a := w.add(t, w.account(w.own, "bound"))
		b := identity.Binding{Issuer: dense(identity.MaxIssuer), Subject: dense(identity.MaxSubject), Org: w.own, Account: a.ID, CreatedAt: start}
		w.must(t, func(tx identity.Tx) error { return tx.InsertBinding(ctx, b) })
		got, err := w.store.Binding(ctx, b.Issuer, b.Subject)
		require.NoError(t, err)
		require.Equal(t, b, got)
	})
	t.Run("account: every field changed", func(t *testing.T) {
		before := w.add(t, w.account(w.own, "before"))
		after := full
		after.ID, after.UserName, after.Source, after.Version = before.ID, "After", identity.SourceSCIM, 1
		after.InvitedAt = time.Time{} // see MarkInvited
		after.Directory = &identity.DirectoryLink{Connector: n.ID, Object: "0b7f"}
		w.must(t, func(tx identity.Tx) error { return tx.UpdateAccount(ctx, after, nil) })
		after.Version = 2
		got, err := w.store.Account(ctx, w.own, before.ID)
		require.NoError(t, err)
		require.Equal(t, after, got)
		bare := w.account(w.own, "bare again")
		bare.ID, bare.Version = before.ID, 2
		w.must(t, func(tx identity.Tx) error { return tx.UpdateAccount(ctx, bare, nil) })
		bare.Version = 3
		got, err = w.store.Account(ctx, w.own, before.ID)
		require.NoError(t, err)
		require.Equal(t, bare, got)
	})
	t.Run("the organization of personal accounts is built in", func(t *testing.T) {
		o, err := w.store.Organization(ctx, identity.ConsumerOrgID)
		require.NoError(t, err)
		require.Equal(t, identity.Consumer, o.Kind)
		require.Equal(t, identity.SyncDisabled, o.SyncMode)
		require.Equal(t, identity.DefaultRetentionDays, o.RetentionDays)
		require.EqualValues(t, 1, o.Version)
		require.True(t, o.SelfRegistration)
		require.Zero(t, o.ActiveProviders)
		require.Zero(t, o.LicenceTemplates)
		require.Empty(t, o.Creator)
		require.Equal(t, identity.OrgActive, o.State)
		require.True(t, o.AllowContentTransfer)
		require.Empty(t, o.Region)
		require.False(t, o.ProviderAuthoritative)
		require.False(t, o.CreatedAt.IsZero())
	})
	t.Run("organization: every field", func(t *testing.T) {
		o := identity.Organization{
			ID: identity.OrgID(w.ids.New()), Name: "Ünïcode & Söhne", Kind: identity.Partner, SyncMode: identity.SyncAuto,
			SSOProvider: "https://idp.example", RequireEmail: true, ActivationEmails: true, RetentionDays: 90,
			RetentionCutAt: start.Add(-time.Hour), EnforceVerifiedDomains: true, SelfRegistration: true, RequiredAttributes: "title department",
			Creator: identity.AccountID(w.ids.New()), ActiveProviders: 2, LicenceTemplates: 3,
			State: identity.OrgActive, AllowContentTransfer: true, Region: "Zürich", ProviderAuthoritative: true, CreatedAt: start, UpdatedAt: start, Version: 1,
		}
		w.must(t, func(tx identity.Tx) error { return tx.InsertOrganization(ctx, o) })
		got, err := w.store.Organization(ctx, o.ID)
		require.NoError(t, err)
		require.Equal(t, o, got)
		o.Name, o.SSOProvider, o.RequireEmail, o.ActivationEmails, o.SyncMode = "Other", "", false, false, identity.SyncPaused
		o.RetentionDays, o.UpdatedAt = 31, start.Add(time.Second)
		o.RetentionCutAt, o.EnforceVerifiedDomains, o.SelfRegistration, o.RequiredAttributes = time.Time{}, false, false, ""
		o.Creator, o.ActiveProviders, o.LicenceTemplates = "", 0, 1
		o.State, o.AllowContentTransfer, o.Region, o.ProviderAuthoritative = identity.OrgDeleting, false, "", false
		w.must(t, func(tx identity.Tx) error { return tx.UpdateOrganization(ctx, o) })
		o.Version = 2
		got, err = w.store.Organization(ctx, o.ID)
		require.NoError(t, err)
		require.Equal(t, o, got)
	})
	t.Run("event: every field", func(t *testing.T) {
		e := identity.Event{
			ID: identity.EventID(w.ids.New()), Org: w.own, At: start, Kind: identity.AccountDeactivated, Rule: "DIR-18",
			Actor: identity.Actor{Kind: identity.ConnectorRun, ID: string(n.ID), Name: "Head office", Org: w.own, Account: identity.AccountID(w.ids.New()),
				Request: identity.Request{Email: "ada@example.com", Role: identity.RoleFull, IP: "2001:db8::1", UserAgent: `curl/8 "<&>" ☃`, TrackingID: "t-1", Operation: "addUsers"}},
			Account: "gone", AccountName: "gone@example.com", Reason: identity.DirectoryOutOfScope, Evidence: json.RawMessage(`{"dn": "x"}`),
			Target: identity.Target{Type: identity.TargetGroup, ID: w.ids.New(), Name: "Staff"}, Error: identity.RuleLastFullAdmin, Message: "no",
		}
		bare := identity.Event{ID: identity.EventID(w.ids.New()), Org: w.own, At: start, Kind: identity.OrgChanged}
		for _, want := range []*identity.Event{&e, &bare} {
			w.must(t, func(tx identity.Tx) error { return tx.Record(ctx, *want) })
		}
		e.Seq, e.Hash = 1, ""
		e.Hash = e.Digest("")
		bare.Seq = 2
		bare.Hash = bare.Digest(e.Hash)
		for _, want := range []identity.Event{e, bare} {
			got, err := w.store.Event(ctx, w.own, want.ID)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	})
}

// dense is a text of n bytes that cannot be made shorter, as an engine does before it looks whether an index can have a text.
func dense(n int) string {
	text := make([]byte, n)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range text {
		text[i] = byte('!' + r.IntN('~'-'!'+1))
	}
	return string(text)
}
