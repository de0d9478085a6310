//go:build !race

package fresh

// raced says that the race detector is on.
const raced = false
