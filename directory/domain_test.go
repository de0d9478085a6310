package directory_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
)

func TestDIR02_TheDomainOfAConnector(t *testing.T) {
	for name, c := range map[string]struct {
		bases []string
		want  string
		fails string
	}{
		"a unit of a domain":   {[]string{"OU=People,DC=Corp,DC=example"}, "dc=corp,dc=example", ""},
		"the domain itself":    {[]string{"DC=corp,DC=example"}, "dc=corp,dc=example", ""},
		"another spelling":     {[]string{"ou=People, dc=corp, DC=Example"}, "dc=corp,dc=example", ""},
		"two units of one":     {[]string{"OU=A,DC=corp", "OU=B,dc=Corp"}, "dc=corp", ""},
		"a comma in a name":    {[]string{`OU=a\,dc=x,DC=corp`}, "dc=corp", ""},
		"units of two domains": {[]string{"OU=A,DC=corp", "OU=A,DC=emea,DC=corp"}, "", "the base DNs are in two domains"},
		"no domain":            {[]string{"o=corp"}, "", ""},
		"none":                 {nil, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := directory.DomainOf(c.bases)
			if c.fails != "" {
				require.ErrorContains(t, err, c.fails)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}
