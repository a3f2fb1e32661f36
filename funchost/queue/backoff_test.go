package queue

import (
	"testing"
	"time"
)

func TestWaitGrowsAndIsCapped(t *testing.T) {
	t.Parallel()
	const longest = 2 * time.Second
	for _, tc := range []struct {
		n         int
		low, high time.Duration
	}{
		{0, 100 * time.Millisecond, 100 * time.Millisecond},
		{1, 180 * time.Millisecond, 220 * time.Millisecond},
		{2, 260 * time.Millisecond, 340 * time.Millisecond},
		{4, 740 * time.Millisecond, 1060 * time.Millisecond},
		{6, longest, longest},
		{1000, longest, longest},
	} {
		if got := wait(tc.n, longest, 0); got != tc.low {
			t.Errorf("wait %d at least %s, got %s", tc.n, tc.low, got)
		}
		if got := wait(tc.n, longest, 1); got != tc.high {
			t.Errorf("wait %d at most %s, got %s", tc.n, tc.high, got)
		}
	}
}

func TestEncodeLimits(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		size   int
		base64 bool
		ok     bool
	}{
		{"48 KiB fit under base64", 48 << 10, true, true},
		{"one more does not", 48<<10 + 1, true, false},
		{"64 KiB fit as they are", 64 << 10, false, true},
		{"one more does not", 64<<10 + 1, false, false},
	} {
		if _, err := Encode(make([]byte, tc.size), tc.base64); (err == nil) != tc.ok {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	if _, err := Encode([]byte{0xff}, false); err == nil {
		t.Error("bytes that are not UTF-8 cannot travel without base64")
	}
}
