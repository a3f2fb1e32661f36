package ledgertest

import (
	"errors"
	"testing"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

var outcomes = []promise{
	{"expected outcomes are all there, in order, and once", expectsOnce},
	{"expecting again changes no row", expectsAgain},
	{"an outcome is read as it was put", readsOutcome},
	{"a final outcome is not turned back", keepsFinal},
	{"a job is one customer of one run", readsJob},
	{"outcomes can be left early, and are counted", countsOutcomes},
	{"an unknown outcome is absent", missesOutcome},
}

// expectation is the expected rows of n customers with two tasks each.
func expectation(run string, n int) []ledger.Outcome {
	var all []ledger.Outcome
	for i := range n {
		for _, task := range []string{"alerts", "health"} {
			all = append(all, ledger.Outcome{Run: run, Customer: customer(i), Task: task, State: sam.Expected, UpdatedAt: at(0)})
		}
	}
	return all
}

func all(t *testing.T, s Store, run string) []ledger.Outcome {
	t.Helper()
	var list []ledger.Outcome
	for o, err := range s.Outcomes(t.Context(), run) {
		must(t, err)
		list = append(list, o)
	}
	return list
}

func expectsOnce(t *testing.T, s Store) {
	want := expectation("run-1", 130)
	other := expectation("run-2", 1)
	must(t, s.Expect(t.Context(), append(append([]ledger.Outcome{want[3]}, want...), other...)))
	same(t, want, all(t, s, "run-1"))
	same(t, other, all(t, s, "run-2"))
	same(t, []ledger.Outcome(nil), all(t, s, "run"))
}

func expectsAgain(t *testing.T, s Store) {
	want := expectation("run-1", 60)
	must(t, s.Expect(t.Context(), want[:50]))
	want[10].State, want[10].Findings, want[10].Try = sam.Done, 2, 1
	want[20].State, want[20].RetryAt, want[20].Try = sam.Retry, at(9), 1
	must(t, s.PutOutcome(t.Context(), want[10]))
	must(t, s.PutOutcome(t.Context(), want[20]))
	again := expectation("run-1", 60)
	for range 2 {
		must(t, s.Expect(t.Context(), again))
		same(t, want, all(t, s, "run-1"))
	}
}

func readsOutcome(t *testing.T, s Store) {
	o := ledger.Outcome{
		Run: "run-1", Customer: customer(1), Task: "health", State: sam.Failed, Reason: sam.NoGDAP, Class: sam.ClassPolicy,
		Code: "AADSTS53003", Plain: "Blocked.", Fix: "Allow it.", RequestID: "r-1", Try: 7, Findings: 3,
		UpdatedAt: at(1), RetryAt: at(2),
	}
	must(t, s.PutOutcome(t.Context(), o))
	have, err := s.Outcome(t.Context(), o.Run, o.Customer, o.Task)
	same(t, o, got(t, have, err))
}

func keepsFinal(t *testing.T, s Store) {
	put := func(state sam.OutcomeState, try int) {
		t.Helper()
		must(t, s.PutOutcome(t.Context(), ledger.Outcome{Run: "run-1", Customer: customer(1), Task: "health", State: state, Try: try}))
	}
	for _, step := range []struct {
		put  sam.OutcomeState
		try  int
		want sam.OutcomeState
	}{
		{sam.Expected, 0, sam.Expected},
		{sam.Retry, 1, sam.Retry},
		{sam.Expected, 0, sam.Retry},
		{sam.Failed, 3, sam.Failed},
		{sam.Done, 2, sam.Failed},
		{sam.Retry, 4, sam.Failed},
		{sam.Skipped, 3, sam.Failed},
		{sam.Done, 3, sam.Failed},
		{sam.Done, 4, sam.Failed},
	} {
		put(step.put, step.try)
		have, err := s.Outcome(t.Context(), "run-1", customer(1), "health")
		must(t, err)
		if have.State != step.want {
			t.Errorf("after %s of try %d: %s, want %s", step.put, step.try, have.State, step.want)
		}
	}
}

func readsJob(t *testing.T, s Store) {
	want := expectation("run-1", 3)
	must(t, s.Expect(t.Context(), want))
	job, err := s.Job(t.Context(), "run-1", customer(1))
	same(t, want[2:4], got(t, job, err))
	job, err = s.Job(t.Context(), "run-1", customer(9))
	same(t, []ledger.Outcome(nil), got(t, job, err))
}

func countsOutcomes(t *testing.T, s Store) {
	rows := expectation("run-1", 3)
	rows[0].State, rows[1].State, rows[2].State, rows[3].State = sam.Done, sam.Skipped, sam.Failed, sam.Retry
	rows[1].Reason, rows[2].Class = sam.NoAzure, sam.ClassRetry
	must(t, s.Expect(t.Context(), rows))
	have, err := ledger.Tally(s.Outcomes(t.Context(), "run-1"))
	same(t, ledger.Sums{
		Done: 1, Skipped: 1, Failed: 1, Pending: 3,
		SkippedBy: map[sam.Reason]int{sam.NoAzure: 1}, FailedBy: map[sam.Class]int{sam.ClassRetry: 1},
	}, got(t, have, err))
	for o, err := range s.Outcomes(t.Context(), "run-1") {
		must(t, err)
		same(t, rows[0], o)
		break
	}
}

func missesOutcome(t *testing.T, s Store) {
	if _, err := s.Outcome(t.Context(), "run-1", customer(1), "health"); !errors.Is(err, ledger.ErrAbsent) {
		t.Errorf("error %v, want ErrAbsent", err)
	}
}
