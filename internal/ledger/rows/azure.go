package rows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// Azure is a table of the table service (or of its emulator).
func Azure(client *aztables.Client) Table { return azureTable{client} }

type azureTable struct{ client *aztables.Client }

func (t azureTable) Get(ctx context.Context, k Key) (Row, error) {
	resp, err := t.client.GetEntity(ctx, k.Partition, k.Row, nil)
	if err != nil {
		return Row{}, failed("read", k, err)
	}
	r, err := parse(resp.Value)
	if resp.ETag != "" {
		r.ETag = string(resp.ETag)
	}
	return r, err
}

func (t azureTable) Insert(ctx context.Context, r Row) error {
	_, err := t.client.AddEntity(ctx, r.entity(), nil)
	return failed("insert", r.Key, err)
}

func (t azureTable) Replace(ctx context.Context, r Row) error {
	etag := azcore.ETag(r.ETag)
	_, err := t.client.UpdateEntity(ctx, r.entity(), &aztables.UpdateEntityOptions{IfMatch: &etag, UpdateMode: aztables.UpdateModeReplace})
	if err = failed("replace", r.Key, err); errors.Is(err, ErrNotFound) {
		return fmt.Errorf("replace row %s|%s, which is gone: %w", r.Partition, r.Row, ErrChanged)
	}
	return err
}

func (t azureTable) Upsert(ctx context.Context, r Row) error {
	_, err := t.client.UpsertEntity(ctx, r.entity(), &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeReplace})
	return failed("write", r.Key, err)
}

func (t azureTable) Delete(ctx context.Context, k Key) error {
	_, err := t.client.DeleteEntity(ctx, k.Partition, k.Row, nil)
	if err = failed("delete", k, err); errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// actionTypes translates the kinds of action, in their order.
var actionTypes = [...]aztables.TransactionType{
	Insert:  aztables.TransactionTypeAdd,
	Replace: aztables.TransactionTypeUpdateReplace,
	Upsert:  aztables.TransactionTypeInsertReplace,
	Delete:  aztables.TransactionTypeDelete,
}

func (t azureTable) Apply(ctx context.Context, actions []Action) error {
	if err := checkTransaction(actions); err != nil || len(actions) == 0 {
		return err
	}
	if len(actions) == 1 {
		return t.applyOne(ctx, actions[0])
	}
	batch := make([]aztables.TransactionAction, len(actions))
	for i, a := range actions {
		batch[i] = aztables.TransactionAction{ActionType: actionTypes[a.Kind], Entity: a.Row.entity()}
		if a.Kind == Replace {
			etag := azcore.ETag(a.Row.ETag)
			batch[i].IfMatch = &etag
		}
	}
	_, err := t.client.SubmitTransaction(ctx, batch, nil)
	return transactionFailed(actions[0].Row.Key, len(actions), err)
}

// applyOne spares a lone action the envelope of a transaction, which costs more
// than the action. It goes through as a whole or not at all as it is.
func (t azureTable) applyOne(ctx context.Context, a Action) error {
	var err error
	switch a.Kind {
	case Insert:
		err = t.Insert(ctx, a.Row)
	case Replace:
		err = t.Replace(ctx, a.Row)
	case Upsert:
		err = t.Upsert(ctx, a.Row)
	case Delete:
		_, err = t.client.DeleteEntity(ctx, a.Row.Partition, a.Row.Row, nil)
		err = failed("delete", a.Row.Key, err)
	}
	for _, refusal := range []error{ErrNotFound, ErrExists, ErrChanged} {
		if errors.Is(err, refusal) {
			return fmt.Errorf("transaction of 1 row: %w: %w", ErrConflict, err)
		}
	}
	return err
}

// transactionFailed explains a refused transaction. The service answers 202
// and names the culprit only in the inner parts, which the SDK does not pass
// on: any answer of that kind means that nothing was applied.
func transactionFailed(first Key, n int, err error) error {
	if err == nil {
		return nil
	}
	var resp *azcore.ResponseError
	if errors.As(err, &resp) {
		switch resp.StatusCode {
		case http.StatusAccepted, http.StatusConflict, http.StatusPreconditionFailed:
			return fmt.Errorf("transaction of %d rows at %s|%s: %w", n, first.Partition, first.Row, ErrConflict)
		}
	}
	return fmt.Errorf("transaction of %d rows at %s|%s: %w", n, first.Partition, first.Row, err)
}

func (t azureTable) Query(ctx context.Context, q Query) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		filter := q.filter()
		options := aztables.ListEntitiesOptions{Filter: &filter}
		if q.Limit > 0 && q.Limit < 1000 {
			top := int32(q.Limit)
			options.Top = &top
		}
		left := q.Limit
		for pager := t.client.NewListEntitiesPager(&options); pager.More(); {
			page, err := pager.NextPage(ctx)
			if err != nil {
				yield(Row{}, failed("list", Key{q.Partition, q.From}, err))
				return
			}
			for _, entity := range page.Entities {
				r, err := parse(entity)
				if !yield(r, err) || err != nil {
					return
				}
				if left--; left == 0 {
					return
				}
			}
		}
	}
}

// filter writes the query in OData; quotes are doubled.
func (q Query) filter() string {
	var terms []string
	add := func(column, op, value string) {
		if value != "" {
			terms = append(terms, column+" "+op+" '"+strings.ReplaceAll(value, "'", "''")+"'")
		}
	}
	add("PartitionKey", "eq", q.Partition)
	add("RowKey", "ge", q.From)
	add("RowKey", "lt", q.To)
	add(q.Column, "eq", q.Value)
	return strings.Join(terms, " and ")
}

// entity is the row as the service wants it.
func (r Row) entity() []byte {
	entity := make([]byte, 0, r.size())
	entity = append(entity, `{"PartitionKey":`...)
	entity = append(entity, quote(r.Partition)...)
	entity = append(entity, `,"RowKey":`...)
	entity = append(entity, quote(r.Row)...)
	return r.Columns.appendFields(entity)
}

// parse reads a row back, leaving out what the service adds.
func parse(entity []byte) (Row, error) {
	var cols Columns
	if err := json.Unmarshal(entity, &cols); err != nil {
		return Row{}, fmt.Errorf("read a row: %w", err)
	}
	var r Row
	for name, raw := range cols {
		var field *string
		switch {
		case name == "PartitionKey":
			field = &r.Partition
		case name == "RowKey":
			field = &r.Row
		case name == "odata.etag":
			field = &r.ETag
		case name != "Timestamp" && !strings.Contains(name, "odata."):
			continue
		}
		if field != nil {
			if err := json.Unmarshal(raw, field); err != nil {
				return Row{}, fmt.Errorf("read %s of a row: %w", name, err)
			}
		}
		delete(cols, name)
	}
	r.Columns = cols
	return r, nil
}

// failed explains a failure of a call for one row.
func failed(what string, k Key, err error) error {
	if err == nil {
		return nil
	}
	var resp *azcore.ResponseError
	if errors.As(err, &resp) {
		switch {
		case resp.StatusCode == http.StatusNotFound && resp.ErrorCode != string(aztables.TableNotFound):
			err = ErrNotFound
		case resp.StatusCode == http.StatusConflict:
			err = ErrExists
		case resp.StatusCode == http.StatusPreconditionFailed:
			err = ErrChanged
		}
	}
	return fmt.Errorf("%s row %s|%s: %w", what, k.Partition, k.Row, err)
}
