package ledgertest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/samkeeper/samkeeper/internal/ledger"
)

var records = []promise{
	{"the audit trail keeps every line, newest first", keepsTrail},
	{"a consent state is consumed once", consumesOnce},
	{"an expired or unknown consent state is refused", refusesState},
	{"a consent state can not be put twice", putsStateOnce},
}

func keepsTrail(t *testing.T, s Store) {
	line := func(minute, n int) ledger.Audit {
		return ledger.Audit{
			At: at(minute), Action: "rotate", Phase: ledger.PhaseOutcome, Subject: "te/nant#1",
			Result: "ok", Detail: fmt.Sprint("line ", n), Reference: "ref-1",
		}
	}
	for n, minute := range []int{1, 3, 2, 3} {
		must(t, s.Record(t.Context(), line(minute, n)))
	}
	must(t, s.Record(t.Context(), ledger.Audit{Subject: "te/nant", Action: "other"}))
	trail, err := s.AuditTrail(t.Context(), "te/nant#1", 0)
	must(t, err)
	if len(trail) != 4 {
		t.Fatalf("%d lines, want 4", len(trail))
	}
	same(t, line(2, 2), trail[2])
	same(t, line(1, 0), trail[3])
	newest, err := s.AuditTrail(t.Context(), "te/nant#1", 2)
	same(t, trail[:2], got(t, newest, err))
	other, err := s.AuditTrail(t.Context(), "te/nant", 0)
	if got(t, other, err); len(other) != 1 || other[0].At.IsZero() {
		t.Errorf("the other trail is %+v, want one line with a time", other)
	}
}

func consumesOnce(t *testing.T, s Store) {
	want := ledger.ConsentState{ID: "a/b+c==", CreatedAt: at(0), ExpiresAt: at(15), Tenant: "11111111-1111-4111-8111-111111111111"}
	must(t, s.PutState(t.Context(), want))
	have, err := s.ConsumeState(t.Context(), want.ID, at(14))
	same(t, want, got(t, have, err))
	if _, err := s.ConsumeState(t.Context(), want.ID, at(14)); !errors.Is(err, ledger.ErrStateUsed) {
		t.Errorf("error %v, want ErrStateUsed", err)
	}
}

func refusesState(t *testing.T, s Store) {
	must(t, s.PutState(t.Context(), ledger.ConsentState{ID: "s", ExpiresAt: at(15)}))
	if _, err := s.ConsumeState(t.Context(), "s", at(15)); !errors.Is(err, ledger.ErrStateExpired) {
		t.Errorf("error %v, want ErrStateExpired", err)
	}
	if _, err := s.ConsumeState(t.Context(), "S", noon); !errors.Is(err, ledger.ErrStateUnknown) {
		t.Errorf("error %v, want ErrStateUnknown", err)
	}
}

func putsStateOnce(t *testing.T, s Store) {
	must(t, s.PutState(t.Context(), ledger.ConsentState{ID: "s", ExpiresAt: at(15)}))
	_, err := s.ConsumeState(t.Context(), "s", noon)
	must(t, err)
	if err := s.PutState(t.Context(), ledger.ConsentState{ID: "s", ExpiresAt: at(30)}); err == nil {
		t.Error("a used state was put again")
	}
}
