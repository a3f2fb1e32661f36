package jobs_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// lastRound is a message as it comes in its last round of deliveries.
func lastRound(t *testing.T, body []byte) []byte {
	t.Helper()
	m, err := jobs.ParseMessage(body)
	if err != nil {
		t.Fatal(err)
	}
	m.Round = 2
	if body, err = m.Encode(); err != nil {
		t.Fatal(err)
	}
	return body
}

func TestPoisonedJobFailsAndStaysReplayable(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"), finds("alerts", "k"))
	run := b.openRun(t)
	body := lastRound(t, b.queue.bodies(jobs.QueueCustomerJobs)[0])
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
	if err != nil || len(trail) != 2 { // the second delivery found nothing open
		t.Fatalf("audit %+v, %v", trail, err)
	}
	if trail[0].Action != jobs.ActionPoison {
		trail[0], trail[1] = trail[1], trail[0] // they are of one instant
	}
	if trail[0].Action != jobs.ActionPoison || trail[0].Detail != string(body) || trail[1].Result != "dropped" {
		t.Errorf("audit %+v", trail)
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

// dies delivers a message five times to a process that ends each time.
func dies(t *testing.T, b *bench, body []byte) {
	t.Helper()
	for nth := range maxDeliveries {
		died := make(chan struct{})
		go func() {
			defer close(died)
			_ = b.Deliver(t.Context(), body, nth+1) // the task ends the goroutine
		}()
		<-died
	}
	if err := b.RecordPoisoned(t.Context(), body); err != nil {
		t.Fatal(err)
	}
}

// A process that dies leaves no reason. From the second delivery on the row
// names the task it died in, and the other tasks get their turn first. The
// killer is given up after its last round, by then nothing else is.
func TestCrashNamesItsTaskAndSparesTheOthers(t *testing.T) {
	t.Parallel()
	killer := scripted{"alerts", func(context.Context, jobs.Visit) (jobs.Result, error) {
		runtime.Goexit() // as if the process were gone: nothing after it happens
		return jobs.Result{}, nil
	}}
	b := newBench(t, 1, killer, finds("health", "k"))
	run := b.openRun(t)
	for round, wait := range []time.Duration{30 * time.Second, 5 * time.Minute, 0} {
		m := b.queue.take(jobs.QueueCustomerJobs)
		dies(t, b, m.body)
		if o := b.outcome(t, run, customer(0), "health"); o.State != sam.Done {
			t.Errorf("the other task: %+v", o)
		}
		o := b.outcome(t, run, customer(0), "alerts")
		if o.Class != sam.ClassConfiguration || o.Code != "Crashed" || !strings.Contains(o.Plain, "delivery 5") {
			t.Errorf("the killer after round %d: %+v", round, o)
		}
		if kept, err := b.PoisonedList(t.Context(), jobs.Filter{}); err != nil || (len(kept) == 1) != (wait == 0) || (o.State == sam.Failed) != (wait == 0) {
			t.Errorf("round %d: given up %+v, %v; outcome %+v", round, kept, err, o)
		}
		if next := b.messages(t); wait > 0 && (len(next) != 1 || next[0].Round != round+1 || len(next[0].Tasks) != 1 || !b.queue.nextDue(jobs.QueueCustomerJobs).Equal(b.clock.now().Add(wait))) {
			t.Errorf("round %d is followed by %+v", round, next)
		}
		b.clock.advance(wait)
	}
	b.supervise(t)
	if r := b.stored(t, run); r.State != ledger.RunClosed || r.Sums.Done != 1 || r.Sums.Failed != 1 {
		t.Errorf("run %+v", r)
	}
}

// An instance that is killed again and again, or a storage account that is away
// for a while, costs a job nothing but time.
func TestWhatMayPassGetsAnotherRound(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	run := b.openRun(t)
	breaking(b, "Reconcile", &sam.Problem{Class: sam.ClassRetry, Code: "ServerBusy", Plain: "The storage account is busy."})
	b.deliver(t)
	b.ledger.SetHook(nil)
	if o := b.outcome(t, run, customer(0), "health"); o.State != sam.Retry || o.Code != "ServerBusy" || o.RetryAt.IsZero() {
		t.Errorf("between the rounds: %+v", o)
	}
	b.untilQuiet(t)
	b.supervise(t)
	if r := b.stored(t, run); r.State != ledger.RunClosed || r.Sums.Done != 1 {
		t.Errorf("run %+v", r)
	}
	if kept, err := b.PoisonedList(t.Context(), jobs.Filter{}); err != nil || len(kept) != 0 {
		t.Errorf("given up: %+v, %v", kept, err)
	}
}

// A report that comes twice must not send twice, once the rows know.
func TestAnotherRoundIsSentOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	b.openRun(t)
	body := b.queue.take(jobs.QueueCustomerJobs).body
	for range 2 {
		if err := b.RecordPoisoned(t.Context(), body); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.queue.len(jobs.QueueCustomerJobs); n != 1 {
		t.Errorf("%d messages", n)
	}
}

// A run that ends before the next round gets its outcomes now.
func TestNoRoundBeyondTheDeadline(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	run := b.openRun(t)
	body := b.queue.take(jobs.QueueCustomerJobs).body
	b.clock.advance(4*time.Hour - 20*time.Second)
	if err := b.RecordPoisoned(t.Context(), body); err != nil {
		t.Fatal(err)
	}
	if o := b.outcome(t, run, customer(0), "health"); o.State != sam.Failed || o.Code != jobs.CodePoisoned || b.queue.len(jobs.QueueCustomerJobs) != 0 {
		t.Errorf("outcome %+v", o)
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
	if err != nil || len(kept) != 0 || b.queue.len(jobs.QueueCustomerJobs) != 0 {
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

// FuzzExcerpt: whatever lay in the queue is shown in printable ASCII, with a
// bound, and reads back as the beginning of something.
func FuzzExcerpt(f *testing.F) {
	f.Add([]byte("hello"))
	f.Add([]byte(`{"refresh_token":"Zm9v\"YmFy"}`))
	f.Add([]byte{0xff, 0x00, 0x1b, '"', '\\'})
	f.Add(bytes.Repeat([]byte("ö"), 600))
	f.Fuzz(func(t *testing.T, body []byte) {
		shown := jobs.Excerpt(body)
		quoted := strings.TrimSuffix(shown, "…")
		for _, r := range quoted {
			if r < ' ' || r > '~' {
				t.Fatalf("%q shows %q", body, shown)
			}
		}
		text, err := strconv.Unquote(quoted)
		if err != nil || len(text) > 512 {
			t.Fatalf("%q is shown as %s: %v", body, shown, err)
		}
	})
}
