package partnercenter

import (
	"testing"
	"time"
)

// FuzzToken: no token that the service did not issue is let in.
func FuzzToken(f *testing.F) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	f.Add(page{40, 40}.seal(now), 40)
	f.Add("AQAAAA==", 0)
	f.Add("AQAAAAAoA\nCgAAAAAawGHwDohdT4AoRtO", 0)
	f.Fuzz(func(t *testing.T, token string, from int) {
		if p, err := openToken(token, now); err == nil && p.seal(now) != token && p.seal(now.Add(-time.Minute)) != token {
			t.Fatalf("made-up token %q opened as %+v", token, p)
		}
		from &= 0xffffff
		p, err := openToken(page{from, 40}.seal(now), now.Add(tokenLife))
		if err != nil || p.from != from || p.size != 40 {
			t.Fatalf("own token opened as %+v, %v", p, err)
		}
	})
}
