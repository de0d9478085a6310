package demodirectory

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// The names of the domain.
const (
	BaseDN       = "DC=corp,DC=example"
	PeopleDN     = "OU=People," + BaseDN
	FormerDN     = "OU=Former," + BaseDN
	BindDN       = "CN=svc-sync,CN=Users," + BaseDN
	configDN     = "CN=Configuration," + BaseDN
	schemaDN     = "CN=Schema," + configDN
	deletedDN    = "CN=Deleted Objects," + BaseDN
	serverDN     = "CN=DC1,CN=Servers,CN=Default-First-Site-Name,CN=Sites," + configDN
	serviceDN    = "CN=NTDS Settings," + serverDN
	hostName     = "dc1.corp.example"
	firstUSN     = 12_000
	normal       = 0x200 // userAccountControl of an ordinary user (MS-ADTS section 2.2.16)
	accountOff   = 0x2
	timeOfObject = "20060102150405.0Z" // GeneralizedTime as the directory writes it
)

// Person is somebody to add. Mail decides nothing: objectGUID alone is who somebody is.
type Person struct {
	GivenName, FamilyName, Mail, Department, Title string
	Disabled                                       bool
}

// ID is the objectGUID of a person in canonical lower-case form.
type ID string

// Directory is a domain in memory. Its methods may be called while it is being read.
type Directory struct {
	mu      sync.Mutex
	entries []*entry // in the order of creation
	people  map[ID]*entry
	usn     int64
	blind   bool
}

// New returns a domain with its containers and nobody in it.
func New() *Directory {
	d := &Directory{people: map[ID]*entry{}, usn: firstUSN}
	container := func(dn, class string, more ...attribute) *entry {
		e := &entry{dn: dn, attributes: append([]attribute{{"objectClass", []string{"top", class}}, {"distinguishedName", []string{dn}}}, more...)}
		e.set("objectGUID", packGUID(uuid.NewString()))
		d.touch(e)
		d.entries = append(d.entries, e)
		return e
	}
	container(BaseDN, "domainDNS")
	container("CN=Users,"+BaseDN, "container")
	container(PeopleDN, "organizationalUnit")
	container(FormerDN, "organizationalUnit")
	container(BindDN, "user", attribute{"sAMAccountName", []string{"svc-sync"}}, attribute{"userAccountControl", []string{strconv.Itoa(normal)}})
	container(configDN, "configuration")
	container(serverDN, "server", attribute{"dNSHostName", []string{hostName}})
	container(serviceDN, "nTDSDSA", attribute{"invocationId", []string{packGUID(uuid.NewString())}})
	bin := container(deletedDN, "container", attribute{"isDeleted", []string{"TRUE"}})
	bin.deleted = true
	return d
}

// Add creates a person in [PeopleDN].
func (d *Directory) Add(p Person) ID {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := ID(uuid.NewString())
	name := p.GivenName + " " + p.FamilyName
	control := normal
	if p.Disabled {
		control |= accountOff
	}
	local, _, _ := strings.Cut(p.Mail, "@")
	e := &entry{attributes: []attribute{{"objectClass", []string{"top", "person", "organizationalPerson", "user"}}}}
	e.dn = d.freeDN(name, PeopleDN)
	for _, a := range [][2]string{
		{"distinguishedName", e.dn}, {"cn", name}, {"name", name}, {"displayName", name}, {"givenName", p.GivenName}, {"sn", p.FamilyName},
		{"mail", p.Mail}, {"userPrincipalName", p.Mail}, {"sAMAccountName", local}, {"department", p.Department}, {"title", p.Title},
		{"userAccountControl", strconv.Itoa(control)}, {"objectGUID", packGUID(string(id))},
		{"objectCategory", "CN=Person," + schemaDN}, {"instanceType", "4"}, {"accountExpires", "9223372036854775807"},
	} {
		if a[1] != "" {
			e.set(a[0], a[1])
		}
	}
	d.touch(e)
	d.entries, d.people[id] = append(d.entries, e), e
	return id
}

// SetDisabled blocks or unblocks a person's account.
func (d *Directory) SetDisabled(id ID, disabled bool) error {
	return d.change(id, func(e *entry) {
		control, _ := strconv.Atoi(e.value("userAccountControl"))
		if control &^= accountOff; disabled {
			control |= accountOff
		}
		e.set("userAccountControl", strconv.Itoa(control))
	})
}

// Rename gives a person another family name and address; the entry's name in the tree changes with it.
func (d *Directory) Rename(id ID, familyName, mail string) error {
	return d.change(id, func(e *entry) {
		name := e.value("givenName") + " " + familyName
		e.set("sn", familyName)
		e.set("mail", mail)
		e.set("userPrincipalName", mail)
		for _, attribute := range []string{"cn", "name", "displayName"} {
			e.set(attribute, name)
		}
		d.place(e, d.freeDN(name, parentDN(e.dn)))
	})
}

// Move puts a person under another container.
func (d *Directory) Move(id ID, container string) error {
	return d.change(id, func(e *entry) { d.place(e, d.freeDN(e.value("cn"), container)) })
}

// Delete leaves of a person what a domain without a recycle bin leaves: a tombstone with the ids and little else (MS-ADTS
// section 3.1.1.5.5.1.1).
func (d *Directory) Delete(id ID) error {
	return d.change(id, func(e *entry) {
		name := e.value("cn") + "\nDEL:" + string(id)
		tomb := []attribute{{"isDeleted", []string{"TRUE"}}, {"isRecycled", []string{"TRUE"}}, {"lastKnownParent", []string{parentDN(e.dn)}},
			{"cn", []string{name}}, {"name", []string{name}}}
		for _, kept := range []string{"objectClass", "objectGUID", "sAMAccountName", "userAccountControl", "instanceType"} {
			tomb = append(tomb, attribute{kept, e.values(kept)})
		}
		e.attributes, e.deleted = tomb, true
		d.place(e, "CN="+escapeRDN(name)+","+deletedDN)
	})
}

// Blind makes every search below the root DSE find nothing and still succeed, as it happens when the reader's account loses
// its rights.
func (d *Directory) Blind(blind bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.blind = blind
}

func (d *Directory) change(id ID, edit func(*entry)) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	e, ok := d.people[id]
	if !ok {
		return fmt.Errorf("demodirectory: nobody has the id %s", id)
	}
	edit(e)
	d.touch(e)
	return nil
}

// place moves an entry in the tree.
func (d *Directory) place(e *entry, dn string) {
	e.dn = dn
	e.set("distinguishedName", dn)
}

// freeDN returns a name in a container that no entry has yet.
func (d *Directory) freeDN(name, container string) string {
	for n := 1; ; n++ {
		rdn := name
		if n > 1 {
			rdn += " " + strconv.Itoa(n)
		}
		dn := "CN=" + escapeRDN(rdn) + "," + container
		if !slices.ContainsFunc(d.entries, func(e *entry) bool { return strings.EqualFold(e.dn, dn) }) {
			return dn
		}
	}
}

// touch counts a change, as every domain controller does.
func (d *Directory) touch(e *entry) {
	d.usn++
	now := time.Now().UTC().Format(timeOfObject)
	if e.value("whenCreated") == "" {
		e.set("whenCreated", now)
		e.set("uSNCreated", strconv.FormatInt(d.usn, 10))
	}
	e.set("whenChanged", now)
	e.set("uSNChanged", strconv.FormatInt(d.usn, 10))
}

// rootDSE is what a client learns about the server before anything else (RFC 4512 section 5.1, MS-ADTS section 3.1.1.3.2).
func (d *Directory) rootDSE() *entry {
	e := &entry{}
	e.set("objectClass", "top")
	e.set("namingContexts", BaseDN, configDN, schemaDN)
	e.set("defaultNamingContext", BaseDN)
	e.set("rootDomainNamingContext", BaseDN)
	e.set("configurationNamingContext", configDN)
	e.set("schemaNamingContext", schemaDN)
	e.set("dnsHostName", hostName)
	e.set("serverName", serverDN)
	e.set("dsServiceName", serviceDN)
	e.set("highestCommittedUSN", strconv.FormatInt(d.usn, 10))
	e.set("currentTime", time.Now().UTC().Format(timeOfObject))
	e.set("supportedLDAPVersion", "3", "2")
	e.set("supportedControl", controlPaging, controlShowDeleted, controlShowRecycled)
	e.set("supportedCapabilities", "1.2.840.113556.1.4.800") // Active Directory
	e.set("isSynchronized", "TRUE")
	return e
}
