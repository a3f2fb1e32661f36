package main

import (
	"context"
	"flag"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/storage"
	"github.com/samkeeper/samkeeper/localworld/azurite"
)

var update = flag.Bool("update", false, "write what the scripts in testdata/storage print")

// The accounts, customers and runs of the scripts.
const (
	keeper  = sam.ConnectionID("11111111-1111-4111-8111-111111111111.33333333-3333-4333-8333-333333333333")
	standby = sam.ConnectionID("11111111-1111-4111-8111-111111111111.44444444-4444-4444-8444-444444444444")
	closed  = "20261120T080500Z-1a2b"
	current = "20261121T080500Z-3c4d"
)

func customer(n int) sam.CustomerID {
	return sam.CustomerID(fmt.Sprintf("c0000000-0000-4000-8000-%012d", n))
}

// TestStorageScripts runs the sessions in testdata/storage, each on a storage
// account of its own with the same record. "giveup N" adds N more given-up jobs.
func TestStorageScripts(t *testing.T) {
	t.Parallel()
	azurite.ForTest(t) // skips where there is none, before any script starts
	testscript.Run(t, testscript.Params{
		Dir: "testdata/storage", UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			account := azurite.ForTest(env.T().(testing.TB)).ConnectionString()
			env.Setenv("AzureWebJobsStorage", account)
			opened, err := storage.ParseConnectionString(account)
			if err != nil {
				return err
			}
			env.Setenv("KEY", regexp.QuoteMeta(opened.Key.Reveal()))
			env.Setenv("REFUSED", strings.ReplaceAll(account, opened.Key.Reveal(), "Zm9vYmFy"))
			book, err := open(t.Context(), account)
			if err == nil {
				env.Values["book"] = book
				err = record(t.Context(), book)
			}
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"giveup": func(ts *testscript.TestScript, _ bool, args []string) {
				n, err := strconv.Atoi(args[0])
				ts.Check(err)
				for i := range n {
					ts.Check(giveUp(t.Context(), ts.Value("book").(*ledger.Ledger), closed, customer(i%2), "alerts", time.Minute*time.Duration(i+1)))
				}
			},
		},
	})
}

func open(ctx context.Context, account string) (*ledger.Ledger, error) {
	clients, err := storage.New(storage.Config{ConnectionString: account})
	if err != nil {
		return nil, err
	}
	return ledger.New(clients.Table, nil), clients.Ensure(ctx)
}

// record is a day at a partner: a run that closed with a failed job, and one
// that is still open with another.
func record(ctx context.Context, book *ledger.Ledger) error {
	far, day := time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 20, 8, 5, 0, 0, time.UTC)
	steps := []func() error{
		func() error {
			return book.PutConnection(ctx, ledger.Connection{ID: keeper, Kind: sam.PartnerConnection, UPN: "sam.keeper@partner.example", Primary: true, Expires: far})
		},
		func() error {
			return book.PutConnection(ctx, ledger.Connection{ID: standby, Kind: sam.PartnerConnection, UPN: "standby@partner.example", Expires: far})
		},
		func() error {
			return book.PutCustomers(ctx, []sam.Customer{
				{ID: customer(0), Name: "Greenfield", Connection: keeper, SeenAt: day},
				{ID: customer(1), Name: "Tamarack", Connection: keeper, SeenAt: day, Access: sam.NoGDAP, AccessDetail: "Send a request."},
				{ID: customer(2), Name: "Crane", Connection: keeper, SeenAt: day},
			})
		},
		func() error {
			return book.AddRun(ctx, ledger.Run{
				ID: closed, Kind: ledger.KindSweep, State: ledger.RunClosed, Tasks: []string{"alerts"}, Opened: day, Closed: day.Add(time.Hour), Deadline: day.Add(4 * time.Hour),
				Customers: 2, Expected: 2, Sums: ledger.Sums{Failed: 2, FailedBy: map[sam.Class]int{sam.ClassConfiguration: 2}},
			})
		},
		func() error {
			return book.AddRun(ctx, ledger.Run{
				ID: current, Kind: ledger.KindSweep, State: ledger.RunOpen, Tasks: []string{"health"}, Opened: day.AddDate(0, 0, 1), EnqueuedAt: day.AddDate(0, 0, 1), Deadline: far,
				Customers: 2, Expected: 2, Sums: ledger.Sums{Done: 1, Pending: 1},
			})
		},
		func() error { return giveUp(ctx, book, closed, customer(0), "alerts", 0) },
		func() error { return giveUp(ctx, book, closed, customer(1), "alerts", 0) },
		func() error { return giveUp(ctx, book, current, customer(2), "health", 0) },
		func() error {
			return book.PutOutcome(ctx, ledger.Outcome{Run: current, Customer: customer(0), Task: "health", State: sam.Done, Try: 1, UpdatedAt: day})
		},
		func() error {
			body := []byte("\x1b[2Jgrant eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl")
			_, err := book.PutPoisoned(ctx, ledger.Poisoned{
				At: day.AddDate(0, 0, 1), Foreign: true, Class: sam.ClassConfiguration, Code: jobs.CodeForeign, Plain: "Something that is no job message lay in the queue.",
				Fix: "Find out who writes to the queue.", Body: jobs.Excerpt(body),
			}, body)
			return err
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// giveUp records a job as RecordPoisonedJob does, at a fixed time.
func giveUp(ctx context.Context, book *ledger.Ledger, run string, c sam.CustomerID, task string, later time.Duration) error {
	opened, err := time.Parse("20060102T150405Z", run[:16])
	if err != nil {
		return err
	}
	why := ledger.Outcome{
		Run: run, Customer: c, Task: task, State: sam.Failed, Class: sam.ClassConfiguration, Code: "AuthorizationFailure", Try: 1, UpdatedAt: opened,
		Plain: "The storage account refuses the app.", Fix: "Allow the app's network.", RequestID: "req-7",
	}
	if err := book.PutOutcome(ctx, why); err != nil {
		return err
	}
	m := jobs.Message{Run: run, Customer: c, Connection: keeper, Tasks: []string{task}, Try: 1 + int(later/time.Minute)}
	body, err := m.Encode()
	if err != nil {
		return err
	}
	_, err = book.PutPoisoned(ctx, ledger.Poisoned{
		At: opened.Add(10*time.Minute + later), Run: run, Customer: c, Tasks: m.Tasks, Try: m.Try, Class: why.Class, Code: why.Code,
		Plain: why.Plain, Fix: why.Fix, RequestID: why.RequestID, Body: string(body),
	}, body)
	return err
}
