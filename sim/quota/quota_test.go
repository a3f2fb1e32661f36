package quota_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/quota"
)

func TestWindows(t *testing.T) {
	t.Parallel()
	var c quota.Counter
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		key    string
		after  time.Duration
		n      int
		used   int
		resets time.Duration
	}{
		{"a", 0, 1, 1, time.Minute},
		{"a", 20 * time.Second, 2, 3, 40 * time.Second},
		{"b", 20 * time.Second, 1, 1, time.Minute},
		{"a", 59 * time.Second, 1, 4, time.Second},
		{"a", 60 * time.Second, 1, 1, time.Minute},
		{"b", 79 * time.Second, 1, 2, time.Second},
		{"a", time.Hour, 1, 1, time.Minute},
	} {
		got := c.Take(tt.key, tt.n, time.Minute, noon.Add(tt.after))
		if want := (quota.Use{Used: tt.used, Resets: tt.resets}); got != want {
			t.Errorf("%s after %v: %+v, want %+v", tt.key, tt.after, got, want)
		}
	}
	for i := range 5000 { // what is over is swept meanwhile; what is not stays
		at := noon.Add(2*time.Hour + time.Duration(i)*time.Millisecond)
		c.Take("kept", 1, time.Minute, at)
		c.Take(fmt.Sprint(i), 1, time.Minute, at)
	}
	if got := c.Take("kept", 1, time.Minute, noon.Add(2*time.Hour+5*time.Second)); got.Used != 5001 {
		t.Errorf("%+v", got)
	}
}
