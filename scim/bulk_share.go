package scim

import "time"

// How many operations share a transaction: so many in the first one of a request, and from then on what takes so long, because others wait for it.
const (
	firstShare = 100
	shareTime  = 100 * time.Millisecond
)

// shareAfter returns how many operations the next transaction may have if one of n, none of which was refused, took so long. Where one is
// refused the next often is too, as when somebody sends again what is there already: then it begins with one.
func shareAfter(n int, took time.Duration) int {
	fitting := MaxBulkOperations
	if took > 0 {
		fitting = int(min(float64(n)*float64(shareTime)/float64(took), MaxBulkOperations))
	}
	return min(4*n, max(firstShare, fitting), MaxBulkOperations)
}
