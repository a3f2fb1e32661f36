package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
)

// ErrAbsent means that there is no such record.
var ErrAbsent = errors.New("not in the ledger")

// ErrExists means that there is such a record already.
var ErrExists = errors.New("in the ledger already")

// ErrBusy means that many writers changed the same rows for so long that this
// one gave up. Nothing of the call was applied, or a part that the next call completes.
var ErrBusy = errors.New("the ledger's rows kept changing")

// Tables finds the client of a table by name; the Table method of the storage
// clients is one.
type Tables func(name string) *aztables.Client

// Names of the ledger's tables.
const (
	TableConnections   = "Connections"
	TableCustomers     = "Customers"
	TableRuns          = "Runs"
	TableOutcomes      = "Outcomes"
	TableFindings      = "Findings"
	TableAudit         = "Audit"
	TableConsentStates = "ConsentStates"
)

// maxAttempts bounds how often a change is decided anew because somebody else
// was faster. Each refusal means that another writer got on.
const maxAttempts = 30

// Ledger is the record of what happened. It is safe for concurrent use, by
// many processes at once.
type Ledger struct {
	now           func() time.Time
	connections   rows.Table
	customers     rows.Table
	runs          rows.Table
	outcomes      rows.Table
	findings      rows.Table
	audit         rows.Table
	consentStates rows.Table
	shown         recall
	sets          findingSets
}

// New is a ledger over the table service. The tables must exist. now stamps
// records that come without a time; nil means time.Now.
func New(tables Tables, now func() time.Time) *Ledger {
	return Over(func(name string) rows.Table { return rows.Azure(tables(name)) }, now)
}

// Over is a ledger over any tables; package ledgertest gives it tables in
// memory.
func Over(tables func(name string) rows.Table, now func() time.Time) *Ledger {
	if now == nil {
		now = time.Now
	}
	return &Ledger{
		now:           now,
		connections:   tables(TableConnections),
		customers:     tables(TableCustomers),
		runs:          tables(TableRuns),
		outcomes:      tables(TableOutcomes),
		findings:      tables(TableFindings),
		audit:         tables(TableAudit),
		consentStates: tables(TableConsentStates),
	}
}

// put writes v over whatever the row held.
func put(ctx context.Context, t rows.Table, k rows.Key, v any) error {
	r, err := rows.Encode(k, v)
	if err != nil {
		return err
	}
	return t.Upsert(ctx, r)
}

// get reads one record, or ErrAbsent; with it comes the row's ETag.
func get[T any](ctx context.Context, t rows.Table, k rows.Key) (T, string, error) {
	var v T
	r, err := t.Get(ctx, k)
	if errors.Is(err, rows.ErrNotFound) {
		return v, "", fmt.Errorf("%s|%s: %w", k.Partition, k.Row, ErrAbsent)
	}
	if err != nil {
		return v, "", err
	}
	return v, r.ETag, r.Decode(&v)
}

// records yields the records a query finds.
func records[T any](ctx context.Context, t rows.Table, q rows.Query) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for r, err := range t.Query(ctx, q) {
			var v T
			if err == nil {
				err = r.Decode(&v)
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// collect gathers a sequence up to its first error.
func collect[T any](seq iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for v, err := range seq {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// utc is the form in which times are kept: UTC, no monotonic clock reading.
func utc(t time.Time) time.Time { return t.UTC().Round(0) }
