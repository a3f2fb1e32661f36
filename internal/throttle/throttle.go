package throttle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// freshness is how long an instance believes what it read; it bounds how late
// it notices that another instance closed a scope.
const freshness = 3 * time.Second

// partition holds all scopes.
const partition = "throttle"

// maxAttempts bounds how often Close decides anew after a lost race.
const maxAttempts = 20

// ErrBusy means that many instances closed the same scope at once for so long
// that this one gave up. The scope is closed, if perhaps not for as long as asked.
var ErrBusy = errors.New("the scope's row kept changing")

// Gate tells until when an upstream scope is closed. It is safe for concurrent
// use, by many processes at once.
type Gate struct {
	table *aztables.Client

	mu   sync.Mutex
	seen map[string]reading
}

// reading is what was read of a scope, and when by the caller's clock.
type reading struct{ until, at time.Time }

// New keeps the scopes in the table, which must exist.
func New(table *aztables.Client) *Gate {
	return &Gate{table: table, seen: map[string]reading{}}
}

// row is a scope in the table.
type row struct {
	PartitionKey, RowKey string
	Scope                string
	Until                time.Time
}

// ClosedUntil is when the scope opens again, or the zero time when it is open
// now. What was read is believed for three seconds.
func (g *Gate) ClosedUntil(ctx context.Context, scope string, now time.Time) (time.Time, error) {
	until, ok := g.cached(scope, now)
	if !ok {
		r, _, err := g.read(ctx, scope)
		if err != nil {
			return time.Time{}, fmt.Errorf("throttle of %s: %w", scope, err)
		}
		until = g.remember(scope, r.Until, now)
	}
	if !until.After(now) {
		return time.Time{}, nil
	}
	return until, nil
}

// Close closes the scope until the given time; it never shortens.
func (g *Gate) Close(ctx context.Context, scope string, until time.Time) error {
	until = until.UTC().Round(0)
	g.prolong(scope, until)
	for range maxAttempts {
		r, etag, err := g.read(ctx, scope)
		if err == nil {
			if !r.Until.Before(until) {
				g.prolong(scope, r.Until)
				return nil
			}
			err = g.write(ctx, scope, until, etag)
		}
		if err == nil || !raced(err) {
			return wrap(err, "close throttle of "+scope)
		}
	}
	return fmt.Errorf("close throttle of %s: %w", scope, ErrBusy)
}

// read finds the scope's row; a scope never closed has the zero row and no
// ETag.
func (g *Gate) read(ctx context.Context, scope string) (row, azcore.ETag, error) {
	resp, err := g.table.GetEntity(ctx, partition, rowKey(scope), nil)
	if absent(err) {
		return row{}, "", nil
	}
	if err != nil {
		return row{}, "", err
	}
	var r row
	if err := json.Unmarshal(resp.Value, &r); err != nil {
		return row{}, "", fmt.Errorf("read row: %w", err)
	}
	return r, resp.ETag, nil
}

// write adds the row, or replaces the version that was read.
func (g *Gate) write(ctx context.Context, scope string, until time.Time, etag azcore.ETag) error {
	entity, err := json.Marshal(row{partition, rowKey(scope), scope, until})
	if err != nil {
		return err
	}
	if etag == "" {
		_, err = g.table.AddEntity(ctx, entity, nil)
		return err
	}
	_, err = g.table.UpdateEntity(ctx, entity, &aztables.UpdateEntityOptions{IfMatch: &etag, UpdateMode: aztables.UpdateModeReplace})
	return err
}

// raced: the row was added or changed since it was read.
func raced(err error) bool {
	var answer *azcore.ResponseError
	return errors.As(err, &answer) &&
		(answer.StatusCode == http.StatusConflict || answer.StatusCode == http.StatusPreconditionFailed)
}

func wrap(err error, what string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// rowKey makes any scope safe as a key.
func rowKey(scope string) string {
	sum := sha256.Sum256([]byte(scope))
	return hex.EncodeToString(sum[:])
}
