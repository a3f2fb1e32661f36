package jobs_test

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
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
