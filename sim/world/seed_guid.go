package world

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
)

// guid draws a GUID with the version (4) and variant bits of a random one.
func guid(rng *rand.Rand) string {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], rng.Uint64())
	binary.BigEndian.PutUint64(raw[8:], rng.Uint64())
	raw[6] = raw[6]&0x0f | 0x40
	raw[8] = raw[8]&0x3f | 0x80
	var text [36]byte
	at := 0
	for i, width := range [5]int{4, 2, 2, 2, 6} {
		if i > 0 {
			text[at] = '-'
			at++
		}
		hex.Encode(text[at:], raw[:width])
		at += 2 * width
		copy(raw[:], raw[width:])
	}
	return string(text[:])
}

// pick draws one of the choices.
func pick[T any](rng *rand.Rand, choices []T) T { return choices[rng.IntN(len(choices))] }
