package directory_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rollcall/directory"
	"rollcall/identity"
)

// filled sets every field of a value to something of its own, so that a field that is forgotten is noticed.
func filled(v reflect.Value, number *int) {
	*number++
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2026, 1, 2, 3, 4, 5, 1000*(*number), time.UTC)))
	case v.Kind() == reflect.String:
		v.SetString(fmt.Sprintf("text %d", *number))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Kind() == reflect.Int64:
		v.SetInt(int64(*number))
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		filled(v.Elem(), number)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			filled(v.Index(i), number)
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			filled(v.Field(i), number)
		}
	default:
		panic("nothing is known of " + v.Type().String())
	}
}

func TestRoster_KeepsEverythingButTheEventOfTheStatus(t *testing.T) {
	var a identity.Account
	number := 0
	filled(reflect.ValueOf(&a).Elem(), &number)
	require.NotEmpty(t, a.StatusEvent)
	r := directory.RosterOf(a)
	a.StatusEvent = ""
	require.Equal(t, a, r.At(0))
}

func TestRoster(t *testing.T) {
	long := strings.Repeat("é", 20_000)
	for name, a := range map[string]identity.Account{
		"nothing at all":                           {},
		"one address, which is the userName":       {UserName: "ada@corp.example", Emails: []identity.AccountEmail{{Value: "ada@corp.example", Type: "work", Primary: true}}},
		"an empty address beside no userName":      {Emails: []identity.AccountEmail{{}, {Type: "other"}}},
		"an address in other letters":              {UserName: "ada@corp.example", Emails: []identity.AccountEmail{{Value: "Ada@corp.example", NotPrimary: true}}},
		"texts longer than one byte can tell":      {UserName: long, Profile: identity.Profile(`{"title":"` + long + `"}`)},
		"a time before the clocks began":           {CreatedAt: time.Date(1902, 1, 1, 0, 0, 0, 1000, time.UTC)},
		"the very time that the clocks count from": {StatusAt: time.Unix(0, 0).UTC()},
		"a link to an entry without a name":        {Directory: &identity.DirectoryLink{}},
	} {
		t.Run(name, func(t *testing.T) {
			r := directory.RosterOf(identity.Account{ID: "before"}, a, identity.Account{ID: "behind"})
			require.Equal(t, 3, r.Len())
			require.Equal(t, a, r.At(1))
		})
	}
}

func TestPropertyRoster_GivesBackWhatWasAdded(t *testing.T) {
	text := rapid.OneOf(rapid.SampledFrom([]string{"", "work", "a\x00b"}), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		accounts := rapid.SliceOf(rapid.Custom(func(t *rapid.T) identity.Account {
			a := identity.Account{ID: identity.AccountID(text.Draw(t, "id")), UserName: text.Draw(t, "userName"), Profile: identity.Profile(text.Draw(t, "profile")),
				Status: identity.Status(text.Draw(t, "status")), Version: rapid.Int64Min(0).Draw(t, "version"), Shadow: rapid.Bool().Draw(t, "shadow")}
			for range rapid.IntRange(0, 3).Draw(t, "addresses") {
				a.Emails = append(a.Emails, identity.AccountEmail{Value: text.Draw(t, "address"), Type: text.Draw(t, "type"), Display: text.Draw(t, "display"), Primary: rapid.Bool().Draw(t, "primary")})
			}
			if rapid.Bool().Draw(t, "linked") {
				a.Directory = &identity.DirectoryLink{Connector: identity.ConnectorID(text.Draw(t, "connector")), Object: identity.ObjectID(text.Draw(t, "object"))}
			}
			return a
		})).Draw(t, "accounts")
		r := directory.RosterOf(accounts...)
		var got []identity.Account
		for i, a := range r.All() {
			require.Equal(t, a, r.At(i))
			got = append(got, a)
		}
		require.True(t, slices.EqualFunc(accounts, got, func(a, b identity.Account) bool { return reflect.DeepEqual(a, b) }))
	})
}
