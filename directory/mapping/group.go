package mapping

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"rollcall/directory"
	"rollcall/identity"
)

// DefaultGroupFilters match the groups that are mirrored: in AD security groups, not mailing lists (DIR-13; MS-ADTS 2.2.12, GROUP_SECURITY_ENABLED).
var DefaultGroupFilters = map[string]string{
	AD:       "(&(objectClass=group)(groupType:1.2.840.113556.1.4.803:=2147483648))",
	OpenLDAP: "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames))",
}

// MemberAttributes name the attributes that hold who is in a group (MS-ADA2, RFC 4519).
var MemberAttributes = map[string][]string{AD: {"member"}, OpenLDAP: {"member", "uniqueMember"}}

// GroupMapper turns raw entries into groups. It may be used by several goroutines.
type GroupMapper struct {
	kind   string
	name   string
	wanted []string
}

// NewGroupMapper returns a mapper by settings that are filled in.
func NewGroupMapper(kind string, s directory.GroupSettings) *GroupMapper {
	g := &GroupMapper{kind: kind, name: s.Name, wanted: []string{IDAttributes[kind], s.Name}}
	if g.wanted = append(g.wanted, MemberAttributes[kind]...); kind == AD {
		g.wanted = append(g.wanted, attrDeleted)
	}
	return g
}

// Wanted returns the attributes that a search must ask for.
func (g *GroupMapper) Wanted() []string { return g.wanted }

// Group maps an entry. gap says that nobody can tell which group it is, so that the reading is not complete. rest is where the
// members go on that the server did not send; 0: it sent all.
func (g *GroupMapper) Group(raw Raw) (e directory.GroupEntry, rest int, drop bool, gap string) {
	e = directory.GroupEntry{DN: PlainDN(strings.ToValidUTF8(raw.DN, "�"))}
	members := false
	for _, a := range raw.Attributes {
		name, option, _ := strings.Cut(a.Name, ";")
		switch {
		case strings.EqualFold(a.Name, IDAttributes[g.kind]) && len(a.Values) == 1:
			e.ID, _ = IDOf(g.kind, a.Values[0])
		case strings.EqualFold(a.Name, attrDeleted) && len(a.Values) > 0 && strings.EqualFold(string(a.Values[0]), "TRUE"):
			return directory.GroupEntry{}, 0, true, ""
		case strings.EqualFold(a.Name, g.name) && len(a.Values) > 0:
			e.Name = strings.TrimSpace(string(a.Values[0]))
		case g.isMember(name):
			members = members || len(a.Values) > 0
			e.Members = append(e.Members, MembersOf(a.Values)...)
			if option != "" {
				rest = RestOf(option)
			}
		}
	}
	switch {
	case e.ID == "":
		return directory.GroupEntry{}, 0, false, fmt.Sprintf("The group %s came without a usable %s.", e.DN, IDAttributes[g.kind])
	case e.Name == "":
		e.Problem = fmt.Sprintf("The group has no name (attribute %s).", g.name)
	case !members && g.kind == OpenLDAP:
		// Its class asks for at least one (RFC 4519 sections 3.5 and 3.6).
		e.Problem = "The group came without any member, which its class does not allow: the connector's account may lack the right to read who is in it."
	}
	return e, rest, false, ""
}

func (g *GroupMapper) isMember(name string) bool {
	for _, attribute := range MemberAttributes[g.kind] {
		if strings.EqualFold(attribute, name) {
			return true
		}
	}
	return false
}

// MembersOf reads the values of an attribute that names entries. An empty value stands for nobody where a class asks for somebody.
func MembersOf(values [][]byte) []directory.GroupMember {
	members := make([]directory.GroupMember, 0, len(values))
	for _, value := range values {
		text := strings.ToValidUTF8(string(value), "�")
		if i := strings.LastIndex(text, "#'"); i > 0 && strings.HasSuffix(text, "'B") {
			text = text[:i] // the optional number of RFC 4517 section 3.3.21
		}
		if text == "" {
			continue
		}
		members = append(members, directory.GroupMember{ID: guidOf(text), DN: PlainDN(text)})
	}
	return members
}

// guidOf reads the id in an extended name, <GUID=...>;<SID=...>;CN=... (MS-ADTS 3.1.1.3.4.1.5); none if it is a plain one.
func guidOf(dn string) identity.ObjectID {
	if rest, ok := strings.CutPrefix(dn, "<GUID="); ok {
		text, _, _ := strings.Cut(rest, ">")
		if id, err := uuid.Parse(text); err == nil {
			return identity.ObjectID(id.String())
		}
	}
	return ""
}

// PlainDN takes what an extended name has in front of the name.
func PlainDN(dn string) string {
	for strings.HasPrefix(dn, "<") {
		_, rest, found := strings.Cut(dn, ">;")
		if !found {
			return dn
		}
		dn = rest
	}
	return dn
}

// RestOf reads from the option of an attribute where its values go on: range=0-1499 goes on at 1500, range=1500-* is the end
// (MS-ADTS 3.1.1.3.1.3.3).
func RestOf(option string) int {
	bounds, ok := strings.CutPrefix(strings.ToLower(option), "range=")
	if !ok {
		return 0
	}
	_, last, _ := strings.Cut(bounds, "-")
	n, err := strconv.Atoi(last)
	if err != nil {
		return 0
	}
	return n + 1
}

// CheckAttribute refuses what is not the name of an attribute; empty stands for the default.
func CheckAttribute(field, name string) error {
	if name != "" && !attributeName(name) {
		return invalid(field, "%q is not the name of an LDAP attribute", name)
	}
	return nil
}
