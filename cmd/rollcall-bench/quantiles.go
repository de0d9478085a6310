package main

import (
	"slices"
	"time"
)

// quantile returns the smallest value that at least the share q of all are no greater than; 0 of nothing.
func quantile[T ~int64 | ~float64](values []T, q float64) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := int(q*float64(len(sorted)) + 0.999999) // rounded up, but 0.99 of 100 is 99 whatever its last bit says
	return sorted[min(max(rank, 1), len(sorted))-1]
}

func median(values []float64) float64 { return quantile(values, 0.5) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
