package jobs_test

import (
	"slices"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// everywhere is a scripted task that works anywhere.
type everywhere struct{ scripted }

func (everywhere) Anywhere() bool { return true }

// Where discovery found no way in, the tasks that work anywhere are done, and
// nothing else; and a customer that offers nothing to do gets no message.
func TestTasksThatWorkAnywhere(t *testing.T) {
	t.Parallel()
	var ran []string
	b := newBench(t, 2, patient("alerts", &ran), everywhere{patient("access", &ran)})
	b.books.customers[1].Access = sam.NoGDAP
	run := b.openRun(t)
	var tasks []string
	for _, m := range b.messages(t) {
		tasks = append(tasks, string(m.Customer)+" "+m.Tasks[len(m.Tasks)-1])
	}
	slices.Sort(tasks)
	if want := []string{string(customer(0)) + " access", string(customer(1)) + " access"}; !slices.Equal(tasks, want) {
		t.Errorf("messages %q", tasks)
	}
	b.untilQuiet(t)
	slices.Sort(ran)
	if !slices.Equal(ran, []string{"access", "access", "alerts"}) {
		t.Errorf("ran %q", ran)
	}
	for _, row := range []struct {
		customer sam.CustomerID
		task     string
		state    sam.OutcomeState
		reason   sam.Reason
	}{
		{customer(0), "alerts", sam.Done, ""}, {customer(0), "access", sam.Done, ""},
		{customer(1), "alerts", sam.Skipped, sam.NoGDAP}, {customer(1), "access", sam.Done, ""},
	} {
		if o := b.outcome(t, run, row.customer, row.task); o.State != row.state || o.Reason != row.reason {
			t.Errorf("%s at %s is %s %q", row.task, row.customer, o.State, o.Reason)
		}
	}
	b.supervise(t)
	if got := b.stored(t, run); got.Sums.Final() != 4 {
		t.Errorf("run %+v", got)
	}
	customers, err := b.ledger.Customers(t.Context())
	if err != nil || customers[1].Access != sam.NoGDAP {
		t.Errorf("what discovery found is gone: %+v, %v", customers[1], err)
	}
}

// A task that speaks of the access as a whole waits until the healer is done,
// in the same job and in another one.
func TestWhatWorksAnywhereWaitsForTheHealer(t *testing.T) {
	t.Parallel()
	missing := refusedFor(sam.ConsentMissing)
	for name, row := range map[string]struct {
		healer, alerts []error
		want           []string
	}{
		"mended at once":     {[]error{nil}, nil, []string{"alerts", "access"}},
		"spreading":          {[]error{notYet(time.Second), nil}, nil, []string{"alerts", "access"}},
		"doubted, spreading": {[]error{nil, notYet(time.Second), nil}, []error{missing}, []string{"alerts", "alerts", "access"}},
		"no cure":            {[]error{refusedFor(sam.NoConsentRole)}, []error{missing}, []string{"alerts", "access"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ran []string
			b := newBench(t, 1, &medic{answers: row.healer}, patient("alerts", &ran, row.alerts...), everywhere{patient("access", &ran)})
			run := b.openRun(t)
			b.untilQuiet(t)
			if o := b.outcome(t, run, customer(0), "access"); o.State != sam.Done || !slices.Equal(ran, row.want) {
				t.Errorf("ran %q, in the end %s", ran, o.State)
			}
		})
	}
	t.Run("alone", func(t *testing.T) {
		t.Parallel()
		var ran []string
		b := newBench(t, 1, &medic{answers: []error{nil}}, everywhere{patient("access", &ran)})
		run := b.openRun(t)
		both := b.queue.take(jobs.QueueCustomerJobs)
		alone, err := jobs.Message{Run: run.ID, Customer: customer(0), Connection: conn, Tasks: []string{"access"}, Try: 1}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := b.RunJob(t.Context(), alone); err != nil || len(ran) != 0 {
			t.Errorf("ran %q, %v", ran, err)
		}
		b.queue.back(jobs.QueueCustomerJobs, both)
		b.untilQuiet(t)
		if o := b.outcome(t, run, customer(0), "access"); o.State != sam.Done {
			t.Errorf("in the end %+v", o)
		}
	})
}
