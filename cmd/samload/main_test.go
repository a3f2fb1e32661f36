package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"

	"github.com/samkeeper/samkeeper/localworld/load"
	"github.com/samkeeper/samkeeper/sim/storage"
)

// TestOpenRun wants a message on the queue for every customer.
func TestOpenRun(t *testing.T) {
	t.Parallel()
	account, err := storage.Start(t.Context(), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(account.Stop)
	queue, err := azqueue.NewQueueClientFromConnectionString(account.ConnectionString(), "customer-jobs", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := queue.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	took, err := openRun(t.Context(), account.ConnectionString(), 70)
	if err != nil || took <= 0 {
		t.Fatal(took, err)
	}
	response, err := queue.GetProperties(t.Context(), nil)
	if err != nil || *response.ApproximateMessagesCount != 70 {
		t.Errorf("%v messages, error %v", response.ApproximateMessagesCount, err)
	}
}

// TestContest lets both sides put a few messages; how fast is no test's matter.
func TestContest(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	report, err := load.Run(t.Context(), load.Options{Enqueues: 50, Ours: openRun, Progress: &said})
	if err != nil {
		t.Fatal(err)
	}
	if c := report.Enqueues; c.Messages != 50 || len(c.Ratios) == 0 || c.PlainS <= 0 || c.OursS <= 0 {
		t.Errorf("%+v", c)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		f        flags
		want     []load.Plan
		enqueues int
		refused  string
	}{
		"nothing":        {flags{storage: "sim", output: "table", enqueues: -1}, some, someEnqueues, ""},
		"in full":        {flags{storage: "sim", output: "json", enqueues: -1, full: true}, full, fullEnqueues, ""},
		"one size":       {flags{storage: "azurite", output: "table", customers: 300, instances: 2}, []load.Plan{some[0], {Customers: 300, Instances: 2}}, 0, ""},
		"a storage":      {flags{storage: "disk", output: "table"}, nil, 0, "sim or azurite"},
		"an output":      {flags{storage: "sim", output: "xml"}, nil, 0, "table or json"},
		"half a setting": {flags{storage: "sim", output: "table", settings: []string{"A"}}, nil, 0, "NAME=value"},
	} {
		var opts load.Options
		err := row.f.apply(&opts)
		switch {
		case row.refused != "":
			if err == nil || !strings.Contains(err.Error(), row.refused) {
				t.Errorf("%s: error %v", name, err)
			}
		case err != nil || !slices.Equal(opts.Plans, row.want) || opts.Enqueues != row.enqueues || opts.Emulator != (row.f.storage == "azurite"):
			t.Errorf("%s: %+v, error %v", name, opts, err)
		}
	}
}
