package web

import (
	"math"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limit is how much may be asked: Burst at once, and Rate a second from then on.
type Limit struct {
	Rate  float64
	Burst int
}

// maxBuckets bounds what a limiter remembers. Whoever comes when it is full shares one bucket with all others who do.
const maxBuckets = 100_000

// Limiter limits requests by key, such as who calls. Each key has a bucket of tokens (golang.org/x/time/rate). One that is
// full again says nothing that a new one would not, so it is forgotten; no list of who came last is needed.
type Limiter struct {
	limit Limit
	now   func() time.Time
	most  int

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
	sweepAt int // forget the full ones when there are so many
	swept   time.Time
	others  *rate.Limiter
}

// NewLimiter returns a limiter by a clock.
func NewLimiter(limit Limit, now func() time.Time) *Limiter {
	return newLimiter(limit, now, maxBuckets)
}

func newLimiter(limit Limit, now func() time.Time, most int) *Limiter {
	l := &Limiter{limit: limit, now: now, most: most, buckets: map[string]*rate.Limiter{}, sweepAt: min(1024, most)}
	l.others = l.bucket()
	return l
}

func (l *Limiter) bucket() *rate.Limiter {
	return rate.NewLimiter(rate.Limit(l.limit.Rate), l.limit.Burst)
}

// Take takes one token. If there is none, it returns how long it takes until there is one.
func (l *Limiter) Take(key string) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := l.buckets[key]
	if b == nil {
		b = l.remember(key, now)
	}
	if b.AllowN(now, 1) {
		return 0, true
	}
	return l.wait(b, now), false
}

// Peek is [Limiter.Take] without taking: for what is only counted when it has failed.
func (l *Limiter) Peek(key string) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := l.buckets[key]
	switch {
	case b == nil && len(l.buckets) < l.most:
		return 0, true
	case b == nil:
		b = l.others
	}
	if b.TokensAt(now) >= 1 {
		return 0, true
	}
	return l.wait(b, now), false
}

// wait is how long a bucket needs for its next token.
func (l *Limiter) wait(b *rate.Limiter, now time.Time) time.Duration {
	return time.Duration((1 - b.TokensAt(now)) / l.limit.Rate * float64(time.Second))
}

// remember makes a bucket for a new key.
func (l *Limiter) remember(key string, now time.Time) *rate.Limiter {
	if len(l.buckets) >= l.sweepAt && l.worthSweeping(now) {
		for k, b := range l.buckets {
			if b.TokensAt(now) >= float64(l.limit.Burst) {
				delete(l.buckets, k)
			}
		}
		l.sweepAt, l.swept = min(max(1024, 2*len(l.buckets)), l.most), now
	}
	if len(l.buckets) >= l.most {
		return l.others
	}
	b := l.bucket()
	l.buckets[key] = b
	return b
}

// worthSweeping keeps a full limiter from looking at every bucket for every stranger: it waits as long as an empty one needs to
// be full again. Below that the number has doubled since the last time, which is rare enough.
func (l *Limiter) worthSweeping(now time.Time) bool {
	refill := time.Duration(float64(l.limit.Burst) / l.limit.Rate * float64(time.Second))
	return len(l.buckets) < l.most || now.Before(l.swept) || now.Sub(l.swept) >= refill
}

// Place is what counts as one address: of IPv6 the network, because whoever has one address there has 2^64 of them.
func Place(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return address
	}
	network, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return network.String()
}

// RetryAfter is a wait as the header Retry-After spells it: whole seconds, at least one (RFC 9110 section 10.2.3).
func RetryAfter(wait time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(wait.Seconds()))))
}
