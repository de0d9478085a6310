package web

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestALimiterLetsTheBurstThroughAndOnePastItNot(t *testing.T) {
	now := noon
	l := NewLimiter(Limit{Rate: 2, Burst: 3}, func() time.Time { return now })
	for range 3 {
		_, ok := l.Take("ada")
		require.True(t, ok)
	}
	wait, ok := l.Take("ada")
	require.False(t, ok)
	require.Equal(t, 500*time.Millisecond, wait)
	_, ok = l.Take("eve")
	require.True(t, ok, "another key has a bucket of its own")

	now = now.Add(wait - time.Microsecond)
	_, ok = l.Take("ada")
	require.False(t, ok)
	now = now.Add(time.Microsecond)
	_, ok = l.Take("ada")
	require.True(t, ok, "the wait that was told is enough")
	_, ok = l.Take("ada")
	require.False(t, ok)
}

func TestPeekingTakesNothing(t *testing.T) {
	l := NewLimiter(Limit{Rate: 1, Burst: 1}, func() time.Time { return noon })
	for range 10 {
		_, ok := l.Peek("ada")
		require.True(t, ok)
	}
	require.Empty(t, l.buckets)
	_, ok := l.Take("ada")
	require.True(t, ok)
	wait, ok := l.Peek("ada")
	require.False(t, ok)
	require.Equal(t, time.Second, wait)
}

func TestALimiterForgetsThoseWhoHaveBeenQuiet(t *testing.T) {
	now := noon
	l := NewLimiter(Limit{Rate: 1, Burst: 10}, func() time.Time { return now })
	for n := range 10_000 {
		l.Take(fmt.Sprint(n))
		now = now.Add(time.Millisecond)
	}
	require.LessOrEqual(t, len(l.buckets), 3*1024, "each is full again after a second, so about a thousand are of use")
}

func TestALimiterThatIsFullLetsStrangersShareOneBucket(t *testing.T) {
	now := noon
	l := newLimiter(Limit{Rate: 1, Burst: 2}, func() time.Time { return now }, 5)
	for n := range 5 {
		l.Take(fmt.Sprint(n))
		l.Take(fmt.Sprint(n))
	}
	for range 2 {
		_, ok := l.Take("stranger")
		require.True(t, ok)
	}
	_, ok := l.Take("another stranger")
	require.False(t, ok)
	_, ok = l.Peek("a third one")
	require.False(t, ok)
	require.Len(t, l.buckets, 5)

	now = now.Add(2 * time.Second)
	_, ok = l.Take("another stranger")
	require.True(t, ok)
	require.Len(t, l.buckets, 1, "the five have been quiet long enough")
}

func TestRetryAfterIsAtLeastOneSecond(t *testing.T) {
	for wait, want := range map[time.Duration]string{0: "1", time.Microsecond: "1", time.Second: "1", time.Second + 1: "2"} {
		require.Equal(t, want, RetryAfter(wait))
	}
}

func BenchmarkTake(b *testing.B) {
	l := NewLimiter(Limit{Rate: 1e9, Burst: 1 << 30}, time.Now)
	for b.Loop() {
		l.Take("https://issuer.example|ada")
	}
}

func TestAnIPv6NetworkIsOnePlace(t *testing.T) {
	for address, place := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "::ffff:192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::1": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64", "no address": "no address",
	} {
		require.Equal(t, place, Place(address))
	}
}
