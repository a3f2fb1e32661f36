// Package leak hunts secrets in everything a program leaves behind.
//
// A Hunter is given every token, code and secret that the simulated cloud ever
// minted and then reads logs, answers, tables, queues and blobs. Any run of
// Window bytes in common counts: a truncated token is still a token.
//
// Of signed tokens (JWT) the first segment is left out, since all tokens share
// it and it says only how they are signed. The rest is searched in one of two
// ways: NewHunter indexes every fourth window and so finds any run of Window+3
// bytes, at a quarter of the memory, for sweeps over many customers;
// NewExhaustiveHunter indexes every window.
//
// What is read must be decoded first where it is base64 (queue messages, say):
// the claims of a token are base64 of JSON that names tenants and users, and
// the same ids in base64 elsewhere are the same bytes without being a leak.
package leak

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

// Window is how many bytes in common make a leak.
const Window = 16

// jwtStride is the distance of indexed windows in signed tokens, unless every
// one is wanted.
const jwtStride = 4

// Hit is one run of secret bytes found somewhere.
type Hit struct {
	Where  string // what was read: "table Audit", "handler output", …
	Offset int    // byte offset in it
	Length int    // bytes in common
}

// String names the place without the bytes.
func (h Hit) String() string {
	return fmt.Sprintf("%s: %d bytes of a secret at offset %d", h.Where, h.Length, h.Offset)
}

// Hunter knows the secrets. It is safe for concurrent Scan.
type Hunter struct{ windows map[[2]uint64]struct{} }

// NewHunter indexes the secrets; those shorter than Window are looked for
// nowhere and reported as an error, because the hunt would be blind to them.
func NewHunter(secrets []string) (*Hunter, error) { return newHunter(secrets, jwtStride) }

// NewExhaustiveHunter is NewHunter that finds every run of Window bytes, those
// of signed tokens too. It takes about 50 bytes of memory per byte of secret.
func NewExhaustiveHunter(secrets []string) (*Hunter, error) { return newHunter(secrets, 1) }

func newHunter(secrets []string, stride int) (*Hunter, error) {
	h := &Hunter{windows: map[[2]uint64]struct{}{}}
	for _, s := range secrets {
		if len(s) < Window {
			return nil, fmt.Errorf("a secret of %d bytes is too short to hunt for (want %d)", len(s), Window)
		}
		h.index(s, stride)
	}
	return h, nil
}

func (h *Hunter) index(secret string, signedStride int) {
	stride := 1
	if head, rest, ok := strings.Cut(secret, "."); ok && strings.HasPrefix(head, "eyJ") {
		secret, stride = rest, signedStride
	}
	for i := 0; i+Window <= len(secret); i += stride {
		h.windows[key([]byte(secret[i:i+Window]))] = struct{}{}
	}
}

// Scan reads data and returns the runs it shares with any secret.
func (h *Hunter) Scan(where string, data []byte) []Hit {
	var hits []Hit
	end := -1 // end of the current run
	for i := 0; i+Window <= len(data); i++ {
		if _, found := h.windows[key(data[i:i+Window])]; !found {
			continue
		}
		if last := len(hits) - 1; last >= 0 && i <= end {
			hits[last].Length = i + Window - hits[last].Offset
		} else {
			hits = append(hits, Hit{Where: where, Offset: i, Length: Window})
		}
		end = i + Window
	}
	return hits
}

// Bytes sums the lengths of hits.
func Bytes(hits []Hit) int {
	n := 0
	for _, h := range hits {
		n += h.Length
	}
	return n
}

// Describe lists hits one per line, at most limit of them.
func Describe(hits []Hit, limit int) string {
	var b bytes.Buffer
	for i, h := range hits {
		if i == limit {
			fmt.Fprintf(&b, "… and %d more\n", len(hits)-limit)
			break
		}
		fmt.Fprintln(&b, h)
	}
	return b.String()
}

func key(w []byte) [2]uint64 {
	return [2]uint64{binary.LittleEndian.Uint64(w), binary.LittleEndian.Uint64(w[8:])}
}
