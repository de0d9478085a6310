package scim_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rollcall/identity"
	"rollcall/scim"
)

// pages reads a list by cursors to its end; between is called after each page.
func (w *world) pages(endpoint, query string, between func()) (names []string) {
	w.t.Helper()
	cursor := ""
	for range 100 {
		a := w.get(endpoint + "?" + query + "&cursor=" + url.QueryEscape(cursor)).is(200)
		require.NotContains(w.t, a.body, "startIndex")
		for i := range a.body["Resources"].([]any) {
			name, ok := a.at("Resources", i, "userName").(string)
			if !ok {
				name = a.str("Resources", i, "displayName")
			}
			names = append(names, name)
		}
		next, more := a.body["nextCursor"]
		if !more {
			return names
		}
		cursor = next.(string)
		between()
	}
	require.Fail(w.t, "the list has no end")
	return nil
}

func TestRFC9865_ALongListIsReadByCursors(t *testing.T) {
	w := newWorld(t)
	for i := range 10 {
		w.create(fmt.Sprintf("u%d", i), fmt.Sprintf(`"title":"T%d"`, (i*7)%5))
	}
	all := []string{"u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u9"}
	for name, c := range map[string]struct {
		query string
		want  []string
	}{
		"in the order of ids":      {"count=3", all},
		"one page":                 {"count=10", all},
		"one at a time":            {"count=1", all},
		"a filter the store knows": {"count=2&filter=" + url.QueryEscape(`userName sw "u"`), all},
		"a filter it does not":     {"count=2&filter=" + url.QueryEscape(`title ne "T0"`), []string{"u1", "u2", "u3", "u4", "u6", "u7", "u8", "u9"}},
		"sorted":                   {"count=3&sortBy=title", []string{"u0", "u5", "u3", "u8", "u1", "u6", "u4", "u9", "u2", "u7"}},
		"sorted, the last first":   {"count=3&sortBy=userName&sortOrder=descending", []string{"u9", "u8", "u7", "u6", "u5", "u4", "u3", "u2", "u1", "u0"}},
		"sorted by time":           {"count=4&sortBy=meta.created", all},
		"sorted by a boolean":      {"count=4&sortBy=active", all},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, w.pages("/Users", c.query, func() {}))
			require.Equal(t, c.want, w.pages("", c.query, func() {}), "over all types")
		})
	}
	t.Run("by a search", func(t *testing.T) {
		search := func(cursor string) answer {
			return w.call("POST", "/Users/.search", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"count":6,"cursor":%q}`, cursor)).is(200)
		}
		first := search("")
		require.Equal(t, all, append(first.names(), search(first.str("nextCursor")).names()...))
	})
	t.Run("a count of none tells how many there are", func(t *testing.T) {
		require.Empty(t, w.get("/Users?cursor=&count=0").is(200).total(10).at("Resources"))
	})
}

func TestRFC9865_WhatIsWrittenMeanwhileMovesNobody(t *testing.T) {
	for _, query := range []string{"count=2", "count=2&sortBy=userName"} {
		w := newWorld(t)
		ids := map[string]string{}
		for _, name := range []string{"b", "d", "f", "h", "j"} {
			ids[name] = w.create(name)
		}
		step := 0
		names := w.pages("/Users", query, func() {
			step++
			if step == 1 { // one before and one that was told, and the very last that was told
				w.call("DELETE", "/Users/"+ids["b"], "").is(204)
				w.call("DELETE", "/Users/"+ids["d"], "").is(204)
				w.create("a")
			}
		})
		told := strings.Join(names, "")
		require.Contains(t, told, "bdfhj", "nobody who was there all the time is left out: %s", query)
		for _, name := range names {
			require.Equal(t, 1, strings.Count(told, name), "nobody is told twice: %s", query)
		}
	}
}

func TestRFC9865_ACursorIsForOneTokenAndOneList(t *testing.T) {
	w := newWorld(t)
	w.create("a")
	w.create("b")
	cursor := w.get("/Users?count=1&cursor=").is(200).str("nextCursor")
	at := func(w *world, endpoint, more string) answer {
		return w.get(endpoint + "?count=1" + more + "&cursor=" + cursor)
	}
	at(w, "/Users", "").is(200)
	at(w, "/Users", "&attributes=userName").is(200)
	at(w, "/Users/", "").is(200)
	r := httptest.NewRequest("GET", "/scim/"+string(w.org)+"/Users?count=1&cursor="+cursor, nil)
	r.Header.Set("Authorization", "Bearer "+w.token)
	w.send(r).is(200)
	w.call("POST", "/Users/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"count":1,"cursor":"`+cursor+`"}`).is(200)
	at(w.as("okta"), "/Users", "").fails(400, "invalidCursor")
	at(w, "/Groups", "").fails(400, "invalidCursor")
	at(w, "", "").fails(400, "invalidCursor")
	at(w, "/Users", "&sortBy=userName").fails(400, "invalidCursor")
	at(w, "/Users", "&filter=active%20eq%20true").fails(400, "invalidCursor")
	at(w, "/Users", "&startIndex=1").fails(400, "invalidValue")
	for _, wrong := range []string{"x", "AAAA", cursor[:len(cursor)-2] + "AA", cursor + "A"} {
		w.get("/Users?cursor="+url.QueryEscape(wrong)).fails(400, "invalidCursor")
	}
	w.clock.now = w.clock.now.Add(scim.CursorTimeout - time.Second)
	at(w, "/Users", "").is(200)
	w.clock.now = w.clock.now.Add(time.Second)
	at(w, "/Users", "").fails(400, "expiredCursor")
	config := w.get("/ServiceProviderConfig").is(200)
	require.Equal(t, []any{true, true, "index"}, []any{config.at("pagination", "cursor"), config.at("pagination", "index"), config.at("pagination", "defaultPaginationMethod")})
}

func TestRFC9865_2_CountBoundsEachPage(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.create(fmt.Sprint("u", i))
	}
	first := w.get("/Users?cursor=&count=2").is(200).total(5)
	require.Len(t, first.names(), 2)
	next := first.str("nextCursor")
	require.Regexp(t, `^[-._~A-Za-z0-9]+$`, next, "it can stand in a URL as it is")
	second := w.get("/Users?count=2&cursor=" + next).is(200).total(5)
	require.Len(t, second.names(), 2)
	last := w.get("/Users?count=2&cursor=" + second.str("nextCursor")).is(200).total(5)
	require.Len(t, last.names(), 1)
	require.NotContains(t, last.body, "nextCursor")
	for _, cursor := range []string{"", next} {
		for _, none := range []string{"0", "-1", "-99999999999999999999"} {
			require.Empty(t, w.get("/Users?count="+none+"&cursor="+cursor).is(200).total(5).names())
		}
		require.Equal(t, 5, len(w.get("/Users?count=100000&cursor="+cursor).is(200).names())+map[string]int{"": 0, next: 2}[cursor])
	}
}

func TestRFC9865_2_1_WhatIsWrongWithAPageIsSaid(t *testing.T) {
	w := newWorld(t)
	w.get("/Users?cursor=&count=ten").fails(400, "invalidCount").says("count must be a whole number")
	w.get("/Users?cursor=&count=1.5").fails(400, "invalidCount")
	w.call("POST", "/Users/.search", `{"cursor":"","count":"ten"}`).fails(400, "invalidCount")
	w.get("/Users?cursor=nonsense").fails(400, "invalidCursor")
	w.get("/Users?count=ten").fails(400, "invalidValue")
}

func TestRFC9865_2_3_WithoutACursorPagesAreNumbered(t *testing.T) {
	w := newWorld(t)
	for i := range scim.DefaultCount + 1 {
		w.create(fmt.Sprint("u", i))
	}
	a := w.get("/Users").is(200).total(scim.DefaultCount + 1)
	require.Len(t, a.names(), scim.DefaultCount)
	require.Contains(t, a.body, "startIndex")
	require.NotContains(t, a.body, "nextCursor")
	require.Equal(t, "index", w.get("/ServiceProviderConfig").str("pagination", "defaultPaginationMethod"))
}

func TestRFC9865_5_ACursorGivesNoAccess(t *testing.T) {
	w := newWorld(t)
	w.create("a")
	w.create("b")
	token, secret, err := w.service.CreateToken(t.Context(), operator, w.org, identity.NewToken{Name: "n", Profile: "rfc"})
	require.NoError(t, err)
	first := w.get("/Users?count=1&cursor=", "Authorization", "Bearer "+secret).is(200).str("nextCursor")
	page := "/Users?count=1&cursor=" + first
	refused := w.get("/Users?cursor=nonsense").fails(400, "invalidCursor").text
	require.Equal(t, refused, w.get(page).fails(400, "invalidCursor").text, "another token hears the same as of one that never was")
	theirs := w.in(w.newOrg("Theirs"))
	theirs.create("eve")
	require.Equal(t, refused, theirs.get(page).fails(400, "invalidCursor").text)
	require.NoError(t, w.service.RevokeToken(t.Context(), operator, w.org, token.ID))
	w.get(page, "Authorization", "Bearer "+secret).fails(401, "")
}
