package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"rollcall/directory/mapping"
)

// ldapServer is an OpenLDAP server of our own, by the script that tests use.
type ldapServer struct {
	script, folder string
	said           map[string]string // what the script printed: LDAPS_URL, BASE_DN …
	people, groups int
}

// Groups of the directory have so many members, and there is one group for as many people.
const perGroup = 100

// startLDAP starts a server with so many people, each of whom has a manager, and groups of a hundred of them. It listens on port and the one behind.
func startLDAP(ctx context.Context, folder string, port, people int) (*ldapServer, error) {
	fixtures, err := fixturesFolder()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	s := &ldapServer{script: filepath.Join(fixtures, "slapd.sh"), folder: filepath.Join(folder, "slapd"), said: map[string]string{}, people: people, groups: people / perGroup}
	export := filepath.Join(folder, "people.ldif")
	if err := s.write(export); err != nil {
		return nil, err
	}
	if _, err := s.run(ctx, "load", s.folder, export); err != nil {
		return nil, err
	}
	out, err := s.run(ctx, "start", s.folder, strconv.Itoa(port), ownAddress())
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(out) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		s.said[name] = value
	}
	return s, os.WriteFile(s.passwordFile(), []byte(s.said["SYNC_PASSWORD"]), 0o600)
}

func (s *ldapServer) passwordFile() string { return s.folder + "-password" }

func (s *ldapServer) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.script, args...)
	cmd.Env = append(os.Environ(), "FIXTURE_OWNER="+strconv.Itoa(os.Getpid()))
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", s.script, args[0], err, said.String())
	}
	return out.String(), nil
}

func (s *ldapServer) destroy() error {
	_, err := s.run(context.Background(), "destroy", s.folder)
	return err
}

// write makes the file that the server is filled with.
func (s *ldapServer) write(file string) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := bufio.NewWriter(f)
	fmt.Fprint(out, "dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example Corp\n\n")
	for _, unit := range []string{"People", "Groups"} {
		fmt.Fprintf(out, "dn: ou=%s,dc=example,dc=org\nobjectClass: organizationalUnit\nou: %[1]s\n\n", unit)
	}
	for i := range s.people {
		writeEntry(out, i)
	}
	for g := range s.groups {
		fmt.Fprintf(out, "dn: cn=Group %d,ou=Groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: Group %[1]d\n", g)
		for k := range perGroup {
			fmt.Fprintln(out, "member: "+personDN((g*perGroup+7*k)%s.people))
		}
		fmt.Fprintln(out)
	}
	return out.Flush()
}

func personDN(i int) string { return fmt.Sprintf("uid=p%d,ou=People,dc=example,dc=org", i) }

func writeEntry(out io.Writer, i int) {
	fmt.Fprintf(out, "dn: %s\nobjectClass: inetOrgPerson\nuid: p%d\ncn: Person %[2]d\nsn: Family %[2]d\ngivenName: Given\ndisplayName: Person %[2]d\n"+
		"mail: %s\ntitle: Engineer\ndepartmentNumber: %d\nl: Berlin\ntelephoneNumber: +49 30 %06[2]d\nemployeeNumber: %[2]d\nmanager: %[5]s\n\n",
		personDN(i), i, seededName(i), i%50, personDN(i/10))
}

// read is what a client does at the least: the same connection, entries and attributes, page by page, and nothing done with them.
func (s *ldapServer) read() error {
	pem, err := os.ReadFile(s.said["CA_FILE"])
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	conn, err := ldap.DialURL(s.said["LDAPS_URL"], ldap.DialWithTLSConfig(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}))
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.Bind(s.said["SYNC_DN"], s.said["SYNC_PASSWORD"]); err != nil {
		return err
	}
	attributes := []string{"entryUUID", "pwdAccountLockedTime"}
	for _, source := range mapping.Defaults(mapping.OpenLDAP) {
		attributes = append(attributes, source.Attribute)
	}
	for _, search := range []struct {
		filter     string
		attributes []string
		page       uint32
		want       int
	}{
		{"(objectClass=inetOrgPerson)", attributes, 1000, s.people},
		{"(objectClass=groupOfNames)", []string{"entryUUID", "cn", "member"}, 100, s.groups},
	} {
		found, err := conn.SearchWithPaging(ldap.NewSearchRequest(s.said["BASE_DN"], ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
			search.filter, search.attributes, nil), search.page)
		if err != nil {
			return err
		}
		if len(found.Entries) != search.want {
			return fmt.Errorf("%s found %d entries instead of %d", search.filter, len(found.Entries), search.want)
		}
	}
	return nil
}
