package jobs_test

import (
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/jobs"
)

func TestRetryDelay(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		try   int
		after time.Duration
		want  time.Duration
		more  bool
	}{
		{"first", 1, 0, 15 * time.Second, true},
		{"third", 3, 0, 5 * time.Minute, true},
		{"last of the table", 5, 0, time.Hour, true},
		{"beyond the table", 6, 0, 0, false},
		{"nonsense", 0, 0, 0, false},
		{"upstream asks for more", 1, 57 * time.Second, 57 * time.Second, true},
		{"upstream asks for less", 2, 5 * time.Second, time.Minute, true},
		{"upstream asks for too much", 1, 400 * time.Hour, 24 * time.Hour, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, more := jobs.RetryDelay(tt.try, tt.after)
			if got != tt.want || more != tt.more {
				t.Errorf("got %v, %v; want %v, %v", got, more, tt.want, tt.more)
			}
		})
	}
}

// The table must end well inside the shortest sensible run.
func TestRetriesEndInsideARun(t *testing.T) {
	t.Parallel()
	var total time.Duration
	tries := 1
	for {
		delay, more := jobs.RetryDelay(tries, 0)
		if !more {
			break
		}
		total += jobs.Jitter(delay, 0.999)
		tries++
	}
	if tries != jobs.MaxTries || total > 2*time.Hour {
		t.Errorf("%d tries over %v", tries, total)
	}
}

func TestJitterNeverShortens(t *testing.T) {
	t.Parallel()
	for _, random := range []float64{0, 0.5, 0.999} {
		got := jobs.Jitter(time.Minute, random)
		if got < time.Minute || got > 72*time.Second {
			t.Errorf("jitter with %v: %v", random, got)
		}
	}
}
