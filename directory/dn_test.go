package directory

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamesThatAreTheSame(t *testing.T) {
	for _, group := range [][]string{
		{"CN=Ada,OU=People,DC=corp", "cn=ada, ou=people, dc=CORP", "cn = ada ,ou=people;dc=corp", `cn=\61da,ou=people,dc=corp`},
		{`CN=Hopper\, Grace,DC=x`, `cn=hopper\2C grace,dc=x`, `cn=Hopper\2c Grace, dc=x`},
		{`cn=a\+b,dc=x`, `cn=a\2Bb,dc=x`},
		{`cn=a+sn=b,dc=x`, `cn=a + sn=b , dc=x`},
		{`cn=a=b,dc=x`, `cn=a\=b,dc=x`, `cn=a\3Db,dc=x`},
		{`cn=\#1,dc=x`, `cn=\231,dc=x`},
		{`cn=Zoë,dc=x`, `cn=zo\C3\AB,dc=x`, `CN=ZOË,DC=X`},
		{`cn=a\\b`, `cn=a\5cb`},
		{``},
		{`cn=a b`}, {`cn=ab`}, {`cn=a,b`}, {`cn=a\`},
	} {
		for _, dn := range group {
			require.Equal(t, DNKey(group[0]), DNKey(dn), dn)
		}
	}
	require.NotEqual(t, DNKey("cn=a b"), DNKey("cn=ab"))
	require.NotEqual(t, DNKey(`cn=a\,b`), DNKey("cn=a,b"))
	require.NotEqual(t, DNKey(`cn=a\+sn=b`), DNKey("cn=a+sn=b"))
}

// FuzzNames: the short way gives what the long one does, and a name means the same whatever its case and the spaces around it.
func FuzzNames(f *testing.F) {
	f.Add(`CN=Hopper\, Grace \"x\" \+ \#1 , OU=a;dc=b`)
	f.Add("CN=Ada Lovelace,OU=People,DC=corp")
	f.Add("a=b=c, =,+ \\20 ,")
	f.Fuzz(func(t *testing.T, dn string) {
		require.Equal(t, respelled(dn), DNKey(dn))
		if !strings.HasSuffix(dn, `\`) {
			require.Equal(t, DNKey(dn), DNKey("  "+dn+" "))
		}
	})
}
