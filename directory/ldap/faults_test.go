package ldap_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/directory"
	"rollcall/directory/ldap"
	"rollcall/identity"
)

func open(t testing.TB, s ldap.Settings) *ldap.Source {
	source, err := ldap.Open(s, time.Now)
	require.NoError(t, err)
	return source
}

// TestDIR19_AReadingProvesThatItIsComplete has a server with 300 people in three pages go wrong in every way that a client could
// take for an answer.
func TestDIR19_AReadingProvesThatItIsComplete(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(s *session, q query)
		edit   func(*ldap.Settings)
		count  int
		gap    string // empty: complete
	}{
		"as it should be": {answer: func(s *session, q query) { s.next(s.page(q)) }, count: 300},
		"page 2 without the paging control": {answer: func(s *session, q query) {
			if n := s.page(q); n == 1 {
				s.done(0)
			} else {
				s.next(n)
			}
		}, count: 200, gap: "Page 2 of ou=people,dc=example came without the paging control"},
		"the server ignores paging": {answer: func(s *session, q query) { s.page(query{}); s.done(0) }, count: 100, gap: "Page 1 of"},
		"the cookie comes again":    {answer: func(s *session, q query) { s.page(query{}); s.donePage("0") }, count: 200, gap: "goes round in circles"},
		"a referral among the entries": {answer: func(s *session, q query) {
			n := s.page(q)
			s.refer("ldap://other.example/ou=sales,dc=example??sub")
			s.next(n)
		}, count: 300, gap: "ldap://other.example/ou=sales,dc=example??sub"},
		"a referral that may be ignored": {answer: func(s *session, q query) {
			n := s.page(q)
			s.refer("ldap://other.example/ou=printers,dc=example??sub")
			s.next(n)
		}, edit: func(s *ldap.Settings) {
			s.IgnoreReferrals = []string{"ldap://other.example/ou=printers,dc=example??sub"}
		}, count: 300},
		"an entry without an id": {answer: func(s *session, q query) {
			n := s.page(q)
			s.entry("uid=anonymous,"+suffix, map[string][]string{"mail": {"x@corp.example"}})
			s.next(n)
		}, count: 300, gap: "uid=anonymous,dc=example came without a usable entryUUID"},
		"an entry with a broken id": {answer: func(s *session, q query) {
			s.entry("uid=broken,"+suffix, map[string][]string{"entryUUID": {"no uuid"}})
			s.donePage("")
		}, gap: "came without a usable entryUUID"},
		"the same entry twice":    {answer: func(s *session, q query) { s.person(1); s.person(1); s.donePage("") }, count: 2, gap: "two entries with the id"},
		"empty pages without end": {answer: func(s *session, q query) { s.donePage(q.cookie + "x") }, gap: "goes round in circles"},
		"an empty answer":         {answer: func(s *session, q query) { s.donePage("") }},
	} {
		t.Run(name, func(t *testing.T) {
			server := startBadServer(t, c.answer)
			settings := server.settings()
			if c.edit != nil {
				c.edit(&settings)
			}
			got, err := open(t, settings).Snapshot(t.Context(), nil)
			require.NoError(t, err)
			require.Len(t, got.Entries, c.count)
			require.Equal(t, c.gap == "", got.Complete)
			if c.gap != "" {
				require.Contains(t, strings.Join(got.Gaps, "\n"), c.gap)
			}
		})
	}
}

func TestDIR19_AnotherServerAnswers(t *testing.T) {
	for name, second := range map[string]map[string][]string{
		"another name":              {"dnsHostName": {"dc2.example"}, "highestCommittedUSN": {"10"}},
		"an older copy of the data": {"dnsHostName": {"dc1.example"}, "highestCommittedUSN": {"9"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := startBadServer(t, func(s *session, q query) { s.next(s.page(q)) })
			server.root = func(reading int) map[string][]string {
				if reading == 1 {
					return map[string][]string{"dnsHostName": {"dc1.example"}, "highestCommittedUSN": {"10"}}
				}
				return second
			}
			got, err := open(t, server.settings()).Snapshot(t.Context(), nil)
			require.NoError(t, err)
			require.False(t, got.Complete)
			require.Contains(t, got.Gaps[0], "The server changed while it was read")
			require.Equal(t, "dc1.example", got.Server)
			require.EqualValues(t, 10, got.HighestUSN)
		})
	}
}

// TestAPartOfAnAnswerIsNeverKept: what ends in an error gives no entries, whatever came before.
func TestAPartOfAnAnswerIsNeverKept(t *testing.T) {
	for name, c := range map[string]struct {
		answer   func(s *session, q query)
		edit     func(*ldap.Settings)
		says     string
		attempts int
	}{
		"cut off in the middle of a page": {func(s *session, q query) { s.person(1); _ = s.conn.Close() }, nil, "the connection broke", 3},
		"size limit (4)":                  {func(s *session, q query) { s.person(1); s.done(4) }, nil, "size limit cut the answer off; lower pageSize (AD allows 1000: MaxPageSize)", 1},
		"time limit (3)":                  {func(s *session, q query) { s.person(1); s.done(3) }, nil, "time limit", 1},
		"busy (51)":                       {func(s *session, q query) { s.person(1); s.done(51) }, nil, "busy; try again later", 3},
		"no paging here (12)":             {func(s *session, q query) { s.done(12) }, nil, "does not support", 1},
		"no right (50)":                   {func(s *session, q query) { s.done(50) }, nil, "no right to read there", 1},
		"something else (80)":             {func(s *session, q query) { s.done(80) }, nil, "result 80", 1},
		"an answer too large": {func(s *session, q query) {
			attributes := person(1)
			attributes["displayName"] = []string{strings.Repeat("x", 1<<20)}
			s.entry("uid=u1,"+suffix, attributes)
			s.donePage("")
		}, func(s *ldap.Settings) { s.MaxPageBytes = 64 << 10 }, "more than 65536 bytes (maxPageBytes)", 1},
		"a packet that claims 2 GB": {func(s *session, q query) {
			_, _ = s.conn.Write([]byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x02, 0x01})
			_ = s.conn.Close()
		},
			nil, "the connection broke", 3},
		"a hundred thousand nested packets": {func(s *session, q query) {
			_, _ = s.conn.Write([]byte(strings.Repeat("\x30\x80", 100_000)))
			_ = s.conn.Close()
		}, nil, "the connection broke", 3},
		"no answer at all": {func(s *session, q query) {}, func(s *ldap.Settings) {
			s.PageTimeout, s.TotalTimeout = ldap.Duration(50*time.Millisecond), ldap.Duration(400*time.Millisecond)
		}, "did not answer in time", 0},
	} {
		t.Run(name, func(t *testing.T) {
			attempts := 0
			server := startBadServer(t, func(s *session, q query) { attempts++; c.answer(s, q) })
			settings := server.settings()
			if c.edit != nil {
				c.edit(&settings)
			}
			got, err := open(t, settings).Snapshot(t.Context(), nil)
			require.Empty(t, got.Entries)
			require.Equal(t, identity.Unavailable, identity.KindOf(err))
			require.Equal(t, directory.RuleUnreachable, identity.RuleOf(err))
			require.ErrorContains(t, err, c.says)
			if c.attempts > 0 {
				require.Equal(t, c.attempts, attempts)
			}
		})
	}
}

func TestAReadingIsTriedAgainFromTheBeginning(t *testing.T) {
	attempts := 0
	server := startBadServer(t, func(s *session, q query) {
		if attempts++; attempts == 2 { // in the middle of the second page
			s.person(100)
			_ = s.conn.Close()
			return
		}
		s.next(s.page(q))
	})
	got, err := open(t, server.settings()).Snapshot(t.Context(), nil)
	require.NoError(t, err)
	require.True(t, got.Complete)
	require.Len(t, got.Entries, 300, "nothing of the first attempt counts")
	require.Equal(t, 5, attempts)
}

func TestCancellationEndsAReading(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := startBadServer(t, func(s *session, q query) { cancel() })
	_, err := open(t, server.settings()).Snapshot(ctx, nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestRowsThatCannotBeMappedSayWhy(t *testing.T) {
	for name, c := range map[string]struct {
		attributes map[string][]string
		problem    string
	}{
		"no address":                {map[string][]string{"mail": nil}, "has no e-mail address (attribute mail)"},
		"not UTF-8":                 {map[string][]string{"displayName": {"\xff\xfe"}}, "attribute displayName is not text"},
		"a value with a zero byte":  {map[string][]string{"displayName": {"a\x00b"}}, "attribute displayName is not text"},
		"a value too long":          {map[string][]string{"title": {strings.Repeat("x", 32<<10+1)}}, "has 32769 bytes; at most 32768 are read"},
		"a value as long as may be": {map[string][]string{"title": {strings.Repeat("x", 32<<10)}}, ""},
		"an entry too large":        {map[string][]string{"l": {strings.Repeat("x", 20<<10), strings.Repeat("y", 20<<10), strings.Repeat("z", 20<<10)}}, "(maxEntryBytes)"},
		"a part of the values":      {map[string][]string{"mail;range=0-1499": {"x@corp.example"}}, "sends only a part of them"},
		"a language variant":        {map[string][]string{"displayName;lang-de": {"Frau U1"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := startBadServer(t, func(s *session, q query) {
				attributes := person(1)
				for k, v := range c.attributes {
					attributes[k] = v
				}
				s.entry("uid=u1,"+suffix, attributes)
				s.person(2)
				s.donePage("")
			})
			got, err := open(t, server.settings(func(s *ldap.Settings) { s.MaxEntryBytes = 50 << 10 })).Snapshot(t.Context(), nil)
			require.NoError(t, err)
			require.True(t, got.Complete, "the entry is there, whatever its values")
			require.Len(t, got.Entries, 2)
			require.Empty(t, got.Entries[1].Problem)
			if c.problem == "" {
				require.Empty(t, got.Entries[0].Problem)
				return
			}
			require.Contains(t, got.Entries[0].Problem, c.problem)
		})
	}
}
