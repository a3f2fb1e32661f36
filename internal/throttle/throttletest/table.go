// Package throttletest has a table in memory for tests of whatever a governor
// stands behind: the four answers that throttle looks at (the row, absent,
// added twice, changed meanwhile) are those of the table service, and every
// operation is counted.
package throttletest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// Table implements throttle.Table. The zero value is empty and ready; it is
// safe for concurrent use.
type Table struct {
	mu    sync.Mutex
	rows  map[[2]string]row
	calls map[string]int
	last  int
	// Fail, when set before use, decides whether an operation fails.
	Fail func(op string) error
}

type row struct {
	value []byte
	etag  azcore.ETag
}

// Calls counts the operations so far: "get", "add", "update", "delete", "list".
func (t *Table) Calls() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.calls)
}

// Total is the number of all operations so far.
func (t *Table) Total() int {
	total := 0
	for _, n := range t.Calls() {
		total += n
	}
	return total
}

// begin counts an operation and takes the lock unless it fails.
func (t *Table) begin(ctx context.Context, op string) error {
	t.mu.Lock()
	if t.calls == nil {
		t.calls, t.rows = map[string]int{}, map[[2]string]row{}
	}
	t.calls[op]++
	err := ctx.Err()
	if err == nil && t.Fail != nil {
		err = t.Fail(op)
	}
	if err != nil {
		t.mu.Unlock()
	}
	return err
}

func answer(status int, code string) error {
	return &azcore.ResponseError{StatusCode: status, ErrorCode: code}
}

// GetEntity implements throttle.Table.
func (t *Table) GetEntity(ctx context.Context, partition, key string, _ *aztables.GetEntityOptions) (aztables.GetEntityResponse, error) {
	if err := t.begin(ctx, "get"); err != nil {
		return aztables.GetEntityResponse{}, err
	}
	defer t.mu.Unlock()
	r, ok := t.rows[[2]string{partition, key}]
	if !ok {
		return aztables.GetEntityResponse{}, answer(http.StatusNotFound, "ResourceNotFound")
	}
	return aztables.GetEntityResponse{ETag: r.etag, Value: slices.Clone(r.value)}, nil
}

// put stores an entity under a new ETag.
func (t *Table) put(at [2]string, entity []byte) {
	t.last++
	t.rows[at] = row{slices.Clone(entity), azcore.ETag(fmt.Sprint(t.last))}
}

func keyOf(entity []byte) ([2]string, error) {
	var k struct{ PartitionKey, RowKey string }
	err := json.Unmarshal(entity, &k)
	return [2]string{k.PartitionKey, k.RowKey}, err
}

// AddEntity implements throttle.Table.
func (t *Table) AddEntity(ctx context.Context, entity []byte, _ *aztables.AddEntityOptions) (aztables.AddEntityResponse, error) {
	at, err := keyOf(entity)
	if err == nil {
		err = t.begin(ctx, "add")
	}
	if err != nil {
		return aztables.AddEntityResponse{}, err
	}
	defer t.mu.Unlock()
	if _, ok := t.rows[at]; ok {
		return aztables.AddEntityResponse{}, answer(http.StatusConflict, string(aztables.EntityAlreadyExists))
	}
	t.put(at, entity)
	return aztables.AddEntityResponse{}, nil
}

// UpdateEntity implements throttle.Table.
func (t *Table) UpdateEntity(ctx context.Context, entity []byte, o *aztables.UpdateEntityOptions) (aztables.UpdateEntityResponse, error) {
	at, err := keyOf(entity)
	if err == nil {
		err = t.begin(ctx, "update")
	}
	if err != nil {
		return aztables.UpdateEntityResponse{}, err
	}
	defer t.mu.Unlock()
	if t.rows[at].etag != *o.IfMatch {
		return aztables.UpdateEntityResponse{}, answer(http.StatusPreconditionFailed, "UpdateConditionNotSatisfied")
	}
	t.put(at, entity)
	return aztables.UpdateEntityResponse{}, nil
}

// DeleteEntity implements throttle.Table.
func (t *Table) DeleteEntity(ctx context.Context, partition, key string, _ *aztables.DeleteEntityOptions) (aztables.DeleteEntityResponse, error) {
	if err := t.begin(ctx, "delete"); err != nil {
		return aztables.DeleteEntityResponse{}, err
	}
	defer t.mu.Unlock()
	if _, ok := t.rows[[2]string{partition, key}]; !ok {
		return aztables.DeleteEntityResponse{}, answer(http.StatusNotFound, "ResourceNotFound")
	}
	delete(t.rows, [2]string{partition, key})
	return aztables.DeleteEntityResponse{}, nil
}

// NewListEntitiesPager implements throttle.Table for filters of the form
// "PartitionKey eq 'p' and RowKey gt 'k'", or lt. All is one page.
func (t *Table) NewListEntitiesPager(o *aztables.ListEntitiesOptions) *runtime.Pager[aztables.ListEntitiesResponse] {
	return runtime.NewPager(runtime.PagingHandler[aztables.ListEntitiesResponse]{
		More: func(aztables.ListEntitiesResponse) bool { return false },
		Fetcher: func(ctx context.Context, _ *aztables.ListEntitiesResponse) (aztables.ListEntitiesResponse, error) {
			return t.list(ctx, *o.Filter)
		},
	})
}

func (t *Table) list(ctx context.Context, filter string) (aztables.ListEntitiesResponse, error) {
	words := strings.Fields(strings.ReplaceAll(filter, "'", ""))
	if len(words) != 7 || words[0] != "PartitionKey" || words[4] != "RowKey" || words[5] != "gt" && words[5] != "lt" {
		return aztables.ListEntitiesResponse{}, answer(http.StatusNotImplemented, "NotImplemented")
	}
	if err := t.begin(ctx, "list"); err != nil {
		return aztables.ListEntitiesResponse{}, err
	}
	defer t.mu.Unlock()
	var found aztables.ListEntitiesResponse
	for at, r := range t.rows {
		if at[0] == words[2] && at[1] != words[6] && (at[1] > words[6]) == (words[5] == "gt") {
			found.Entities = append(found.Entities, slices.Clone(r.value))
		}
	}
	return found, nil
}

// Rows is how many rows a partition has.
func (t *Table) Rows(partition string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for at := range t.rows {
		if at[0] == partition {
			n++
		}
	}
	return n
}
