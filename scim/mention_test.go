package scim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/scim/filter"
)

func TestWhatTheStoredDocumentMentionsIfAFilterHolds(t *testing.T) {
	for text, want := range map[string]identity.Condition{
		`title eq "Engineer"`:                         identity.Mentions(`"engineer"`),
		`title co "Engineer"`:                         identity.Mentions("engineer"),
		`title sw "Chief \"Engineer\" of"`:            identity.Mentions("engineer"),
		`title eq "Émile the baker"`:                  identity.Mentions("mile the baker"),
		`title eq "\u212Aelvin"`:                      identity.Mentions(`"kelvin"`), // the Kelvin sign
		`title eq "\""`:                               identity.Mentions(`"title":`),
		`title eq ""`:                                 identity.Mentions(`"title":`),
		`title gt "E"`:                                identity.Mentions(`"title":`),
		`TITLE pr`:                                    identity.Mentions(`"title":`),
		`department eq "R D"`:                         identity.Mentions(`"r d"`),
		`name.familyName ew "son"`:                    identity.Mentions("son"),
		`roles eq "admin"`:                            identity.Mentions(`"admin"`),
		`roles.primary eq true`:                       identity.Mentions(`"primary":`),
		`roles[type eq "work" and primary eq true]`:   identity.Mentions(`"work"`),
		`photos.value eq "https://x.org/Ada?size=5"`:  identity.Mentions(`"https://x.org/Ada?size=5"`),
		`title eq "a" or department eq "b"`:           identity.Or{identity.Mentions(`"a"`), identity.Mentions(`"b"`)},
		`title eq "a" or not (title eq "b")`:          nil,
		`title ne "a"`:                                nil,
		`title eq null`:                               nil,
		`groups.value eq "a"`:                         nil,
		`manager.displayName eq "a"`:                  nil,
		`schemas eq "a"`:                              nil,
		`meta.resourceType eq "User"`:                 nil,
		AccountSchema + `:extensionAttribute1 eq "A"`: identity.Mentions(`"a"`),
	} {
		node, err := filter.Parse(text)
		require.NoError(t, err)
		got, exact := newTypes(Types{})[0].kept.push(node)
		require.False(t, exact, text)
		if want == nil {
			require.Nil(t, got, text)
			continue
		}
		require.Equal(t, want, got, text)
	}
}
