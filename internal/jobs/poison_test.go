package jobs_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/sam"
)

func TestPoisonedJobFailsAndStaysReplayable(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"), finds("alerts", "k"))
	run := b.openRun(t)
	body := b.queue.bodies(jobs.QueueCustomerJobs)[0]
	done := ledger.Outcome{Run: run.ID, Customer: customer(0), Task: "health", State: sam.Done, Try: 1}
	if err := b.ledger.PutOutcome(t.Context(), done); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the poison queue delivers at least once, too
		if err := b.RecordPoisoned(t.Context(), body); err != nil {
			t.Fatal(err)
		}
	}
	if o := b.outcome(t, run, customer(0), "health"); o.State != sam.Done {
		t.Errorf("a finished task was overwritten: %+v", o)
	}
	if o := b.outcome(t, run, customer(0), "alerts"); o.State != sam.Failed || o.Class != sam.ClassConfiguration || o.Code != "Poisoned" || o.Fix == "" {
		t.Errorf("outcome %+v", o)
	}
	kept, err := b.PoisonedList(t.Context(), jobs.Filter{})
	if err != nil || len(kept) != 1 || kept[0].Code != jobs.CodePoisoned || kept[0].Body != string(body) || kept[0].Run != run.ID {
		t.Errorf("kept %+v, %v", kept, err)
	}
	trail, err := b.ledger.AuditTrail(t.Context(), string(customer(0)), 0)
	if err != nil || len(trail) != 2 || trail[0].Action != jobs.ActionPoison || trail[0].Detail != string(body) {
		t.Errorf("audit %+v, %v", trail, err)
	}
}

func TestForeignPoisonIsKeptWhole(t *testing.T) {
	t.Parallel()
	for name, body := range map[string][]byte{
		"empty":  {},
		"text":   []byte("hello"),
		"binary": {0xff, 0x00, 0x01},
		"huge":   bytes.Repeat([]byte("0123456789abcdef"), jobs.MaxMessage/16),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, 1, finds("health", "k"))
			if err := b.RecordPoisoned(t.Context(), body); err != nil {
				t.Fatal(err)
			}
			trail, err := b.ledger.AuditTrail(t.Context(), jobs.SubjectForeign, 0)
			if err != nil || len(trail) == 0 {
				t.Fatal(trail, err)
			}
			slices.SortFunc(trail, func(a, b ledger.Audit) int { return strings.Compare(a.Result, b.Result) })
			var text strings.Builder
			for _, line := range trail {
				text.WriteString(line.Detail)
			}
			kept, err := base64.StdEncoding.DecodeString(text.String())
			if err != nil || !bytes.Equal(kept, body) {
				t.Errorf("kept %d bytes of %d, %v", len(kept), len(body), err)
			}
		})
	}
}

// Five refused deliveries lead a foreign message to the record, no further.
func TestForeignMessageEndsOnTheRecord(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	if err := b.queue.Send(t.Context(), jobs.QueueCustomerJobs, []byte(`{"hello":"world"}`), 0); err != nil {
		t.Fatal(err)
	}
	b.deliver(t)
	trail, err := b.ledger.AuditTrail(t.Context(), jobs.SubjectForeign, 0)
	if err != nil || len(trail) != 1 || b.queue.len(jobs.QueueCustomerJobs) != 0 {
		t.Errorf("audit %+v, %v", trail, err)
	}
}

// breaking lets every call of one of the ledger's methods fail.
func breaking(b *bench, method string, p *sam.Problem) {
	b.ledger.SetHook(func(phase ledgertest.Phase, name string) error {
		if phase == ledgertest.Before && name == method {
			return p
		}
		return nil
	})
}

// After five failures the host only says that there were five: the reason must
// be on the record by then, and decides about the class.
func TestPoisonIsFiledByTheReasonOfTheLastDelivery(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("alerts", "k"), finds("health", "k"))
	run := b.openRun(t)
	breaking(b, "Reconcile", &sam.Problem{Class: sam.ClassConfiguration, Code: "AuthorizationFailure", Plain: "The storage account refuses the app.", Fix: "Allow the network.", RequestID: "req-9"})
	b.deliver(t)
	b.ledger.SetHook(nil)
	for task, want := range map[string]string{"alerts": "Given up after five deliveries. The storage account refuses the app.", "health": "Given up after five deliveries. The storage account refuses the app."} {
		if o := b.outcome(t, run, customer(0), task); o.State != sam.Failed || o.Class != sam.ClassConfiguration || o.Code != "AuthorizationFailure" || o.RequestID != "req-9" || o.Plain != want || o.Try != 1 {
			t.Errorf("%s: %+v", task, o)
		}
	}
	kept, err := b.PoisonedList(t.Context(), jobs.Filter{})
	if err != nil || len(kept) != 1 || kept[0].Class != sam.ClassConfiguration || kept[0].Code != "AuthorizationFailure" || kept[0].RequestID != "req-9" {
		t.Errorf("kept %+v, %v", kept, err)
	}
	b.supervise(t)
	if r := b.stored(t, run); r.State != ledger.RunClosed || r.Sums.FailedBy[sam.ClassConfiguration] != 2 {
		t.Errorf("run %+v", r)
	}
}

// A process that dies leaves no reason. From the second delivery on the row
// names the task it died in, and the other tasks get their turn first.
func TestCrashNamesItsTaskAndSparesTheOthers(t *testing.T) {
	t.Parallel()
	killer := scripted{"alerts", func(context.Context, jobs.Visit) (jobs.Result, error) {
		runtime.Goexit() // as if the process were gone: nothing after it happens
		return jobs.Result{}, nil
	}}
	b := newBench(t, 1, killer, finds("health", "k"))
	run := b.openRun(t)
	body := b.queue.take(jobs.QueueCustomerJobs).body
	for nth := range maxDeliveries {
		died := make(chan struct{})
		go func() {
			defer close(died)
			_ = b.Deliver(t.Context(), body, nth+1) // never returns
		}()
		<-died
	}
	if o := b.outcome(t, run, customer(0), "health"); o.State != sam.Done {
		t.Errorf("the other task: %+v", o)
	}
	if err := b.RecordPoisoned(t.Context(), body); err != nil {
		t.Fatal(err)
	}
	if o := b.outcome(t, run, customer(0), "alerts"); o.State != sam.Failed || o.Class != sam.ClassConfiguration || o.Code != "Crashed" || !strings.Contains(o.Plain, "delivery 5") {
		t.Errorf("the killer: %+v", o)
	}
}

// What was handed on to a later message is that message's business.
func TestPoisonLeavesWhatWasHandedOn(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	run := b.openRun(t)
	body := b.queue.take(jobs.QueueCustomerJobs).body
	waiting := ledger.Outcome{Run: run.ID, Customer: customer(0), Task: "health", State: sam.Retry, Class: sam.ClassRetry, Try: 1, RetryAt: b.clock.now().Add(time.Minute)}
	if err := b.ledger.PutOutcome(t.Context(), waiting); err != nil {
		t.Fatal(err)
	}
	if err := b.RecordPoisoned(t.Context(), body); err != nil {
		t.Fatal(err)
	}
	if o := b.outcome(t, run, customer(0), "health"); o.State != sam.Retry {
		t.Errorf("outcome %+v", o)
	}
	kept, err := b.PoisonedList(t.Context(), jobs.Filter{})
	if err != nil || len(kept) != 1 || kept[0].Code != jobs.CodeSettled {
		t.Errorf("kept %+v, %v", kept, err)
	}
}

// A panic outside of any task is a failed delivery like others.
func TestPanicOfTheJobItselfIsNoted(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	run := b.openRun(t)
	b.ledger.SetHook(func(phase ledgertest.Phase, name string) error {
		if phase == ledgertest.Before && name == "Reconcile" {
			panic("oh")
		}
		return nil
	})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = b.RunJob(t.Context(), b.queue.take(jobs.QueueCustomerJobs).body)
	}()
	if o := b.outcome(t, run, customer(0), "health"); o.State != sam.Retry || o.Code != "Panic" {
		t.Errorf("outcome %+v", o)
	}
}

func TestForeignExcerptsAreEscapedAndBounded(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		body []byte
		want string
	}{
		"empty":       {nil, `""`},
		"text":        {[]byte("he said \"no\"\n"), `"he said \"no\"\n"`},
		"binary":      {[]byte{0xff, 0, 0x1b}, `"\xff\x00\x1b"`},
		"umlaut":      {[]byte("ö"), `"\u00f6"`},
		"a token":     {[]byte("see eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln now"), `"see [redacted] now"`},
		"a grant":     {[]byte(`{"refresh_token":"Zm9v\"YmFy","tenant":"t"}`), `"{\"refresh_token\":\"[redacted]\",\"tenant\":\"t\"}"`},
		"a cut grant": {[]byte(`{"client_secret" : "Zm9vYmFy`), `"{\"client_secret\" : \"[redacted]\""`},
		"a form":      {[]byte("grant=x&client_secret=Zm9v&a=b"), `"grant=x&client_secret=[redacted]&a=b"`},
		"long":        {bytes.Repeat([]byte("a"), 9999), `"` + strings.Repeat("a", 512) + `"…`},
	} {
		if got := jobs.Excerpt(row.body); got != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
	}
}
