package scim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOthersWaitATenthOfASecondForABulkRequest(t *testing.T) {
	for _, c := range []struct {
		name string
		n    int
		took time.Duration
		next int
	}{
		{"quick", 100, 20 * time.Millisecond, 400},
		{"just right", 400, 100 * time.Millisecond, 400},
		{"a little slow", 400, 160 * time.Millisecond, 250},
		{"so slow that fewer would not help", 400, time.Minute, firstShare},
		{"a request cannot have more", 1000, time.Millisecond, MaxBulkOperations},
		{"the first after a refusal", 1, time.Millisecond, 4},
		{"a slow one after a refusal", 1, time.Second, 4},
		{"a clock that was set back", 100, -time.Hour, 400},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.next, shareAfter(c.n, c.took)) })
	}
}
