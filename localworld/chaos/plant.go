package chaos

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
)

// The breaches that can be planted after the last sweep, to see them caught.
const (
	plantRow    = "row"    // an outcome ends otherwise
	plantGone   = "gone"   // an outcome is gone
	plantEvent  = "event"  // a finding is opened once more
	plantResult = "result" // an old result over a new one
	plantPoison = "poison" // a job was given up
)

// Plants lists the breaches that can be planted.
func Plants() []string { return []string{plantRow, plantGone, plantEvent, plantResult, plantPoison} }

// plant breaks a promise on purpose.
func (s *session) plant(ctx context.Context, what string) error {
	switch what {
	case plantRow, plantGone:
		return s.plantOutcome(ctx, what == plantGone)
	case plantEvent:
		return s.plantEvent(ctx)
	case plantResult:
		return s.plantResult(ctx)
	case plantPoison:
		_, err := s.store.tables.NewClient("Runs").AddEntity(ctx, []byte(`{"PartitionKey":"poison","RowKey":"job|planted","Customer":"planted","Code":"Planted"}`), nil)
		return err
	}
	return nil
}

// last is the last sweep's outcome of a task that was done.
func (s *session) last(task string) (customer string, err error) {
	want := s.sweeps[len(s.sweeps)-1].want.Outcomes
	for _, o := range want {
		if o.Task == task && o.State == "done" {
			return o.Customer, nil
		}
	}
	return "", errors.New("no customer has done task " + task)
}

func (s *session) plantOutcome(ctx context.Context, gone bool) error {
	customer, err := s.last("subscriptions")
	if err != nil {
		return err
	}
	run, table := s.sweeps[len(s.sweeps)-1].run, s.store.tables.NewClient("Outcomes")
	if gone {
		_, err = table.DeleteEntity(ctx, run, customer+"|subscriptions", nil)
		return err
	}
	row, err := json.Marshal(map[string]string{"PartitionKey": run, "RowKey": customer + "|subscriptions", "State": "failed"})
	if err != nil {
		return err
	}
	_, err = table.UpsertEntity(ctx, row, &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeMerge})
	return err
}

func (s *session) plantEvent(ctx context.Context) error {
	findings := s.sweeps[len(s.sweeps)-1].want.Findings
	if len(findings) == 0 {
		return errors.New("the world has no finding")
	}
	f := findings[0]
	body, err := json.Marshal(event{
		Key: "planted:opened:1", Type: "opened", At: time.Now().UTC().Format(time.RFC3339Nano),
		Customer: f.Customer, Task: f.Task, Subject: f.Key,
	})
	if err != nil {
		return err
	}
	_, err = s.store.queues.NewQueueClient(queueFindings).EnqueueMessage(ctx, base64.StdEncoding.EncodeToString(body), nil)
	return err
}

func (s *session) plantResult(ctx context.Context) error {
	customer, err := s.last("subscriptions")
	if err != nil {
		return err
	}
	old := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339Nano)
	_, err = s.store.blobs.UploadBuffer(ctx, containerResults, customer+"/health.json.gz", []byte("old"), &azblob.UploadBufferOptions{
		Metadata: map[string]*string{"observed": &old},
	})
	if err != nil {
		return fmt.Errorf("an old result: %w", err)
	}
	return nil
}
