package ldap_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/directory/mapping"
	"rollcall/identity"
)

// guidOf is objectGUID of what has the id uuidOf(i).
func guidOf(i int) string {
	id := mapping.Swap(uuid.MustParse(uuidOf(i)))
	return string(id[:])
}

// extended is the name of member i as AD writes it when it is asked for ids.
func extended(i int) string {
	return fmt.Sprintf("<GUID=%s>;<SID=S-1-5-21-1-2-3-%d>;CN=u%d,ou=people,%s", uuidOf(i), i, i, suffix)
}

// controller is a scripted domain controller with one group of members 1 to n, which it gives out three at a time.
type controller struct {
	*badServer
	members int
	usn     int
	answers func(from int) (name string, values []string) // what a request for members gets; nil: what is right
	looked  func(times int)                               // before the state of the group is told
	looks   int
	asked   []int // from where members were asked for
}

const groupID = 77

func (c *controller) part(from int) (string, []string) {
	to := min(from+3, c.members)
	var values []string
	for i := from; i < to; i++ {
		values = append(values, extended(i+1))
	}
	if to == c.members {
		return fmt.Sprintf("member;range=%d-*", from), values
	}
	return fmt.Sprintf("member;range=%d-%d", from, to-1), values
}

func startController(t *testing.T, members int) *controller {
	c := &controller{members: members, usn: 5}
	c.answers = c.part
	c.badServer = startBadServer(t, func(s *session, q query) {
		if strings.Contains(q.filter, "groupType") {
			name, values := "member", []string(nil)
			if c.members > 3 {
				name, values = c.part(0)
			} else {
				_, values = c.part(0)
			}
			s.entry(fmt.Sprintf("<GUID=%s>;CN=Sales,ou=groups,%s", uuidOf(groupID), suffix),
				map[string][]string{"objectGUID": {guidOf(groupID)}, "cn": {"Sales"}, name: values, "objectClass": {"group"}})
		}
		s.donePage("")
	})
	c.base = func(s *session, q query) {
		switch wanted := q.wants[0]; {
		case wanted == "uSNChanged":
			c.looks++
			if c.looked != nil {
				c.looked(c.looks)
			}
			s.entry(q.base, map[string][]string{"uSNChanged": {strconv.Itoa(c.usn)}})
		case strings.HasPrefix(wanted, "member;range="):
			from, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(wanted, "member;range="), "-*"))
			require.NoError(t, err)
			c.asked = append(c.asked, from)
			name, values := c.answers(from)
			if name == "" {
				s.conn.Close()
				return
			}
			s.entry(q.base, map[string][]string{name: values})
		default:
			s.entry(q.base, nil)
		}
		s.done(0)
	}
	return c
}

func (c *controller) read(t *testing.T) directory.Snapshot {
	source, err := ldap.Open(c.settings(func(s *ldap.Settings) {
		s.Kind, s.Changes, s.Groups = ldap.AD, ldap.ChangesOff, &directory.GroupSettings{}
	}), time.Now)
	require.NoError(t, err)
	snapshot, err := source.Snapshot(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, snapshot.Groups, 1)
	require.Equal(t, "CN=Sales,ou=groups,"+suffix, snapshot.Groups[0].DN)
	return snapshot
}

func TestMembersThatComeInParts(t *testing.T) {
	for name, c := range map[string]struct {
		members int
		spoil   func(c *controller)
		asked   []int
		problem string
	}{
		"few enough":                       {3, nil, nil, ""},
		"in two parts":                     {4, nil, []int{0, 3}, ""},
		"the last part is full":            {6, nil, []int{0, 3}, ""},
		"in three parts":                   {7, nil, []int{0, 3, 6}, ""},
		"the group changes once meanwhile": {7, func(c *controller) { c.looked = func(n int) { c.usn += n % 3 / 2 } }, []int{0, 3, 6, 0, 3, 6}, ""},
		"the group never stands still": {7, func(c *controller) { c.looked = func(int) { c.usn++ } }, []int{0, 3, 6, 0, 3, 6, 0, 3, 6},
			"changed while they were read"},
		"a part with fewer than it says": {7, func(c *controller) {
			c.answers = func(from int) (string, []string) {
				name, values := c.part(from)
				return name, values[:1]
			}
		}, []int{0, 0, 0}, "did not send all of them"},
		"a part from elsewhere": {7, func(c *controller) {
			c.answers = func(from int) (string, []string) { return c.part(max(0, from-1)) }
		}, []int{0, 3, 0, 3, 0, 3}, "did not send all of them"},
		"no further part": {7, func(c *controller) {
			c.answers = func(from int) (string, []string) {
				if from > 0 {
					return "cn", []string{"Sales"}
				}
				return c.part(from)
			}
		}, []int{0, 3, 0, 3, 0, 3}, "did not send all of them"},
		"the connection breaks once": {7, func(c *controller) {
			c.answers = func(from int) (string, []string) {
				if len(c.asked) == 2 {
					return "", nil
				}
				return c.part(from)
			}
		}, []int{0, 3, 0, 3, 6}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := startController(t, c.members)
			if c.spoil != nil {
				c.spoil(server)
			}
			snapshot := server.read(t)
			g := snapshot.Groups[0]
			require.Equal(t, c.asked, server.asked)
			require.True(t, snapshot.Complete, "what is wrong with a group is wrong with no other entry")
			if c.problem != "" {
				require.Contains(t, g.Problem, c.problem)
				require.Empty(t, g.Members)
				return
			}
			require.Empty(t, g.Problem)
			require.Len(t, g.Members, c.members)
			for i, m := range g.Members {
				require.Equal(t, directory.GroupMember{ID: identity.ObjectID(uuidOf(i + 1)), DN: fmt.Sprintf("CN=u%d,ou=people,%s", i+1, suffix)}, m)
			}
		})
	}
}

func TestWhatAGroupComesAs(t *testing.T) {
	group := func(attributes map[string][]string) func(s *session, q query) {
		return func(s *session, q query) {
			if strings.Contains(q.filter, "groupOfNames") {
				s.entry("cn=sales,ou=groups,"+suffix, attributes)
			} else {
				s.person(1)
			}
			s.donePage("")
		}
	}
	one := func(i int) string { return fmt.Sprintf("UID=u%d, OU=people, %s", i, suffix) }
	for name, c := range map[string]struct {
		attributes map[string][]string
		members    []directory.GroupMember
		problem    string
		gap        string
	}{
		"a member who was read": {map[string][]string{"entryUUID": {uuidOf(9)}, "cn": {"sales"}, "member": {one(1)}},
			[]directory.GroupMember{{ID: identity.ObjectID(uuidOf(1))}}, "", ""},
		"a member who is elsewhere": {map[string][]string{"entryUUID": {uuidOf(9)}, "cn": {"sales"}, "uniqueMember": {one(2) + "#'0101'B"}},
			[]directory.GroupMember{{ID: identity.ObjectID(uuidOf(2)), DN: one(2)}}, "", ""},
		"a member who is nowhere": {map[string][]string{"entryUUID": {uuidOf(9)}, "cn": {"sales"}, "member": {one(3)}},
			[]directory.GroupMember{{DN: one(3)}}, "", ""},
		"nobody, as the class asks for somebody": {map[string][]string{"entryUUID": {uuidOf(9)}, "cn": {"sales"}, "member": {""}}, nil, "", ""},
		"no member at all":                       {map[string][]string{"entryUUID": {uuidOf(9)}, "cn": {"sales"}}, nil, "may lack the right", ""},
		"no name":                                {map[string][]string{"entryUUID": {uuidOf(9)}, "member": {one(1)}}, nil, "has no name (attribute cn)", ""},
		"no id":                                  {map[string][]string{"cn": {"sales"}, "member": {one(1)}}, nil, "", "The group cn=sales,ou=groups,dc=example came without a usable entryUUID."},
		"the id of a person":                     {map[string][]string{"entryUUID": {uuidOf(1)}, "cn": {"sales"}, "member": {one(1)}}, nil, "", "two entries with the id"},
	} {
		t.Run(name, func(t *testing.T) {
			server := startBadServer(t, group(c.attributes))
			server.base = func(s *session, q query) {
				switch {
				case strings.HasPrefix(q.base, "UID=u2"):
					s.entry(q.base, map[string][]string{"entryUUID": {uuidOf(2)}})
				case strings.HasPrefix(q.base, "UID="):
					s.done(32)
					return
				default:
					s.entry(q.base, nil)
				}
				s.done(0)
			}
			source, err := ldap.Open(server.settings(func(s *ldap.Settings) { s.Changes, s.Groups = ldap.ChangesOff, &directory.GroupSettings{} }), time.Now)
			require.NoError(t, err)
			snapshot, err := source.Snapshot(t.Context(), nil)
			require.NoError(t, err)
			require.Equal(t, c.gap == "", snapshot.Complete)
			if c.gap != "" {
				require.Contains(t, snapshot.Gaps[0], c.gap)
				return
			}
			require.Len(t, snapshot.Groups, 1)
			require.Contains(t, snapshot.Groups[0].Problem, c.problem)
			require.Equal(t, c.problem == "", snapshot.Groups[0].Problem == "")
			if c.problem == "" {
				require.ElementsMatch(t, c.members, snapshot.Groups[0].Members)
			}
		})
	}
}

func TestSettingsOfGroups(t *testing.T) {
	for name, c := range map[string]struct {
		groups directory.GroupSettings
		field  string // of the error; empty: they are fine
	}{
		"by default":                     {directory.GroupSettings{}, ""},
		"everything":                     {directory.GroupSettings{Members: directory.NestedMembers, BaseDNs: []string{"ou=Groups,dc=x"}, Filter: "(cn=App-*)", Name: "sAMAccountName"}, ""},
		"no such mode":                   {directory.GroupSettings{Members: "all"}, "groups.members"},
		"a base that is no name":         {directory.GroupSettings{BaseDNs: []string{"Groups"}}, "groups.baseDNs[0]"},
		"bases of which one has another": {directory.GroupSettings{BaseDNs: []string{"dc=x", "ou=Groups,dc=x"}}, "groups.baseDNs[1]"},
		"a filter that is none":          {directory.GroupSettings{Filter: "cn=App"}, "groups.filter"},
		"a name that is no attribute":    {directory.GroupSettings{Name: "common name"}, "groups.name"},
	} {
		t.Run(name, func(t *testing.T) {
			s := ldap.Settings{Kind: ldap.AD, URLs: []string{"ldaps://dc1.corp.example"}, BindDN: "CN=reader,DC=corp", BindPasswordFile: passwordFile(t, "secret"),
				BaseDNs: []string{"OU=People,DC=corp"}, Groups: &c.groups}
			err := s.Validate()
			if c.field == "" {
				require.NoError(t, err)
				return
			}
			var refused *identity.Error
			require.ErrorAs(t, err, &refused)
			require.Equal(t, c.field, refused.Field)
		})
	}
}
