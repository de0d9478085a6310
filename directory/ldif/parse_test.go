package ldif

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"
)

// parse writes what a file says as "dn|name=value,value|…", entries apart by a line.
func parse(text string) (string, error) {
	p := newParser(strings.NewReader(text))
	var out []string
	for {
		r, err := p.next()
		if errors.Is(err, io.EOF) {
			return strings.Join(out, "\n"), nil
		}
		if err != nil {
			return strings.Join(out, "\n"), err
		}
		one := r.DN
		if r.referral != "" {
			one = "-> " + r.referral
		}
		for _, a := range r.Attributes {
			one += fmt.Sprintf("|%s=%s", a.Name, strings.Join(strings.Split(fmt.Sprintf("%s", a.Values), " "), ","))
		}
		out = append(out, one)
	}
}

func TestWhatAFileSays(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nothing":                         {"", ""},
		"a version and nothing else":      {"version: 1\n", ""},
		"one entry":                       {"version: 1\ndn: cn=a\ncn: a\n", "cn=a|cn=[a]"},
		"no version":                      {"dn: cn=a\ncn: a\n", "cn=a|cn=[a]"},
		"two entries":                     {"dn: cn=a\ncn: a\n\ndn: cn=b\ncn: b\n\n\n", "cn=a|cn=[a]\ncn=b|cn=[b]"},
		"several empty lines":             {"\n\ndn: cn=a\ncn: a\n\n\n\ndn: cn=b\n", "cn=a|cn=[a]\ncn=b"},
		"line ends of Windows":            {"dn: cn=a\r\ncn: a\r\n b\r\n\r\ndn: cn=b\r\n", "cn=a|cn=[ab]\ncn=b"},
		"a mark of UTF-8":                 {"\ufeffdn: cn=a\n", "cn=a"},
		"a continued line":                {"dn: cn=a\ndescription: one\n  two\n three\n", "cn=a|description=[one,twothree]"},
		"a continued name":                {"dn: cn=a,\n dc=b\ndescr\n iption: x\n", "cn=a,dc=b|description=[x]"},
		"a continued base64":              {"dn: cn=a\ncn:: QW\n Rh\n", "cn=a|cn=[Ada]"},
		"a continuation of nothing new":   {"dn: cn=a\ncn: a\n \n", "cn=a|cn=[a]"},
		"base64 in the name of the entry": {"dn:: Y249WsO2\n", "cn=Zö"},
		"no value":                        {"dn: cn=a\ncn:\nsn::\n", "cn=a|cn=[]|sn=[]"},
		"no space before the value":       {"dn:cn=a\ncn:a\n", "cn=a|cn=[a]"},
		"colons in a value":               {"dn: cn=a\ncn: a:b::c\n", "cn=a|cn=[a:b::c]"},
		"values apart from each other":    {"dn: cn=a\nmail: 1\ncn: x\nMAIL: 2\n", "cn=a|mail=[1,2]|cn=[x]"},
		"options":                         {"dn: cn=a\nsn;lang-de: x\nmember;range=0-1: y\n", "cn=a|sn;lang-de=[x]|member;range=0-1=[y]"},
		"comments":                        {"# one\n#  two\n three\ndn: cn=a\n# in between\n  continued\ncn: a\n", "cn=a|cn=[a]"},
		"a comment between entries":       {"dn: cn=a\n\n# b\n\ndn: cn=b\n", "cn=a\ncn=b"},
		"what ldapsearch says at the end": {"dn: cn=a\n\n# search result\nsearch: 2\nresult: 0 Success\n\n# numEntries: 1\n", "cn=a"},
		"pages of ldapsearch":             {"dn: cn=a\n\nsearch: 2\nresult: 0 Success\ncontrol: 1.2 false AA==\npagedresults: cookie=AA==\n\ndn: cn=b\n\nsearch: 3\nresult: 0 Success\n", "cn=a\ncn=b"},
		"a referral":                      {"dn: cn=a\n\n# search reference\nref: ldap://x/dc=y\n\ndn: cn=b\n", "cn=a\n-> ldap://x/dc=y\ncn=b"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parse(c.text)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestDIR19_AFileIsReadToItsEndOrNotAtAll(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		line int
		says string
	}{
		"cut off in a value":                 {"dn: cn=a\nmail: ada@exa", 2, "may have been cut off"},
		"cut off in a comment":               {"dn: cn=a\n# tha", 2, "may have been cut off"},
		"cut off in a continuation":          {"dn: cn=a\nmail: a\n ", 3, "may have been cut off"},
		"cut off in the export":              {"dn: cn=a\n\nsearch: 2\nresult: 4 Size limit exceeded\n", 3, `the result "4 Size limit exceeded", so it is not whole`},
		"a result of its own":                {"dn: cn=a\n\nresult: 51 Busy\n", 3, "not whole"},
		"no result":                          {"dn: cn=a\n\nsearch: 2\n", 3, "not whole"},
		"another version":                    {"version: 2\ndn: cn=a\n", 1, "only version 1"},
		"a version later on":                 {"dn: cn=a\n\nversion: 1\n", 3, "begins with dn:"},
		"UTF-16":                             {"\xff\xfed\x00n\x00:\x00", 1, "UTF-16"},
		"no LDIF":                            {"<html>\n", 1, "not an attribute and its value"},
		"a line without a colon":             {"dn: cn=a\nhello\n", 2, "not an attribute and its value"},
		"a line without a name":              {"dn: cn=a\n: x\n", 2, "not an attribute and its value"},
		"a space in a name":                  {"dn: cn=a\nc n: x\n", 2, "not an attribute and its value"},
		"an entry without a name":            {"cn: a\n", 1, "begins with dn:, not with cn:"},
		"no line between entries":            {"dn: cn=a\ndn: cn=b\n", 2, "an empty line is missing"},
		"a continuation of nothing":          {" dn: cn=a\n", 1, "no line before it to continue"},
		"a continuation after an empty line": {"dn: cn=a\n\n cn: b\n", 3, "no line before it to continue"},
		"no base64":                          {"dn: cn=a\ncn:: a b\n", 2, "not base64"},
		"base64 that is too short":           {"dn: cn=a\ncn:: QWR\n", 2, "not base64"},
		"a value elsewhere":                  {"dn: cn=a\njpegPhoto:< file:///etc/passwd\n", 2, "nothing is fetched from there"},
		"changes":                            {"dn: cn=a\nchangetype: delete\n", 2, "a list of changes, not of entries"},
		"changes in other letters":           {"dn: cn=a\nChangeType: add\ncn: a\n", 2, `take the lines "changetype: add" out`},
		"changes with a control":             {"dn: cn=a\ncontrol: 1.2.3\nchangetype: delete\n", 2, "a list of changes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(c.text)
			var e *malformed
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.line, e.line)
			require.Contains(t, e.text, c.says)
		})
	}
}

func TestALineHasAtMost32MiB(t *testing.T) {
	line := "dn: " + strings.Repeat("x", maxLineBytes-5)
	got, err := parse(line + "\n")
	require.NoError(t, err)
	require.Len(t, got, maxLineBytes-5)
	_, err = parse(line + "xx\n")
	require.ErrorContains(t, err, "more than 33554432 bytes")
}

func TestWhatAFilterMatches(t *testing.T) {
	const entry = "dn: cn=Ada\nobjectClass: top\nobjectClass: user\ncn: Ada  Lovelace\nuserAccountControl: 514\nn: 9\nn2: x\n" +
		"objectCategory: CN=Person,CN=Schema,DC=x\nmemberOf: cn=Staff, ou=Groups,dc=x\nphoto:: /9j/\nempty:\n"
	r, err := newParser(strings.NewReader(entry)).next()
	require.NoError(t, err)
	for text, want := range map[string]bool{
		"(objectClass=USER)": true, "(objectClass=person)": false, "(OBJECTCLASS=*)": true, "(mail=*)": false, "(empty=*)": true,
		"(cn=ada lovelace)": true, "(cn=ada)": false, "(cn~=ADA LOVELACE)": true,
		"(cn=ada*)": true, "(cn=*love*)": true, "(cn=*lace)": true, "(cn=a*d*lov*e)": true, "(cn=*lace*ada)": false, "(cn=ada*ada lovelace)": false,
		"(!(mail=*))": true, "(!(cn=*))": false, "(&(cn=*)(mail=*))": false, "(|(mail=*)(cn=*))": true,
		"(n>=9)": true, "(n>=10)": false, "(n<=10)": true, "(n<=8)": false, "(n2>=b)": true, "(n2<=b)": false,
		"(userAccountControl:1.2.840.113556.1.4.803:=2)": true, "(userAccountControl:1.2.840.113556.1.4.803:=3)": false,
		"(userAccountControl:1.2.840.113556.1.4.804:=3)": true, "(userAccountControl:1.2.840.113556.1.4.804:=4)": false, "(cn:1.2.840.113556.1.4.803:=2)": false,
		"(!(userAccountControl:1.2.840.113556.1.4.803:=2))": false,
		"(objectCategory=person)":                           true, "(objectCategory=computer)": false, "(memberOf=CN=staff,OU=groups,DC=x)": true, "(memberOf=cn=Staff)": false,
		`(photo=\ff\d8\ff)`: true, `(photo=\ff\d8)`: false,
	} {
		f, err := compileFilter(text)
		require.NoError(t, err, text)
		require.Equal(t, want, f.matches(valuesOf(r.Raw)), text)
	}
	for _, text := range []string{"", "cn=a)", "(cn:caseExactMatch:=a)", "(cn:dn:=a)", "(n:1.2.840.113556.1.4.803:=x)", "(memberOf:1.2.840.113556.1.4.1941:=cn=x)"} {
		_, err := compileFilter(text)
		require.Error(t, err, text)
	}
}

// FuzzParse reads arbitrary files. What is accepted says the same when it is written out and read again.
func FuzzParse(f *testing.F) {
	f.Add("version: 1\ndn: cn=a\ncn: a\n b\n\n# c\ndn:: Y249YQ==\nsn;x:: QQ==\n")
	f.Add("dn: cn=a\r\nmail:< file:///x\r\n")
	f.Add("ref: ldap://x\n\nsearch: 2\nresult: 0\n")
	f.Fuzz(func(t *testing.T, text string) {
		p := newParser(strings.NewReader(text))
		var out strings.Builder
		var records []record
		for {
			r, err := p.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				var e *malformed
				require.ErrorAs(t, err, &e)
				require.Positive(t, e.line)
				return
			}
			if r.referral != "" {
				continue
			}
			records = append(records, r)
			fmt.Fprintf(&out, "dn:: %s\n", base64.StdEncoding.EncodeToString([]byte(r.DN)))
			for _, a := range r.Attributes {
				for _, value := range a.Values {
					fmt.Fprintf(&out, "%s:: %s\n", a.Name, base64.StdEncoding.EncodeToString(value))
				}
			}
			out.WriteString("\n")
		}
		again := newParser(strings.NewReader(out.String()))
		for _, want := range records {
			got, err := again.next()
			require.NoError(t, err)
			require.Equal(t, want.DN, got.DN)
			require.Len(t, got.Attributes, len(want.Attributes))
			for i := range want.Attributes {
				require.Equal(t, want.Attributes[i].Name, got.Attributes[i].Name)
				require.Equal(t, fmt.Sprint(want.Attributes[i].Values), fmt.Sprint(got.Attributes[i].Values))
			}
		}
		_, err := again.next()
		require.ErrorIs(t, err, io.EOF)
	})
}

// FuzzFilter compiles arbitrary filters and matches them with arbitrary values.
func FuzzFilter(f *testing.F) {
	f.Add("(&(cn=a*b)(!(n>=5)))", "a b", "7")
	f.Add("(memberOf=cn=a,dc=b)", "cn=a, dc=b", "x")
	f.Add("(n:1.2.840.113556.1.4.803:=2)", "", "3")
	f.Fuzz(func(t *testing.T, text, cn, n string) {
		c, err := compileFilter(text)
		if err != nil {
			return
		}
		values := func(attribute string) [][]byte {
			return map[string][][]byte{"cn": {[]byte(cn)}, "memberof": {[]byte(cn)}, "objectcategory": {[]byte(cn)}, "n": {[]byte(n)}}[attribute]
		}
		not := filter{op: ldap.FilterNot, of: []filter{c}}
		require.NotEqual(t, c.matches(values), not.matches(values))
	})
}
