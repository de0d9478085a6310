// Package system is the running machine as identity's ports want it: its clock, its source of ids and its way to
// ask the DNS. It knows no rules.
package system

import (
	"crypto/rand"
	"time"

	"github.com/google/uuid"
)

// Clock is the machine's clock in UTC, cut to the microseconds that every store can keep.
type Clock struct{}

// Now returns the present instant.
func (Clock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// IDs makes identifiers from the machine's randomness.
type IDs struct{}

// New returns a UUIDv7 (RFC 9562 section 5.7): ids made later sort later, which keeps indexes dense.
func (IDs) New() string { return uuid.Must(uuid.NewV7()).String() }

// Secret returns 26 characters of base32 with at least 128 random bits.
func (IDs) Secret() string { return rand.Text() }

// Uptime returns a function that says how long ago it was made. Setting the machine's clock does not touch it.
func Uptime() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}
