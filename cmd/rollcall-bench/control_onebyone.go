package main

import (
	"context"
	"log/slog"
	"net/http"
	"sync"

	"rollcall/identity"
	"rollcall/internal/system"
	"rollcall/internal/web"
	"rollcall/scim"
	"rollcall/store"
)

// oneByOne is a store that lets one caller in at a time, so that nobody shares a commit.
type oneByOne struct {
	identity.Store
	turn sync.Mutex
}

func (s *oneByOne) Do(ctx context.Context, lock identity.OrgLock, fn func(identity.Tx) error) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	return s.Store.Do(ctx, lock, fn)
}

// newOneByOne is Rollcall's own SCIM over its own store, with group commit or without. Nothing else differs between the two.
func newOneByOne(ctx context.Context, database string, without bool) (http.Handler, func() error, error) {
	st, err := store.Open(ctx, database)
	if err != nil {
		return nil, nil, err
	}
	var s identity.Store = st
	if without {
		s = &oneByOne{Store: st}
	}
	service := identity.NewService(s, system.Clock{}, system.IDs{}, identity.EmailPolicy{})
	return scim.New(service, scim.Options{Limit: web.Limit{Rate: rateLimit, Burst: 20 * rateLimit}, Log: slog.New(slog.DiscardHandler)}), st.Close, nil
}
