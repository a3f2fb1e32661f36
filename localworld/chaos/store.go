package chaos

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"
)

// store reads what the app leaves in the storage.
type store struct {
	tables *aztables.ServiceClient
	queues *azqueue.ServiceClient
	blobs  *azblob.Client
}

func open(connection string) (*store, error) {
	var s store
	var err error
	if s.tables, err = aztables.NewServiceClientFromConnectionString(connection, nil); err != nil {
		return nil, fmt.Errorf("opening the tables: %w", err)
	}
	if s.queues, err = azqueue.NewServiceClientFromConnectionString(connection, nil); err != nil {
		return nil, fmt.Errorf("opening the queues: %w", err)
	}
	if s.blobs, err = azblob.NewClientFromConnectionString(connection, nil); err != nil {
		return nil, fmt.Errorf("opening the blobs: %w", err)
	}
	return &s, nil
}

// rows reads a table's rows into values of a type of the caller's.
func rows[T any](ctx context.Context, s *store, table, filter string) ([]T, error) {
	options := &aztables.ListEntitiesOptions{}
	if filter != "" {
		options.Filter = &filter
	}
	var all []T
	for pager := s.tables.NewClient(table).NewListEntitiesPager(options); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading table %s: %w", table, err)
		}
		for _, raw := range page.Entities {
			var row T
			if err := json.Unmarshal(raw, &row); err != nil {
				return nil, fmt.Errorf("reading table %s: %w", table, err)
			}
			all = append(all, row)
		}
	}
	return all, nil
}

// runRow is a row of the table Runs, as far as it is used here.
type runRow struct {
	ID, State, Kind string
	Expected        int
	SumsJSON        string
	Note            string
}

// sums are a run's own.
func (r runRow) sums() (s struct{ Done, Skipped, Failed, Pending int }) {
	_ = json.Unmarshal([]byte(r.SumsJSON), &s) // no sums are sums of nothing, which do not match
	return s
}

// newestRun is the newest sweep.
func (s *store) newestRun(ctx context.Context) (runRow, bool, error) {
	all, err := rows[runRow](ctx, s, "Runs", "PartitionKey eq 'run'")
	if err != nil || len(all) == 0 {
		return runRow{}, false, err
	}
	return all[0], true, nil // their keys are in the reverse order of time
}

// outcomeRow is a row of the table Outcomes.
type outcomeRow struct{ PartitionKey, RowKey, Customer, Task, State, Reason, Class, Code, Plain string }

func (o outcomeRow) open() bool { return o.State == "expected" || o.State == "retry" }

func (s *store) outcomes(ctx context.Context, run string) ([]outcomeRow, error) {
	return rows[outcomeRow](ctx, s, "Outcomes", "PartitionKey eq '"+run+"'")
}

// counts are outcomes of a run.
type counts struct{ all, open int }

func (s *store) count(ctx context.Context, run string) (c counts, err error) {
	all, err := s.outcomes(ctx, run)
	for _, o := range all {
		c.all++
		if o.open() {
			c.open++
		}
	}
	return c, err
}

// findingRow is a row of the table Findings: a finding, an event that is not
// announced, or a mark.
type findingRow struct{ RowType, ID, Customer, Task, Key string }

func (s *store) findings(ctx context.Context) ([]findingRow, error) {
	return rows[findingRow](ctx, s, "Findings", "")
}

// poisonedRow is the record of a message that was given up.
type poisonedRow struct {
	RowKey, Customer, Code, Plain string
	Foreign                       bool
}

func (s *store) poisoned(ctx context.Context) ([]poisonedRow, error) {
	all, err := rows[poisonedRow](ctx, s, "Runs", "PartitionKey eq 'poison'")
	var records []poisonedRow
	for _, p := range all {
		if strings.HasPrefix(p.RowKey, "job|") {
			records = append(records, p)
		}
	}
	return records, err
}

// foreign is a message that is not the app's: it must end in the poison queue
// and on record, and nowhere else.
func (s *store) putForeign(ctx context.Context, n int) error {
	text := fmt.Sprintf("not a job, number %d", n)
	_, err := s.queues.NewQueueClient(queueJobs).EnqueueMessage(ctx, base64.StdEncoding.EncodeToString([]byte(text)), nil)
	if err != nil {
		return fmt.Errorf("putting a foreign message: %w", err)
	}
	return nil
}

// drain takes all visible messages from a queue.
func (s *store) drain(ctx context.Context, queue string) ([][]byte, error) {
	client := s.queues.NewQueueClient(queue)
	var bodies [][]byte
	for {
		page, err := client.DequeueMessages(ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: new(int32(32))})
		if err != nil {
			return nil, fmt.Errorf("reading queue %s: %w", queue, err)
		}
		if len(page.Messages) == 0 {
			return bodies, nil
		}
		for _, m := range page.Messages {
			body, err := base64.StdEncoding.DecodeString(*m.MessageText)
			if err != nil {
				return nil, fmt.Errorf("reading queue %s: %w", queue, err)
			}
			if _, err := client.DeleteMessage(ctx, *m.MessageID, *m.PopReceipt, nil); err != nil {
				return nil, fmt.Errorf("emptying queue %s: %w", queue, err)
			}
			bodies = append(bodies, body)
		}
	}
}

// left is how many messages a queue holds, hidden ones included.
func (s *store) left(ctx context.Context, queue string) (int, error) {
	properties, err := s.queues.NewQueueClient(queue).GetProperties(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("looking at queue %s: %w", queue, err)
	}
	return int(*properties.ApproximateMessagesCount), nil
}
