package load

import (
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// Options says what is measured.
type Options struct {
	ScriptRoot string            // the staged dist/ folder
	WorkDir    string            // a folder for each round's logs
	Seed       uint64            // same seed, same customers
	Plans      []Plan            // the sweeps; costs are compared with the first
	Latency    time.Duration     // of every answer of the simulated cloud; 0 for none
	Emulator   bool              // Azurite in place of the simulated storage
	Limits     bool              // the cloud refuses too many requests, as published
	Settings   map[string]string // more settings for the handlers
	// Enqueues is how many messages each side of the contest puts; 0 for none.
	Enqueues int
	// Ours puts n job messages on the queue "customer-jobs" of the account the
	// way the program does and says how long that took.
	Ours func(ctx context.Context, connectionString string, n int) (time.Duration, error)
	// Progress is where a person reads along.
	Progress io.Writer
	// Install gets the progress of Azurite's first installation.
	Install *os.File
}

// Plan is one sweep.
type Plan struct {
	Customers int
	Instances int // hosts, each with a handler
}

// Tasks are the three reads of every customer.
const Tasks = "subscriptions,health,directory"

func (o Options) check() error {
	if len(o.Plans) == 0 && o.Enqueues == 0 {
		return errors.New("nothing is asked for")
	}
	for _, p := range o.Plans {
		if p.Customers < 1 || p.Instances < 1 {
			return errors.New("a sweep needs a customer and an instance at least")
		}
	}
	if o.Enqueues > 0 && o.Ours == nil {
		return errors.New("the contest of senders has one side only")
	}
	return nil
}
