package directory

import (
	"encoding/binary"
	"iter"
	"slices"
	"sort"
	"strings"
	"time"

	"rollcall/identity"
)

// Roster is the accounts that a plan is made from, each packed into one text: a hundred thousand of them have millions of texts and times, which
// take up three times the memory that they need packed, and which every collection of garbage has to go through. They are
// unpacked one by one, when the plan looks at them; what that gives shares the packed text. All may be read by several goroutines at once.
type Roster struct {
	rows  []string
	words map[string]uint64 // texts that many accounts have, and their places in list
	list  []string
}

// RosterOf returns a roster of accounts.
func RosterOf(accounts ...identity.Account) Roster {
	var r Roster
	r.Add(accounts...)
	return r
}

// What the first byte of a packed account says.
const (
	rowLinked = 1 << iota // a connector and an entry are named
	rowShadow
	rowInGroups
)

// What a packed address begins with.
const (
	emailPrimary = 1 << iota
	emailNotPrimary
	emailIsUserName // its value is left out
)

// Add adds accounts. The event that made an account's status so is nothing to a plan, and is not kept.
func (r *Roster) Add(accounts ...identity.Account) {
	var b []byte
	ends := make([]int, len(accounts))
	for i := range accounts {
		b = r.pack(b, &accounts[i])
		ends[i] = len(b)
	}
	all, from := string(b), 0 // one thing for each collection of garbage, not thousands
	for _, end := range ends {
		r.rows, from = append(r.rows, all[from:end]), end
	}
}

// grow makes room for so many more accounts: a list that grows is there twice.
func (r *Roster) grow(n int) { r.rows = slices.Grow(r.rows, n) }

// Len is how many accounts there are.
func (r *Roster) Len() int { return len(r.rows) }

// At returns an account; i is below [Roster.Len].
func (r *Roster) At(i int) identity.Account { return r.unpack(r.rows[i]) }

// All goes through the accounts.
func (r *Roster) All() iter.Seq2[int, identity.Account] {
	return func(yield func(int, identity.Account) bool) {
		for i := range r.rows {
			if !yield(i, r.At(i)) {
				return
			}
		}
	}
}

// sorted returns the same accounts in the order of their ids, as they are when the store listed them.
func (r Roster) sorted() Roster {
	byID := func(a, b string) int { return strings.Compare(string(idOf(a)), string(idOf(b))) }
	if !slices.IsSortedFunc(r.rows, byID) {
		r.rows = slices.Clone(r.rows)
		slices.SortFunc(r.rows, byID)
	}
	return r
}

// ids is the set of the accounts' ids.
func (r *Roster) ids() map[identity.AccountID]bool {
	set := make(map[identity.AccountID]bool, len(r.rows))
	for _, row := range r.rows {
		set[idOf(row)] = true
	}
	return set
}

// find returns the place of an account in a roster in the order of ids.
func (r *Roster) find(id identity.AccountID) (i int, found bool) {
	i = sort.Search(len(r.rows), func(i int) bool { return idOf(r.rows[i]) >= id })
	return i, i < len(r.rows) && idOf(r.rows[i]) == id
}

// id returns the id of an account.
func (r *Roster) id(i int) identity.AccountID { return idOf(r.rows[i]) }

// glance is what is at the front of a packed account, and enough for whoever looks at all of them.
type glance struct {
	ID        identity.AccountID
	Shadow    bool
	Status    identity.Status
	Reason    identity.InactiveReason
	Linked    bool // to Object, by Connector
	Connector identity.ConnectorID
	Object    identity.ObjectID
	DN        string
	UserName  string
}

// glance returns the front of an account; i is below [Roster.Len].
func (r *Roster) glance(i int) glance {
	u := unpacking{r.rows[i], r.list}
	return u.glance()
}

// linkedBy reports whether a connector links the account.
func (g glance) linkedBy(connector identity.ConnectorID) bool {
	return g.Linked && g.Connector == connector
}

// gone reports whether the account is that of an entry that is known to be gone.
func (g glance) gone() bool { return g.Status == identity.Inactive && g.Reason.GoneFromDirectory() }

func idOf(row string) identity.AccountID {
	u := unpacking{rest: row[1:]}
	return identity.AccountID(u.text())
}

func (r *Roster) pack(b []byte, a *identity.Account) []byte {
	var flags byte
	if a.Directory != nil {
		flags |= rowLinked
	}
	if a.Shadow {
		flags |= rowShadow
	}
	if a.InGroups {
		flags |= rowInGroups
	}
	b = appendText(append(b, flags), string(a.ID))
	b = r.appendWord(b, string(a.Status))
	b = r.appendWord(b, string(a.InactiveReason))
	if link := a.Directory; link != nil {
		b = r.appendWord(b, string(link.Connector))
		b = appendText(b, string(link.Object))
		b = appendText(b, link.DN)
	}
	b = appendText(b, a.UserName)
	for _, word := range []string{string(a.Org), string(a.PreviousStatus), string(a.Source)} {
		b = r.appendWord(b, word)
	}
	for _, text := range []string{string(a.ExternalID), string(a.Profile), a.PendingEmail} {
		b = appendText(b, text)
	}
	for _, at := range []time.Time{a.StatusAt, a.PendingSince, a.InvitedAt, a.FirstSignInAt, a.LastSignInAt, a.CreatedAt, a.UpdatedAt} {
		b = appendTime(b, at)
	}
	b = binary.AppendUvarint(b, uint64(a.Version))
	b = binary.AppendUvarint(b, uint64(len(a.Emails)))
	for i := range a.Emails {
		b = r.packEmail(b, &a.Emails[i], a.UserName)
	}
	return b
}

func (r *Roster) packEmail(b []byte, e *identity.AccountEmail, userName string) []byte {
	var flags byte
	if e.Primary {
		flags |= emailPrimary
	}
	if e.NotPrimary {
		flags |= emailNotPrimary
	}
	if e.Value == userName {
		b = append(b, flags|emailIsUserName)
	} else {
		b = appendText(append(b, flags), e.Value)
	}
	return appendText(r.appendWord(b, e.Type), e.Display)
}

func (r *Roster) unpack(row string) (a identity.Account) {
	u := unpacking{row, r.list}
	front := u.glance()
	a.ID, a.Shadow, a.InGroups, a.Status, a.InactiveReason, a.UserName = front.ID, front.Shadow, row[0]&rowInGroups != 0, front.Status, front.Reason, front.UserName
	if front.Linked {
		a.Directory = &identity.DirectoryLink{Connector: front.Connector, Object: front.Object, DN: front.DN}
	}
	a.Org, a.PreviousStatus, a.Source = identity.OrgID(u.word()), identity.Status(u.word()), identity.Source(u.word())
	a.ExternalID, a.Profile, a.PendingEmail = identity.ExternalID(u.text()), identity.Profile(u.text()), u.text()
	for _, at := range []*time.Time{&a.StatusAt, &a.PendingSince, &a.InvitedAt, &a.FirstSignInAt, &a.LastSignInAt, &a.CreatedAt, &a.UpdatedAt} {
		*at = u.time()
	}
	a.Version = int64(u.number())
	if n := u.number(); n > 0 {
		a.Emails = make([]identity.AccountEmail, n)
	}
	for i := range a.Emails {
		flags := u.byte()
		e := identity.AccountEmail{Value: a.UserName, Primary: flags&emailPrimary != 0, NotPrimary: flags&emailNotPrimary != 0}
		if flags&emailIsUserName == 0 {
			e.Value = u.text()
		}
		e.Type, e.Display = u.word(), u.text()
		a.Emails[i] = e
	}
	return a
}

// appendWord appends the place of a text that many accounts have.
func (r *Roster) appendWord(b []byte, text string) []byte {
	place, known := r.words[text]
	if !known {
		if r.words == nil {
			r.words = map[string]uint64{}
		}
		place, text = uint64(len(r.list)), strings.Clone(text)
		r.words[text], r.list = place, append(r.list, text)
	}
	return binary.AppendUvarint(b, place)
}

// appendText appends a text after its length.
func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// appendTime appends a time in nanoseconds, and 0 for none.
func appendTime(b []byte, at time.Time) []byte {
	if at.IsZero() {
		return append(b, 0)
	}
	n := at.UnixNano()
	return binary.AppendUvarint(b, uint64(n<<1^n>>63)+1) // as AppendVarint has it: times before 1970 are negative
}

// unpacking reads what was packed, from its beginning.
type unpacking struct {
	rest  string
	words []string
}

func (u *unpacking) glance() (g glance) {
	flags := u.byte()
	g.ID, g.Shadow, g.Linked = identity.AccountID(u.text()), flags&rowShadow != 0, flags&rowLinked != 0
	g.Status, g.Reason = identity.Status(u.word()), identity.InactiveReason(u.word())
	if g.Linked {
		g.Connector, g.Object, g.DN = identity.ConnectorID(u.word()), identity.ObjectID(u.text()), u.text()
	}
	g.UserName = u.text()
	return g
}

func (u *unpacking) number() uint64 {
	n, size := uvarint(u.rest)
	u.rest = u.rest[size:]
	return n
}

func (u *unpacking) byte() byte {
	b := u.rest[0]
	u.rest = u.rest[1:]
	return b
}

func (u *unpacking) text() string {
	n := u.number()
	text := u.rest[:n]
	u.rest = u.rest[n:]
	return text
}

func (u *unpacking) word() string { return u.words[u.number()] }

func (u *unpacking) time() time.Time {
	n := u.number()
	if n == 0 {
		return time.Time{}
	}
	n--
	return time.Unix(0, int64(n>>1)^-int64(n&1)).UTC()
}

// uvarint is [binary.Uvarint] for a text that is known to begin with one.
func uvarint(text string) (value uint64, size int) {
	for shift := 0; ; shift += 7 {
		c := text[size]
		size++
		value |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return value, size
		}
	}
}
