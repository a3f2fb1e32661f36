package jobs

import (
	"context"
	"fmt"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Filter picks given-up messages. The zero value picks those that nobody
// replayed yet; every field that is set narrows the choice.
type Filter struct {
	ID       string         // this one, replayed or not
	Class    sam.Class      // whose last failure had this class
	Customer sam.CustomerID // of this customer
	Run      string         // of this run
	Replayed bool           // also those that were replayed
	Limit    int            // the newest so many; 0 for all
}

// picks reports whether a record passes the filter, apart from its limit.
func (f Filter) picks(p ledger.Poisoned) bool {
	switch {
	case f.ID != "" && f.ID != p.ID,
		f.Class != "" && f.Class != p.Class,
		f.Customer != "" && f.Customer != p.Customer,
		f.Run != "" && f.Run != p.Run,
		f.ID == "" && !f.Replayed && p.Replayed():
		return false
	}
	return true
}

// PoisonedList lists given-up messages, newest first. It reads the records of
// given-up messages only, and no more of them than it takes to fill the limit.
// No match is no error.
func (j *Jobs) PoisonedList(ctx context.Context, f Filter) ([]ledger.Poisoned, error) {
	if f.ID != "" {
		p, err := j.Poisoned(ctx, f.ID)
		if err != nil || !f.picks(p) {
			return nil, err
		}
		return []ledger.Poisoned{p}, nil
	}
	var picked []ledger.Poisoned
	for p, err := range j.Ledger.PoisonedList(ctx) {
		if err != nil {
			return nil, fmt.Errorf("list given-up messages: %w", err)
		}
		if !f.picks(p) {
			continue
		}
		if picked = append(picked, p); len(picked) == f.Limit {
			break
		}
	}
	return picked, nil
}

// Poisoned reads one given-up message, or ledger.ErrAbsent. It holds no secret:
// of a foreign message only the beginning, escaped.
func (j *Jobs) Poisoned(ctx context.Context, id string) (ledger.Poisoned, error) {
	return j.Ledger.Poisoned(ctx, id)
}

// Dismiss takes a given-up message off the list, in the name of by, without
// doing it again: a foreign one, or one that nobody wants any more. It reports
// whether this call did; one that somebody took care of already is left alone.
// ledger.ErrAbsent when there is none.
func (j *Jobs) Dismiss(ctx context.Context, id, by string) (bool, error) {
	p, err := j.Poisoned(ctx, id)
	if err != nil || p.Replayed() {
		return false, err
	}
	subject := string(p.Customer)
	if p.Foreign {
		subject = SubjectForeign
	}
	line := ledger.Audit{At: j.Now(), Action: ActionReplay, Phase: ledger.PhaseIntent, Subject: subject, Result: "dismissed", Detail: fmt.Sprintf("given-up job %s, by %s", id, by), Reference: p.Run}
	if err := j.Ledger.Record(ctx, line); err != nil {
		return false, fmt.Errorf("note that %s is dismissed: %w", id, err)
	}
	marked, err := j.Ledger.MarkReplayed(ctx, id, j.Now(), by, "")
	if err != nil || !marked {
		return false, err
	}
	line.Phase = ledger.PhaseOutcome
	if err := j.Ledger.Record(ctx, line); err != nil {
		return true, fmt.Errorf("note that %s is dismissed: %w", id, err)
	}
	return true, nil
}
