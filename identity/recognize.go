package identity

import (
	"context"
	"sync"
)

// recognized keeps the tokens that were good when they were last looked up, by hash. There are as many as an operator made.
type recognized struct {
	mu     sync.RWMutex
	tokens map[string]Token
}

// mostRecognized bounds the memory: beyond it everything is forgotten and looked up again.
const mostRecognized = 10_000

func (r *recognized) find(hash string) (Token, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	t, ok := r.tokens[hash]
	return t, ok
}

func (r *recognized) keep(t Token) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tokens == nil || len(r.tokens) >= mostRecognized {
		r.tokens = map[string]Token{}
	}
	r.tokens[t.Hash] = t
}

func (r *recognized) forget(hash string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.tokens, hash)
}

// Recognize is Authenticate for whoever is going to confirm: a token that was good before is taken from memory, so it may have
// been revoked since. A transaction must [Acts.Confirm] it, and a look-up [Service.Find], which costs less there than a look-up of its
// own here; whatever else reads must [Service.Confirm] it.
func (s *Service) Recognize(ctx context.Context, secret string) (Token, error) {
	if t, ok := s.recognized.find(HashSecret(secret)); ok {
		return t, nil
	}
	t, err := s.Authenticate(ctx, secret)
	if err == nil {
		s.recognized.keep(t)
	}
	return t, err
}

// Disown forgets a recognized token and returns what is to be said of it: it is not good any more.
func (s *Service) Disown(t Token) error {
	s.recognized.forget(t.Hash)
	return unknownToken()
}

// Confirm is what Recognize left open: a recognized token that has been revoked is NotFound.
func (s *Service) Confirm(ctx context.Context, t Token) error {
	now, err := s.store.TokenByHash(ctx, t.Hash)
	return s.confirmed(t, now, err)
}

// Find finds an account and confirms the recognized token of whoever asks for it. Only those whose token is good learn whether there
// is one.
func (s *Service) Find(ctx context.Context, t Token, key AccountKey) (Account, error) {
	a, good, err := s.store.AccountFor(ctx, key, t.Hash)
	switch {
	case IsNotFound(err):
		if refused := s.Confirm(ctx, t); refused != nil {
			return Account{}, refused
		}
	case err == nil && !good:
		return Account{}, s.Disown(t)
	}
	return a, err
}

// confirmed judges a recognized token by what the store has of it now.
func (s *Service) confirmed(t, now Token, err error) error {
	if IsNotFound(err) || err == nil && !now.RevokedAt.IsZero() {
		return s.Disown(t)
	}
	return err
}

// Confirm makes the transaction depend on a recognized token: one that has been revoked, also a moment ago and by another
// process, is NotFound.
func (c *Acts) Confirm(ctx context.Context, t Token) error {
	now, err := c.tx.TokenByHash(ctx, t.Hash)
	return c.service.confirmed(t, now, err)
}
