package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// pageSize is how many people a list shows.
const pageSize = 100

// operations are what a server can be asked; i is the how manieth request it is.
var operations = map[string]func(t *target, i int) exchange{
	"create": (*target).create, "get": (*target).get, "filter": (*target).filter, "list": (*target).list, "patch": (*target).patch,
	"mixed": (*target).mixed,
}

func operationNames() []string { return slices.Sorted(maps.Keys(operations)) }

func uniquePrefix() string { return "bench-" + strings.ToLower(rand.Text()[:10]) + "-" }

// answer is what is looked at in an answer.
type answer struct {
	ID           string `json:"id"`
	UserName     string `json:"userName"`
	Active       *bool  `json:"active"`
	TotalResults int    `json:"totalResults"`
	Resources    []struct {
		ID       string `json:"id"`
		UserName string `json:"userName"`
	} `json:"Resources"`
	NextCursor string `json:"nextCursor"`
}

// answered reads an answer that should have this status.
func answered(got, want int, body []byte) (answer, error) {
	var a answer
	if got != want {
		return a, fmt.Errorf("status %d, want %d: %.300s", got, want, body)
	}
	return a, json.Unmarshal(body, &a)
}

// create makes somebody whom the server does not have yet.
func (t *target) create(int) exchange {
	n := int(t.created.Add(1))
	name := fmt.Sprintf("%s%d@example.com", t.prefix, n)
	return exchange{http.MethodPost, "/Users", userBody(name, n), func(status int, body []byte) error {
		a, err := answered(status, http.StatusCreated, body)
		if err == nil && (a.UserName != name || a.ID == "" && t.mirror == nil) {
			err = fmt.Errorf("created %q with the id %q, want %q", a.UserName, a.ID, name)
		}
		return err
	}}
}

// someone picks one of the people who are known.
func (t *target) someone(i int) known { return t.people[i%len(t.people)] }

func (t *target) get(i int) exchange {
	if t.mirror != nil {
		return t.mirror.one
	}
	who := t.someone(i)
	return exchange{http.MethodGet, "/Users/" + url.PathEscape(who.id), nil, func(status int, body []byte) error {
		a, err := answered(status, http.StatusOK, body)
		if err == nil && (a.ID != who.id || a.UserName != who.userName) {
			err = fmt.Errorf("got %q (%s), want %q (%s)", a.UserName, a.ID, who.userName, who.id)
		}
		return err
	}}
}

func (t *target) filter(i int) exchange {
	if t.mirror != nil {
		return t.mirror.found
	}
	who := t.someone(i)
	return t.find(who.userName, func(id string) error {
		if id != who.id {
			return fmt.Errorf("%q has the id %s, want %s", who.userName, id, who.id)
		}
		return nil
	})
}

// find asks for a userName, of which there must be exactly one, and gives its id away.
func (t *target) find(userName string, found func(id string) error) exchange {
	query := url.Values{"filter": {fmt.Sprintf("userName eq %q", userName)}}
	return exchange{http.MethodGet, "/Users?" + query.Encode(), nil, func(status int, body []byte) error {
		a, err := answered(status, http.StatusOK, body)
		switch {
		case err != nil:
			return err
		case a.TotalResults != 1 || len(a.Resources) != 1 || a.Resources[0].UserName != userName:
			return fmt.Errorf("%d results, want exactly %q: %.300s", a.TotalResults, userName, body)
		}
		return found(a.Resources[0].ID)
	}}
}

// list reads one of the first ten pages.
func (t *target) list(i int) exchange {
	if t.mirror != nil {
		return t.mirror.page
	}
	pages := min(10, max(1, t.present/pageSize))
	path := fmt.Sprintf("/Users?count=%d&startIndex=%d", pageSize, 1+i%pages*pageSize)
	return exchange{http.MethodGet, path, nil, func(status int, body []byte) error {
		a, err := answered(status, http.StatusOK, body)
		if err == nil {
			err = a.isPage(pageSize, t.present)
		}
		return err
	}}
}

// isPage checks that it has as many different people as a page of that size has, of at least so many who are present.
func (a answer) isPage(size, present int) error {
	ids := make(map[string]bool, len(a.Resources))
	for _, r := range a.Resources {
		if r.ID == "" || r.UserName == "" {
			return errors.New("a user of the list has no id or no userName")
		}
		ids[r.ID] = true
	}
	n := len(a.Resources)
	if len(ids) != n || n < min(size, present) || n > size || a.TotalResults < max(present, n) {
		return fmt.Errorf("%d users, %d of them different, of %d; want a page of %d of at least %d", n, len(ids), a.TotalResults, size, present)
	}
	return nil
}

// patch switches one after the other off, and in the next turn on again, so that each changes something.
func (t *target) patch(int) exchange {
	if t.mirror != nil {
		return t.mirror.patch
	}
	n := int(t.patched.Add(1)) - 1
	who, active := t.someone(n), n/len(t.people)%2 == 1
	return exchange{http.MethodPatch, "/Users/" + url.PathEscape(who.id), patchBody(active), func(status int, body []byte) error {
		if status == http.StatusNoContent {
			return nil
		}
		a, err := answered(status, http.StatusOK, body)
		if err == nil && (a.ID != who.id || a.Active == nil || *a.Active != active) {
			err = fmt.Errorf("active is not %t afterwards: %.300s", active, body)
		}
		return err
	}}
}

// mixed is a day of a large organization in short: of 20 requests 8 look somebody up, 6 read, 3 switch somebody on or off, 2 create and 1 lists.
func (t *target) mixed(i int) exchange {
	switch n := i % 20; {
	case n < 8:
		return t.filter(i)
	case n < 14:
		return t.get(i)
	case n < 17:
		return t.patch(i)
	case n < 19:
		return t.create(i)
	}
	return t.list(i)
}

// meet learns the ids of some of the people whom the server was filled with, spread over all of them.
func (t *target) meet(ctx context.Context, present int) error { return t.meetFrom(ctx, 0, present) }

// meetFrom is meet where the first person has that number.
func (t *target) meetFrom(ctx context.Context, first, present int) error {
	const most = 1000
	n := min(most, present)
	t.present = present
	var buffer bytes.Buffer
	for i := range n {
		name := seededName(first + i*present/n)
		e := t.find(name, func(id string) error {
			t.people = append(t.people, known{id, name})
			return nil
		})
		if err := t.ask(ctx, e, &buffer); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}

// settle creates people on a server that nobody has filled, to have some to ask for.
func (t *target) settle(ctx context.Context, n int) error {
	var buffer bytes.Buffer
	for range n {
		e := t.create(0)
		check := e.check
		e.check = func(status int, body []byte) error {
			err := check(status, body)
			if err == nil {
				var a answer
				err = json.Unmarshal(body, &a)
				t.people = append(t.people, known{a.ID, a.UserName})
			}
			return err
		}
		if err := t.ask(ctx, e, &buffer); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	t.present = n
	return nil
}

// mirrored is what an echo is asked in place of a server that knows people: to read and write the very JSON that such a server answers.
type mirrored struct{ one, found, page, patch exchange }

// reflect asks a server that knows people, and returns what an echo is to be asked.
func reflect(ctx context.Context, of *target) (*mirrored, error) {
	var buffer bytes.Buffer
	var m mirrored
	for _, part := range []struct {
		to  *exchange
		ask exchange
	}{{&m.one, of.get(0)}, {&m.found, of.filter(0)}, {&m.page, of.list(0)}} {
		if err := of.ask(ctx, part.ask, &buffer); err != nil {
			return nil, err
		}
		*part.to = echoed(bytes.Clone(buffer.Bytes()))
	}
	m.patch = echoed(patchBody(false))
	return &m, nil
}

// echoed sends a document and wants to have it back.
func echoed(document []byte) exchange {
	var want answer
	_ = json.Unmarshal(document, &want) // it was checked when it came
	return exchange{http.MethodPost, "/", document, func(status int, body []byte) error {
		got, err := answered(status, http.StatusCreated, body)
		if err == nil && (got.ID != want.ID || got.UserName != want.UserName || len(got.Resources) != len(want.Resources)) {
			err = fmt.Errorf("the echo says something else: %.300s", body)
		}
		return err
	}}
}
