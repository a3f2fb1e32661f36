package queue

import (
	"math/rand/v2"
	"time"
)

// firstWait is both the first wait of an empty queue and the unit of the series.
const firstWait = 100 * time.Millisecond

// wait is the n-th wait in a row without a message, counted from 0; random is
// in [0, 1).
func wait(n int, longest time.Duration, random float64) time.Duration {
	if n == 0 {
		return min(firstWait, longest)
	}
	steps := 1 << min(n-1, 20)
	grown := float64(firstWait) * float64(steps) * (0.8 + 0.4*random)
	return min(firstWait+time.Duration(grown), longest)
}

// random spreads the waits of several listeners; it needs no secrecy.
func random() float64 { return rand.Float64() }
