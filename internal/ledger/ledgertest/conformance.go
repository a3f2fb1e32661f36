package ledgertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// promise is one thing every ledger does.
type promise struct {
	name string
	test func(t *testing.T, s Store)
}

// Run checks every promise of a ledger, each on an empty store of its own.
func Run(t *testing.T, open func(t *testing.T) Store) {
	t.Helper()
	for _, group := range [][]promise{connections, customers, runs, heartbeats, outcomes, findings, events, races, records, poisoned, pruning} {
		for _, p := range group {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				p.test(t, open(t))
			})
		}
	}
}

// noon is the instant around which the tests happen; it has nanoseconds.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 123456789, time.UTC)

// at is so many minutes after noon.
func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// customer is the n-th customer; ids sort by n.
func customer(n int) sam.CustomerID {
	return sam.CustomerID(fmt.Sprintf("c0000000-0000-4000-8000-%012d", n))
}

// must stops the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// got stops the test on an error and passes the value on.
func got[T any](t *testing.T, v T, err error) T {
	t.Helper()
	must(t, err)
	return v
}

// same compares values; empty and nil collections are the same.
func same(t *testing.T, want, have any) {
	t.Helper()
	if diff := cmp.Diff(want, have, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
}

// finding is a finding of a task at the first customer.
func finding(key string) sam.Finding {
	return sam.Finding{
		Customer: customer(1), Task: "health", Key: key, Kind: "resource_unhealthy", Severity: sam.High,
		Title: "Web app down", Detail: "it's /not\\ reachable #1?", Resource: "/subscriptions/x/" + key, Since: at(-60),
	}
}

// observe reconciles the first customer's health.
func observe(t *testing.T, s Store, when time.Time, keys ...string) []ledger.Event {
	t.Helper()
	var now []sam.Finding
	for _, k := range keys {
		now = append(now, finding(k))
	}
	events, err := s.Reconcile(t.Context(), "run-1", customer(1), "health", now, when)
	return got(t, events, err)
}

// openKeys lists the keys of what is open.
func openKeys(t *testing.T, s Store) map[string]bool {
	t.Helper()
	all, err := s.OpenFindings(t.Context())
	must(t, err)
	keys := map[string]bool{}
	for _, f := range all {
		keys[f.Key] = true
	}
	return keys
}

// told lists events as "opened a".
func told(events []ledger.Event) map[string]int {
	n := map[string]int{}
	for _, e := range events {
		n[e.Type+" "+e.Finding.Key]++
	}
	return n
}
