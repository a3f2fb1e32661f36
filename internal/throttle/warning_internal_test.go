package throttle

import (
	"net/http"
	"testing"
	"time"
)

func TestPauses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		kind   Kind
		header map[string]string
		want   time.Duration
	}{
		{"nothing told", ResourceGraph, nil, 0},
		{"queries left", ResourceGraph, map[string]string{"x-ms-user-quota-remaining": "1", "x-ms-user-quota-resets-after": "00:00:03"}, 0},
		{"no query left", ResourceGraph, map[string]string{"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:00:03"}, 3 * time.Second},
		{"fraction", ResourceGraph, map[string]string{"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:00:03.5000000"}, 3500 * time.Millisecond},
		{"days, bounded", ResourceGraph, map[string]string{"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "1.00:00:03"}, 10 * time.Minute},
		{"resets at nonsense", ResourceGraph, map[string]string{"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "soon"}, 5 * time.Second},
		{"of another service", Graph, map[string]string{"x-ms-user-quota-remaining": "0"}, 0},
		{"reads left", ARM, map[string]string{"x-ms-ratelimit-remaining-subscription-reads": "10"}, 0},
		{"few reads left", ARM, map[string]string{"x-ms-ratelimit-remaining-subscription-reads": "9"}, 4040 * time.Millisecond},
		{"no tenant reads", ARM, map[string]string{"x-ms-ratelimit-remaining-tenant-reads": "0"}, 4400 * time.Millisecond},
		{"negative", ARM, map[string]string{"x-ms-ratelimit-remaining-tenant-reads": "-1"}, 0},
		{"a provider's limit", ARM, map[string]string{"x-ms-ratelimit-remaining-resource": "Microsoft.Compute/HighCostGet3Min;3,Microsoft.Compute/LowCostGet3Min;0"}, 3 * time.Second},
		{"a provider's limits are left", ARM, map[string]string{"x-ms-ratelimit-remaining-resource": "Microsoft.Compute/HighCostGet3Min;3"}, 0},
		{"most of Graph's limit", Graph, map[string]string{"x-ms-throttle-limit-percentage": "0.85"}, 2500 * time.Millisecond},
		{"beyond Graph's limit", Graph, map[string]string{"x-ms-throttle-limit-percentage": "1.8"}, 10 * time.Second},
		{"no number", Graph, map[string]string{"x-ms-throttle-limit-percentage": "NaN"}, 0},
	} {
		h := http.Header{}
		for name, value := range tt.header {
			h.Set(name, value)
		}
		if got := (Answer{Header: h}).pause(tt.kind); (got - tt.want).Abs() > time.Millisecond {
			t.Errorf("%s: pause of %v, want %v", tt.name, got, tt.want)
		}
	}
}

func FuzzPause(f *testing.F) {
	f.Add(uint8(ResourceGraph), "x-ms-user-quota-remaining", "0")
	f.Add(uint8(ResourceGraph), "x-ms-user-quota-resets-after", "1.23:59:59.9999999")
	f.Add(uint8(ARM), "x-ms-ratelimit-remaining-subscription-reads", "3")
	f.Add(uint8(ARM), "x-ms-ratelimit-remaining-resource", "a;0,b;1")
	f.Add(uint8(Graph), "x-ms-throttle-limit-percentage", "1e300")
	f.Fuzz(func(t *testing.T, kind uint8, name, value string) {
		h := http.Header{}
		h.Set("x-ms-user-quota-remaining", "0")
		h.Set(name, value)
		if got := (Answer{Header: h}).pause(Kind(kind)); got < 0 || got > longestWarning {
			t.Errorf("pause of %v", got)
		}
	})
}

func TestSkip(t *testing.T) {
	t.Parallel()
	zero := time.Unix(0, 0)
	b := block{zero, time.Second, 10}
	for _, tt := range []struct {
		at          time.Duration
		first, left int
	}{{-time.Second, 0, 10}, {0, 0, 10}, {1, 1, 9}, {time.Second, 1, 9}, {1500 * time.Millisecond, 2, 8}, {time.Hour, 10, 0}} {
		got := b.skip(zero.Add(tt.at))
		if got.n != tt.left || !got.first.Equal(zero.Add(time.Duration(tt.first)*time.Second)) {
			t.Errorf("from %v on: %d places from %v", tt.at, got.n, got.first.Sub(zero))
		}
	}
}
