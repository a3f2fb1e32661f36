package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// Options says how large and how wild. The zero value of all but ScriptRoot
// means the default named beside it.
type Options struct {
	ScriptRoot string        // the staged dist/ folder
	OutDir     string        // for logs and report.json; "" keeps neither
	Customers  int           // 2000
	Seed       uint64        // of everything that is drawn
	Hosts      int           // 3
	Sweeps     int           // 2
	KillEvery  time.Duration // 400 ms between kills on average
	Storm      time.Duration // 75 s: the longest storm of a sweep
	Limit      time.Duration // 5 min for everything
	Plant      string        // a breach made on purpose, of Plants; "" for none
	Progress   io.Writer     // where a person reads along; nil: nowhere

	after func(context.Context, *session) error // for tests: looks at the world before it stops
}

// ErrBreach is wrapped by the error of a run in which a promise was broken.
var ErrBreach = errors.New("a promise was broken")

var errLimit = errors.New("the time for the kill test is over")

func (o *Options) fill() error {
	defaults := []struct {
		value *int
		other int
	}{{&o.Customers, 2000}, {&o.Hosts, 3}, {&o.Sweeps, 2}}
	for _, d := range defaults {
		if *d.value <= 0 {
			*d.value = d.other
		}
	}
	if o.KillEvery <= 0 {
		o.KillEvery = 400 * time.Millisecond
	}
	if o.Storm <= 0 {
		o.Storm = 75 * time.Second
	}
	if o.Limit <= 0 {
		o.Limit = 5 * time.Minute
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	if o.Plant != "" && !slices.Contains(Plants(), o.Plant) {
		return fmt.Errorf("no such breach %q: there are %q", o.Plant, Plants())
	}
	return nil
}
