package consent

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// The seal has no door of its own: from outside, every cookie that does not
// open looks the same.

func testSealer(tb testing.TB, key string) sealer {
	tb.Helper()
	s, err := newSealer(sam.NewSecret(key))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

var (
	oneKey     = strings.Repeat("1", minKeyBytes)
	anotherKey = strings.Repeat("2", minKeyBytes)
)

func testAttempt() attempt {
	return newAttempt("11111111-1111-4111-8111-111111111111", time.Date(2026, 11, 21, 21, 30, 0, 0, time.UTC))
}

func TestOpenGivesBackWhatWasSealed(t *testing.T) {
	t.Parallel()
	s, a := testSealer(t, oneKey), testAttempt()
	sealed, err := s.seal(a)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.open(sealed)
	if err != nil {
		t.Fatal(err)
	}
	if got.State != a.State || got.Nonce != a.Nonce || got.Tenant != a.Tenant || got.Expires != a.Expires || !got.Verifier.Equal(a.Verifier) {
		t.Errorf("got %+v, want %+v", got, a)
	}
	for _, part := range []string{a.State, a.Nonce, a.Verifier.Reveal(), string(a.Tenant)} {
		if strings.Contains(sealed, part) {
			t.Errorf("%q can be read from outside", part)
		}
	}
	if again, _ := s.seal(a); again == sealed {
		t.Error("sealed twice to the same text: the nonce repeats")
	}
	if len(sealed) > 1024 {
		t.Errorf("cookie has %d bytes", len(sealed))
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	s := testSealer(t, oneKey)
	sealed, err := s.seal(testAttempt())
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := testSealer(t, anotherKey).seal(testAttempt())
	if err != nil {
		t.Fatal(err)
	}
	_, foreignBody, _ := strings.Cut(foreign[2:], ".")
	tests := []struct{ name, cookie string }{
		{"nothing", ""},
		{"only dots", ".."},
		{"another version", "2" + sealed[1:]},
		{"another key", foreign},
		{"another key under our key id", s.prefix() + foreignBody},
		{"padding", sealed + "="},
		{"a bit more", sealed + "A"},
		{"one part missing", sealed[:strings.LastIndex(sealed, ".")]},
		{"too short for a nonce", s.prefix() + "AAAA"},
		{"too long", sealed + strings.Repeat("A", maxSealed)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if a, err := s.open(tt.cookie); !errors.Is(err, errSeal) || a.State != "" {
				t.Errorf("got %+v, %v", a, err)
			}
		})
	}
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	t.Parallel()
	s := testSealer(t, oneKey)
	sealed, err := s.seal(testAttempt())
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(sealed) {
		for bit := range 8 {
			b := []byte(sealed)
			b[i] ^= 1 << bit
			if _, err := s.open(string(b)); err == nil {
				t.Fatalf("bit %d of byte %d may be flipped", bit, i)
			}
		}
	}
}

// FuzzOpen: no foreign text opens, whichever way it is made, and none of it
// comes back in the error.
func FuzzOpen(f *testing.F) {
	s := testSealer(f, rand.Text()+rand.Text()) // a key of each process's own: what another one sealed is foreign
	sealed, err := s.seal(testAttempt())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add(s.prefix() + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("1..")
	f.Fuzz(func(t *testing.T, cookie string) {
		a, err := s.open(cookie)
		switch {
		case err == nil && cookie != sealed:
			t.Fatalf("%q opens as %+v", cookie, a)
		case err != nil && !errors.Is(err, errSeal):
			t.Fatalf("%q: %v", cookie, err)
		case err != nil && len(cookie) > 12 && strings.Contains(err.Error(), cookie):
			t.Fatalf("the error repeats %q", cookie)
		}
	})
}
