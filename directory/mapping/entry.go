package mapping

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rollcall/directory"
	"rollcall/identity"
)

// Raw is an entry as a directory holds it.
type Raw struct {
	DN         string
	Attributes []Attribute
}

// Attribute is what an entry holds under one name. Names are the same whatever their case.
type Attribute struct {
	Name   string // with its options: "sn;lang-de"
	Values [][]byte
}

// Mapper turns raw entries into people. It may be used by several goroutines.
type Mapper struct {
	kind     string
	maxBytes int
	mapping  Mapping
	owns     []string
	wanted   []string
	slots    map[string]int // lower-case name of an attribute to its place in a record
	spelled  map[string]int // the same by the name that is asked for, as most directories spell it then
	names    []string       // by slot
	made     []made
	photos   *photoMapper // nil: photos are not taken
}

// made is one of our attributes with what it is made from.
type made struct {
	path string
	from expression
}

// New returns a mapper by a mapping that was checked and is filled in. An entry with more than maxBytes bytes is not read.
func New(kind string, m Mapping, maxBytes int) *Mapper {
	p := &Mapper{kind: kind, maxBytes: maxBytes, mapping: m, owns: m.Owns(), slots: map[string]int{}, spelled: map[string]int{}}
	asked := map[string]bool{}
	ask := func(name string) {
		if key := strings.ToLower(name); !asked[key] {
			asked[key] = true
			p.wanted = append(p.wanted, name)
		}
	}
	ask(IDAttributes[kind])
	for _, name := range stateAttributes[kind] {
		ask(name)
	}
	slot := func(name string) int {
		ask(name)
		key := strings.ToLower(name)
		if _, there := p.slots[key]; !there {
			p.slots[key] = len(p.names)
			p.names = append(p.names, name)
		}
		p.spelled[name] = p.slots[key]
		return p.slots[key]
	}
	for _, path := range p.owns {
		p.made = append(p.made, made{path: path, from: compile(m[path], slot)})
	}
	return p
}

// Wanted returns the attributes that a search must ask for.
func (p *Mapper) Wanted() []string { return p.wanted }

// Owns returns the attribute paths that the mapping owns, sorted.
func (p *Mapper) Owns() []string { return p.owns }

// Sources returns the attributes of a directory that one of ours is made from.
func (p *Mapper) Sources(path string) (names []string) {
	i := slices.IndexFunc(p.made, func(m made) bool { return m.path == path })
	if i < 0 {
		return nil
	}
	for _, slot := range p.made[i].from.slots() {
		names = append(names, p.names[slot])
	}
	return names
}

// Entry maps an entry. drop says that it is nobody of ours (a computer, something deleted); gap says that it is somebody, but
// nobody can tell who or in what state, so that the reading is not complete.
func (p *Mapper) Entry(raw Raw) (e directory.Entry, drop bool, gap string) {
	e = directory.Entry{DN: strings.ToValidUTF8(raw.DN, "�")}
	if drop, gap = p.standing(raw, &e); drop || gap != "" {
		return directory.Entry{}, drop, gap
	}
	record, size := p.record(raw)
	p.fill(&e, record)
	p.judge(&e, size)
	p.photos.take(&e, raw)
	return e, false, ""
}

// fill evaluates what everything is made from.
func (p *Mapper) fill(e *directory.Entry, r record) {
	made := make([][]string, len(p.made))
	kept := 0
	for i := range p.made {
		var problem string
		if made[i], problem = p.made[i].from.values(r); problem != "" && e.Problem == "" {
			e.Problem = problem
		}
		if len(made[i]) > 0 && !ownField(p.made[i].path) {
			kept++
		}
	}
	e.Attributes = make(map[string]string, kept) // no larger than it must be: there is one for everybody
	for i, values := range made {
		if len(values) > 0 {
			p.put(e, p.made[i].path, values)
		}
	}
}

// record sorts the values of an entry into slots and counts its bytes.
func (p *Mapper) record(raw Raw) (record, int) {
	r := make(record, len(p.names))
	size := len(raw.DN)
	for _, a := range raw.Attributes {
		for _, value := range a.Values {
			if !p.photos.holds(a.Name) { // they have a limit of their own, which keeps nobody from being read
				size += len(value)
			}
		}
		name, option, _ := strings.Cut(a.Name, ";")
		i, there := p.spelled[name]
		if !there {
			i, there = p.slots[strings.ToLower(name)]
		}
		switch {
		case !there:
		case strings.HasPrefix(strings.ToLower(option), "range="):
			r[i].problem = fmt.Sprintf("The attribute %s has so many values that the server sends only a part of them.", name)
		case option == "": // anything else is a language or another variant, not the attribute itself
			if r[i].name = name; r[i].raw == nil {
				r[i].raw = a.Values[:len(a.Values):len(a.Values)]
			} else {
				r[i].raw = append(r[i].raw, a.Values...)
			}
		}
	}
	return r, size
}

// standing reads what an entry says beside its attributes: who it is, and whether it is disabled or nobody of ours.
func (p *Mapper) standing(raw Raw, e *directory.Entry) (drop bool, gap string) {
	state := ""
	for _, a := range raw.Attributes {
		switch {
		case strings.EqualFold(a.Name, IDAttributes[p.kind]) && len(a.Values) == 1:
			e.ID, _ = IDOf(p.kind, a.Values[0])
		case p.kind == AD && strings.EqualFold(a.Name, attrDeleted) && len(a.Values) > 0 && strings.EqualFold(string(a.Values[0]), "TRUE"):
			drop = true
		case p.kind == AD && strings.EqualFold(a.Name, attrClass):
			for _, class := range a.Values {
				drop = drop || strings.EqualFold(string(class), computer)
			}
		case p.kind == AD && strings.EqualFold(a.Name, attrState) && len(a.Values) == 1:
			state = string(a.Values[0])
		case p.kind == OpenLDAP && strings.EqualFold(a.Name, attrLocked):
			e.Disabled = len(a.Values) == 1 && string(a.Values[0]) == lockedForGood
		}
	}
	switch {
	case drop:
		return true, ""
	case e.ID == "":
		return false, fmt.Sprintf("The entry %s came without a usable %s.", e.DN, IDAttributes[p.kind])
	case p.kind != AD:
		return false, ""
	}
	control, err := strconv.ParseInt(state, 10, 64)
	if err != nil {
		return false, fmt.Sprintf("The entry %s came without a usable %s, so nobody can tell whether it is disabled; check the rights of the connector's account.", e.DN, attrState)
	}
	e.Disabled = control&accountDisabled != 0
	return false, ""
}

// ownField reports whether an attribute of ours has a field of its own in an entry.
func ownField(path string) bool {
	return path == "emails" || path == "userName" || path == "externalId" || path == directory.ManagerPath
}

// put writes what an attribute of ours was made into.
func (p *Mapper) put(e *directory.Entry, path string, values []string) {
	switch path {
	case "emails":
		e.Emails = values
	case "userName":
		e.UserName = values[0]
	case "externalId":
		e.ExternalID = identity.ExternalID(values[0])
	case directory.ManagerPath:
		e.Manager = values[0]
	default:
		e.Attributes[path] = values[0]
	}
}

func (p *Mapper) judge(e *directory.Entry, size int) {
	switch {
	case size > p.maxBytes:
		e.Problem = fmt.Sprintf("The entry has %d bytes; at most %d are read (maxEntryBytes).", size, p.maxBytes)
	case e.Problem != "":
	case len(e.Emails) == 0:
		e.Problem = fmt.Sprintf("The entry has no e-mail address (%s); it is synchronized once it has one.", p.origin("emails"))
	case e.UserName == "":
		e.Problem = fmt.Sprintf("The entry has no userName (%s); it is synchronized once it has one.", p.origin("userName"))
	}
	if e.Problem != "" {
		e.Attributes = nil
	}
}

// origin names what a path is made from.
func (p *Mapper) origin(path string) string {
	if s := p.mapping[path]; s.forms() > 0 {
		return "made from " + s.String()
	}
	return "attribute " + p.mapping[path].Attribute
}
