package throttle

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Answer is what upstream said to one call.
type Answer struct {
	Refused    bool          // 429, or what stands for it
	RetryAfter time.Duration // 0 when it named none
	Header     http.Header   // may be nil
}

// The early warnings, in canonical form: a lookup then costs no allocation.
const (
	headerQuotaLeft   = "X-Ms-User-Quota-Remaining"
	headerQuotaResets = "X-Ms-User-Quota-Resets-After"
	headerShare       = "X-Ms-Throttle-Limit-Percentage"
	headerResource    = "X-Ms-Ratelimit-Remaining-Resource"
)

// headersReads count down the buckets of ARM.
var headersReads = [...]string{
	"X-Ms-Ratelimit-Remaining-Subscription-Reads",
	"X-Ms-Ratelimit-Remaining-Tenant-Reads",
	"X-Ms-Ratelimit-Remaining-Subscription-Resource-Requests",
	"X-Ms-Ratelimit-Remaining-Tenant-Resource-Requests",
}

const (
	// readsKept is what is left alone of an ARM bucket: calls under way, and
	// people who look at the portal with the same account.
	readsKept = 10
	// readsPerSecond come back to an ARM bucket.
	readsPerSecond = 25
	// readsWanted is how full a bucket should be before it is used again.
	readsWanted = 110
	// shareSlow is where Graph begins to tell how much of its limit is used,
	// and shareFull where it refuses (it may name up to 1.8).
	shareSlow, shareFull = 0.8, 1.0
	// longestWarning bounds what a header may ask for.
	longestWarning = 10 * time.Minute
)

// pause is how long a scope should be left alone after this answer although it
// was no refusal; 0 is the usual.
func (a Answer) pause(k Kind) time.Duration {
	if a.Header == nil {
		return 0
	}
	switch k {
	case ResourceGraph, ResourceGraphHome:
		return a.quotaPause()
	case ARM:
		return max(a.readsPause(), a.resourcePause())
	case Graph:
		return a.sharePause()
	default:
		return 0
	}
}

// quotaPause waits for the next window when this one is used up.
func (a Answer) quotaPause() time.Duration {
	left, told := count(a.Header.Get(headerQuotaLeft))
	if !told || left > 0 {
		return 0
	}
	if resets, ok := clock(a.Header.Get(headerQuotaResets)); ok {
		return min(resets, longestWarning)
	}
	return rules[ResourceGraph].Wait
}

// readsPause waits until the emptiest bucket is worth using again.
func (a Answer) readsPause() time.Duration {
	for _, name := range headersReads {
		if left, told := count(a.Header.Get(name)); told && left < readsKept {
			return time.Duration(readsWanted-left) * time.Second / readsPerSecond
		}
	}
	return 0
}

// resourcePause: a provider's own limits, "Microsoft.Compute/LowCostGet3Min;159"
// and a comma before the next. How fast they fill is not told.
func (a Answer) resourcePause() time.Duration {
	for _, value := range a.Header[headerResource] {
		for one := range strings.SplitSeq(value, ",") {
			if _, number, ok := strings.Cut(one, ";"); ok {
				if left, told := count(number); told && left == 0 {
					return rules[ARM].Wait
				}
			}
		}
	}
	return 0
}

// sharePause grows from nothing at 0.8 of the limit to a whole window at 1.
func (a Answer) sharePause() time.Duration {
	used, err := strconv.ParseFloat(strings.TrimSpace(a.Header.Get(headerShare)), 64)
	if err != nil || !(used > shareSlow) { // NaN is not more
		return 0
	}
	part := min((used-shareSlow)/(shareFull-shareSlow), 1)
	return time.Duration(part * float64(rules[Graph].Window))
}

// count reads a number of calls; absurd ones count as none told.
func count(text string) (int, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31)
	return int(n), err == nil
}

// clock reads "hh:mm:ss" with an optional fraction and optional days before a
// dot, as .NET prints a time span.
func clock(text string) (time.Duration, bool) {
	parts := strings.Split(strings.TrimSpace(text), ":")
	if len(parts) != 3 {
		return 0, false
	}
	days, hours, dotted := strings.Cut(parts[0], ".")
	if !dotted {
		days, hours = "0", parts[0]
	}
	d, okDays := count(days)
	h, okHours := count(hours)
	m, okMinutes := count(parts[1])
	s, err := strconv.ParseFloat(parts[2], 64)
	if !okDays || !okHours || !okMinutes || err != nil || d > 365 || h > 23 || m > 59 || !(s >= 0 && s < 60) {
		return 0, false
	}
	whole := time.Duration(d)*24*time.Hour + time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	return whole + time.Duration(s*float64(time.Second)), true
}
