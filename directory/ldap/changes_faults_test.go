package ldap_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/identity"
)

const (
	dirSync     = "1.2.840.113556.1.4.841"
	syncRequest = "1.3.6.1.4.1.4203.1.9.1.1"
	syncState   = "1.3.6.1.4.1.4203.1.9.1.2"
	syncDone    = "1.3.6.1.4.1.4203.1.9.1.3"
)

// guid is the objectGUID of person i.
func guid(i int) string {
	u := uuid.MustParse(uuidOf(i))
	u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7] = u[3], u[2], u[1], u[0], u[5], u[4], u[7], u[6]
	return string(u[:])
}

func sequence(parts ...*ber.Packet) *ber.Packet {
	p := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	for _, part := range parts {
		p.AppendChild(part)
	}
	return p
}

func whole(n int64) *ber.Packet {
	return ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, n, "")
}

// doneRound ends a round of DirSync.
func (s *session) doneRound(more int64, cookie string) {
	s.send(result(5, 0), control(dirSync, sequence(whole(more), whole(0), octets(cookie))))
}

// doneRefresh ends a refresh.
func (s *session) doneRefresh(cookie string, deletes bool) {
	value := sequence()
	if cookie != "" {
		value.AppendChild(octets(cookie))
	}
	value.AppendChild(ber.NewBoolean(ber.ClassUniversal, ber.TypePrimitive, ber.TagBoolean, deletes, ""))
	s.send(result(5, 0), control(syncDone, value))
}

// changed sends entry i with its state.
func (s *session) changed(i int, state int, attributes map[string][]string) {
	u := uuid.MustParse(uuidOf(i))
	value := sequence(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(state), ""), octets(string(u[:])))
	s.entry(fmt.Sprintf("uid=u%d,ou=people,%s", i, suffix), attributes, control(syncState, value))
}

// idSet tells of entries without sending them.
func (s *session) idSet(deletes bool, ids ...int) {
	set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
	for _, i := range ids {
		u := uuid.MustParse(uuidOf(i))
		set.AppendChild(octets(string(u[:])))
	}
	value := ber.Encode(ber.ClassContext, ber.TypeConstructed, 3, nil, "")
	value.AppendChild(ber.NewBoolean(ber.ClassUniversal, ber.TypePrimitive, ber.TagBoolean, deletes, ""))
	value.AppendChild(set)
	message := ber.Encode(ber.ClassApplication, ber.TypeConstructed, 25, nil, "")
	message.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, "1.3.6.1.4.1.4203.1.9.1.4", ""))
	message.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 1, string(value.Bytes()), ""))
	s.send(message)
}

func cursorOf(t testing.TB, way, base string, edit map[string]any) directory.Cursor {
	c := map[string]any{"way": way, "server": "dc1", "usn": 100, "cookies": map[string][]byte{base: []byte("c0")}}
	for k, v := range edit {
		c[k] = v
	}
	raw, err := json.Marshal(c)
	require.NoError(t, err)
	return raw
}

func objects(numbers ...int) []identity.ObjectID {
	ids := []identity.ObjectID{}
	for _, i := range numbers {
		ids = append(ids, identity.ObjectID(uuidOf(i)))
	}
	return ids
}

// root is a domain controller's.
func root(usn int, name string) func(int) map[string][]string {
	return func(int) map[string][]string {
		return map[string][]string{"namingContexts": {suffix}, "dnsHostName": {name}, "highestCommittedUSN": {strconv.Itoa(usn)}, "supportedControl": {dirSync, syncRequest}}
	}
}

// showDeleted finds entries as an account does that may see deleted ones.
func showDeleted(s *session, q query) {
	s.entry(q.base, map[string][]string{"isDeleted": {"TRUE"}})
	s.done(0)
}

func TestDIR06_WhatDirSyncTells(t *testing.T) {
	user := func(s *session, i int) {
		s.entry(fmt.Sprintf("cn=u%d,%s", i, suffix), map[string][]string{"objectGUID": {guid(i)}, "title": {"x"}})
	}
	for name, c := range map[string]struct {
		answer func(s *session, q query)
		root   func(int) map[string][]string
		base   func(s *session, q query)
		cursor map[string]any
		edit   func(*ldap.Settings)
		want   []identity.ObjectID
		next   string // cookie
		full   string
	}{
		"nothing": {answer: func(s *session, q query) { s.doneRound(0, "c1") }, want: objects(), next: "c1"},
		"in three rounds": {answer: func(s *session, q query) {
			n, _ := strconv.Atoi(q.since[1:])
			user(s, n)
			more := int64(1)
			if n == 2 {
				more = 0
			}
			s.doneRound(more, fmt.Sprint("c", n+1))
		}, want: objects(0, 1, 2), next: "c3"},
		"the same entry twice": {answer: func(s *session, q query) { user(s, 1); user(s, 1); s.doneRound(0, "c1") }, want: objects(1), next: "c1"},
		"somebody deleted": {answer: func(s *session, q query) {
			s.entry("cn=gone,"+suffix, map[string][]string{"objectGUID": {guid(3)}, "name": {"gone"}, "isDeleted": {"TRUE"}})
			s.doneRound(0, "c1")
		}, want: objects(3), next: "c1"},
		"a unit with another name": {answer: func(s *session, q query) {
			if !q.told { // which of those with another name hold people
				s.entry("ou=Markets,"+suffix, map[string][]string{"objectGUID": {guid(4)}})
				s.done(0)
				return
			}
			s.entry("ou=Markets,"+suffix, map[string][]string{"objectGUID": {guid(4)}, "name": {"Markets"}})
			s.doneRound(0, "c1")
		}, full: "ou=Markets,dc=example was renamed"},
		"an entry without an id": {answer: func(s *session, q query) {
			s.entry("cn=anonymous,"+suffix, map[string][]string{"title": {"x"}})
			s.doneRound(0, "c1")
		}, full: "The change of cn=anonymous,dc=example came without a usable objectGUID"},
		"an answer without the control": {answer: func(s *session, q query) { user(s, 1); s.done(0) }, full: "The server did not tell what changed"},
		"a cookie that expired":         {answer: func(s *session, q query) { s.done(12) }, full: "The server did not tell what changed"},
		"a right that was lost":         {answer: func(s *session, q query) { s.done(50) }, full: "no right to read there"},
		"deletions that are not shown any more": {base: func(s *session, q query) { s.entry(q.base, nil); s.done(0) },
			full: "may not read CN=Deleted Objects,dc=example, so it would not hear of deletions"},
		"a container of deletions that is not shown any more": {base: func(s *session, q query) { s.done(32) }, full: "would not hear of deletions"},
		"another domain controller":                           {root: root(200, "dc2"), full: "Another server answers (dc2) than at the last reading (dc1)"},
		"one that was set back":                               {root: root(99, "dc1"), full: "The data of dc1 are older than at the last reading (99 after 100)"},
		"the same number as before":                           {root: root(100, "dc1"), answer: func(s *session, q query) { s.doneRound(0, "c1") }, want: objects(), next: "c1"},
		"one that was set up anew":                            {cursor: map[string]any{"invocationId": uuidOf(1)}, full: "are another copy than at the last reading"},
		"more than is read at once": {answer: func(s *session, q query) {
			for i := range 2000 {
				s.entry(fmt.Sprintf("cn=u%d,%s", i, suffix), map[string][]string{"objectGUID": {guid(i)}, "title": {"a long title that many people have"}})
			}
			s.doneRound(0, "c1")
		}, edit: func(s *ldap.Settings) { s.MaxPageBytes = 64 << 10 }, full: "more changes than fit into 65536 bytes"},
		"a way that was given up":       {cursor: map[string]any{"way": "pigeons"}, full: "is of another kind"},
		"a reason that was left behind": {cursor: map[string]any{"way": "none", "why": "Nobody may hear of deletions."}, full: "Nobody may hear of deletions."},
	} {
		t.Run(name, func(t *testing.T) {
			server := startBadServer(t, c.answer)
			if server.root = c.root; c.root == nil {
				server.root = root(200, "dc1")
			}
			if server.base = c.base; c.base == nil {
				server.base = showDeleted
			}
			settings := server.settings(func(s *ldap.Settings) { s.Kind = ldap.AD })
			if c.edit != nil {
				c.edit(&settings)
			}
			got, err := open(t, settings).Changes(t.Context(), cursorOf(t, "dirsync", suffix, c.cursor), nil)
			require.NoError(t, err)
			if c.full != "" {
				require.Contains(t, got.FullReading, c.full)
				require.Empty(t, got.IDs)
				return
			}
			require.Empty(t, got.FullReading)
			require.Equal(t, c.want, got.IDs)
			var next struct {
				USN     int64
				Cookies map[string][]byte
			}
			require.NoError(t, json.Unmarshal(got.Next, &next))
			require.Equal(t, c.next, string(next.Cookies[suffix]))
			require.GreaterOrEqual(t, next.USN, int64(100))
		})
	}
}

// TestDIR06_DirSyncInRoundsWithoutEnd asks ten thousand times before it gives up.
func TestDIR06_DirSyncInRoundsWithoutEnd(t *testing.T) {
	rounds := 0
	server := startBadServer(t, func(s *session, _ query) {
		rounds++
		s.doneRound(1, "c1")
	})
	server.root, server.base = root(200, "dc1"), showDeleted
	settings := server.settings(func(s *ldap.Settings) { s.Kind = ldap.AD })
	got, err := open(t, settings).Changes(t.Context(), cursorOf(t, "dirsync", suffix, nil), nil)
	require.NoError(t, err)
	require.Contains(t, got.FullReading, "The server did not tell what changed")
	require.Empty(t, got.IDs)
	require.Equal(t, 10_000, rounds)
}

func TestDIR06_WhatSyncreplTells(t *testing.T) {
	const people = "ou=people," + suffix
	linked := func() ([]identity.ObjectID, error) { return objects(1, 2, 3), nil }
	unit := map[string][]string{"objectClass": {"organizationalUnit"}, "createTimestamp": {"20200101000000Z"}}
	for name, c := range map[string]struct {
		answer func(s *session, q query)
		want   []identity.ObjectID
		next   string
		full   string
	}{
		"nothing, and no cookie":           {answer: func(s *session, q query) { s.doneRefresh("", true) }, want: objects(), next: "c0"},
		"who changed and who went":         {answer: func(s *session, q query) { s.changed(5, 1, nil); s.idSet(true, 2, 9); s.doneRefresh("c1", true) }, want: objects(2, 5, 9), next: "c1"},
		"who went, each by itself":         {answer: func(s *session, q query) { s.changed(2, 3, nil); s.doneRefresh("c1", true) }, want: objects(2), next: "c1"},
		"who is there":                     {answer: func(s *session, q query) { s.idSet(false, 1, 3); s.doneRefresh("c1", false) }, want: objects(2), next: "c1"},
		"who is there, each by itself":     {answer: func(s *session, q query) { s.changed(1, 0, nil); s.changed(3, 0, nil); s.doneRefresh("c1", false) }, want: objects(2), next: "c1"},
		"who is there, one of them anew":   {answer: func(s *session, q query) { s.changed(3, 1, nil); s.idSet(false, 1); s.doneRefresh("c1", false) }, want: objects(2, 3), next: "c1"},
		"nobody is there":                  {answer: func(s *session, q query) { s.doneRefresh("c1", false) }, want: objects(1, 2, 3), next: "c1"},
		"a unit with another name":         {answer: func(s *session, q query) { s.changed(7, 1, unit); s.doneRefresh("c1", true) }, full: "was renamed, moved or changed"},
		"a referral":                       {answer: func(s *session, q query) { s.refer("ldap://other.example/ou=x"); s.doneRefresh("c1", true) }, full: "ldap://other.example/ou=x"},
		"an answer without an end":         {answer: func(s *session, q query) { s.changed(1, 1, nil); s.done(0) }, full: "without saying that it was complete"},
		"a cookie that is too old":         {answer: func(s *session, q query) { s.done(4096) }, full: "The server did not tell what changed"},
		"a provider that was set back":     {answer: func(s *session, q query) { s.done(53) }, full: "The server did not tell what changed"},
		"a size limit":                     {answer: func(s *session, q query) { s.changed(1, 1, nil); s.done(4) }, full: "size limit cut the answer off"},
		"a filter that the server refuses": {answer: func(s *session, q query) { s.done(12) }, full: "does not support what was asked for"},
	} {
		t.Run(name, func(t *testing.T) {
			server := startBadServer(t, c.answer)
			server.root = root(200, "dc1")
			got, err := open(t, server.settings()).Changes(t.Context(), cursorOf(t, "syncrepl", people, nil), linked)
			require.NoError(t, err)
			if c.full != "" {
				require.Contains(t, got.FullReading, c.full)
				return
			}
			require.Empty(t, got.FullReading)
			require.Equal(t, c.want, got.IDs)
			var next struct{ Cookies map[string][]byte }
			require.NoError(t, json.Unmarshal(got.Next, &next))
			require.Equal(t, c.next, string(next.Cookies[people]))
		})
	}
}

// TestDIR16_AnAnswerAboutChangesThatBreaksOffTellsNothing: a part of an answer would move the cursor on past what was not heard.
func TestDIR16_AnAnswerAboutChangesThatBreaksOffTellsNothing(t *testing.T) {
	for way, base := range map[string]string{"dirsync": suffix, "syncrepl": "ou=people," + suffix} {
		for name, answer := range map[string]func(s *session, q query){
			"cut": func(s *session, q query) {
				s.changed(1, 1, map[string][]string{"objectGUID": {guid(1)}})
				_ = s.conn.Close()
			},
			"busy": func(s *session, q query) { s.done(51) },
		} {
			t.Run(way+", "+name, func(t *testing.T) {
				asked := 0
				server := startBadServer(t, func(s *session, q query) { asked++; answer(s, q) })
				server.root, server.base = root(200, "dc1"), showDeleted
				settings := server.settings(func(s *ldap.Settings) {
					if way == "dirsync" {
						s.Kind = ldap.AD
					}
				})
				_, err := open(t, settings).Changes(t.Context(), cursorOf(t, way, base, nil), nil)
				require.Equal(t, directory.RuleUnreachable, identity.RuleOf(err))
				require.Equal(t, 3, asked)
			})
		}
	}
}
