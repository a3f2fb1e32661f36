package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/sam"
)

func TestJobWritesEverythingBeforeDone(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k1"))
	run := b.openRun(t)
	b.ledger.SetHook(func(p ledgertest.Phase, method string) error {
		if p != ledgertest.Before || method != "PutOutcome" {
			return nil
		}
		if b.results.docs[string(customer(0))+"/health"] == nil {
			t.Error("the outcome is written before the document")
		}
		return nil
	})
	b.deliver(t)
	b.ledger.SetHook(nil)
	if o := b.outcome(t, run, customer(0), "health"); o.State != sam.Done || o.Findings != 1 || o.Try != 1 {
		t.Errorf("outcome %+v", o)
	}
	open, err := b.ledger.OpenFindings(t.Context())
	if err != nil || len(open) != 1 || open[0].Key != "k1" || open[0].Customer != customer(0) {
		t.Errorf("open findings %+v, %v", open, err)
	}
	if n := b.queue.len(jobs.QueueFindings); n != 1 {
		t.Errorf("%d events announced", n)
	}
}

// A retry carries only the tasks that need it, one try later, no sooner than
// upstream asked for.
func TestRetryCarriesOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"), does("alerts", jobs.Result{}, throttledBy(57*time.Second)))
	run := b.openRun(t)
	start := b.clock.now()
	b.deliver(t)
	messages := b.messages(t)
	if len(messages) != 1 || len(messages[0].Tasks) != 1 || messages[0].Tasks[0] != "alerts" || messages[0].Try != 2 {
		t.Fatalf("messages %+v", messages)
	}
	if due := b.queue.nextDue(jobs.QueueCustomerJobs); due.Before(start.Add(57 * time.Second)) {
		t.Errorf("due %v after the refusal", due.Sub(start))
	}
	if o := b.outcome(t, run, customer(0), "alerts"); o.State != sam.Retry || o.Try != 1 || o.RetryAt.IsZero() {
		t.Errorf("outcome %+v", o)
	}
	b.untilQuiet(t)
	if o := b.outcome(t, run, customer(0), "alerts"); o.State != sam.Failed || o.Class != sam.ClassRetry || o.Try != jobs.MaxTries {
		t.Errorf("after the last try: %+v", o)
	}
	if o := b.outcome(t, run, customer(0), "health"); o.State != sam.Done {
		t.Errorf("the other task: %+v", o)
	}
}

func TestRepeatedDeliveryDoesNothingTwice(t *testing.T) {
	t.Parallel()
	var ran int
	fails := true
	task := scripted{"health", func(context.Context, jobs.Visit) (jobs.Result, error) {
		ran++
		if fails {
			return jobs.Result{}, throttledBy(0)
		}
		return jobs.Result{}, nil
	}}
	b := newBench(t, 1, task)
	run := b.openRun(t)
	first := b.queue.bodies(jobs.QueueCustomerJobs)[0]
	b.deliver(t)
	for range 3 { // the first message again, although its retry is on its way
		if err := b.RunJob(t.Context(), first); err != nil {
			t.Fatal(err)
		}
	}
	if ran != 1 || b.queue.len(jobs.QueueCustomerJobs) != 1 {
		t.Errorf("ran %d times, %d messages waiting", ran, b.queue.len(jobs.QueueCustomerJobs))
	}
	fails = false
	b.untilQuiet(t)
	if err := b.RunJob(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if o := b.outcome(t, run, customer(0), "health"); ran != 2 || o.State != sam.Done || o.Try != 2 {
		t.Errorf("ran %d times, outcome %+v", ran, o)
	}
}

// Whatever call of the ledger is the last before a crash, delivery again ends
// with one outcome for each task and no finding lost.
func TestCrashAnywhereInAJob(t *testing.T) {
	t.Parallel()
	for _, phase := range []ledgertest.Phase{ledgertest.Before, ledgertest.After} {
		for _, method := range []string{"Run", "Job", "Reconcile", "PutOutcome", "MarkAnnounced", "SetAccess"} {
			t.Run(fmt.Sprint(phase, " ", method), func(t *testing.T) {
				t.Parallel()
				failed := false
				flaky := scripted{"alerts", func(context.Context, jobs.Visit) (jobs.Result, error) {
					if !failed {
						failed = true
						return jobs.Result{}, throttledBy(0)
					}
					return jobs.Result{}, nil
				}}
				gone := does("directory", jobs.Result{}, &sam.Problem{Class: sam.ClassCustomer, Reason: sam.RoleInsufficient, Plain: "No."})
				b := newBench(t, 2, finds("health", "k"), flaky, gone)
				run := b.openRun(t)
				b.ledger.FailOnce(phase, method, errBoom)
				b.untilQuiet(t)
				b.supervise(t)
				got := b.stored(t, run)
				if got.State != ledger.RunClosed || got.Sums.Done != 4 || got.Sums.Skipped != 2 || got.Expected != 6 {
					t.Errorf("run %+v", got)
				}
				if events := b.queue.bodies(jobs.QueueFindings); len(events) < 2 {
					t.Errorf("%d events", len(events))
				}
				if left, err := b.ledger.Unannounced(t.Context(), 0); err != nil || len(left) > 0 {
					t.Errorf("%d events left, %v", len(left), err)
				}
			})
		}
	}
}

func TestLostQueueMeansDeliverAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, does("health", jobs.Result{}, throttledBy(0)))
	run := b.openRun(t)
	m := b.queue.take(jobs.QueueCustomerJobs)
	b.queue.fail = func(string) error { return errBoom }
	if err := b.RunJob(t.Context(), m.body); !errors.Is(err, errBoom) {
		t.Fatalf("got %v, want the queue's error", err)
	}
	if o := b.outcome(t, run, customer(0), "health"); o.State.Final() || o.Try != 0 || o.Code != "Unexplained" || !strings.Contains(o.Plain, "boom") {
		t.Errorf("the row says %+v: want why, and not that a message was sent", o)
	}
}

func TestAccessIsTheGravest(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1,
		does("subscriptions", jobs.Result{Skipped: sam.NoAzureRBAC}, nil),
		does("health", jobs.Result{}, &sam.Problem{Class: sam.ClassCustomer, Reason: sam.ConsentMissing, Plain: "No consent.", Fix: "Consent."}),
		does("alerts", jobs.Result{Skipped: sam.NoAzure}, nil))
	b.openRun(t)
	b.deliver(t)
	customers, err := b.ledger.Customers(t.Context())
	if err != nil || len(customers) != 1 {
		t.Fatal(customers, err)
	}
	if c := customers[0]; c.Access != sam.ConsentMissing || c.AccessDetail != "No consent. Consent." {
		t.Errorf("access %q: %q", c.Access, c.AccessDetail)
	}
}

func TestPanicFailsTheTaskAlone(t *testing.T) {
	t.Parallel()
	crash := scripted{"alerts", func(context.Context, jobs.Visit) (jobs.Result, error) { panic("oh") }}
	b := newBench(t, 1, crash, finds("health", "k"))
	run := b.openRun(t)
	b.deliver(t)
	if o := b.outcome(t, run, customer(0), "alerts"); o.State != sam.Failed || o.Class != sam.ClassConfiguration || o.Code != "Panic" {
		t.Errorf("crashed task: %+v", o)
	}
	if o := b.outcome(t, run, customer(0), "health"); o.State != sam.Done {
		t.Errorf("the other task: %+v", o)
	}
}

// A task that hangs ends at its deadline and is tried again.
func TestTaskDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hangs := scripted{"health", func(ctx context.Context, _ jobs.Visit) (jobs.Result, error) {
			<-ctx.Done()
			return jobs.Result{}, ctx.Err()
		}}
		b := newBench(t, 1, hangs)
		run := b.openRun(t)
		begun := time.Now()
		b.deliver(t)
		if took := time.Since(begun); took != 2*time.Minute {
			t.Errorf("ended after %v", took)
		}
		if o := b.outcome(t, run, customer(0), "health"); o.State != sam.Retry {
			t.Errorf("outcome %+v", o)
		}
	})
}

// When the host stops, the job says nothing about the task but that.
func TestStoppedHostMeansDeliverAgain(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	task := scripted{"health", func(ctx context.Context, _ jobs.Visit) (jobs.Result, error) {
		stop()
		return jobs.Result{}, &sam.Problem{Class: sam.ClassConfiguration}
	}}
	b := newBench(t, 1, task)
	run := b.openRun(t)
	if err := b.RunJob(ctx, b.queue.take(jobs.QueueCustomerJobs).body); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if o := b.outcome(t, run, customer(0), "health"); o.State.Final() || o.Try != 0 || o.Class != sam.ClassRetry || o.Code != "Interrupted" {
		t.Errorf("outcome %+v", o)
	}
}

// A broken connection stops its sweep without failing or wearing out anybody.
func TestBrokenConnectionHoldsEverybody(t *testing.T) {
	t.Parallel()
	broken := true
	var ran int
	task := scripted{"health", func(context.Context, jobs.Visit) (jobs.Result, error) {
		ran++
		if broken {
			return jobs.Result{}, &sam.Problem{
				Tenant: partner, Class: sam.ClassReconsent, Code: "AADSTS700082", Plain: "Expired.", Fix: "Sign in again.",
			}
		}
		return jobs.Result{}, nil
	}}
	b := newBench(t, 20, task, finds("alerts", "k"))
	run := b.openRun(t)
	b.deliver(t)
	if ran != 1 {
		t.Errorf("%d customers ran into the broken connection", ran)
	}
	c, err := b.ledger.Connection(t.Context(), conn)
	if err != nil || c.Problem == nil || c.Problem.Class != sam.ClassReconsent || c.Problem.Code != "AADSTS700082" {
		t.Fatalf("connection %+v, %v", c.Problem, err)
	}
	for range 7 { // more rounds than a task has tries
		b.clock.advance(jobs.HoldFor)
		b.deliver(t)
	}
	broken = false
	b.untilQuiet(t)
	b.supervise(t)
	if got := b.stored(t, run); got.State != ledger.RunClosed || got.Sums.Done != 40 {
		t.Errorf("run %+v", got)
	}
}

func TestJobOfAnUnknownRunIsDroppedOnTheRecord(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	if err := b.RunJob(t.Context(), []byte(goodMessage)); err != nil {
		t.Fatal(err)
	}
	trail, err := b.ledger.AuditTrail(t.Context(), string(customer(1)), 0)
	if err != nil || len(trail) != 1 || trail[0].Result != "dropped" {
		t.Errorf("audit %+v, %v", trail, err)
	}
}

func TestJobAfterTheDeadlineDoesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	run := b.openRun(t)
	b.clock.advance(5 * time.Hour)
	b.deliver(t)
	if o := b.outcome(t, run, customer(0), "health"); o.State != sam.Expected {
		t.Errorf("outcome %+v", o)
	}
}

func TestUnknownTaskFails(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	run := b.openRun(t)
	old := ledger.Outcome{Run: run.ID, Customer: customer(0), Task: "retired", State: sam.Expected}
	if err := b.ledger.Expect(t.Context(), []ledger.Outcome{old}); err != nil {
		t.Fatal(err)
	}
	body, err := jobs.Message{Run: run.ID, Customer: customer(0), Connection: conn, Tasks: []string{"retired"}, Try: 1}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.RunJob(t.Context(), body); err != nil {
		t.Fatal(err)
	}
	if o := b.outcome(t, run, customer(0), "retired"); o.State != sam.Failed || o.Class != sam.ClassConfiguration {
		t.Errorf("outcome %+v", o)
	}
}
