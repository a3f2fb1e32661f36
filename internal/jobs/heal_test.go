package jobs_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// medic is a Healer of missing consent that answers from a list, the last
// answer for ever.
type medic struct {
	mu      sync.Mutex
	answers []error
	visits  []jobs.Visit
}

func (*medic) Name() string      { return "consent" }
func (*medic) Heals() sam.Reason { return sam.ConsentMissing }

func (m *medic) Run(_ context.Context, v jobs.Visit) (jobs.Result, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.visits = append(m.visits, v)
	return jobs.Result{}, m.answers[min(len(m.visits), len(m.answers))-1]
}

// patient is a task that fails as long as its list says.
func patient(name string, ran *[]string, fails ...error) scripted {
	return scripted{name, func(context.Context, jobs.Visit) (jobs.Result, error) {
		n := 0
		for _, r := range *ran {
			if r == name {
				n++
			}
		}
		*ran = append(*ran, name)
		if n < len(fails) {
			return jobs.Result{}, fails[n]
		}
		return jobs.Result{}, nil
	}}
}

func notYet(d time.Duration) error {
	return &sam.Problem{Class: sam.ClassRetry, Code: jobs.CodeWait, RetryAfter: d, Plain: "It spreads."}
}

func refusedFor(reason sam.Reason) error {
	return &sam.Problem{Class: sam.ClassCustomer, Reason: reason, Code: "AADSTS65001", Plain: "No."}
}

// The rest of a job waits with its healer, uses up no try meanwhile, and is
// done in the same run.
func TestTasksWaitForTheHealer(t *testing.T) {
	t.Parallel()
	for name, answers := range map[string][]error{
		"spreading":          {notYet(5 * time.Second), notYet(10 * time.Second), nil},
		"asked to slow down": {throttledBy(20 * time.Second), nil},
		"both":               {throttledBy(20 * time.Second), notYet(5 * time.Second), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ran []string
			m := &medic{answers: answers}
			b := newBench(t, 1, m, patient("alerts", &ran), patient("directory", &ran))
			run := b.openRun(t)
			b.deliver(t)
			if waiting := b.messages(t); len(ran) != 0 || len(waiting) != 1 || !slices.Equal(waiting[0].Tasks, []string{"consent", "alerts", "directory"}) {
				t.Fatalf("ran %q, waiting %+v; want all in one message", ran, waiting)
			}
			for _, task := range []string{"consent", "alerts"} {
				if o := b.outcome(t, run, customer(0), task); o.State != sam.Retry {
					t.Errorf("meanwhile %s is %+v", task, o)
				}
			}
			b.untilQuiet(t)
			for _, task := range []string{"consent", "alerts", "directory"} {
				if o := b.outcome(t, run, customer(0), task); o.State != sam.Done {
					t.Errorf("%s is %s %s", task, o.State, o.Code)
				}
			}
			if len(m.visits) != len(answers) || !slices.Equal(ran, []string{"alerts", "directory"}) {
				t.Errorf("healer ran %d times, then %q", len(m.visits), ran)
			}
		})
	}
}

// A wait uses no try, however often it is asked for.
func TestWaitingUsesNoTry(t *testing.T) {
	t.Parallel()
	m := &medic{answers: append(slices.Repeat([]error{notYet(time.Minute)}, 3*jobs.MaxTries), nil)}
	b := newBench(t, 1, m)
	run := b.openRun(t)
	b.untilQuiet(t)
	if o := b.outcome(t, run, customer(0), "consent"); o.State != sam.Done || o.Try != 1 {
		t.Errorf("%+v", o)
	}
	for i, v := range m.visits {
		if v.Run != run.ID || v.Waited != (i > 0) || v.Doubted {
			t.Errorf("visit %d: run %q, waited %v, doubted %v", i, v.Run, v.Waited, v.Doubted)
		}
	}
}

// Where the healer finds no cure the others see for themselves and are skipped.
func TestNoCure(t *testing.T) {
	t.Parallel()
	var ran []string
	m := &medic{answers: []error{refusedFor(sam.NoConsentRole)}}
	b := newBench(t, 1, m, patient("alerts", &ran, refusedFor(sam.ConsentMissing)), patient("directory", &ran))
	run := b.openRun(t)
	b.untilQuiet(t)
	for task, want := range map[string]sam.Reason{"consent": sam.NoConsentRole, "alerts": sam.ConsentMissing, "directory": sam.NoReason} {
		if o := b.outcome(t, run, customer(0), task); o.Reason != want || !o.State.Final() {
			t.Errorf("%s is %s %q, want %q", task, o.State, o.Reason, want)
		}
	}
	if len(m.visits) != 1 {
		t.Errorf("healer asked %d times", len(m.visits))
	}
	customers, err := b.ledger.Customers(t.Context())
	if err != nil || customers[0].Access != sam.NoConsentRole {
		t.Errorf("customer shows %q, %v; want what stands in the way of the cure", customers[0].Access, err)
	}
}

// A task that meets the state although it was mended asks again, once in a job.
func TestDoubtIsHeardOnce(t *testing.T) {
	t.Parallel()
	missing := refusedFor(sam.ConsentMissing)
	for name, row := range map[string]struct {
		healer     []error
		task       []error // of one task
		other      []error // of another
		state      sam.OutcomeState
		asked, ran int
	}{
		"content, and right":         {[]error{nil}, []error{missing}, nil, sam.Done, 2, 3},
		"content, and wrong":         {[]error{nil}, []error{missing, missing, missing}, []error{missing}, sam.Skipped, 2, 3},
		"gone meanwhile, given anew": {[]error{nil, notYet(time.Second), nil}, []error{missing}, []error{missing}, sam.Done, 2, 4},
		"gone for good":              {[]error{nil, refusedFor(sam.NoConsentRole)}, []error{missing, missing}, []error{missing}, sam.Skipped, 2, 2},
		"waits, then gives up":       {[]error{nil, notYet(time.Second), refusedFor(sam.NoConsentRole)}, []error{missing, missing}, []error{missing, missing}, sam.Skipped, 3, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ran []string
			m := &medic{answers: row.healer}
			b := newBench(t, 1, m, patient("alerts", &ran, row.task...), patient("directory", &ran, row.other...))
			run := b.openRun(t)
			b.untilQuiet(t)
			for _, task := range []string{"alerts", "directory"} {
				o := b.outcome(t, run, customer(0), task)
				if o.State != row.state || o.State == sam.Skipped && o.Reason != sam.ConsentMissing || o.Try != 1 {
					t.Errorf("%s is %s %q after %d tries, want %s", task, o.State, o.Reason, o.Try, row.state)
				}
			}
			if o := b.outcome(t, run, customer(0), "consent"); o.State != sam.Done {
				t.Errorf("the healer's own outcome became %s", o.State)
			}
			if len(m.visits) != row.asked || len(ran) != row.ran {
				t.Errorf("healer ran %d times, the tasks %d times (%q); want %d and %d", len(m.visits), len(ran), ran, row.asked, row.ran)
			}
			if !m.visits[1].Doubted || m.visits[0].Doubted {
				t.Error("the second look was not asked for in doubt")
			}
		})
	}
}

// A task whose healer is with another message waits for it.
func TestHealerElsewhere(t *testing.T) {
	t.Parallel()
	var ran []string
	m := &medic{answers: []error{nil}}
	b := newBench(t, 1, m, patient("alerts", &ran, refusedFor(sam.ConsentMissing)))
	run := b.openRun(t)
	both := b.queue.take(jobs.QueueCustomerJobs)
	alone, err := jobs.Message{Run: run.ID, Customer: customer(0), Connection: conn, Tasks: []string{"alerts"}, Try: 1}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.RunJob(t.Context(), alone); err != nil {
		t.Fatal(err)
	}
	if o := b.outcome(t, run, customer(0), "alerts"); o.State != sam.Retry || o.Code != jobs.CodeWait || len(m.visits) != 0 {
		t.Errorf("%+v, healer ran %d times", o, len(m.visits))
	}
	b.queue.back(jobs.QueueCustomerJobs, both)
	b.untilQuiet(t)
	if o := b.outcome(t, run, customer(0), "alerts"); o.State != sam.Done {
		t.Errorf("in the end %+v", o)
	}
}

// A run that does not expect the healer is as it was without one.
func TestNoHealerExpected(t *testing.T) {
	t.Parallel()
	var ran []string
	m := &medic{answers: []error{nil}}
	b := newBench(t, 1, patient("alerts", &ran, refusedFor(sam.ConsentMissing)))
	run := b.openRun(t)
	waiting := b.queue.take(jobs.QueueCustomerJobs)
	registry, err := jobs.NewRegistry(m, patient("alerts", &ran, refusedFor(sam.ConsentMissing)))
	if err != nil {
		t.Fatal(err)
	}
	b.Tasks = registry // a newer program takes the run over
	b.queue.back(jobs.QueueCustomerJobs, waiting)
	b.untilQuiet(t)
	if o := b.outcome(t, run, customer(0), "alerts"); o.State != sam.Skipped || len(m.visits) != 0 {
		t.Errorf("%+v, healer ran %d times", o, len(m.visits))
	}
}
