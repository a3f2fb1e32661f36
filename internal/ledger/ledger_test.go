package ledger_test

import (
	"testing"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/storage"
	"github.com/samkeeper/samkeeper/localworld/azurite"
	"github.com/samkeeper/samkeeper/sim/simtest"
)

// account opens an emulated storage account of the test's own.
func account(t *testing.T) *storage.Clients {
	t.Helper()
	return opened(t, azurite.ForTest(t).ConnectionString())
}

// opened makes everything the ledger needs in an account.
func opened(t *testing.T, connection string) *storage.Clients {
	t.Helper()
	clients, err := storage.New(storage.Config{ConnectionString: connection})
	if err != nil {
		t.Fatal(err)
	}
	if err := clients.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	return clients
}

func TestLedger(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, onTables)
}

// TestLedgerOnTheSimulator: the simulated tables keep the same promises.
func TestLedgerOnTheSimulator(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, func(t *testing.T) ledgertest.Store {
		t.Helper()
		return ledger.New(opened(t, simtest.Storage(t).ConnectionString()).Table, nil)
	})
}

// onTables is a ledger over empty tables.
func onTables(t *testing.T) ledgertest.Store {
	t.Helper()
	return ledger.New(account(t).Table, nil)
}
