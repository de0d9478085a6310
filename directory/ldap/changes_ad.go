package ldap

import (
	"context"
	"fmt"
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"rollcall/identity"
)

// The flags of the DirSync control (MS-ADTS 3.1.1.3.4.1.3): only what the account may see, so that no right to replicate is needed, and only
// the values that changed.
const dirSyncFlags = 0x1 | 0x80000000

const (
	dirSyncBytes  = 1 << 20 // of one round, if the server cares
	dirSyncRounds = 10_000  // beyond it a server goes round in circles
)

const (
	attrName       = "name"
	attrUSN        = "uSNChanged"
	attrCreatedUSN = "uSNCreated"
)

// containers are what people are in. Whoever is below one that was renamed or moved has another name, and nothing is told of them.
var containers = []string{"organizationalUnit", "container", "organization", "locality", "country"}

// changeFilter is as wide as can be: a directory compares entries as they are now, so one that left a narrower filter would not be told of.
// objectCategory would leave out the deleted.
func (s Settings) changeFilter() string {
	groups := ""
	if s.Groups != nil {
		groups = "(objectClass=group)"
	}
	return "(|(objectClass=person)" + groups + containerFilter() + ")"
}

func containerFilter() string {
	var b strings.Builder
	for _, class := range containers {
		b.WriteString("(objectClass=" + class + ")")
	}
	return b.String()
}

// startDirSync returns cookies that tell of whatever changes from now on: it asks for an entry that nobody has.
func (s *Source) startDirSync(ctx context.Context, c *connection, roots []string) (map[string][]byte, error) {
	cookies := map[string][]byte{}
	for _, root := range roots {
		nobody, err := idFilter(AD, "00000000-0000-0000-0000-000000000000")
		if err != nil {
			return nil, err
		}
		if cookies[root], err = s.dirSync(ctx, c, root, nobody, nil, func(*ldap.Entry) {}); err != nil {
			return nil, err
		}
	}
	return cookies, nil
}

// askDirSync collects what changed since the cookies, and returns the next ones.
func (s *Source) askDirSync(ctx context.Context, c *connection, since map[string][]byte, t *told) (map[string][]byte, error) {
	next := map[string][]byte{}
	for root, cookie := range since {
		var named []identity.ObjectID // entries with a new name or place, of which the class is not told
		var err error
		next[root], err = s.dirSync(ctx, c, root, s.settings.changeFilter(), cookie, func(e *ldap.Entry) {
			id, ok := idOf(AD, e.GetRawAttributeValue(idAttributes[AD]))
			if !ok {
				t.full = fmt.Sprintf("The change of %s came without a usable %s.", shownDN(e.DN), idAttributes[AD])
				return
			}
			t.ids[id] = true
			deleted := strings.EqualFold(e.GetAttributeValue(attrDeleted), "TRUE")
			if classes := e.GetAttributeValues(attrClass); len(classes) == 0 && !deleted && e.GetAttributeValue(attrName) != "" {
				named = append(named, id)
			}
		})
		if err != nil || t.full != "" {
			return nil, err
		}
		if err := s.judgeNamed(ctx, c, root, named, t); err != nil {
			return nil, err
		}
	}
	return next, nil
}

// dirSync asks until the server has told everything.
func (s *Source) dirSync(ctx context.Context, c *connection, root, filter string, cookie []byte, each func(*ldap.Entry)) ([]byte, error) {
	for range dirSyncRounds {
		// A request of its own for each round: the library would send the first cookie again.
		result, err := c.search(ctx, ldap.NewSearchRequest(root, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, filter, s.dirSyncAttributes(),
			[]ldap.Control{ldap.NewRequestControlDirSync(dirSyncFlags, dirSyncBytes, cookie)}))
		if err != nil {
			return nil, err
		}
		control, ok := ldap.FindControl(result.Controls, ldap.ControlTypeDirSync).(*ldap.ControlDirSync)
		if !ok || len(control.Cookie) == 0 {
			return nil, &ldap.Error{ResultCode: ldap.LDAPResultUnavailableCriticalExtension, Err: fmt.Errorf("the answer came without the DirSync control")}
		}
		for _, e := range result.Entries {
			each(e)
		}
		if cookie = control.Cookie; control.Flags == 0 {
			return cookie, nil
		}
	}
	return nil, &ldap.Error{ResultCode: ldap.LDAPResultOther, Err: fmt.Errorf("more than %d rounds", dirSyncRounds)}
}

// dirSyncAttributes are those whose changes are told: what is read of people, what the filter compares, and where and whether an entry is.
func (s *Source) dirSyncAttributes() []string {
	all := slices.Concat(s.decoder.wanted, []string{attrName, attrDeleted, attrClass, attrState})
	for _, filter := range s.settings.filters() {
		all = append(all, filterAttributes(filter)...)
	}
	if s.groups != nil {
		all = append(all, s.groups.Wanted()...)
	}
	slices.SortFunc(all, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return slices.CompactFunc(all, strings.EqualFold)
}

// judgeNamed looks whether something that people are in has another name now.
func (s *Source) judgeNamed(ctx context.Context, c *connection, root string, ids []identity.ObjectID, t *told) error {
	for batch := range slices.Chunk(ids, idsPerSearch) {
		filter, err := idsFilter(AD, batch)
		if err != nil {
			return err
		}
		found, err := c.search(ctx, ldap.NewSearchRequest(root, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
			"(&"+filter+"(|"+containerFilter()+"))", []string{"1.1"}, nil))
		if err != nil {
			return err
		}
		for _, e := range found.Entries {
			t.full = movedContainer(e.DN)
		}
	}
	return nil
}

func movedContainer(dn string) string {
	return fmt.Sprintf("%s was renamed, moved or changed, and with it the names of everybody below.", shownDN(dn))
}

// askUSN collects what changed beyond an update sequence number. An entry is told of for any change, also of what nobody reads.
func (s *Source) askUSN(ctx context.Context, c *connection, v server, last int64, t *told) error {
	roots, err := s.roots(v)
	if err != nil {
		return err
	}
	shows := []ldap.Control{ldap.NewControlMicrosoftShowDeleted()}
	if slices.Contains(v.controls, oidShowRecycled) {
		shows = append(shows, ldap.NewControlString(oidShowRecycled, false, ""))
	}
	for _, root := range roots {
		filter := fmt.Sprintf("(&(%s>=%d)%s)", attrUSN, last+1, s.settings.changeFilter())
		paging := ldap.NewControlPaging(uint32(s.settings.PageSize))
		for {
			result, err := c.search(ctx, ldap.NewSearchRequest(root, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, filter,
				[]string{idAttributes[AD], attrClass, attrDeleted, attrCreatedUSN}, append([]ldap.Control{paging}, shows...)))
			if err != nil {
				return err
			}
			for _, e := range result.Entries {
				s.takeUSN(e, last, t)
			}
			control, ok := ldap.FindControl(result.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
			switch {
			case !ok:
				t.full = "The server stopped telling what changed in pages."
				return nil
			case len(control.Cookie) == 0 || t.full != "":
			default:
				paging = ldap.NewControlPaging(uint32(s.settings.PageSize))
				paging.SetCookie(control.Cookie)
				continue
			}
			break
		}
	}
	return nil
}

func (s *Source) takeUSN(e *ldap.Entry, last int64, t *told) {
	id, ok := idOf(AD, e.GetRawAttributeValue(idAttributes[AD]))
	if !ok {
		t.full = fmt.Sprintf("The change of %s came without a usable %s.", shownDN(e.DN), idAttributes[AD])
		return
	}
	t.ids[id] = true
	if strings.EqualFold(e.GetAttributeValue(attrDeleted), "TRUE") || isNew(e, last) {
		return
	}
	for _, class := range e.GetAttributeValues(attrClass) {
		if slices.ContainsFunc(containers, func(c string) bool { return strings.EqualFold(c, class) }) {
			t.full = movedContainer(e.DN)
		}
	}
}

// isNew reports whether an entry was made after an update sequence number.
func isNew(e *ldap.Entry, last int64) bool {
	var n int64
	_, err := fmt.Sscan(e.GetAttributeValue(attrCreatedUSN), &n)
	return err == nil && n > last
}

// filterAttributes lists the attributes that a filter compares.
func filterAttributes(filter string) []string {
	packet, err := ldap.CompileFilter(filter)
	if err != nil {
		return nil // settings with such a filter are refused
	}
	var names []string
	var walk func(p *ber.Packet)
	walk = func(p *ber.Packet) {
		switch p.Tag {
		case ldap.FilterAnd, ldap.FilterOr, ldap.FilterNot:
			for _, part := range p.Children {
				walk(part)
			}
		case ldap.FilterPresent:
			names = append(names, p.Data.String())
		case ldap.FilterExtensibleMatch:
			for _, part := range p.Children {
				if part.Tag == ldap.MatchingRuleAssertionType {
					names = append(names, part.Data.String())
				}
			}
		default:
			if len(p.Children) > 0 {
				names = append(names, p.Children[0].Data.String())
			}
		}
	}
	walk(packet)
	return names
}
